"""Every mail in every language: complete, in both forms, in the reader's own time."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chalicelib.clock import HOUR
from chalicelib.grants.correspondence import Correspondence
from chalicelib.notifications import brand as brands
from chalicelib.notifications.brand import Brand, brand
from chalicelib.notifications.words import LANGUAGES, TEXTS, Language, Words, catalogue
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    SUPPORT,
    SUPPORT_MAIL,
    SUPPORT_NAME,
    TICKET,
    World,
)
from tests.mails import MAILS, ZONES

FRONTEND = Path(__file__).parents[2] / "frontend"
PLACEHOLDER = re.compile(r"\{\w+\}")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each language, as the owner's and as the team's."""
    code = str(request.param)
    branded = Brand(words=Words(code, ZONES.get(code, "UTC")))
    for module in ("letter", "layout", "ticket", "openings"):
        monkeypatch.setattr(f"chalicelib.notifications.{module}.brand", lambda: branded)
    return code


def _modules() -> list[ast.Module]:
    return [ast.parse(file.read_text()) for file in TEXTS.parent.glob("*.py")]


class TestCatalogues:
    def test_each_language_has_every_text_with_the_same_placeholders(self) -> None:
        english = catalogue("en")
        assert {file.stem for file in TEXTS.glob("*.json")} == set(LANGUAGES)
        for language in LANGUAGES:
            texts = catalogue(language)
            assert list(texts) == list(english), language
            for key, text in texts.items():
                same = sorted(PLACEHOLDER.findall(english[key]))
                assert sorted(PLACEHOLDER.findall(text)) == same, (language, key)

    def test_no_text_is_left_over(self) -> None:
        nodes = [node for tree in _modules() for node in ast.walk(tree)]
        named = {node.value for node in nodes if isinstance(node, ast.Constant)}
        made = {
            *(f"said.{reader}" for reader in ("owner", "support")),
            *(f"ended.by_{who}" for who in ("you", "owner", "support", "time")),
            *(f"sender.{field}" for field in ("name", "email", "site", "username", "link")),
            *("sender.hint", "sender.subject"),
            *(f"asked.{w}_{part}" for w in ("link", "time") for part in ("button", "subject")),
        }
        assert set(catalogue("en")) <= named | made
        assert made <= set(catalogue("en"))

    def test_every_text_that_a_mail_names_is_there(self) -> None:
        calls = [
            node
            for tree in _modules()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".say")
        ]
        named = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}

        assert len(named) > 10
        assert named <= set(catalogue("en"))

    @pytest.mark.parametrize(
        ("text", "page", "label"),
        [
            ("overdue.or", "receipt", "overdue.repair"),
            ("reminder.or", "receipt", "overdue.repair"),
            ("reminder.gone", "receipt", "overdue.gone"),
            ("ticket.done", "open", "end.now"),
        ],
    )
    def test_a_button_has_the_name_that_the_page_gives_it(
        self, language: str, text: str, page: str, label: str
    ) -> None:
        texts = json.loads((FRONTEND / "i18n" / page / f"{language}.json").read_text())

        assert texts[label] in catalogue(language)[text]

    @pytest.mark.parametrize("quoting", ["es", "fr"])
    def test_where_words_are_quoted_so_that_mark_does_not_part_steps(
        self, quoting: Language
    ) -> None:
        for key, text in catalogue(quoting).items():
            assert text.count("«") == text.count("»"), key

    def test_in_french_a_mark_stays_with_its_word(self) -> None:
        for key, text in catalogue("fr").items():
            assert re.search("« | (?=[»?!;:])", text) is None, key


class Html(HTMLParser):
    """What a mail's HTML shows: its text, its links, and whether each element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.shown = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)
        self._part(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["title"]):
            self.shown += data

    def _part(self, tag: str) -> None:
        if tag != "span":
            self.shown += "\n"


def bare(line: str) -> str:
    """Return a line without a step's number, the mark of a quotation, and a colon at its end."""
    return re.sub(r"^(\d+\.|>) |\s*[:\uff1a]$", "", line.strip()).strip()


