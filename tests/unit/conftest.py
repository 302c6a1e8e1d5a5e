"""The whole of Hallpass over fakes, and a client that drives the real routes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.grants.request import ProvisionRequest
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import NOW, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def site(world: World) -> FakeSite:
    """The owner's site."""
    return world.site


@pytest.fixture
def provision_request(world: World) -> ProvisionRequest:
    """What the owner's page asks for after an approval."""
    return world.request()


class Api:
    """Calls the routes as API Gateway does."""

    def __init__(self, client: Client) -> None:
        self._http = client.http

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = json.dumps(body).encode() if raw is None else raw
        answer = self._http.request(method, path, headers=sent, body=content)
        return answer.status_code, json.loads(answer.body) if answer.body else {}


@pytest.fixture
def api(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    monkeypatch.setattr(app_module, "now", lambda: NOW)
    with Client(app_module.app) as client:
        yield Api(client)
