"""A queue may lose a message, deliver it twice, or to a worker that dies: no access notices."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws import sqs
from chalicelib.clock import DAY, MINUTE
from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import QUEUES, Due
from chalicelib.grants.model import Grant
from chalicelib.grants.store import update
from chalicelib.grants.sweep import HANDED_OUT_SECONDS
from chalicelib.wiring import Hallpass
from tests.fakes.crash import Died, Process
from tests.fakes.queue import MAX_RECEIVES, VISIBILITY_SECONDS, Report, sweep_and_work, work
from tests.fakes.world import GRANT, NOW, OWNER_MAIL, SUPPORT_MAIL, World

DEADLINE = NOW + 3 * DAY


@pytest.fixture
def world() -> World:
    """An active access."""
    world = World()
    world.parts.lifecycle.provision(world.request(), now=NOW)
    return world


def deliver(parts: Hallpass, now: int) -> Report:
    """Let workers finish what the queues deliver, without a sweep."""
    report = Report(parts, now)
    for queue in QUEUES:
        work(parts, queue, report, parts.ports.budget.spent())
    return report


def is_over(world: World) -> None:
    assert world.strangers == []
    assert world.grants.items[GRANT].schedule.due_at is None
    assert len(world.wordpress.called("delete_self")) == 1
    assert [mail.to for mail in world.outbox.sent] == [OWNER_MAIL, SUPPORT_MAIL]


def test_a_sweep_hands_out_and_does_no_more(world: World) -> None:
    process, calls = Process(), len(world.wordpress.calls)

    result = world.start(process).sweep.sweep(now=DEADLINE)

    assert result.handed_out == {"first": 1}
    assert len(world.wordpress.calls) == calls
    assert {name.partition(".")[0] for name in process.calls} == {"MemoryDueIndex", "MemoryQueue"}
    assert process.calls.index("MemoryQueue.send") < process.calls.index("MemoryDueIndex.hand_out")


def test_what_is_handed_out_is_not_sent_again_while_it_waits(world: World) -> None:
    for minute in range(HANDED_OUT_SECONDS // MINUTE):
        world.parts.sweep.sweep(now=DEADLINE + minute * MINUTE)

    assert len(world.queue.messages) == 1


def test_what_another_caller_has_at_its_deadline_is_handed_out_when_that_caller_is_done(
    world: World,
) -> None:
    until = DEADLINE - 1 + 40
    update(world.grants, GRANT, lambda grant: grant.leased(DEADLINE - 1, 40))

    during = world.parts.sweep.sweep(now=DEADLINE)
    assert (during.handed_out, world.queue.messages) == ({}, [])

    assert sweep_and_work(world.parts, now=until).ended == 1
    is_over(world)


def test_a_lost_message_is_sent_again_and_the_gauge_shows_it_meanwhile(world: World) -> None:
    world.parts.sweep.sweep(now=DEADLINE)
    world.queue.messages.clear()
    later = DEADLINE + HANDED_OUT_SECONDS

    before = world.parts.sweep.sweep(now=later - 1)
    assert (before.handed_out, before.oldest_due) == ({}, HANDED_OUT_SECONDS - 1)

    assert sweep_and_work(world.parts, now=later).ended == 1
    is_over(world)


@pytest.mark.parametrize("later", [0, MINUTE, HANDED_OUT_SECONDS, DAY])
def test_a_message_that_comes_twice_does_nothing_twice(world: World, later: int) -> None:
    world.parts.sweep.sweep(now=DEADLINE)
    (message,) = world.queue.messages
    world.queue.send([Due(message.body, 0, "first", "")], queue="first", correlation_id="")
    first = deliver(world.parts, DEADLINE)
    world.queue.send([Due(message.body, 0, "retry", "")], queue="retry", correlation_id="")

    second = deliver(world.parts, DEADLINE + later)

    assert (first.ended, second.ended, second.failed) == (1, 0, 0)
    is_over(world)


def test_two_workers_that_have_the_same_message_at_once_do_nothing_twice(world: World) -> None:
    world.parts.sweep.sweep(now=DEADLINE)
    other = world.start(Process())
    world.wordpress.interrupt_next(
        "delete_self", lambda: other.worker.finish(GRANT, now=DEADLINE + 1)
    )

    deliver(world.parts, DEADLINE)

    is_over(world)


def test_a_sweep_that_dies_between_sending_and_recording_sends_it_twice_and_no_more(
    world: World,
) -> None:
    for number in range(20):
        with pytest.raises(Died):
            world.start(Process(number, after=True)).sweep.sweep(now=DEADLINE)
        if world.queue.messages:
            break
    assert world.grants.items[GRANT].schedule.due_at == DEADLINE

    world.parts.sweep.sweep(now=DEADLINE + MINUTE)

    assert len(world.queue.messages) == 2
    deliver(world.parts, DEADLINE + MINUTE)
    is_over(world)


def test_a_worker_that_is_killed_at_any_call_is_followed_by_the_next_delivery(
    world: World,
) -> None:
    alive = World()
    alive.parts.lifecycle.provision(alive.request(), now=NOW)
    alive.parts.sweep.sweep(now=DEADLINE)
    process = Process()
    deliver(alive.start(process), DEADLINE)
    deaths = 2 * len(process.calls)
    for death in range(deaths):
        world = World()
        world.parts.lifecycle.provision(world.request(), now=NOW)
        world.parts.sweep.sweep(now=DEADLINE)
        with pytest.raises(Died):
            deliver(world.start(Process(death // 2, after=bool(death % 2))), DEADLINE)

        deliver(world.parts, DEADLINE + VISIBILITY_SECONDS)

        assert world.strangers == [], process.calls[death // 2]
        assert world.grants.items[GRANT].phase == "closed", process.calls[death // 2]
        for reader in (OWNER_MAIL, SUPPORT_MAIL):
            assert 1 <= len(world.outbox.to(reader)) <= 2
    assert deaths > 40


def test_what_fails_five_times_is_a_dead_letter_and_ends_when_it_is_put_back(
    world: World,
) -> None:
    get, moment = world.grants.get, DEADLINE

    def broken(grant_id: str) -> Grant | None:
        raise ZeroDivisionError(grant_id)

    world.grants.get = broken  # type: ignore[method-assign]
    world.parts.sweep.sweep(now=DEADLINE)
    for _ in range(MAX_RECEIVES):
        assert isinstance(deliver(world.parts, moment).unexpected, ZeroDivisionError)
        moment += VISIBILITY_SECONDS
    deliver(world.parts, moment)
    (dead,) = world.queue.dead
    assert world.queue.messages == []

    world.grants.get = get  # type: ignore[method-assign]
    world.queue.send([Due(dead.body, 0, "retry", "")], queue="retry", correlation_id="")
    deliver(world.parts, moment)

    is_over(world)


class FakeSqs:
    """The client of boto3; refuses all batches from the one of number `refused` on."""

    def __init__(self, refused: int = 99, failed: tuple[str, ...] = ()) -> None:
        self.batches: list[tuple[str, Sequence[Mapping[str, Any]]]] = []
        self.refused, self.failed = refused, failed

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has it
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Mapping[str, Any]:
        if len(self.batches) >= self.refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "SendMessage")
        self.batches.append((QueueUrl, Entries))
        return {"Successful": [{"Id": e["Id"]} for e in Entries if e["Id"] not in self.failed]}


def many(count: int, host: str = "blog.example") -> list[Due]:
    return [Due(f"{number:022}", NOW, "first", host) for number in range(count)]


class TestSqs:
    def queues(self, client: FakeSqs) -> sqs.SqsQueues:
        return sqs.SqsQueues(client, {"first": "due", "retry": "retry"})

    def test_it_sends_ids_in_tens_with_the_host_as_their_group(self) -> None:
        client = FakeSqs()

        taken = self.queues(client).send(many(23), queue="retry", correlation_id="sweep 7")

        assert taken == many(23)
        assert [(url, len(entries)) for url, entries in client.batches] == [
            ("retry", 10),
            ("retry", 10),
            ("retry", 3),
        ]
        entry = client.batches[0][1][0]
        assert json.loads(entry["MessageBody"]) == {
            "grant_id": "0" * 22,
            "correlation_id": "sweep 7",
        }
        assert entry["MessageGroupId"] == "blog.example"
        assert sqs.read(entry["MessageBody"]) == sqs.Message("0" * 22, "sweep 7")

    @pytest.mark.parametrize(
        ("host", "group"),
        [("", None), ("x" * 200 + ".example", "x" * 120 + ".example"), ("bücher.example", None)],
    )
    def test_any_host_makes_a_group_that_sqs_takes(self, host: str, group: str | None) -> None:
        client = FakeSqs()

        self.queues(client).send(many(1, host), queue="first", correlation_id="")

        sent = client.batches[0][1][0].get("MessageGroupId", "")
        assert len(sent) <= 128
        assert sent.isascii()
        if group is not None:
            assert sent == group

    def test_only_what_was_taken_counts_as_sent(self) -> None:
        assert (
            len(
                self.queues(FakeSqs(failed=("3", "4"))).send(
                    many(10), queue="first", correlation_id=""
                )
            )
            == 8
        )
        assert (
            len(self.queues(FakeSqs(refused=1)).send(many(25), queue="first", correlation_id=""))
            == 10
        )

    @pytest.mark.parametrize("client", [FakeSqs(refused=0), FakeSqs(failed=("0",))])
    def test_a_queue_that_takes_nothing_means_try_again(self, client: FakeSqs) -> None:
        with pytest.raises(TryAgain):
            self.queues(client).send(many(1), queue="first", correlation_id="")

    @pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"grant": 1}', "null"])
    def test_what_names_no_grant_is_no_message(self, body: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            sqs.read(body)
