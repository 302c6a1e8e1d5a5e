"""One Time Secret's API over the routes, with fakes: the cases, and what no case says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from tests.fakes.world import NOW, PUBLIC_URL, World
from tests.onetimesecret.cases import CASES, Answer, Sent, Transport, play

USER = "kit@example.com"
# Nothing but the deployed stack answers these: a page, and what the gateway says of its own accord.
OF_THE_STACK = {"L01", "L03", "E02"}


class Clock:
    """Stands still until a case waits."""

    def __init__(self) -> None:
        self.now = NOW

    def wait(self, seconds: float) -> None:
        self.now += int(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def send(world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    monkeypatch.setattr(app_module, "now", lambda: clock.now)
    with Client(app_module.app) as client:

        def over_routes(sent: Sent) -> Answer:
            answer = client.http.request(
                sent.method,
                sent.path.removeprefix("/api"),
                headers=dict(sent.headers),
                body=sent.body,
            )
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status_code, lower, answer.body.decode())

        yield over_routes


@pytest.fixture
def account(world: World) -> tuple[str, str]:
    token = world.parts.one_time_secret_api.accounts.add(USER, notify=False, now=NOW)
    assert token is not None
    return USER, token


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_case(
    case: dict[str, Any], send: Transport, account: tuple[str, str], clock: Clock
) -> None:
    if case["id"] not in OF_THE_STACK:
        play(
            case,
            send,
            base=PUBLIC_URL,
            account=account,
            wait=clock.wait,
            clock=lambda: clock.now,
        )
