"""Coming back to the form: from WordPress in every way, and by a reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.people import MESSAGE, SENDER, Owner
from tests.browser.recorder import Recorder

Names = Callable[[], set[str]]
CREDENTIALS = "site_url={site}&user_login=admin&password=abcd%20efgh%20ijkl%20mnop%20qrst%20uvwx"


def never_answer(route: Route) -> None:
    del route


def notice(page: Page, text: str) -> None:
    expect(page.locator("#notice")).to_contain_text(text)


def way_back(owner: Owner) -> str:
    """Leave for WordPress, and return the address that it is to call."""
    owner.leave()
    return parse_qs(urlsplit(owner.page.url).query)["success_url"][0]


def test_the_draft_survives_the_trip_and_a_reload_and_the_keys_do_not(
    owner: Owner, recorder: Recorder, owner_keys: Names
) -> None:
    before = owner_keys()
    owner.describe()
    owner.let_in()
    owner.page.check("#choices input[value='7']")
    owner.approve()
    assert "application_password" not in owner.page.evaluate("JSON.stringify({...sessionStorage})")

    with owner.page.expect_response("**/api/grants/*/end") as ended:
        owner.page.reload()

    notice(owner.page, "keeps no keys, so we delete your approval on your site now")
    assert ended.value.json()["state"] == "ended"
    assert owner_keys() == before
    expect(owner.page.locator("#time")).to_be_visible()
    expect(owner.page.locator("#choices input[value='7']")).to_be_checked()
    for name, value in {**SENDER, "message": MESSAGE}.items():
        assert owner.page.locator(f"#{name}").input_value() == value
    assert recorder.complaints == []


def test_the_approval_is_held_at_once_and_nothing_else_is_made(
    owner: Owner, users: Names, owner_keys: Names
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    owner.let_in()
    with owner.page.expect_response("**/api/users") as held:
        owner.approve()

    assert (held.value.status, held.value.json()["state"]) == (202, "preparing")
    expect(owner.page.locator("#send-lead")).to_contain_text("on your site after 15 minutes")
    assert (users(), len(owner_keys() - keys_before)) == (users_before, 1)
    kept = owner.page.evaluate("JSON.stringify({...sessionStorage})")
    secrets = owner.page.evaluate("history.state.unfinished")
    assert secrets["ownerToken"] not in kept


def test_approving_again_gives_the_first_approval_back(
    owner: Owner, users: Names, owner_keys: Names
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    owner.let_in()
    owner.approve()
    owner.page.go_back()
    expect(owner.page.locator("#approve")).to_be_visible()
    with owner.page.expect_response("**/api/grants/*/end") as ended:
        owner.page.click("#approve")

    assert ended.value.json()["state"] == "ended"
    owner.send()
    # Both have the name of the trip, so none of that name is left.
    assert len(users() - users_before) == 1
    assert owner_keys() <= keys_before


def test_choosing_another_way_gives_the_approval_back(owner: Owner, owner_keys: Names) -> None:
    before = owner_keys()
    owner.describe()
    owner.let_in()
    owner.approve()
    for step in ("time", "site"):
        owner.page.click(f"#{'send' if step == 'time' else 'time'} [data-back]")
        expect(owner.page.locator(f"#{step} h2")).to_be_focused()
    with owner.page.expect_response("**/api/grants/*/end") as ended:
        owner.page.click("#doors summary")
        owner.page.click("[data-open=none]")

    assert ended.value.json()["state"] == "ended"
    assert owner_keys() == before


def test_saying_no_on_wordpress_makes_and_sends_nothing(owner: Owner, users: Names) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.leave()
    owner.page.click("#reject")

    notice(owner.page, "You did not approve, so nothing was sent.")
    expect(owner.page.locator("#time h2")).to_be_focused()
    assert "success" not in owner.page.url
    assert users() == before


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("query", "?{credentials}#{fragment}"),
        ("fragment", "#{fragment}?{credentials}"),
        ("fragment with &", "#{fragment}&{credentials}"),
    ],
)
def test_every_form_of_the_answer_is_read_and_leaves_the_address_bar(
    owner: Owner, stack: Stack, form: str, answer: str
) -> None:
    assert form
    owner.describe()
    owner.let_in()
    _, _, fragment = way_back(owner).partition("#")
    credentials = CREDENTIALS.format(site=owner.wordpress.url)

    owner.page.goto(f"{stack.app_url}/" + answer.format(credentials=credentials, fragment=fragment))

    expect(owner.page.locator("#send h2")).to_be_focused()
    assert owner.page.url == f"{stack.app_url}/#send"


def test_wordpress_without_javascript_answers_in_the_query_and_it_works(
    owner: Owner, browser: Browser, stack: Stack, users: Names
) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    way_back(owner)
    # The same consent page with JavaScript off: its form is sent, and PHP redirects.
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies([_as_given(c) for c in owner.page.context.cookies()])
    page = plain.new_page()
    page.goto(owner.page.url)
    page.click("#approve")
    page.wait_for_url(f"{stack.app_url}/**")
    answer = page.url
    plain.close()
    assert "?site_url=" in answer

    owner.page.goto(answer)
    expect(owner.page.locator("#send h2")).to_be_focused()
    assert owner.page.url == f"{stack.app_url}/#send"
    owner.send()
    assert len(users() - before) == 1


@pytest.mark.parametrize("state", ["AAAAAAAAAAAAAAAAAAAAAA", ""])
def test_an_approval_that_was_not_requested_is_not_used(
    owner: Owner, stack: Stack, state: str
) -> None:
    owner.describe()
    owner.let_in()
    owner.leave()
    credentials = CREDENTIALS.format(site=owner.wordpress.url)
    owner.page.goto(f"{stack.app_url}/?{credentials}#consent={state}")

    notice(owner.page, "belongs to an earlier try, so we did not use it")
    expect(owner.page.locator("#send")).to_be_hidden()


def test_an_answer_counts_once(owner: Owner) -> None:
    owner.describe()
    owner.let_in()
    back = f"{way_back(owner)}?{CREDENTIALS.format(site=owner.wordpress.url)}"
    owner.page.goto(back)
    expect(owner.page.locator("#send h2")).to_be_focused()

    owner.page.goto("about:blank")
    owner.page.goto(back)

    notice(owner.page, "belongs to an earlier try")


def test_an_answer_from_another_site_is_not_used(owner: Owner) -> None:
    owner.describe()
    owner.let_in()
    owner.page.goto(f"{way_back(owner)}?{CREDENTIALS.format(site='https://evil.example')}")

    notice(owner.page, "came from another site")
    expect(owner.page.locator("#time h2")).to_be_focused()


def test_a_reload_in_the_middle_of_sending_takes_the_account_back(
    owner: Owner, users: Names, owner_keys: Names
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    owner.let_in()
    owner.approve()
    # The account is made, and the page is loaded again before its password is sealed.
    with owner.page.expect_request("**/api/secrets") as cut:
        owner.page.route("**/api/secrets", never_answer)
        owner.page.click("#send-now")
    assert cut.value
    assert len(users() - users_before) == 1
    owner.page.unroute("**/api/secrets")
    owner.page.reload()

    notice(owner.page, "so we deleted the temporary account again")
    assert (users(), owner_keys()) == (users_before, keys_before)
    owner.approve()
    owner.send()


def test_trying_again_after_a_failure_sends_once(
    owner: Owner,
    users: Names,
    mails: Callable[[str], list[dict[str, str]]],
) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.approve()
    for path in ("users", "secrets", "tickets"):
        owner.page.route(f"**/api/{path}", _lose_the_answer_once())
        owner.page.click("#send-now")
        expect(owner.page.locator("#send-problem")).to_contain_text("Nothing is lost")
        expect(owner.page.locator("#send-now")).to_have_text("Try again")
    reference = owner.send()

    assert len(users() - before) == 1
    assert len(mails(reference)) == 2, "one to support, one to the owner"


def test_a_refused_approval_asks_for_another(owner: Owner, users: Names) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.page.goto(f"{way_back(owner)}?{CREDENTIALS.format(site=owner.wordpress.url)}")
    owner.page.click("#send-now")
    expect(owner.page.locator("#send-problem")).to_contain_text("did not accept the approval")

    owner.page.click("text=Approve again")
    expect(owner.page.locator("#time h2")).to_be_focused()
    owner.approve()
    owner.send()
    assert len(users() - before) == 1


def test_the_browsers_back_button_goes_one_step_back(owner: Owner) -> None:
    owner.describe()
    owner.let_in()
    owner.page.go_back()
    expect(owner.page.locator("#site h2")).to_be_focused()
    owner.page.go_back()
    expect(owner.page.locator("#what h2")).to_be_focused()
    assert owner.page.locator("#message").input_value() == MESSAGE
    owner.page.go_forward()
    expect(owner.page.locator("#site")).to_be_visible()


def test_a_site_without_approval_explains_why_and_offers_other_ways(owner: Owner) -> None:
    with WordPress("7.1", multisite=True) as network:
        owner.describe()
        answer = {"site": None, "consent_url": None, "problem": {"code": "multisite"}}
        owner.page.route("**/api/sites", lambda route: route.fulfill(json=answer))
        owner.page.fill("#url", network.url)
        owner.page.click("#check")

    expect(owner.page.locator("#site-problem")).to_contain_text("part of a WordPress network")
    expect(owner.page.locator("[data-open=made]")).to_be_visible()


def _as_given(cookie: Any) -> Any:  # noqa: ANN401  Playwright has two types for one thing.
    return {key: cookie[key] for key in ("name", "value", "domain", "path")}


def _lose_the_answer_once() -> Callable[..., None]:
    """Let one request through to the server, but not its answer back to the page."""
    lost: list[Request] = []

    def handle(route: Any) -> None:  # noqa: ANN401  Playwright's Route.
        if lost:
            route.continue_()
            return
        lost.append(route.request)
        route.fetch()
        route.abort()

    return handle


def test_the_name_of_the_key_shows_who_asks_and_where(owner: Owner, stack: Stack) -> None:
    owner.describe()
    owner.let_in()
    owner.leave()
    host = stack.app_url.removeprefix("http://")
    asked = owner.page.locator(".auth-app-card").text_content() or ""
    assert re.search(rf"Acme Support via {re.escape(host)} \(\w{{1,6}}\)", asked)