@pytest.mark.parametrize("name", MAILS)
class TestEveryMail:
    def test_nothing_is_unfilled_and_both_forms_say_the_same(
        self, name: str, language: str
    ) -> None:
        mail = MAILS[name](language)
        html = Html(mail.html)

        assert html.open == []
        assert f'<html lang="{language}"' in mail.html
        for part in (mail.subject, mail.text, html.shown):
            assert "{" not in part
        shown = {bare(line) for line in html.shown.splitlines()}
        for line in mail.text.splitlines():
            assert bare(line) in {"", ">", *shown, *html.links}, line

    def test_a_reference_stays_in_one_line(self, name: str, language: str) -> None:
        """Its hyphen is where a narrow screen would part it."""
        shown = re.sub("<title>.*?</title>", "", MAILS[name](language).html)

        assert shown.count("HP-") == shown.count('<span style="white-space:nowrap">HP-ABCD2345<')

    def test_it_comes_from_the_team_and_an_answer_reaches_a_person(
        self, name: str, language: str
    ) -> None:
        mail = MAILS[name](language)

        assert mail.sender == SUPPORT_NAME
        expected = "" if name == "shared secret" else SUPPORT_MAIL
        if mail.to == SUPPORT_MAIL:
            expected = OWNER_MAIL
        assert mail.reply_to == expected
        assert mail.is_automatic == (mail.to == OWNER_MAIL and name != "shared secret")

    def test_it_has_one_button_at_most_and_loads_nothing(self, name: str, language: str) -> None:
        mail = MAILS[name](language)

        assert mail.html.count("display:inline-block") <= 1
        assert not re.search(r"(?i)\bsrc=|url\(|@import|<link|<script", mail.html)
        assert "prefers-color-scheme:dark" in mail.html

    def test_the_subject_names_the_ticket(self, name: str, language: str) -> None:
        mail = MAILS[name](language)

        if name not in {"shared secret", "not set up"}:
            assert mail.subject.startswith("[HP-ABCD2345] ")
            assert mail.references[0] == "<HP-ABCD2345@help.acme.example>"
        assert "\u2068" not in mail.subject or language == "ar"


class TestTimes:
    @pytest.mark.parametrize(
        ("language", "zone", "expected"),
        [
            ("en", "", "Friday 15 January 2027, 08:00 (UTC)"),
            ("de", "Europe/Berlin", "Freitag, 15. Januar 2027, 09:00 Uhr (UTC+1)"),
            ("en", "America/New_York", "Friday 15 January 2027, 03:00 (UTC\u22125)"),
            ("ja", "Asia/Tokyo", "2027年1月15日（金）17:00（UTC+9）"),  # noqa: RUF001
            ("ar", "Asia/Kolkata", "الجمعة 15 يناير 2027، 13:30 (UTC+5:30)"),
            ("xx", "Mars/Olympus", "Friday 15 January 2027, 08:00 (UTC)"),
            ("fr", "Europe", "vendredi 15 janvier 2027 à 08:00 (UTC)"),
            ("pt", "../../etc/passwd", "sexta-feira, 15 de janeiro de 2027, 08:00 (UTC)"),
        ],
    )
    def test_a_time_is_the_readers_own(self, language: str, zone: str, expected: str) -> None:
        assert Words(language, zone).when(NOW) == expected

    def test_the_functions_bring_their_own_time_zones(self) -> None:
        """The system of the functions has none."""
        import zoneinfo

        zoneinfo.ZoneInfo.clear_cache()
        zoneinfo.reset_tzpath(to=[])
        try:
            assert zoneinfo.ZoneInfo("Europe/Berlin").key == "Europe/Berlin"
        finally:
            zoneinfo.reset_tzpath()


class TestConversation:
    def test_later_mails_to_support_answer_the_ticket(self, world: World) -> None:
        world.parts.lifecycle.provision(world.request(), now=NOW)
        sent = world.parts.tickets.send(TICKET, now=NOW)

        world.parts.ending.end(GRANT, OWNER, now=NOW)

        ticket, ended = world.outbox.to(SUPPORT_MAIL)
        assert ticket.subject == f"[{sent.reference}] The sender wrote: Help"
        assert ended.subject == f"Re: {ticket.subject}"
        assert ended.in_reply_to == "<1@fake.example>"
        assert ended.references == (*ticket.references, ended.in_reply_to)
        assert ended.reply_to == OWNER_MAIL

    def test_a_second_message_is_an_answer_to_the_first(self, world: World) -> None:
        world.parts.lifecycle.provision(world.request(), now=NOW)
        first = world.parts.tickets.send(TICKET, now=NOW)
        second = world.parts.tickets.send(replace(TICKET, message="And more"), now=NOW)

        one, two = world.outbox.to(SUPPORT_MAIL)
        assert second.reference == first.reference
        assert (two.subject, two.in_reply_to) == (f"Re: {one.subject}", "<1@fake.example>")
        assert "And more" in two.text

    def test_the_first_ticket_stays_the_root_though_its_id_was_lost(self, world: World) -> None:
        """A process died after the mail had left."""
        world.parts.lifecycle.provision(world.request(), now=NOW)
        grant = world.grants.items[GRANT]
        world.grants.items[GRANT] = grant.ticket_sent("HP-ABCD2345", OWNER_MAIL, NOW)

        world.parts.ending.end(GRANT, OWNER, now=NOW)

        (ended,) = world.outbox.to(SUPPORT_MAIL)
        assert ended.subject.startswith("[HP-ABCD2345] ")
        assert ended.references == ("<HP-ABCD2345@help.acme.example>",)


