"""
A ticket, and the two mails that it makes: to support, and the confirmation to the owner. Pure.

In the mail to support our own lines come first, and what the sender typed follows below a mark
(`quotation`): nothing of it can pass for ours. Nothing that a person typed stands in the owner's
confirmation but the host name of the site.
"""

from __future__ import annotations

import hashlib
import json

from chalicelib.grants.model import Grant
from chalicelib.notifications.account_notes import account_notes
from chalicelib.notifications.brand import brand
from chalicelib.notifications.layout import Block, Button, Quoted, Text
from chalicelib.notifications.letter import conversation, letter, words_for, write
from chalicelib.notifications.message import Mail, SupportTeam
from chalicelib.notifications.quotation import MARK, fields, quoted, seen_on_one_line
from chalicelib.notifications.ticket_links import is_sealed
from chalicelib.notifications.words import Words
from chalicelib.values import asdict, dataclass, field

# Earlier versions did not count the one among what was said; the other is sealed anew at each try.
UNSAID = frozenset({"password_link", "sealed_message"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    Who needs help with what. `link` is the sign-in link, `owner_token` the grant's.

    `password_link` is a one-time link that the sender made; we never open it. `sealed_message` is
    the message for the sender's own receipt, which only the owner token opens.
    """

    name: str
    email: str
    subject: str
    message: str
    site_url: str = ""
    link: str = field(default="", repr=False)
    grant_id: str = ""
    owner_token: str = field(default="", repr=False)
    passphrase_hint: str = ""
    password_link: str = field(default="", repr=False)
    sealed_message: bytes = field(default=b"", repr=False)

    def digest(self) -> bytes:
        """Return SHA-256 of all that was said, so that the same request is known again."""
        said = {name: value for name, value in asdict(self).items() if name not in UNSAID}
        said |= {"password_link": self.password_link} if self.password_link else {}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


def to_support(
    team: SupportTeam, ticket: Ticket, site_url: str, grant: Grant | None, reference: str
) -> Mail:
    """Return the mail that brings *ticket* to support. *site_url* is its address as we spell it."""
    words = brand().words
    blocks: list[Block] = [Text(words.say("ticket.first", reference=reference))]
    if ticket.link:
        blocks.append(Button(words.say("ticket.link"), ticket.link))
    if is_sealed(ticket.link):
        blocks.append(Text(words.say("ticket.sealed", url=f"{team.public_url}/team")))
    if grant is not None:
        blocks += _about_access(ticket, grant, words)
    if ticket.password_link:
        blocks.append(Text(words.say("ticket.password_link")))
    if ticket.passphrase_hint or (grant is not None and grant.links.asks_passphrase):
        blocks.append(Text(words.say("ticket.passphrase")))
    heading = words.say("sender.wrote")
    lines = (*_said(ticket, site_url, grant, words), MARK.rstrip(), *quoted(ticket.message.strip()))
    blocks.append(Quoted(heading, lines))
    # A later message about the same access is an answer to the first one.
    written = grant.correspondence if grant is not None else None
    earlier = written.message_id if written is not None else ""
    subject = f"[{reference}] {heading} {seen_on_one_line(ticket.subject)}"
    return write(
        team,
        words,
        to=team.email,
        subject=f"Re: {written.subject}" if written is not None and earlier else subject,
        title=words.say("ticket.title"),
        blocks=blocks,
        reply_to=ticket.email,
        in_reply_to=earlier,
        references=conversation(team, reference, earlier),
    )


def to_owner(team: SupportTeam, ticket: Ticket, grant: Grant, reference: str) -> Mail:
    """Return the confirmation, with the link to the receipt."""
    words, site = words_for(grant, "owner"), grant.site_name
    kind = "confirmation.by_hand" if grant.is_manual else "confirmation.text"
    facts = {"support": team.name, "site": site, "date": words.when(grant.expires_at)}
    subject = "confirmation.by_hand_subject" if grant.is_manual else "confirmation.subject"
    shown = "confirmation.receipt_by_hand" if grant.is_manual else "confirmation.receipt"
    title = words.say("confirmation.title", support=team.name)
    if _is_renewed(grant):
        kind, subject = "confirmation.new_link", "confirmation.new_link_subject"
        title = words.say("confirmation.new_link_title")
    blocks: list[Block] = [
        Text(words.say(kind, **facts, username=grant.username)),
        Text(words.say(shown)),
        Button(words.say("receipt.button"), team.receipt_url(grant.id, ticket.owner_token)),
        Text(words.say("confirmation.reference", reference=reference), is_faint=True),
    ]
    said = words.say(subject, support=team.name, site=site)
    return letter(team, grant, "owner", said, blocks, title=title, reference=reference)


def _is_renewed(grant: Grant) -> bool:
    return any(event.name == "link_renewed" for event in grant.timeline)


def _about_access(ticket: Ticket, grant: Grant, words: Words) -> list[Block]:
    key = "ticket.by_hand" if grant.is_manual else "ticket.removes"
    date = words.when(grant.expires_at)
    lines = [
        *([words.say("ticket.new_link")] if ticket.link and _is_renewed(grant) else []),
        words.say("ticket.site", site=grant.site_name),
        words.say(key, username=grant.username, date=date),
        *([words.say("ticket.done")] if ticket.link else []),
    ]
    return [Text("\n".join(lines)), *(Text(note) for note in account_notes(grant, words))]


def _said(ticket: Ticket, site_url: str, grant: Grant | None, words: Words) -> list[str]:
    made_by_hand = grant.username if grant is not None and grant.is_manual else ""
    said = [
        ("name", ticket.name),
        ("email", ticket.email),
        ("site", site_url or (grant.site_url if grant is not None else "")),
        ("username", made_by_hand),
        ("link", ticket.password_link),
        ("hint", ticket.passphrase_hint),
        ("subject", ticket.subject),
    ]
    return fields((words.say(f"sender.{name}"), value) for name, value in said)
