"""
The end of an access: at the deadline, at "end now", by repair, and of an unfinished set-up.

A failed removal is tried again as `schedule.retry_delay` says, without end. After the third
failure the owner is asked to help. Owner and support get a notice when WordPress has confirmed the
end, and a grant is closed only after that. The owner gets a notice of a locked link meanwhile. A
manual grant that its owner never confirms rests after some reminders (`reminders`).

A person may ask for a try at any time. A try before its due time does not count as a failed
attempt, so asking often neither puts the next try off nor fills a mailbox.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.clock import TimeBudget
from chalicelib.errors import HallpassError, NotFound
from chalicelib.grants.consent_key import ConsentKey
from chalicelib.grants.model import Grant
from chalicelib.grants.ports import Notifier, OneTimeLinks
from chalicelib.grants.reminders import may_rest
from chalicelib.grants.removal import Removal
from chalicelib.grants.store import (
    GrantStore,
    Unrecorded,
    holder_of,
    require_owner,
    try_lease,
    update,
)
from chalicelib.grants.visit_report import compare, read
from chalicelib.values import dataclass

FINISH_LEASE_SECONDS = 120  # Longer than a worker or a request has in all.
MAX_SNAPSHOT_TRIES = 2
MAX_SNAPSHOT_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends accesses, for owners, support and the sweep."""

    grants: GrantStore
    removal: Removal
    consent_key: ConsentKey
    links: OneTimeLinks
    notifier: Notifier
    budget: TimeBudget

    def end(self, grant_id: str, token: str, *, now: int) -> Grant:
        """
        End an access now, for its owner or for support.

        The grant that comes back is ``ended`` only when WordPress has confirmed it; otherwise the
        sweep goes on trying.

        Its unopened links are revoked before the site is asked for anything.

        Raises:
            NotFound: Unknown grant, or a stranger's token.
        """
        _, holder = holder_of(self.grants.get(grant_id), token)
        grant = update(self.grants, grant_id, lambda stored: stored.end_requested(holder, now))
        self.revoke_links(grant, now)
        return self.finish(grant, now)

    def confirm(self, grant_id: str, token: str, *, now: int) -> Grant:
        """
        End a manual grant because its owner says the user is deleted. We hold no key to check.

        Raises:
            NotFound: Unknown grant, not its owner's token, or not a manual grant.
        """

        def confirmed(grant: Grant) -> Grant:
            if not require_owner(grant, token).is_manual:
                raise NotFound
            return grant.confirmed_by_owner(now)

        grant = update(self.grants, grant_id, confirmed)
        self.revoke_links(grant, now)
        return self.finish(grant, now)

    def revoke_links(self, grant: Grant, now: int) -> bool:
        """
        Revoke the unopened links of a grant whose end was asked for; return whether that worked.

        A failure prevents nothing else: before a grant is closed, it is done once more.
        """
        if grant.phase == "closed":
            return True
        try:
            self.links.revoke(grant, now=now)
        except HallpassError:
            return False
        return True

    def finish(self, grant: Grant, now: int) -> Grant:
        """Do what is left to do for *grant*, unless another call is at it or nothing is left."""
        if grant.schedule.due_at is None:
            return grant
        was_due = grant.schedule.is_due(now)
        leased = try_lease(self.grants, grant, now=now, seconds=FINISH_LEASE_SECONDS)
        return grant if leased is None else self._finish_leased(leased, now, counts=was_due)

    def finish_due(self, grant_id: str, now: int) -> Grant | None:
        """Do what is due for the grant of that id; None when nothing is, or another is at it."""
        grant = self.grants.get(grant_id)
        # The index may be a moment behind the table, so the table decides.
        if grant is None or not grant.schedule.is_due(now):
            return None
        leased = try_lease(self.grants, grant, now=now, seconds=FINISH_LEASE_SECONDS)
        return None if leased is None else self._finish_leased(leased, now, counts=True)

    def record_changes(self, grant: Grant, now: int) -> Grant:
        """
        Record what has changed on the site since support came in, as far as it can be seen.

        It never keeps an account alive: after two failures the removal goes on without a snapshot,
        unless the owner has brought a key that sees more.
        """
        unrecorded = Unrecorded(self.grants, grant)
        self._see_changes(unrecorded, now)
        return unrecorded.write()

    def _see_changes(self, unrecorded: Unrecorded, now: int) -> None:
        """See what `record_changes` records, and leave it to the next write."""
        grant = unrecorded.grant
        is_hopeless = grant.schedule.attempts > MAX_SNAPSHOT_TRIES and grant.consent is None
        if not grant.visit.before or is_hopeless:
            return
        try:
            with self.budget.within(MAX_SNAPSHOT_SECONDS):
                after = self.removal.take_snapshot(grant, now=now)
        except HallpassError:
            unrecorded.read()  # A refused key may have been recorded.
            return
        user_id = grant.on_site.user_id
        ours = {} if user_id is None else {user_id: grant.username}
        changes = compare(
            read(grant.visit.before), after, ours=ours, our_keys=grant.visit.consent_key_ids
        )
        unrecorded.add(lambda stored: stored.changes_seen(changes))

    def _finish_leased(self, grant: Grant, now: int, *, counts: bool) -> Grant:
        """Take a leased grant as far as it goes: the account, then the notices, then closed."""
        if grant.is_consent_held and grant.was_active and grant.state != "ended":
            grant = self._delete_held_consent(grant, now)
            if not grant.schedule.is_due(now):
                return grant
        begun = self.budget.spent()

        def moment() -> int:
            return now + int(self.budget.spent() - begun)

        if grant.phase == "active":
            return self._wait(grant, now)
        unrecorded, receipt, is_revoked = Unrecorded(self.grants, grant), "", False
        try:
            if grant.state != "ended":
                is_revoked = self.revoke_links(grant, now)
                self._see_changes(unrecorded, now)
                self._remove(unrecorded, now)
                # Before the mail that has it, and in the same write: the end comes first.
                receipt = self.notifier.add_receipt(unrecorded)
                unrecorded.write(lambda stored: stored.revoked(moment(), now))
            if not is_revoked:
                self.links.revoke(unrecorded.grant, now=now)
            self._send_notices(unrecorded, receipt, now)
        except HallpassError as error:
            return self._put_off(unrecorded, error, moment(), counts=counts)
        return unrecorded.write(lambda stored: stored.closed(moment()))

    def _send_notices(self, unrecorded: Unrecorded, receipt: str, now: int) -> None:
        """Send the notices of the end, and delete a consent key that a repair has left before."""
        failure: HallpassError | None = None
        try:
            self.consent_key.delete(unrecorded.grant)
        except HallpassError as error:
            failure = error
        self.notifier.send_ended(unrecorded, receipt, now)
        if failure is not None:
            raise failure

    def _delete_held_consent(self, grant: Grant, now: int) -> Grant:
        """Delete a held consent key that its owner never confirmed, and be due as before."""
        with suppress(HallpassError):
            grant = self.consent_key.delete(grant)
        return update(self.grants, grant.id, lambda stored: stored.held_consent_deleted(now))

    def _wait(self, grant: Grant, now: int) -> Grant:
        """Send what happened while the access runs on, and be due again at its deadline."""
        unrecorded = Unrecorded(self.grants, grant)
        for send in (self.notifier.send_locked, self.notifier.send_opened):
            with suppress(HallpassError):
                send(unrecorded, now)
        return unrecorded.write(lambda stored: stored.waited(now))

    def _remove(self, unrecorded: Unrecorded, now: int) -> None:
        """Remove from the recorded address; if the site has moved, from where it is now."""
        grant = unrecorded.grant
        try:
            self.removal.remove_from_site(grant, now=now)
        except HallpassError as problem:
            site = self.removal.find_moved_site(grant, problem)
            if site is None:
                raise
        else:
            return
        unrecorded.write(lambda stored: stored.site_moved(site, now))
        self._see_changes(unrecorded, now)
        self.removal.remove_from_site(unrecorded.grant, now=now)

    def _put_off(
        self, unrecorded: Unrecorded, error: HallpassError, now: int, *, counts: bool
    ) -> Grant:
        """Record the failure, be due again later, and after the third ask for help."""
        if not counts:
            return unrecorded.write(Grant.released)
        reason = str(error.details().get("reason", error.code))

        def failed(stored: Grant) -> Grant:
            if stored.state == "ended":  # Only a notice failed; the account is deleted.
                return stored.notice_failed(now)
            return stored.removal_failed(reason, now)

        grant = self.notifier.send_overdue(unrecorded.write(failed), now)
        if grant.is_manual and grant.phase == "revoking" and may_rest(grant):
            return update(self.grants, grant.id, lambda stored: stored.rested(now))
        return grant
