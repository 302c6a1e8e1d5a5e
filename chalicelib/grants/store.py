"""
Where grants are stored, and the three ways to write one: create once, update, try to lease.

Every write names the grant that was read and fails when another caller has written in between, so
two Lambdas that act on one grant at the same time cannot undo each other's steps.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Callable
from typing import Protocol

from chalicelib.errors import GrantExists, NotFound, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder

MAX_UPDATE_TRIES = 8  # More writers at once on one grant than this has not been seen.


class GrantStore(Protocol):
    """Stores grants. Reads are strongly consistent; writes are conditional."""

    def add(self, grant: Grant) -> bool:
        """Store a new grant; return False when its id is taken."""

    def get(self, grant_id: str) -> Grant | None:
        """Return the grant as it is stored, or None."""

    def latest(self, grant_id: str) -> Grant | None:
        """Return the grant as this process wrote it last, if it knows; others may have since."""

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        """Write *after* if *before* is still what is stored; return it with its new revision."""

    def delete(self, grant: Grant) -> bool:
        """Delete a grant that never made anything, if it is still what is stored."""


def create_once(
    store: GrantStore, grant_id: str, fingerprint: str, make: Callable[[], Grant]
) -> tuple[Grant, bool]:
    """
    Store the grant that *make* returns, or return what an earlier identical request has stored.

    *make* is called only when there is none yet. True means that the grant is new.

    Raises:
        GrantExists: The id is taken by a request that said something else.
    """
    stored = store.get(grant_id)
    if stored is None:
        grant = make()
        if store.add(grant):
            return grant, True
        stored = store.get(grant_id)
    if stored is None:
        raise TryAgain  # It was deleted in between.
    require_same(stored.tokens.fingerprint, fingerprint)
    return stored, False


def require_same(stored: str, asked: str) -> None:
    """Raise `GrantExists` unless the fingerprint *asked* is the *stored* one."""
    if not hmac.compare_digest(stored, asked):
        raise GrantExists("This request was made before with other details.")


def update(store: GrantStore, grant_id: str, to: Callable[[Grant], Grant]) -> Grant:
    """
    Write what *to* makes of the stored grant, again if another caller wrote in between.

    *to* is a pure function of its argument: it may be called several times.

    Raises:
        NotFound: There is no such grant.
        TryAgain: Others kept writing.
    """
    written = _update_latest(store, grant_id, to)
    if written is not None:
        return written
    for _ in range(MAX_UPDATE_TRIES):
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


def _update_latest(store: GrantStore, grant_id: str, to: Callable[[Grant], Grant]) -> Grant | None:
    """
    Write on top of what this process wrote last, without reading it again.

    A write that succeeds proves that it was still what is stored. Of anything else, also that *to*
    refuses or has nothing to change, only a grant that was read shows.
    """
    before = store.latest(grant_id)
    if before is None:
        return None
    try:
        after = to(before)
    except Exception:  # noqa: BLE001 - raised again if the stored grant is a reason for it, too
        return None
    return None if after == before else store.replace(before, after)


class Unrecorded:
    """
    What is to be recorded on a grant with its next write: transitions, in their order.

    `grant` is as it will be. A process that dies before the write has recorded nothing of them.
    """

    def __init__(self, store: GrantStore, grant: Grant) -> None:
        self._store, self._to = store, list[Callable[[Grant], Grant]]()
        self.grant = grant

    def add(self, to: Callable[[Grant], Grant]) -> None:
        """Let the next write record what *to* makes of the grant."""
        self.grant = to(self.grant)
        self._to.append(to)

    def read(self) -> None:
        """Read what another part has recorded meanwhile; what is not recorded yet comes on top."""
        stored = self._store.get(self.grant.id)
        self.grant = self.grant if stored is None else _all(self._to, stored)

    def write(self, *more: Callable[[Grant], Grant]) -> Grant:
        """
        Write all of them, and *more*, on top of what is stored; no write when there are none.

        Raises:
            As `update`, and what a transition raises of the stored grant.
        """
        to, self._to = [*self._to, *more], []
        if to:
            self.grant = update(self._store, self.grant.id, lambda grant: _all(to, grant))
        return self.grant


def _all(to: list[Callable[[Grant], Grant]], grant: Grant) -> Grant:
    return functools.reduce(lambda made, each: each(made), to, grant)


def try_lease(store: GrantStore, grant: Grant, *, now: int, seconds: int) -> Grant | None:
    """Take *grant* for this caller alone until `now + seconds`; None when another has it."""
    if grant.schedule.lease_until > now:
        return None
    return store.replace(grant, grant.leased(now, seconds))


def holder_of(grant: Grant | None, token: str) -> tuple[Grant, Holder]:
    """
    Return *grant* and who the bearer of *token* is.

    Raises:
        NotFound: Unknown grant or wrong token; a caller cannot distinguish the two.
    """
    holder = grant.tokens.holder(token) if grant is not None else None
    if grant is None or holder is None:
        raise NotFound
    return grant, holder


def require_owner(grant: Grant | None, token: str) -> Grant:
    """Return *grant* if *token* is its owner's; raise `NotFound` otherwise."""
    known, holder = holder_of(grant, token)
    if holder != "owner":
        raise NotFound
    return known
