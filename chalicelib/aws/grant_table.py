"""
Grants in DynamoDB, one item each, with two sparse indexes (`grants.GrantStore`).

Every write is conditional on the version that was read. The indexes may be a moment behind the
table, which is why the story decides by the table.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from chalicelib.aws.dynamodb import Item, call_if, from_item, get_item, to_item
from chalicelib.grants.model import Event, Grant
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One partition carries about 1000 writes a second (an AWS limit), far more than one support team.
SHARD = "0"


class GrantTable:
    """Grants, one item each, with two sparse indexes (`grants.GrantStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, grant: Grant) -> bool:
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=_grant_item(grant),
            ConditionExpression="attribute_not_exists(id)",
        )
        return written is not None

    def get(self, grant_id: str) -> Grant | None:
        return _grant(get_item(self._client, self._table, grant_id))

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        # The mark tells our own write from another's when the SDK repeats a write whose answer
        # was lost: the repetition fails its condition although the first one went through.
        after = replace(after, version=before.version + 1, mark=secrets.token_hex(8))
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=_grant_item(after),
            ConditionExpression="version = :version",
            ExpressionAttributeValues=to_item({":version": before.version}),
        )
        if written is None and self.get(after.id) != after:
            return None
        return after

    def forget(self, grant: Grant) -> bool:
        deleted = call_if(
            self._client.delete_item,
            TableName=self._table,
            Key={"id": {"S": grant.id}},
            ConditionExpression="version = :version",
            ExpressionAttributeValues=to_item({":version": grant.version}),
        )
        return deleted is not None

    def due(self, now: int, limit: int) -> list[str]:
        condition = "due_shard = :shard AND due_at <= :now"
        return [row["id"]["S"] for row in self._query("due", condition, limit, {":now": now})]

    def overdue_since(self) -> int | None:
        rows = self._query("overdue", "overdue_shard = :shard", 1, {})
        return int(rows[0]["overdue_since"]["N"]) if rows else None

    def _query(
        self, index: str, condition: str, limit: int, values: Mapping[str, Any]
    ) -> list[Item]:
        found = call_if(
            self._client.query,
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item({":shard": SHARD, **values}),
            Limit=limit,
        )
        return [] if found is None else list(found["Items"])


def _grant_item(grant: Grant) -> Item:
    values = asdict(grant)
    if grant.due_at is not None:
        values["due_shard"] = SHARD
    if grant.alarming_since is not None:
        values |= {"overdue_shard": SHARD, "overdue_since": grant.alarming_since}
    return to_item(values)


def _grant(item: Item) -> Grant | None:
    if not item:
        return None
    known = {field.name for field in fields(Grant)}
    values = {name: value for name, value in from_item(item).items() if name in known}
    if "site" in values:
        values["site"] = Site(**values["site"])
    if "report" in values:
        values["report"] = tuple(Change(**change) for change in values["report"])
    values["timeline"] = tuple(Event(**event) for event in values.get("timeline", ()))
    return Grant(**values)
