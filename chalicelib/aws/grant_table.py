"""
Grants in DynamoDB, one item each, with two sparse indexes (`due_index`).

Every write is conditional on the version that was read. `grant_item` says what an item holds.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from chalicelib.aws.dynamodb import call_if, get_item, to_item
from chalicelib.aws.grant_item import from_grant_item, to_grant_item
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Revision
from chalicelib.values import replace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class GrantTable:
    """Stores grants in one table (`grants.store.GrantStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table
        self._latest: Grant | None = None

    def add(self, grant: Grant) -> bool:
        """Put *grant* unless its id is taken; False when it is."""
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=to_grant_item(grant),
            ConditionExpression="attribute_not_exists(id)",
        )
        self._latest = None if written is None else grant
        return written is not None

    def get(self, grant_id: str) -> Grant | None:
        """Return the grant as it is stored, read consistently, or None."""
        return from_grant_item(get_item(self._client, self._table, grant_id))

    def latest(self, grant_id: str) -> Grant | None:
        """Return the grant of that id if it is the one that this process wrote last."""
        latest = self._latest
        return latest if latest is not None and latest.id == grant_id else None

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        """Put *after* over *before*; None when another caller has written in between."""
        # The mark distinguishes our own write from another's when the SDK repeats a write whose
        # answer was lost: the repetition fails its condition although the first one went through.
        revision = Revision(before.revision.number + 1, secrets.token_hex(8))
        after = replace(after, revision=revision)
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=to_grant_item(after),
            ConditionExpression="version = :version AND mark = :mark",
            ExpressionAttributeValues=to_item(
                {":version": before.revision.number, ":mark": before.revision.mark}
            ),
        )
        self._latest = None
        if written is None and not self._is_stored(after):
            return None
        self._latest = after
        return after

    def _is_stored(self, grant: Grant) -> bool:
        """Return whether *grant* was written; the sweep may have handed it out meanwhile."""
        stored = self.get(grant.id)
        return stored is not None and stored.revision == grant.revision

    def delete(self, grant: Grant) -> bool:
        """Delete *grant* if it is still at this version; False when it is not."""
        self._latest = None
        deleted = call_if(
            self._client.delete_item,
            TableName=self._table,
            Key={"id": {"S": grant.id}},
            ConditionExpression="version = :version",
            ExpressionAttributeValues=to_item({":version": grant.revision.number}),
        )
        return deleted is not None
