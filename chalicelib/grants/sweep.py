"""
The sweep: finds what is due, oldest first, and has it finished.

One grant's failure never stops the others. What was tried is due again on the schedule of
`parts.retry_delay`; what could not even be recorded is due again when its lease is over.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.clock import TimeBudget
from chalicelib.errors import TryAgain
from chalicelib.grants.ending import Ending
from chalicelib.grants.store import GrantStore

SHARE_SECONDS = 60.0  # A slow site must not starve the others.
MAX_BATCH = 100


@dataclass(frozen=True, slots=True)
class SweepResult:
    """
    What one sweep did. `oldest_overdue` is in seconds, 0 when nothing is overdue.

    `failed` counts grants that a part of ours kept from being finished or recorded, and
    `unexpected` is the first error that was not raised on purpose.
    """

    ended: int
    put_off: int
    failed: int
    oldest_overdue: int
    unexpected: Exception | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """Finishes what is due."""

    grants: GrantStore
    ending: Ending
    budget: TimeBudget

    def sweep(self, *, now: int) -> SweepResult:
        """Finish what is due, oldest first, for as long as a whole share of time is left."""
        ended = put_off = failed = 0
        unexpected: Exception | None = None
        for grant_id in self.grants.due(now, MAX_BATCH):
            if not self.budget.share(SHARE_SECONDS):
                break
            try:
                grant = self.ending.finish_due(grant_id, now)
            except TryAgain:
                failed += 1  # Nothing could be recorded, so it is due again within minutes.
            except Exception as error:  # noqa: BLE001 - raised by the caller, after the others
                failed += 1
                unexpected = unexpected or error
            else:
                if grant is not None and grant.state == "ended":
                    ended += 1
                elif grant is not None and grant.schedule.attempts:
                    put_off += 1
        oldest = self.grants.overdue_since()
        overdue = 0 if oldest is None else max(0, now - oldest)
        return SweepResult(ended, put_off, failed, overdue, unexpected)
