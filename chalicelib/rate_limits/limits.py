"""Counts requests, refused keys, new grants and mails, and refuses those over a limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple, Protocol

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import KeyRefused, TooManyRequests, TryAgain
from chalicelib.rate_limits.subjects import host_of, mailbox_of, networks_of
from chalicelib.values import dataclass, field

Action = Literal[
    "sites",
    "users",
    "register",
    "secrets",
    "open",
    "tickets",
    "end",
    "change",
    "link",
    "ask",
    "repair",
    "read",
]
# What makes nothing and protects an owner: it goes on when the counter is down.
UNHINDERED: frozenset[Action] = frozenset({"end", "change", "read"})
# What a metric calls a limit that was reached.
LimitName = Literal["network", "account", "grant", "key", "mailbox", "support", "deployment"]
OtsAction = Literal["ots_create", "ots_reveal", "ots_receipt", "ots_sign_in"]


class Limit(NamedTuple):
    """At most *hits* in each window of *seconds*."""

    hits: int
    seconds: int


BY_NETWORK: dict[Action, Limit] = {
    "sites": Limit(40, 10 * MINUTE),
    "users": Limit(30, 10 * MINUTE),  # A slow site needs several calls for one access.
    "register": Limit(30, 10 * MINUTE),
    "secrets": Limit(30, 10 * MINUTE),
    "open": Limit(60, 10 * MINUTE),
    "tickets": Limit(20, 10 * MINUTE),
    "end": Limit(120, 10 * MINUTE),
    "change": Limit(120, 10 * MINUTE),
    "repair": Limit(30, 10 * MINUTE),
    "link": Limit(30, 10 * MINUTE),
    "ask": Limit(30, 10 * MINUTE),
    "read": Limit(900, 10 * MINUTE),  # A team's open pages ask once a minute, from one address.
}
# Of good tokens, one budget for each grant and each side, once their network has none left.
BY_GRANT: dict[Action, Limit] = {
    "end": Limit(60, HOUR),
    "repair": Limit(20, HOUR),
    "link": Limit(20, HOUR),
    "ask": Limit(20, HOUR),
}
# One Time Secret's API. An account has the limit of upstream; its network is not counted, too.
OTS_BY_NETWORK: dict[OtsAction, Limit] = {
    "ots_create": Limit(30, 10 * MINUTE),
    "ots_reveal": Limit(60, 10 * MINUTE),
    "ots_receipt": Limit(120, 10 * MINUTE),
    "ots_sign_in": Limit(20, 10 * MINUTE),  # Those that failed.
}
OTS_BY_ACCOUNT = Limit(1000, 20 * MINUTE)
# Keys that a site refused: of one network, and of all.
KEYS_BY_NETWORK = Limit(10, HOUR)
KEYS_BY_SITE = Limit(120, HOUR)

# New grants of one network: in all, and for one host. Never of a host by itself, or strangers could
# use up the grants of another person's site.
GRANTS_BY_NETWORK = Limit(60, DAY)
GRANTS_BY_NETWORK_AND_HOST = Limit(20, DAY)

BY_MAILBOX = Limit(20, DAY)  # Strangers can type any e-mail address.
BY_SUPPORT_MAILBOX = Limit(60, 10 * MINUTE)  # Short: who fills it locks others out as long.
BY_DEPLOYMENT = Limit(300, 10 * MINUTE)  # Mails in all: what an accident or a flood may cost.


class HitCounter(Protocol):
    """Counts hits, across all Lambdas."""

    def hit(self, key: str, *, purge_at: int, by: int = 1) -> int:
        """
        Add *by* to the count of *key*, which is kept until *purge_at*, and return the new count.

        Raises:
            TryAgain: The counter is busy or cannot be reached.
        """


@dataclass(slots=True)
class Visitor:
    """Whose request this invocation serves. One at a time, so one for each Lambda instance."""

    ip: str = ""


def _emit_nothing(limit: LimitName) -> None:
    del limit


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Counts requests, refused keys and mails, and refuses those over a limit (`grants.ports.RateGate`
    and `notifications.message.MailGate`).

    `factor` multiplies every limit. `emit_metric` is called with the name of each limit that is
    reached. Unless a method says otherwise, what cannot be counted raises `TryAgain`.
    """

    counter: HitCounter
    factor: float = 1.0
    support_mailbox: str = ""
    emit_metric: Callable[[LimitName], None] = _emit_nothing
    visitor: Visitor = field(default_factory=Visitor)

    def admit(self, action: Action, *, ip: str, now: int) -> None:
        """
        Count a request of the network of *ip* for *action*; the `UNHINDERED` pass uncounted.

        Raises:
            TooManyRequests: The network is over its limit.
        """
        self.visitor.ip = ip
        try:
            for network, factor in networks_of(ip):
                limit = _times(BY_NETWORK[action], factor)
                self._count("network", f"{action} address {network}", limit, now)
        except TryAgain:
            if action not in UNHINDERED:
                raise

    def admit_holder(self, action: Action, grant_id: str, holder: str, *, now: int) -> None:
        """
        Count a request for *action*, one of `BY_GRANT`, by the *holder* of a grant's token.

        Raises:
            TooManyRequests: This side has used up its budget for this grant.
        """
        try:
            self._count("grant", f"{action} grant {grant_id} {holder}", BY_GRANT[action], now)
        except TryAgain:
            if action not in UNHINDERED:
                raise

    @contextmanager
    def admit_key(self, url: str, *, now: int, every_network: bool = True) -> Iterator[None]:
        """
        Count the key that the body of the `with` statement sends to the host of the URL *url*.

        It is counted before it is sent, and uncounted unless the body raises `KeyRefused`. Without
        *every_network* only the visitor's own network can be over its limit.

        Raises:
            TooManyRequests: That host has refused too many keys. The body does not run.
        """
        host = host_of(url)
        counted = [
            (f"keys {host} address {network}", _times(KEYS_BY_NETWORK, factor))
            for network, factor in networks_of(self.visitor.ip)
        ]
        counted += [(f"keys {host}", KEYS_BY_SITE)] if every_network else []
        done: list[tuple[str, Limit]] = []
        try:
            for key, limit in counted:
                done.append((key, limit))
                self._count("key", key, limit, now)
            yield
        except KeyRefused:
            raise
        except Exception:
            self._uncount(done, now)
            raise
        self._uncount(done, now)

    def admit_grant(self, site_url: str, *, now: int) -> None:
        """
        Count a new grant of the visitor's network, in all and for the host of *site_url*.

        Raises:
            TooManyRequests: The network has made too many today.
        """
        host = host_of(site_url)
        for network, factor in networks_of(self.visitor.ip):
            key = f"new grants address {network}"
            self._count("network", key, _times(GRANTS_BY_NETWORK, factor), now)
            limit = _times(GRANTS_BY_NETWORK_AND_HOST, factor)
            self._count("network", f"{key} host {host}", limit, now)

    def admit_ots(self, action: OtsAction, *, ip: str, account: str, now: int) -> None:
        """
        Count a request to One Time Secret's API: of *account*, or if it is "" of *ip*'s network.

        Raises:
            TooManyRequests: The account or the network is over its limit.
        """
        if account:
            self._count("account", f"{action} account {account}", OTS_BY_ACCOUNT, now)
            return
        for network, factor in networks_of(ip):
            limit = _times(OTS_BY_NETWORK[action], factor)
            self._count("network", f"{action} address {network}", limit, now)

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """
        Count a mail to *mailbox*, an e-mail address. What cannot be counted passes.

        Raises:
            TooManyRequests: The mailbox, or the whole deployment, has had its share.
        """
        name = mailbox_of(mailbox)
        is_support = name == mailbox_of(self.support_mailbox)
        limit = BY_SUPPORT_MAILBOX if is_support else BY_MAILBOX
        # The counters outlive the request, so they hold no e-mail address that can be read.
        digest = hashlib.sha256(name.encode()).hexdigest()
        key = f"mailbox {digest}"
        which: LimitName = "support" if is_support else "mailbox"
        with suppress(TryAgain):
            self._count(which, key, limit, now)
            try:
                self._count("deployment", "mails", BY_DEPLOYMENT, now)
            except TooManyRequests:
                self._uncount([(key, limit)], now)  # A flood elsewhere fills no mailbox.
                raise

    def _count(self, name: LimitName, key: str, limit: Limit, now: int) -> None:
        ends_at = _end_of_window(limit, now)
        hits = self.counter.hit(_window_key(key, limit, now), purge_at=ends_at + limit.seconds)
        if hits > limit.hits * self.factor:
            self.emit_metric(name)
            raise TooManyRequests(retry_after=ends_at - now)

    def _uncount(self, counted: list[tuple[str, Limit]], now: int) -> None:
        """Uncount; a count that stays because the counter is down goes with its window."""
        for key, limit in counted:
            purge_at = _end_of_window(limit, now) + limit.seconds
            with suppress(TryAgain):
                self.counter.hit(_window_key(key, limit, now), purge_at=purge_at, by=-1)


def _times(limit: Limit, factor: int) -> Limit:
    return limit._replace(hits=limit.hits * factor)


def _end_of_window(limit: Limit, now: int) -> int:
    return (now // limit.seconds + 1) * limit.seconds


def _window_key(key: str, limit: Limit, now: int) -> str:
    return f"{key} {now // limit.seconds}"
