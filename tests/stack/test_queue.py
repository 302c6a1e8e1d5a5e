"""
Messages that get lost, come twice or meet a worker that is killed, over the deployed zip.

SQS, its dead letters and the workers are the emulator's; `tests/contract/test_queue.py` holds the
emulated SQS to what is promised. What it cannot show is said in docs/operating.md.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws.grant_table import GrantTable
from chalicelib.grants.model import Grant
from infra.local.ports import wait_until
from infra.local.stack import NAME, Stack
from infra.local.wordpress import WordPress
from infra.operate import dead_letters
from tests.page import Page
from tests.stack.due_accesses import OVER

PATIENCE_SECONDS = 60.0


@dataclass
class Due:
    """An access whose deadline has come, on a stack on which only a test sweeps."""

    stack: Stack
    page: Page
    username: str

    @property
    def grant(self) -> Grant:
        table = self.stack.outputs["GrantsTableName"]
        grant = GrantTable(self.stack.client("dynamodb"), table).get(self.page.grant_id)
        assert grant is not None
        return grant

    def set(self, **times: int) -> None:
        """Turn the clock of the grant, where it is stored."""
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.outputs["GrantsTableName"],
            Key={"id": {"S": self.page.grant_id}},
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in times),
            ExpressionAttributeValues={f":{n}": {"N": str(v)} for n, v in times.items()},
        )

    def hand_out(self) -> None:
        """Invoke the sweep, and wait for nothing."""
        event = {"version": "0", "id": "x", "account": "0", "region": "us-east-1"}
        event |= {"source": "aws.events", "detail-type": "Scheduled Event", "time": ""}
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.outputs["SweepName"],
            Payload=json.dumps({**event, "resources": [], "detail": {}}).encode(),
        )
        assert "FunctionError" not in answer

    def ends(self) -> None:
        assert wait_until(lambda: self.grant.phase == "closed", seconds=PATIENCE_SECONDS)

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        functions = self.stack.client("lambda")
        sources = functions.list_event_source_mappings()["EventSourceMappings"]
        for source in sources:
            functions.update_event_source_mapping(UUID=source["UUID"], Enabled=False)
        try:
            yield
        finally:
            for source in sources:
                functions.update_event_source_mapping(UUID=source["UUID"], Enabled=True)

    def count(self, output: str) -> int:
        """Return how many messages a queue has, delivered or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.outputs[output], AttributeNames=names
        )["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def due(stack: Stack, owner: Page) -> Iterator[Due]:
    events = stack.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    for rule in rules:
        events.disable_rule(Name=rule)
    status, made = owner.create_user()
    assert status == 201, made
    due = Due(stack, owner, made["username"])
    then = int(time.time()) - 100
    due.set(expires_at=then, due_at=then)
    yield due
    for rule in rules:
        events.enable_rule(Name=rule)


def is_over(due: Due, users: Callable[[], set[str]], mails: Callable[..., list[Any]]) -> None:
    assert due.username not in users()
    readers = [m["to"] for m in mails(OVER) if due.username in m["text"]]
    assert len(readers) == len(set(readers)) == 2


def test_a_lost_message_is_sent_again(
    due: Due, users: Callable[[], set[str]], mails: Callable[..., list[Any]]
) -> None:
    with due.without_workers():
        due.hand_out()
        assert due.count("DueQueueUrl") == 1
        due.stack.client("sqs").purge_queue(QueueUrl=due.stack.outputs["DueQueueUrl"])
    schedule = due.grant.schedule
    assert (schedule.due_at or 0) > time.time() > (schedule.waiting_since or 0)
    due.hand_out()
    assert due.count("DueQueueUrl") == 0, "it is not sent again at once"

    due.set(due_at=int(time.time()) - 1)
    due.hand_out()

    due.ends()
    is_over(due, users, mails)


def test_a_message_that_comes_twice_does_nothing_twice(
    due: Due, users: Callable[[], set[str]], mails: Callable[..., list[Any]]
) -> None:
    body = json.dumps({"grant_id": due.page.grant_id, "correlation_id": "twice"})
    with due.without_workers():
        due.hand_out()
        for output in ("DueQueueUrl", "RetryQueueUrl", "DueQueueUrl"):
            url = due.stack.outputs[output]
            due.stack.client("sqs").send_message(QueueUrl=url, MessageBody=body)

    due.ends()

    both = ("DueQueueUrl", "RetryQueueUrl")
    assert wait_until(lambda: not sum(map(due.count, both)), seconds=PATIENCE_SECONDS)
    is_over(due, users, mails)


def kill_workers(stack: Stack) -> None:
    """Kill the processes in which the emulator runs the worker, as Lambda may at any moment."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_text()
            if "EndDue" in command and str(stack.ministack.directory) in command:
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
    assert killed


def test_a_worker_that_lambda_kills_is_followed_by_the_next_delivery(
    due: Due, users: Callable[[], set[str]], wordpress: WordPress
) -> None:
    queues, url = due.stack.client("sqs"), due.stack.outputs["DueQueueUrl"]
    # Long enough that the lease is over before the message comes again.
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "15"})
    os.killpg(wordpress.process.pid, signal.SIGSTOP)
    try:
        due.hand_out()
        assert wait_until(lambda: due.grant.schedule.lease_until > 0, seconds=PATIENCE_SECONDS)
        kill_workers(due.stack)
    finally:
        os.killpg(wordpress.process.pid, signal.SIGCONT)
    killed = due.grant
    due.set(lease_until=0)

    due.ends()

    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "540"})
    assert killed.phase != "closed", "it was killed before it had finished"
    assert due.username not in users()


def test_what_fails_five_times_is_listed_and_ends_when_it_is_put_back(
    due: Due,
    users: Callable[[], set[str]],
    mails: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in due.stack.ministack.credentials.items():
        monkeypatch.setenv(name, value)
    queues, url = due.stack.client("sqs"), due.stack.outputs["DueQueueUrl"]
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    roles = due.stack.client("iam")
    names = {
        "RoleName": due.stack.ministack.physical_ids(NAME)["EndDueRole"],
        "PolicyName": "end-due",
    }
    whole = roles.get_role_policy(**names)["PolicyDocument"]
    less = [right for right in whole["Statement"] if right["Sid"] != "Grants"]
    roles.put_role_policy(**names, PolicyDocument=json.dumps({**whole, "Statement": less}))

    due.hand_out()
    assert wait_until(lambda: due.count("DeadLettersUrl") == 1, seconds=PATIENCE_SECONDS)
    roles.put_role_policy(**names, PolicyDocument=json.dumps(whole))
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "540"})
    assert due.count("DueQueueUrl") == 0
    monkeypatch.setattr(dead_letters, "HIDDEN_SECONDS", 3)
    dead_letters.main(["--stack", NAME])
    assert due.page.grant_id in capsys.readouterr().out
    queues.send_message(QueueUrl=due.stack.outputs["DeadLettersUrl"], MessageBody="no access")
    assert wait_until(lambda: _visible(due) == 2, seconds=PATIENCE_SECONDS)
    dead_letters.main(["--stack", NAME, "put-back"])
    assert "Put 1 back; 1 that named no access" in capsys.readouterr().out

    due.ends()
    assert due.count("DeadLettersUrl") == 0
    dead_letters.main(["--stack", NAME])
    assert "There are no dead letters." in capsys.readouterr().out
    is_over(due, users, mails)


def _visible(due: Due) -> int:
    found = due.stack.client("sqs").get_queue_attributes(
        QueueUrl=due.stack.outputs["DeadLettersUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(found["Attributes"]["ApproximateNumberOfMessages"])
