"""Links that are sealed to the team: who opens them, who does not, and what the server ever got."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.onetime.envelope import Link, decode, encode
from infra.local.stack import Stack
from infra.team_keys import fingerprint
from tests.browser.fake_api import GRANT, RECEIPT, FakeApi, approve, check, choose_time
from tests.browser.people import Agent, Owner
from tests.browser.recorder import Recorder
from tests.browser.team_browser import NO_STORAGE, add, give_key, name_keys
from tests.team_key import TeamKey, published

Names = Callable[[], set[str]]
Mails = Callable[[str], list[dict[str, str]]]
BOX = re.compile(r"http\S+/open#(t\.[\w-]{151})")


@pytest.fixture
def team(stack: Stack) -> Iterator[TeamKey]:
    """Deploy a key of the team, as an operator does, and take it back afterwards."""
    key = TeamKey.make()
    with published(stack, key):
        yield key


@pytest.fixture
def stranger(browser: Browser, stack: Stack) -> Iterator[tuple[Agent, Recorder]]:
    """An agent whose browser has nothing yet."""
    context = browser.new_context(base_url=stack.app_url, locale="en-GB")
    recorder = Recorder(context, stack.app_url, stack.directory / "front-door.log")
    yield Agent(context.new_page()), recorder
    recorder.stop()
    assert recorder.complaints == []
    context.close()


def come_back(page: Page) -> None:
    """Return from another tab."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_story_sealed_to_the_team(
    team: TeamKey,
    owner: Owner,
    stranger: tuple[Agent, Recorder],
    stack: Stack,
    recorder: Recorder,
    users: Names,
    mails: Mails,
) -> None:
    before = users()
    words = fingerprint(team.public)
    owner.describe()
    owner.let_in()
    expect(owner.page.locator("#consent-sealed")).to_contain_text(
        f"sealed to Acme Support’s key {words}"
    )
    check(owner.page)
    owner.approve()
    owner.page.click("#see summary")
    expect(owner.page.locator("#see-sealed")).to_contain_text(words)
    check(owner.page)
    reference = owner.send()
    (username,) = users() - before

    to_support, to_owner = mails(reference)
    found = BOX.search(to_support["text"])
    assert found is not None
    link, box = found[0], found[1]
    assert f"{stack.app_url}/team" in to_support["text"]
    assert box not in to_owner["text"]
    secret = Link.derive(team.open(box))

    agent, recorded = stranger
    agent.go_to(link)
    expect(agent.gone).to_have_text("This browser does not have the team’s key")
    check(agent.page)
    for way in ("#open", "#end-now", "#copy-ask"):
        expect(agent.page.locator(way)).to_be_hidden()
    assert not [sent.url for sent in recorded.requests if "/api/" in sent.url]
    assert peek(stack, secret)["state"] == "waiting"
    assert users() == before | {username}

    everything = all_that_the_server_got([recorder], stack, mails)
    assert box in everything
    assert opens_with(everything, stack, secret) == [], "not with anything that the server ever got"
    assert team.open(box) == secret_key_of(everything + encode(team.open(box)), stack, secret)

    give_key(agent.page.context, team)
    come_back(agent.page)
    expect(agent.page.locator("#waiting-title")).to_have_text("Sign in to Bella's Bakery")
    assert agent.page.url.endswith("/open"), "the box leaves the address bar"
    agent.open()
    assert agent.value("username") == username
    password = agent.value("password")
    assert owner.wordpress.url in agent.value("address")
    agent.page.wait_for_load_state("networkidle")

    colleague = Agent(agent.page.context.new_page())
    colleague.go_to(link)
    expect(colleague.gone).to_have_text("This link has been opened")
    colleague.end()
    assert users() == before
    for recording in (recorder, recorded):
        recording.assert_never_sent(encode(team.open(box)))
    recorded.assert_never_sent(password)
    recorded.assert_never_sent(box)


def test_without_a_key_the_same_search_finds_the_link_key(
    owner: Owner, stack: Stack, recorder: Recorder, mails: Mails, link_in: Callable[[str], str]
) -> None:
    owner.describe()
    owner.let_in()
    expect(owner.page.locator("#consent-sealed")).to_be_hidden()
    owner.approve()
    expect(owner.page.locator("#see-sealed")).to_be_hidden()
    link_key = decode(link_in(owner.send()).partition("#")[2])
    everything = all_that_the_server_got([recorder], stack, mails)

    assert secret_key_of(everything, stack, Link.derive(link_key)) == link_key


def test_a_user_made_by_hand_travels_sealed_too(
    team: TeamKey, owner: Owner, context: BrowserContext, mails: Mails
) -> None:
    page = owner.page
    owner.describe()
    page.click("#doors summary")
    page.click("[data-open=made]")
    for name, value in {"url": "blog.example", "username": "helper", "password": "by-hand"}.items():
        page.fill(f"#{name}", value)
    page.click("#check")
    page.click("#time .actions button:visible >> nth=0")
    reference = owner.send()
    found = BOX.search(mails(reference)[0]["text"])
    assert found is not None
    give_key(context, team)
    agent = Agent(context.new_page())
    agent.go_to(found[0])
    agent.open()
    assert agent.value("password") == "by-hand"
    assert team.open(found[1])


