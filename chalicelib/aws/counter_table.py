"""
The counters table: small facts that DynamoDB purges by itself (TTL).

Here: which mails of a ticket have gone out, and how often one network, site or mailbox has asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.dynamodb import Item, call_if, to_item
from chalicelib.clock import DAY, MINUTE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class TicketLogTable:
    """One item for each ticket, kept for two days (`notifications.tickets.TicketLog`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        """Lease the ticket for a minute and return who has its mail; None when it is leased."""
        values = {":now": now, ":until": now + MINUTE, ":purge_at": now + 2 * DAY}
        taken = call_if(
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
        """Add *reader* to those who have the mail of this ticket."""
        self._update(ticket_id, "ADD told :reader", {":reader": {"SS": [reader]}})

    def finish(self, ticket_id: str, reader: str) -> None:
        """Record *reader* and give the ticket back, with one write."""
        values = {":reader": {"SS": [reader]}, **to_item({":free": 0})}
        self._update(ticket_id, "ADD told :reader SET lease_until = :free", values)

    def release(self, ticket_id: str) -> None:
        """End the lease, so that the same ticket can be sent again at once."""
        self._update(ticket_id, "SET lease_until = :free", to_item({":free": 0}))

    def _update(self, ticket_id: str, update: str, values: Item) -> None:
        call_if(
            self._client.update_item,
            TableName=self._table,
            Key=_key(ticket_id),
            UpdateExpression=update,
            ExpressionAttributeValues=values,
        )


class HitCounterTable:
    """One item for each counted thing and window (`rate_limits.HitCounter`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def hit(self, key: str, *, purge_at: int, by: int = 1) -> int:
        """Add *by* to the count of *key* and return the sum; it is purged after *purge_at*."""
        counted = call_if(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": f"hits {key}"}},
            UpdateExpression="ADD hits :by SET purge_at = :purge_at",
            ExpressionAttributeValues=to_item({":by": by, ":purge_at": purge_at}),
            ReturnValues="UPDATED_NEW",
        )
        return int(counted["Attributes"]["hits"]["N"]) if counted else 0

    def hit_parts(
        self, key: str, parts: Sequence[str], *, purge_at: int, by: int = 1, own: bool = True
    ) -> tuple[int, ...]:
        """Add *by* to the counts that one item has of *key*, and of each of its *parts*."""
        names = {"#own": "hits"} if own else {}
        # Parts may be of any length and letters; the names of attributes are short.
        names |= {f"#p{n}": f"of {_digest(part)}" for n, part in enumerate(parts)}
        counted = call_if(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": f"hits {key}"}},
            UpdateExpression=f"ADD {', '.join(f'{n} :by' for n in names)} SET purge_at = :purge_at",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=to_item({":by": by, ":purge_at": purge_at}),
            ReturnValues="UPDATED_NEW",
        )
        found = (counted or {"Attributes": {}})["Attributes"]
        return tuple(int(found[name]["N"]) for name in names.values())


def _digest(part: str) -> str:
    return hashlib.sha256(part.encode()).hexdigest()[:16]


def _key(ticket_id: str) -> Item:
    return {"id": {"S": f"ticket {ticket_id}"}}
