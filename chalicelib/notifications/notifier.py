"""
Who is told what of a grant, and that each is told once.

What has gone out is noted on the grant after the mail was handed over, so a crash in between
repeats one mail and loses none. The owner hears of everything. Support hears of the end and of a
failing one, and only of accesses that it could have used.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Protocol

from chalicelib.clock import DAY
from chalicelib.errors import DeliveryFailed, HallpassError
from chalicelib.grants.model import Grant, GrantStore, Holder, change, token_hash

TELL_AFTER = 3  # Failures, before the owner is asked to help.
AGAIN = frozenset({"locked", "stuck"})
MAILED_TOKENS = 3  # The links in the last three mails work; the owner's own always does.


class Notices(Protocol):
    """Tells people what happened. Raises `DeliveryFailed` when a mail cannot be handed over."""

    def ended(self, grant: Grant, reader: Holder) -> None: ...

    def stuck(self, grant: Grant, reader: Holder, receipt_token: str, *, now: int) -> None: ...

    def locked(self, grant: Grant, receipt_token: str, *, locked_at: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells owner and support, and notes who has been told."""

    grants: GrantStore
    notices: Notices

    def of_end(self, grant: Grant) -> Grant:
        """Tell everybody who has not been told that *grant* is over; raise `DeliveryFailed`."""
        failure: DeliveryFailed | None = None
        for reader in _readers(grant, "ended"):
            try:
                self.notices.ended(grant, reader)
            except DeliveryFailed as error:  # One dead mailbox keeps nobody else from being told.
                failure = error
            else:
                grant = self._told(grant, f"ended {reader}")
        if failure is not None:
            raise failure
        return grant

    def of_failure(self, grant: Grant, now: int) -> Grant:
        """Ask for help after the third failure. Who could not be told is told at the next one."""
        if grant.state == "ended" or grant.attempts < (1 if grant.by_hand else TELL_AFTER):
            return grant
        # A user made by hand is gone only when its owner acts, so the owner is reminded each day:
        # once, however often somebody makes us try.
        about = f"stuck {(now - grant.deadline) // DAY}" if grant.by_hand else "stuck"
        for reader in _readers(grant, about):
            if reader != "owner" and not grant.checked:
                continue  # The user is gone; that the owner's approval is not, is theirs alone.
            try:
                self.notices.stuck(grant, reader, self._receipt_token(grant, reader), now=now)
            except HallpassError:
                continue
            grant = self._told(grant, f"{about} {reader}")
        return grant

    def of_lock(self, grant: Grant) -> Grant:
        """Tell the owner of the newest lock that is untold, if any; raise `DeliveryFailed`."""
        at = grant.untold_lock
        if at is None:
            return grant
        self.notices.locked(grant, self._receipt_token(grant, "owner"), locked_at=at)
        return self._told(grant, f"locked {at}")

    def _receipt_token(self, grant: Grant, reader: Holder) -> str:
        """
        Make one more owner token, for the receipt link of a mail.

        Only hashes are kept, so a mail that is to have a working link needs a token of its own.
        """
        if reader != "owner":
            return ""
        token = secrets.token_urlsafe(32)
        first, *others = grant.owner_hashes
        hashes = (first, *others[-MAILED_TOKENS + 1 :], token_hash(token))
        change(self.grants, grant.id, lambda grant: replace(grant, owner_hashes=hashes))
        return token

    def _told(self, grant: Grant, what: str) -> Grant:
        """Note that a mail has gone out; of those that come again and again, the last is kept."""
        kind, _, rest = what.partition(" ")

        def is_older(told: str) -> bool:
            one_reader = kind == "locked" or told.rsplit(maxsplit=1)[-1] == rest.split()[-1]
            return kind in AGAIN and told.split(maxsplit=1)[0] == kind and one_reader

        def noted(grant: Grant) -> Grant:
            kept = [told for told in grant.told if not is_older(told)]
            return replace(grant, told=(*kept, what))

        return change(self.grants, grant.id, noted)


def _readers(grant: Grant, about: str) -> list[Holder]:
    """Return who has yet to be told. Support hears only of accesses that it could have used."""
    readers: list[Holder] = ["owner"] if grant.owner_email else []
    readers += ["support"] if grant.was_active else []
    return [reader for reader in readers if f"{about} {reader}" not in grant.told]
