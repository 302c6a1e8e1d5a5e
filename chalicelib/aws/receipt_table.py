"""
Receipts of shared secrets, one item each, in the secrets table.

An item's id is ``receipt `` and the secret's id, which has no blank, so no secret can have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.aws.dynamodb import Item, call_if, from_item, get_item, to_item
from chalicelib.errors import TryAgain
from chalicelib.onetime.receipts import Outcome, Receipt
from chalicelib.values import asdict, fields

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "receipt "


class ReceiptTable:
    """The receipts in the secrets table (`onetime.receipts.ReceiptStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, receipt: Receipt) -> bool:
        """Put *receipt* unless its secret has one; False when it has."""
        stored = {**asdict(receipt), "id": _id(receipt.secret_id), "purge_at": receipt.purge_at}
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=to_item(stored),
            ConditionExpression="attribute_not_exists(id)",
        )
        return written is not None

    def get(self, secret_id: str) -> Receipt | None:
        """Return the receipt of that secret, read consistently, or None."""
        return _receipt(get_item(self._client, self._table, _id(secret_id)))

    def get_all(self, secret_ids: list[str]) -> dict[str, Receipt]:
        """Get at most 100 receipts in one batch; raise `TryAgain` for a partial answer."""
        if not secret_ids:
            return {}
        keys = [{"id": {"S": _id(secret_id)}} for secret_id in secret_ids]
        asked = {self._table: {"Keys": keys, "ConsistentRead": True}}
        response = call_if(self._client.batch_get_item, RequestItems=asked) or {}
        if response.get("UnprocessedKeys"):
            raise TryAgain
        found = [_receipt(item) for item in response["Responses"].get(self._table, [])]
        return {receipt.secret_id: receipt for receipt in found if receipt is not None}

    def record(self, secret_id: str, outcome: Outcome, at: int) -> Receipt | None:
        """Set the outcome if there is none yet, and return the receipt; None otherwise."""
        updated = call_if(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": _id(secret_id)}},
            UpdateExpression="SET outcome = :outcome, outcome_at = :at",
            ConditionExpression="attribute_exists(id) AND outcome = :none",
            ExpressionAttributeValues=to_item({":outcome": outcome, ":at": at, ":none": ""}),
            ReturnValues="ALL_NEW",
        )
        return None if updated is None else _receipt(updated["Attributes"])


def _id(secret_id: str) -> str:
    return f"{PREFIX}{secret_id}"


def _receipt(item: Item) -> Receipt | None:
    if not item:
        return None
    stored = from_item(item)
    return Receipt(**{f.name: stored[f.name] for f in fields(Receipt) if f.name in stored})
