"""
The part of DynamoDB that `SecretTable` uses, in a dict, so that a test can choose who comes first.

Each call is atomic, as on AWS. `on_refused` is called after a write whose condition failed, in the
caller's thread: a test stops callers there, or lets another caller act. The contract of the stores
runs over this client and over the emulated service alike.
"""

from __future__ import annotations

import operator
import re
import threading
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

Item = dict[str, Any]

COMPARISONS = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<=": operator.le}
_value = TypeDeserializer().deserialize
_typed = TypeSerializer().serialize


class FakeDynamoDB:
    """One table; conditions are joined by AND, updates are SET (with one minus) and REMOVE."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.on_refused: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def put_item(self, *, Item: Item, ConditionExpression: str, **_: object) -> Item:  # noqa: N803
        with self._lock:
            key = _value(Item["id"])
            holds = _holds(self.items.get(key, {}), ConditionExpression, {})
            if holds:
                self.items[key] = dict(Item)
        return {} if holds else self._refuse()

    def get_item(self, *, Key: Item, **_: object) -> Item:  # noqa: N803
        with self._lock:
            item = self.items.get(_value(Key["id"]))
            return {} if item is None else {"Item": dict(item)}

    def update_item(
        self,
        *,
        Key: Item,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: Item,  # noqa: N803
        **_: object,
    ) -> Item:
        with self._lock:
            key = _value(Key["id"])
            item = self.items.get(key, {})
            holds = _holds(item, ConditionExpression, ExpressionAttributeValues)
            if holds:
                self.items[key] = _updated(item, UpdateExpression, ExpressionAttributeValues)
                return {"Attributes": dict(self.items[key])}
        return self._refuse()

    def _refuse(self) -> Item:
        self.on_refused()
        raise ClientError(
            {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}, "UpdateItem"
        )


def _holds(item: Item, condition: str, values: Item) -> bool:
    """Return whether every part of *condition* holds; an absent attribute compares as false."""

    def part_holds(part: str) -> bool:
        function = re.fullmatch(r"attribute_(not_)?exists\((\w+)\)", part)
        if function:
            return (function[2] in item) is (function[1] is None)
        name, sign, value = part.split()
        return name in item and COMPARISONS[sign](_value(item[name]), _value(values[value]))

    return all(part_holds(part) for part in condition.split(" AND "))


def _updated(item: Item, update: str, values: Item) -> Item:
    """Return *item* after *update*."""
    setting, _, removed = update.removeprefix("SET ").partition(" REMOVE ")
    after = dict(item)
    for assignment in setting.split(", "):
        name, value = assignment.split(" = ")
        before, minus, amount = value.partition(" - ")
        after[name] = (
            _typed(_value(item[before]) - _value(values[amount])) if minus else values[value]
        )
    after.pop(removed, None)
    return after
