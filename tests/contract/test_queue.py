"""One contract for the queue of what is due, which the fake and the emulated SQS keep."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.aws import sqs
from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import Due
from chalicelib.grants.ports import DueQueue
from tests.fakes.queue import MAX_RECEIVES, VISIBILITY_SECONDS, MemoryQueue

NUMBERS = itertools.count()


@dataclass
class Place:
    """A queue, and what its receivers do. Each delivery is an id and what deletes it."""

    queue: DueQueue
    receive: Callable[[], tuple[str, Callable[[], None]] | None]
    wait: Callable[[], None]
    dead: Callable[[], list[str]]
    break_it: Callable[[], None]


def in_memory() -> Place:
    queue, clock = MemoryQueue(), [0.0]

    def receive() -> tuple[str, Callable[[], None]] | None:
        message = queue.receive(clock[0], "retry")
        return None if message is None else (message.body, lambda: queue.delete(message))

    def wait() -> None:
        clock[0] += VISIBILITY_SECONDS

    def break_it() -> None:
        queue.down = True

    return Place(queue, receive, wait, lambda: [m.body for m in queue.dead], break_it)


def emulated(client: Any) -> Place:  # noqa: ANN401  A boto3 client.
    number = next(NUMBERS)
    dead = client.create_queue(QueueName=f"dead{number}")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    redrive = f'{{"deadLetterTargetArn": "{arn["QueueArn"]}", "maxReceiveCount": {MAX_RECEIVES}}}'
    made = client.create_queue(QueueName=f"due{number}", Attributes={"RedrivePolicy": redrive})
    url = made["QueueUrl"]
    handles: list[str] = []

    def receive() -> tuple[str, Callable[[], None]] | None:
        received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
        if not received.get("Messages"):
            return None
        (message,) = received["Messages"]
        handles.append(message["ReceiptHandle"])
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        return sqs.read(message["Body"]).grant_id, lambda: client.delete_message(**handle)

    def wait() -> None:
        for handle in handles:
            with suppress(client.exceptions.ClientError):  # It is deleted.
                client.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
                )
        handles.clear()

    def dead_ids() -> list[str]:
        found = client.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages", [])
        return [sqs.read(message["Body"]).grant_id for message in found]

    queue = sqs.SqsQueues(client, {"first": url, "retry": url})
    return Place(queue, receive, wait, dead_ids, lambda: client.delete_queue(QueueUrl=url))


@pytest.fixture(params=["memory", "sqs"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return in_memory()
    return emulated(request.getfixturevalue("stack").client("sqs"))


def some(count: int) -> list[Due]:
    return [Due(f"{number:022}", 0, "retry", "blog.example") for number in range(count)]


def send(place: Place, due: list[Due]) -> None:
    assert place.queue.send(due, queue="retry", correlation_id="sweep") == due


def test_each_is_delivered_to_one_receiver_until_it_is_deleted(place: Place) -> None:
    send(place, some(12))

    received = [place.receive() for _ in range(12)]

    assert sorted(each[0] for each in received if each) == [due.grant_id for due in some(12)]
    assert place.receive() is None


def test_what_was_not_deleted_is_delivered_again_and_what_was_is_not(place: Place) -> None:
    send(place, some(2))
    first, second = place.receive(), place.receive()
    assert first is not None
    assert second is not None
    first[1]()

    place.wait()

    again = place.receive()
    assert again is not None
    assert again[0] == second[0]
    assert place.receive() is None


def test_the_same_id_sent_twice_is_delivered_twice(place: Place) -> None:
    send(place, some(1))
    send(place, some(1))

    assert [place.receive() is not None for _ in range(3)] == [True, True, False]


def test_what_was_delivered_too_often_is_a_dead_letter(place: Place) -> None:
    send(place, some(1))
    for _ in range(MAX_RECEIVES):
        assert place.receive() is not None
        place.wait()

    assert place.receive() is None
    assert place.dead() == [some(1)[0].grant_id]


def test_a_queue_that_takes_nothing_means_try_again(place: Place) -> None:
    place.break_it()

    with pytest.raises(TryAgain):
        place.queue.send(some(1), queue="retry", correlation_id="sweep")