def test_a_new_link_is_sealed_too(
    team: TeamKey,
    owner: Owner,
    agent: Agent,
    stack: Stack,
    recorder: Recorder,
    mails: Mails,
) -> None:
    owner.describe()
    owner.let_in()
    owner.approve()
    owner.send()
    owner.page.click("#renew")
    owner.page.click("#confirm-renew button[value=yes]")
    expect(owner.page.locator("#notice")).to_contain_text("The new link is sent")
    first, *_, last = [found for mail in mails("") for found in BOX.finditer(mail["text"])]
    assert first[1] != last[1]
    secret = Link.derive(team.open(last[1]))
    everything = all_that_the_server_got([recorder], stack, mails)
    assert opens_with(everything, stack, secret) == []

    give_key(agent.page.context, team)
    agent.go_to(last[0])
    agent.open()
    assert owner.wordpress.url in agent.value("address")
    with agent.page.context.expect_page() as signed_in:
        agent.page.click("#sign-in button")
    expect(signed_in.value.locator("#wpadminbar")).to_be_attached()
    agent.end()


def test_a_new_link_that_cannot_be_sealed_changes_nothing(
    page: Page, context: BrowserContext, api: FakeApi
) -> None:
    name_keys(context, "A" * 87)
    api.says("grants/*", {**GRANT, "can": ["end", "renew"], "owner_email": "bella@bakery.example"})
    page.goto(RECEIPT)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if sent.method == "POST" else None)
    page.click("#renew")
    page.click("#confirm-renew button[value=yes]")
    expect(page.locator("#now-problem")).to_contain_text("could not be sealed")
    assert asked == []


@pytest.mark.parametrize(
    ("held", "named", "said", "helps"),
    [
        ("other", ["ours"], "This browser has another key", True),
        ("old", ["ours", "old"], "This browser has an older key only", True),
        ("damaged", ["ours"], "This link is damaged", False),
        ("no point", ["ours"], "This link is damaged", False),
        ("short", ["ours"], "This link is not complete", False),
        ("later", ["ours"], "This page does not know this kind of link", False),
        ("nothing", ["ours"], "This browser keeps no key", False),
    ],
)
def test_what_does_not_open_says_why_and_what_to_do(
    page: Page, context: BrowserContext, held: str, named: list[str], said: str, *, helps: bool
) -> None:
    keys = {name: TeamKey.make() for name in ("ours", "old", "other")}
    box = keys["ours"].seal(bytes(range(32)))
    name_keys(context, *(keys[name].public for name in named))
    if held == "nothing":
        page.add_init_script(NO_STORAGE)
    else:
        page.goto("/team")
        add(page, keys.get(held, keys["ours"]).file())
        expect(page.locator("#done")).to_be_visible()
    changed = {
        "damaged": box[:-4] + ("AAAA" if not box.endswith("AAAA") else "BBBB"),
        "no point": "t." + "A" * 151,
        "short": box[:-1],
        "later": "u" + box[1:],
    }
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/api/" in sent.url else None)
    page.goto(f"/open#{changed.get(held, box)}")

    expect(page.locator("#gone h2")).to_have_text(said)
    check(page)
    next_step = page.locator("#gone > p:nth-of-type(2)")
    expect(next_step).not_to_be_empty()
    expect(page.locator("#to-team")).to_be_visible(visible=helps)
    expect(page.locator("#end")).to_be_hidden()
    assert asked == [], "the server is not asked"
    assert page.url.endswith(changed.get(held, box)), "a link that is not read can still be mended"


def test_a_box_that_mail_programs_have_dressed_up_opens(
    page: Page, context: BrowserContext, api: FakeApi
) -> None:
    key = TeamKey.make()
    name_keys(context, key.public)
    give_key(context, key)
    api.says(
        "secrets/*", {"state": "opened", "passphrase": False, "expires_at": 1, "tries_left": 5}
    )
    for around in ("{}.", "%23{}", "{}%3E", "{}?utm_source=mail"):
        page.goto("about:blank")
        page.goto(f"/open#{around.format(key.seal(bytes(32)))}")
        expect(page.locator("#gone h2")).to_have_text("This link has been opened")


def test_a_key_that_cannot_seal_stops_everything_before_anything_is_made(
    page: Page, context: BrowserContext, api: FakeApi
) -> None:
    name_keys(context, "A" * 87)
    approve(page, api)
    made: list[str] = []
    held = {"grant_id": "G" * 22, "state": "preparing", "expires_at": 1, "username": "s"}
    api.says("users", held, 202)
    page.on("request", lambda sent: made.append(sent.url) if "/api/" in sent.url else None)
    page.click("#send-now")
    expect(page.locator("#send-problem")).to_contain_text("could not be sealed")
    check(page)
    assert made == []


