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
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import TryAgain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


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
    """Return *values* with DynamoDB's type marks (``{"S": …}``), without those that are None."""
    return {name: _serialize(_plain(value)) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    """Turn tuples into lists, and leave out what is None within maps: no index key may be NULL."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def from_item(item: Item) -> dict[str, Any]:
    """Return the values that `to_item` wrote; lists come back as tuples."""
    return {name: _python(_deserialize(value)) for name, value in item.items()}


def _python(value: object) -> Any:  # noqa: ANN401 - whatever the item holds
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, Binary):
        return bytes(value.value)  # type: ignore[attr-defined] # The stubs leave it out.
    if isinstance(value, dict):
        return {name: _python(part) for name, part in value.items()}
    return tuple(_python(part) for part in value) if isinstance(value, list) else value
