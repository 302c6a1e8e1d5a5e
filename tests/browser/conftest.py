"""The real pages in Chromium, on the real stack, with a real WordPress beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.fake_api import FakeApi
from tests.browser.people import Agent, Owner
from tests.browser.recorder import Recorder
from tests.real_stack import mails, owner_keys, stack, turn_clock, users, wordpress

__all__ = ["mails", "owner_keys", "stack", "turn_clock", "users", "wordpress"]  # Fixtures.

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
def link_in(mails: Callable[[str], list[dict[str, str]]]) -> Callable[[str], str]:
    """Return the one-time link in the ticket with a reference."""

    def link(reference: str) -> str:
        found = re.search(r"http\S+/open#[\w-]{43}", mails(reference)[0]["text"])
        assert found is not None
        return found[0]

    return link
