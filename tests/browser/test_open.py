"""The one-time page in its rarer moments, with a server that answers as each test wants."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chalicelib.onetime.envelope import Link, decode, encode
from tests.browser.fake_api import (
    GRANT,
    LINK,
    NOW,
    SECRET,
    SITE,
    FakeApi,
    check,
    settle,
    turn_clock_until,
)
from tests.browser.recorder import Recorder

ACCOUNT: dict[str, Any] = {
    "site": SITE["url"],
    "name": SITE["name"],
    "login_url": SITE["login_url"],
    "username": "support4f7k2m",
    "password": "very-secret",
    "expires_at": NOW + 60,
}


def has_sealed(api: FakeApi, **account: object) -> None:
    """Let *api* hold *account*, sealed behind the link."""
    sealed = Link.derive(decode(LINK)).seal(json.dumps({**ACCOUNT, **account}), bytes(12))
    api.says("secrets/*", {**SECRET, "passphrase": False})
    api.says("secrets/*/open", {"ciphertext": encode(sealed)})
    api.says("secrets/*/ack", {}, 204)


def opened(page: Page, api: FakeApi, **account: object) -> None:
    """Open a link behind which *account* is sealed."""
    has_sealed(api, **account)
    page.goto(f"/open#{LINK}")
    page.click("#open")
    expect(page.locator("#opened h2")).to_be_focused()


def test_the_opened_page_is_accessible(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, expires_at=NOW + 7200)
    page.get_by_role("button", name="Show Password").click()
    expect(page.get_by_role("button", name="Hide Password")).to_be_visible()
    expect(page.get_by_role("button", name="Copy Address")).to_be_visible()
    check(page)
    page.click("#end-now")
    expect(page.locator("#confirm")).to_be_visible()
    check(page)


def test_nothing_is_opened_before_the_texts_of_the_account_are_here(
    page: Page, api: FakeApi
) -> None:
    held: list[Route] = []
    posted: list[str] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/i18n/**", hold)
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    api.says("grants/*", GRANT)
    has_sealed(api)
    page.goto(f"/open#{LINK}")
    with page.expect_request("**/i18n/open/en.json"):
        page.click("#open")
    expect(page.locator("#open")).to_have_attribute("aria-disabled", "true")
    settle(page)
    assert posted == []
    page.unroute("**/i18n/**")
    for route in held:
        route.continue_()
    expect(page.locator("#opened h2")).to_be_focused()
    labels = page.locator("#opened dt, #opened button")
    assert all(text.strip() for text in labels.all_inner_texts())


@pytest.mark.parametrize(
    ("offline", "said"), [(False, "has not loaded completely"), (True, "You are offline")]
)
def test_without_the_texts_of_the_account_the_link_stays_unopened(
    page: Page, api: FakeApi, recorder: Recorder, *, offline: bool, said: str
) -> None:
    posted: list[str] = []
    page.route("**/i18n/**", lambda route: route.abort())
    page.on("request", lambda one: posted.append(one.url) if one.method == "POST" else None)
    page.clock.install()
    api.says("grants/*", GRANT)
    has_sealed(api)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#waiting")).to_be_visible()
    page.evaluate("import('/js/open/open-secret.js')")  # With all that it imports.
    page.context.set_offline(offline)
    page.click("#open")
    turn_clock_until(page, lambda: page.locator("#not-loaded").is_visible())
    expect(page.locator("#not-loaded")).to_contain_text(said)
    expect(page.locator("#open")).not_to_have_attribute("aria-disabled", "true")
    assert posted == []
    page.context.set_offline(False)
    page.unroute("**/i18n/**")
    page.click("#open")
    expect(page.locator("#opened h2")).to_be_focused()
    expect(page.locator("#not-loaded")).to_be_hidden()
    recorder.complaints.clear()


def test_more_time_that_the_owner_gave_reaches_the_opened_page(page: Page, api: FakeApi) -> None:
    page.clock.install(time=NOW)
    api.says("grants/*", {**GRANT, "expires_at": NOW + 60})
    opened(page, api)
    page.get_by_role("button", name="Show Password").click()
    before = page.text_content("#ends")

    page.route("**/api/grants/*", lambda route: route.abort())
    with page.expect_request("**/api/grants/*"):
        page.clock.run_for(61_000)
    expect(page.locator("#opened")).to_contain_text("very-secret")
    api.says("grants/*", {**GRANT, "expires_at": NOW + 86400})
    with page.expect_response("**/api/grants/*"):
        page.clock.run_for(15_000)
    expect(page.locator("#left")).to_contain_text("23 hours 59 minutes")
    expect(page.locator("#opened")).to_contain_text("very-secret")
    assert page.text_content("#ends") != before

    api.says("grants/*", {**GRANT, "expires_at": NOW + 86400, "state": "ended", "ended_at": NOW})
    page.clock.fast_forward(86400_000)
    expect(page.locator("#gone h2")).to_have_text("The access has ended")
    assert "very-secret" not in page.content()


def test_more_time_given_before_the_opening_counts_from_the_start(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**GRANT, "expires_at": NOW + 86400})
    opened(page, api)
    expect(page.locator("#left")).to_have_text(re.compile("23 hours|1 day"))


def test_a_hidden_sign_in_page_leads_to_the_dashboard_of_the_site(page: Page, api: FakeApi) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, login_url="https://bakery.example/enter/here/", expires_at=NOW + 7200)
    page.evaluate(
        "document.querySelector('#sign-in').addEventListener('submit', (e) => e.preventDefault())"
    )
    page.evaluate(
        "document.querySelector('#sign-in').addEventListener('submit', () => {"
        "globalThis.goal = document.querySelector('[name=redirect_to]').value })"
    )
    page.click("#sign-in button")
    assert page.evaluate("globalThis.goal") == "https://bakery.example/wp-admin/"


def test_the_last_wrong_passphrase_shows_the_locked_page(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    api.says("secrets/*/open", {"code": "wrong_passphrase", "message": "No.", "tries_left": 0}, 403)
    page.goto(f"/open#{LINK}")
    page.click("#open")
    expect(page.locator("#passphrase-wrong")).to_contain_text("fill this in")
    expect(page.locator("#passphrase")).to_be_focused()
    check(page)
    page.fill("#passphrase", "not these words")
    api.says("secrets/*", {**SECRET, "state": "locked", "unlocks_at": NOW + 1800})
    page.click("#open")
    expect(page.locator("#gone h2")).to_have_text("Too many wrong passphrases")
    expect(page.locator("#gone")).to_contain_text("locked until")


def test_behind_a_link_that_is_over_the_access_can_still_be_ended(page: Page, api: FakeApi) -> None:
    details = {"gone": "expired", "at": NOW - 60, "grant_id": "G" * 22}
    api.says("secrets/*", {"code": "not_found", "message": "No.", **details}, 404)
    api.says("grants/*", {**GRANT, "overdue": True})
    api.says("grants/*/end", {"grant_id": "G" * 22, "state": "ended", "ended_at": NOW})
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone h2")).to_have_text("This link has expired")
    check(page)
    page.click("#end-now")
    page.click("#confirm button[value=yes]")
    expect(page.locator("#ended h2")).to_have_text("The access has ended")

    api.says("grants/*", {**GRANT, "state": "ended", "ended_at": NOW - 30})
    page.goto("about:blank")
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone h2")).to_have_text("The access has ended")
    expect(page.locator("#end-now")).to_be_hidden()


def test_values_do_not_reorder_an_arabic_sentence(browser: Browser, base_url: str) -> None:
    context = browser.new_context(base_url=base_url, locale="ar")
    page = context.new_page()
    api = FakeApi(page)
    api.says("secrets/*", SECRET)
    api.says("grants/*", GRANT)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#until")).to_contain_text("\u2068")
    expect(page.locator("#until")).to_contain_text("\u2069")
    context.close()


@pytest.mark.parametrize(
    "sealed",
    [
        {"login_url": "javascript:document.title='owned'"},
        {"login_url": "https://evil.example/wp-login.php"},
        {"login_url": "https://bakery.example.evil.example/wp-login.php"},
        {"site": "https://evil.example", "login_url": "https://evil.example/wp-login.php"},
    ],
    ids=["script", "other host", "longer host", "other site"],
)
def test_a_sealed_address_that_is_not_on_the_site_is_neither_used_nor_offered(
    page: Page, api: FakeApi, sealed: dict[str, str]
) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, **sealed, expires_at=NOW + 7200)

    expect(page.locator("#other-host")).to_be_visible()
    expect(page.locator("#sign-in")).to_be_hidden()
    expect(page.get_by_role("button", name="Copy Address")).to_have_count(0)
    assert page.get_attribute("#sign-in", "action") is None
    page.get_by_role("button", name="Show Password").click()
    expect(page.locator("#opened")).to_contain_text("very-secret")
    assert sealed["login_url"] not in page.content()
    check(page)


def test_link_and_claim_are_never_in_the_history(page: Page, api: FakeApi) -> None:
    kept: list[str] = []

    def remember() -> None:
        kept.append(page.evaluate("JSON.stringify(history.state)"))

    api.says("grants/*", GRANT)
    api.says("secrets/*", {**SECRET, "passphrase": False})
    page.goto(f"/open#{LINK}")
    expect(page.locator("#open")).to_be_visible()
    remember()
    api.says("secrets/*/open", {"code": "try_again", "message": "No."}, 503)
    page.click("#open")
    expect(page.locator("#open-problem")).to_be_visible()
    remember()
    page.reload()
    expect(page.locator("#gone h2")).to_have_text("Please open the link from the ticket again")
    expect(page.locator("#end-now")).to_be_visible()
    check(page)
    remember()
    opened(page, api, expires_at=NOW + 7200)
    remember()

    for state in kept:
        assert LINK not in state
        assert not {"link", "claim"} & set(json.loads(state))
