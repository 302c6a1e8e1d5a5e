"""How texts stand on the page: in one language, on the right side, broken between words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_api import (
    GRANT,
    LINK,
    NOW,
    RECEIPT,
    SECRET,
    SITE,
    FakeApi,
    approve,
    choose_time,
    say_it_is_sent,
    turn_clock_until,
    without_access,
)
from tests.browser.recorder import Recorder
from tests.browser.test_open import opened
from tests.browser.test_walk import BREAKS
from tests.mails import MAILS

LANGUAGES = ["de", "es", "fr", "pt", "ar", "ja"]
EMAIL = "support+supportnaacazfo3@acme.example"
ENDED = {"state": "ended", "ended_at": NOW, "can": [], "report": []}
SENT = {"at": NOW - 3500, "event": "ticket_sent", "by": "owner", "detail": "HP-VQH5OJDN"}
# How far the last thing that is seen in a card stands above its lower edge, beside the padding.
SPARE = """() => Array.from(document.querySelectorAll(".panel, .step"))
    .filter((card) => card.checkVisibility())
    .map((card) => {
        const seen = Array.from(card.querySelectorAll("*")).filter((each) => each.checkVisibility())
        const last = Math.max(...seen.map((each) => each.getBoundingClientRect().bottom))
        const padding = parseFloat(getComputedStyle(card).paddingBottom)
        return [card.id, Math.round(card.getBoundingClientRect().bottom - last - padding)]
    })
    .filter(([, spare]) => spare > 1)"""
# Whether the text of a value begins where its cell begins, to the reader.
BEGINS = """(value) => {
    const range = new Range()
    range.selectNodeContents(value)
    const [cell, text] = [value.closest("dd"), range].map((each) => each.getBoundingClientRect())
    return Math.abs(cell.right - text.right) < 2
}"""


def switch(page: Page, language: str) -> None:
    if page.input_value("#language") == language:
        return
    title = page.text_content("h1") or ""
    page.select_option("#language", language)
    expect(page.locator("h1")).not_to_have_text(title)


def seen(page: Page) -> str:
    # What is left goes on while the test runs.
    page.evaluate("document.querySelector('#left')?.remove()")
    return page.inner_text("main")


@pytest.mark.parametrize("language", ["de", "ar", "ja"])
@pytest.mark.parametrize("name", ["open", "receipt", "ended"])
def test_another_language_changes_every_text_and_date(
    page: Page, api: FakeApi, name: str, language: str
) -> None:
    timeline = [*GRANT["timeline"], SENT]
    api.says("secrets/*", {**SECRET, "state": "opened", "opened_at": NOW - 86400})
    api.says("grants/*", {**GRANT, **(ENDED if name == "ended" else {}), "timeline": timeline})
    address = f"/open#{LINK}" if name == "open" else RECEIPT
    page.goto(address)
    expect(page.locator("#gone dl" if name == "open" else "#agreed")).to_be_visible()
    page.wait_for_load_state("networkidle")
    switch(page, language)
    changed = seen(page)
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#gone dl" if name == "open" else "#agreed")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert changed == seen(page)


def test_a_language_that_did_not_come_is_said_until_another_is_chosen(
    page: Page, recorder: Recorder
) -> None:
    page.clock.install()
    page.goto("/")
    expect(page.locator("#language")).to_be_visible()
    page.route("**/i18n/de.json", lambda route: route.abort())
    page.select_option("#language", "de")
    turn_clock_until(page, lambda: page.locator("#not-loaded").is_visible())
    expect(page.locator("#not-loaded")).to_be_visible()
    page.select_option("#language", "fr")
    expect(page.locator("h1")).not_to_have_text("Get help with your site")
    expect(page.locator("#not-loaded")).to_be_hidden()
    recorder.complaints.clear()


def test_below_a_success_there_is_room(page: Page, api: FakeApi) -> None:
    without_access(page)
    say_it_is_sent(page, api)
    success, buttons = (
        page.locator(part).bounding_box() for part in ("#sent .success", "#copy-sent")
    )
    assert success is not None
    assert buttons is not None
    assert buttons["y"] - success["y"] - success["height"] >= 12


def test_an_error_of_a_date_changes_its_language_too(page: Page, api: FakeApi) -> None:
    choose_time(page, api)
    page.click("#other-day summary")
    page.fill("#date", "2001-01-01")
    page.locator("#date").blur()
    wrong = page.locator("#date-wrong")
    expect(wrong).to_be_visible()
    english = re.findall(r"\d+ \w{3,} \d{4}", wrong.inner_text())
    assert len(english) == 2
    switch(page, "ja")
    for date in english:
        expect(wrong).not_to_contain_text(date)


def test_when_support_is_back_has_its_zone(page: Page, api: FakeApi) -> None:
    page.clock.set_fixed_time("2026-11-28T10:00:00Z")  # A Saturday.
    choose_time(page, api)
    expect(page.locator("#why")).to_contain_text(re.compile(r"30 Nov, \d+:\d\d [A-Z]{3}"))


def test_in_arabic_every_value_begins_at_the_right(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "timeline": [SENT]})
    opened(page, api, expires_at=NOW + 7200, email=EMAIL, customer="Bella <bella@bakery.example>")
    switch(page, "ar")
    values = page.locator("#values :is(output, [dir=auto])")
    assert values.count() == 6
    for value in values.all():
        assert value.evaluate(BEGINS), value.inner_html()


def test_a_message_keeps_its_own_direction(page: Page, api: FakeApi) -> None:
    approve(page, api)
    switch(page, "ar")
    for place in ("#send-subject", "#agreed-message dd"):
        if place != "#send-subject":
            page.goto(RECEIPT)
        expect(page.locator(place)).to_have_attribute("dir", "auto")


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_on_a_phone_no_value_breaks_within_a_word(
    page: Page, api: FakeApi, language: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    api.says("grants/*", {**GRANT, "timeline": [SENT]})
    opened(page, api, expires_at=NOW + 7200, username="supportnaacazfo3", email=EMAIL)
    switch(page, language)
    for value in page.locator("#values :is(output, [dir=auto])").all():
        for found in value.evaluate(BREAKS):
            assert re.match(r"[/-]|.[.@+]", found), value.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_the_buttons_of_the_third_step_are_whole_words(
    page: Page, api: FakeApi, language: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    choose_time(page, api)
    switch(page, language)
    assert page.locator("#time .stick [data-back]").evaluate(BREAKS) == []
    assert len(page.locator("#time .stick .big >> visible=true").evaluate(BREAKS)) <= 1
    expect(page.locator("#time .stick .big >> visible=true")).to_be_in_viewport()


@pytest.mark.parametrize(
    "changes",
    [{}, ENDED, {"can": ["end", "extend", "burn", "renew"]}],
    ids=["open", "ended", "all"],
)
def test_no_card_ends_in_empty_space(page: Page, api: FakeApi, changes: dict[str, Any]) -> None:
    api.says("grants/*", {**GRANT, **changes})
    page.goto(RECEIPT)
    expect(page.locator("#agreed")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SPARE) == []


def test_one_state_has_one_badge(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, expires_at=NOW + 7200)
    ours = page.locator("#opened .badge").get_attribute("data-icon")
    page.goto(RECEIPT)
    expect(page.locator("#badge")).to_have_text("Access is open")
    expect(page.locator("#badge")).to_have_attribute("data-icon", ours or "")


def test_who_did_it_stands_in_one_line(page: Page, api: FakeApi) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    for language in LANGUAGES:
        switch(page, language)
        for who in page.locator("#timeline .hint").all():
            assert who.evaluate(BREAKS) == [], who.inner_text()


def test_the_timeline_says_what_was_done_not_what_was_to_come(page: Page, api: FakeApi) -> None:
    held = {"at": NOW - 3600, "event": "consent_held", "by": "owner"}
    api.says("grants/*", {**GRANT, "timeline": [held, SENT]})
    page.goto(RECEIPT)
    expect(page.locator("#timeline li >> nth=0")).to_contain_text("Access approved on your site")
    expect(page.locator("#timeline")).not_to_contain_text("waits")


def test_after_the_end_nobody_is_asked_for_a_new_link(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "can": ["end", "ask_link", "ask_time"]})
    opened(page, api, expires_at=NOW + 7200)
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW, "can": []})
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("#gone h2")).to_have_text("The access has ended")
    expect(page.locator("#ask-link button")).to_have_count(0)
    expect(page.locator("#copy-ask")).to_be_visible()


@pytest.mark.parametrize("width", [390, 320])
def test_a_long_name_of_a_team_is_whole(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    config = {"support_name": "Müller & Söhne Webdesign und Wartung GmbH", "lifetimes": [3]}
    page.route("**/config.json", lambda route: route.fulfill(json=config))
    page.goto("/receipt")
    name = page.locator("#support-name")
    expect(name).to_contain_text("Söhne")
    expect(page.locator("#missing")).to_be_visible()
    box, header = name.bounding_box(), page.locator("header").bounding_box()
    assert box is not None
    assert header is not None
    assert box["y"] >= 8
    assert box["y"] + box["height"] <= header["height"] - 8


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_was_agreed_has_name_and_address_in_lines_of_their_own(
    page: Page, api: FakeApi, language: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    host = "shop.the-old-bakery-at-the-market.example"
    api.says("grants/*", {**GRANT, "site": {**SITE, "url": f"https://{host}/de"}})
    page.goto(RECEIPT)
    expect(page.locator("#agreed-site")).to_contain_text("Bella")
    switch(page, language)
    assert page.inner_text("#agreed-site").split("\n") == [SITE["name"], host]
    assert page.inner_text("#agreed-who").split("\n")[0] == "Acme Support"
    for found in page.locator("#agreed-site span").evaluate(BREAKS):
        assert re.match(r"[/-]|.[.@+]", found), found


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_every_mail_fits_a_narrow_phone(page: Page, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 600})
    for name, write in MAILS.items():
        page.set_content(write(language).html)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
