"""
The grant: an immutable value, and the transitions that lead from one to the next.

Each transition is a named method, a pure function from the grant that is stored to the one to be
written, which checks the phase that it starts from (`phases`). Those of a set-up are in `set_up`,
those that have to do with mails in `mailed`; no other module builds a changed grant. `store.update`
writes the result only if the stored grant is still the one that was read.
All times are epoch seconds.
"""

from __future__ import annotations

from chalicelib.clock import DAY, MINUTE
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.mailed import GrantWithMails
from chalicelib.grants.parts import (
    Consent,
    Event,
    EventName,
    Holder,
    Links,
)
from chalicelib.grants.phases import ALL_PHASES, ENDED, REMOVING, RUNNING, Phase, transition
from chalicelib.grants.schedule import KEEP_CLOSED_SECONDS, Schedule
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change
from chalicelib.values import dataclass, replace

MAX_NOTICE_ATTEMPTS = 34  # About a week; a mailbox that refuses mail that long is dead.
LOCK_RETRY_SECONDS = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Grant(GrantWithMails):
    """One temporary access to one site, and what may happen to it."""

    # While support is in.

    @transition("provisioning", "active")
    def link_added(self, secret_id: str, *, asks_passphrase: bool) -> Grant:
        """Record that the one-time secret *secret_id* belongs to this grant, once."""
        if secret_id in self.links.secret_ids:
            return self
        return replace(self, links=Links((*self.links.secret_ids, secret_id), asks_passphrase))

    @transition(*ALL_PHASES)
    def link_locked(self, at: int, secret_id: str, now: int) -> Grant:
        """Record, once, that a link was locked at *at*, and let the sweep mail the owner now."""
        if any(event.name == "link_locked" and event.at >= at for event in self.timeline):
            return self
        schedule = self.schedule
        if self.phase == "active" and schedule.due_at is not None:
            schedule = schedule.at(min(schedule.due_at, now))
        locked = Event(at, "link_locked", detail=secret_id)
        return replace(self, schedule=schedule).with_event(locked)

    @transition("active")
    def extended(self, days: int, now: int) -> Grant:
        """Move the expiry by *days*."""
        expires_at = self.expires_at + days * DAY
        # What is due before the end, such as a notice of a locked link, stays due.
        schedule = self.schedule
        if schedule.due_at in (None, self.expires_at):
            schedule = schedule.at(expires_at)
        return replace(self, expires_at=expires_at, schedule=schedule).with_event(
            Event(now, "extended", "owner", str(days))
        )

    @transition("active", "revoking", unchanged_in=ENDED)
    def waited(self, now: int) -> Grant:
        """Release the grant until its deadline, or until an unsent notice is tried again."""
        due_at = self.deadline
        if self.unsent_lock is not None or self.unsent_opening is not None:
            due_at = min(due_at, now + LOCK_RETRY_SECONDS)
        return replace(self, schedule=replace(self.schedule.at(due_at), lease_until=0))

    # The end.

    @transition(*RUNNING, unchanged_in=ENDED)
    def end_requested(self, by: Holder, now: int) -> Grant:
        """Record who asked for the end, once; it is due at once. A grant at rest stays so."""
        if self.end_requested_at is not None or self.schedule.rested_at is not None:
            return self
        schedule = self.schedule.at(now)
        return replace(self, phase="revoking", end_requested_at=now, schedule=schedule).with_event(
            Event(now, "end_requested", by)
        )

    @transition(*REMOVING)
    def repair_requested(self, consent: Consent, due_at: int, now: int) -> Grant:
        """Record the owner's new consent key before it is used; it asks for the end as well."""
        return replace(
            self,
            phase="notifying" if self.phase == "notifying" else "revoking",
            consent=consent,
            end_requested_at=self.end_requested_at or now,
            schedule=replace(self.schedule.at(due_at), purge_at=None),
        ).with_event(Event(now, "repair_requested", "owner"))

    @transition("revoking", "notifying")
    def repairer_identified(self, site: Site, owner_id: int, key_id: str) -> Grant:
        """Record where the site is now, whose the new consent key is, and its UUID."""
        return self.located(site).owned_by(owner_id, key_id)

    @transition("revoking", "notifying")
    def user_found(self, user_id: int | None) -> Grant:
        """Record the id of a support user that was known by its login name only."""
        return replace(self, on_site=replace(self.on_site, user_id=user_id))

    @transition(*RUNNING)
    def site_moved(self, site: Site, now: int) -> Grant:
        """Record the address at which our own account was seen."""
        return self.located(site).with_event(Event(now, "site_moved", detail=site.url))

    @transition(*REMOVING)
    def changes_seen(self, changes: tuple[Change, ...]) -> Grant:
        """Record what changed on the site since support came in."""
        return replace(self, visit=replace(self.visit, changes=changes))

    @transition(*REMOVING)
    def evidence_seen(self, evidence: Evidence) -> Grant:
        """Record what the site said of the account's end, before anything else is asked."""
        return replace(self, on_site=replace(self.on_site, evidence=evidence))

    @transition(*REMOVING)
    def user_deleted(self) -> Grant:
        """Record that the site confirmed the deletion, in case that the rest is tried again."""
        return replace(
            self,
            on_site=replace(self.on_site, user_may_exist=False, user_id=None, sealed_removal=None),
        )

    @transition(*ALL_PHASES)
    def consent_deleted(self, consent: Consent) -> Grant:
        """Forget the consent key *consent*; one that has come since stays."""
        is_stored = self.consent is not None and self.consent.sealed == consent.sealed
        return replace(self, consent=None) if is_stored else self

    @transition(*RUNNING)
    def removal_failed(self, reason: str, now: int) -> Grant:
        """Record a failed try and when the next one is due. An owner is reminded once a day."""
        schedule = self.schedule.failed(now, daily=self.is_manual)
        return replace(self, schedule=schedule).with_event(
            Event(now, "removal_failed", detail=reason)
        )

    # A user made by hand, which only its owner can vouch for.

    @transition("active", "revoking", "notifying")
    def consent_held(self, consent: Consent, due_at: int) -> Grant:
        """Record a consent key that is to show its owner who would be deleted, and no more."""
        before = self.schedule
        is_sooner = before.waiting_since is None and before.due_at is not None
        due = min(before.due_at or due_at, due_at) if is_sooner else due_at
        return replace(self, consent=consent, schedule=replace(before.at(due), purge_at=None))

    @transition("active", "revoking", unchanged_in=ENDED)
    def held_consent_deleted(self, now: int, due_before: int | None = None) -> Grant:
        """Be due as before the hold, or, with the key still there, soon, and by *due_before*."""
        due_at = max(now, self.next_reminder_at)
        if self.consent is not None and self.consent.held_since is not None:
            waited = now - self.consent.held_since
            soon = now + max(LOCK_RETRY_SECONDS, waited // 2)
            due_at = min(due_at, soon, soon if due_before is None else due_before)
        elif self.schedule.rested_at is not None:
            return replace(self, schedule=self.schedule.resting(now))
        if self.phase == "active" and self.unsent_lock is not None:
            due_at = min(due_at, now + LOCK_RETRY_SECONDS)
        # What is due now is done under the same lease.
        lease_until = 0 if due_at > now else self.schedule.lease_until
        schedule = replace(self.schedule.at(due_at), lease_until=lease_until)
        return replace(self, schedule=schedule)

    @transition("revoking")
    def rested(self, now: int) -> Grant:
        """Record that the owner was reminded often enough; no end is claimed."""
        if self.consent is not None:
            return self
        grant = self.recorded(Event(now, "not_confirmed"))
        return replace(grant, schedule=self.schedule.resting(now))

    @transition(*RUNNING, unchanged_in=ENDED)
    def revoked(self, now: int, begun: int | None = None) -> Grant:
        """Record the end that the site confirmed, *now* if in the try that began at *begun*."""
        return _ended(replace(self, consent=None), "hallpass", now, begun)

    @transition("active", "revoking", unchanged_in=ENDED)
    def confirmed_by_owner(self, now: int) -> Grant:
        """Record that its owner confirmed the end of a manual grant; still delete a consent key."""
        return _ended(self, "owner", now)

    @transition("notifying")
    def notice_failed(self, now: int) -> Grant:
        """Record that a notice of the end was not accepted; after about a week, close."""
        if self.schedule.attempts + 1 >= MAX_NOTICE_ATTEMPTS:
            return self.closed(now)
        return replace(self, schedule=self.schedule.failed(now))

    @transition("notifying", unchanged_in=("closed",))
    def closed(self, now: int) -> Grant:
        """Record that nothing is left to do; TTL deletes the grant later."""
        schedule = Schedule(purge_at=now + KEEP_CLOSED_SECONDS)
        return replace(self, phase="closed", consent=None, schedule=schedule)

    @transition(*RUNNING, unchanged_in=ENDED)
    def overdue_acknowledged(self, now: int) -> Grant:
        """Ring no longer for an account that cannot be removed; it is tried on."""
        return replace(self, schedule=replace(self.schedule, acknowledged_at=now))

    # Leases.

    @transition("provisioning", "active", "revoking", "notifying")
    def leased(self, now: int, seconds: int) -> Grant:
        """Take the grant for one caller until `now + seconds`; at its deadline, `revoking`."""
        is_over = self.phase == "active" and self.deadline <= now
        phase: Phase = "revoking" if is_over else self.phase
        return replace(self, phase=phase, schedule=self.schedule.leased(now, seconds))

    @transition(*ALL_PHASES)
    def released(self) -> Grant:
        """Give the lease back."""
        return replace(self, schedule=self.schedule.released())


def _ended(grant: Grant, by: str, now: int, begun: int | None = None) -> Grant:
    deleted_at = grant.on_site.evidence.deleted_at
    name: EventName = "ended" if grant.was_active else "setup_undone"
    return replace(
        grant,
        phase="notifying",
        ended_at=now if deleted_at in (None, begun) else deleted_at,
        on_site=replace(grant.on_site, sealed_removal=None),
        schedule=Schedule(due_at=now, lease_until=grant.schedule.lease_until),
    ).with_event(Event(now, name, by))
