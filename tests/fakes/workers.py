"""
Workers of both queues in simulated time: each is at one grant at a time, and they work in parallel.

Only sites take time. A worker that is free first takes the next message first, so what a queue
delivers ends when it would with as many real workers.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import QUEUES, Queue
from tests.fakes.crash import Process
from tests.fakes.queue import WORKER_SECONDS
from tests.fakes.world import World

DEPLOYED: dict[Queue, int] = {"first": 20, "retry": 15}  # The template's defaults.


class Seconds:
    """A monotonic clock that only sites move on; stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Fleet:
    """The workers of a world, and when each access ended, in seconds since the sweep."""

    def __init__(
        self, world: World, seconds: Seconds, workers: Mapping[Queue, int] = DEPLOYED
    ) -> None:
        self._world, self._seconds, self._workers = world, seconds, workers
        self._begun = seconds.now
        self.ended: dict[str, float] = {}
        self.most_at_once = 0
        write = world.grants.replace

        def watched(before: Any, after: Any) -> Any:  # noqa: ANN401 - whatever is stored
            if after.state == "ended" and after.id not in self.ended:
                self.ended[after.id] = seconds.now - self._begun
            return write(before, after)

        world.grants.replace = watched  # type: ignore[method-assign]

    def sweep(self, now: int) -> None:
        """Hand out what is due, and work until the queues have nothing to deliver."""
        world, seconds = self._world, self._seconds
        begin = self._begun = seconds.now
        world.start(Process()).sweep.sweep(now=now)
        parts, spans = world.start(Process()), []
        free = [(begin, QUEUES.index(q), n, q) for q in QUEUES for n in range(self._workers[q])]
        heapq.heapify(free)
        last = begin
        while free:
            at, order, number, queue = heapq.heappop(free)
            message = world.queue.receive(now + at - begin, queue)
            if message is None:
                continue  # Nothing comes in any more, so this worker is done.
            seconds.now = at
            parts.ports.budget.start(WORKER_SECONDS)
            with suppress(TryAgain):
                parts.worker.finish(message.body, now=now + int(at - begin))
                world.queue.delete(message)
            spans += [(at, 1), (seconds.now, -1)]
            last = max(last, seconds.now)
            heapq.heappush(free, (seconds.now, order, number, queue))
        seconds.now = last
        running = 0
        for _, change in sorted(spans):
            running += change
            self.most_at_once = max(self.most_at_once, running)
