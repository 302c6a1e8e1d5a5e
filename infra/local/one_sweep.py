"""One sweep of a running stack, now, and the workers that finish what it hands out."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from infra import package
from infra.local.ports import wait_until

RUN_FILE = package.ROOT / ".local" / "run.json"
MAX_WORK_SECONDS = 300.0
MAX_SWEEP_SECONDS = 60  # A little more than the function's own timeout.
HIDDEN_SECONDS = 540  # So long the deployed queues hide a message on which a worker failed.

FINISHED = ("tried", "nothing to do")  # What a worker's log says last of a message.

Clients = Callable[[str], Any]
"""Returns a boto3 client of the service of that name."""
Line = dict[str, Any]


class StackFailedError(Exception):
    """A function of the stack failed; the message says why."""


def run(client: Clients, outputs: Mapping[str, str]) -> dict[str, float]:
    """
    Sweep once, wait until workers have finished what was handed out, and read the gauges after it.

    Returns the metrics by name: how many accesses ended or were put off, and both gauges.

    Raises:
        StackFailedError: The sweep or a worker failed. Then both queues are emptied: what was in
            them is found again in the table.
    """
    began = int(time.time() * 1000)
    hidden = _hidden(_worker_lines(client, outputs, began - HIDDEN_SECONDS * 1000))
    lines = _invoke(client("lambda"), outputs["SweepName"])
    handed_out = [line for line in lines if line.get("message") == "handed out"]
    sent = sum(line.get(queue, 0) for line in handed_out for queue in ("first", "retry"))
    done: list[Line] = []
    ids = {line["correlation_id"] for line in handed_out}

    def is_done() -> bool:
        worked = _worker_lines(client, outputs, began)
        done[:] = [line for line in worked if line.get("correlation_id") in ids]
        failed = [line for line in worked if line.get("level") == "ERROR"]
        if failed:
            _empty(client("sqs"), outputs)
            raise StackFailedError(f"A worker failed: {failed[0].get('exception_name')}")
        return len(done) >= sent and _is_idle(client("sqs"), outputs, hidden)

    if not wait_until(is_done, seconds=MAX_WORK_SECONDS):
        raise StackFailedError(f"Workers finished {len(done)} of {sent}.")
    tried = [line for line in done if line["message"] == "tried"]
    gauges = _metrics(_invoke(client("lambda"), outputs["SweepName"]))
    return gauges | {
        "Ended": float(sum(line["has_ended"] for line in tried)),
        "PutOff": float(sum(line["attempts"] > 0 and not line["has_ended"] for line in tried)),
    }


def _invoke(functions: Any, name: str) -> list[Line]:  # noqa: ANN401  A boto3 client.
    """Invoke the deployed sweep once; return the lines of its log that are JSON."""
    event = {
        "version": "0",
        "id": "sweep-now",
        "account": "000000000000",
        "region": "us-east-1",
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "resources": [],
        "detail": {},
    }
    answer = functions.invoke(FunctionName=name, LogType="Tail", Payload=json.dumps(event).encode())
    if answer.get("FunctionError"):
        failure: Any = json.loads(answer["Payload"].read())
        raise StackFailedError(f"The sweep failed: {failure.get('errorMessage', failure)}")
    text = base64.b64decode(answer.get("LogResult", "")).decode()
    return list(_read(text.splitlines()))


def _worker_lines(client: Clients, outputs: Mapping[str, str], began: int) -> list[Line]:
    """Return what workers have logged since *began* about one grant each."""
    group = outputs["WorkerLogsName"]
    pages = client("logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=group, startTime=began)
    lines = _read(event["message"] for page in found for event in page["events"])
    return [line for line in lines if "message" in line]


def _hidden(lines: list[Line]) -> int:
    """Return how many messages an earlier worker failed on, which none works on."""
    failed = {line.get("message_id") for line in lines if line.get("level") == "ERROR"}
    finished = {line.get("message_id") for line in lines if line["message"] in FINISHED}
    return len(failed - finished)


def _is_idle(
    queues: Any,  # noqa: ANN401  A boto3 client.
    outputs: Mapping[str, str],
    hidden: int = 0,
) -> bool:
    """Return whether nothing waits, and no more is being worked on than the *hidden* messages."""
    received = 0
    for url in (outputs["DueQueueUrl"], outputs["RetryQueueUrl"]):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if int(found["ApproximateNumberOfMessages"]):
            return False
        received += int(found["ApproximateNumberOfMessagesNotVisible"])
    return received <= hidden


def _empty(queues: Any, outputs: Mapping[str, str]) -> None:  # noqa: ANN401  A boto3 client.
    for url in (outputs["DueQueueUrl"], outputs["RetryQueueUrl"]):
        queues.purge_queue(QueueUrl=url)


def _read(lines: Iterable[str]) -> Iterator[Line]:
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)


def _metrics(lines: list[Line]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for line in lines:
        if "_aws" in line:
            names = [m["Name"] for d in line["_aws"]["CloudWatchMetrics"] for m in d["Metrics"]]
            metrics |= {name: float(line[name][0]) for name in names}
    return metrics
