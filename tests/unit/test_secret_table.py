"""Items of secrets keep the attribute names of version 0.1.0, so a stack can be rolled back."""

from __future__ import annotations

from typing import Any, cast

import pytest

from chalicelib.aws.secret_table import SecretTable
from chalicelib.onetime.model import Secret
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.world import NOW

SECRET = Secret("s" * 22, b"sealed", "right", passphrase=True, expires_at=NOW + 9, fingerprint="f")
ADDED = {
    "id": {"S": SECRET.id},
    "ciphertext": {"B": b"sealed"},
    "access_sha256": {"S": "right"},
    "passphrase": {"BOOL": True},
    "expires_at": {"N": str(NOW + 9)},
    "fingerprint": {"S": "f"},
    "grant_id": {"S": ""},
    "tries_left": {"N": "5"},
    "last_try_at": {"N": "0"},
    "claim_sha256": {"S": ""},
    "withdrawn": {"S": ""},
    "purge_at": {"N": "0"},
}


@pytest.fixture
def client() -> FakeDynamoDB:
    return FakeDynamoDB()


@pytest.fixture
def table(client: FakeDynamoDB) -> SecretTable:
    table = SecretTable(cast("Any", client), "secrets")
    assert table.add(SECRET)
    return table


def item(client: FakeDynamoDB) -> dict[str, Any]:
    return client.tables["secrets"][SECRET.id]


def test_a_new_secret(client: FakeDynamoDB, table: SecretTable) -> None:
    assert item(client) == ADDED
    assert table.get(SECRET.id) == SECRET


def test_a_revoked_one(client: FakeDynamoDB, table: SecretTable) -> None:
    table.revoke(SECRET.id, "", "burned", now=NOW, purge_at=NOW + 99)

    left = {name: value for name, value in ADDED.items() if name != "ciphertext"}
    assert item(client) == {
        **left,
        "withdrawn": {"S": "burned"},
        "withdrawn_at": {"N": str(NOW)},
        "purge_at": {"N": str(NOW + 99)},
    }


def test_an_opened_one(client: FakeDynamoDB, table: SecretTable) -> None:
    table.open(SECRET.id, "right", "claim", now=NOW)

    assert item(client) == {
        **ADDED,
        "opened_at": {"N": str(NOW)},
        "claim_sha256": {"S": "claim"},
        "purge_at": {"N": str(NOW + 60)},
    }


def test_an_attribute_of_later_code_is_ignored(client: FakeDynamoDB, table: SecretTable) -> None:
    item(client)["kind"] = {"S": "of a later version"}

    assert table.get(SECRET.id) == SECRET
