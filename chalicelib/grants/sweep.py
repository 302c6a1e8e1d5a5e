"""
The sweep: finds what is due, and has it finished in the order of `due_order`.

One grant's failure never stops the others. What was tried is due again on the schedule of
`parts.retry_delay`; what could not even be recorded is due again when its lease is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.clock import TimeBudget
from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import QUEUES, host_of, in_turn, queue_of
from chalicelib.grants.ending import Ending
from chalicelib.grants.model import Grant
from chalicelib.grants.store import GrantStore
from chalicelib.values import dataclass

MAX_SHARE_SECONDS = 60.0  # Of one grant, and of all grants of a host: a slow one starves no other.
MAX_BATCH_GRANTS = 100  # Of each queue.


class Try(NamedTuple):
    """What came of one grant that was due: for the log, so it names no site and no person."""

    grant_id: str
    outcome: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class SweepResult:
    """
    What one sweep did. `oldest_overdue` is in seconds, 0 when nothing is overdue; `oldest_due` is
    the age of the oldest thing that is due, tried or not.

    `failed` counts grants that a part of ours kept from being finished or recorded, and
    `unexpected` is the first error that was not raised on purpose.
    """

    ended: int
    put_off: int
    failed: int
    oldest_overdue: int
    unexpected: Exception | None = None
    oldest_due: int = 0
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Finishes what is due."""

    grants: GrantStore
    ending: Ending
    budget: TimeBudget

    def sweep(self, *, now: int) -> SweepResult:
        """Finish what is due, for as long as a whole share of time is left."""
        ended = put_off = failed = 0
        unexpected: Exception | None = None
        tries: list[Try] = []
        begun = self.budget.spent()
        spent: dict[str, float] = defaultdict(float)
        for grant_id, host in self._waiting(now):
            if not self.budget.share(MAX_SHARE_SECONDS):
                break
            if spent[host] >= MAX_SHARE_SECONDS:
                continue  # It is still due, and comes again in a minute.
            start = self.budget.spent()
            try:
                # By the clock of its own: a lease that counted from the sweep's start would be
                # over before the work is.
                grant = self.ending.finish_due(grant_id, now + int(start - begun))
            except TryAgain:
                failed += 1  # Nothing could be recorded, so it is due again within minutes.
                tries.append(Try(grant_id, "not recorded"))
            except Exception as error:  # noqa: BLE001 - raised by the caller, after the others
                failed += 1
                unexpected = unexpected or error
                tries.append(Try(grant_id, "unexpected error"))
            else:
                if grant is not None and grant.state == "ended":
                    ended += 1
                elif grant is not None and grant.schedule.attempts:
                    put_off += 1
                if grant is not None:
                    tries.append(_try(grant))
            spent[host] += self.budget.spent() - start
        overdue = _age(self.grants.overdue_since(), now)
        # A try moves `due_at` on, so what was tried and failed counts from its deadline.
        due = max(overdue, _age(self.grants.due_since(), now))
        return SweepResult(ended, put_off, failed, overdue, unexpected, due, tuple(tries))

    def _waiting(self, now: int) -> Iterator[tuple[str, str]]:
        """
        Yield the id of each grant that is due, with its host, one queue after the other.

        The table decides what is in which queue. One that cannot be read comes last in its queue,
        where the caller meets the reason.
        """
        late: list[Grant] = []
        for queue in QUEUES:
            ids = list(self.grants.due(now, MAX_BATCH_GRANTS, queue=queue))
            read = [grant for grant_id in ids if (grant := self._read(grant_id))]
            late += [grant for grant in read if queue_of(grant) != "first"]
            if queue == "first":
                yield from _named(in_turn(g for g in read if queue_of(g) == "first"))
            else:
                yield from _named(in_turn(late))
            known = {grant.id for grant in read}
            yield from ((grant_id, "") for grant_id in ids if grant_id not in known)

    def _read(self, grant_id: str) -> Grant | None:
        try:
            return self.grants.get(grant_id)
        except Exception:  # noqa: BLE001 - the same reading again raises it where it is counted
            return None


def _age(since: int | None, now: int) -> int:
    return 0 if since is None else max(0, now - since)


def _try(grant: Grant) -> Try:
    attempts = grant.schedule.attempts
    failures = [event.detail for event in grant.timeline if event.name == "removal_failed"]
    outcome = failures[-1] if attempts and failures else grant.phase
    return Try(grant.id, outcome, attempts)


def _named(grants: Iterable[Grant]) -> Iterator[tuple[str, str]]:
    return ((grant.id, host_of(grant)) for grant in grants)
