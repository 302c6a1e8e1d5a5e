"""What every state of every page keeps: accessible, light, calm, and usable without a mouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import brotli
import pytest
import requests
from playwright.sync_api import Browser, Page, Route, expect

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
    describe,
    fill_in,
    leave,
    say_it_is_sent,
    settle,
    without_access,
)
from tests.browser.people import MESSAGE, SENDER
from tests.browser.team_browser import give_key, name_keys
from tests.team_key import TeamKey

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
SVG = "image/svg+xml"


def test_the_forms_first_steps(page: Page, api: FakeApi) -> None:
    page.goto("/")
    check(page)
    page.click("#what button")
    expect(page.locator("#message-wrong")).to_be_visible()
    expect(page.locator("#message")).to_be_focused()
    check(page)
    fill_in(page)
    check(page)
    page.click("#check")
    expect(page.locator("#url-wrong")).to_be_visible()
    problem = {"code": "odd_answer", "message": "Odd.", "fix": "Pause."}
    api.says("sites", {"site": None, "consent_url": None, "problem": problem})
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#site-problem")).to_contain_text("A caching or security plugin")
    check(page)
    for door in ("paste", "made"):
        page.click(f"[data-open={door}]")
        expect(page.locator(f"[data-open={door}]")).to_be_hidden()
        check(page)
        page.click("#doors summary")


def test_the_forms_last_steps(page: Page, api: FakeApi) -> None:
    fill_in(page)
    api.says("sites", FOUND)
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()
    page.click("#other-day summary")
    check(page)
    state = leave(page)
    page.goto(f"/#consent={state}?site_url=https://bakery.example&user_login=b&password=abcd")
    expect(page.locator("#send h2")).to_be_focused()
    page.check("#protect")
    expect(page.locator("#passphrase")).not_to_be_empty()
    page.click("#see summary")
    check(page)
    api.is_silent("users")
    page.click("#send-now")
    expect(page.locator("#progress-access")).to_contain_text("Creating the temporary account")
    check(page)


def test_the_site_is_checked_while_its_address_is_typed(page: Page, api: FakeApi) -> None:
    fill_in(page)
    api.says("sites", FOUND)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
    page.type("#url", "bakery.example")
    expect(page.locator("#site-check")).to_contain_text("This site is ready.")
    expect(page.locator("#site-check")).to_contain_text("Bella's Bakery")
    expect(page.locator("#check")).to_have_text("Next")
    check(page)

    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()
    assert len(asked) == 1, "one check while typing, and none for the press"


def test_a_problem_of_the_site_is_shown_while_its_address_is_typed_and_can_be_checked_again(
    page: Page, api: FakeApi
) -> None:
    fill_in(page)
    page.route("**/api/sites", lambda route: route.abort())
    with page.expect_request("**/api/sites"):
        page.type("#url", "bakery.example")
    expect(page.locator("#site-status")).to_be_hidden()
    expect(page.locator("#site-problem")).to_be_hidden()  # No word about our own line.

    problem = {"code": "not_wordpress", "message": "None.", "fix": "Look."}
    api.says("sites", {"site": None, "consent_url": None, "problem": problem})
    page.type("#url", "/shop")
    expect(page.locator("#site-problem")).to_contain_text("no WordPress at this address")
    expect(page.locator("[data-open=made]")).to_be_hidden()  # The owner may still be typing.

    problem = {"code": "app_passwords_off", "message": "Off.", "fix": "On."}
    api.says("sites", {"site": SITE, "consent_url": None, "problem": problem})
    page.type("#url", "s")
    expect(page.locator("#site-problem")).to_contain_text("Wordfence")
    expect(page.locator("[data-open=made]")).to_be_visible()
    expect(page.locator("#check")).to_have_text("Next")

    api.says("sites", FOUND)
    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()


def test_a_late_answer_about_another_address_is_not_shown(page: Page) -> None:
    fill_in(page)
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/api/sites", hold)
    with page.expect_request("**/api/sites"):
        page.type("#url", "bakery.example")
    with page.expect_request("**/api/sites"):
        page.type("#url", "/shop")
    while len(waiting) < 2:
        page.evaluate("1")  # Playwright hands requests over while it waits for something.
    late, answered = waiting
    problem = {"code": "multisite", "message": "No.", "fix": "No."}
    answered.fulfill(json=FOUND)
    expect(page.locator("#site-check")).to_contain_text("This site is ready.")
    with page.expect_response("**/api/sites"):
        late.fulfill(json={"site": None, "consent_url": None, "problem": problem})
    settle(page)

    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()
    page.click("#time [data-back]")
    expect(page.locator("#site-problem")).to_be_hidden()


def test_a_link_may_bring_the_address_along(page: Page, api: FakeApi) -> None:
    api.says("sites", FOUND)
    page.goto("/?site=bakery.example")
    expect(page.locator("#language")).to_be_visible()
    assert "?" not in page.url
    describe(page)
    expect(page.locator("#url")).to_have_value("bakery.example")
    expect(page.locator("#site-check")).to_contain_text("This site is ready.")


def test_the_sites_icon_is_shown_where_there_is_one(page: Page, api: FakeApi) -> None:
    icon = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>'
    page.route("https://*/icon", lambda route: route.fulfill(body=icon, content_type=SVG))
    fill_in(page)
    api.says("sites", {**FOUND, "site": {**SITE, "icon_url": "https://bakery.example/icon"}})
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#found img")).to_be_visible()
    page.click("#time [data-back]")
    api.says("sites", {**FOUND, "site": {**SITE, "icon_url": "https://bakery.example/none"}})
    page.route("https://*/none", lambda route: route.fulfill(status=200, body="", content_type=SVG))
    page.fill("#url", "www.bakery.example")
    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()
    expect(page.locator("#found img")).to_have_count(0)


def test_a_failed_set_up_and_what_follows(page: Page, api: FakeApi) -> None:
    approve(page, api)
    api.says("users", {"code": "not_administrator", "message": "No."}, 403)
    page.click("#send-now")
    expect(page.locator("#send-problem")).to_contain_text("as an administrator")
    check(page)
    page.click("text=Approve again")
    expect(page.locator("#time h2")).to_be_focused()


def test_a_message_without_access(page: Page, api: FakeApi) -> None:
    without_access(page)
    check(page)
    say_it_is_sent(page, api)
    check(page)


def test_the_one_time_page_before_it_opens(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    api.says("secrets/*/open", {"code": "wrong_passphrase", "message": "No.", "tries_left": 3}, 403)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#waiting")).to_be_visible()
    check(page)
    page.fill("#passphrase", "not these words")
    page.keyboard.press("Enter")
    expect(page.locator("#open-problem")).to_contain_text("Tries left: 3")
    check(page)


@pytest.mark.parametrize(
    ("secret", "grant", "said"),
    [
        ({"state": "opened", "opened_at": NOW - 600}, {}, "This link has been opened"),
        ({"state": "locked", "unlocks_at": NOW + 600}, {}, "Too many wrong passphrases"),
        ({}, {"state": "ended", "ended_at": NOW - 60}, "The access has ended"),
    ],
)
def test_the_one_time_page_when_there_is_nothing_to_open(
    page: Page, api: FakeApi, secret: dict[str, Any], grant: dict[str, Any], said: str
) -> None:
    api.says("secrets/*", {**SECRET, **secret})
    api.says("grants/*", {**GRANT, **grant})
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone h2")).to_have_text(said)
    check(page)
    if page.locator("#end-now").is_visible():
        page.click("#end-now")
        expect(page.locator("#confirm")).to_be_visible()
        check(page)
        page.keyboard.press("Escape")
        expect(page.locator("#confirm")).to_be_hidden()
        expect(page.locator("#end-now")).to_be_focused()


@pytest.mark.parametrize(
    ("details", "said", "why"),
    [
        ({"gone": "burned", "at": NOW - 60}, "The owner withdrew this link", "That was on"),
        ({"gone": "expired", "at": NOW - 60}, "This link has expired", "It expired on"),
        ({"gone": "ended", "at": NOW - 60}, "The access has ended", "It ended on"),
        (
            {"gone": "ending", "at": NOW - 60},
            "The end of this access was asked for",
            "not confirmed",
        ),
        ({}, "This link does not open anything any more", "It has expired, the owner"),
        (
            {"gone": "forgotten"},
            "This link does not open anything any more",
            "It has expired, the owner",
        ),
    ],
)
def test_a_link_without_a_secret_shows_when_and_why(
    page: Page, api: FakeApi, details: dict[str, Any], said: str, why: str
) -> None:
    api.says("secrets/*", {"code": "not_found", "message": "No.", **details}, 404)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone h2")).to_have_text(said)
    expect(page.locator("#gone")).to_contain_text(why)
    assert "{" not in (page.text_content("#gone") or "")
    check(page)


@pytest.mark.parametrize(
    "secret",
    [{**SECRET, "state": "locked", "unlocks_at": NOW + 600}, {"gone": "burned", "at": NOW}],
)
def test_without_the_links_own_token_the_end_is_not_offered(
    page: Page, api: FakeApi, secret: dict[str, Any]
) -> None:
    lost = {"code": "not_found", "message": "No.", "grant_id": "G" * 22}
    api.says("secrets/*", {**lost, **secret}, 404 if "gone" in secret else 200)
    api.says("grants/*", {"code": "not_found", "message": "No."}, 404)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone")).to_be_visible()
    expect(page.locator("#end")).to_be_hidden()


def test_a_waiting_link_shows_no_address_of_the_owner(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", {**GRANT, "owner_email": "olivia@bakery.example"})
    page.goto(f"/open#{LINK}")
    expect(page.locator("#waiting")).to_be_visible()
    assert "olivia" not in page.content()


def test_a_repair_shows_who_would_be_deleted(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "by_hand": True, "can": ["repair", "say_gone"]})
    api.says("sites", FOUND)
    found = {
        "id": 7,
        "username": "helper",
        "name": "Helper",
        "email": "helper@acme.example",
        "roles": ["administrator"],
        "registered_at": NOW - 3600,
        "posts": None,
    }
    api.says("grants/*/repair", {"grant_id": "G" * 22, "state": "active", "found": found})
    page.route("https://bakery.example/**", lambda route: route.fulfill(body="consent"))
    page.goto(RECEIPT)
    page.click("#repair")
    page.wait_for_url("https://bakery.example/**")
    back = parse_qs(urlsplit(page.url).query)["success_url"][0]

    page.goto(f"{back}?{APPROVED}")

    shown = page.locator("#confirm-user")
    expect(shown).to_contain_text("Delete this user?")
    for said in ("helper", "helper@acme.example", "administrator"):
        expect(shown).to_contain_text(said)
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#notice")).to_contain_text("Nobody was deleted")


def test_ending_a_manual_grant_asks_its_owner(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", {**SECRET, "state": "opened", "opened_at": NOW - 600})
    api.says("grants/*", {**GRANT, "by_hand": True})
    api.says("grants/*/end", {"grant_id": "G" * 22, "state": "active"}, 202)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#end-lead")).to_contain_text("only the owner can delete it")
    page.click("#end-now")
    expect(page.locator("#confirm")).to_contain_text("We ask them to delete it now")
    check(page)
    page.click("#confirm button[value=yes]")
    expect(page.locator("#ended h2")).to_have_text("The owner is asked to delete the account")
    check(page)


def test_a_broken_link_and_another_one_in_the_same_tab(page: Page, api: FakeApi) -> None:
    page.goto("/open#short")
    expect(page.locator("#gone h2")).to_have_text("This link is not complete")
    check(page)
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    page.evaluate(f"location.hash = '{LINK}'")
    expect(page.locator("#waiting")).to_be_visible()
    page.reload()
    expect(page.locator("#gone h2")).to_have_text("Please open the link from the ticket again")
    page.route("**/api/secrets/*", lambda route: route.abort())
    page.evaluate(f"location.hash = '{LINK}'")
    expect(page.locator("#gone h2")).to_have_text("We could not check this link")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "can sign in to bakery.example"),
        ({"overdue": True, "expires_at": NOW - 60}, "should be over, but is not"),
        ({"by_hand": True, "can": ["end", "repair", "say_gone"]}, "can sign in to bakery.example"),
        (
            {"by_hand": True, "end_requested_at": NOW - 5, "can": ["end", "repair", "say_gone"]},
            "The work on bakery.example is done",
        ),
        ({"end_requested_at": NOW - 5, "can": ["end"]}, "is being ended"),
        (
            {"by_hand": True, "overdue": True, "not_confirmed_since": NOW - 5, "can": ["say_gone"]},
            "Nobody has confirmed that the account on bakery.example is gone",
        ),
        (
            {
                "state": "preparing",
                "held_until": NOW + 600,
                "expires_at": NOW + 600,
                "timeline": [{"at": NOW - 60, "event": "consent_held", "by": "owner"}],
                "can": ["end"],
            },
            "Your approval for bakery.example waits",
        ),
        (
            {
                "state": "ended",
                "ended_at": NOW,
                "can": [],
                "report": [
                    {"change": "administrator_added", "name": "mallory", "detail": ""},
                    {"change": "plugin_added", "name": "Backups", "detail": "inactive"},
                    {"change": "not_seen", "name": "themes", "detail": ""},
                ],
            },
            "has ended",
        ),
    ],
)
def test_the_receipt(page: Page, api: FakeApi, changes: dict[str, Any], said: str) -> None:
    api.says("grants/*", {**GRANT, **changes})
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_contain_text(said)
    if page.locator("#more").is_visible():
        page.click("#more")
        expect(page.locator("#extend")).to_be_visible()
    if "report" in changes:
        expect(page.locator("#changes li")).to_have_count(3)
        expect(page.locator("#changes")).to_contain_text("New administrator: mallory")
        expect(page.locator("#changes")).to_contain_text("Plugin added: Backups (not active)")
    check(page)
    page.reload()
    expect(page.locator("#state")).to_contain_text(said)


def test_a_receipt_without_its_link(page: Page) -> None:
    page.goto("/receipt")
    expect(page.locator("#missing h2")).to_contain_text("open your receipt from the mail")
    check(page)


def test_the_receipt_asks_gently_and_not_at_all_once_it_is_over(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    page.clock.install()
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_contain_text("can sign in")
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
    page.clock.run_for(5_000)
    assert asked == [], "not more often than every ten seconds"

    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW, "can": []})
    with page.expect_response("**/api/grants/*"):
        page.clock.run_for(10_000)
    expect(page.locator("#state")).to_contain_text("has ended")
    asked.clear()
    page.clock.run_for(600_000)
    assert asked == []


def test_the_form_works_with_the_keyboard_alone(page: Page, api: FakeApi) -> None:
    api.says("sites", FOUND)
    page.goto("/")
    expect(page.locator("#support-name")).to_have_text("Acme Support")
    page.keyboard.press("Tab")
    expect(page.locator("#language")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type(MESSAGE.replace("\n", " "))
    for value in SENDER.values():
        page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#site h2")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("bakery.example")
    page.keyboard.press("Enter")
    expect(page.locator("#time h2")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#choices input:checked")).to_be_focused()


def test_less_motion_is_respected(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")
    duration = "getComputedStyle(document.querySelector('button')).transitionDuration"
    assert page.evaluate(duration) in ("0s", "")


@pytest.mark.parametrize("path", ["/", "/open", "/receipt", "/share", "/team"])
def test_without_javascript_the_page_explains_what_to_do(
    browser: Browser, base_url: str, path: str
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=base_url)
    page = context.new_page()
    page.goto(path)
    expect(page.locator("noscript p")).to_contain_text("JavaScript")
    expect(page.locator(".needs-script >> visible=true")).to_have_count(0)
    context.close()


@pytest.mark.parametrize(
    ("path", "most_bytes", "most_requests"),
    [
        ("/", 15 * 1024, 7),
        (f"/open#{LINK}", 12 * 1024, 9),
        (RECEIPT, 20 * 1024, 12),
        ("/share", 15 * 1024, 8),
        ("/team", 32 * 1024, 18),
    ],
)
def test_a_first_visit_is_light(
    page: Page, api: FakeApi, path: str, most_bytes: int, most_requests: int
) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    with _files(page) as loaded:
        page.goto(path, wait_until="networkidle")
    weight = sum(len(brotli.compress(_file(path).read_bytes())) for path in loaded)

    assert weight <= most_bytes, loaded
    assert len(loaded) <= most_requests, loaded


def test_a_first_visit_is_light_with_a_key_of_the_team(page: Page, api: FakeApi) -> None:
    """What seals and opens is loaded when there is a key to seal to, or a box to open."""
    key = TeamKey.make()
    name_keys(page.context, key.public)
    give_key(page.context, key)
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    for path, most_bytes, most_requests in (
        ("/", 15 * 1024, 7),
        (f"/open#{key.seal(bytes(32))}", 17 * 1024, 15),
    ):
        with _files(page) as loaded:
            page.goto(path, wait_until="networkidle")
        weight = sum(len(brotli.compress(_file(path).read_bytes())) for path in loaded)

        assert weight <= most_bytes, loaded
        assert len(loaded) <= most_requests, loaded
        page.goto("about:blank")


def test_pages_travel_compressed_and_are_asked_for_again_only_when_changed(base_url: str) -> None:
    accepting = {"Accept-Encoding": "gzip, deflate, br"}
    first = requests.get(f"{base_url}/style.css", headers=accepting, timeout=30)
    assert first.headers["Content-Encoding"] == "br"
    assert first.headers["Vary"] == "Accept-Encoding"
    known = {**accepting, "If-None-Match": first.headers["ETag"]}
    assert requests.get(f"{base_url}/style.css", headers=known, timeout=30).status_code == 304
    plain = requests.get(f"{base_url}/style.css", headers={"Accept-Encoding": ""}, timeout=30)
    assert "Content-Encoding" not in plain.headers
    assert plain.content == first.content


@pytest.mark.parametrize("path", ["/open/", "/receipt/", "/team/"])
def test_a_slash_at_the_end_of_a_page_is_forgiven(base_url: str, path: str) -> None:
    answer = requests.get(f"{base_url}{path}", allow_redirects=False, timeout=30)
    assert (answer.status_code, answer.headers["Location"]) == (301, path[:-1])


def test_a_path_without_a_page_answers_404_with_a_page(base_url: str) -> None:
    answer = requests.get(f"{base_url}/nothing", timeout=30)
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_whole_form_to_send_is_light(page: Page, api: FakeApi) -> None:
    with _files(page) as loaded:
        approve(page, api)
        page.wait_for_load_state("networkidle")
    weight = sum(len(brotli.compress(_file(path).read_bytes())) for path in set(loaded))
    assert weight <= 45 * 1024, loaded


@pytest.mark.parametrize("language", ["de", "es", "fr", "pt", "ar", "ja"])
def test_every_language_fits_and_is_found_in_the_browsers_settings(
    browser: Browser, base_url: str, language: str
) -> None:
    context = browser.new_context(base_url=base_url, locale=language)
    page = context.new_page()
    api = FakeApi(page)
    api.says("secrets/*", {**SECRET, "state": "opened", "opened_at": NOW - 600})
    api.says("grants/*", {**GRANT, "overdue": True, "expires_at": NOW - 60})
    for path, shown in (("/", "#what"), (f"/open#{LINK}", "#gone"), (RECEIPT, "#overdue")):
        page.goto("about:blank")
        page.goto(path)
        expect(page.locator("#language")).to_have_value(language)
        expect(page.locator(shown)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.lang") == language
        assert page.evaluate("getComputedStyle(document.body).direction") == (
            "rtl" if language == "ar" else "ltr"
        )
        assert re.search(r"[{}]", page.inner_text("main")) is None
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        if language == "ar":
            check(page)
    page.select_option("#language", "en")
    expect(page.locator("#state")).to_contain_text("should be over")
    page.reload()
    expect(page.locator("#language")).to_have_value("en")
    context.close()


@pytest.mark.parametrize("path", ["/", f"/open#{LINK}", RECEIPT, "/share", "/team"])
def test_nothing_moves_while_a_page_loads(page: Page, api: FakeApi, path: str) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    page.add_init_script(
        "globalThis.moved = 0; new PerformanceObserver((list) => {"
        "for (const entry of list.getEntries()) globalThis.moved += entry.value"
        "}).observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(path, wait_until="networkidle")
    assert page.evaluate("globalThis.moved") < 0.01


def test_the_one_time_page_forgets_when_it_is_left(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#waiting")).to_be_visible()
    # What the page does with an opened account, without a server that seals one.
    account = {**SITE, "site": SITE["url"], "username": "support1", "password": "very-secret"}
    page.evaluate(
        """async (account) => {
            const { showAccount } = await import("/js/open/opened-account.js")
            showAccount(account, null, () => {}, async () => null)
        }""",
        {**account, "expires_at": NOW + 7200},
    )
    expect(page.locator("#values output").nth(2)).to_have_text("••••••••")
    assert "very-secret" not in page.content()
    page.evaluate("document.querySelectorAll('#values div:nth-child(3) button')[0].click()")
    expect(page.locator("#values output").nth(2)).to_have_text("very-secret")

    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")

    assert "very-secret" not in page.content()
    expect(page.locator("#values button")).to_have_count(0)


@contextmanager
def _files(page: Page) -> Iterator[list[str]]:
    """Collect the paths of our own files that *page* loads."""
    paths: list[str] = []

    def note(url: str) -> None:
        path = urlsplit(url).path
        ours = "//bakery.example/" not in url
        if ours and not path.startswith("/api/") and not url.startswith("data:"):
            paths.append(path)

    page.on("response", lambda response: note(response.url))
    yield paths


def _file(path: str) -> Path:
    file = FRONTEND / (path.lstrip("/") or "index.html")
    return file if file.suffix else file.with_suffix(".html")
