"""
KMS: seals the keys that must be kept.

One direct Encrypt call (AWS allows 4096 bytes of plaintext; a key has 24). The grant's id and the
purpose go in as encryption context, so a ciphertext that is moved to another grant, or used for
another purpose, does not open; the functions' IAM policies allow no other context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import TryAgain
from chalicelib.grants.ports import Purpose

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSealer:
    """Seals with one KMS key (`grants.ports.Sealer`)."""

    def __init__(self, client: KMSClient, key_arn: str) -> None:
        self._client, self._key_arn = client, key_arn

    def seal(self, plaintext: str, *, grant_id: str, purpose: Purpose) -> bytes:
        """Return the ciphertext of KMS; raise `TryAgain` when KMS refuses or does not answer."""
        try:
            return self._client.encrypt(
                KeyId=self._key_arn,
                Plaintext=plaintext.encode(),
                EncryptionContext={"grant_id": grant_id, "purpose": purpose},
            )["CiphertextBlob"]
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: Purpose) -> str:
        """Return the plaintext; raise `TryAgain` for any failure, another context included."""
        try:
            return self._client.decrypt(
                KeyId=self._key_arn,
                CiphertextBlob=sealed,
                EncryptionContext={"grant_id": grant_id, "purpose": purpose},
            )["Plaintext"].decode()
        except (ClientError, BotoCoreError) as error:
            raise TryAgain from error
