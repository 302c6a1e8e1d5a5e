"""
The sweep: finds what is due and hands it out to workers (`worker`), by way of two queues.

It reads and sends, and no more: it asks no site and holds no key. The id of a grant is sent first,
and then moved out of the next sweep's way. So what a queue loses is handed out again after
`HANDED_OUT_SECONDS`, and what it delivers twice finds nothing to do the second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib.clock import MINUTE, TimeBudget
from chalicelib.grants.due_order import QUEUES, Crowds, Due, DueIndex, Queue, in_turn
from chalicelib.grants.ports import DueQueue
from chalicelib.values import dataclass

HANDED_OUT_SECONDS = 15 * MINUTE  # Longer than anything waits in a queue as a rule.
MIN_PAGE_SECONDS = 5.0  # Handing one page out takes less.


@dataclass(frozen=True, slots=True)
class SweepResult:
    """
    What one sweep did. `handed_out` counts by queue.

    `oldest_due` is the age in seconds of the oldest thing that is due, tried or not, handed out or
    not; `oldest_overdue` that of the oldest whose removal has failed. Both are 0 for none.
    """

    handed_out: dict[str, int]
    oldest_due: int
    oldest_overdue: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Hands out what is due."""

    index: DueIndex
    queue: DueQueue
    budget: TimeBudget

    def sweep(self, *, now: int, correlation_id: str = "") -> SweepResult:
        """
        Hand out what is due, for as long as there is time. The next sweep goes on.

        *correlation_id* goes with each id, so that a worker's log names the sweep that sent it.

        Raises:
            TryAgain: The index or a queue cannot be reached. What was not sent is still due.
        """
        # Read before anything is handed out: what a worker finishes meanwhile was late as well.
        overdue, waiting = self.index.overdue_since(), self.index.waiting_since()
        ages = [_age(overdue, now), _age(waiting, now)]
        handed_out: Counter[str] = Counter()
        crowds = Crowds()
        for page in self._pages(now):
            ages += [_age(due.due_at, now) for due in page]
            free = [due for due in page if not due.is_leased]
            for queue, part in _by_queue(in_turn(free), crowds).items():
                sent = self.queue.send(part, queue=queue, correlation_id=correlation_id)
                self.index.hand_out(sent, until=now + HANDED_OUT_SECONDS)
                handed_out[queue] += len(sent)
        return SweepResult(dict(handed_out), max(ages), _age(overdue, now))

    def _pages(self, now: int) -> Iterator[Sequence[Due]]:
        for queue in QUEUES:
            for page in self.index.due(now, queue=queue):
                yield page
                if self.budget.left() < MIN_PAGE_SECONDS:
                    return


def _by_queue(page: Sequence[Due], crowds: Crowds) -> dict[Queue, list[Due]]:
    found: dict[Queue, list[Due]] = {}
    for due in page:
        found.setdefault(crowds.queue_for(due), []).append(due)
    return found


def _age(since: int | None, now: int) -> int:
    return 0 if since is None else max(0, now - since)
