"""
The ticket: what support receives, and the confirmation that the owner gets.

The mail to support is the delivery; until the mail system has taken it, nothing is claimed. The
same request again sends only what has not gone out yet, so sending again is always safe.

In the mail to support our own lines come first, and what the sender typed follows below a mark
(`quotation`): nothing of it can pass for ours. The owner's confirmation goes out only for an
access: its receipt link needs the owner token of a grant. Nothing that a person typed stands in it
but the host name of the site. When the owner's mailbox is full the confirmation is dropped, and the
answer and the receipt say so; when support's is, the ticket is refused, for it would be lost.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from functools import reduce
from typing import Protocol

from chalicelib.errors import DeliveryFailed, InvalidInput, NotFound, TooManyRequests, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event
from chalicelib.grants.store import GrantStore, require_owner, update
from chalicelib.notifications.account_notes import account_notes
from chalicelib.notifications.message import CountedOutbox, Mail, SupportTeam, when
from chalicelib.notifications.quotation import HEADING, MARK, fields, quoted, seen_on_one_line
from chalicelib.notifications.ticket_links import check_links
from chalicelib.values import asdict, dataclass, field

DONE_EARLIER = "Done earlier? Press “end access now” on the page behind the link."
DROPPED = "owner's mailbox was full"  # In the log of a ticket, in the place of its reader.
SUPPORT_IS_FULL = (
    "Support has been sent more messages than it takes at once. Yours is not sent yet: please wait "
    "a few minutes and send it again."
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """
    Who needs help with what. `link` is the sign-in link, `owner_token` the grant's.

    `password_link` is a one-time link that the sender made; we never open it.
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

    def digest(self) -> bytes:
        """Return SHA-256 of all that was said, so that the same request is known again."""
        said = {name: value for name, value in asdict(self).items() if name != "password_link"}
        said |= {"password_link": self.password_link} if self.password_link else {}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


class TicketLog(Protocol):
    """Remembers for two days which mails of a ticket have gone out."""

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        """Lease the ticket for a minute and return who has its mail; None when it is leased."""

    def record(self, ticket_id: str, reader: str) -> None:
        """Record that the mail to *reader* was handed over."""

    def release(self, ticket_id: str) -> None:
        """Let another call take the ticket."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`is_new`: this call sent something. `is_confirmation_dropped`: the owner's box is full."""

    reference: str
    is_new: bool
    is_confirmation_dropped: bool


