"""
SQS: carries the ids of due grants from the sweep to the workers.

Two standard queues. The group of a message is the site's host: SQS then lets a host with many
messages in flight wait, and not the others ("fair queues").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import Due, Queue

MAX_BATCH_MESSAGES = 10  # SQS takes no more in one request.
MAX_GROUP_CHARACTERS = 128  # Of a message's group; a host's name has up to 253.


class SqsClient(Protocol):
    """The client of boto3, as far as it is used here."""

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - as boto3 has it
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Send up to ten messages."""


class Message(NamedTuple):
    """What a worker gets: which grant, and which sweep has sent it."""

    grant_id: str
    correlation_id: str


class SqsQueues:
    """Sends to both queues (`grants.ports.DueQueue`)."""

    def __init__(self, client: SqsClient, urls: Mapping[Queue, str]) -> None:
        self._client, self._urls = client, urls

    def send(self, due: Sequence[Due], *, queue: Queue, correlation_id: str) -> list[Due]:
        """Send the ids of *due*, ten with each request; return those that SQS has taken."""
        taken: list[Due] = []
        for begin in range(0, len(due), MAX_BATCH_MESSAGES):
            batch = due[begin : begin + MAX_BATCH_MESSAGES]
            try:
                answer = self._client.send_message_batch(
                    QueueUrl=self._urls[queue],
                    Entries=[
                        _entry(place, each, correlation_id) for place, each in enumerate(batch)
                    ],
                )
            except (ClientError, BotoCoreError) as error:
                if taken:
                    return taken  # What was not taken is still due.
                raise TryAgain from error
            taken += [batch[int(entry["Id"])] for entry in answer.get("Successful", [])]
        if due and not taken:
            raise TryAgain
        return taken


def write(message: Message) -> str:
    """Return the body of *message*."""
    return json.dumps(message._asdict())


def read(body: str) -> Message:
    """
    Return the message of a body that `write` made.

    Raises:
        ValueError: It is none.
    """
    try:
        content = json.loads(body)
        return Message(str(content["grant_id"]), str(content.get("correlation_id", "")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("The message names no grant.") from error


def _entry(place: int, due: Due, correlation_id: str) -> dict[str, str]:
    entry = {"Id": str(place), "MessageBody": write(Message(due.grant_id, correlation_id))}
    # A message without a group is not held back by others; of what was typed, no host may be left.
    return entry | ({"MessageGroupId": _group(due.host)} if due.host else {})


def _group(host: str) -> str:
    """Return *host* as SQS takes a group: its end, which names the site's domain."""
    printable = host.encode("ascii", "replace").decode().replace("?", "-")
    return printable[-MAX_GROUP_CHARACTERS:]
