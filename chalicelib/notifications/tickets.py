"""
The ticket: what support receives, and the confirmation that the owner gets.

The mail to support is the delivery; until the mail system has taken it, nothing is claimed. The
same request again sends only what has not gone out yet, so sending again is always safe.

The owner's confirmation goes out only for an access: its receipt link needs the owner token of a
grant. When the owner's mailbox is full the confirmation is dropped, and the answer and the receipt
say so; when support's is, the ticket is refused, for it would be lost.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import reduce
from typing import Protocol

from chalicelib.errors import DeliveryFailed, InvalidInput, NotFound, TooManyRequests, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event
from chalicelib.grants.store import GrantStore, require_owner, update
from chalicelib.notifications.message import CountedOutbox, Mail, SupportTeam
from chalicelib.notifications.ticket import Ticket, to_owner, to_support
from chalicelib.notifications.ticket_links import check_links
from chalicelib.values import dataclass

DROPPED = "owner's mailbox was full"  # In the log of a ticket, in the place of its reader.
SUPPORT_IS_FULL = (
    "Support has been sent more messages than it takes at once. Yours is not sent yet: please wait "
    "a few minutes and send it again."
)


class TicketLog(Protocol):
    """Remembers for two days which mails of a ticket have gone out."""

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        """Lease the ticket for a minute and return who has its mail; None when it is leased."""

    def record(self, ticket_id: str, reader: str) -> None:
        """Record that the mail to *reader* was accepted."""

    def finish(self, ticket_id: str, reader: str) -> None:
        """Record that the last mail was handed over, and give the ticket back."""

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
        # One access is one ticket of the help desk, whatever else is said about it later.
        reference = (grant.reference if grant is not None else "") or _reference(ticket_id)
        sent = self.log.begin(ticket_id.hex(), now=now)
        if sent is None:
            raise TryAgain("Your message is being sent at this moment.")
        before, is_released = sent, False
        mail, message_id = to_support(self.team, ticket, site_url, grant, reference), ""
        try:
            if "support" not in sent:
                message_id = self._send_to_support(mail, now)
                sent = self._record(ticket_id, sent, "support")
            if grant is not None and not sent & {"owner", DROPPED}:
                reader = self._send_to_owner(ticket, grant, reference, now)
                self.log.finish(ticket_id.hex(), reader)  # What is left may be done twice.
                sent, is_released = sent | {reader}, True
            if grant is not None:
                events = [Event(now, "mail_dropped", detail=reference)] if DROPPED in sent else []
                update(
                    self.grants,
                    grant.id,
                    lambda stored: reduce(
                        Grant.recorded,
                        events,
                        stored.ticket_sent(
                            reference,
                            ticket.email,
                            now,
                            subject=mail.subject,
                            message_id=message_id,
                            sealed_message=ticket.sealed_message,
                            passphrase_hint=ticket.passphrase_hint,
                        ),
                    ),
                )
        finally:
            if not is_released:
                self.log.release(ticket_id.hex())
        return Delivery(reference, sent != before, DROPPED in sent)

    def _record(self, ticket_id: bytes, sent: frozenset[str], reader: str) -> frozenset[str]:
        self.log.record(ticket_id.hex(), reader)
        return sent | {reader}

    def _send_to_support(self, mail: Mail, now: int) -> str:
        try:
            return self.outbox.send(mail.to, lambda: mail, now=now)
        except TooManyRequests as error:
            raise TooManyRequests(error.retry_after, SUPPORT_IS_FULL) from error
        except DeliveryFailed as error:
            raise DeliveryFailed(
                "Your message could not be sent. Nothing is lost: please send it again."
            ) from error

    def _send_to_owner(self, ticket: Ticket, grant: Grant, reference: str, now: int) -> str:
        """Send the confirmation; return what the log records: ``owner`` or `DROPPED`."""
        mail = to_owner(self.team, ticket, grant, reference)
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


def _reference(ticket_id: bytes) -> str:
    return "HP-" + base64.b32encode(ticket_id)[:8].decode()
