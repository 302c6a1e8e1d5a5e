"""
The grant: one temporary access to one site, and the record that outlives every crash.

A grant is an immutable value. Every change is a pure function from the grant that was read to the
one to be written, and the store writes it only if nobody else has written in between. So two
Lambdas that act on one grant at the same time cannot undo each other's steps.

`due_at` is the next time that the sweep must look: set-up time-out, expiry, next retry, mails still
to be sent. It is absent once nothing is left to do, and only then does `purge_at` exist.
All times are epoch seconds.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol
from urllib.parse import quote

from chalicelib.clock import DAY, MINUTE
from chalicelib.errors import GrantExists, NotFound, TryAgain
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change

State = Literal["preparing", "active", "ended"]
Holder = Literal["owner", "support"]

KEEP_ENDED = 90 * DAY  # The owner can look at the receipt this long after the end.
TIMELINE_LENGTH = 60  # DynamoDB items end at 400 KB; a grant's story is far shorter.
ACCESS_CREATED = "access_created"
REPEATING = frozenset({"removal_failed", "link_locked"})
LOCK_NOTICE_SECONDS = 30 * MINUTE  # One mail covers all links locked in this time.
CHANGE_TRIES = 8  # More writers at once on one grant than this has not been seen.


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a grant. `by` is who did it: owner, support or hallpass."""

    at: int
    name: str
    by: str = "hallpass"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """
    One temporary access.

    `owner_hashes` and `support_hash` are SHA-256 of the tokens' text, in hex. `sealed_consent` is
    the owner's consent key, KMS-sealed, and exists only while a set-up or a repair is unfinished;
    `sealed_removal` is the support user's own key. `checked` says that a user may have been asked
    for, `by_hand` that the owner made it, so that there is no key; `asks_passphrase` that the
    newest one-time link does. `before` is what the site looked like before (`report.write`),
    `report` what has changed, and `own_key_ids` the consent keys that came and went on the way.
    `checked` becomes false again when the user is confirmed gone. `told` names the mails that have
    gone out. `version` and `mark` belong to the store.
    """

    id: str
    site_url: str
    username: str
    days: int
    created_at: int
    expires_at: int
    fingerprint: str
    owner_hashes: tuple[str, ...]
    support_hash: str
    state: State = "preparing"
    owner_email: str = ""
    owner_login: str = ""
    site: Site | None = None
    owner_id: int | None = None
    user_id: int | None = None
    consent_key_id: str | None = None
    checked: bool = False
    by_hand: bool = False
    sealed_consent: bytes | None = None
    sealed_removal: bytes | None = None
    secret_ids: tuple[str, ...] = ()
    asks_passphrase: bool = False
    own_key_ids: tuple[str, ...] = ()
    looked: bool = False
    before: str = ""
    report: tuple[Change, ...] | None = None
    timeline: tuple[Event, ...] = ()
    end_requested_at: int | None = None
    ended_at: int | None = None
    attempts: int = 0
    told: tuple[str, ...] = ()
    due_at: int | None = None
    lease_until: int = 0
    purge_at: int | None = None
    version: int = 0
    mark: str = ""

    @property
    def deadline(self) -> int:
        """When the account has to be gone: the expiry, or the moment somebody said "end now"."""
        return min(self.expires_at, self.end_requested_at or self.expires_at)

    @property
    def was_active(self) -> bool:
        """Whether support could ever sign in."""
        return any(event.name == ACCESS_CREATED for event in self.timeline)

    @property
    def overdue_since(self) -> int | None:
        """When the account should have been gone, if a removal has failed; None otherwise."""
        if self.state == "ended" or self.attempts == 0:
            return None
        return self.deadline if self.state == "active" else self.created_at

    @property
    def site_name(self) -> str:
        """The site's address without its scheme, which is how its owner knows it."""
        address = self.site.url if self.site else self.site_url
        return address.partition("://")[2] or address

    @property
    def user_admin_url(self) -> str:
        """The page of the site's own admin that lists the support user."""
        address = self.site.url if self.site else self.site_url
        login = self.site.login_url if self.site else f"{address}/wp-login.php"
        return f"{login.rpartition('/')[0]}/wp-admin/users.php?s={quote(self.username)}"

    @property
    def untold_lock(self) -> int | None:
        """Return when a link was last locked, if the owner has yet to get a mail about that."""
        at = next(
            (event.at for event in reversed(self.timeline) if event.name == "link_locked"), None
        )
        told = [int(told.split()[1]) for told in self.told if told.startswith("locked ")]
        if at is None or not self.owner_email:
            return None
        # Of several links that are locked at the same time, one mail is enough.
        return at if at >= max(told, default=0) + LOCK_NOTICE_SECONDS else None

    @property
    def alarming_since(self) -> int | None:
        """
        As `overdue_since`, for the operator: only accounts that Hallpass made, or may have made.

        Otherwise a stranger could hold the gauge up with a user that never existed.
        """
        return self.overdue_since if self.checked and not self.by_hand else None

    def with_event(self, event: Event) -> Grant:
        """
        Append *event*; of those that may repeat without end, only the last in a row is kept.

        When there are too many, the oldest goes, but never the one that says that access was given.
        """
        kept = self.timeline
        if kept and event.name == kept[-1].name and event.name in REPEATING:
            kept = kept[:-1]
        if len(kept) >= TIMELINE_LENGTH:
            oldest = next(place for place, e in enumerate(kept) if e.name != ACCESS_CREATED)
            kept = kept[:oldest] + kept[oldest + 1 :]
        return replace(self, timeline=(*kept, event))


