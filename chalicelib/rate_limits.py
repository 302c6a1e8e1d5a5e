"""
How often one network may ask, one site may be asked about, and one mailbox may be written to.

Hits are counted in fixed windows in DynamoDB, so the count holds across all Lambdas. A network is
the IPv4 address that CloudFront or the gateway saw, never a header that the caller wrote; for IPv6
it is the /64, because one household has 2^64 addresses. The counters hold no more than that and
purge themselves.

The limits are for people: a person who mistypes for ten minutes stays below them, and a program
that tries stolen WordPress passwords gets no further here than it would at the site itself. So a
site is counted by the host that keys are sent to, whatever URLs redirect there; and a request is
counted before we call the site, so those that fail count too.

A window's end lets through up to twice its hits in a short time. Many networks together are held
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
OtsAction = Literal["ots_create", "ots_reveal", "ots_receipt", "ots_sign_in"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most *hits* in each window of *seconds*."""

    hits: int
    seconds: int


BY_NETWORK: dict[Action, Limit] = {
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

# One Time Secret's API. An account has the limit of upstream; its network is not counted, too.
OTS_BY_NETWORK: dict[OtsAction, Limit] = {
    "ots_create": Limit(30, 10 * MINUTE),
    "ots_reveal": Limit(60, 10 * MINUTE),
    "ots_receipt": Limit(120, 10 * MINUTE),
    "ots_sign_in": Limit(20, 10 * MINUTE),  # Those that failed.
}
OTS_BY_ACCOUNT = Limit(1000, 20 * MINUTE)

BY_MAILBOX = Limit(20, DAY)  # Strangers can type anybody's e-mail address.


class HitCounter(Protocol):
    """Counts hits, across all Lambdas."""

    def hit(self, key: str, *, purge_at: int) -> int:
        """
        Add one to the count of *key*, which is kept until *purge_at*, and return the new count.

        Raises:
            TryAgain: The counter is busy or cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Counts requests and mails, and refuses those over a limit (`grants.ports.RateGate`).

    `factor` multiplies every limit. What cannot be counted raises `TryAgain`.
    """

    counter: HitCounter
    factor: float = 1.0

    def admit(self, action: Action, *, ip: str, site_url: str = "", now: int) -> None:
        """
        Count a request of the network of *ip* for *action*, and for the site at *site_url*.

        *site_url* is normalised. A request to end an access passes even when the counter is down.

        Raises:
            TooManyRequests: The network or the site is over its limit.
        """
        with suppress(TryAgain) if action == "grants" else nullcontext():
            self._count(f"{action} address {_network(ip)}", BY_NETWORK[action], now)
        if site_url and action in BY_SITE:
            self._count(f"{action} site {_host(site_url)}", BY_SITE[action], now)

    def admit_ots(self, action: OtsAction, *, ip: str, account: str, now: int) -> None:
        """
        Count a request to One Time Secret's API: of *account*, or if it is "" of *ip*'s network.

        Raises:
            TooManyRequests: The account or the network is over its limit.
        """
        if account:
            self._count(f"{action} account {account}", OTS_BY_ACCOUNT, now)
        else:
            self._count(f"{action} address {_network(ip)}", OTS_BY_NETWORK[action], now)

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """
        Count a mail to *mailbox*, an e-mail address; "" counts nothing.

        Raises:
            TooManyRequests: The mailbox is over its limit of the day.
        """
        if mailbox:
            # The counters outlive the request, so they hold no e-mail address that can be read.
            digest = hashlib.sha256(mailbox.casefold().encode()).hexdigest()
            self._count(f"mailbox {digest}", BY_MAILBOX, now)

    def admit_redirect_target(self, typed: str, found: str, *, now: int) -> None:
        """
        Count a request against the host of the URL *found*, where the URL *typed* redirects.

        A key goes there next. The host of *typed* is not counted again: `admit` has counted it.

        Raises:
            TooManyRequests: That site is over its limit.
        """
        if _host(found) != _host(typed):
            self._count(f"users site {_host(found)}", BY_SITE["users"], now)

    def _count(self, key: str, limit: Limit, now: int) -> None:
        window = now // limit.seconds
        ends_at = (window + 1) * limit.seconds
        hits = self.counter.hit(f"{key} {window}", purge_at=ends_at + limit.seconds)
        if hits > limit.hits * self.factor:
            raise TooManyRequests(retry_after=ends_at - now)


def _host(url: str) -> str:
    """Return the host of a normalised URL, with its port if that is no usual one."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _network(ip: str) -> str:
    """Return the IPv4 address or the IPv6 /64; anything else counts as one network."""
    try:
        parsed = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
