"""Counts requests, refused keys, new grants and mails, and refuses those over a limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from chalicelib.errors import KeyRefused, TooManyRequests, TryAgain
from chalicelib.rate_limits.bounds import (
    BY_DEPLOYMENT,
    BY_GRANT,
    BY_MAILBOX,
    BY_NETWORK,
    BY_SUPPORT_MAILBOX,
    COUNTED_IN_STEPS,
    GRANTS_BY_NETWORK,
    GRANTS_BY_NETWORK_AND_HOST,
    KEYS_BY_NETWORK,
    KEYS_BY_SITE,
    MAIL_STEP,
    OTS_BY_ACCOUNT,
    OTS_BY_NETWORK,
    UNHINDERED,
    Action,
    Limit,
    LimitName,
    OtsAction,
)
from chalicelib.rate_limits.steps import Steps
from chalicelib.rate_limits.subjects import host_of, mailbox_of, networks_of
from chalicelib.values import dataclass, field


class HitCounter(Protocol):
    """Counts hits, across all Lambdas."""

    def hit(self, key: str, *, purge_at: int, by: int = 1) -> int:
        """
        Add *by* to the count of *key*, which is kept until *purge_at*, and return the new count.

        Raises:
            TryAgain: The counter is busy or cannot be reached.
        """

    def hit_parts(
        self, key: str, parts: Sequence[str], *, purge_at: int, by: int = 1, own: bool = True
    ) -> tuple[int, ...]:
        """As `hit` for *key*, if *own*, and for each of its *parts*; return the counts."""


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
    steps: Steps = field(default_factory=Steps)

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
                step = COUNTED_IN_STEPS.get(action, 1)
                key = f"{action} address {network}"
                self._count_in_steps("network", key, limit, now, step=step)
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
        networks = networks_of(self.visitor.ip)
        limits = [_times(KEYS_BY_NETWORK, factor) for _, factor in networks]
        counted = [network for network, _ in networks]
        key = f"keys {host_of(url)}"
        own = KEYS_BY_SITE if every_network else None
        try:
            self._count_parts("key", key, own, counted, limits, now)
            yield
        except KeyRefused:
            raise
        except Exception:
            self._uncount_parts(key, counted, now, own=every_network)
            raise
        self._uncount_parts(key, counted, now, own=every_network)

    def admit_grant(self, site_url: str, *, now: int) -> None:
        """
        Count a new grant of the visitor's network, in all and for the host of *site_url*.

        Raises:
            TooManyRequests: The network has made too many today.
        """
        host = host_of(site_url)
        for network, factor in networks_of(self.visitor.ip):
            limit = _times(GRANTS_BY_NETWORK, factor)
            by_host = [_times(GRANTS_BY_NETWORK_AND_HOST, factor)]
            key = f"new grants address {network}"
            self._count_parts("network", key, limit, [host], by_host, now)

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
                self._count_in_steps("deployment", "mails", BY_DEPLOYMENT, now, step=MAIL_STEP)
            except TooManyRequests:
                self._uncount([(key, limit)], now)  # A flood elsewhere fills no mailbox.
                raise

    def _count_in_steps(
        self, name: LimitName, key: str, limit: Limit, now: int, *, step: int
    ) -> None:
        """Count as `_count`, in steps of this process."""
        shut_seconds = self.steps.shut_seconds(key, now)
        if shut_seconds:
            raise self._refuse(name, shut_seconds)
        if by := self.steps.see(key, step):
            try:
                self._count(name, key, limit, now, by=by)
            except TooManyRequests as refused:
                self.steps.shut(key, now + refused.retry_after)
                raise

    def _count(self, name: LimitName, key: str, limit: Limit, now: int, by: int = 1) -> None:
        ends_at = _end_of_window(limit, now)
        purge_at = ends_at + limit.seconds
        hits = self.counter.hit(_window_key(key, limit, now), purge_at=purge_at, by=by)
        if hits > limit.hits * self.factor:
            raise self._refuse(name, ends_at - now)

    def _refuse(self, name: LimitName, retry_after: int) -> TooManyRequests:
        self.emit_metric(name)
        return TooManyRequests(retry_after=retry_after)

    def _count_parts(
        self,
        name: LimitName,
        key: str,
        own: Limit | None,
        parts: Sequence[str],
        limits: Sequence[Limit],
        now: int,
    ) -> None:
        """Count *key*, unless *own* is None, and *parts* of it, all in one window and one write."""
        window = own or limits[0]
        ends_at = _end_of_window(window, now)
        purge_at, at = ends_at + window.seconds, _window_key(key, window, now)
        hits = self.counter.hit_parts(at, parts, purge_at=purge_at, own=own is not None)
        bounds = [*([own] if own else []), *limits]
        if any(n > bound.hits * self.factor for n, bound in zip(hits, bounds, strict=True)):
            raise self._refuse(name, ends_at - now)

    def _uncount_parts(self, key: str, parts: Sequence[str], now: int, *, own: bool) -> None:
        purge_at = _end_of_window(KEYS_BY_SITE, now) + KEYS_BY_SITE.seconds
        with suppress(TryAgain):
            at = _window_key(key, KEYS_BY_SITE, now)
            self.counter.hit_parts(at, parts, purge_at=purge_at, by=-1, own=own)

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
