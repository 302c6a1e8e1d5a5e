"""The real zip on the emulated AWS, with a real WordPress beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from chalicelib.wiring import Hallpass
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic, token
from tests.stack.crash import parts_of
from tests.stack.outside import Outside


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    with WordPress("7.1") as wordpress:
        yield wordpress


@pytest.fixture(scope="session")
def stack(wordpress: WordPress) -> Iterator[Stack]:
    with Stack(allowed_sites=(wordpress.url,)) as stack:
        yield stack


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


@pytest.fixture
def users(wordpress: WordPress) -> Callable[[], list[str]]:
    """List the login names on the site."""

    def names() -> list[str]:
        return [str(user["username"]) for user in _ask(wordpress, "/wp/v2/users")]

    return names


@pytest.fixture
def owner_keys(wordpress: WordPress) -> Callable[[], list[str]]:
    """List the application passwords on the owner's account."""

    def names() -> list[str]:
        keys = _ask(wordpress, "/wp/v2/users/me/application-passwords")
        return [str(key["name"]) for key in keys]

    return names


@pytest.fixture
def turn_clock(stack: Stack) -> Callable[[str, int], None]:
    """Let a grant's deadline be over: move it into the past where it is stored."""

    def turn(grant_id: str, moment: int) -> None:
        stack.client("dynamodb").update_item(
            TableName=stack.outputs["GrantsTableName"],
            Key={"id": {"S": grant_id}},
            UpdateExpression="SET expires_at = :then, due_at = :then",
            ExpressionAttributeValues={":then": {"N": str(moment)}},
        )

    return turn


@pytest.fixture
def mails(stack: Stack) -> Callable[[], list[dict[str, str]]]:
    """List the mails that were sent."""

    def sent() -> list[dict[str, str]]:
        answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
        listed: list[dict[str, str]] = answer.json()
        return listed

    return sent


@pytest.fixture(scope="module")
def parts(stack: Stack) -> Iterator[Hallpass]:
    """Wire it, with the rule switched off: no other sweep may finish what a test is about."""
    events = stack.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    for rule in rules:
        events.disable_rule(Name=rule)
    yield parts_of(stack)
    for rule in rules:
        events.enable_rule(Name=rule)


@pytest.fixture
def outside(stack: Stack, wordpress: WordPress, parts: Hallpass) -> Callable[[], Outside]:
    def new() -> Outside:
        return Outside(stack, wordpress, parts, token(16), token(), token(), int(time.time()))

    return new


def _ask(wordpress: WordPress, route: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{wordpress.url}/?rest_route={route}&context=edit&per_page=100",
        headers=basic(*wordpress.auth),
        timeout=30,
    )
    listed: list[dict[str, Any]] = answer.json()
    return listed
