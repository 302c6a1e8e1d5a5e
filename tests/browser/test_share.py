"""The page for shared secrets, on the real stack, and One Time Secret's API beside it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from infra.local.stack import Stack
from tests.browser.fake_api import check
from tests.browser.recorder import Recorder

TEXT = "  tail blanks 🔑\n\ttab & <b>  \n"
LANGUAGES = ["de", "es", "fr", "pt", "ar", "ja"]


def write(page: Page, text: str = TEXT, passphrase: str = "") -> str:
    """Share *text* on the page and return the link."""
    page.goto("/share")
    page.fill("#text", text)
    page.fill("#new-passphrase", passphrase)
    page.click("#create")
    expect(page.locator("#sent h2")).to_be_focused()
    return page.input_value("#link")


def shown(page: Page) -> str:
    """Press the button of the read page, and show what is there."""
    page.click("#open")
    expect(page.locator("#opened h2")).to_be_focused()
    assert TEXT not in page.input_value("#shown")
    page.click("#reveal")
    return page.input_value("#shown")


def api(stack: Stack, path: str, **fields: str) -> dict[str, Any]:
    answer = requests.post(f"{stack.app_url}/api/v1/{path}", data=fields, timeout=60)
    said: dict[str, Any] = answer.json()
    return said


def test_from_the_first_letter_to_opened(
    page: Page, context: BrowserContext, recorder: Recorder, stack: Stack
) -> None:
    page.goto("/share")
    check(page)
    link = write(page)
    assert re.fullmatch(re.escape(stack.app_url) + r"/secret#[0-9a-z]{31}", link)
    assert page.url == f"{stack.app_url}/share", "the sender cannot take the address for the link"
    expect(page.locator("#state")).to_contain_text("Waiting")
    page.click("#show-qr")
    expect(page.locator("#qr svg")).to_be_visible()
    page.click("#sent summary")
    check(page)
    page.click("#copy-note")
    expect(page.locator("#copy-note")).to_have_text("Copied")
    assert link in page.evaluate("navigator.clipboard.readText()")

    reader = context.new_page()
    reader.goto(link)
    expect(reader.locator("#waiting")).to_be_visible()
    assert reader.url == f"{stack.app_url}/secret", "the key leaves the address bar"
    check(reader)
    assert shown(reader) == TEXT
    check(reader)
    reader.reload()
    expect(reader.locator("#gone")).to_contain_text("Opened already")
    check(reader)
    expect(page.locator("#state")).to_contain_text("Opened on")
    expect(page.locator("#burn")).to_be_hidden()
    expect(page.locator("#sent")).not_to_contain_text("it opens the secret")
    for secret in (TEXT, link.partition("#")[2]):
        recorder.assert_never_sent(secret)


def test_a_reload_keeps_the_link_and_another_one_starts_afresh(page: Page) -> None:
    link = write(page)
    page.reload()
    expect(page.locator("#sent")).to_be_visible()
    assert page.input_value("#link") == link
    page.get_by_role("link", name="Another one").click()
    expect(page.locator("#write")).to_be_visible()
    assert page.input_value("#text") == ""


def test_burning_asks_first_and_the_reader_learns_who_did_it(
    page: Page, context: BrowserContext
) -> None:
    link = write(page)
    page.click("#burn")
    check(page)
    page.click("#confirm [value=no]")
    expect(page.locator("#state")).to_contain_text("Waiting")
    page.click("#burn")
    page.click("#confirm [value=yes]")
    expect(page.locator("#state")).to_contain_text("Burned on")

    reader = context.new_page()
    reader.goto(link)
    expect(reader.locator("#gone")).to_contain_text("Burned by its sender")


def test_a_wrong_passphrase_destroys_nothing(page: Page, context: BrowserContext) -> None:
    link = write(page, passphrase=" Grüße ")
    reader = context.new_page()
    reader.goto(link)
    reader.fill("#passphrase", "wrong")
    reader.click("#open")
    expect(reader.locator("#open-problem")).to_contain_text("4")
    expect(reader.locator("#open-problem")).to_contain_text("whoever sent you the link")
    check(reader)
    reader.fill("#passphrase", " Grüße ")
    assert shown(reader) == TEXT


def test_link_and_key_travel_apart(page: Page, context: BrowserContext) -> None:
    key = write(page).partition("#")[2]
    reader = context.new_page()
    reader.goto("/secret")
    reader.fill("#key", "short")
    reader.click("#use-key")
    expect(reader.locator("#key-wrong")).to_be_visible()
    check(reader)
    reader.fill("#key", key)
    reader.click("#use-key")
    assert shown(reader) == TEXT


def test_a_key_with_a_sign_too_many_is_answered(page: Page) -> None:
    for address in ("/secret#100%", "/secret#%FF", "/private#%"):
        page.goto("about:blank")
        page.goto(address)
        expect(page.locator("#gone h2")).to_have_text("Nothing is here")
        assert "%" not in page.url


def test_a_press_without_a_network_works_when_it_is_back(
    page: Page, context: BrowserContext, recorder: Recorder
) -> None:
    """A browser remembers an import that failed; the page must ask again."""
    recorder.stop()
    page.goto("/share")
    page.fill("#text", TEXT)
    context.set_offline(True)
    page.click("#create")
    expect(page.locator("#not-loaded")).to_contain_text("Nothing is lost")
    context.set_offline(False)
    page.click("#create")
    expect(page.locator("#sent h2")).to_be_focused()
    context.set_offline(True)
    page.click("#show-qr")
    context.set_offline(False)
    page.click("#show-qr")
    expect(page.locator("#qr svg")).to_be_visible()


def test_a_lost_answer_makes_no_second_secret(page: Page, recorder: Recorder) -> None:
    recorder.stop()
    made: list[Any] = []

    def lose_first(route: Route) -> None:
        made.append(route.request.post_data_json)
        if len(made) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    page.route("**/api/secrets", lose_first)
    page.goto("/share")
    page.fill("#text", TEXT)
    page.click("#create")
    expect(page.locator("#write-problem")).to_contain_text("nothing happens twice")
    page.click("#create")
    expect(page.locator("#sent h2")).to_be_focused()
    assert made[0] == made[1]


def test_once_loaded_ahead_a_link_is_shown_whatever_the_network_does_next(
    page: Page, recorder: Recorder
) -> None:
    recorder.stop()
    page.goto("/share")
    with page.expect_response("**/js/share/qr.js"):
        page.keyboard.press("Tab")
    page.wait_for_load_state("networkidle")
    page.fill("#text", TEXT)
    page.route("**/api/secrets/*", lambda route: route.abort())
    page.route("**/js/**", lambda route: route.abort())
    page.set_default_timeout(10_000)
    page.click("#create")
    expect(page.locator("#sent h2")).to_be_focused()
    assert "/secret#" in page.input_value("#link")
    page.click("#show-qr")
    expect(page.locator("#qr svg")).to_be_visible()


@pytest.mark.parametrize("around", ["{}.", "({}),", "%3C{}%3E", "%20{}%20once", "{}%C2%A0"])
def test_what_a_mail_puts_around_a_link_is_no_part_of_it(
    page: Page, stack: Stack, around: str
) -> None:
    made = api(stack, "share", secret=TEXT)
    for address in ("/secret#", "/secret/", "/private#", "/private/"):
        page.goto("about:blank")
        key = made["secret_key" if "secret" in address else "metadata_key"]
        page.goto(address + around.format(key))
        expect(page.locator("#waiting, #sent").locator("visible=true")).to_be_visible()
    page.goto("/secret")
    page.fill("#key", f" “{stack.app_url}/secret#{made['secret_key']}”. ")
    page.click("#use-key")
    expect(page.locator("#waiting")).to_be_visible()


def test_a_generated_password_stands_in_the_field(page: Page) -> None:
    page.goto("/share")
    page.click("#generate")
    expect(page.locator("#text")).to_be_focused()
    first = page.input_value("#text")
    page.click("#generate")

    assert re.fullmatch(r"[A-Za-z2-9-]{20}", first)
    assert page.input_value("#text") != first


def test_too_much_and_nothing_are_refused_beside_the_field(page: Page) -> None:
    page.goto("/share")
    page.click("#create")
    expect(page.locator("#text-wrong")).to_be_visible()
    page.fill("#text", "é" * 5001)
    expect(page.locator("#count")).to_contain_text("10002")
    page.click("#create")
    expect(page.locator("#text-wrong")).to_contain_text("too long")
    check(page)


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_the_page_opens_what_the_api_made(page: Page, stack: Stack, passphrase: str) -> None:
    made = api(stack, "share", secret=TEXT, passphrase=passphrase)
    page.goto(f"/secret/{made['secret_key']}")
    expect(page.locator("#waiting")).to_be_visible()
    assert page.url == f"{stack.app_url}/secret"
    if passphrase:
        page.fill("#passphrase", passphrase)

    assert shown(page) == TEXT
    assert api(stack, f"private/{made['metadata_key']}")["state"] == "received"


def test_the_api_opens_what_the_page_made(page: Page, stack: Stack) -> None:
    key = write(page).partition("#")[2]

    assert api(stack, f"secret/{key}")["value"] == TEXT
    expect(page.locator("#state")).to_contain_text("Opened on")


@pytest.mark.parametrize("path", ["/private/", "/private#", "/receipt/", "/metadata/"])
def test_the_receipt_of_the_api_is_the_same_screen(page: Page, stack: Stack, path: str) -> None:
    made = api(stack, "share", secret="x")
    page.goto(f"{path}{made['metadata_key']}")
    expect(page.locator("#state")).to_contain_text("Waiting")

    assert page.url == f"{stack.app_url}/private"
    assert made["secret_key"] in page.input_value("#link")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits(browser: Browser, base_url: str, language: str) -> None:
    context = browser.new_context(base_url=base_url, locale=language)
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 800})
    link = write(page)
    for path, panel in (("", "#sent"), (link, "#waiting"), (f"/secret#{'a' * 31}", "#gone")):
        if path:
            page.goto("about:blank")
            page.goto(path)
        expect(page.locator(panel)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.lang") == language
        assert re.search(r"[{}]", page.inner_text("main")) is None
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        if language == "ar":
            check(page)
    context.close()
