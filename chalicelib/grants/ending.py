"""
Ending an access: at the deadline, at "end now", by repair, and when a set-up was not finished.

Whatever fails is tried again after 1, 5, 15 and 60 minutes, then hourly, then daily, without end.
After the third failure the owner is asked to help. Owner and support are told when it is over, and
a grant comes to rest only after that. A locked link is told to the owner while the access runs on.

A person may ask for a try at any time. If it was not due, its failure counts nothing, so nobody can
put the next try off, or fill a mailbox, by asking often.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.clock import DAY, HOUR, MINUTE, TimeBudget
from chalicelib.errors import HallpassError, NotFound, TryAgain
from chalicelib.grants.model import KEEP_ENDED, Event, Grant, GrantStore, change, holder_of, lease
from chalicelib.grants.ports import Notifier, OneTimeLinks
from chalicelib.grants.removal import Removal
from chalicelib.grants.visit_report import compare, read

FIRST_RETRIES = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 1 * HOUR)
HOURLY_TRIES = 23  # With the first four, about a day; after that once a day.
LOCK_RETRY = 5 * MINUTE
MAIL_TRIES = 34  # About a week. The account is gone; a mailbox that refuses that long is dead.
LEASE = 120  # Longer than the share of time that one grant gets.
SHARE_SECONDS = 60.0  # A slow site must not starve the others.
BATCH = 100
LOOKS = 2
LOOK_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class SweepReport:
    """
    What one sweep did. `oldest_overdue` is in seconds, 0 when nothing is overdue.

    `failed` counts grants that a part of ours kept from being looked at or written, and
    `unexpected` is the first error that nobody raised on purpose.
    """

    ended: int
    put_off: int
    failed: int
    oldest_overdue: int
    unexpected: Exception | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends accesses, for owners, support and the schedule."""

    grants: GrantStore
    removal: Removal
    secrets: OneTimeLinks
    telling: Notifier
    deadline: TimeBudget

    def end(self, grant_id: str, token: str, *, now: int) -> Grant:
        """
        End an access now, for its owner or for support.

        The grant that comes back is ``ended`` only when WordPress has confirmed it; otherwise the
        sweep goes on trying.

        Raises:
            NotFound: Unknown grant, or a stranger's token.
        """
        _, holder = holder_of(self.grants.get(grant_id), token)

        def asked(grant: Grant) -> Grant:
            if grant.end_requested_at is not None or grant.state == "ended":
                return grant
            return replace(grant, end_requested_at=now, due_at=now).with_event(
                Event(now, "end_requested", holder)
            )

        return self.finish(change(self.grants, grant_id, asked), now)

    def finish(self, grant: Grant, now: int) -> Grant:
        """Do what is left to do for *grant*, unless another call is at it or nothing is left."""
        if grant.due_at is None:
            return grant
        was_due = grant.due_at <= now
        leased = lease(self.grants, grant, now=now, seconds=LEASE)
        return grant if leased is None else self._settle(leased, now, counts=was_due)

    def say_gone(self, grant_id: str, token: str, *, now: int) -> Grant:
        """
        Take the owner's word that a user made by hand is gone; nobody else can know.

        Raises:
            NotFound: Unknown grant, not its owner's token, or not made by hand.
        """

        def over(grant: Grant) -> Grant:
            if holder_of(grant, token)[1] != "owner" or not grant.by_hand:
                raise NotFound
            return ended(grant, now, by="owner")

        return self.finish(change(self.grants, grant_id, over), now)

    def sweep(self, *, now: int) -> SweepReport:
        """End what is due, oldest first. One grant's failure never stops the others."""
        ended = put_off = failed = 0
        unexpected: Exception | None = None
        for grant_id in self.grants.due(now, BATCH):
            if not self.deadline.share(SHARE_SECONDS):
                break
            try:
                grant = self._taken(grant_id, now)
                if grant is None:
                    continue
                grant = self._settle(grant, now)
                if grant.state == "ended":
                    ended += 1
                elif grant.attempts:
                    put_off += 1
            except TryAgain:
                failed += 1  # Nothing could be recorded, so it is due again within minutes.
            except Exception as error:  # noqa: BLE001 - raised by the caller, after the others
                failed += 1
                unexpected = unexpected or error
        oldest = self.grants.overdue_since()
        overdue = 0 if oldest is None else max(0, now - oldest)
        return SweepReport(ended, put_off, failed, overdue, unexpected)

    def _taken(self, grant_id: str, now: int) -> Grant | None:
        """Lease a grant that is due; None when it is not, or another call is at it."""
        grant = self.grants.get(grant_id)
        # The index may be a moment behind the table, so the table decides.
        if grant is None or grant.due_at is None or grant.due_at > now:
            return None
        return lease(self.grants, grant, now=now, seconds=LEASE)

    def _settle(self, grant: Grant, now: int, *, counts: bool = True) -> Grant:
        """Take a leased grant as far as it goes: the account, then the mails, then rest."""
        if grant.state == "active" and grant.deadline > now:
            return self._wait(grant, now)
        try:
            if grant.state != "ended":
                grant = self._cleared(self.look_around(grant), now)
                grant = change(self.grants, grant.id, lambda grant: ended(grant, now))
            self.secrets.revoke(grant, now=now)
            grant = self._told_and_given_back(grant)
        except HallpassError as error:
            return self._put_off(grant, error, now, counts=counts)
        return change(self.grants, grant.id, lambda grant: _at_rest(grant, now))

    def _told_and_given_back(self, grant: Grant) -> Grant:
        """Tell of the end, and give back a consent key that a repair has left before it."""
        failure: HallpassError | None = None
        try:
            grant = self.removal.give_back(grant)
        except HallpassError as error:
            failure = error
        grant = self.telling.of_end(grant)
        if failure is not None:
            raise failure
        return grant

    def _wait(self, grant: Grant, now: int) -> Grant:
        """Tell what happened while the access runs on, and look again at its deadline."""
        with suppress(HallpassError):
            self.telling.of_lock(grant)

        def waiting(grant: Grant) -> Grant:
            again = grant.deadline
            if grant.untold_lock is not None:
                again = min(again, now + LOCK_RETRY)
            return replace(grant, lease_until=0, due_at=again)

        return change(self.grants, grant.id, waiting)

    def _cleared(self, grant: Grant, now: int) -> Grant:
        """Take the grant off its site, and where the site has moved, off its new address."""
        try:
            return self.removal.clear(grant, now=now)
        except HallpassError as problem:
            site = self.removal.find_again(grant, problem)
            if site is None:
                raise
        moved = Event(now, "site_moved", detail=site.url)
        grant = change(
            self.grants, grant.id, lambda grant: replace(grant, site=site).with_event(moved)
        )
        return self.removal.clear(self.look_around(grant), now=now)

    def look_around(self, grant: Grant) -> Grant:
        """
        Record what has changed on the site since support came in, as far as it can be seen.

        It never keeps an account alive: after two failures the removal goes on without a look,
        unless the owner has brought a key that sees more.
        """
        is_hopeless = grant.attempts > LOOKS and grant.sealed_consent is None
        if not grant.before or is_hopeless:
            return grant
        try:
            with self.deadline.within(LOOK_SECONDS):
                after = self.removal.look_around(grant)
        except HallpassError:
            return grant
        ours = {} if grant.user_id is None else {grant.user_id: grant.username}
        found = compare(read(grant.before), after, ours=ours, our_keys=grant.own_key_ids)
        return change(self.grants, grant.id, lambda grant: replace(grant, report=found))

    def _put_off(self, grant: Grant, error: HallpassError, now: int, *, counts: bool) -> Grant:
        """Record the failure, come back later, and after the third ask for help."""
        reason = str(error.details().get("reason", error.code))
        if not counts:
            return change(self.grants, grant.id, lambda grant: replace(grant, lease_until=0))
        grant = change(self.grants, grant.id, lambda grant: _failed(grant, reason, now))
        return self.telling.of_failure(grant, now)


