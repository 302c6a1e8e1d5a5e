"""
When a grant must be processed again, who has it meanwhile, and how long to wait after a failure.

All times are epoch seconds.
"""

from __future__ import annotations

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.values import dataclass, replace

FIRST_RETRY_SECONDS = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 1 * HOUR)
MAX_HOURLY_RETRIES = 23  # With the first four, about a day; after that once a day.
KEEP_CLOSED_SECONDS = 90 * DAY  # The owner can read the receipt this long after the end.


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    When the sweep must process a grant again, and who is working on it.

    `due_at` is absent once nothing is left to do, and only then `purge_at` exists. Until
    `lease_until` one caller has the grant for itself. `attempts` counts failures in a row.
    `rested_at` is when we stopped to remind the owner of a manual grant, who never confirmed it.
    `was_cut_off`: a caller never gave its lease back, so what it did is not known.
    `acknowledged_at`: when the operator said to know that it keeps failing, so that nothing rings.
    `waiting_since`: when what a queue or a worker has fell due; at `due_at` it counts as lost.
    """

    due_at: int | None = None
    lease_until: int = 0
    attempts: int = 0
    purge_at: int | None = None
    rested_at: int | None = None
    was_cut_off: bool = False
    waiting_since: int | None = None
    acknowledged_at: int | None = None

    @property
    def due_since(self) -> int | None:
        """When the grant fell or falls due; None when nothing is left to do."""
        return self.due_at if self.waiting_since is None else self.waiting_since

    def is_due(self, now: int) -> bool:
        """Return whether there is something to do for the grant, also if it is handed out."""
        return self.due_since is not None and self.due_since <= now

    def at(self, due_at: int) -> Schedule:
        """Return this schedule with *due_at* as its next time, whatever it was waiting for."""
        return replace(self, due_at=due_at, waiting_since=None)

    def handed_out(self, until: int) -> Schedule:
        """Return this schedule with its grant in a queue, and out of the sweep's way *until*."""
        return replace(self, due_at=until, waiting_since=self.due_since)

    def resting(self, now: int) -> Schedule:
        """Return this schedule with nothing due, since *now* or since it rested before."""
        since = self.rested_at or now
        purge_at = since + KEEP_CLOSED_SECONDS
        return Schedule(attempts=self.attempts, purge_at=purge_at, rested_at=since)

    def leased(self, now: int, seconds: int) -> Schedule:
        """
        Return this schedule with a lease until `now + seconds`.

        A grant that is due is moved out of the sweep's way for the same time, so that one that
        crashes its sweep cannot stand at the head of the queue for ever.
        """
        until = now + seconds
        schedule = self.handed_out(until) if self.is_due(now) else self
        cut_off = self.was_cut_off or self.lease_until > 0
        return replace(schedule, lease_until=until, was_cut_off=cut_off)

    def released(self) -> Schedule:
        """Return this schedule without its lease."""
        return replace(self, lease_until=0)

    def failed(self, now: int, *, daily: bool = False) -> Schedule:
        """Return this schedule after one more failure: released, and due at the next retry."""
        attempts = self.attempts + 1
        due_at = now + (DAY if daily else retry_delay(attempts))
        return replace(self.at(due_at), attempts=attempts, lease_until=0)


def retry_delay(attempts: int) -> int:
    """Return the seconds until the next retry after *attempts* failures, at least 1."""
    if attempts <= len(FIRST_RETRY_SECONDS):
        return FIRST_RETRY_SECONDS[attempts - 1]
    return HOUR if attempts <= len(FIRST_RETRY_SECONDS) + MAX_HOURLY_RETRIES else DAY
