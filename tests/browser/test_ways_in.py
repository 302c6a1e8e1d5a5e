"""The other ways in, and the owner's way out when the account does not go."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.fake_api import check
from tests.browser.people import SUBJECT, Agent, Owner
from tests.browser.recorder import Recorder
from tests.page import basic

Names = Callable[[], set[str]]
BY_HAND = ("helper", "made-by-Hand-2026")


@pytest.fixture
def new_key(wordpress: WordPress) -> str:
    """An application password that the owner made by hand."""
    answer = requests.post(
        f"{wordpress.url}/?rest_route=/wp/v2/users/me/application-passwords",
        headers=basic(*wordpress.auth),
        json={"name": f"by hand {time.monotonic_ns()}"},
        timeout=30,
    )
    password: str = answer.json()["password"]
    return password


def other_way(page: Page, door: str) -> None:
    page.click("#doors summary")
    page.click(f"[data-open={door}]")


def test_a_pasted_application_password_lets_in(
    owner: Owner, new_key: str, users: Names, owner_keys: Names
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    other_way(owner.page, "paste")
    owner.page.fill("#url", owner.wordpress.url)
    owner.page.fill("#user_login", owner.wordpress.user)
    owner.page.fill("#application_password", new_key)
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#time h2")).to_be_focused()
    owner.page.click("#time .actions button:visible >> nth=0")
    expect(owner.page.locator("#send h2")).to_be_focused()
    owner.send()

    assert len(users() - users_before) == 1
    assert len(keys_before - owner_keys()) == 1, "the pasted key is used up"


def test_a_manual_user_is_registered_and_deleted_with_one_approval(
    owner: Owner,
    agent: Agent,
    recorder: Recorder,
    users: Names,
    link_in: Callable[[str], str],
) -> None:
    username, password = BY_HAND
    requests.post(
        f"{owner.wordpress.url}/?rest_route=/wp/v2/users",
        headers=basic(*owner.wordpress.auth),
        json={
            "username": username,
            "password": password,
            "email": "helper@bakery.example",
            "roles": ["administrator"],
        },
        timeout=30,
    ).raise_for_status()
    owner.describe()
    other_way(owner.page, "made")
    owner.page.fill("#url", f"{owner.wordpress.url}/wp-admin/")
    owner.page.fill("#username", username)
    owner.page.fill("#password", password)
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#time h2")).to_be_focused()
    owner.page.click("#time .actions button:visible >> nth=0")
    expect(owner.page.locator("#send h2")).to_be_focused()
    link = link_in(owner.send())

    agent.go_to(link)
    agent.open()
    assert agent.value("address") == f"{owner.wordpress.url}/wp-login.php"
    assert (agent.value("username"), agent.value("password")) == BY_HAND
    recorder.assert_never_sent(password)

    owner.page.click("#repair")
    _sign_in_and_approve(owner)
    shown = owner.page.locator("#confirm-user")
    expect(shown).to_contain_text("Delete it only if it was made for support")
    expect(shown.locator("dd").first).to_have_text(username)
    expect(shown).to_contain_text("administrator")
    assert username in users(), "nothing happens before the owner says so"
    shown.locator("button[value=no]").click()
    expect(owner.page.locator("#notice")).to_contain_text("Nobody was deleted")

    owner.page.click("#repair")
    _sign_in_and_approve(owner)
    shown.locator("button[value=yes]").click()
    expect(owner.page.locator("#notice")).to_contain_text("The account is deleted")
    expect(owner.state).to_contain_text("has ended")
    assert owner.page.url.endswith("/receipt")
    assert username not in users()


def test_support_is_done_and_the_owner_deletes_the_user_by_hand(
    owner: Owner, agent: Agent, link_in: Callable[[str], str]
) -> None:
    username, password = BY_HAND
    owner.describe()
    other_way(owner.page, "made")
    owner.page.fill("#url", "http://not a site")
    owner.page.fill("#username", username)
    owner.page.fill("#password", password)
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#url-wrong")).to_contain_text("does not look like")
    owner.page.fill("#url", owner.wordpress.url)
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#time h2")).to_be_focused()
    owner.page.click("#time .actions button:visible >> nth=0")
    expect(owner.page.locator("#send h2")).to_be_focused()
    link = link_in(owner.send())
    expect(owner.page.locator("#timeline")).to_contain_text("made by hand")

    agent.go_to(link)
    agent.open()
    expect(agent.page.locator("#ends")).to_contain_text("is asked to delete the account")
    agent.page.click("#end-now")
    agent.page.click("#confirm button[value=yes]")
    expect(agent.page.locator("#ended h2")).to_have_text("The owner is asked to delete the account")

    owner.page.reload()
    expect(owner.state).to_contain_text("is done")
    owner.page.click("#deleted-myself")
    expect(owner.state).to_contain_text("has ended")
    expect(owner.state).to_be_focused()
    expect(owner.page.locator("#about")).to_contain_text("You said on")


def test_the_help_pages_own_way_works_whole(
    owner: Owner,
    agent: Agent,
    context: BrowserContext,
    mails: Callable[[str], list[dict[str, str]]],
) -> None:
    username, password = BY_HAND
    sharing = context.new_page()
    sharing.goto("/share")
    sharing.fill("#text", password)
    sharing.fill("#new-passphrase", "correct horse")
    sharing.click("#create")
    expect(sharing.locator("#sent h2")).to_be_focused()
    link = sharing.input_value("#link")

    owner.describe()
    other_way(owner.page, "made")
    owner.page.fill("#url", owner.wordpress.url)
    owner.page.fill("#username", username)
    expect(owner.page.locator("#password-link")).to_be_hidden()
    owner.page.fill("#password", f"Open {link} with the words correct horse")
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#password-wrong")).to_contain_text("Put the link here by itself")
    expect(owner.page.locator("#password")).to_be_focused()
    check(owner.page)
    owner.page.fill("#password", link)
    expect(owner.page.locator("#password-wrong")).to_have_count(0)
    expect(owner.page.locator("#password-link")).to_contain_text("never open it")
    owner.page.fill("#link_hint", "I call you")
    check(owner.page)
    owner.page.click("#site .actions button:visible >> nth=0")
    expect(owner.page.locator("#time h2")).to_be_focused()
    owner.page.click("#time .actions button:visible >> nth=0")
    expect(owner.page.locator("#send h2")).to_be_focused()
    expect(owner.page.locator("#protect-door")).to_be_hidden()
    reference = owner.send()
    expect(owner.page.locator("#timeline")).to_contain_text("made by hand")

    ticket = mails(reference)[0]["text"]
    theirs = ticket.partition("The sender wrote:")[2]
    assert link in theirs
    assert "About the passphrase: I call you" in theirs
    expect(sharing.locator("#state")).to_contain_text("Waiting")  # We have not opened it.
    agent.page.goto(link)
    agent.page.fill("#passphrase", "correct horse")
    agent.page.click("#open")
    agent.page.click("#reveal")
    assert agent.page.input_value("#shown") == password
    expect(sharing.locator("#state")).to_contain_text("Opened on")


def test_a_message_without_access_is_just_a_message(
    owner: Owner, mails: Callable[[str], list[dict[str, str]]], users: Names
) -> None:
    before = users()
    owner.describe()
    other_way(owner.page, "none")
    expect(owner.page.locator("#send h2")).to_be_focused()
    owner.page.click("#send-now")
    reference = owner.reference("#sent .success")

    (mail,) = mails(reference)
    assert mail["subject"] == f"[{reference}] The sender wrote: {SUBJECT}"
    assert "/open#" not in mail["text"]
    assert users() == before
    owner.page.reload()
    assert owner.page.locator("#message").input_value() == "", "what is sent is not sent twice"


def test_when_the_key_is_dead_a_new_approval_deletes_the_account(
    owner: Owner,
    stack: Stack,
    users: Names,
    owner_keys: Names,
    turn_clock: Callable[[str, int], None],
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    owner.let_in()
    owner.approve()
    owner.send()
    (username,) = users() - users_before
    _revoke_keys_of(owner.wordpress, username)
    turn_clock(owner.held()["grantId"], int(time.time()) - 5)
    stack.sweep()

    owner.page.reload()
    expect(owner.state).to_contain_text("should be over, but is not")
    link = owner.page.locator("#users")
    assert f"users.php?s={username}" in (link.get_attribute("href") or "")
    owner.page.click("#repair")
    _sign_in_and_approve(owner)

    expect(owner.page.locator("#notice")).to_contain_text("The account is deleted")
    expect(owner.state).to_contain_text("has ended")
    assert (users(), owner_keys()) == (users_before, keys_before)
    kept = owner.page.evaluate("JSON.stringify({...sessionStorage})")
    assert kept == "{}"


def test_a_repair_that_was_not_begun_here_shows_no_receipt(owner: Owner, stack: Stack) -> None:
    owner.page.goto(f"{stack.app_url}/receipt#repair={'A' * 43}?site_url=x&user_login=y&password=z")
    expect(owner.page.locator("#missing h2")).to_contain_text("open your receipt from the mail")
    assert owner.page.url.endswith("/receipt")


def _sign_in_and_approve(owner: Owner) -> None:
    owner.page.wait_for_url(re.compile(r"/wp-(login|admin)"))
    if owner.page.locator("#user_pass").is_visible():
        expect(owner.page.locator("#user_login")).to_be_focused()
        owner.page.fill("#user_login", owner.wordpress.user)
        owner.page.fill("#user_pass", owner.wordpress.password)
        owner.page.click("#wp-submit")
    owner.page.wait_for_load_state("networkidle")
    owner.page.click("#approve")
    owner.page.wait_for_url("**/receipt")


def _revoke_keys_of(wordpress: WordPress, username: str) -> None:
    """Delete a user's application passwords, as a cautious owner or a plugin might."""
    headers = basic(*wordpress.auth)
    found = requests.get(
        f"{wordpress.url}/?rest_route=/wp/v2/users&context=edit&search={username}",
        headers=headers,
        timeout=30,
    ).json()
    requests.delete(
        f"{wordpress.url}/?rest_route=/wp/v2/users/{found[0]['id']}/application-passwords",
        headers=headers,
        timeout=30,
    ).raise_for_status()
