"""
What the DynamoDB of the measurements answers: one grant, its secret, one that a client of One Time
Secret's API has shared, and counters at 1.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from chalicelib.aws.account_table import AccountTable
from chalicelib.aws.grant_item import to_grant_item
from chalicelib.aws.receipt_table import ReceiptTable
from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY
from chalicelib.grants.model import Grant
from chalicelib.onetime.envelope import encode
from chalicelib.onetime.model import Secret
from chalicelib.onetime.receipts import Receipts
from chalicelib.onetime.shared import SharedSecrets
from chalicelib.values import replace
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.world import GRANT, OWNER, World

GRANT_ID, OWNER_TOKEN, SECRET_ID = GRANT, OWNER, "S" * 22
PROOF, CLAIM = b"p" * 32, "c" * 43  # One opens the secret, the other claims it.


TABLES = FakeDynamoDB({"secrets": []})
SHARED = SharedSecrets(
    SecretTable(TABLES, "secrets"),  # type: ignore[arg-type] # It stands in for the client.
    Receipts(ReceiptTable(TABLES, "secrets"), None),  # type: ignore[arg-type] # It mails nothing.
    AccountTable(TABLES, "accounts"),  # type: ignore[arg-type]
).share("a secret", "", None, None, now=int(time.time()))


def items() -> dict[tuple[str, str], dict[str, Any]]:
    """Return what is stored, by table and id."""
    shared = {("secrets", key): item for key, item in TABLES.tables["secrets"].items()}
    grant, secret = to_grant_item(_grant()), _item(_secret())
    return {**shared, ("grants", GRANT_ID): grant, ("secrets", SECRET_ID): secret}


def updated_secrets() -> dict[str, dict[str, Any]]:
    """Return what an update of each item of the secrets table returns: ours was opened."""
    secret = _secret()
    opened = replace(secret, opened_at=secret.expires_at, claim_sha256=_sha256(CLAIM.encode()))
    return {**TABLES.tables["secrets"], SECRET_ID: _item(opened)}


def _grant() -> Grant:
    world = World()
    return world.parts.lifecycle.provision(world.request(), now=int(time.time()))[0]


def _secret() -> Secret:
    until = int(time.time()) + DAY
    return Secret(SECRET_ID, b"c" * 300, _sha256(PROOF), False, until, "f", GRANT_ID)  # noqa: FBT003


def _item(secret: Secret) -> dict[str, Any]:
    written = FakeDynamoDB({"secrets": []})
    SecretTable(written, "secrets").add(secret)  # type: ignore[arg-type] # It stands in for it.
    return written.tables["secrets"][secret.id]


def _sha256(value: bytes) -> str:
    return encode(hashlib.sha256(value).digest())
