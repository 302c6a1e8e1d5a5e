"""What the DynamoDB of the measurements answers: one grant, one secret, and counters at 1."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from chalicelib.aws.grant_item import to_grant_item
from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY
from chalicelib.grants.model import Grant
from chalicelib.onetime.envelope import encode
from chalicelib.onetime.model import Secret
from chalicelib.values import replace
from tests.fakes.world import GRANT, OWNER, World

GRANT_ID, OWNER_TOKEN, SECRET_ID = GRANT, OWNER, "S" * 22
PROOF, CLAIM = b"p" * 32, "c" * 43  # One opens the secret, the other claims it.


def answers() -> dict[tuple[str, str], dict[str, Any]]:
    """Return the answer to each operation on each table; every other answer is empty."""
    grant, secret = to_grant_item(_grant()), _secret()
    opened = replace(secret, opened_at=secret.expires_at, claim_sha256=_sha256(CLAIM.encode()))
    return {
        ("GetItem", "grants"): {"Item": grant},
        ("GetItem", "secrets"): {"Item": _item(secret)},
        ("UpdateItem", "secrets"): {"Attributes": _item(opened)},
        ("UpdateItem", "counters"): {"Attributes": {"hits": {"N": "1"}}},
        ("Query", "grants"): {"Items": [], "Count": 0, "ScannedCount": 0},
    }


def _grant() -> Grant:
    world = World()
    return world.parts.lifecycle.provision(world.request(), now=int(time.time()))[0]


def _secret() -> Secret:
    until = int(time.time()) + DAY
    return Secret(SECRET_ID, b"c" * 300, _sha256(PROOF), False, until, "f")  # noqa: FBT003


def _item(secret: Secret) -> dict[str, Any]:
    written: dict[str, Any] = {}

    class Client:
        def put_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - as botocore has it
            written.update(request["Item"])
            return {}

    SecretTable(Client(), "secrets").add(secret)  # type: ignore[arg-type] # It calls no more.
    return written


def _sha256(value: bytes) -> str:
    return encode(hashlib.sha256(value).digest())