def test_the_words_wait_for_no_one(page: Page, context: BrowserContext, api: FakeApi) -> None:
    """The step is usable before the words are made, and nothing of it is loaded without a key."""
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    choose_time(page, api)
    expect(page.locator("#consent-sealed")).to_be_hidden()
    assert not [url for url in asked if "fingerprint" in url or "hpke" in url or "words" in url]
    name_keys(context, TeamKey.make().public)
    page.reload()
    expect(page.locator("#consent-sealed")).to_be_visible()


def test_a_secret_from_the_support_form_is_sealed_to_the_team(
    team: TeamKey,
    page: Page,
    context: BrowserContext,
    recorder: Recorder,
    stranger: tuple[Agent, Recorder],
) -> None:
    page.goto("/")
    with context.expect_page() as opening:
        page.click("#seal a")
    sharing = opening.value
    expect(sharing.locator("#sealed")).to_contain_text(fingerprint(team.public))
    check(sharing)
    sharing.fill("#text", "the FTP password")
    sharing.click("#create")
    expect(sharing.locator("#sent h2")).to_be_focused()
    link = sharing.input_value("#link")
    assert re.fullmatch(r"http\S+/secret#t\.[\w-]{151}", link)
    check(sharing)
    sharing.reload()
    expect(sharing.locator("#sent")).to_be_visible()
    assert sharing.input_value("#link") == link

    agent, recorded = stranger
    agent.go_to(link)
    expect(agent.gone).to_have_text("This browser does not have the team’s key")
    check(agent.page)
    assert not [sent.url for sent in recorded.requests if "/api/" in sent.url]
    give_key(agent.page.context, team)
    come_back(agent.page)
    agent.page.click("#open")
    agent.page.click("#reveal")
    assert agent.page.input_value("#shown") == "the FTP password"
    for recording in (recorder, recorded):
        recording.assert_never_sent("the FTP password")
        recording.assert_never_sent(encode(team.open(link.partition("#")[2])))


def test_share_alone_seals_to_no_team(team: TeamKey, page: Page) -> None:
    page.goto("/share")
    page.fill("#text", "x")
    page.click("#create")
    expect(page.locator("#sent h2")).to_be_focused()
    assert re.search(r"/secret#[0-9a-z]{31}$", page.input_value("#link"))
    assert team.public


def peek(stack: Stack, secret: Link) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(
        f"{stack.app_url}/api/secrets/{secret.id}", timeout=30
    ).json()
    return answer


def all_that_the_server_got(recorders: list[Recorder], stack: Stack, mails: Mails) -> str:
    """Return every request to the server, what it stores, mails and logs, as one text."""
    parts: list[str] = []
    for recorder in recorders:
        for sent in recorder.requests:
            if sent.url.startswith(stack.app_url):
                parts += [sent.url.partition("#")[0], sent.post_data or "", str(sent.headers)]
    dynamodb = stack.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        for item in dynamodb.scan(TableName=table)["Items"]:
            parts.append(json.dumps(item, default=as_text))
    for mail in mails(""):
        parts += mail.values()
    logs = stack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]:
            parts.append(event["message"])
    parts.append((stack.directory / "front-door.log").read_text())
    return "\n".join(parts)


def as_text(value: object) -> str:
    return encode(value) if isinstance(value, bytes) else str(value)


def opens_with(everything: str, stack: Stack, secret: Link) -> list[bytes]:
    """
    Return what of *everything* opens the secret, as its link key or as its sealing key.

    Each 43 characters that may be base64url are tried, and each 32 bytes of longer ones.
    """
    table = stack.outputs["SecretsTableName"]
    stored = stack.client("dynamodb").get_item(TableName=table, Key={"id": {"S": secret.id}})
    sealed = bytes(stored["Item"]["ciphertext"]["B"])
    tried: set[bytes] = set()
    for found in re.finditer(r"[\w-]{43,}", everything):
        text = found[0]
        for start in range(min(len(text) - 42, 200)):
            tried.add(base64.urlsafe_b64decode(text[start : start + 43] + "="))
        whole = base64.urlsafe_b64decode(text[: len(text) // 4 * 4][:400])
        tried |= {whole[start : start + 32] for start in range(max(0, len(whole) - 31))}
    return [key for key in tried if key_opens(key, sealed, secret.id)]


def key_opens(key: bytes, sealed: bytes, secret_id: str) -> bool:
    """Return whether *key*, or what derives from it as a link key, opens the ciphertext."""
    if len(key) != 32:
        return False
    try:
        AESGCM(key).decrypt(sealed[:12], sealed[12:], f"hallpass/v1 {secret_id}".encode())
    except InvalidTag:
        return Link.derive(key).id == secret_id
    return True


def secret_key_of(everything: str, stack: Stack, secret: Link) -> bytes | None:
    return next(iter(opens_with(everything, stack, secret)), None)
