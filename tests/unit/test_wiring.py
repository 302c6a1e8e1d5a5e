"""The composition root: the environment of a Lambda becomes Hallpass, once, and calls nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from chalicelib import wiring
from chalicelib.aws.clients import Clients
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.metrics import emit_limit_metric
from chalicelib.wordpress.client import RestWordPress
from tests.unit.test_settings import ENVIRON


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {**ENVIRON, "AWS_DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(name, value)
    wiring.hallpass.cache_clear()
    yield
    wiring.hallpass.cache_clear()


def test_a_lambda_is_wired_once_over_the_adapters_of_aws_and_wordpress() -> None:
    built = wiring.hallpass()

    assert isinstance(built.ports.grants, GrantTable)
    assert isinstance(built.ports.wordpress, RestWordPress)
    assert built.ports.connections is not None
    assert wiring.hallpass() is built
    assert built.limits.emit_metric is emit_limit_metric


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The services of which a client was made."""
    services: list[str] = []
    create = botocore.session.Session.create_client

    def noted(self: botocore.session.Session, service: str, **more: Any) -> Any:  # noqa: ANN401
        services.append(service)
        time.sleep(0.01)  # Long enough for the other threads to come along.
        return create(self, service, **more)

    monkeypatch.setattr(botocore.session.Session, "create_client", noted)
    return services


def test_only_the_client_that_every_request_needs_is_made_at_once(made: list[str]) -> None:
    wiring.hallpass()

    assert made == ["dynamodb"]


def test_a_late_client_is_made_once_whoever_uses_it_first(made: list[str]) -> None:
    late = Clients().late("kms")
    assert made == []
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(late.meta)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made == ["kms"]
    assert len(seen) == len(threads)
    assert all(meta is seen[0] for meta in seen)
