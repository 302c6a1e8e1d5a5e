"""A mail, the port it leaves by, and the phrases that all mails share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote

from chalicelib.grants import Grant


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain-text mail to one person."""

    to: str
    subject: str
    text: str
    reply_to: str = ""


class Outbox(Protocol):
    """Hands mails over. Raises `DeliveryFailed` when one was not accepted."""

    def send(self, mail: Mail) -> None: ...


def when(moment: int) -> str:
    """Return epoch seconds as people write a time, in UTC because mails travel."""
    return datetime.fromtimestamp(moment, UTC).strftime("%A %d %B %Y, %H:%M UTC")


def site_name(grant: Grant) -> str:
    """Return the host of the grant's site, which is how its owner knows it."""
    address = grant.site.url if grant.site else grant.site_url
    return address.partition("://")[2] or address


def user_admin_url(grant: Grant) -> str:
    """Return the page of the site's own admin that lists the support user."""
    address = grant.site.url if grant.site else grant.site_url
    login = grant.site.login_url if grant.site else f"{address}/wp-login.php"
    return f"{login.rpartition('/')[0]}/wp-admin/users.php?s={quote(grant.username)}"


def one_line(text: str) -> str:
    """Return *text* with every run of white space as one blank, fit for a subject line."""
    return " ".join(text.split())
