"""The pictures of the README: each page on a phone and on a desktop, from the real story.

    python -m tests.browser.screenshots [DIRECTORY [LANGUAGE]]

They are WebP of at most 60 KB, in `docs/pictures` unless another directory is given.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from infra.local.stack import ROOT, Stack
from infra.local.wordpress import WordPress
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.people import Agent, Owner

PICTURES = ROOT / "docs" / "pictures"
MAX_BYTES = 60_000
STICKS = """Array.from(document.querySelectorAll("main *")).some(
    (element) => element.checkVisibility() && getComputedStyle(element).position === "sticky"
)"""
SIZES = {"desktop": (1000, 760, 1.0), "phone": (390, 760, 1.5)}


class Camera:
    """Takes pictures of a page in every size, into *directory*."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def shoot(self, page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.mouse.move(0, 0)
        session = page.context.new_cdp_session(page)
        for size, (width, height, scale) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            tall = page.evaluate("document.documentElement.scrollHeight")
            # What sticks to the screen's edge would cover text in the middle of a taller picture.
            shown = height if page.evaluate(STICKS) else min(tall, 1250)
            clip = {"x": 0, "y": 0, "width": width, "height": shown, "scale": scale}
            options = {"format": "webp", "clip": clip, "captureBeyondViewport": shown > height}
            for quality in (80, 70, 60, 50):  # The best that is light enough.
                taken = session.send("Page.captureScreenshot", {**options, "quality": quality})
                data = base64.b64decode(taken["data"])
                if len(data) <= MAX_BYTES:
                    break
            (self.directory / f"{name}-{size}.webp").write_bytes(data)
            print(f"{name}-{size}.webp {len(data)}")
        page.set_viewport_size({"width": 1000, "height": 760})


def main() -> None:
    """Play the story once, and take the pictures on the way."""
    directory = Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    language = sys.argv[2] if sys.argv[2:] else "en-GB"
    with (
        WordPress("7.1", title="Bella's Bakery") as wordpress,
        Stack(allowed_sites=(wordpress.url,)) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        describe(browser, Camera(directory), wordpress, stack, language)
        browser.close()


def describe(
    browser: Browser, camera: Camera, wordpress: WordPress, stack: Stack, language: str
) -> None:
    context = _context(browser, stack, language)
    owner = Owner(context.new_page(), wordpress)
    owner.page.goto("/")
    owner.page.wait_for_selector("#language:not([hidden])")
    camera.shoot(owner.page, "form")
    owner.describe()
    owner.page.fill("#url", wordpress.url)
    owner.page.wait_for_selector("#site-check .found:not([hidden])")
    camera.shoot(owner.page, "site")
    owner.page.click("#site .actions button:visible >> nth=0")
    owner.page.wait_for_selector("#time:not([hidden])")
    camera.shoot(owner.page, "consent")
    owner.page.click("#time .actions button:visible >> nth=0")
    owner.page.wait_for_url(re.compile("/wp-login"))
    owner.page.fill("#user_login", wordpress.user)
    owner.page.fill("#user_pass", wordpress.password)
    owner.page.click("#wp-submit")
    owner.page.wait_for_selector("#approve")
    owner.page.wait_for_load_state("networkidle")
    owner.page.click("#approve")
    owner.page.wait_for_selector("#send:not([hidden])")
    camera.shoot(owner.page, "send")
    reference = owner.send()
    agent = Agent(_context(browser, stack, language).new_page())
    agent.go_to(_link(stack, reference))
    agent.page.wait_for_selector("#waiting:not([hidden])")
    camera.shoot(agent.page, "link")
    agent.open()
    agent.page.wait_for_selector("#opened:not([hidden])")
    camera.shoot(agent.page, "account")
    owner.page.reload()
    owner.page.wait_for_selector("#happened:not([hidden])")
    camera.shoot(owner.page, "receipt")
    owner.page.click("#end-now")
    owner.page.click("#confirm-end button[value=yes]")
    owner.page.wait_for_selector("#report:not([hidden])")
    camera.shoot(owner.page, "ended")


def _context(browser: Browser, stack: Stack, language: str) -> BrowserContext:
    return browser.new_context(
        base_url=stack.app_url, locale=language, viewport={"width": 1000, "height": 760}
    )


def _link(stack: Stack, reference: str) -> str:
    """Return the one-time link in the ticket with *reference*."""
    answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
    texts = [mail["text"] for mail in answer.json() if reference in mail["subject"]]
    found = re.search(r"http\S+/open#[\w-]{43}", "\n".join(texts))
    if found is None:
        raise LookupError(reference)
    return found[0]


if __name__ == "__main__":
    main()
