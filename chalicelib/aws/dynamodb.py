"""
DynamoDB: one call, and the way from values to items and back.

Every promise of the story that two callers could break is one conditional write; DynamoDB lets
exactly one of them win (`grant_table`, `secret_table`, `counter_table`). Reads are strongly
consistent.

An item that TTL should have purged may stay readable for days (AWS: "within a few days"), so
expiry is part of every condition, and TTL only cleans up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]


def call_if(call: Callable[..., Any], **request: object) -> Item | None:
    """
    Call DynamoDB and return what it answers; None when the write's condition failed.

    *call* is a method of the client, *request* its parameters.

    Raises:
        TryAgain: DynamoDB throttled, failed or could not be reached.
    """
    try:
        response: Item = call(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return None
        raise TryAgain from error
    except BotoCoreError as error:
        raise TryAgain from error
    return response


def get_item(client: DynamoDBClient, table: str, key: str) -> Item:
    """Return the item, empty when there is none. The read is strongly consistent."""
    response = call_if(
        client.get_item, TableName=table, Key={"id": {"S": key}}, ConsistentRead=True
    )
    item: Item = (response or {}).get("Item", {})
    return item


def to_item(values: Mapping[str, Any]) -> Item:
    """
    Return *values* with DynamoDB's type marks (``{"S": …}``), without those that are None.

    Tuples become lists. Within maps, None is left out as well: no index key may be NULL.

    Raises:
        TypeError: A value is none of text, whole number, truth, bytes, list and map.
    """
    return {name: _marked(value) for name, value in values.items() if value is not None}


def _marked(value: object) -> Item:  # noqa: PLR0911 - one for each mark
    if value is None:
        return {"NULL": True}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):  # Before int, of which it is a kind.
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, dict):
        return {"M": to_item(value)}
    if isinstance(value, (list, tuple)):
        return {"L": [_marked(part) for part in value]}
    raise TypeError(f"DynamoDB gets no {type(value).__name__} from us.")


def from_item(item: Item) -> dict[str, Any]:
    """Return the values that `to_item` wrote; lists come back as tuples."""
    return {name: _python(*value.items()) for name, value in item.items()}


def _python(marked: tuple[str, Any]) -> Any:  # noqa: ANN401 - whatever the item holds
    mark, value = marked
    if mark == "N":
        return int(value)
    if mark == "NULL":
        return None
    if mark == "M":
        return from_item(value)
    if mark == "L":
        return tuple(_python(*part.items()) for part in value)
    return set(value) if mark in {"SS", "BS"} else value  # The rest is what it is in Python.
