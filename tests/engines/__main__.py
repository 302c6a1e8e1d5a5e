"""The story in Firefox and WebKit: from the form to a site without the account.

    python -m tests.engines [firefox] [webkit]

Clicks and texts go through the page's own DOM, so this is about what an engine makes of our
modules, cryptography, dialogs and storage; Chromium's tests are about the rest.
"""

from __future__ import annotations

import json
import re
import sys
import time

import requests

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from infra.team_keys import fingerprint
from tests.browser.people import MESSAGE, SENDER
from tests.engines.drivers import Engine, Firefox, WebKit, wait
from tests.page import basic
from tests.team_key import PASSPHRASE, TeamKey, published

ENGINES: dict[str, type[Firefox | WebKit]] = {"firefox": Firefox, "webkit": WebKit}
SHOWN = "((e) => e?.checkVisibility() && !e.closest('[inert]'))(document.querySelector({0}))"
VIOLATIONS = "addEventListener('securitypolicyviolation', () => globalThis.violated = true)"


class Person:
    """A person at a browser."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def sees(self, selector: str) -> None:
        wait(self.engine, SHOWN.format(json.dumps(selector)))

    def reads(self, selector: str, words: str) -> str:
        text = f"document.querySelector({json.dumps(selector)})?.innerText"
        return str(wait(self.engine, f"{text}?.includes({json.dumps(words)}) && {text}"))

    def types(self, selector: str, text: str) -> None:
        self.sees(selector)
        field = f"document.querySelector({json.dumps(selector)})"
        self.engine.run(
            f"({field}.value = {json.dumps(text)},"
            f" {field}.dispatchEvent(new Event('input', {{ bubbles: true }})))"
        )

    def clicks(self, selector: str) -> None:
        self.sees(selector)
        self.engine.run(f"(document.querySelector({json.dumps(selector)}).click(), true)")

    def gives(self, selector: str, name: str, content: str) -> None:
        """Choose a file."""
        self.sees(selector)
        self.engine.run(
            f"((field, files) => (files.items.add(new File([{json.dumps(content)}], "
            f"{json.dumps(name)})), field.files = files.files, true))"
            f"(document.querySelector({json.dumps(selector)}), new DataTransfer())"
        )


def story(engine: Engine, stack: Stack, wordpress: WordPress) -> None:
    """Let support in, open the link, end the access."""
    before = _users(wordpress)
    owner = Person(engine)
    choose(owner, stack, wordpress)
    approve(owner, wordpress)
    owner.clicks("#protect")
    wait(engine, "document.querySelector('#passphrase')?.textContent.split(' ').length === 4")
    words = str(engine.run("document.querySelector('#passphrase').textContent"))
    owner.clicks("#send-now")
    owner.clicks("#to-receipt")
    reference = re.search(r"HP-\w+", owner.reads("#sent", "HP-"))
    assert reference is not None
    assert len(_users(wordpress) - before) == 1, "the account is there"

    agent = Person(engine)
    engine.goto("about:blank")
    engine.goto(_link(stack, reference[0]))
    agent.types("#passphrase", "not these words")
    agent.clicks("#open")
    agent.reads("#open-problem", "Tries left: 4")
    agent.types("#passphrase", words)
    agent.clicks("#open")
    end(agent)
    assert _users(wordpress) == before, "the account is gone"


def sealed_story(engine: Engine, stack: Stack, wordpress: WordPress) -> None:
    """The same, sealed to the team: make a key here, add another, be refused without it."""
    before, key = _users(wordpress), TeamKey.make()
    agent = Person(engine)
    engine.goto(f"{stack.app_url}/team")
    agent.clicks("#make-title")
    agent.clicks("#make-now")
    made = agent.reads("#made-words", "-")
    agent.reads("#keys", made)
    file, words = key.file(), fingerprint(key.public)
    with published(stack, key):
        owner = Person(engine)
        choose(owner, stack, wordpress)
        owner.reads("#consent-sealed", words)
        approve(owner, wordpress)
        owner.clicks("#send-now")
        reference = re.search(r"HP-\w+", owner.reads("#sent", "HP-"))
        assert reference is not None
        link = _link(stack, reference[0])
        assert "#t." in link, "the ticket holds a box"
        engine.goto("about:blank")
        engine.goto(link)
        agent.reads("#gone h2", "another key")

        engine.goto(f"{stack.app_url}/team")
        agent.gives("#file", "team-key.json", file)
        agent.types("#passphrase", "not these words")
        agent.clicks("#add-now")
        agent.reads("#passphrase-wrong", "do not open this file")
        agent.types("#passphrase", PASSPHRASE)
        agent.clicks("#add-now")
        agent.reads("#state h2", "is ready")
        agent.reads("#team-words output", words)
        engine.goto("about:blank")
        engine.goto(link)
        agent.clicks("#open")
        end(agent)
    assert _users(wordpress) == before, "the account is gone"


def choose(owner: Person, stack: Stack, wordpress: WordPress) -> None:
    """Say what is wrong and which site, and come to the choice of the time."""
    owner.engine.goto("about:blank")
    owner.engine.goto(stack.app_url)
    wait(owner.engine, "document.querySelector('#language')?.hidden === false")
    for name, value in {"message": MESSAGE, **SENDER}.items():
        owner.types(f"#{name}", value)
    owner.clicks("#what button")
    owner.types("#url", wordpress.url)
    owner.clicks("#site .actions button")
    owner.sees("#time .actions button")


def approve(owner: Person, wordpress: WordPress) -> None:
    """Approve on WordPress, where the owner may be signed in already."""
    owner.clicks("#time .actions button")
    if wait(owner.engine, "document.querySelector('#loginform, #approve')?.id") == "loginform":
        owner.types("#user_login", wordpress.user)
        time.sleep(1)  # WordPress moves to its first field a moment after loading.
        owner.types("#user_pass", wordpress.password)
        owner.clicks("#wp-submit")
    owner.sees("#approve")
    time.sleep(1)  # Its script has to be there, which sends the answer in the fragment.
    owner.clicks("#approve")
    owner.sees("#send-now")


def end(agent: Person) -> None:
    """See the opened account, and end the access."""
    engine = agent.engine
    agent.reads("#values div:nth-child(2) output", "support")
    engine.run(VIOLATIONS)
    agent.clicks("#end-now")
    agent.clicks("#confirm button[value=yes]")
    agent.reads("#ended h2", "has ended")
    assert not engine.run("globalThis.violated === true"), "nothing against the policy"
    assert engine.run("location.hash") == "", "no key in the address bar"


def main() -> None:
    """Run the story in the engines asked for, in all by default."""
    with (
        WordPress("7.1", title="Bella's Bakery") as wordpress,
        Stack(allowed_sites=(wordpress.url,)) as stack,
    ):
        for name in sys.argv[1:] or ENGINES:
            began = time.monotonic()
            with ENGINES[name]() as engine:
                story(engine, stack, wordpress)
                sealed_story(engine, stack, wordpress)
                version = engine.run("navigator.userAgent").rpartition(" ")[2]
            seconds = time.monotonic() - began
            print(f"{engine.name} ({version}): the story holds, sealed too, {seconds:.0f} s")


def _users(wordpress: WordPress) -> set[str]:
    url = f"{wordpress.url}/?rest_route=/wp/v2/users&context=edit&per_page=100"
    answer = requests.get(url, headers=basic(*wordpress.auth), timeout=30)
    return {str(user["username"]) for user in answer.json()}


def _link(stack: Stack, reference: str) -> str:
    answer = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30)
    texts = [mail["text"] for mail in answer.json() if reference in mail["subject"]]
    found = re.search(r"http\S+/open#(t\.[\w-]{151}|[\w-]{43})", "\n".join(texts))
    assert found is not None
    return found[0]


if __name__ == "__main__":
    main()
