"""The composition root: the environment of a Lambda becomes Hallpass, once, and calls nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib import wiring
from chalicelib.aws.grant_table import GrantTable
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
