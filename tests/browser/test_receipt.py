"""The receipt in its rarer moments, with a server that answers as each test wants."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_api import (
    FOUND,
    GRANT,
    NOW,
    RECEIPT,
    SITE,
    FakeApi,
    check,
    hold_clock,
    settle,
    turn_clock_until,
)
from tests.browser.recorder import Recorder

NO_STORAGE = """
for (const name of ["sessionStorage", "localStorage"]) {
    Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError") } })
}
"""


def shown(page: Page, text: str = "") -> None:
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_contain_text(text or "can sign in")
    expect(page.locator("#happened")).to_be_visible()


def asked_of(page: Page) -> list[str]:
    """Collect the calls that *page* makes from now on."""
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
    return asked


def test_between_the_deadline_and_the_sweep_it_asks_gently(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "expires_at": NOW - 30})
    hold_clock(page)
    asked = asked_of(page)
    shown(page)
    expect(page.locator("#left")).to_be_hidden()
    page.clock.run_for(9_000)
    settle(page)
    assert len(asked) == 1
    with page.expect_response("**/api/grants/*"):
        page.clock.run_for(2_000)
    assert len(asked) == 2


def test_a_deadline_that_passes_while_the_page_is_open_starts_no_storm_of_requests(
    page: Page, api: FakeApi
) -> None:
    hold_clock(page)
    api.says("grants/*", {**GRANT, "expires_at": NOW + 4})
    asked = asked_of(page)
    shown(page)
    expect(page.locator("#left")).to_contain_text("left")
    page.clock.run_for(6_000)
    expect(page.locator("#left")).to_be_hidden()
    settle(page)
    assert len(asked) == 1


def test_a_clock_that_is_days_ahead_starts_no_storm(page: Page, api: FakeApi) -> None:
    hold_clock(page, time=NOW + 9 * 86400)
    api.says("grants/*", GRANT)
    asked = asked_of(page)
    shown(page)
    page.clock.run_for(9_000)
    settle(page)
    assert len(asked) == 1


def test_revoking_a_link_that_was_opened_shows_that_it_was(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    api.says("secrets/*/burn", {}, 204)
    shown(page)
    page.click("#burn")
    expect(page.locator("#confirm-burn")).to_be_visible()
    check(page)
    api.says("grants/*", {**GRANT, "secret": {"id": "S" * 22, "state": "opened"}, "can": ["end"]})
    page.click("#confirm-burn button[value=yes]")
    expect(page.locator("#notice")).to_contain_text("had been opened already")
    expect(page.locator("#state")).to_be_focused()
    expect(page.locator("#end-now")).to_be_visible()


def test_an_overdue_grant_shows_since_when_and_why_and_can_be_ended(
    page: Page, api: FakeApi
) -> None:
    timeline = [*GRANT["timeline"][:-1], {**GRANT["timeline"][-1], "detail": "maintenance"}]
    timeline.append(
        {"at": NOW, "event": "removal_failed", "by": "hallpass", "detail": "unheard_of"}
    )
    overdue = {"overdue": True, "end_requested_at": NOW - 86400, "timeline": timeline}
    api.says("grants/*", {**GRANT, **overdue})
    page.clock.install()
    shown(page, "should be over, but is not")
    day = page.evaluate(
        "new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })"
        f".format({(NOW - 86400) * 1000})"
    )
    expect(page.locator("#about")).to_contain_text(day)
    expect(page.locator("#timeline li.bad").nth(1)).to_contain_text("in maintenance mode")
    expect(page.locator("#timeline li.bad").nth(2)).not_to_contain_text("unheard")
    expect(page.locator("#end-now")).to_be_visible()
    check(page)

    api.says("grants/*/end", {"grant_id": "G" * 22, "state": "active"}, 202)
    page.click("#end-now")
    check(page)
    page.click("#confirm-end button[value=yes]")
    expect(page.locator("#notice")).to_contain_text("Deleting the account")
    for _ in range(500):  # The answers come in real time.
        page.clock.run_for(3_000)
        if "and then write to you" in (page.text_content("#notice") or ""):
            break
        settle(page)
    expect(page.locator("#notice")).to_contain_text("and then write to you")
    expect(page.locator("#state")).to_be_focused()


def test_a_receipt_that_cannot_be_refreshed_shows_its_age(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    page.clock.install()
    shown(page)
    expect(page.locator("#stale")).to_be_hidden()
    page.route("**/api/grants/*", lambda route: route.abort())
    page.clock.run_for(10_000)
    expect(page.locator("#stale")).to_contain_text("could not be refreshed")
    check(page)
    page.unroute("**/api/grants/*")
    api.says("grants/*", GRANT)
    page.clock.run_for(10_000)
    expect(page.locator("#stale")).to_be_hidden()


def test_a_receipt_without_a_visit_report_explains_why(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW, "can": [], "report": None})
    shown(page, "has ended")
    expect(page.locator("#report")).to_contain_text("could not see what changed")
    expect(page.locator("#compared")).to_be_hidden()
    check(page)


def test_more_time_is_asked_for_once_and_not_when_it_is_over(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "expires_at": NOW + 86400})
    api.says("grants/*/extend", {**GRANT, "expires_at": NOW + 2 * 86400})
    page.clock.install()
    shown(page)
    page.click("#more")
    with page.expect_request("**/extend") as sent:
        page.click("#extend button >> nth=0")
    assert sent.value.post_data_json == {"days": 1, "expires_at": NOW + 86400}
    expect(page.locator("#state")).to_be_focused()

    page.click("#more")
    expect(page.locator("#extend")).to_be_visible()
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW, "can": [], "report": []})
    page.clock.run_for(10_000)
    expect(page.locator("#state")).to_contain_text("has ended")
    expect(page.locator("#extend")).to_be_hidden()
    # Also where nothing else changed: a new password is the one change that WordPress never shows.
    expect(page.locator("#report")).to_contain_text("nobody whether a password was changed")


def test_a_timeline_that_is_being_read_is_left_alone(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    page.clock.install()
    shown(page)
    page.evaluate("document.querySelector('#timeline li').dataset.kept = 'yes'")
    with page.expect_response("**/api/grants/*"):
        page.clock.run_for(10_000)
    settle(page)
    expect(page.locator("#timeline li[data-kept]")).to_have_count(1)
    event = {"at": NOW, "event": "end_requested", "by": "support"}
    api.says("grants/*", {**GRANT, "timeline": [*GRANT["timeline"], event]})
    page.clock.run_for(10_000)
    expect(page.locator("#timeline")).to_contain_text("“End access now” pressed")


def test_a_reload_during_the_repair_keeps_the_receipt(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "overdue": True})
    api.says("sites", FOUND)
    shown(page, "should be over")
    page.route("https://bakery.example/**", lambda route: route.fulfill(body="consent"))
    page.click("#repair")
    page.wait_for_url("https://bakery.example/**")
    found = re.search(r"repair%3D([\w-]{43})", page.url)
    assert found is not None
    api.is_silent("grants/*/repair")
    credentials = "site_url=https://bakery.example&user_login=b&password=abcd"
    with page.expect_request("**/repair"):
        page.goto(f"/receipt#repair={found[1]}?{credentials}")
    page.reload()
    expect(page.locator("#state")).to_contain_text("should be over")


def test_a_repair_says_where_it_was_approved(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "overdue": True})
    api.says("sites", FOUND)
    shown(page, "should be over")
    page.route("https://bakery.example/**", lambda route: route.fulfill(body="consent"))
    page.click("#repair")
    page.wait_for_url("https://bakery.example/**")
    found = re.search(r"repair%3D([\w-]{43})", page.url)
    assert found is not None
    api.says("grants/*/repair", {"grant_id": GRANT["grant_id"], "state": "ended"})
    credentials = "site_url=https://bakery.example&user_login=b&password=abcd"
    with page.expect_request("**/repair") as sent:
        page.goto(f"/receipt#repair={found[1]}?{credentials}")
    body = sent.value.post_data_json
    assert body is not None
    assert body["approved_on"] == "https://bakery.example"


def test_a_site_that_names_the_approval_page_of_another_is_left_alone(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", {**GRANT, "overdue": True})
    page_of_victim = "https://victim.example/wp-admin/authorize-application.php"
    api.says("sites", {**FOUND, "consent_url": page_of_victim})
    shown(page, "should be over")
    page.route("https://victim.example/**", lambda route: route.fulfill(body="consent"))
    page.click("#repair")
    expect(page.locator("[role=alert] >> visible=true")).to_contain_text("on one host")
    assert "victim.example" not in page.url


@pytest.mark.parametrize("state", ["preparing", "active"])
def test_every_state_is_accessible_and_can_be_printed(page: Page, api: FakeApi, state: str) -> None:
    api.says("grants/*", {**GRANT, "state": state})
    shown(page, "being set up" if state == "preparing" else "can sign in")
    check(page)
    page.emulate_media(media="print")
    expect(page.locator("#timeline li").first).to_be_visible()
    expect(page.locator("button >> visible=true")).to_have_count(0)
    expect(page.locator("select >> visible=true")).to_have_count(0)


def test_dots_of_the_timeline_are_there_in_forced_colours(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    page.emulate_media(forced_colors="active")
    shown(page)
    width = "getComputedStyle(document.querySelector('#timeline li'), '::before').borderTopWidth"
    assert page.evaluate(width) not in ("", "0px")


def test_a_browser_without_storage_shows_the_receipt_and_explains_what_is_missing(
    page: Page, api: FakeApi
) -> None:
    page.add_init_script(NO_STORAGE)
    api.says("grants/*", {**GRANT, "overdue": True})
    api.says("sites", {**FOUND, "site": SITE})
    shown(page, "should be over")
    page.click("#repair")
    expect(page.locator("#notice")).to_contain_text("That did not work this time")
    page.goto("about:blank")
    page.goto("/receipt#repair=x?site_url=x&user_login=y&password=z")
    expect(page.locator("#missing h2")).to_contain_text("open your receipt from the mail")


def test_a_button_whose_module_does_not_come_is_not_silent(
    page: Page, api: FakeApi, recorder: Recorder
) -> None:
    api.says("grants/*", GRANT)
    page.route("**/js/receipt/owner-actions.js*", lambda route: route.abort())
    shown(page)
    page.click("#end-now")
    expect(page.locator("#not-loaded")).to_be_visible()
    check(page)
    assert recorder.complaints
    recorder.complaints.clear()


def test_the_details_of_an_error_are_shown(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    shown(page)
    for answer, said in _ANSWERS:
        api.says("grants/*/end", {"message": "No.", **answer}, 409)
        page.click("#end-now")
        page.click("#confirm-end button[value=yes]")
        expect(page.locator("#now-problem")).to_contain_text(said)
        paragraphs = 3 if answer.get("key_left") or answer["code"] == "consent_rejected" else 2
        expect(page.locator("#now-problem p")).to_have_count(paragraphs)


_ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"code": "too_many_requests", "retry_after": 5000}, "Please wait 1 hour 24 minutes"),
    ({"code": "too_many_requests"}, "Please wait 1 minute"),
    (
        {"code": "site_unsupported", "reason": "multisite", "key_left": True},
        "delete the application password that you have just approved",
    ),
    ({"code": "consent_rejected"}, "Your host can mend that"),
    ({"code": "delivery_failed", "support_has_it": True}, "Support has your message"),
    ({"code": "delivery_failed"}, "could not be sent yet"),
]


@pytest.mark.parametrize(
    ("state", "event", "said", "badge"),
    [
        ("waiting", "ticket_sent", "has not opened the sign-in link yet", "Waiting"),
        ("gone", "link_burned", "Nobody can sign in to bakery.example", "Link withdrawn"),
        ("opened", "link_opened", "can sign in to bakery.example", "Access is open"),
    ],
)
def test_of_a_user_made_by_hand_it_says_who_can_sign_in_now(
    page: Page, api: FakeApi, state: str, event: str, said: str, badge: str
) -> None:
    timeline = [{"at": NOW - 60, "event": event, "by": "owner"}]
    secret = {"id": "S" * 22, "state": state}
    can = ["end", "extend", "repair", "say_gone"]
    by_hand = {"by_hand": True, "timeline": timeline, "secret": secret, "can": can}
    api.says("grants/*", {**GRANT, **by_hand})
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_contain_text(said)
    expect(page.locator("#badge")).to_have_text(badge)
    expect(page.locator("#about")).not_to_contain_text("we delete")
    expect(page.locator("#about")).not_to_contain_text("end the access")
    for part in ("#left", "#more"):
        expect(page.locator(part)).to_be_visible(visible=state != "gone")
    check(page)


def test_when_the_work_is_done_nobody_is_asked_whether_it_is(page: Page, api: FakeApi) -> None:
    can = ["end", "repair", "say_gone"]
    api.says("grants/*", {**GRANT, "by_hand": True, "end_requested_at": NOW - 5, "can": can})
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_have_text("The work on bakery.example is done")
    expect(page.locator("#repair")).to_be_visible()
    expect(page.locator("#overdue-what")).to_be_hidden()
    check(page)


def test_where_nobody_can_sign_in_no_time_is_left(page: Page, api: FakeApi) -> None:
    burned = [{"at": NOW - 60, "event": "link_burned", "by": "owner"}]
    secret = {"id": "S" * 22, "state": "gone"}
    api.says("grants/*", {**GRANT, "timeline": burned, "secret": secret})
    page.goto(RECEIPT)
    expect(page.locator("#state")).to_have_text("Nobody can sign in to bakery.example")
    expect(page.locator("#left")).to_be_hidden()


def test_while_the_site_has_not_confirmed_the_receipt_says_that_it_is_being_ended(
    page: Page, api: FakeApi
) -> None:
    page.clock.install(time=NOW)  # Nothing is asked for again until it is turned.
    page.clock.pause_at(NOW + 1)
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    page.click("#end-now")
    api.says("grants/*", {**GRANT, "end_requested_at": NOW, "can": ["end"]})
    api.says("grants/*/end", {"grant_id": "G" * 22, "state": "active"}, 202)
    page.click("#confirm-end button[value=yes]")
    expect(page.locator("#badge")).to_have_text("Ending")
    expect(page.locator("#more")).to_be_hidden()


def test_the_button_that_keeps_the_link_is_not_named_as_the_one_that_does_not(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", GRANT)
    page.goto(RECEIPT)
    page.click("#burn")
    expect(page.locator("#confirm-burn button[value=no]")).to_have_text("Keep the link")
    expect(page.locator("#confirm-burn button[value=yes]")).to_have_text("Withdraw the link")
    check(page)


def test_the_reference_stands_in_one_line(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "timeline": []})
    page.goto("/receipt")
    sent = json.dumps({"reference": "HP-VQH5OJDN", "message": "Help"})
    page.evaluate("(sent) => sessionStorage.setItem('hallpass.sent', sent)", sent)
    page.goto("about:blank")
    page.goto(RECEIPT)
    expect(page.locator("#sent .code")).to_have_text("HP-VQH5OJDN")
    expect(page.locator("#sent")).to_contain_text("Reference")


def test_the_end_is_said_once_and_read_out(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    shown(page)
    page.click("#end-now")
    ended = {"state": "ended", "ended_at": NOW, "can": [], "report": []}
    api.says("grants/*", {**GRANT, **ended})
    api.says("grants/*/end", {"grant_id": "G" * 22, **ended})
    page.click("#confirm-end button[value=yes]")
    expect(page.locator("#state")).to_be_focused()
    expect(page.locator("#state")).to_have_text("The access to bakery.example has ended")
    expect(page.locator("#state")).to_have_accessible_description(re.compile("The site confirmed"))
    assert len(re.findall("confirmed|has ended", page.inner_text("main"))) == 2
    expect(page.locator("#keep")).not_to_contain_text("it can end or extend")
    check(page)


def test_that_the_site_has_not_confirmed_the_end_is_said_once(page: Page, api: FakeApi) -> None:
    page.clock.install()
    api.says("grants/*", GRANT)
    shown(page)
    page.click("#end-now")
    api.says("grants/*", {**GRANT, "end_requested_at": NOW, "can": ["end"]})
    api.says("grants/*/end", {"grant_id": "G" * 22, "state": "active"}, 202)
    page.click("#confirm-end button[value=yes]")
    expect(page.locator("#badge")).to_have_text("Ending")
    focused = page.locator("#state:focus")
    turn_clock_until(page, lambda: focused.count() > 0)
    expect(page.locator("#state")).to_be_focused()
    expect(page.locator("#about")).to_contain_text("and then write to you")
    assert page.inner_text("main").count("not confirmed") == 1


@pytest.mark.parametrize("module", ["countdown", "copy-button"])
def test_without_a_module_that_is_not_needed_the_receipt_is_there(
    page: Page, api: FakeApi, recorder: Recorder, module: str
) -> None:
    page.route(f"**/js/shared/{module}.js*", lambda route: route.abort())
    api.says("grants/*", GRANT)
    shown(page)
    page.wait_for_load_state("networkidle")
    expect(page.locator("#not-loaded")).to_be_hidden()
    expect(page.locator("#left")).to_be_visible(visible=module != "countdown")
    page.unroute(f"**/js/shared/{module}.js*")
    if module == "countdown":
        page.click("#copy-link")
        expect(page.locator("#copy-link")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()").endswith(RECEIPT)
    recorder.complaints.clear()


def test_what_the_receipt_cannot_show_is_said_and_stays(
    page: Page, api: FakeApi, recorder: Recorder
) -> None:
    page.route("**/js/receipt/visit-report.js*", lambda route: route.abort())
    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW, "can": [], "report": []})
    shown(page, "has ended")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#not-loaded")).to_be_visible()
    recorder.complaints.clear()