class GrantStore(Protocol):
    """Where grants are kept. Reads are strongly consistent; writes are conditional."""

    def add(self, grant: Grant) -> bool:
        """Store a new grant; return False when its id is taken."""

    def get(self, grant_id: str) -> Grant | None: ...

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        """Write *after* if *before* is still what is stored; return it with its new version."""

    def forget(self, grant: Grant) -> bool:
        """Delete a grant that never made anything, if it is still what is stored."""

    def due(self, now: int, limit: int) -> Iterable[str]:
        """Return ids of grants whose `due_at` has come, oldest first. May be a moment behind."""

    def overdue_since(self) -> int | None:
        """Return the least `Grant.alarming_since` of all grants, or None when there is none."""


def record(
    store: GrantStore, grant_id: str, fingerprint: str, make: Callable[[], Grant]
) -> tuple[Grant, bool]:
    """
    Store the grant that *make* returns, or find what an earlier identical request has stored.

    *make* is called only when there is none yet. True means that the grant is new.

    Raises:
        GrantExists: The id is taken by a request that said something else.
    """
    known = store.get(grant_id)
    if known is None:
        grant = make()
        if store.add(grant):
            return grant, True
        known = store.get(grant_id)
    if known is None or not hmac.compare_digest(known.fingerprint, fingerprint):
        raise GrantExists("This request was made before with other details.")
    return known, False


def change(store: GrantStore, grant_id: str, to: Callable[[Grant], Grant]) -> Grant:
    """
    Apply *to* to the stored grant and write the result, again if somebody wrote in between.

    Raises:
        NotFound: There is no such grant.
        TryAgain: Others kept writing.
    """
    for _ in range(CHANGE_TRIES):
        before = store.get(grant_id)
        if before is None:
            raise NotFound
        after = to(before)
        if after == before:
            return before
        written = store.replace(before, after)
        if written is not None:
            return written
    raise TryAgain


def lease(store: GrantStore, grant: Grant, *, now: int, seconds: int) -> Grant | None:
    """
    Take *grant* for this caller alone until `now + seconds`; return None when another has it.

    A grant that is due is moved out of the sweep's way for the same time, so that one that
    crashes its sweep cannot stand at the head of the queue for ever.
    """
    if grant.lease_until > now:
        return None
    until = now + seconds
    due_at = until if grant.due_at is not None and grant.due_at <= now else grant.due_at
    return store.replace(grant, replace(grant, lease_until=until, due_at=due_at))


def holder_of(grant: Grant | None, token: str) -> tuple[Grant, Holder]:
    """
    Return *grant* and who the bearer of *token* is.

    Raises:
        NotFound: Unknown grant or wrong token; the two cannot be told apart.
    """
    shown = token_hash(token)
    if grant is not None:
        for known in grant.owner_hashes:
            if hmac.compare_digest(shown, known):
                return grant, "owner"
        if hmac.compare_digest(shown, grant.support_hash):
            return grant, "support"
    raise NotFound


def token_hash(token: str) -> str:
    """Return what is kept of an owner or support token: SHA-256 of its text, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
