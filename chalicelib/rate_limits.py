"""
How often one address may ask, and how often one site may be asked about.

Hits are counted in fixed windows in DynamoDB, so the count holds across all Lambdas. An address is
what CloudFront or the gateway saw, never a header that the caller wrote. For IPv6 it is the /64,
because one household has 2^64 addresses. The counters hold no more than that and purge themselves.

The limits are for people: a person who mistypes for ten minutes stays below them, and a program
that tries stolen WordPress passwords gets no further here than it would at the site itself. So a
site is counted by the host that keys are sent to, whatever addresses redirect there; and a request
is counted before the site is asked, so those that fail count too.

A window's end lets through up to twice its hits in a short time. Many addresses together are held
back by the limit of each site and by the gateway's own throttle.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import TooManyRequests, TryAgain

Action = Literal["sites", "users", "secrets", "open", "tickets", "grants"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most *hits* in each window of *seconds*."""

    hits: int
    seconds: int


BY_ADDRESS: dict[Action, Limit] = {
    "sites": Limit(40, 10 * MINUTE),
    "users": Limit(30, 10 * MINUTE),  # A slow site needs several calls for one access.
    "secrets": Limit(30, 10 * MINUTE),
    "open": Limit(60, 10 * MINUTE),
    "tickets": Limit(20, 10 * MINUTE),
    "grants": Limit(120, 10 * MINUTE),
}
BY_SITE: dict[Action, Limit] = {
    "sites": Limit(120, HOUR),
    "users": Limit(60, HOUR),
}

# Nobody's mailbox is filled by strangers who type its address: so often a day at most.
BY_MAILBOX = Limit(20, DAY)


class HitCounter(Protocol):
    """Counts."""

    def hit(self, key: str, *, purge_at: int) -> int:
        """Add one to *key* and return the new count."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Lets requests through, or raises. `factor` multiplies every limit."""

    counter: HitCounter
    factor: float = 1.0

    def admit(self, action: Action, *, address: str, site: str = "", now: int) -> None:
        """
        Count one request. *site* is a normalised address.

        Ending an access is let through even when nothing can be counted: it must not hang on that.

        Raises:
            TooManyRequests: The address or the site has had its share.
        """
        with suppress(TryAgain) if action == "grants" else nullcontext():
            self._count(f"{action} address {_network(address)}", BY_ADDRESS[action], now)
        if site and action in BY_SITE:
            self._count(f"{action} site {_host(site)}", BY_SITE[action], now)

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """
        Count what will be written to *mailbox*; "" is nobody's.

        Raises:
            TooManyRequests: It has had its share of the day.
        """
        if mailbox:
            # The counters outlive the request, so they hold no address that can be read.
            digest = hashlib.sha256(mailbox.casefold().encode()).hexdigest()
            self._count(f"mailbox {digest}", BY_MAILBOX, now)

    def admit_redirect_target(self, typed: str, found: str, *, now: int) -> None:
        """
        Count the site that redirects from *typed* led to, before a key is sent there.

        Raises:
            TooManyRequests: That site has had its share of this window.
        """
        if _host(found) != _host(typed):
            self._count(f"users site {_host(found)}", BY_SITE["users"], now)

    def _count(self, key: str, limit: Limit, now: int) -> None:
        window = now // limit.seconds
        ends_at = (window + 1) * limit.seconds
        hits = self.counter.hit(f"{key} {window}", purge_at=ends_at + limit.seconds)
        if hits > limit.hits * self.factor:
            raise TooManyRequests(retry_after=ends_at - now)


def _host(address: str) -> str:
    """Return the host of a normalised address, with its port if that is no usual one."""
    return re.split(r"[/?#]", address.partition("://")[2], maxsplit=1)[0]


def _network(address: str) -> str:
    """Return the IPv4 address or the IPv6 /64; anything else counts as one caller."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
