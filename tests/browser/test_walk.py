"""What owner and agent stumbled on when they walked the pages, one test for each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chalicelib.onetime.envelope import Link, decode, encode
from tests.browser.fake_api import (
    APPROVED,
    FOUND,
    GRANT,
    LINK,
    NOW,
    RECEIPT,
    SECRET,
    SITE,
    FakeApi,
    approve,
    check,
    choose_time,
    fill_in,
    leave,
)
from tests.browser.people import MESSAGE, SENDER
from tests.browser.recorder import Recorder
from tests.browser.test_open import opened

WAITING: list[dict[str, Any]] = [
    {"at": NOW - 3600, "event": "access_created", "by": "owner"},
    {"at": NOW - 3500, "event": "ticket_sent", "by": "owner", "detail": "HP-VQH5OJDN"},
]
BURNED = [*WAITING, {"at": NOW - 60, "event": "link_burned", "by": "owner"}]
# The signs before and after each place where a text goes on in another line.
BREAKS = """(place) => {
    const found = []
    let last = null
    const nodes = document.createTreeWalker(place, NodeFilter.SHOW_TEXT)
    while (nodes.nextNode()) {
        for (const [at, sign] of Array.from(nodes.currentNode.data).entries()) {
            const range = new Range()
            range.setStart(nodes.currentNode, at)
            range.setEnd(nodes.currentNode, at + 1)
            const { top } = range.getBoundingClientRect()
            if (last && top - last.top > 5) found.push(last.sign + sign)
            last = { sign, top }
        }
    }
    return found
}"""
TABS = "() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))"


def test_an_opened_page_learns_that_the_access_ended(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, expires_at=NOW + 7200)
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW})
    page.evaluate(TABS)
    expect(page.locator("#gone h2")).to_have_text("The access has ended")
    expect(page.locator("#opened")).to_be_hidden()
    assert "very-secret" not in page.content()


def test_an_opened_page_learns_of_more_time_within_seconds(page: Page, api: FakeApi) -> None:
    page.clock.install(time=NOW)
    api.says("grants/*", {**GRANT, "expires_at": NOW + 7200})
    opened(page, api, expires_at=NOW + 7200)
    api.says("grants/*", {**GRANT, "expires_at": NOW + 3 * 86400})
    with page.expect_response("**/api/grants/*"):
        page.clock.run_for(15_000)
    expect(page.locator("#left")).to_contain_text("day")


def test_an_opened_page_shows_what_an_agent_needs(page: Page, api: FakeApi) -> None:
    # The server never shows support whom the access is from: that is sealed.
    api.says("grants/*", {**GRANT, "owner_email": "", "timeline": WAITING})
    opened(page, api, expires_at=NOW + 7200, customer=f"Bella <{SENDER['email']}>")
    expect(page.locator("#opened h2")).to_have_text("Sign in to Bella's Bakery")
    assert page.title() == "Bella's Bakery · HP-VQH5OJDN"
    expect(page.locator("#values a")).to_have_attribute("href", SITE["login_url"])
    for shown in ("support4f7k2m", SENDER["email"], "HP-VQH5OJDN", "••••"):
        expect(page.locator("#values")).to_contain_text(shown)
    page.click("#copy-all")
    copied = page.evaluate("navigator.clipboard.readText()")
    for value in (SITE["login_url"], "support4f7k2m", "very-secret", "HP-VQH5OJDN"):
        assert value in copied
    check(page)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_on_a_phone_an_address_goes_on_in_another_line_after_a_separator(
    page: Page, api: FakeApi, language: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    email = "support+supportnaacazfo3@acme.example"
    address = "https://www.the-old-bakery.example/members/wp-login.php"
    site = "https://www.the-old-bakery.example/members"
    on_site = {"site": {**SITE, "url": site, "login_url": address}, "login_url": address}
    api.says("grants/*", {**GRANT, **on_site, "email": email, "timeline": WAITING})
    opened(page, api, expires_at=NOW + 7200, site=site, login_url=address, email=email)
    page.select_option("#language", language)
    page.wait_for_load_state("networkidle")
    breaks = [
        found for shown in page.locator("#values output").all() for found in shown.evaluate(BREAKS)
    ]
    assert len(breaks) >= 2
    for found in breaks:
        assert re.match(r"[/-]|.[.@+]", found), breaks
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#values div:has(#value-reference) output").evaluate(BREAKS) == []


def test_leaving_an_opened_account_warns(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, expires_at=NOW + 7200)
    ask = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert page.evaluate(ask)
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW})
    page.evaluate(TABS)
    expect(page.locator("#gone")).to_be_visible()
    assert not page.evaluate(ask)


def test_coming_back_the_next_day_says_which_account_it_was(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", {**SECRET, "state": "opened", "opened_at": NOW - 86400})
    api.says("grants/*", {**GRANT, "timeline": WAITING})
    page.goto(f"/open#{LINK}")
    for shown in (
        "Bella's Bakery",
        SITE["url"].removeprefix("https://"),
        "support4f7k2m",
        "2 days",
    ):
        expect(page.locator("#gone dl")).to_contain_text(shown)
    page.click("#copy-ask")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "/?site=bakery.example&ticket=HP-VQH5OJDN" in copied
    check(page)


def test_a_passphrase_with_a_capital_is_the_same_passphrase(page: Page, api: FakeApi) -> None:
    link = Link.derive(decode(LINK), "upset title only off")
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    account = {"site": SITE["url"], "name": "", "login_url": SITE["login_url"], "username": "u"}
    sealed = link.seal(json.dumps({**account, "password": "p", "expires_at": NOW + 60}), bytes(12))
    api.says("secrets/*/open", {"ciphertext": encode(sealed)})
    api.says("secrets/*/ack", {}, 204)
    page.goto(f"/open#{LINK}")
    page.fill("#passphrase", "Upset title Only off ")
    with page.expect_request("**/open") as sent:
        page.click("#open")
    assert (sent.value.post_data_json or {})["access"] == link.access
    expect(page.locator("#opened")).to_be_visible()


@pytest.mark.parametrize(
    ("changes", "said", "badge", "extends"),
    [
        ({"timeline": WAITING}, "has not opened the sign-in link yet", "Waiting", 1),
        ({}, "can sign in to bakery.example", "Access is open", 1),
        (
            {"timeline": BURNED, "secret": {"id": "S" * 22, "state": "gone"}},
            "Nobody can sign in to bakery.example",
            "Link withdrawn",
            0,
        ),
    ],
)
def test_the_receipt_says_who_can_sign_in_now(
    page: Page, api: FakeApi, changes: dict[str, Any], said: str, badge: str, extends: int
) -> None:
    api.says("grants/*", {**GRANT, **changes})
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_contain_text(said)
    expect(page.locator("#badge")).to_have_text(badge)
    expect(page.locator("#more")).to_be_visible(visible=bool(extends))
    check(page)


def test_a_press_without_network_can_be_pressed_again(
    page: Page, api: FakeApi, recorder: Recorder
) -> None:
    api.says("grants/*", GRANT)
    page.route("**/js/receipt/owner-actions.js*", lambda route: route.abort())
    page.goto(RECEIPT)
    expect(page.locator("#end-now")).to_be_visible()
    page.context.set_offline(True)
    page.click("#end-now")
    expect(page.locator("#not-loaded")).to_contain_text("You are offline. Nothing is lost")
    page.context.set_offline(False)
    page.unroute("**/js/receipt/owner-actions.js*")
    page.click("#end-now")
    expect(page.locator("#confirm-end")).to_be_visible()
    expect(page.locator("#not-loaded")).to_be_hidden()
    recorder.complaints.clear()


def test_once_loaded_ahead_everything_works_offline_but_the_server(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    expect(page.locator("#end-now")).to_be_visible()
    with page.expect_response("**/owner-actions.js"):
        page.mouse.move(5, 5)
    page.evaluate("import('/js/receipt/owner-actions.js')")  # With all that it imports.
    page.context.set_offline(True)
    page.click("#end-now")
    expect(page.locator("#confirm-end")).to_be_visible()
    page.context.set_offline(False)


def test_the_dialog_speaks_to_the_owner_and_begins_on_the_safe_button(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    page.click("#end-now")
    expect(page.locator("#confirm-end")).to_contain_text("becomes yours")
    expect(page.locator("#confirm-end")).not_to_contain_text("the owner")
    expect(page.locator("#confirm-end button[value=no]")).to_be_focused()


def test_no_to_the_repair_names_ways_that_are_on_the_page(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "overdue": True})
    api.says("sites", FOUND)
    page.goto(RECEIPT)
    page.route("https://bakery.example/**", lambda route: route.fulfill(body="consent"))
    page.click("#repair")
    page.wait_for_url("https://bakery.example/**")
    found = re.search(r"repair%3D([\w-]{43})", page.url)
    assert found is not None
    page.goto(f"/receipt#repair={found[1]}&success=false")
    expect(page.locator("#notice")).to_contain_text("delete the account by hand as described below")


def test_the_receipt_keeps_message_and_reference_and_gives_them_as_a_file(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", {**GRANT, "timeline": WAITING})
    page.goto("/receipt")
    sent = json.dumps({"reference": "HP-VQH5OJDN", "message": MESSAGE})
    page.evaluate("(sent) => sessionStorage.setItem('hallpass.sent', sent)", sent)
    page.goto("about:blank")
    page.goto(RECEIPT)
    expect(page.locator("#sent h2")).to_have_text("We have your message")
    expect(page.locator("#sent h2")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    check(page)
    page.go_back()
    expect(page.locator("#state")).to_be_visible()
    assert page.url.endswith("/receipt"), "Back does not lead to WordPress' approval page"
    page.reload()
    expect(page.locator("#agreed")).to_contain_text("HP-VQH5OJDN")
    expect(page.locator("#agreed")).to_contain_text("When I press “Buy”")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "HP-VQH5OJDN.json"
    saved = json.loads(Path(download.value.path()).read_text())
    assert saved["message"] == MESSAGE
    assert "O" * 43 not in json.dumps(saved), "the owner's token is not in the file"


def test_times_carry_their_zone(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    for place in ("#about", "#timeline time >> nth=0", "#agreed-until"):
        expect(page.locator(place)).to_contain_text(re.compile(r"UTC|GMT|CET|[A-Z]{3,4}\b"))


def test_an_error_goes_when_the_field_is_right_and_speaks_the_readers_language(page: Page) -> None:
    page.goto("/")
    page.click("#what button")
    expect(page.locator("#message-wrong")).to_have_text("Please fill this in.")
    page.select_option("#language", "de")
    expect(page.locator("#message-wrong")).not_to_have_text("Please fill this in.")
    page.fill("#message", "Help")
    expect(page.locator("#message-wrong")).to_have_count(0)
    page.fill("#email", "bella at bakery")
    page.click("#what button")
    expect(page.locator("#email-wrong")).to_be_visible()
    page.fill("#email", SENDER["email"])
    expect(page.locator("#email-wrong")).to_have_count(0)


def test_a_paste_that_is_too_long_is_kept_and_counted(page: Page) -> None:
    page.goto("/")
    page.fill("#message", "x" * 10_007)
    page.click("#what button")
    expect(page.locator("#message-wrong")).to_contain_text("shorten it by 7 characters")
    assert len(page.input_value("#message")) == 10_007


def test_who_gets_lost_at_wordpress_is_not_lost_to_support(page: Page, api: FakeApi) -> None:
    choose_time(page, api)
    page.goto(f"/#consent={leave(page)}&success=false")
    expect(page.locator("#notice")).to_contain_text("send without access")
    page.click("#time [data-back]")
    page.click("#doors summary")
    page.click("[data-open=none]")
    api.says("tickets", {"reference": "HP-1"}, 201)
    with page.expect_request("**/api/tickets") as sent:
        page.click("#send-now")
    assert (sent.value.post_data_json or {})["email"] == SENDER["email"]


def test_the_choice_of_the_time_fits_on_a_phone_with_its_button_in_view(
    page: Page, api: FakeApi
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    choose_time(page, api)
    assert page.evaluate("document.documentElement.scrollHeight") <= 1100
    assert page.evaluate("scrollY") == 0
    expect(page.locator("#time").get_by_text("Approve on my WordPress")).to_be_in_viewport()


def test_consent_says_what_wordpress_makes_and_for_how_long(page: Page, api: FakeApi) -> None:
    choose_time(page, api)
    page.click("#time .card summary")
    expect(page.locator("#time")).to_contain_text("WordPress makes a key for us")
    expect(page.locator("#time")).to_contain_text("Nothing is sent yet")
    check(page)
    page.goto(f"/#consent={leave(page)}?{APPROVED}")
    expect(page.locator("#send-lead")).to_contain_text("Thank you")
    expect(page.locator("#send-lead")).not_to_contain_text("Nothing is made")


@pytest.mark.parametrize(
    ("reason", "opens", "can_paste"),
    [
        ("app_passwords_off", 1, 0),
        ("rest_blocked", 1, 0),
        ("hidden_login", 1, 1),
        ("site_unreachable", 0, 0),
    ],
)
def test_other_ways_are_offered_where_they_can_work(
    page: Page, api: FakeApi, reason: str, opens: int, can_paste: int
) -> None:
    fill_in(page)
    problem = {"code": reason, "message": "No.", "fix": "No."}
    api.says("sites", {"site": None, "consent_url": None, "problem": problem})
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#site-problem")).to_be_visible()
    expect(page.locator("[data-open=made]")).to_be_visible(visible=bool(opens))
    expect(page.locator("[data-open=paste]")).to_be_visible(visible=bool(can_paste))


def test_our_own_server_being_away_offers_no_other_way(page: Page) -> None:
    fill_in(page)
    page.route("**/api/sites", lambda route: route.abort())
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#site-problem")).to_contain_text("could not reach our server")
    expect(page.locator("[data-open=made]")).to_be_hidden()


def test_what_only_a_host_can_mend_comes_as_a_text_to_send(page: Page, api: FakeApi) -> None:
    approve(page, api)
    api.says("users", {"code": "consent_rejected", "message": "No."}, 401)
    page.click("#send-now")
    expect(page.locator("#send-problem")).not_to_contain_text("htaccess")
    page.click("#send-problem button")
    assert ".htaccess" in page.evaluate("navigator.clipboard.readText()")
    check(page)


def test_an_answer_in_a_new_tab_points_to_the_other_tab(page: Page) -> None:
    page.goto(f"/#consent={'A' * 22}?{APPROVED}")
    expect(page.locator("#notice")).to_contain_text("Your form is in another tab")


def test_an_unused_approval_has_a_link_to_where_wordpress_lists_it(
    page: Page, api: FakeApi
) -> None:
    choose_time(page, api)
    leave(page)
    page.goto(f"/#consent={'A' * 22}?{APPROVED}")
    expect(page.locator("#notice")).to_contain_text("belongs to an earlier try")
    expect(page.locator("#unused a")).to_have_attribute(
        "href", "https://bakery.example/wp-admin/profile.php#application-passwords-section"
    )


def test_a_link_brings_along_what_is_valid_shows_it_and_starts_nothing(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
    page.goto(
        "/?site=bakery.example&name=Bella&email=bella@bakery.example&subject=Checkout"
        "&message=It%20breaks&ticket=%234711&lang=de"
    )
    expect(page.locator("#language")).to_have_value("de")
    assert page.url.endswith("/")
    for field, value in (("name", "Bella"), ("email", SENDER["email"]), ("message", "It breaks")):
        expect(page.locator(f"#{field}")).to_have_value(value)
    expect(page.locator("#linked")).to_contain_text("bakery.example · #4711 · Checkout")
    check(page)
    assert asked == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("site=javascript:alert(1)", "#url"),
        ("email=bella%20at%20bakery", "#email"),
        (f"name={'x' * 101}", "#name"),
    ],
)
def test_what_is_not_valid_in_a_link_is_left_out(page: Page, query: str, field: str) -> None:
    page.goto(f"/?{query}")
    expect(page.locator("#language")).to_be_visible()
    expect(page.locator(field)).to_have_value("")


def test_a_ticket_of_the_link_stands_in_the_subject_and_is_read_before_sending(
    page: Page, api: FakeApi
) -> None:
    page.goto("/?ticket=%234711%0d%0aBcc:x")
    expect(page.locator("#language")).to_be_visible()
    expect(page.locator("#linked")).to_be_hidden()
    page.goto("/?ticket=%234711")
    for field, value in {"message": MESSAGE, **SENDER}.items():
        page.fill(f"#{field}", value)
    page.click("#what button")
    page.click("#doors summary")
    page.click("[data-open=none]")
    expect(page.locator("#send-subject")).to_have_text("#4711: The shop shows an error")
    api.says("tickets", {"reference": "HP-1"}, 201)
    with page.expect_request("**/api/tickets") as sent:
        page.click("#send-now")
    assert (sent.value.post_data_json or {})["subject"] == "#4711: The shop shows an error"


def test_a_link_does_not_replace_what_the_owner_typed(page: Page) -> None:
    page.goto("/")
    page.fill("#message", "My own words")
    page.goto("/?message=Other%20words&name=Other")
    expect(page.locator("#message")).to_have_value("My own words")


def test_a_path_without_a_page_is_styled_and_leads_to_the_form(
    page: Page, recorder: Recorder
) -> None:
    page.goto("/nothing/here")
    expect(page.locator("h1")).to_have_text("There is no page at this address")
    expect(page.locator("#support-name")).to_have_text("Acme Support")
    check(page)
    page.click("main a")
    expect(page.locator("#what")).to_be_visible()
    recorder.complaints.clear()  # Chromium notes the status of the page.


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("door", ["consent", "paste"])
def test_next_stays_where_it_is_and_keeps_its_word_whatever_the_check_finds(
    page: Page, api: FakeApi, door: str, width: int
) -> None:
    """Who reaches for it, or types on in the next field, is not to miss it."""
    page.set_viewport_size({"width": width, "height": 800})
    fill_in(page)
    if door == "paste":
        page.click("#doors summary")
        page.click("[data-open=paste]")
    stood = page.locator("#check").bounding_box()
    api.is_silent("sites")
    page.fill("#url", "bakery.example")
    expect(page.locator("#site-status")).to_contain_text("Checking")
    assert page.locator("#check").bounding_box() == stood
    api.says("sites", FOUND)
    page.fill("#url", "www.bakery.example")
    expect(page.locator("#site-status")).to_contain_text("ready")
    assert page.locator("#check").bounding_box() == stood
    problem = {"code": "firewall", "message": "No.", "fix": "No."}
    api.says("sites", {"site": None, "consent_url": None, "problem": problem})
    page.fill("#url", "shop.example")
    expect(page.locator("#site-problem")).to_be_visible()
    assert page.locator("#check").bounding_box() == stood
    expect(page.locator("#check")).to_have_text("Next")
    check(page)
    for field in page.locator("#site [required] >> visible=true").all()[1:]:
        field.fill("bella")
    page.evaluate("scrollTo(0, document.querySelector('#check').offsetTop - innerHeight + 80)")
    page.click("#check")
    expect(page.locator("#site-problem")).to_be_in_viewport(ratio=1)
