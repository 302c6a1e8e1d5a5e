"""MiniStack asks policies for `sqs:SendMessageBatch`, an action that IAM does not have.

A batch of messages needs the right to send one: there is no action of IAM for the batch (Service
Authorization Reference, "Actions defined by Amazon SQS"), so no role can have it.

Missing in MiniStack 1.5.33: `core/iam_actions.py` `extract_iam_action` takes the operation's name
for the action's. No longer needed once it does not: `test_patches.py` then fails.
"""

from __future__ import annotations

ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}


def apply() -> None:
    """Name the action that IAM has."""
    from ministack.core import iam_actions  # type: ignore[import-not-found]  # noqa: PLC0415

    extract = iam_actions.extract_iam_action

    def patched(*arguments: object) -> str | None:
        action: str | None = extract(*arguments)
        return ACTIONS.get(action or "", action)

    iam_actions.extract_iam_action = patched
