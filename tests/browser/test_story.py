"""The main job, from the form to a site without the account."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import expect

from infra.local.stack import Stack
from tests.browser.people import MESSAGE, SENDER, Agent, Owner
from tests.browser.recorder import Recorder

Names = Callable[[], set[str]]
Mails = Callable[[str], list[dict[str, str]]]


def test_owner_lets_in_agent_works_and_ends(
    owner: Owner,
    agent: Agent,
    recorder: Recorder,
    users: Names,
    owner_keys: Names,
    mails: Mails,
    link_in: Callable[[str], str],
) -> None:
    users_before, keys_before = users(), owner_keys()
    owner.describe()
    owner.let_in()
    owner.approve()
    assert owner.page.url.endswith("/#send"), "what WordPress brought is not in the address bar"
    assert users() == users_before, "nothing is made before “Send”"
    owner.protect()
    owner.page.fill("#passphrase_hint", "I will call you.")
    reference = owner.send()

    (username,) = users() - users_before
    assert owner_keys() == keys_before, "the owner's consent key is gone"
    to_support, to_owner = mails(reference)
    assert "\n".join(f"> {line}" for line in MESSAGE.splitlines()) in to_support["text"]
    assert "I will call you." in to_support["text"]
    assert "/receipt#" in to_owner["text"]
    assert owner.page.url.endswith("/receipt"), "the owner's token is not in the address bar"
    expect(owner.state).to_contain_text("has not opened the sign-in link yet")

    link = link_in(reference)
    agent.go_to(link)
    expect(agent.page.locator("#waiting-title")).to_have_text("Sign in to Bella's Bakery")
    # Whoever has only the link does not learn the owner's address before it is opened.
    expect(agent.page.locator("#waiting")).not_to_contain_text(SENDER["email"])
    assert agent.page.url.endswith("/open"), "the link key is not in the address bar"
    agent.open("wrong words here now")
    expect(agent.page.locator("#open-problem")).to_contain_text("Tries left: 4")
    agent.open(f" {owner.passphrase.replace(' ', '  ')} ")
    expect(agent.page.locator("#opened")).to_be_visible()
    assert owner.wordpress.url in agent.value("address")
    assert agent.value("username") == username
    password = agent.value("password")
    agent.page.click("#values div:has(#value-password) button >> nth=1")
    assert agent.page.evaluate("navigator.clipboard.readText()") == password

    with agent.page.context.expect_page() as signed_in:
        agent.page.click("#sign-in button")
    expect(signed_in.value.locator("#wpadminbar")).to_be_attached()
    assert signed_in.value.evaluate("window.opener") is None
    assert agent.page.locator("#sign-in input[name=pwd]").input_value() == ""

    agent.end()
    assert users() == users_before
    signed_in.value.reload()
    expect(signed_in.value.locator("#user_pass")).to_be_visible()
    owner.page.reload()
    expect(owner.state).to_contain_text("has ended")
    expect(owner.page.locator("#timeline")).to_contain_text("the site confirmed it")

    consent_key_goes_nowhere_else(recorder)
    recorder.assert_never_sent(link.partition("#")[2], but_in_bodies_of=("/api/tickets",))
    recorder.assert_never_sent(owner.passphrase)
    recorder.assert_never_sent(password, but_in_bodies_of=("/api/users", "/wp-login.php"))
    for page in (owner.page, agent.page):
        assert (
            page.evaluate("[...Object.entries(sessionStorage), ...Object.entries(localStorage)]")
            == []
        )


def consent_key_goes_nowhere_else(recorder: Recorder) -> None:
    """Check that what WordPress brought back is in one body: that of the call that needs it."""
    brought = recorder.brought_back("password")
    key = brought.replace(" ", "")
    for form in {brought, key}:
        recorder.assert_never_sent(form, but_in_bodies_of=("/api/users",))
    bodies = [sent.post_data or "" for sent in recorder.requests if sent.url.endswith("/api/users")]
    assert any(key in body for body in bodies)


def test_the_sweep_ends_it_at_the_deadline(
    owner: Owner, stack: Stack, users: Names, turn_clock: Callable[[str, int], None]
) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.page.check("#choices input[value='7']")
    expect(owner.page.locator("#consent-until")).to_contain_text("(7 days)")
    owner.approve()
    owner.send()
    expect(owner.page.locator("#left")).to_have_text("7 days left")
    assert users() > before

    turn_clock(owner.held()["grantId"], int(time.time()) - 5)
    stack.sweep()

    owner.page.reload()
    expect(owner.state).to_contain_text("has ended")
    assert users() == before


def test_the_receipt_gives_more_time_takes_the_link_back_and_ends(
    owner: Owner, agent: Agent, users: Names, link_in: Callable[[str], str]
) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.page.check("#choices input[value='1']")
    owner.approve()
    link = link_in(owner.send())

    owner.page.click("#more")
    owner.page.check("#extend input[value='3']")
    owner.page.click("#extend button >> nth=0")
    expect(owner.page.locator("#left")).to_have_text("4 days left")

    owner.page.click("#burn")
    owner.page.click("#confirm-burn button[value=yes]")
    expect(owner.page.locator("#notice")).to_contain_text("does not open any more")
    expect(owner.page.locator("#burn")).to_be_hidden()
    agent.go_to(link)
    expect(agent.gone).to_have_text(re.compile("does not open anything|withdrew this link"))

    owner.page.click("#end-now")
    owner.page.click("#confirm-end button[value=no]")
    assert users() > before, "asked once, and “no” is no"
    owner.page.click("#end-now")
    owner.page.click("#confirm-end button[value=yes]")
    expect(owner.state).to_contain_text("has ended")
    assert users() == before


def test_whoever_holds_an_opened_link_can_end_the_access(
    owner: Owner, agent: Agent, users: Names, link_in: Callable[[str], str]
) -> None:
    before = users()
    owner.describe()
    owner.let_in()
    owner.approve()
    link = link_in(owner.send())
    agent.go_to(link)
    agent.open()
    expect(agent.page.locator("#opened")).to_be_visible()
    agent.page.wait_for_load_state("networkidle")  # The acknowledgement has gone out.

    colleague = Agent(agent.page.context.new_page())
    colleague.go_to(link)
    expect(colleague.gone).to_have_text("This link has been opened")
    colleague.end()

    assert users() == before
    agent.page.reload()
    expect(agent.gone).to_have_text("The access has ended")
