"""
The counters table: small facts that DynamoDB forgets by itself (TTL).

Here: which mails of a ticket have gone out (`tickets.TicketLog`), and how often an address has
asked (`limits.HitCounter`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.aws.dynamodb import Item, held, to_item
from chalicelib.clock import DAY, MINUTE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TicketLogTable:
    """Remembers for two days who has been told of a ticket, and who is telling them now."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        values = {":now": now, ":until": now + MINUTE, ":purge_at": now + 2 * DAY}
        taken = held(
            self._client.update_item,
            TableName=self._table,
            Key=_key(ticket_id),
            UpdateExpression="SET lease_until = :until, purge_at = :purge_at",
            ConditionExpression="attribute_not_exists(lease_until) OR lease_until <= :now",
            ExpressionAttributeValues=to_item(values),
            ReturnValues="ALL_NEW",
        )
        return (
            None if taken is None else frozenset(taken["Attributes"].get("told", {}).get("SS", ()))
        )

    def record(self, ticket_id: str, reader: str) -> None:
        self._update(ticket_id, "ADD told :reader", {":reader": {"SS": [reader]}})

    def release(self, ticket_id: str) -> None:
        self._update(ticket_id, "SET lease_until = :free", to_item({":free": 0}))

    def _update(self, ticket_id: str, update: str, values: Item) -> None:
        held(
            self._client.update_item,
            TableName=self._table,
            Key=_key(ticket_id),
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )


class HitCounterTable:
    """Counts requests, one item for each window."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def hit(self, key: str, *, purge_at: int) -> int:
        counted = held(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": f"hits {key}"}},
            UpdateExpression="ADD hits :one SET purge_at = :purge_at",
            ExpressionAttributeValues=to_item({":one": 1, ":purge_at": purge_at}),
            ReturnValues="UPDATED_NEW",
        )
        return int(counted["Attributes"]["hits"]["N"]) if counted else 0


def _key(ticket_id: str) -> Item:
    return {"id": {"S": f"ticket {ticket_id}"}}
