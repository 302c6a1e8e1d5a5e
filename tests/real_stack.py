"""
Fixtures of the real stack: a WordPress, the zip and template on the emulated AWS, what is on them.

`stack/conftest.py` and `browser/conftest.py` import them, so that each kind of test has a stack and
a site of its own, and none finds what another kind has left there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from infra.local.ports import wait_until
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import basic


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    """The owner's site."""
    with WordPress("7.1", title="Bella's Bakery") as wordpress:
        yield wordpress


@pytest.fixture(scope="session")
def stack(wordpress: WordPress) -> Iterator[Stack]:
    """The real zip and template on the emulated AWS; it may call the owner's site."""
    with Stack(allowed_sites=(wordpress.url,)) as stack:
        yield stack


@pytest.fixture
def users(wordpress: WordPress) -> Callable[[], set[str]]:
    """Return the login names on the site."""

    def names() -> set[str]:
        return {str(user["username"]) for user in _list(wordpress, "/wp/v2/users")}

    return names


@pytest.fixture
def owner_keys(wordpress: WordPress) -> Callable[[], set[str]]:
    """Return the UUIDs of the application passwords on the owner's account."""

    def uuids() -> set[str]:
        listed = _list(wordpress, "/wp/v2/users/me/application-passwords")
        return {str(key["uuid"]) for key in listed}

    return uuids


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
def mails(stack: Stack) -> Callable[..., list[dict[str, str]]]:
    """Return the mails that were sent, oldest first: all, or those with a text in their subject."""

    def sent(subject: str = "") -> list[dict[str, str]]:
        answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
        listed: list[dict[str, str]] = answer.json()
        return [mail for mail in listed if subject in mail["subject"]]

    return sent


@pytest.fixture
def events(stack: Stack) -> Callable[[str, int], list[dict[str, Any]]]:
    """Return the events of a grant, each once, in the order of time, when so many have come."""

    def of(grant_id: str, count: int) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}

        def has_come() -> bool:
            for event in requests.get(stack.events_url, timeout=30).json():
                if event["grant_id"] == grant_id:
                    found[event["id"]] = event
            return len(found) >= count

        assert wait_until(has_come, seconds=30), found
        return sorted(found.values(), key=lambda event: int(event["at"]))

    return of


def _list(wordpress: WordPress, route: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{wordpress.url}/?rest_route={route}&context=edit&per_page=100",
        headers=basic(*wordpress.auth),
        timeout=30,
    )
    listed: list[dict[str, Any]] = answer.json()
    return listed
