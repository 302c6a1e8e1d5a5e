"""
What several kinds of tests share: a real stack with a real WordPress, and how Hypothesis searches.

The unit tests use nothing of the stack, so what it needs is imported by the fixtures that start it.

Hypothesis draws the same examples every time, unless somebody wants to explore::

    pytest tests/unit/test_random_histories.py --hypothesis-profile explore --hypothesis-seed 42

searches ten times as long, and elsewhere with each seed; without a seed it draws one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from infra.local.stack import Stack
    from infra.local.wordpress import WordPress

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    """The owner's site."""
    from infra.local.wordpress import WordPress

    with WordPress("7.1", title="Bella's Bakery") as wordpress:
        yield wordpress


@pytest.fixture(scope="session")
def stack(wordpress: WordPress) -> Iterator[Stack]:
    """The real zip and template on the emulated AWS; it may call the owner's site."""
    from infra.local.stack import Stack

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
    import requests

    def sent(subject: str = "") -> list[dict[str, str]]:
        answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
        listed: list[dict[str, str]] = answer.json()
        return [mail for mail in listed if subject in mail["subject"]]

    return sent


def _list(wordpress: WordPress, route: str) -> list[dict[str, Any]]:
    import requests

    from tests.page import basic

    answer = requests.get(
        f"{wordpress.url}/?rest_route={route}&context=edit&per_page=100",
        headers=basic(*wordpress.auth),
        timeout=30,
    )
    listed: list[dict[str, Any]] = answer.json()
    return listed