def retry_delay(attempts: int) -> int:
    """Return the seconds until the next try after *attempts* failures."""
    if attempts <= len(FIRST_RETRIES):
        return FIRST_RETRIES[attempts - 1]
    return HOUR if attempts <= len(FIRST_RETRIES) + HOURLY_TRIES else DAY


def ended(grant: Grant, now: int, by: str = "hallpass") -> Grant:
    """
    Return *grant* as over, without any key; its mails are still to be sent.

    On the owner's word, a consent key that was not given back yet still has to be.
    """
    if grant.state == "ended":
        return grant
    name = "ended" if grant.state == "active" else "setup_undone"
    return replace(
        grant,
        state="ended",
        ended_at=now,
        attempts=0,
        due_at=now,
        sealed_consent=grant.sealed_consent if by == "owner" else None,
        sealed_removal=None,
    ).with_event(Event(now, name, by))


def _failed(grant: Grant, reason: str, now: int) -> Grant:
    attempts = grant.attempts + 1
    if grant.state == "ended" and attempts >= MAIL_TRIES:
        return _at_rest(grant, now)
    delay = DAY if grant.by_hand and grant.state != "ended" else retry_delay(attempts)
    put_off = replace(grant, attempts=attempts, lease_until=0, due_at=now + delay)
    if grant.state == "ended":
        return put_off  # Only a mail failed; the account is gone.
    return put_off.with_event(Event(now, "removal_failed", detail=reason))


def _at_rest(grant: Grant, now: int) -> Grant:
    return replace(
        grant,
        due_at=None,
        lease_until=0,
        attempts=0,
        sealed_consent=None,
        purge_at=now + KEEP_ENDED,
    )
