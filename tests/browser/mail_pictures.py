"""
Pictures of every mail's HTML, light and dark, on a phone and on a desktop.

    python -m tests.browser.mail_pictures [DIRECTORY [LANGUAGE …]]

They are PNG in `build/mails` unless another directory is given, in English unless others are named.
With `--readme` the one that an owner gets first goes into `docs/pictures` as WebP instead.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from infra.local.stack import ROOT
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.screenshots import PICTURES, Camera
from tests.mails import MAILS

DIRECTORY = ROOT / "build" / "mails"
WIDTHS = {"phone": 390, "desktop": 800}


def main() -> None:
    """Take them."""
    words = [word for word in sys.argv[1:] if word != "--readme"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if "--readme" in sys.argv:
            page = browser.new_page()
            page.set_content(MAILS["confirmation"]("en").html)
            Camera(PICTURES).shoot(page, "mail")
        else:
            directory = Path(words[0]) if words else DIRECTORY
            for language in words[1:] or ["en"]:
                shoot(browser, directory / language, language)
        browser.close()


def shoot(browser: Browser, directory: Path, language: str) -> None:
    """Take the pictures of every mail in *language*."""
    directory.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        for size, width in WIDTHS.items():
            page = browser.new_page(
                viewport={"width": width, "height": 600},
                color_scheme=scheme,
            )
            for name, write in MAILS.items():
                page.set_content(write(language).html)
                file = re.sub(r"\W+", "-", name)
                page.screenshot(path=directory / f"{file}-{size}-{scheme}.png", full_page=True)
            page.close()


if __name__ == "__main__":
    main()
