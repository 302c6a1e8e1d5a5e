"""Look at what failed five times in workers, and put it back.

    make dead-letters                    what is there, and how each access is
    make dead-letters ARGS="put-back"    all of it into the queue again: after the cause is mended

Nothing is lost meanwhile: the sweep hands the same accesses out again every quarter of an hour. A
dead letter shows that workers cannot finish one; the log of the workers says why (look for its id).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chalicelib.aws import sqs
from infra.operate import deployed
from infra.operate.deployed import Deployed, OperatorError

HIDDEN_SECONDS = 30  # From other readers, while this one shows or moves what it has.
LOOK_SECONDS = 1  # With a wait, SQS asks all of its servers; without one, it may find nothing.
MAX_BATCH_MESSAGES = 10  # SQS returns no more in one request.


class DeadLetter(NamedTuple):
    """One message. `grant_id` is "" when it names none; times are epoch seconds."""

    grant_id: str
    sent_at: int
    body: str
    handle: str


def main(words: list[str]) -> None:
    """Run one of the commands."""
    options = _options(words)
    stack = deployed.connect(options)
    console = deployed.console()
    if "DeadLettersUrl" not in stack.outputs:
        raise OperatorError(f"The stack {stack.name} has no queues yet. Deploy this version first.")
    letters = list(read(stack))
    if not letters:
        console.print("There are no dead letters.")
    elif options.command == "put-back":
        _put_back(stack, letters, console)
    else:
        _list(stack, letters, console)


def read(stack: Deployed) -> Iterator[DeadLetter]:
    """Yield every dead letter once, and hide it from other readers for a moment."""
    queues, seen = stack.client("sqs"), set[str]()
    while True:
        received = queues.receive_message(
            QueueUrl=stack.outputs["DeadLettersUrl"],
            MaxNumberOfMessages=MAX_BATCH_MESSAGES,
            VisibilityTimeout=HIDDEN_SECONDS,
            WaitTimeSeconds=LOOK_SECONDS,
            AttributeNames=["SentTimestamp"],
        ).get("Messages", [])
        new = [message for message in received if message["MessageId"] not in seen]
        if not new:
            return
        for message in new:
            seen.add(message["MessageId"])
            yield _letter(message)


def _letter(message: dict[str, Any]) -> DeadLetter:
    try:
        grant_id = sqs.read(message["Body"]).grant_id
    except ValueError:
        grant_id = ""
    sent_at = int(message["Attributes"]["SentTimestamp"]) // 1000
    return DeadLetter(grant_id, sent_at, message["Body"], message["ReceiptHandle"])


def _list(stack: Deployed, letters: list[DeadLetter], console: Console) -> None:
    table = Table("Id", "Sent", "State", "Tries")
    for letter in sorted(letters, key=lambda letter: letter.sent_at):
        grant = stack.grants.get(letter.grant_id) if letter.grant_id else None
        table.add_row(
            Text(letter.grant_id or "(names no access)", no_wrap=True),
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(letter.sent_at)),
            "gone" if grant is None else grant.state,
            "" if grant is None else str(grant.schedule.attempts),
        )
    _show_again(stack, letters)
    console.print(table)
    console.print('`make dead-letters ARGS="put-back"` tries them again.', highlight=False)


def _show_again(stack: Deployed, letters: list[DeadLetter]) -> None:
    """Hide *letters* no longer, so that whoever puts them back next finds them."""
    queues, queue = stack.client("sqs"), stack.outputs["DeadLettersUrl"]
    for letter in letters:
        queues.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=letter.handle, VisibilityTimeout=0
        )


def _put_back(stack: Deployed, letters: list[DeadLetter], console: Console) -> None:
    """Send each to the queue of retries, and delete it here only after that."""
    queues = stack.client("sqs")
    for letter in letters:
        if letter.grant_id:
            queues.send_message(QueueUrl=stack.outputs["RetryQueueUrl"], MessageBody=letter.body)
        queues.delete_message(QueueUrl=stack.outputs["DeadLettersUrl"], ReceiptHandle=letter.handle)
    count = sum(bool(letter.grant_id) for letter in letters)
    console.print(f"Put {count} back; {len(letters) - count} that named no access are deleted.")


def _options(words: list[str]) -> argparse.Namespace:
    parser = deployed.arguments("dead-letters", "Look at what failed in workers; put it back.")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("list", help="what is there")
    commands.add_parser("put-back", help="all of it into the queue again")
    return parser.parse_args(words)


if __name__ == "__main__":
    deployed.run(main)
