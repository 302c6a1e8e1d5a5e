"""
One-time secrets in DynamoDB, one item each.

Opening, acknowledging, revoking and extending are one conditional write each; spending a try takes
up to three. Expiry is in the condition, because TTL may purge days late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.aws.dynamodb import Item, call_if, from_item, get_item, to_item
from chalicelib.onetime.model import (
    CLAIM_SECONDS,
    LOCK_SECONDS,
    MAX_PASSPHRASE_TRIES,
    Revocation,
    Secret,
)
from chalicelib.values import asdict, fields

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WAITING = "attribute_exists(ciphertext) AND attribute_not_exists(opened_at)"
UNREAD = f"{WAITING} AND expires_at > :now"
# Attributes that items call otherwise than `Secret` does: stacks are upgraded with secrets in them.
STORED_NAMES = {"revoked_for": "withdrawn", "revoked_at": "withdrawn_at"}


class SecretTable:
    """The secrets table (`onetime.model.SecretStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def add(self, secret: Secret) -> bool:
        """Put *secret* unless its id is taken; False when it is."""
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=_secret_item(secret),
            ConditionExpression="attribute_not_exists(id)",
        )
        return written is not None

    def get(self, secret_id: str) -> Secret | None:
        """Return the secret as it is stored, read consistently, or None."""
        return _secret(get_item(self._client, self._table, secret_id))

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        """Take one try and return the secret; None when it is locked, read or expired."""
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
            {
                ":now": now,
                ":none": 0,
                ":left": MAX_PASSPHRASE_TRIES - 1,
                ":locked": now - LOCK_SECONDS,
            },
        )

    def open(
        self, secret_id: str, access_sha256: str, claim_sha256: str, *, now: int
    ) -> Secret | None:
        """Set the opener's claim in one write and return the secret; None for all others."""
        return self._update(
            secret_id,
            "SET opened_at = :now, claim_sha256 = :claim, purge_at = :purge_at",
            f"{UNREAD} AND access_sha256 = :access",
            {
                ":now": now,
                ":claim": claim_sha256,
                ":access": access_sha256,
                ":purge_at": now + CLAIM_SECONDS,
            },
        )

    def take(self, secret_id: str, access_sha256: str, *, now: int, purge_at: int) -> Secret | None:
        """Delete the ciphertext in the write that opens; the secret that is returned lacks it."""
        return self._update(
            secret_id,
            "SET opened_at = :now, purge_at = :purge_at REMOVE ciphertext",
            f"{UNREAD} AND access_sha256 = :access",
            {":now": now, ":access": access_sha256, ":purge_at": purge_at},
        )

    def acknowledge(self, secret_id: str, claim_sha256: str, *, purge_at: int) -> Secret | None:
        """Delete the ciphertext that this claim has opened; None when it has opened none."""
        return self._update(
            secret_id,
            "SET purge_at = :purge_at REMOVE ciphertext",
            "attribute_exists(opened_at) AND claim_sha256 = :claim",
            {":claim": claim_sha256, ":purge_at": purge_at},
        )

    def revoke(
        self, secret_id: str, grant_id: str, reason: Revocation, *, now: int, purge_at: int
    ) -> None:
        """Delete the ciphertext of an unopened secret of that grant, and record why."""
        self._write(
            secret_id,
            "SET withdrawn = :reason, withdrawn_at = :now, purge_at = :purge_at REMOVE ciphertext",
            f"{WAITING} AND grant_id = :grant",
            {":reason": reason, ":now": now, ":purge_at": purge_at, ":grant": grant_id},
        )

    def extend(self, secret_id: str, grant_id: str, *, old_end: int, new_end: int) -> None:
        """Move the expiry of an unopened secret that expires at *old_end*."""
        self._write(
            secret_id,
            "SET expires_at = :new_end, purge_at = :new_end",
            f"{WAITING} AND grant_id = :grant AND expires_at = :old_end",
            {":grant": grant_id, ":old_end": old_end, ":new_end": new_end},
        )

    def _update(
        self, secret_id: str, update: str, condition: str, values: Mapping[str, Any]
    ) -> Secret | None:
        updated = self._write(secret_id, update, condition, values, returning="ALL_NEW")
        return None if updated is None else _secret(updated["Attributes"])

    def _write(
        self,
        secret_id: str,
        update: str,
        condition: str,
        values: Mapping[str, Any],
        *,
        # The sweep's policy allows this alone: who revokes a secret does not get it back.
        returning: Literal["NONE", "ALL_NEW"] = "NONE",
    ) -> Item | None:
        return call_if(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": secret_id}},
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            ReturnValues=returning,
        )


def _secret_item(secret: Secret) -> Item:
    stored = {STORED_NAMES.get(name, name): value for name, value in asdict(secret).items()}
    if not secret.receipt_sha256:  # A secret of a grant is stored as version 0.1.0 stores it.
        del stored["receipt_sha256"]
    return to_item(stored)


def _secret(item: Item) -> Secret | None:
    """Return the secret of *item*, None for an empty one. An attribute of later code is ignored."""
    if not item:
        return None
    stored = {"ciphertext": None, **from_item(item)}
    names = {field.name: STORED_NAMES.get(field.name, field.name) for field in fields(Secret)}
    return Secret(**{name: stored[at] for name, at in names.items() if at in stored})
