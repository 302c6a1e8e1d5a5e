"""A mail, the ports it leaves by, who it comes from, and the phrases that all mails share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain-text mail to one person."""

    to: str
    subject: str
    text: str
    reply_to: str = ""


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
    """Hands mails over. Raises `DeliveryFailed` when one was not accepted."""

    def send(self, mail: Mail) -> None:
        """Hand *mail* over to its mailbox."""


class MailGate(Protocol):
    """Limits how many mails one mailbox gets, and all together."""

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """
        Count a mail to *mailbox*. What cannot be counted passes.

        Raises:
            TooManyRequests: The mailbox, or the whole deployment, has had its share.
        """


@dataclass(frozen=True, slots=True)
class CountedOutbox:
    """The one way out for every mail: counts it, then hands it over."""

    outbox: Outbox
    gate: MailGate

    def send(self, to: str, write: Callable[[], Mail], *, now: int) -> None:
        """
        Hand over the mail that *write* returns, which goes to *to*.

        It is written only when the mailbox has room, for a mail may need a receipt link of its own.

        Raises:
            TooManyRequests: The mailbox is full. Nothing was written or sent.
            DeliveryFailed: The mail was not accepted.
        """
        self.gate.admit_mail(to, now=now)
        mail = write()
        if mail.to != to:
            raise AssertionError("The mailbox that is counted is the one that gets the mail.")
        self.outbox.send(mail)


def when(moment: int) -> str:
    """Return epoch seconds as people write a time, in UTC because mails travel."""
    return datetime.fromtimestamp(moment, UTC).strftime("%A %d %B %Y, %H:%M UTC")


def one_line(text: str) -> str:
    """Return *text* with every run of white space as one blank, fit for a subject line."""
    return " ".join(text.split())
