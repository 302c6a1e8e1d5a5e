"""A server that answers in the page's place, and what every state of a page keeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.people import MESSAGE, SENDER

AXE = Axe().axe_script  # 570 kB, which take as long to read as a page to check.
VIOLATIONS = "(options) => axe.run(options).then((found) => found.violations)"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NOW = int(time.time())
SITE = {
    "name": "Bella's Bakery",
    "url": "https://bakery.example",
    "login_url": "https://bakery.example/wp-login.php",
}
CONSENT_URL = "https://bakery.example/wp-admin/authorize-application.php"
APPROVED = "site_url=https://bakery.example&user_login=b&password=abcd"
FOUND = {"site": SITE, "consent_url": CONSENT_URL, "problem": None}
LINK = "A" * 43
RECEIPT = f"/receipt#{'G' * 22}.{'O' * 43}"
GRANT: dict[str, Any] = {
    "grant_id": "G" * 22,
    "state": "active",
    "overdue": False,
    "site": SITE,
    "username": "support4f7k2m",
    "login_url": SITE["login_url"],
    "created_at": NOW - 3600,
    "expires_at": NOW + 3 * 86400,
    "timeline": [
        {"at": NOW - 3600, "event": "access_created", "by": "owner"},
        {"at": NOW - 3500, "event": "link_opened", "by": "support"},
        {"at": NOW - 3400, "event": "link_locked", "by": "support"},
        {"at": NOW - 3300, "event": "extended", "by": "owner", "detail": "3"},
        {"at": NOW - 60, "event": "removal_failed", "by": "hallpass"},
    ],
    "can": ["end", "extend", "burn", "repair"],
    "secret": {"id": "S" * 22, "state": "waiting"},
    "user_admin_url": "https://bakery.example/wp-admin/users.php?s=support4f7k2m",
}
SECRET: dict[str, Any] = {
    "state": "waiting",
    "passphrase": True,
    "expires_at": NOW + 3 * 86400,
    "tries_left": 5,
    "grant_id": "G" * 22,
}
TOO_SMALL = """() => [...document.querySelectorAll(
    "button, select, summary, textarea, a[href], label.choice, label.check," +
    "input:not([type=hidden], [type=radio], [type=checkbox])")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
    .map((e) => `${e.outerHTML.slice(0, 80)} ${e.getBoundingClientRect().height}`)"""


class FakeApi:
    """Answers in the page's place of the server, so that rare states can be shown."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def says(self, path: str, body: object, status: int = 200) -> None:
        self.page.route(f"**/api/{path}", lambda route: route.fulfill(json=body, status=status))

    def is_silent(self, path: str) -> None:
        self.page.route(f"**/api/{path}", _never)


def _never(route: Route) -> None:
    del route


def settle(page: Page) -> None:
    """
    Wait until *page* has processed what it was answered, so that what it does not do is known.

    Responses are processed in the order in which they came: what is asked now comes after.
    """
    page.evaluate("fetch('/config.json').then((answer) => answer.json())")


def turn_clock_until(page: Page, reached: Callable[[], bool]) -> None:
    """Turn the installed clock of *page* while it tries again; the answers take real time."""
    for _ in range(100):
        page.clock.run_for(3_000)
        if reached():
            return
        page.evaluate("fetch('/config.json').catch(() => null)")


def hold_clock(page: Page, *, time: int = NOW) -> None:
    """Let the clock of *page* go on only when a test turns it, however slow the machine is."""
    page.clock.install(time=time)
    page.clock.pause_at(time + 1)


def check(page: Page) -> None:
    """Check the state that *page* shows: light and dark, at 1280, 390 and 320 px, and at 200 %."""
    usual = page.viewport_size
    page.evaluate(AXE)
    for width, scheme in product((1280, 390, 320), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found = page.evaluate(VIOLATIONS, {"runOnly": RULES})
        violations = [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
        assert violations == [], f"{width} px, {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_SMALL) == []
    page.set_viewport_size({"width": 640, "height": 400})  # 1280 by 800 at 200 %
    assert page.evaluate("document.documentElement.scrollWidth") <= 640
    assert usual is not None
    page.set_viewport_size(usual)


def fill_in(page: Page) -> None:
    page.goto("/")
    describe(page)
    expect(page.locator("#site")).to_be_visible()


def describe(page: Page) -> None:
    """Say what is wrong and who asks, and go on."""
    for name, value in {"message": MESSAGE, **SENDER}.items():
        page.fill(f"#{name}", value)
    page.click("#what button")


def at_the_end(page: Page) -> None:
    """See that the form is at its last step."""
    expect(page.locator("#send h2")).to_be_focused()


def leave(page: Page) -> str:
    """Press "Approve"; return the state, without going to a site that is not there."""
    page.route("https://bakery.example/**", lambda route: route.fulfill(body="consent"))
    page.click("text=Approve on my WordPress >> visible=true")
    page.wait_for_url("https://bakery.example/**")
    return page.url.partition("consent%3D")[2][:22]


def choose_time(page: Page, api: FakeApi, **found: object) -> None:
    """Come to the choice of the time."""
    fill_in(page)
    api.says("sites", {**FOUND, **found})
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()


def approve(page: Page, api: FakeApi, **found: object) -> None:
    """Come to the last step, with an approval."""
    choose_time(page, api, **found)
    page.goto(f"/#consent={leave(page)}?{APPROVED}")
    at_the_end(page)


def without_access(page: Page) -> None:
    """Come to the last step, letting no helper in."""
    fill_in(page)
    page.click("#doors summary")
    page.click("[data-open=none]")
    at_the_end(page)


def say_it_is_sent(page: Page, api: FakeApi) -> None:
    """Send a message without access, which the server takes."""
    api.says("tickets", {"reference": "HP-1"}, 201)
    page.click("#send-now")
    expect(page.locator("#sent h2")).to_be_focused()
