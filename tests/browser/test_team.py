"""The page of the team's key: make it, hand it on, add and remove browsers; nothing is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chalicelib.onetime.envelope import encode
from infra.local.stack import Stack
from infra.team_keys import fingerprint
from tests.browser.fake_api import check
from tests.browser.recorder import Recorder
from tests.browser.team_browser import NO_STORAGE, add, is_at, name_keys
from tests.team_key import PASSPHRASE, TeamKey

LANGUAGES = ["de", "es", "fr", "pt", "ar", "ja"]
STORED = """() => new Promise((resolve, reject) => {
    const asked = indexedDB.open("hallpass", 1)
    asked.onerror = () => reject(asked.error)
    asked.onsuccess = () => {
        const all = asked.result.transaction("team-keys").objectStore("team-keys").getAll()
        all.onsuccess = async () => {
            const found = []
            for (const { publicKey, privateKey } of all.result) {
                const read = crypto.subtle.exportKey("jwk", privateKey)
                const isRead = await read.then(() => true, () => false)
                found.push({ publicKey, extractable: privateKey.extractable, isRead })
            }
            asked.result.close()
            resolve(found)
        }
    }
})"""


@pytest.fixture
def use_keys(page: Page) -> Callable[..., None]:
    """Let config.json name these keys, on every page of *page*'s context."""
    return lambda *keys: name_keys(page.context, *keys)


@pytest.fixture
def colleague(browser: Browser, stack: Stack) -> Iterator[tuple[Page, Recorder]]:
    """Another agent's browser, with nothing in it."""
    context = browser.new_context(base_url=stack.app_url, locale="en-GB")
    recorder = Recorder(context, stack.app_url, stack.directory / "front-door.log")
    yield context.new_page(), recorder
    recorder.stop()
    assert recorder.complaints == []
    context.close()


def test_one_makes_the_key_another_adds_a_browser_and_nothing_is_sent(  # noqa: PLR0915  One story.
    page: Page,
    context: BrowserContext,
    recorder: Recorder,
    colleague: tuple[Page, Recorder],
) -> None:
    page.goto("/team")
    is_at(page, "Links are not sealed to a key yet")
    check(page)
    page.click("#make-title")
    page.click("#make-now")
    expect(page.locator("#made h2")).to_be_focused()
    check(page)
    with page.expect_download() as saving:
        page.click("#save")
    file = Path(saving.value.path()).read_text()
    words = page.text_content("#file-words") or ""
    key = TeamKey.read(file, words)
    shown = fingerprint(key.public)
    assert saving.value.suggested_filename == f"team-key-{shown}.json"
    expect(page.locator("#made-words")).to_have_text(shown)
    expect(page.locator("#line")).to_have_text(f'"team_keys": ["{key.public}"],')
    page.click("#copy-line")
    assert page.evaluate("navigator.clipboard.readText()") == page.text_content("#line")
    is_at(page, "The key is here, but not in use yet")

    name_keys(context, key.public)
    page.reload()
    is_at(page, "This browser is ready")
    expect(page.locator("#team-words output")).to_have_text(shown)
    expect(page.locator("#keys li")).to_have_count(1)
    check(page)

    other, their_recorder = colleague
    name_keys(other.context, key.public)
    other.goto("/team")
    is_at(other, "This browser does not have the key yet")
    check(other)
    add(other, file, words.replace(" ", "  ").upper())
    is_at(other, "This browser is ready")
    expect(other.locator("#state h2")).to_be_focused()
    expect(other.locator("#done")).to_have_text("The key is added to this browser.")
    expect(other.locator("#team-words output")).to_have_text(shown)
    assert other.input_value("#passphrase") == ""

    for each in (page, other):
        assert each.evaluate(STORED) == [
            {"publicKey": key.public, "extractable": False, "isRead": False}
        ]
        left = "[...Object.entries(sessionStorage), ...Object.entries(localStorage)]"
        assert each.evaluate(left) == []
    sealed = json.loads(file)["sealed"]
    scalar = encode(key.private.private_numbers().private_value.to_bytes(32))
    sent = [*recorder.requests, *their_recorder.requests]
    assert len(sent) > 20
    for request in sent:
        address = unquote_plus(request.url)
        if request.url.startswith("blob:"):
            continue  # The file that was saved; it comes from the page itself.
        assert request.method == "GET"
        assert request.post_data is None
        assert "/api/" not in address
        assert urlsplit(request.url).query == ""
        for secret in (words, sealed, scalar, key.public):
            assert secret not in address
    for secret in (words, sealed, scalar, key.public):
        recorder.assert_never_sent(secret)
        their_recorder.assert_never_sent(secret)


