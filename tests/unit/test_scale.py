"""
A million open accesses, of which ten thousand fall due in one minute: simulated time, real code.

The sweep, the index and the queues' adapter run as deployed, over a DynamoDB that keeps its index
sorted as AWS does. Each call takes the time that AWS documents or reports as usual; workers take
ten seconds each, as they do at sites that answer in one. What is counted: that work follows what is
due, that nothing is handed out twice, and how long it takes.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws import sqs
from chalicelib.aws.due_index import DueIndexTable
from chalicelib.clock import DAY, MINUTE, TimeBudget
from chalicelib.grants.sweep import Sweep
from tests.fakes.world import NOW

OPEN, DUE = 1_000_000, 10_000
WORKERS, ENDING_SECONDS = 400, 10.0
# Seconds: single-digit milliseconds at DynamoDB, more for a page; 20 ms for a batch at SQS.
TAKES = {"query": 0.01, "batch_get_item": 0.03, "update_item": 0.008 / 8, "send": 0.02}
SWEEP_SECONDS = 52.0  # Of the function's 55, less what is kept.
MAX_PARTITION_WRITES = 1000.0  # A second, of one partition of an index (an AWS limit).


class Clock(TimeBudget):
    """Simulated time, and what an invocation has left of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.end = 0.0

    def spent(self) -> float:
        return self.now

    def left(self) -> float:
        return max(0.0, self.end - self.now)


class BigTable:
    """The index `due` of a table with many grants, each on a host of its own."""

    def __init__(self, clock: Clock, open_grants: int) -> None:
        self.clock, self.calls, self.read = clock, Counter[str](), 0
        late = ((NOW + DAY + number, f"o{number:021}") for number in range(open_grants - DUE))
        self.index = [(NOW, f"d{number:021}") for number in range(DUE)]
        self.index += late
        self.due_at = {each: at for at, each in self.index[:DUE]}
        self.lock = threading.Lock()  # The sweep writes from several threads.

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        self.clock.now += TAKES[name]

    def query(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        self._call("query")
        values = request["ExpressionAttributeValues"]
        if request["IndexName"] != "due" or values[":shard"]["S"] != "0":
            return {"Items": []}
        key = request.get("ExclusiveStartKey")
        begin = (
            bisect.bisect_right(self.index, (int(key["due_at"]["N"]), key["id"]["S"]))
            if (key)
            else 0
        )
        last = bisect.bisect_right(self.index, (int(values[":now"]["N"]), "~"))
        page = self.index[begin : min(last, begin + request["Limit"])]
        self.read += len(page)
        rows = [{"id": {"S": each}, "due_at": {"N": str(at)}} for at, each in page]
        more = begin + len(page) < last
        return {"Items": rows, **({"LastEvaluatedKey": rows[-1]} if more else {})}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        self._call("batch_get_item")
        ((table, asked),) = request["RequestItems"].items()
        items = [
            {
                "id": key["id"],
                "due_at": {"N": str(self.due_at[key["id"]["S"]])},
                "host": {"S": f"{key['id']['S']}.example"},
            }
            for key in asked["Keys"]
        ]
        return {"Responses": {table: items}, "UnprocessedKeys": {}}

    def update_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as boto3 has it
        each, values = request["Key"]["id"]["S"], request["ExpressionAttributeValues"]
        with self.lock:
            self._call("update_item")
            if self.due_at[each] != int(values[":due"]["N"]):
                code = {"Code": "ConditionalCheckFailedException", "Message": ""}
                raise ClientError({"Error": code}, "UpdateItem")  # type: ignore[typeddict-item]
            self._move(each, int(values[":until"]["N"]))
        return {}

    def _move(self, each: str, to: int) -> None:
        at = self.due_at.pop(each)
        del self.index[bisect.bisect_left(self.index, (at, each))]
        bisect.insort(self.index, (to, each))
        self.due_at[each] = to


class Queue:
    """Takes messages, and remembers when each came."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.sent = clock, list[tuple[float, str]]()

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has it
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Mapping[str, Any]:
        assert QueueUrl == "due"
        self.clock.now += TAKES["send"]
        self.sent += [(self.clock.now, sqs.read(e["MessageBody"]).grant_id) for e in Entries]
        return {"Successful": [{"Id": e["Id"]} for e in Entries]}


def simulate(open_grants: int) -> tuple[BigTable, Queue, list[float]]:
    """Sweep each minute until everything due is handed out; return when each access ended."""
    clock = Clock()
    table, queue = BigTable(clock, open_grants), Queue(clock)
    urls: Any = {"first": "due", "retry": "retry"}
    sweep = Sweep(DueIndexTable(table, "grants"), sqs.SqsQueues(queue, urls), clock)  # type: ignore[arg-type]
    for minute in itertools.count():
        clock.now = minute * 60.0
        clock.end = clock.now + SWEEP_SECONDS
        if not sweep.sweep(now=NOW + minute * MINUTE).handed_out:
            break
    free, ended = [0.0] * WORKERS, []
    for came, _ in queue.sent:
        begin = max(came, heapq.heappop(free))
        ended.append(begin + ENDING_SECONDS)
        heapq.heappush(free, ended[-1])
    return table, queue, ended


def test_ten_thousand_of_a_million_are_ended_within_five_minutes_and_none_twice() -> None:
    table, queue, ended = simulate(OPEN)

    assert len(queue.sent) == len({each for _, each in queue.sent}) == DUE
    assert max(ended) <= 5 * MINUTE
    assert table.read == DUE, "it read what was due and nothing else"
    print(f"handed out in {queue.sent[-1][0]:.0f} s, ended in {max(ended):.0f} s: {table.calls}")
    # Each change of `due_at` takes an entry out of the index and puts one in.
    handed_out = DUE / queue.sent[-1][0]
    worked = WORKERS / ENDING_SECONDS * 4  # A worker's writes of a grant.
    assert 2 * (handed_out + worked) <= MAX_PARTITION_WRITES


def test_work_follows_what_is_due_and_not_what_is_open() -> None:
    few, many = simulate(DUE), simulate(OPEN)

    assert few[0].calls == many[0].calls
    assert max(few[2]) == max(many[2])