class TestOwnersLanguage:
    def test_it_is_what_the_page_sent(self, world: World) -> None:
        request = replace(world.request(), correspondence=Correspondence("de", "Europe/Berlin"))
        world.parts.lifecycle.provision(request, now=NOW)
        world.parts.tickets.send(TICKET, now=NOW)

        (mail,) = world.outbox.to(OWNER_MAIL)
        assert "Sie haben Acme Support Zugang zu blog.example erlaubt" in mail.subject
        assert "09:00 Uhr (UTC+1)" in mail.text

    def test_that_of_a_hold_counts_until_the_request_says_another(self) -> None:
        for said, expected in (("", "de"), ("fr", "fr")):
            here = World()
            request = replace(here.request(), correspondence=Correspondence(said))
            hold = replace(request.hold(), correspondence=Correspondence("de"))
            here.parts.lifecycle.hold(hold, now=NOW)

            grant, _ = here.parts.lifecycle.provision(request, now=NOW)

            assert grant.correspondence.language == expected

    def test_the_same_request_in_another_language_is_the_same(self, world: World) -> None:
        for language in ("de", "ar"):
            said = Correspondence(language, "Europe/Berlin")
            asked = replace(world.manual_request(), correspondence=said)
            grant, _ = world.parts.lifecycle.register(asked, now=NOW)
            assert grant.correspondence.language == "de"


class TestBrand:
    def test_it_is_that_of_the_package(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "logo.png").write_bytes(b"PNG")
        config = {"colour": "#ffdd00", "language": "es", "office_hours": {"time_zone": "UTC"}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        monkeypatch.setattr(brands, "CONFIG", tmp_path / "config.json")
        monkeypatch.setattr(brands, "LOGO", tmp_path / "logo.png")
        brand.cache_clear()
        try:
            mail, to_her = MAILS["ticket"](""), MAILS["ended"]("")
        finally:
            brand.cache_clear()

        assert (mail.logo, 'src="cid:logo"' in mail.html) == (b"PNG", True)
        assert "background:#ffdd00;color:#000000" in to_her.html
        assert "Alguien necesita ayuda" in mail.text

    @pytest.mark.parametrize(
        ("colour", "text"),
        [("#1d4ed8", "#ffffff"), ("#ffdd00", "#000000"), ("#000000", "#ffffff")],
    )
    def test_a_button_can_be_read(self, colour: str, text: str) -> None:
        assert Brand(colour).text_colour == text


def test_the_reminder_to_support_says_what_support_is_to_do(world: World) -> None:
    world.parts.lifecycle.register(world.manual_request(), now=NOW)
    world.parts.ending.end(GRANT, SUPPORT, now=NOW + HOUR)

    (to_us,) = world.outbox.to(SUPPORT_MAIL)
    (to_her,) = world.outbox.to(OWNER_MAIL)
    assert "Please do not use it any more" in to_us.text
    assert "delete it" not in to_us.text
    assert "told us on Friday 15 January 2027, 09:00 (UTC) that the work" in to_her.text


@pytest.mark.parametrize("name", [name for name in MAILS if name.endswith("by hand")])
def test_a_mail_about_a_user_made_by_hand_promises_no_end(name: str, language: str) -> None:
    """The receipt of such a user has no button that ends the access."""
    text = MAILS[name](language).text
    for key in ("confirmation.receipt", "locked.otherwise", "opened.doubt"):
        assert Words(language).say(key, support=SUPPORT_NAME) not in text


def test_a_link_in_plain_text_is_announced_as_its_language_does() -> None:
    assert "Ouvrir votre reçu\u00a0:\nhttps://" in MAILS["opened"]("fr").text
    assert "控えを開く\uff1a\nhttps://" in MAILS["opened"]("ja").text
