"""The form in its rarer moments, with a server that answers as each test wants."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib.onetime.envelope import Link, decode
from tests.browser.fake_api import (
    APPROVED,
    CONSENT_URL,
    FOUND,
    NOW,
    SITE,
    FakeApi,
    approve,
    at_the_end,
    check,
    choose_time,
    describe,
    fill_in,
    leave,
    say_it_is_sent,
    settle,
    without_access,
)
from tests.browser.people import MESSAGE
from tests.browser.recorder import Recorder
from tests.browser.test_receipt import NO_STORAGE

MADE = {"state": "active", "site": SITE, "username": "support1", "login_url": SITE["login_url"]}


def come_by(page: Page, door: str, **typed: str) -> None:
    """Come to the last step through another door, with what is typed there."""
    fill_in(page)
    page.click("#doors summary")
    page.click(f"[data-open={door}]")
    for field, text in typed.items():
        page.fill(f"#{field}", text)
    _go_on(page, "site")
    expect(page.locator("#time h2")).to_be_focused()
    _go_on(page, "time")
    at_the_end(page)


def paste(page: Page, api: FakeApi) -> None:
    """Come to the last step, with a pasted application password."""
    api.says("sites", FOUND)
    come_by(page, "paste", url="bakery.example", user_login="b", application_password="abcd")


def make_by_hand(page: Page) -> None:
    """Come to the last step, with a user made by hand."""
    address = "bakery.example/my-login"
    come_by(page, "made", url=address, username="help<er", password="made-by-hand")


def refuse(api: FakeApi, path: str, code: str, status: int = 400, **details: object) -> None:
    api.says(path, {"code": code, "message": "No.", **details}, status)


def make(api: FakeApi) -> None:
    api.says("users", {**MADE, "grant_id": "G" * 22, "expires_at": NOW + 86400}, 201)


def test_an_address_with_http_is_checked_with_https(page: Page) -> None:
    fill_in(page)
    answer: dict[str, Any] = FOUND

    def answer_check(route: Route) -> None:
        refused = {"code": "invalid_input", "message": "No.", "field": "site_url"}
        if (route.request.post_data_json or {})["url"].startswith("http://"):
            route.fulfill(json=refused, status=400)
        else:
            route.fulfill(json=answer)

    page.route("**/api/sites", answer_check)
    page.fill("#url", "http://bakery.example")
    page.click("#check")
    expect(page.locator("#time h2")).to_be_focused()
    page.click("#time [data-back]")
    answer = {"site": None, "consent_url": None, "problem": {"code": "site_unreachable"}}
    page.fill("#url", "http://old.bakery.example")
    page.click("#check")
    expect(page.locator("#site-problem")).to_contain_text("could not reach that site over https")


def test_another_address_leaves_nothing_of_the_earlier_site(page: Page, api: FakeApi) -> None:
    choose_time(page, api)
    page.click("#time [data-back]")
    page.fill("#url", "other.example")
    page.click("#doors summary")
    page.click("[data-open=none]")
    at_the_end(page)
    api.says("tickets", {"reference": "HP-1"}, 201)
    with page.expect_request("**/api/tickets") as sent:
        page.click("#send-now")
    assert (sent.value.post_data_json or {})["site_url"] == "other.example"


def test_a_late_response_does_not_leave_the_step_that_was_chosen_meanwhile(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/api/sites", hold)
    fill_in(page)
    with page.expect_request("**/api/sites"):
        page.fill("#url", "bakery.example")
        page.click("#check")
    page.click("#site [data-back]")
    expect(page.locator("#what h2")).to_be_focused()
    with page.expect_response("**/api/sites"):
        waiting[0].fulfill(json=FOUND)
    settle(page)
    expect(page.locator("#what h2")).to_be_focused()
    expect(page.locator("#time")).to_be_hidden()


def test_a_late_step_does_not_leave_the_step_that_was_chosen_meanwhile(
    page: Page, api: FakeApi
) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/js/form/time-step.js", hold)
    api.says("sites", FOUND)
    with page.expect_request("**/js/form/time-step.js"):
        fill_in(page)
    page.fill("#url", "bakery.example")
    page.click("#check")
    page.wait_for_url("**/#time")  # The answer has come, and the page has begun to go on.
    page.go_back()
    page.click("#site [data-back]")
    expect(page.locator("#what h2")).to_be_focused()
    with page.expect_response("**/js/form/time-step.js"):
        waiting[0].continue_()
    page.evaluate("import('/js/form/time-step.js')")
    settle(page)
    expect(page.locator("#what h2")).to_be_focused()
    expect(page.locator("#time")).to_be_hidden()


def test_the_language_chosen_last_is_spoken(page: Page) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/i18n/de.json", hold)
    page.goto("/")
    with page.expect_request("**/i18n/de.json"):
        page.select_option("#language", "de")
    page.select_option("#language", "fr")
    expect(page.locator("#what button")).to_have_text("Suivant")
    with page.expect_response("**/i18n/de.json"):
        waiting[0].continue_()
    settle(page)
    expect(page.locator("#what button")).to_have_text("Suivant")


@pytest.mark.parametrize("code", ["site_unsupported", "consent_rejected"])
def test_a_refusal_after_which_the_approval_is_used_up_asks_for_another(
    page: Page, api: FakeApi, code: str
) -> None:
    approve(page, api)
    refuse(api, "users", code, 422, reason="creation_refused", key_left=True)
    page.click("#send-now")
    expect(page.locator("#send-problem")).to_contain_text("that you have just approved")
    check(page)
    page.click("text=Approve again")
    expect(page.locator("#time h2")).to_be_focused()
    expect(page.locator("#time").get_by_text("Approve on my WordPress")).to_be_visible()


def test_a_pasted_key_that_is_used_up_is_asked_for_again(page: Page, api: FakeApi) -> None:
    paste(page, api)
    refuse(api, "users", "site_unsupported", 422, reason="creation_refused")
    page.click("#send-now")
    expect(page.locator("#send-problem")).to_contain_text("refused to make")
    page.click("#send-now")
    expect(page.locator("#site h2")).to_be_focused()
    expect(page.locator("#application_password")).to_have_value("")


@pytest.mark.parametrize(
    ("field", "complaint"),
    [("user_login", "#user_login-wrong"), ("application_password", "#application_password-wrong")],
)
def test_a_pasted_value_that_is_refused_has_an_error_beside_it(
    page: Page, api: FakeApi, field: str, complaint: str
) -> None:
    paste(page, api)
    refuse(api, "users", "invalid_input", field=field)
    page.click("#send-now")
    expect(page.locator(complaint)).to_contain_text("cannot be used")
    expect(page.locator(f"#{field}")).to_be_focused()


@pytest.mark.parametrize(
    ("details", "said", "marked"),
    [
        ({}, "did not accept this user name and application password", 2),
        ({"reason": "mistyped"}, "did not accept this user name and application password", 2),
        ({"reason": "login_not_taken"}, "takes no user name with a colon", 0),
        ({"reason": "checked_by_plugin"}, "A plugin of your site", 0),
    ],
)
def test_a_pasted_approval_is_called_mistyped_only_when_it_may_be(
    page: Page, api: FakeApi, details: dict[str, object], said: str, marked: int
) -> None:
    paste(page, api)
    refuse(api, "users", "consent_rejected", 401, **details)
    page.click("#send-now")
    expect(page.locator("#send-problem")).to_contain_text(said)
    page.click("#send-now")
    expect(page.locator("#site h2")).to_be_focused()
    expect(page.locator("#site .wrong")).to_have_count(marked)


def test_a_user_name_that_is_refused_has_an_error_beside_it(page: Page, api: FakeApi) -> None:
    make_by_hand(page)
    refuse(api, "grants", "invalid_input", field="username")
    with page.expect_request("**/api/grants") as sent:
        page.click("#send-now")
    assert (sent.value.post_data_json or {})["site_url"] == "https://bakery.example"
    expect(page.locator("#username-wrong")).to_contain_text("cannot be used")
    page.fill("#username", "helper")
    _go_on(page, "site")
    _go_on(page, "time")
    expect(page.locator("#name")).to_be_enabled()


def test_a_number_of_days_that_was_refused_leads_to_the_days(page: Page, api: FakeApi) -> None:
    approve(page, api)
    refuse(api, "users", "invalid_input", field="days")
    page.click("#send-now")
    expect(page.locator("#time h2")).to_be_focused()
    expect(page.locator("#notice")).to_contain_text("not right")


@pytest.mark.parametrize(
    ("path", "code", "details", "where"),
    [
        ("secrets", "secret_exists", {}, "#send [data-back]"),
        ("secrets", "not_found", {}, "#send [data-back]"),
        ("tickets", "invalid_input", {"field": "name"}, "#name-wrong"),
        ("tickets", "invalid_input", {"field": "message"}, "#message-wrong"),
    ],
)
def test_what_cannot_be_finished_is_ended_and_can_be_changed(
    page: Page, api: FakeApi, path: str, code: str, details: dict[str, Any], where: str
) -> None:
    approve(page, api)
    make(api)
    api.says("secrets", {}, 201)
    refuse(api, path, code, **details)
    api.says("grants/*/end", {"state": "ended", "ended_at": NOW})
    with page.expect_request("**/end") as ended:
        page.click("#send-now")
    assert ended.value.headers["authorization"].startswith("Bearer ")
    expect(page.locator(where)).to_be_visible()
    assert page.evaluate("history.state") is None
    if where in ("#message-wrong", "#name-wrong"):
        page.click("#what button")
        expect(page.locator("#site h2")).to_be_focused()
    else:
        page.click("#send-now")
        expect(page.locator("#time h2")).to_be_focused()


def test_an_approval_that_never_reached_the_server_is_not_called_deleted(
    page: Page, api: FakeApi
) -> None:
    api.is_silent("users")
    page.clock.install()
    choose_time(page, api)
    page.goto(f"/#consent={leave(page)}?{APPROVED}")
    with page.expect_request("**/api/users"):
        page.clock.run_for(1)
    page.clock.run_for(4_000)
    at_the_end(page)
    api.says("grants/*/end", {"code": "not_found", "message": "No."}, 404)
    page.reload()

    expect(page.locator("#notice")).to_contain_text("so please approve once more")
    expect(page.locator("#notice")).not_to_contain_text("we delete your approval")
    expect(page.locator("#unused a")).to_be_visible()
    assert "application-passwords" in (page.get_attribute("#unused a", "href") or "")


def test_back_from_what_is_sent_begins_anew(page: Page, api: FakeApi) -> None:
    without_access(page)
    say_it_is_sent(page, api)
    with page.expect_event("load"):
        page.go_back()
    expect(page.locator("#what")).to_be_visible()
    expect(page.locator("#message")).to_have_value("")


def test_words_that_stand_nowhere_else_stay_and_are_accessible(page: Page, api: FakeApi) -> None:
    approve(page, api)
    page.check("#protect")
    expect(page.locator("#passphrase")).not_to_be_empty()
    words = page.text_content("#passphrase") or ""
    make(api)
    api.says("secrets", {}, 201)
    api.says("tickets", {"reference": "HP-1"}, 201)
    page.click("#send-now")
    expect(page.locator("#sent-words output")).to_have_text(words)
    check(page)
    page.go_back()
    expect(page.locator("#sent-words output")).to_have_text(words)
    expect(page.locator("#sent-words")).to_be_visible()


def test_the_address_of_a_hidden_sign_in_page_travels_sealed(page: Page, api: FakeApi) -> None:
    approve(page, api, problem={"code": "hidden_login", "message": "Hidden.", "fix": "Tell."})
    page.fill("#login_url", "no address")
    page.click("#send-now")
    expect(page.locator("#login_url-wrong")).to_be_visible()
    check(page)
    page.fill("#login_url", "bakery.example/enter")
    page.reload()
    page.goto(f"/#consent={leave(page)}?{APPROVED}")
    expect(page.locator("#login_url")).to_have_value("bakery.example/enter")
    make(api)
    api.says("secrets", {}, 201)
    api.says("tickets", {"reference": "HP-1"}, 201)
    with page.expect_request("**/api/secrets") as kept, page.expect_request("**/tickets") as sent:
        page.click("#send-now")
    link = (sent.value.post_data_json or {})["link"].partition("#")[2]
    sealed = decode((kept.value.post_data_json or {})["ciphertext"])
    plain = json.loads(Link.derive(decode(link)).open(sealed))
    assert plain["login_url"] == "https://bakery.example/enter"
    assert "bakery.example/enter" not in (sent.value.post_data or "")


def test_a_date_is_checked_after_it_was_typed_and_has_an_error_when_it_is_too_late(
    page: Page, api: FakeApi
) -> None:
    choose_time(page, api)
    page.click("#other-day summary")
    late = (date.today() + timedelta(days=90)).isoformat()  # noqa: DTZ011  The visitor's day.
    page.fill("#date", late)
    page.locator("#date").blur()
    expect(page.locator("#date-wrong")).to_contain_text("Please choose a day from")
    expect(page.locator("#date")).to_have_value(late)
    check(page)
    page.locator("#time").get_by_text("Approve on my WordPress").click()
    expect(page.locator("#date")).to_be_focused()

    good = (date.today() + timedelta(days=5)).isoformat()  # noqa: DTZ011
    page.fill("#date", good)
    expect(page.locator("#date-wrong")).to_have_count(0)
    expect(page.locator("#consent-until")).to_contain_text("(5 days)")
    page.fill("#date", late)
    page.check("#choices input[value='7']")
    expect(page.locator("#date-wrong")).to_have_count(0)
    expect(page.locator("#consent-until")).to_contain_text("(7 days)")


def test_a_moment_without_network_does_not_lose_the_approval(
    page: Page, api: FakeApi, recorder: Recorder
) -> None:
    choose_time(page, api)
    state = leave(page)
    page.route("**/config.json", lambda route: route.abort(), times=2)
    page.goto(f"/#consent={state}?{APPROVED}")
    expect(page.locator("#send h2")).to_be_focused()
    expect(page.locator("#not-loaded")).to_be_hidden()
    assert recorder.complaints
    recorder.complaints.clear()


def test_a_step_that_does_not_come_is_not_silent(page: Page, recorder: Recorder) -> None:
    page.goto("/")
    page.route("**/js/form/site-step.js*", lambda route: route.abort())
    describe(page)
    expect(page.locator("#not-loaded")).to_be_visible()
    expect(page.locator("#what button")).not_to_have_attribute("aria-disabled", "true")
    page.unroute("**/js/form/site-step.js*")
    page.reload()
    expect(page.locator("#message")).to_have_value(MESSAGE)
    page.click("#what button")
    expect(page.locator("#site h2")).to_be_focused()
    expect(page.locator("#not-loaded")).to_be_hidden()
    assert recorder.complaints
    recorder.complaints.clear()


@pytest.mark.parametrize("path", ["/", "/open", "/receipt", "/share", "/team", "/nothing"])
def test_a_page_whose_modules_do_not_come_says_so_after_a_while(
    page: Page, recorder: Recorder, path: str
) -> None:
    page.route("**/js/**", lambda route: route.abort())
    page.goto(path)
    warning = page.locator("#not-loaded")
    passed = "(e, at) => e.getAnimations().forEach((each) => (each.currentTime = at))"
    warning.evaluate(passed, 7_900)
    expect(warning).to_be_hidden()
    expect(warning).to_have_css("position", "absolute")  # Until then it takes no room.
    warning.evaluate(passed, 8_000)
    expect(warning).to_be_visible()
    expect(warning).to_have_css("position", "static")
    assert recorder.complaints
    recorder.complaints.clear()


def test_a_browser_that_keeps_nothing_still_sends(page: Page, api: FakeApi) -> None:
    page.add_init_script(NO_STORAGE)
    fill_in(page)
    page.select_option("#language", "de")
    expect(page.locator("#site h2")).to_have_text("Zugang zu Ihrer Website erlauben")
    page.select_option("#language", "en")
    page.click("#doors summary")
    page.click("[data-open=none]")
    at_the_end(page)
    api.says("tickets", {"reference": "HP-1"}, 201)
    page.click("#send-now")
    expect(page.locator("#sent h2")).to_be_focused()


def test_a_second_tab_with_the_same_draft_has_its_own_trip(page: Page, api: FakeApi) -> None:
    choose_time(page, api)
    with page.expect_popup() as copied:
        page.evaluate("void window.open('/')")
    second = copied.value
    FakeApi(second).says("sites", FOUND)
    expect(second.locator("#time h2")).to_be_visible()
    second.goto(f"/#consent={leave(second)}?{APPROVED}")
    expect(second.locator("#send h2")).to_be_focused()

    expect(page.locator("#time")).to_be_visible()
    state = leave(page)
    assert CONSENT_URL in page.url
    page.goto(f"/#consent={state}?{APPROVED}")
    expect(page.locator("#send h2")).to_be_focused()


def _go_on(page: Page, step: str) -> None:
    page.click(f"#{step} .actions button:visible >> nth=0")


def test_a_site_that_names_the_approval_page_of_another_is_not_approved(
    page: Page, api: FakeApi
) -> None:
    page_of_victim = "https://victim.example/wp-admin/authorize-application.php"
    api.says("sites", {**FOUND, "consent_url": page_of_victim})
    fill_in(page)
    page.fill("#url", "bakery.example")
    page.click("#check")
    expect(page.locator("#site-problem")).to_contain_text("on one host")
    expect(page.locator("#site")).to_be_visible()
