"""The real pages in Chromium, on the real stack, with a real WordPress beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.fake_api import FakeApi
from tests.browser.people import Agent, Owner
from tests.browser.recorder import Recorder
from tests.page import basic

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SLOW = 45_000  # Milliseconds; the emulated Lambda starts cold on two cores.
expect.set_options(timeout=SLOW)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    with WordPress("7.1", title="Bella's Bakery") as wordpress:
        yield wordpress


@pytest.fixture(scope="session")
def stack(wordpress: WordPress) -> Iterator[Stack]:
    with Stack(allowed_sites=(wordpress.url,)) as stack:
        yield stack


@pytest.fixture(scope="session")
def base_url(stack: Stack) -> str:
    return stack.app_url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], stack: Stack) -> dict[str, Any]:
    return {
        **browser_context_args,
        "base_url": stack.app_url,
        "permissions": ["clipboard-read", "clipboard-write"],
        "locale": "en-GB",
    }


@pytest.fixture(autouse=True)
def recorder(context: BrowserContext, stack: Stack) -> Iterator[Recorder]:
    """Record all traffic; a console error or a violation of the policy fails the test."""
    context.set_default_timeout(SLOW)
    recorder = Recorder(context, stack.app_url, stack.directory / "front-door.log")
    yield recorder
    recorder.stop()
    assert recorder.complaints == []


@pytest.fixture
def api(page: Page) -> FakeApi:
    """Answers in the server's place on *page*."""
    return FakeApi(page)


@pytest.fixture
def owner(page: Page, wordpress: WordPress) -> Owner:
    """The site's owner, who has not been to the form yet."""
    return Owner(page, wordpress)


@pytest.fixture
def agent(context: BrowserContext) -> Agent:
    """A support agent, in a tab of their own."""
    return Agent(context.new_page())


@pytest.fixture
def mails(stack: Stack) -> Callable[[str], list[dict[str, str]]]:
    """List the mails whose subject has a reference, oldest first."""

    def sent(reference: str) -> list[dict[str, str]]:
        answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
        listed: list[dict[str, str]] = answer.json()
        return [mail for mail in listed if reference in mail["subject"]]

    return sent


@pytest.fixture
def link_in(mails: Callable[[str], list[dict[str, str]]]) -> Callable[[str], str]:
    """Return the one-time link in the ticket with a reference."""

    def link(reference: str) -> str:
        found = re.search(r"http\S+/open#[\w-]{43}", mails(reference)[0]["text"])
        assert found is not None
        return found[0]

    return link


@pytest.fixture
def users(wordpress: WordPress) -> Callable[[], set[str]]:
    """List the login names on the site."""

    def names() -> set[str]:
        return {str(user["username"]) for user in _ask(wordpress, "/wp/v2/users")}

    return names


@pytest.fixture
def keys(wordpress: WordPress) -> Callable[[], set[str]]:
    """List the application passwords on the owner's account."""

    def names() -> set[str]:
        listed = _ask(wordpress, "/wp/v2/users/me/application-passwords")
        return {str(key["name"]) for key in listed}

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


def _ask(wordpress: WordPress, route: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{wordpress.url}/?rest_route={route}&context=edit&per_page=100",
        headers=basic(*wordpress.auth),
        timeout=30,
    )
    listed: list[dict[str, Any]] = answer.json()
    return listed