@pytest.mark.parametrize(
    ("file", "words", "field", "said"),
    [
        ("ours", "ocean brave lemon tiger quiet rivers", "passphrase", "do not open this file"),
        ("{}", PASSPHRASE, "file", "not a key file"),
        ("\0\0picture", PASSPHRASE, "file", "not a key file"),
        ("half", PASSPHRASE, "file", "is damaged"),
        ("newer", PASSPHRASE, "file", "Another version of this page"),
        ("", PASSPHRASE, "file", "not a key file"),
        ("ours", " ", "passphrase", "Please fill"),
    ],
)
def test_what_does_not_fit_is_shown_beside_its_field_and_changes_nothing(
    page: Page, use_keys: Callable[..., None], file: str, words: str, field: str, said: str
) -> None:
    key = TeamKey.make()
    ours = key.file()
    use_keys(key.public)
    page.goto("/team")
    is_at(page, "This browser does not have the key yet")
    newer = ours.replace("P-256", "X25519")
    add(page, {"ours": ours, "half": ours[:200], "newer": newer}.get(file, file), words)

    expect(page.locator(f"#{field}-wrong")).to_contain_text(said)
    expect(page.locator(f"#{field}")).to_be_focused()
    check(page)
    assert page.evaluate(STORED) == []
    add(page, ours)
    is_at(page, "This browser is ready")
    expect(page.locator(".wrong")).to_have_count(0)


def test_without_a_file_the_field_says_so(page: Page) -> None:
    page.goto("/team")
    page.click("#add-now")
    expect(page.locator("#file-wrong")).to_have_text("Choose the file first.")


def test_a_browser_that_keeps_nothing_says_what_to_do(page: Page) -> None:
    page.add_init_script(NO_STORAGE)
    page.goto("/team")
    is_at(page, "This browser keeps no key")
    expect(page.locator("#state-text")).to_contain_text("ordinary window")
    for part in ("#add", "#make-now"):
        expect(page.locator(part)).to_be_hidden()
    check(page)


def test_a_full_disk_is_shown_and_the_words_stay(page: Page) -> None:
    page.goto("/team")
    is_at(page, "Links are not sealed to a key yet")
    page.evaluate(
        "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full') } }"
    )
    add(page, TeamKey.make().file())
    expect(page.locator("#file-wrong")).to_contain_text("could not keep the key")
    assert page.input_value("#passphrase") == PASSPHRASE


def test_a_key_that_cannot_be_kept_is_not_made(page: Page) -> None:
    page.goto("/team")
    is_at(page, "Links are not sealed to a key yet")
    page.evaluate(
        "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full') } }"
    )
    page.click("#make-title")
    page.click("#make-now")
    expect(page.locator("#done")).to_contain_text("could not keep the key")
    expect(page.locator("#made")).to_be_hidden()
    expect(page.locator("#not-loaded")).to_be_hidden()


def test_what_is_stored_wrongly_can_be_removed(page: Page, use_keys: Callable[..., None]) -> None:
    key = TeamKey.make()
    use_keys(key.public)
    page.goto("/team")
    is_at(page, "This browser does not have the key yet")
    page.evaluate(
        """() => new Promise((resolve) => {
            const opening = indexedDB.open("hallpass", 1)
            opening.onsuccess = () => {
                const storing = opening.result.transaction("team-keys", "readwrite")
                storing.objectStore("team-keys").put({ publicKey: "no key!" })
                storing.oncomplete = () => (opening.result.close(), resolve())
            }
        })"""
    )
    page.reload()
    is_at(page, "This browser has another key")
    add(page, key.file())
    is_at(page, "This browser is ready")
    page.locator("#keys li", has_text="?").get_by_role("button").click()
    page.click("#confirm button[value=yes]")
    expect(page.locator("#keys li")).to_have_count(1)
    is_at(page, "This browser is ready")


