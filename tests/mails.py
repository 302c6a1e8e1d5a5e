"""Every mail that Hallpass writes, of an access and of a user made by hand; tests and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.clock import DAY, HOUR
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event
from chalicelib.notifications import notices
from chalicelib.notifications.message import Mail, SupportTeam
from chalicelib.notifications.openings import opened as secret_opened
from chalicelib.notifications.reminder import reminder
from chalicelib.notifications.ticket import to_owner, to_support
from chalicelib.onetime.receipts import Receipt
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER_MAIL,
    PUBLIC_URL,
    SUPPORT_MAIL,
    SUPPORT_NAME,
    TICKET,
    URL,
    World,
)

TEAM = SupportTeam(SUPPORT_NAME, SUPPORT_MAIL, PUBLIC_URL)
RECEIPT_URL = f"{PUBLIC_URL}/receipt#{GRANT}.{'t' * 43}"
ZONES = {"en": "Africa/Cairo", "de": "Europe/Berlin", "ja": "Asia/Tokyo", "ar": "Asia/Kolkata"}


def grants() -> dict[str, Grant]:
    """Return an access that Hallpass made and one of a user made by hand."""
    made, by_hand = World(), World()
    made.parts.lifecycle.provision(made.request(), now=NOW)
    by_hand.parts.lifecycle.register(by_hand.manual_request(), now=NOW)
    return {"made": made.grants.items[GRANT], "by hand": by_hand.grants.items[GRANT]}


GRANTS = grants()


def of(kind: str, language: str, *events: Event) -> Grant:
    grant = GRANTS[kind]
    written = Correspondence(language, ZONES.get(language, "UTC"))
    timeline = (*grant.timeline, Event(NOW, "ticket_sent", "owner", "HP-ABCD2345"), *events)
    return replace(grant, timeline=timeline, correspondence=written)


def is_over(grant: Grant, by: str = "hallpass") -> Grant:
    ended = Event(NOW + DAY, "ended", by)
    return replace(grant, phase="closed", ended_at=NOW + DAY, timeline=(*grant.timeline, ended))


def late(grant: Grant) -> Grant:
    return replace(grant, phase="revoking", schedule=replace(grant.schedule, attempts=4))


ASKED = Event(NOW + HOUR, "end_requested", "support")
MAILS: dict[str, Callable[[str], Mail]] = {
    "confirmation": lambda code: to_owner(TEAM, TICKET, of("made", code), "HP-ABCD2345"),
    "confirmation by hand": lambda code: to_owner(TEAM, TICKET, of("by hand", code), "HP-ABCD2345"),
    "ended": lambda code: notices.ended(TEAM, is_over(of("made", code)), "owner", RECEIPT_URL),
    "ended by support": lambda code: notices.ended(
        TEAM, is_over(of("made", code, ASKED)), "owner", RECEIPT_URL
    ),
    "ended on her word": lambda code: notices.ended(
        TEAM, is_over(of("by hand", code), "owner"), "owner", RECEIPT_URL
    ),
    "not set up": lambda code: notices.ended(
        TEAM, replace(is_over(of("made", code)), timeline=()), "owner", RECEIPT_URL
    ),
    "overdue": lambda code: notices.overdue(
        TEAM, late(of("made", code)), "owner", RECEIPT_URL, now=NOW + 4 * DAY
    ),
    "key left": lambda code: notices.overdue(
        TEAM, late(of("made", code)).user_deleted(), "owner", RECEIPT_URL, now=NOW + 4 * DAY
    ),
    "locked": lambda code: notices.locked(TEAM, of("made", code), RECEIPT_URL, locked_at=NOW),
    "locked by hand": lambda code: notices.locked(
        TEAM, of("by hand", code), RECEIPT_URL, locked_at=NOW
    ),
    "opened": lambda code: notices.opened(TEAM, of("made", code), RECEIPT_URL, opened_at=NOW),
    "opened by hand": lambda code: notices.opened(
        TEAM, of("by hand", code), RECEIPT_URL, opened_at=NOW
    ),
    "new link": lambda code: to_owner(
        TEAM,
        TICKET,
        of("made", code, Event(NOW, "link_renewed", "owner")),
        "HP-ABCD2345",
    ),
    "asked for a link": lambda code: notices.asked(TEAM, of("made", code), "link", RECEIPT_URL),
    "asked for time": lambda code: notices.asked(TEAM, of("made", code), "time", RECEIPT_URL),
    "reminder": lambda code: reminder(TEAM, late(of("by hand", code)), "owner", RECEIPT_URL),
    "reminder, work done": lambda code: reminder(
        TEAM, late(of("by hand", code, ASKED)), "owner", RECEIPT_URL
    ),
    # To support: in the team's language.
    "ticket": lambda _: to_support(TEAM, TICKET, URL, of("made", ""), "HP-ABCD2345"),
    "ticket by hand": lambda _: to_support(TEAM, TICKET, URL, of("by hand", ""), "HP-ABCD2345"),
    "ended, to support": lambda _: notices.ended(TEAM, is_over(of("made", "")), "support", ""),
    "overdue, to support": lambda _: notices.overdue(
        TEAM, late(of("made", "")), "support", "", now=NOW + 4 * DAY
    ),
    "reminder, to support": lambda _: reminder(TEAM, late(of("by hand", "")), "support", ""),
    "shared secret": lambda _: secret_opened(
        TEAM,
        Receipt(
            "s",
            "r",
            passphrase=False,
            created_at=NOW,
            lifetime=DAY,
            origin="api",
            opening_mail_to=OWNER_MAIL,
            outcome_at=NOW,
        ),
    ),
}
