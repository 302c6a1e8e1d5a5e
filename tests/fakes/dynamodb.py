"""
DynamoDB in memory: the requests that the tables make, and the expressions they are made of.

It keeps items as DynamoDB writes them (`{"S": …}`, `{"N": …}`), so what a test puts in is read by
the code that reads real items, and a test can compare what that code writes. An update replaces an
attribute whole and never alters it, so copies of items are shallow.

Conditions may compare, use `attribute_exists`, `attribute_not_exists`, `begins_with`, `AND`, `OR`,
`NOT` and parentheses; updates may `SET` (with `if_not_exists`), `REMOVE` and `ADD`; names may stand
behind `#`. Anything else raises `ValueError`.

    dynamodb = FakeDynamoDB({"grants": [{"id": {"S": "g"}, "version": {"N": "0"}}]})
    table = GrantTable(dynamodb, "grants")
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]
# Of each index its two key attributes; both hold keys only, as in the deployed template.
INDEXES = {"due": ("due_shard", "due_at"), "overdue": ("overdue_shard", "overdue_since")}
SORT_KEY = "part"
KEY_TYPES = {"id": "S", "due_shard": "S", "due_at": "N", "overdue_shard": "S", "overdue_since": "N"}
TOKEN = re.compile(r"\s*([A-Za-z_#:][\w.]*|<=|>=|<>|[=<>(),+-])")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class FakeDynamoDB:
    """
    The client of boto3, as far as the tables use it.

    Every table's key is ``id``, and where an item has one, its ``part``.
    """

    def __init__(self, tables: Mapping[str, Iterable[Item]] | None = None) -> None:
        self.tables: dict[str, dict[str, Item]] = {}
        for table, items in (tables or {}).items():
            for item in items:
                self._put(table, item)

    def get_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        item = self._items(request).get(_key(request["Key"]))
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        self._check(request, _key(request["Item"]))
        self._put(request["TableName"], request["Item"])
        return {}

    def delete_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        key = _key(request["Key"])
        self._check(request, key)
        self._items(request).pop(key, None)
        return {}

    def update_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        key = _key(request["Key"])
        self._check(request, key)
        item = dict(self._items(request).get(key, request["Key"]))
        _Expression(request, request["UpdateExpression"], item).update()
        self._put(request["TableName"], item)
        return {"Attributes": dict(item)}

    def query(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        if "IndexName" not in request:
            return self._query_parts(request)
        shard, order = INDEXES[request["IndexName"]]
        found = [
            item
            for item in self._items(request).values()
            if {shard, order} <= item.keys()
            and _Expression(request, request["KeyConditionExpression"], item).condition()
        ]
        found.sort(key=lambda item: (Decimal(item[order]["N"]), item["id"]["S"]))
        rows = [{name: item[name] for name in ("id", shard, order)} for item in found]
        begin = request.get("ExclusiveStartKey")
        if begin is not None:  # What was changed since may have left the index.
            after = Decimal(begin[order]["N"]), begin["id"]["S"]
            rows = [row for row in rows if (Decimal(row[order]["N"]), row["id"]["S"]) > after]
        page = rows[: request.get("Limit")]
        return {"Items": page, **({"LastEvaluatedKey": page[-1]} if len(page) < len(rows) else {})}

    def batch_get_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        found: dict[str, list[Item]] = {}
        for table, asked in request["RequestItems"].items():
            names = asked.get("ExpressionAttributeNames", {})
            projection = asked.get("ProjectionExpression", "")
            wanted = {names[each.strip()] for each in projection.split(",") if each}
            items = [self.tables.get(table, {}).get(_key(key)) for key in asked["Keys"]]
            found[table] = [
                {n: value for n, value in item.items() if n in wanted or not wanted}
                for item in items
                if item
            ]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _query_parts(self, request: Item) -> Item:
        found = [
            item
            for item in self._items(request).values()
            if _Expression(request, request["KeyConditionExpression"], item).condition()
        ]
        backwards = not request.get("ScanIndexForward", True)
        found.sort(key=lambda item: str(item[SORT_KEY]["S"]), reverse=backwards)
        return {"Items": found[: request.get("Limit")]}

    def _items(self, request: Item) -> dict[str, Item]:
        return self.tables.setdefault(request["TableName"], {})

    def _put(self, table: str, item: Item) -> None:
        for name, kind in KEY_TYPES.items():
            if name in item and kind not in item[name]:
                raise ValueError(f"{name} is a key of an index and must be of type {kind}.")
        self.tables.setdefault(table, {})[_key(item)] = dict(item)

    def _check(self, request: Item, key: str) -> None:
        condition = request.get("ConditionExpression")
        item = self._items(request).get(key, {})
        if condition is not None and not _Expression(request, condition, item).condition():
            error = {"Code": "ConditionalCheckFailedException", "Message": "The condition failed."}
            raise ClientError({"Error": error}, "FakeDynamoDB")  # type: ignore[typeddict-item]


class _Expression:
    """One expression of *request*, read from left to right and applied to *item*."""

    def __init__(self, request: Item, text: str, item: Item) -> None:
        self._names = request.get("ExpressionAttributeNames", {})
        self._values = request.get("ExpressionAttributeValues", {})
        self._tokens = TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"Not understood: {text}")
        self._item = item

    def condition(self) -> bool:
        holds = self._or()
        if self._tokens:
            raise ValueError(f"Not understood: {self._tokens}")
        return holds

    def update(self) -> None:
        old = dict(self._item)
        action = ""
        while self._tokens:
            token = self._take()
            if token in {"SET", "REMOVE", "ADD"}:
                action, token = token, self._take()
            name = self._names.get(token, token)
            if action == "SET":
                self._expect("=")
                self._item[name] = self._sum(old)
            elif action == "ADD":
                self._item[name] = _added(old.get(name), self._values[self._take()])
            elif action == "REMOVE":
                self._item.pop(name, None)
            else:
                raise ValueError(f"Not understood: {token}")
            if self._tokens[:1] == [","]:
                self._take()

    def _or(self) -> bool:
        holds = self._and()
        while self._tokens[:1] == ["OR"]:
            self._take()
            holds = self._and() or holds
        return holds

    def _and(self) -> bool:
        holds = self._one()
        while self._tokens[:1] == ["AND"]:
            self._take()
            holds = self._one() and holds
        return holds

    def _one(self) -> bool:
        token = self._take()
        if token == "NOT":
            return not self._one()
        if token == "(":
            holds = self._or()
            self._expect(")")
            return holds
        if token in {"attribute_exists", "attribute_not_exists"}:
            self._expect("(")
            name = self._take()
            self._expect(")")
            return (self._names.get(name, name) in self._item) == (token == "attribute_exists")
        if token == "begins_with":
            self._expect("(")
            whole = self._value(self._take(), self._item)
            self._expect(",")
            start = self._value(self._take(), self._item)
            self._expect(")")
            return bool(whole and start and whole["S"].startswith(start["S"]))
        left = self._value(token, self._item)
        compare = COMPARISONS[self._take()]
        right = self._value(self._take(), self._item)
        if left is None or right is None or left.keys() != right.keys():
            return False
        return compare(_plain(left), _plain(right))

    def _sum(self, old: Item) -> Item:
        total = self._value(self._take(), old)
        while self._tokens[:1] in (["+"], ["-"]):
            sign = 1 if self._take() == "+" else -1
            other = self._value(self._take(), old)
            if total is None or other is None:
                raise ValueError("An attribute of a sum is missing.")
            total = {"N": str(Decimal(total["N"]) + sign * Decimal(other["N"]))}
        if total is None:
            raise ValueError("The attribute is missing.")
        return total

    def _value(self, token: str, item: Item) -> Item | None:
        if token == "if_not_exists":
            self._expect("(")
            known = self._value(self._take(), item)
            self._expect(",")
            other = self._value(self._take(), item)
            self._expect(")")
            return other if known is None else known
        if token.startswith(":"):
            value: Item = self._values[token]
            return value
        return item.get(self._names.get(token, token))

    def _take(self) -> str:
        if not self._tokens:
            raise ValueError("The expression ends too early.")
        token: str = self._tokens.pop(0)
        return token

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise ValueError(f"Expected {token}.")


def _key(item: Item) -> str:
    """Return what an item, or a key, is kept under: its id, with its part behind it."""
    return " ".join(item[name]["S"] for name in ("id", SORT_KEY) if name in item)


def _plain(value: Item) -> object:
    ((kind, content),) = value.items()
    return Decimal(content) if kind == "N" else content


def _added(old: Item | None, new: Item) -> Item:
    if "SS" in new:
        return {"SS": sorted({*(old or {"SS": []})["SS"], *new["SS"]})}
    return {"N": str(Decimal((old or {"N": "0"})["N"]) + Decimal(new["N"]))}