def test_a_new_key_comes_first_and_the_old_one_stays(
    page: Page, use_keys: Callable[..., None]
) -> None:
    old = TeamKey.make()
    use_keys(old.public)
    page.goto("/team")
    add(page, old.file())
    is_at(page, "This browser is ready")
    page.click("#make-title")
    page.click("#make-now")
    expect(page.locator("#made h2")).to_be_focused()
    line = page.text_content("#line") or ""
    newest, older = json.loads("{" + line.rstrip(",") + "}")["team_keys"]
    assert older == old.public

    use_keys(newest, older)
    with page.expect_download():
        page.click("#save")
    page.reload()
    is_at(page, "This browser is ready")
    expect(page.locator("#keys")).to_contain_text("New links are sealed to it.")
    expect(page.locator("#keys")).to_contain_text("It opens earlier links.")
    check(page)


def test_an_older_and_a_foreign_key_are_distinguished(
    page: Page, use_keys: Callable[..., None]
) -> None:
    newest, old = TeamKey.make(), TeamKey.make()
    use_keys(newest.public, old.public)
    page.goto("/team")
    add(page, old.file())
    is_at(page, "This browser has an older key only")
    check(page)
    use_keys(newest.public)
    page.reload()
    is_at(page, "This browser has another key")
    expect(page.locator("#keys")).to_contain_text("not in this page’s settings")
    add(page, newest.file())
    is_at(page, "This browser is ready")


def test_removing_asks_first(page: Page, use_keys: Callable[..., None]) -> None:
    key = TeamKey.make()
    use_keys(key.public)
    page.goto("/team")
    add(page, key.file())
    page.click("#keys button")
    expect(page.locator("#confirm-words")).to_have_text(fingerprint(key.public))
    check(page)
    page.click("#confirm [value=no]")
    is_at(page, "This browser is ready")
    page.click("#keys button")
    page.click("#confirm [value=yes]")
    is_at(page, "This browser does not have the key yet")
    expect(page.locator("#done")).to_have_text("The key is removed from this browser.")
    assert page.evaluate(STORED) == []


def test_a_key_that_cannot_be_removed_is_said_to_be_there_still(
    page: Page, use_keys: Callable[..., None], recorder: Recorder
) -> None:
    key = TeamKey.make()
    use_keys(key.public)
    page.goto("/team")
    add(page, key.file())
    is_at(page, "This browser is ready")
    page.evaluate(
        "() => { IDBObjectStore.prototype.delete = () => { throw new DOMException('disk') } }"
    )
    page.click("#keys button")
    page.click("#confirm [value=yes]")
    expect(page.locator("#done")).to_contain_text("could not remove the key. It is still here")
    expect(page.locator("#done")).to_be_in_viewport()
    expect(page.locator("#not-loaded")).to_be_hidden()
    is_at(page, "This browser is ready")
    assert len(page.evaluate(STORED)) == 1
    check(page)
    assert recorder.complaints == []


def test_a_key_that_was_not_saved_is_not_left_without_a_word(page: Page) -> None:
    page.goto("/team")
    page.click("#make-title")
    page.click("#make-now")
    expect(page.locator("#made h2")).to_be_focused()
    with page.expect_event("dialog") as asking:
        page.close(run_before_unload=True)
    assert asking.value.type == "beforeunload"
    asking.value.accept()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits(browser: Browser, base_url: str, language: str) -> None:
    context = browser.new_context(base_url=base_url, locale=language)
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto("/team")
    expect(page.locator("#state")).to_be_visible()
    page.click("#make-title")
    page.click("#make-now")
    expect(page.locator("#made h2")).to_be_focused()
    with page.expect_download():
        page.click("#save")
    assert page.evaluate("document.documentElement.lang") == language
    assert re.search(r"[{}]", page.inner_text("main").replace('{"', "")) is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    if language == "ar":
        check(page)
    context.close()
