"""The events that Hallpass put on its bus in this run, as data.

A bus keeps nothing, so `listen` lets it pass everything on to a queue of the emulated account that
is never emptied. The front door lists it as `/_events`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

QUEUE = "hallpass-local-events"
RULE = "hallpass-local-events"


def listen(events: Any, queues: Any, bus: str) -> None:  # noqa: ANN401  Boto3 clients.
    """Let *bus* pass every event on to the queue, which is made if it is missing."""
    url = queues.create_queue(QueueName=QUEUE)["QueueUrl"]
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = queues.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
    rule = events.put_rule(
        Name=RULE, EventBusName=bus, EventPattern=json.dumps({"source": ["hallpass"]})
    )["RuleArn"]
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule=RULE, EventBusName=bus, Targets=[{"Id": "list", "Arn": arn}])


def listed(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Return the events of MiniStack's *answer* about the queue's messages, oldest first.

    Each has event (its name), time (ISO 8601) and what the event says of the access.
    """
    messages = list(_messages(answer))
    found = (json.loads(message) for message in messages)
    return [{"event": e["detail-type"], "time": e["time"], **e["detail"]} for e in found]


def _messages(part: object) -> Any:  # noqa: ANN401  Any strings.
    """Yield the bodies of all messages, wherever MiniStack's answer has them."""
    if isinstance(part, dict):
        body = part.get("Body", part.get("body"))
        if isinstance(body, str):
            yield body
        else:
            for each in part.values():
                yield from _messages(each)
    elif isinstance(part, list):
        for each in part:
            yield from _messages(each)
