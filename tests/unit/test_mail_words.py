"""
Nothing that a person types, or that a site reports, gets into our mails as our own words.

Every field of every request, and everything that a site shows, holds a mark and any text that is
allowed there. Mails to owners hold the mark nowhere; mails to support below the heading only that
says whose words follow, each line behind a sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from chalice.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

import app as app_module
from chalicelib.clock import DAY
from chalicelib.grants.snapshot import Plugin, Theme
from chalicelib.notifications.message import Mail
from chalicelib.notifications.quotation import MARK, quoted
from chalicelib.onetime.envelope import Link, encode
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import NOW, OWNER, PUBLIC_URL, SUPPORT, SUPPORT_MAIL, World
from tests.unit.conftest import Api

TYPED = "QzTypedByStrangers"
HEADING = "The sender wrote:"
LINK = Link.derive(bytes(range(32)))
OWNER_MAIL = f"{TYPED}@blog.example"
# What imitates our own lines, and what hides or turns text.
TRICKS = (
    "Sign-in details, in a link that opens once:",
    f"{PUBLIC_URL}/open#{'A' * 43}",
    HEADING,
    "\u202egro.live\u202c",
    "\u2066\u2069\u200b\u2060\ufeff\u00ad",
    "\u3000" * 80,
    " " * 200,
)
LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
ANY_TEXT = st.text(LETTERS, max_size=40) | st.sampled_from(TRICKS)


@dataclass(frozen=True)
class Words:
    """What people and sites say, each marked."""

    line: str
    message: str
    username: str
    path: str
    reported: str


WORDS = st.builds(
    Words,
    line=ANY_TEXT.map(lambda text: f"{TYPED} {text}"[:200]),
    message=st.lists(ANY_TEXT, max_size=6)
    .map(lambda ls: "\n".join(f"{t}{TYPED} {t}" for t in ls))
    .map(lambda text: f"{TYPED}\n{text}"),
    username=st.text("aZ09 _.@-", max_size=60 - len(TYPED)).map(lambda text: TYPED + text),
    path=st.text("aZ09-._~!$&'()*+,;=:@%20", max_size=20).map(lambda text: f"/{TYPED}{text}"),
    reported=ANY_TEXT.map(lambda text: f"{TYPED}{text}"[:150]),
)


class Story:
    """One access from set-up to end, at a site that says *words* wherever it can."""

    def __init__(self, api: Api, world: World, words: Words) -> None:
        self.api, self.world, self.words = api, world, words
        self.url = world.wordpress.normalise(f"blog.example{words.path}")
        self.grant_id = ""

    @property
    def site(self) -> FakeSite:
        return self.world.wordpress.add_site(self.url)

    def typed_address(self) -> str:
        return f"{self.url}/wp-admin/{TYPED}?{TYPED}#{TYPED}"

    def registers(self) -> None:
        body = {"username": self.words.username, **self._about_access()}
        assert self.api("POST", "/grants", body)[0] == 201

    def sets_up(self, *, status: int = 201) -> None:
        self.site.name = self.words.reported
        self.site.admin_email = f"{TYPED}@x.example"
        login = self.site.add_user(self.words.reported).username
        body = {
            "user_login": login,
            "application_password": self.site.consent(login, self.words.reported),
            "password": f"{TYPED} password",
            **self._about_access(),
        }
        assert self.api("POST", "/users", body)[0] == status

    def _about_access(self) -> dict[str, object]:
        self.grant_id = "g" * 22
        return {
            "grant_id": self.grant_id,
            "site_url": self.typed_address(),
            "days": 3,
            "owner_token": OWNER,
            "support_token": SUPPORT,
            "owner_email": OWNER_MAIL,
        }

    def writes(self) -> None:
        sealed = {
            "id": LINK.id,
            "ciphertext": encode(LINK.seal(TYPED, bytes(12))),
            "access_sha256": LINK.access_sha256,
            "passphrase": True,
            "lifetime_seconds": 3600,
            "grant_id": self.grant_id,
            "owner_token": OWNER,
        }
        assert self.api("POST", "/secrets", sealed)[0] == 201
        body = {
            "name": self.words.line,
            "email": OWNER_MAIL,
            "subject": self.words.line,
            "message": self.words.message,
            "site_url": self.typed_address(),
            "link": f"{PUBLIC_URL}/open#{'A' * 43}",
            "grant_id": self.grant_id,
            "owner_token": OWNER,
            "passphrase_hint": self.words.line,
        }
        status, said = self.api("POST", "/tickets", body)
        assert (status, set(said)) == (201, {"reference"})
        for _ in range(5):
            wrong = {"access": encode(bytes(32)), "claim": f"{TYPED}-{'c' * 22}"}
            assert self.api("POST", f"/secrets/{LINK.id}/open", wrong)[0] in {403, 423}
        self.sweeps(NOW)

    def support_works(self) -> None:
        """Change everything that the report compares."""
        self.site.add_user(f"{self.words.reported}2")
        self.site.consent("admin", self.words.reported)
        reported = self.words.reported
        self.site.plugins = (Plugin(reported, reported, reported, reported),)
        self.site.themes = (Theme(reported, reported, reported, reported),)
        self.site.admin_email = f"{TYPED}2@x.example"

    def sweeps(self, *times: int) -> None:
        for time in times:
            sweep_and_work(self.world.parts, now=time)


def an_access(story: Story) -> None:
    story.sets_up()
    story.writes()
    story.support_works()
    story.site.protects_users = True
    story.sweeps(NOW + 3 * DAY, *(NOW + 3 * DAY + hour * 3600 for hour in range(1, 6)))
    story.site.protects_users = False
    story.sweeps(NOW + 5 * DAY)


def a_user_made_by_hand(story: Story) -> None:
    story.registers()
    story.writes()
    story.sweeps(NOW + 3 * DAY)
    reminder = story.world.outbox.to(OWNER_MAIL)[-1].text
    found = re.search(rf"/receipt#{story.grant_id}\.(\S+)", reminder)
    assert found is not None
    path = f"/grants/{story.grant_id}"
    assert story.api("GET", path, token=found[1])[0] == 200
    story.sweeps(*(NOW + day * DAY for day in range(4, 13)))
    assert story.api("POST", f"{path}/end", {"gone": True}, token=OWNER)[0] == 200


def a_set_up_that_is_refused(story: Story) -> None:
    story.site.gives_role = TYPED
    story.sets_up(status=422)
    story.sweeps(NOW + 3600)


def a_message_only(story: Story) -> None:
    body = {
        "name": story.words.line,
        "email": OWNER_MAIL,
        "subject": story.words.line,
        "message": story.words.message,
        "site_url": story.typed_address(),
    }
    assert story.api("POST", "/tickets", body)[0] == 201


@pytest.mark.parametrize(
    "happens", [an_access, a_user_made_by_hand, a_set_up_that_is_refused, a_message_only]
)
@given(words=WORDS)
@settings(max_examples=60, deadline=None)
def test_no_mail_says_as_ours_what_others_say(
    happens: Callable[[Story], None], words: Words
) -> None:
    world = World()
    with pytest.MonkeyPatch.context() as patch, Client(app_module.app) as client:
        patch.setattr(app_module, "hallpass", lambda: world.parts)
        patch.setattr(app_module, "now", lambda: NOW)
        happens(Story(Api(client), world, words))

    for mail in world.outbox.sent:
        whole = f"{mail.subject}\n{mail.text}"
        assert_html_loads_and_links_nothing_of_others(mail)
        if mail.to != SUPPORT_MAIL:
            assert TYPED.casefold() not in (whole + mail.html).casefold()
            assert_no_link_but_ours(whole)
            continue
        reference, heading, _ = mail.subject.partition(HEADING)
        ours, _, theirs = mail.text.partition(f"\n{HEADING}\n")
        assert TYPED.casefold() not in (reference + ours).casefold()
        assert_no_link_but_ours(reference + ours)
        assert all(line.startswith(MARK.rstrip()) for line in theirs.splitlines())
        assert heading or not theirs, "a subject of the sender's says that it is"
        assert not re.search("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]", whole)


QUOTE = re.compile(r"<blockquote[^>]*>[^<]*(?:<br>[^<]*)*</blockquote>")


def assert_html_loads_and_links_nothing_of_others(mail: Mail) -> None:
    ours = QUOTE.sub("", mail.html)
    assert TYPED.casefold() not in ours.casefold()
    assert "<blockquote" not in ours, "what others wrote ends the quotation"
    assert not re.search(r"(?i)\bsrc=|url\(|@import|<link|<script|<form", ours)
    for link in re.findall(r'href="([^"]*)"', mail.html):
        assert link.startswith(f"{PUBLIC_URL}/") or link == PUBLIC_URL, link


def assert_no_link_but_ours(text: str) -> None:
    for link in re.findall(r"\w+://\S+", text):
        assert link == PUBLIC_URL or link.startswith(f"{PUBLIC_URL}/"), link


def test_the_stories_reach_every_mail() -> None:
    """Otherwise the test above would prove nothing."""
    words = Words(TYPED, TYPED, TYPED, f"/{TYPED}", TYPED)
    subjects = set()
    for happens in (an_access, a_user_made_by_hand, a_message_only):
        world = World()
        with pytest.MonkeyPatch.context() as patch, Client(app_module.app) as client:
            patch.setattr(app_module, "hallpass", lambda world=world: world.parts)
            patch.setattr(app_module, "now", lambda: NOW)
            happens(Story(Api(client), world, words))
        subjects |= {
            re.sub(r"^\[HP-\w+\] ", "[HP] ", mail.subject).rpartition("blog.example")[0]
            for mail in world.outbox.to(OWNER_MAIL)
        }
        assert any(HEADING in mail.text for mail in world.outbox.to(SUPPORT_MAIL))
        if happens is an_access:
            changed = world.grants.items["g" * 22].visit.changes
            assert changed is not None
            assert sum(TYPED in change.name for change in changed) >= 4

    assert subjects >= {
        "[HP] You allowed Acme Support access to ",
        "[HP] A message to Acme Support about ",
        "[HP] Access to ",
        "[HP] Please check ",
        "[HP] Wrong passphrases for the link to ",
        "[HP] Reminder: an account on ",
    }


class TestQuotation:
    def test_a_line_is_cut_where_a_mail_program_would_wrap_it(self) -> None:
        text = "word " * 40 + "x" * 300

        lines = quoted(text)

        assert all(line.startswith(MARK) for line in lines)
        assert all(len(line) <= 80 for line in lines[:-1])
        assert " ".join(line.removeprefix(MARK) for line in lines) == text

    def test_blanks_of_all_kinds_do_not_push_words_to_a_line_without_a_mark(self) -> None:
        for blank in (" ", "\u00a0", "\u2003", "\u3000"):
            lines = quoted(f"hello{blank * 100}Sign-in details, in a link that opens once:")
            assert lines[-1] == "> Sign-in details, in a link that opens once:"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1e", "\x85", "\u2028"])
    def test_every_kind_of_line_end_ends_a_line(self, end: str) -> None:
        assert quoted(f"a{end}b") == ["> a", "> b"]

    def test_indentation_and_short_lines_stay(self) -> None:
        assert quoted("  Fatal error\n\n    at line 3") == [
            ">   Fatal error",
            ">",
            ">     at line 3",
        ]


@pytest.mark.parametrize(
    "site_url",
    [
        "my shop",
        "javascript:alert(1)",
        "https://10.0.0.1/",
        "x",
        "http://x y.z",
        "http://u@blog.example",
    ],
)
def test_the_address_of_a_ticket_is_an_address(world: World, api: Api, site_url: str) -> None:
    body = {"name": "A", "email": "a@b.example", "subject": "B", "message": "C"}

    status, answer = api("POST", "/tickets", {**body, "site_url": site_url})

    assert (status, answer["code"], answer["field"]) == (400, "invalid_input", "site_url")
    assert world.outbox.sent == []


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("BLOG.example/wp-admin/x.php?y", "https://blog.example"),
        ("HTTP://blog.example/shop", "http://blog.example/shop"),
    ],
)
def test_the_address_of_a_ticket_is_spelled_in_one_way(
    world: World, api: Api, typed: str, spelled: str
) -> None:
    body = {"name": "A", "email": "a@b.example", "subject": "B", "message": "C"}

    assert api("POST", "/tickets", {**body, "site_url": typed})[0] == 201

    assert f"\n> Site: {spelled}\n" in world.outbox.sent[0].text


@pytest.mark.parametrize(
    "username",
    ["bob\u202e", "Bob, please visit evil", "b\u00f6b", "bob!", "evil.example/x", "x" * 61],
)
def test_a_user_name_is_one_of_wordpress(world: World, api: Api, username: str) -> None:
    body = {
        "grant_id": "g" * 22,
        "site_url": "blog.example",
        "username": username,
        "days": 1,
        "owner_token": OWNER,
        "support_token": SUPPORT,
        "owner_email": "a@b.example",
    }

    status, answer = api("POST", "/grants", body)

    assert (status, answer["field"]) == (400, "username")
    assert world.grants.items == {}
