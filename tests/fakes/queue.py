"""
SQS in memory: messages that are delivered at least once, and workers that take them.

`sweep_and_work` is what the schedule and the queues do together on AWS: a sweep hands out, and
workers finish what was handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import QUEUES, Due, Queue
from chalicelib.grants.worker import Try
from chalicelib.wiring import Hallpass

WORKER_SECONDS = 87.0  # Of one invocation, less what is kept for recording.
VISIBILITY_SECONDS = 540  # Of the deployed queues.
MAX_RECEIVES = 5


@dataclass
class Message:
    """One message. `host` is its group; `body` the id of a grant."""

    body: str
    queue: Queue
    host: str
    visible_at: float = 0.0
    receives: int = 0


class MemoryQueue:
    """A `grants.ports.DueQueue`; tests receive from it as Lambda does."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.dead: list[Message] = []
        self.down = False

    def send(self, due: Sequence[Due], *, queue: Queue, correlation_id: str) -> list[Due]:
        del correlation_id
        if self.down:
            raise TryAgain
        self.messages += [Message(each.grant_id, queue, each.host) for each in due]
        return list(due)

    def receive(self, now: float, queue: Queue | None = None) -> Message | None:
        """Return the oldest message that no worker has, and hide it for a while."""
        for message in list(self.messages):
            if message.visible_at > now or queue not in (None, message.queue):
                continue
            if message.receives >= MAX_RECEIVES:
                self.messages.remove(message)
                self.dead.append(message)
                continue
            message.receives += 1
            message.visible_at = now + VISIBILITY_SECONDS
            return message
        return None

    def delete(self, message: Message) -> None:
        """Forget a message whose worker has finished."""
        self.messages.remove(message)


@dataclass
class Report:
    """What a sweep and its workers did, counted as the metrics are, and the gauges after it."""

    parts: Hallpass
    now: int
    ended: int = 0
    put_off: int = 0
    failed: int = 0
    unexpected: Exception | None = None
    tries: list[Try] = field(default_factory=list)

    @property
    def oldest_overdue(self) -> int:
        since = self.parts.ports.due_index.overdue_since()
        return 0 if since is None else max(0, self.now - since)


def sweep_and_work(parts: Hallpass, *, now: int) -> Report:
    """Sweep once, and finish all that the queues deliver, first tries first."""
    report, begun = Report(parts, now), parts.ports.budget.spent()
    parts.sweep.sweep(now=now)
    for queue in QUEUES:
        work(parts, queue, report, begun)
    return report


def work(parts: Hallpass, queue: Queue, report: Report, begun: float) -> None:
    """Finish what *queue* delivers, one after the other, each in an invocation of its own."""
    messages, budget = cast("MemoryQueue", parts.ports.due_queue), parts.ports.budget

    def moment() -> int:
        return report.now + int(budget.spent() - begun)

    while (message := messages.receive(moment(), queue)) is not None:
        budget.start(WORKER_SECONDS)
        parts.forget_keys()  # As the end of the invocation before has done.
        try:
            tried = parts.worker.finish(message.body, now=moment())
        except TryAgain:
            report.failed += 1
        except Exception as error:  # noqa: BLE001 - the test looks at it
            report.failed += 1
            report.unexpected = report.unexpected or error
        else:
            messages.delete(message)
            if tried is not None:
                report.tries.append(tried)
                report.ended += tried.has_ended
                report.put_off += not tried.has_ended and tried.attempts > 0
