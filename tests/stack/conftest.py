"""The real zip on the emulated AWS, with a real WordPress beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import requests

from chalicelib.wiring import Hallpass
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic, token
from tests.real_stack import events, mails, owner_keys, stack, turn_clock, users, wordpress
from tests.stack.crash import parts_of
from tests.stack.real_world import RealWorld

__all__ = [
    "events",
    "mails",
    "owner_keys",
    "stack",
    "turn_clock",
    "users",
    "wordpress",
]  # Fixtures.


@pytest.fixture
def consent(wordpress: WordPress) -> Callable[[], str]:
    """Make an application password of the owner, as approving does."""

    def approve() -> str:
        answer = requests.post(
            f"{wordpress.url}/?rest_route=/wp/v2/users/me/application-passwords",
            headers=basic(*wordpress.auth),
            json={"name": f"Hallpass {id(object())}"},
            timeout=30,
        )
        password: str = answer.json()["password"]
        return password

    return approve


@pytest.fixture
def owner(stack: Stack, wordpress: WordPress, consent: Callable[[], str]) -> Page:
    return Page(stack.app_url, wordpress.url, wordpress.user, consent())


@pytest.fixture(scope="module")
def parts(stack: Stack) -> Iterator[Hallpass]:
    """Wire it, with rule and workers switched off: no other may finish what a test is about."""
    events, functions = stack.client("events"), stack.client("lambda")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    sources = [s["UUID"] for s in functions.list_event_source_mappings()["EventSourceMappings"]]
    for rule in rules:
        events.disable_rule(Name=rule)
    for source in sources:
        functions.update_event_source_mapping(UUID=source, Enabled=False)
    yield parts_of(stack)
    for rule in rules:
        events.enable_rule(Name=rule)
    for source in sources:
        functions.update_event_source_mapping(UUID=source, Enabled=True)


@pytest.fixture
def new_world(stack: Stack, wordpress: WordPress, parts: Hallpass) -> Callable[[], RealWorld]:
    def new() -> RealWorld:
        return RealWorld(stack, wordpress, parts, token(16), token(), token(), int(time.time()))

    return new
