"""
One-time secrets in DynamoDB, one item each (`secret.SecretStore`).

Opening, spending a try, acknowledging and withdrawing are one conditional write each. Expiry is in
the condition, because TTL may purge days late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalicelib.aws.dynamodb import Item, from_item, get_item, held, to_item
from chalicelib.onetime.model import CLAIM_SECONDS, LOCK_SECONDS, MAX_TRIES, Secret

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WAITING = "attribute_exists(ciphertext) AND attribute_not_exists(opened_at)"
UNREAD = f"{WAITING} AND expires_at > :now"


class SecretTable:
    """One-time secrets, one item each (`onetime.SecretStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, secret: Secret) -> bool:
        written = held(
            self._client.put_item,
            TableName=self._table,
            Item=to_item(asdict(secret)),
            ConditionExpression="attribute_not_exists(id)",
        )
        return written is not None

    def get(self, secret_id: str) -> Secret | None:
        return _secret(get_item(self._client, self._table, secret_id))

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        # Of several callers who find that a lock's time is over, one resets it. The others lose
        # that write, and then take one of the tries that it gave back.
        return (
            self._take_try(secret_id, now)
            or self._reset_and_take_try(secret_id, now)
            or self._take_try(secret_id, now)
        )

    def _take_try(self, secret_id: str, now: int) -> Secret | None:
        return self._update(
            secret_id,
            "SET tries_left = tries_left - :one, last_try_at = :now",
            f"{UNREAD} AND tries_left >= :one",
            {":now": now, ":one": 1},
        )

    def _reset_and_take_try(self, secret_id: str, now: int) -> Secret | None:
        return self._update(
            secret_id,
            "SET tries_left = :left, last_try_at = :now",
            f"{UNREAD} AND tries_left = :none AND last_try_at <= :locked",
            {":now": now, ":none": 0, ":left": MAX_TRIES - 1, ":locked": now - LOCK_SECONDS},
        )

    def open(self, secret_id: str, access: str, claim: str, *, now: int) -> Secret | None:
        return self._update(
            secret_id,
            "SET opened_at = :now, claim_sha256 = :claim, purge_at = :purge_at",
            f"{UNREAD} AND access_sha256 = :access",
            {":now": now, ":claim": claim, ":access": access, ":purge_at": now + CLAIM_SECONDS},
        )

    def acknowledge(self, secret_id: str, claim: str, *, purge_at: int) -> bool:
        forgotten = self._update(
            secret_id,
            "SET purge_at = :purge_at REMOVE ciphertext",
            "attribute_exists(opened_at) AND claim_sha256 = :claim",
            {":claim": claim, ":purge_at": purge_at},
        )
        return forgotten is not None

    def withdraw(self, secret_id: str, grant_id: str, why: str, *, now: int, purge_at: int) -> None:
        self._update(
            secret_id,
            "SET withdrawn = :why, withdrawn_at = :now, purge_at = :purge_at REMOVE ciphertext",
            f"{WAITING} AND grant_id = :grant",
            {":why": why, ":now": now, ":purge_at": purge_at, ":grant": grant_id},
        )

    def prolong(self, secret_id: str, grant_id: str, *, end: int, new_end: int) -> None:
        self._update(
            secret_id,
            "SET expires_at = :new_end, purge_at = :new_end",
            f"{WAITING} AND grant_id = :grant AND expires_at = :end",
            {":grant": grant_id, ":end": end, ":new_end": new_end},
        )

    def _update(
        self, secret_id: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> Secret | None:
        updated = held(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": secret_id}},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            ReturnValues="ALL_NEW",
        )
        return None if updated is None else _secret(updated["Attributes"])


def _secret(item: Item) -> Secret | None:
    if not item:
        return None
    return Secret(**{"ciphertext": None, **from_item(item)})
