"""
The accounts table: accounts of One Time Secret's API, and the list of each one's receipts.

The partition key `id` is ``account `` and the name. The sort key `part` is ``token`` for the
account itself, and for a line of its list ``made `` with the time in twelve digits and the secret's
id, so that a query reads the newest ones. An account never expires; native TTL deletes the lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.aws.dynamodb import call_if, from_item, to_item
from chalicelib.onetime.accounts import Account, Listed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT = {"part": {"S": "token"}}


class AccountTable:
    """The accounts table (`onetime.accounts.AccountStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, account: Account) -> bool:
        """Put the account unless its name is taken; False when it is."""
        stored = to_item(
            {
                "name": account.name,
                "token_sha256": account.token_sha256,
                "created_at": account.created_at,
                "notify": account.mail_openings,
            }
        )
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item={**_key(account.name), **ACCOUNT, **stored},
            ConditionExpression="attribute_not_exists(id)",
        )
        return written is not None

    def get(self, name: str) -> Account | None:
        """Return the account of that *name*, read consistently, or None."""
        found = call_if(
            self._client.get_item,
            TableName=self._table,
            Key={**_key(name), **ACCOUNT},
            ConsistentRead=True,
        )
        item = (found or {}).get("Item")
        return _account(from_item(item)) if item else None

    def delete(self, name: str) -> bool:
        """Delete the account's item, not the lines of its list; False when there is none."""
        deleted = call_if(
            self._client.delete_item,
            TableName=self._table,
            Key={**_key(name), **ACCOUNT},
            ConditionExpression="attribute_exists(id)",
        )
        return deleted is not None

    def all(self) -> list[Account]:
        """Scan the table for accounts and return them by name; only `make tokens` asks."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="part = :token",
            ExpressionAttributeValues={":token": ACCOUNT["part"]},
            ConsistentRead=True,
        )
        found = [_account(from_item(item)) for page in pages for item in page["Items"]]
        return sorted(found, key=lambda account: account.name)

    def list_receipt(self, name: str, listed: Listed) -> None:
        """Put one line of the account's list, with its own TTL."""
        line = {
            "part": f"made {listed.created_at:012d} {listed.secret_id}",
            "secret_id": listed.secret_id,
            "sealed_key": listed.sealed_key,
            "created_at": listed.created_at,
            "purge_at": listed.purge_at,
        }
        call_if(self._client.put_item, TableName=self._table, Item={**_key(name), **to_item(line)})

    def recent(self, name: str, limit: int) -> list[Listed]:
        """Query the newest *limit* lines backwards and return them oldest first."""
        found = call_if(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="id = :id AND begins_with(part, :made)",
            ExpressionAttributeValues={":id": _key(name)["id"], ":made": {"S": "made "}},
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        lines = [from_item(item) for item in (found or {})["Items"]]
        return [
            Listed(line["secret_id"], line["sealed_key"], line["created_at"], line["purge_at"])
            for line in reversed(lines)
        ]


def _key(name: str) -> dict[str, Any]:
    return {"id": {"S": f"account {name}"}}


def _account(stored: dict[str, Any]) -> Account:
    return Account(
        stored["name"], stored["token_sha256"], stored["created_at"], stored.get("notify", False)
    )
