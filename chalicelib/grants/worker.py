"""
The worker: finishes one grant that a queue has handed to it, by a clock of its own.

A queue delivers at least once. The lease lets one worker at a time have a grant, and what is
finished is not due any more, so a repeated delivery does nothing. When nothing could be recorded,
the error is the caller's, and the queue delivers again.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.grants.ending import Ending
from chalicelib.grants.model import Grant
from chalicelib.values import dataclass


class Try(NamedTuple):
    """What came of one grant that was due: for the log, so it names no site and no person."""

    grant_id: str
    outcome: str
    attempts: int = 0
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class Worker:
    """Finishes what was handed out."""

    ending: Ending

    def finish(self, grant_id: str, *, now: int) -> Try | None:
        """
        Do what is due for the grant of that id; None when nothing is, or another is at it.

        Raises:
            TryAgain: Nothing could be recorded. Deliver it again.
        """
        grant = self.ending.finish_due(grant_id, now)
        return None if grant is None else _try(grant)


def _try(grant: Grant) -> Try:
    attempts, has_ended = grant.schedule.attempts, grant.state == "ended"
    failures = [event.detail for event in grant.timeline if event.name == "removal_failed"]
    outcome: str = grant.phase
    if attempts and has_ended:
        outcome = "notice not sent"
    elif attempts and failures:
        outcome = failures[-1]
    return Try(grant.id, outcome, attempts, has_ended)
