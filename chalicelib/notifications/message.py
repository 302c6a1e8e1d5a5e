"""A mail, the ports it leaves by, and who it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chalicelib.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Mail:
    """
    One mail to one person, as plain text and as HTML.

    `sender` is the name that it comes from; the deployment has one address. `in_reply_to` and
    `references` are Message-IDs in angle brackets (RFC 5322, section 3.6.4). One that
    `is_automatic` asks for no automatic answer (RFC 3834): a notice of absence would go to support.
    `logo` is a PNG that the HTML shows, or empty.
    """

    to: str
    subject: str
    text: str
    reply_to: str = ""
    html: str = ""
    sender: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    is_automatic: bool = False
    grant_id: str = ""
    logo: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SupportTeam:
    """The team that helps; `public_url` is the origin of its pages, without a trailing slash."""

    name: str
    email: str
    public_url: str

    def receipt_url(self, grant_id: str, owner_token: str) -> str:
        """Return the address of an owner's receipt; the token is in the fragment."""
        return f"{self.public_url}/receipt#{grant_id}.{owner_token}"


class Outbox(Protocol):
    """Sends mails."""

    def send(self, mail: Mail) -> str:
        """
        Hand *mail* over and return the Message-ID that it got, in angle brackets.

        Raises:
            DeliveryFailed: It was not accepted.
        """


class MailGate(Protocol):
    """Limits how many mails one mailbox, and everybody together, gets."""

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """
        Count a mail to *mailbox*. What cannot be counted passes.

        Raises:
            TooManyRequests: The mailbox, or the whole deployment, has had its share.
        """


@dataclass(frozen=True, slots=True)
class CountedOutbox:
    """The one way out for every mail: counts it, then sends it."""

    outbox: Outbox
    gate: MailGate

    def send(self, to: str, write: Callable[[], Mail], *, now: int) -> str:
        """
        Send the mail that *write* returns, which goes to *to*; return its Message-ID.

        It is written only when the mailbox has room, for a mail may need a receipt link of its own.

        Raises:
            TooManyRequests: The mailbox is full. Nothing was written or sent.
            DeliveryFailed: The mail was not accepted.
        """
        self.gate.admit_mail(to, now=now)
        mail = write()
        if mail.to != to:
            raise AssertionError("The mailbox that is counted is the one that gets the mail.")
        return self.outbox.send(mail)


def one_line(text: str) -> str:
    """Return *text* with every run of white space as one blank, fit for a subject line."""
    return " ".join(text.split())
