"""
What is due, found in DynamoDB by two sparse indexes over the grants' own table.

Both indexes hold keys only, so what the sweep must know beside them is read from the table, a page
at a time, and no more of each grant than that: `COLUMNS` has no key, no token and no address of a
person, and the sweep's role may read nothing else. The indexes may be a moment behind the table;
the table decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from chalicelib.aws.dynamodb import Item, call_if, from_item, to_item
from chalicelib.aws.grant_item import DUE_SHARDS, SHARD, WAITING_SHARD
from chalicelib.errors import TryAgain
from chalicelib.grants.due_order import Due, Queue, host_of, is_hold_over_first

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COLUMNS = (
    "id",
    "due_at",
    "waiting_since",
    "lease_until",
    "attempts",
    "by_hand",
    "consent_held_since",
    "host",
    "site_url",
)
MAX_PAGE_ITEMS = 100  # BatchGetItem takes no more.
MAX_WRITERS = 8  # Writes at once; each of them waits for the network most of its time.


class DueIndexTable:
    """Reads and keeps the indexes of the grants' table (`grants.due_order.DueIndex`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def due(self, now: int, *, queue: Queue) -> Iterator[list[Due]]:
        """Query the index `due` a page at a time, and read what each page's grants say."""
        begin: Item | None = None
        while True:
            condition = "due_shard = :shard AND due_at <= :now"
            values = {":shard": DUE_SHARDS[queue], ":now": now}
            found = self._query("due", condition, values, MAX_PAGE_ITEMS, begin)
            ids = [row["id"]["S"] for row in found["Items"]]
            if ids:
                yield self._read(ids, now)
            begin = found.get("LastEvaluatedKey")
            if begin is None:
                return

    def hand_out(self, due: Sequence[Due], *, until: int) -> None:
        """Move each of *due* on to *until*, unless another caller has written since."""
        if len(due) == 1:
            self._hand_out(due[0], until)
            return
        with ThreadPoolExecutor(MAX_WRITERS) as writers:
            for _ in writers.map(lambda each: self._hand_out(each, until), due):
                pass

    def waiting_since(self) -> int | None:
        """Return the least `waiting_since` of what is handed out, in epoch seconds, or None."""
        return self._least(WAITING_SHARD)

    def overdue_since(self) -> int | None:
        """Return the least `overdue_since` of its index, in epoch seconds, or None."""
        return self._least(SHARD)

    def _hand_out(self, due: Due, until: int) -> None:
        """Move one grant, if it is still due as it was; whoever writes meanwhile goes first."""
        call_if(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": due.grant_id}},
            UpdateExpression=(
                "SET due_at = :until, "
                "waiting_since = if_not_exists(waiting_since, :due), "
                "overdue_shard = if_not_exists(overdue_shard, :waiting), "
                "overdue_since = if_not_exists(overdue_since, :due)"
            ),
            ConditionExpression="due_at = :due",
            ReturnValues="NONE",
            ExpressionAttributeValues=to_item(
                {":until": until, ":due": due.due_at, ":waiting": WAITING_SHARD}
            ),
        )

    def _read(self, ids: list[str], now: int) -> list[Due]:
        """Return what is due of *ids*, in their order. One read with all of them is one request."""
        items: dict[str, dict[str, Any]] = {}
        keys: Any = [{"id": {"S": each}} for each in ids]
        for _ in range(
            MAX_PAGE_ITEMS
        ):  # DynamoDB returns at least one item each time, or throttles.
            asked = {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": NAMES}
            asked["ExpressionAttributeNames"] = {f"#{name}": name for name in COLUMNS}
            answer = call_if(self._client.batch_get_item, RequestItems={self._table: asked}) or {}
            read = map(from_item, answer.get("Responses", {}).get(self._table, []))
            items |= {values["id"]: values for values in read}
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys")
            if not keys:
                break
        else:
            raise TryAgain
        known = (items[each] for each in ids if each in items)
        return [_due(values, now) for values in known if values.get("due_at", now + 1) <= now]

    def _least(self, shard: str) -> int | None:
        rows = self._query("overdue", "overdue_shard = :shard", {":shard": shard}, 1)["Items"]
        return int(rows[0]["overdue_since"]["N"]) if rows else None

    def _query(
        self,
        index: str,
        condition: str,
        values: Mapping[str, Any],
        limit: int,
        begin: Item | None = None,
    ) -> Item:
        found = call_if(
            self._client.query,
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            Limit=limit,
            **({} if begin is None else {"ExclusiveStartKey": begin}),
        )
        return found or {"Items": []}


NAMES = ", ".join(f"#{name}" for name in COLUMNS)


def _due(values: Mapping[str, Any], now: int) -> Due:
    due_at = values["due_at"]
    due_since = values.get("waiting_since", due_at)
    is_held = is_hold_over_first(values.get("consent_held_since"), due_since)
    was_tried = values.get("by_hand", False) or values.get("attempts", 0) > 0
    return Due(
        values["id"],
        due_at,
        "retry" if was_tried and not is_held else "first",
        values.get("host") or host_of(values.get("site_url", "")),
        is_held,
        values.get("lease_until", 0) > now,
    )