@dataclass(frozen=True, slots=True)
class Tickets:
    """
    Delivers tickets to one support team.

    `normalise` returns an address that a person typed as the site's URL, or raises `InvalidInput`
    (field ``site_url``).
    """

    log: TicketLog
    grants: GrantStore
    outbox: CountedOutbox
    team: SupportTeam
    normalise: Callable[[str], str]

    def send(self, ticket: Ticket, *, now: int) -> Delivery:
        """
        Send *ticket* to support and the confirmation to the owner.

        Raises:
            InvalidInput: Field ``link``: not a one-time link of this place. Field ``site_url``.
            NotFound: The grant is unknown or not set up, or *owner_token* is not its owner's.
            DeliveryFailed: A mail was not taken. The same request again is safe.
            TooManyRequests: Support's mailbox is full. Nothing is sent.
            TryAgain: The same ticket is being sent at this moment.
        """
        check_links(ticket.link, ticket.password_link, self.team.public_url)
        grant = self._grant_of(ticket)
        site_url = self._address(ticket.site_url.strip())
        ticket_id = ticket.digest()
        reference = "HP-" + base64.b32encode(ticket_id)[:8].decode()
        sent = self.log.begin(ticket_id.hex(), now=now)
        if sent is None:
            raise TryAgain("Your message is being sent at this moment.")
        before = sent
        try:
            if "support" not in sent:
                self._send_to_support(self._to_support(ticket, site_url, grant, reference), now)
                sent = self._record(ticket_id, sent, "support")
            if grant is not None and not sent & {"owner", DROPPED}:
                reader = self._send_to_owner(ticket, grant, reference, now)
                sent = self._record(ticket_id, sent, reader)
            if grant is not None:
                events = [Event(now, "mail_dropped", detail=reference)] if DROPPED in sent else []
                update(
                    self.grants,
                    grant.id,
                    lambda stored: reduce(
                        Grant.recorded, events, stored.ticket_sent(reference, ticket.email, now)
                    ),
                )
        finally:
            self.log.release(ticket_id.hex())
        return Delivery(reference, sent != before, DROPPED in sent)

    def _record(self, ticket_id: bytes, sent: frozenset[str], reader: str) -> frozenset[str]:
        self.log.record(ticket_id.hex(), reader)
        return sent | {reader}

    def _send_to_support(self, mail: Mail, now: int) -> None:
        try:
            self.outbox.send(mail.to, lambda: mail, now=now)
        except TooManyRequests as error:
            raise TooManyRequests(error.retry_after, SUPPORT_IS_FULL) from error
        except DeliveryFailed as error:
            raise DeliveryFailed(
                "Your message could not be sent. Nothing is lost: please send it again."
            ) from error

    def _send_to_owner(self, ticket: Ticket, grant: Grant, reference: str, now: int) -> str:
        """Send the confirmation; return what the log records: ``owner`` or `DROPPED`."""
        mail = self._to_owner(ticket, grant, reference)
        try:
            self.outbox.send(mail.to, lambda: mail, now=now)
        except TooManyRequests:
            return DROPPED
        except DeliveryFailed as error:
            raise DeliveryFailed(
                "Support has your message, but your confirmation could not be sent. "
                "Please press send again; support will not get it twice.",
                support_has_it=True,
            ) from error
        return "owner"

    def _address(self, typed: str) -> str:
        """Return the address in its one spelling. A site without https may need help, too."""
        if not typed:
            return ""
        try:
            return self.normalise(typed)
        except InvalidInput:
            scheme, _, rest = typed.partition("://")
            if scheme.lower() != "http":
                raise
            return "http" + self.normalise(f"https://{rest}").removeprefix("https")

    def _grant_of(self, ticket: Ticket) -> Grant | None:
        if not ticket.grant_id:
            return None
        grant = require_owner(self.grants.get(ticket.grant_id), ticket.owner_token)
        if not grant.was_active:  # A stranger can send any key: no mail says that it let us in.
            raise NotFound("That access is not set up.")
        return grant

    def _to_support(
        self, ticket: Ticket, site_url: str, grant: Grant | None, reference: str
    ) -> Mail:
        lines = [f"Somebody needs help. Reference: {reference}", ""]
        if ticket.link:
            lines += ["Sign-in details, in a link that opens once:", ticket.link, ""]
        if grant is not None:
            end = (
                "The sender made an account there by hand, and is asked to delete it on {}."
                if grant.is_manual
                else f"The account “{grant.username}” removes itself on {{}}."
            )
            lines += [
                f"Site: {grant.site_name}",
                end.format(when(grant.expires_at)),
                *([DONE_EARLIER] if ticket.link else []),
                "",
            ]
            lines += account_notes(grant)
        if ticket.password_link:
            lines += ["The password is behind the sender's own one-time link, still unopened.", ""]
        if ticket.passphrase_hint or (grant is not None and grant.links.asks_passphrase):
            lines += ["The link asks for a passphrase, which you get from them another way.", ""]
        made_by_hand = grant.username if grant is not None and grant.is_manual else ""
        said = [
            ("Name", ticket.name),
            ("E-mail", ticket.email),
            ("Site", site_url or (grant.site_url if grant is not None else "")),
            ("User name", made_by_hand),
            ("One-time link", ticket.password_link),
            ("About the passphrase", ticket.passphrase_hint),
            ("Subject", ticket.subject),
        ]
        lines += [HEADING, *fields(said), MARK.rstrip(), *quoted(ticket.message.strip()), ""]
        return Mail(
            to=self.team.email,
            subject=f"[{reference}] {HEADING} {seen_on_one_line(ticket.subject)}",
            text="\n".join(lines),
            reply_to=ticket.email,
        )

    def _to_owner(self, ticket: Ticket, grant: Grant, reference: str) -> Mail:
        host = grant.site_name
        until = when(grant.expires_at)
        facts = (
            f"Somebody told us that an administrator account was made for it on {host} by hand. "
            f"On {until} we ask you to delete it. If you know nothing of it, delete nobody"
            if grant.is_manual
            else f"Until {until}, {self.team.name} can sign in to {host} as the temporary "
            f"administrator “{grant.username}”. Then the account removes itself, and we tell you"
        )
        did = ("A request to", "about") if grant.is_manual else ("You let", "in to")
        text = (
            f"{self.team.name} has your request. Reference: {reference}\n\n"
            f"{facts}.\n\n"
            "Your receipt shows what happens, and lets you end the access at any time. Keep this "
            "link to yourself:\n"
            f"{self.team.receipt_url(grant.id, ticket.owner_token)}\n\n"
            f"{self.team.name} · {self.team.public_url}\n"
        )
        return Mail(
            to=grant.owner_email or ticket.email,
            subject=f"[{reference}] {did[0]} {self.team.name} {did[1]} {host}",
            text=text,
        )
