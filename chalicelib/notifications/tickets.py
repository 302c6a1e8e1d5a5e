"""
The ticket: what support receives, and the confirmation that the owner gets.

The mail to support is the delivery; until the mail system has taken it, nothing is claimed. The
same request again sends only what has not gone out yet, so sending again is always safe.

The owner's confirmation goes out only for an access: its receipt link needs the owner token of a
grant. Nothing that the sender typed stands in it but the name of a site and, where the owner made
the user, that name. A grant can be had with somebody else's address, so what goes to one mailbox is
counted as well.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Protocol

from chalicelib.errors import DeliveryFailed, InvalidInput, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.ports import RateGate
from chalicelib.grants.store import GrantStore, require_owner, update
from chalicelib.notifications.message import Mail, Outbox, SupportTeam, one_line, when

SIGN_IN_REFUSED = (
    "Attention: we tried the sign-in page once, and the site refused the new account. Sign in "
    "with its e-mail address, {email}, in place of the user name. If that is refused, too, ask "
    "the owner to approve the account: Users » All Users, or the settings of the plugin that lets "
    "new users wait for approval (such as New User Approve)."
)
LEFT_BEHIND = (
    "What belongs to the account goes with it: application passwords and WooCommerce REST keys "
    "that you make as this user stop working. Let the owner make those that are to stay."
)
LINK_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who needs help with what. `link` is the one-time link, `owner_token` the grant's."""

    name: str
    email: str
    subject: str
    message: str
    site_url: str = ""
    link: str = field(default="", repr=False)
    grant_id: str = ""
    owner_token: str = field(default="", repr=False)
    passphrase_hint: str = ""

    def digest(self) -> bytes:
        """Return SHA-256 of all that was said, so that the same request is known again."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).digest()


class TicketLog(Protocol):
    """Remembers for two days which mails of a ticket have gone out."""

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        """
        Take the ticket for this caller, for a minute at most, and return who has been told.

        None when another call is sending it at this moment.
        """

    def record(self, ticket_id: str, reader: str) -> None:
        """Record that the mail to *reader* was handed over."""

    def release(self, ticket_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Tickets:
    """Delivers tickets to one support team."""

    log: TicketLog
    gate: RateGate
    grants: GrantStore
    outbox: Outbox
    team: SupportTeam

    def send(self, ticket: Ticket, *, now: int) -> tuple[str, bool]:
        """
        Send *ticket* to support and the confirmation to the owner.

        Return the reference, and whether anything was sent by this call.

        Raises:
            InvalidInput: Field ``link``: not a one-time link of this place.
            NotFound: The grant is unknown, or *owner_token* is not its owner's.
            DeliveryFailed: A mail was not taken. The same request again is safe.
            TooManyRequests: The owner's mailbox has had its share of the day. Nothing is sent.
            TryAgain: The same ticket is being sent at this moment.
        """
        self._check_link(ticket.link)
        grant = self._grant_of(ticket)
        ticket_id = ticket.digest()
        reference = "HP-" + base64.b32encode(ticket_id)[:8].decode()
        sent = self.log.begin(ticket_id.hex(), now=now)
        if sent is None:
            raise TryAgain("Your message is being sent at this moment.")
        wanted = {"support": self._to_support(ticket, grant, reference)}
        if grant is not None:
            wanted["owner"] = self._to_owner(ticket, grant, reference)
        try:
            if grant is not None and "owner" not in sent:
                self.gate.admit_mail(wanted["owner"].to, now=now)
            for reader, mail in wanted.items():
                if reader not in sent:
                    self._send(mail, reader)
                    self.log.record(ticket_id.hex(), reader)
            if grant is not None:
                update(
                    self.grants,
                    grant.id,
                    lambda stored: stored.ticket_sent(reference, ticket.email, now),
                )
        finally:
            self.log.release(ticket_id.hex())
        return reference, not sent >= wanted.keys()

    def _send(self, mail: Mail, reader: str) -> None:
        try:
            self.outbox.send(mail)
        except DeliveryFailed as error:
            if reader == "support":
                raise DeliveryFailed(
                    "Your message could not be sent. Nothing is lost: please send it again."
                ) from error
            raise DeliveryFailed(
                "Support has your message, but your confirmation could not be sent. "
                "Please press send again; support will not get it twice.",
                support_has_it=True,
            ) from error

    def _check_link(self, link: str) -> None:
        """Let only our own one-time links into a mail to support."""
        prefix = f"{self.team.public_url}/open#"
        if link and not (link.startswith(prefix) and LINK_KEY.fullmatch(link[len(prefix) :])):
            raise InvalidInput("link", "That is not a one-time link of this page.")

    def _grant_of(self, ticket: Ticket) -> Grant | None:
        if not ticket.grant_id:
            return None
        return require_owner(self.grants.get(ticket.grant_id), ticket.owner_token)

    def _to_support(self, ticket: Ticket, grant: Grant | None, reference: str) -> Mail:
        lines = [f"{one_line(ticket.name)} <{ticket.email}> needs help.", ""]
        if ticket.site_url or grant:
            site = grant.on_site.site if grant else None
            lines.append(f"Site: {site.url if site else ticket.site_url}")
        lines += [f"Subject: {one_line(ticket.subject)}", f"Reference: {reference}", ""]
        lines += [ticket.message.strip(), ""]
        if ticket.link:
            lines += ["Sign-in details, in a link that opens once:", ticket.link, ""]
        if grant is not None:
            end = (
                "The owner made the account “{}” by hand, and is asked to delete it on {}."
                if grant.is_manual
                else "The account “{}” removes itself on {}."
            )
            lines += [
                end.format(grant.username, when(grant.expires_at)),
                "Done earlier? Press “end access now” on the page behind the link.",
                "",
            ]
            if not grant.is_manual:
                lines += [LEFT_BEHIND, ""]
            if grant.on_site.is_let_in is False:
                lines += [SIGN_IN_REFUSED.format(email=grant.on_site.user_email), ""]
        if ticket.passphrase_hint:
            lines += [f"The link asks for a passphrase: {one_line(ticket.passphrase_hint)}", ""]
        elif grant is not None and grant.links.asks_passphrase:
            lines += ["The link asks for a passphrase, which you get from them another way.", ""]
        return Mail(
            to=self.team.email,
            subject=f"[{reference}] {one_line(ticket.subject)}",
            text="\n".join(lines),
            reply_to=ticket.email,
        )

    def _to_owner(self, ticket: Ticket, grant: Grant, reference: str) -> Mail:
        afterwards = (
            "we ask you to delete the account, which you made yourself"
            if grant.is_manual
            else "the account removes itself, and we tell you"
        )
        text = (
            f"{self.team.name} has your request. Reference: {reference}\n\n"
            f"Until {when(grant.expires_at)}, {self.team.name} can sign in to "
            f"{grant.site_name} as the temporary administrator “{grant.username}”. "
            f"Then {afterwards}.\n\n"
            "Your receipt shows what happens, and lets you end the access at any time. Keep this "
            "link to yourself:\n"
            f"{self.team.receipt_url(grant.id, ticket.owner_token)}\n\n"
            f"{self.team.name} · {self.team.public_url}\n"
        )
        return Mail(
            to=grant.owner_email or ticket.email,
            subject=f"[{reference}] You let {self.team.name} in to {grant.site_name}",
            text=text,
        )
