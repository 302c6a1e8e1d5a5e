"""A new link, what support asks for, and what the opened account shows; the server is a fake."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, expect

from chalicelib.onetime.envelope import Link, decode, encode
from tests.browser.fake_api import GRANT, LINK, NOW, RECEIPT, SECRET, SITE, FakeApi, check
from tests.browser.test_open import opened

RUNS = {**GRANT, "can": ["end", "extend", "burn", "renew"], "owner_email": "bella@bakery.example"}
SUPPORTS = {**GRANT, "can": ["end", "ask_link", "ask_time"], "you_are": "support"}
ENVIRONMENT = {
    "wordpress": "7.1",
    "php": "8.2.30",
    "theme": "Bakery 2.1",
    "plugins": ["WooCommerce 9.1", "Wordfence Security 8.0"],
    "more": 3,
    "obstacles": {"second_factor": "Wordfence Security"},
}


def asked(event: str) -> dict[str, Any]:
    timeline = [*RUNS["timeline"], {"at": NOW - 30, "event": event, "by": "support"}]
    return {**RUNS, "timeline": timeline}


def test_the_receipt_makes_a_new_link_and_sends_it(page: Page, api: FakeApi) -> None:
    api.says("grants/*", asked("link_asked"))
    api.says("grants/*/link", {**RUNS, "environment": ENVIRONMENT})
    api.says("secrets", {"id": "S" * 22, "expires_at": NOW + 86400}, 201)
    api.says("tickets", {"reference": "HP-ABCD2345"}, 201)
    page.goto(RECEIPT)
    expect(page.locator("#asked")).to_contain_text("asks for a new sign-in link")
    check(page)
    page.click("#asked-link")
    expect(page.locator("#confirm-renew")).to_contain_text("Earlier links open nothing")
    expect(page.locator("#confirm-renew button[value=no]")).to_be_focused()
    check(page)
    with (
        page.expect_request("**/api/grants/*/link") as renewed,
        page.expect_request("**/api/secrets") as stored,
        page.expect_request("**/api/tickets") as sent,
    ):
        page.click("#confirm-renew button[value=yes]")
    expect(page.locator("#notice")).to_contain_text("The new link is sent to Acme Support")
    expect(page.locator("#notice p")).to_have_class("notice done")
    check(page)

    password, support = (renewed.value.post_data_json or {}).values()
    secret, ticket = stored.value.post_data_json or {}, sent.value.post_data_json or {}
    link = Link.derive(decode(ticket["link"].partition("#")[2]))
    assert (link.id, link.support, link.access_sha256) == (
        secret["id"],
        support,
        secret["access_sha256"],
    )
    sealed = json.loads(link.open(decode(secret["ciphertext"])))
    assert (sealed["password"], sealed["username"]) == (password, GRANT["username"])
    assert sealed["environment"] == ENVIRONMENT
    assert password not in json.dumps([secret, ticket])
    for body in (renewed.value.post_data, stored.value.post_data):
        assert ticket["link"][-43:] not in str(body)


def test_a_lost_answer_is_followed_by_the_same_request(page: Page, api: FakeApi) -> None:
    api.says("grants/*", RUNS)
    api.says("grants/*/link", RUNS)
    api.says("secrets", {"code": "try_again", "message": "Busy."}, 503)
    page.goto(RECEIPT)
    bodies: list[str] = []
    page.on(
        "request",
        lambda one: bodies.append(str(one.post_data)) if one.url.endswith("/link") else None,
    )
    for _ in range(2):
        page.click("#renew")
        page.click("#confirm-renew button[value=yes]")
        expect(page.locator("#now-problem")).to_be_visible()
        check(page)
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_a_site_that_takes_no_password_says_what_to_do(page: Page, api: FakeApi) -> None:
    problem = {"code": "site_unsupported", "reason": "password_refused", "message": "No."}
    api.says("grants/*", RUNS)
    api.says("grants/*/link", problem, 422)
    page.goto(RECEIPT)
    page.click("#renew")
    page.click("#confirm-renew button[value=yes]")
    expect(page.locator("#now-problem")).to_contain_text("allow it again")


def test_the_receipt_shows_that_support_asks_for_time_until_it_is_given(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", {**asked("time_asked"), "expires_at": NOW + 86400})
    page.goto(RECEIPT)
    expect(page.locator("#asked")).to_contain_text("asks for more time")
    page.click("#asked-time")
    expect(page.locator("#extend")).to_be_visible()
    given = asked("time_asked")
    given["timeline"].append({"at": NOW - 10, "event": "extended", "by": "owner", "detail": "1"})
    api.says("grants/*", given)
    page.reload()
    expect(page.locator("#happened")).to_contain_text("Support asked for more time")
    expect(page.locator("#asked")).to_be_hidden()


def test_who_comes_to_an_opened_link_asks_the_owner_for_a_new_one(page: Page, api: FakeApi) -> None:
    api.says("secrets/*", {**SECRET, "state": "opened", "opened_at": NOW - 600})
    api.says("grants/*", SUPPORTS)
    api.says("grants/*/ask", {}, 204)
    page.goto(f"/open#{LINK}")
    expect(page.locator("#gone")).to_contain_text("Opened")
    check(page)
    with page.expect_request("**/ask") as sent:
        page.click("#ask-link button")
    assert sent.value.post_data_json == {"for": "link"}
    expect(page.locator("#gone")).to_contain_text("We have mailed the owner")
    check(page)


def test_support_asks_for_more_time_and_learns_that_it_has(page: Page, api: FakeApi) -> None:
    api.says("grants/*", SUPPORTS)
    opened(page, api)
    refusal = {"code": "too_many_requests", "message": "Asked.", "retry_after": 7200}
    api.says("grants/*/ask", refusal, 429)
    page.click("#ask-time button")
    expect(page.locator("#ask-time .problem")).to_contain_text("2 hours")
    api.says("grants/*/ask", {}, 204)
    page.click("#ask-time button")
    expect(page.locator("#opened")).to_contain_text("We have mailed the owner")


def test_nothing_can_be_asked_for_where_the_owner_could_not_do_it(page: Page, api: FakeApi) -> None:
    api.says("grants/*", {**SUPPORTS, "can": ["end"]})
    opened(page, api)
    expect(page.locator("#ask-time button")).to_have_count(0)


def test_the_opened_account_shows_what_runs_there_and_what_may_stand_in_the_way(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", GRANT)
    opened(page, api, environment=ENVIRONMENT, customer="Bella <bella@bakery.example>")
    expect(page.locator("#values")).to_contain_text("Bella <bella@bakery.example>")
    expect(page.locator("#environment")).to_contain_text(
        "This site may ask for a second factor: Wordfence Security."
    )
    page.click("#environment summary")
    for said in ("7.1", "8.2.30", "Bakery 2.1", "WooCommerce 9.1, Wordfence Security 8.0 … +3"):
        expect(page.locator("#environment")).to_contain_text(said)
    check(page)


def test_an_icon_comes_from_the_site_and_from_nowhere_else(page: Page, api: FakeApi) -> None:
    fetched: list[str] = []
    page.on("request", lambda one: fetched.append(one.url) if "icon" in one.url else None)
    api.says("grants/*", GRANT)
    opened(page, api, icon="https://evil.example/icon.png")
    assert fetched == []
    page.route(f"{SITE['url']}/icon.png", lambda route: route.fulfill(body=PIXEL))
    page.goto("/")
    opened(page, api, icon=f"{SITE['url']}/icon.png")
    expect(page.locator("#opened img.icon")).to_be_visible()


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63"
    "f8cfc0f01f0005000201a5f6455d0000000049454e44ae426082"
)


def test_the_receipt_shows_again_what_the_owner_wrote(page: Page, api: FakeApi) -> None:
    receipt = RECEIPT.replace("O" * 43, "Q" * 43)
    sealed = Link.derive(decode("Q" * 43)).seal(json.dumps({"message": "It is broken."}), bytes(12))
    api.says("grants/*", {**RUNS, "sealed_message": encode(sealed)})
    page.goto(receipt)
    expect(page.locator("#agreed-message")).to_contain_text("It is broken.")
    other = Link.derive(decode("A" * 43)).seal("{}", bytes(12))
    api.says("grants/*", {**RUNS, "sealed_message": encode(other)})
    page.goto("/")
    page.goto(receipt)
    expect(page.locator("#happened")).to_be_visible()
    expect(page.locator("#agreed-message")).to_be_hidden()


def in_order(snapshot: str, parts: list[str]) -> list[str]:
    """Return those of *parts* that a screen reader does not come to after the ones before them."""
    missing, place = [], 0
    for part in parts:
        found = snapshot.find(part, place)
        if found < 0:
            missing.append(part)
        else:
            place = found + len(part)
    return missing


def test_a_screen_reader_reads_receipt_and_account_in_the_order_of_what_matters(
    page: Page, api: FakeApi
) -> None:
    api.says("grants/*", asked("link_asked"))
    page.goto(RECEIPT)
    expect(page.locator("#asked")).to_be_visible()
    receipt = page.locator("body").aria_snapshot()
    headings = ("What happened", "What you agreed to and sent", "Come back to this page")
    assert not in_order(
        receipt,
        [
            'heading "Your receipt" [level=1]',
            "Access is open",
            'heading "Acme Support can sign in to bakery.example" [level=2]',
            "asks for a new sign-in link",
            'button "Make a new link"',
            'button "End access now"',
            'button "Extend"',
            *(f'heading "{heading}" [level=2]' for heading in headings),
        ],
    ), receipt

    api.says("grants/*", SUPPORTS)
    opened(page, api, environment=ENVIRONMENT, customer="Bella <bella@bakery.example>")
    account = page.locator("body").aria_snapshot()
    rows = ("Address", "User name", "Password", "Owner")
    assert not in_order(
        account,
        [
            'heading "Sign-in link" [level=1]',
            "Access is open",
            'heading "Sign in to Bella\'s Bakery" [level=2]',
            'button "Sign in"',
            *(f"term: {row}" for row in rows),
            'button "Copy all"',
            "second factor",
            "What runs on this site",
            'button "Ask for more time"',
            'heading "End the access" [level=2]',
            'button "I’m done: end access now"',
        ],
    ), account
    assert "very-secret" not in account
