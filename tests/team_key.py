"""
The team's key in Python's own cryptography: what a browser of the team has, for tests.

`cryptography` brings its own HPKE (RFC 9180), so nothing of the pages' code is in here.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.onetime.envelope import decode, encode

if TYPE_CHECKING:
    from infra.local.stack import Stack

SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
INFO = b"hallpass/v1 team"
ITERATIONS = 600_000
PASSPHRASE = "ocean brave lemon tiger quiet river"


@dataclass(frozen=True, slots=True)
class TeamKey:
    """A key pair of a team, both halves."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls) -> TeamKey:
        """Return a new one."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, file: str, passphrase: str = PASSPHRASE) -> TeamKey:
        """Return the key in a *file* of the page /team."""
        said = json.loads(file)
        scalar = AESGCM(_stretch(passphrase, decode(said["salt"]))).decrypt(
            decode(said["iv"]), decode(said["sealed"]), _additional(said["public_key"])
        )
        return cls(ec.derive_private_key(int.from_bytes(scalar), ec.SECP256R1()))

    @property
    def public(self) -> str:
        """What stands in config.json."""
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return encode(point)

    def seal(self, link_key: bytes) -> str:
        """Return what stands in a link in the place of *link_key*."""
        return "t." + encode(SUITE.encrypt(link_key, self.private.public_key(), INFO))

    def open(self, box: str) -> bytes:
        """
        Return the link key in *box*.

        Raises:
            InvalidTag: It is damaged or for another key.
        """
        return SUITE.decrypt(decode(box.removeprefix("t.")), self.private, INFO)

    def file(self, passphrase: str = PASSPHRASE) -> str:
        """Return the file in which the key travels, as the page /team makes it."""
        salt, iv = secrets.token_bytes(16), secrets.token_bytes(12)
        scalar = self.private.private_numbers().private_value.to_bytes(32)
        sealed = AESGCM(_stretch(passphrase, salt)).encrypt(iv, scalar, _additional(self.public))
        said = {
            "kind": "hallpass team key",
            "version": 1,
            "suite": "DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM",
            "public_key": self.public,
            "salt": encode(salt),
            "iv": encode(iv),
            "sealed": encode(sealed),
        }
        return json.dumps(said)


@contextmanager
def published(stack: Stack, *keys: TeamKey) -> Iterator[None]:
    """Let the deployed config.json name these keys, newest first."""
    s3, bucket = stack.client("s3"), stack.outputs["SiteBucketName"]
    named = {"Bucket": bucket, "Key": "config.json"}
    before = s3.get_object(**named)["Body"].read()
    kind = {"ContentType": "application/json", "CacheControl": "no-cache"}
    config = {**json.loads(before), "team_keys": [key.public for key in keys]}
    s3.put_object(Body=json.dumps(config).encode(), **named, **kind)
    try:
        yield
    finally:
        s3.put_object(Body=before, **named, **kind)


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ITERATIONS)


def _additional(public_key: str) -> bytes:
    return f"hallpass/v1 team file {public_key}".encode()
