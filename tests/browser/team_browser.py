"""Browsers and the team's key: what tests of several pages do with it."""

from __future__ import annotations

import json

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.team_key import PASSPHRASE, TeamKey

NO_STORAGE = "Object.defineProperty(globalThis, 'indexedDB', { get() { throw new Error('no') } })"


def name_keys(context: BrowserContext, *keys: str) -> None:
    """Let config.json name these keys, on every page of *context*."""

    def answer(route: Route) -> None:
        config = json.loads((route.fetch()).text())
        route.fulfill(json={**config, "team_keys": list(keys)})

    context.route("**/config.json", answer)


def add(page: Page, file: str, words: str = PASSPHRASE) -> None:
    """Choose a file, type the words and press the button."""
    content = {"name": "team-key.json", "mimeType": "application/json", "buffer": file.encode()}
    page.set_input_files("#file", content)  # type: ignore[arg-type]
    page.fill("#passphrase", words)
    page.click("#add-now")


def is_at(page: Page, readiness: str) -> None:
    """Wait until /team says how ready the browser is."""
    expect(page.locator("#state h2")).to_have_text(readiness)


def give_key(context: BrowserContext, key: TeamKey) -> None:
    """Add the key to a browser, on the page that does it."""
    page = context.new_page()
    page.goto("/team")
    add(page, key.file())
    is_at(page, "This browser is ready")
    page.close()
