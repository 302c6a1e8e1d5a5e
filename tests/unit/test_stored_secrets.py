"""
Secrets that the code of commit 9b84390 stored are read, opened and ended by this one.

Stacks are upgraded with live links in them, and may be rolled back. `secrets-9b84390.json` has an
item of each state, as that code wrote it: the link of `vectors.json`, made at `NOW` for three days.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, cast

import pytest

from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY
from chalicelib.errors import AlreadyOpened, HallpassError, NotFound
from chalicelib.onetime.envelope import Link, encode
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.onetime.model import LOCK_SECONDS, MAX_TRIES, TRACE_SECONDS, Secret
from chalicelib.web import render
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.stores import MemoryGrants

NOW = 1_800_000_000
END = NOW + 3 * DAY
GRANT_ID = "g" * 22
PLAIN, GUARDED = Link.derive(bytes(range(32))), Link.derive(bytes(range(32)), "horse")
CLAIM = encode(hashlib.sha256(b"c" * 22).digest())
STORED = json.loads((Path(__file__).parents[1] / "stored/secrets-9b84390.json").read_text())


def item(name: str) -> dict[str, Any]:
    return {
        attribute: {kind: base64.b64decode(value) if kind == "B" else value}
        for attribute, typed in STORED[name].items()
        for kind, value in typed.items()
    }


def id_of(name: str) -> str:
    return str(STORED[name]["id"]["S"])


@pytest.fixture
def client() -> FakeDynamoDB:
    client = FakeDynamoDB()
    client.items = {id_of(name): item(name) for name in STORED}
    return client


@pytest.fixture
def table(client: FakeDynamoDB) -> SecretTable:
    return SecretTable(cast("Any", client), "secrets")


@pytest.fixture
def secrets(table: SecretTable) -> OneTimeSecrets:
    return OneTimeSecrets(table, MemoryGrants())


def get(table: SecretTable, name: str) -> Secret:
    secret = table.get(id_of(name))
    assert secret is not None
    return secret


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("waiting", "waiting"),
        ("waiting_passphrase", "waiting"),
        ("one_try_spent", "waiting"),
        ("locked", "locked"),
        ("opened", "opened"),
        ("acknowledged", "opened"),
        ("burned", "gone"),
        ("ended", "gone"),
        ("extended", "waiting"),
        ("without_grant", "waiting"),
    ],
)
def test_each_state_is_read_as_what_it_is(table: SecretTable, name: str, state: str) -> None:
    assert render.secret(get(table, name), now=NOW)["state"] == state


def test_there_is_an_item_of_each_state() -> None:
    assert len(STORED) == 10


@pytest.mark.parametrize("name", ["waiting", "extended", "without_grant"])
def test_a_waiting_secret_is_opened_and_acknowledged(
    secrets: OneTimeSecrets, table: SecretTable, name: str
) -> None:
    secret_id = id_of(name)
    ciphertext = secrets.open(secret_id, PLAIN.access_sha256, CLAIM, now=END - 1)
    secrets.acknowledge(secret_id, CLAIM, now=END)

    assert PLAIN.open(ciphertext).rstrip() == '{"n":1}'
    assert get(table, name).ciphertext is None


@pytest.mark.parametrize(
    ("name", "now", "tries_left"),
    [
        ("waiting_passphrase", NOW, MAX_TRIES - 1),
        ("one_try_spent", NOW, MAX_TRIES - 2),
        ("locked", NOW + LOCK_SECONDS, MAX_TRIES - 1),
    ],
)
def test_a_passphrase_is_tried_and_opens(
    secrets: OneTimeSecrets, name: str, now: int, tries_left: int
) -> None:
    with pytest.raises(HallpassError) as wrong:
        secrets.open(id_of(name), PLAIN.access_sha256, CLAIM, now=now)
    assert wrong.value.details() == {"tries_left": tries_left}

    ciphertext = secrets.open(id_of(name), GUARDED.access_sha256, CLAIM, now=now)
    assert GUARDED.open(ciphertext).rstrip() == '{"n":1}'


def test_an_opened_secret_is_fetched_again_by_its_winner_only(secrets: OneTimeSecrets) -> None:
    opened = id_of("opened")

    assert secrets.open(opened, PLAIN.access_sha256, CLAIM, now=NOW + 59)
    with pytest.raises(AlreadyOpened):
        secrets.open(opened, PLAIN.access_sha256, "another", now=NOW + 59)
    with pytest.raises(AlreadyOpened):
        secrets.open(id_of("acknowledged"), PLAIN.access_sha256, CLAIM, now=NOW)


@pytest.mark.parametrize("name", ["burned", "ended"])
def test_a_trace_gives_its_reason(secrets: OneTimeSecrets, name: str) -> None:
    with pytest.raises(NotFound) as lost:
        secrets.peek(id_of(name), now=NOW + 9)

    assert lost.value.details() == {"gone": name, "at": NOW, "grant_id": GRANT_ID}


def test_the_same_steps_still_store_the_same_items(client: FakeDynamoDB) -> None:
    old, client.items = client.items, {}
    table = SecretTable(cast("Any", client), "secrets")

    def add(name: str, link: Link = PLAIN, grant_id: str = GRANT_ID) -> str:
        secret = Secret(
            id=id_of(name),
            ciphertext=link.seal('{"n":1}', b"\x11" * 12),
            access_sha256=link.access_sha256,
            passphrase=link is GUARDED,
            expires_at=END,
            fingerprint="f" * 64,
            grant_id=grant_id,
            purge_at=END,
        )
        assert table.add(secret)
        return secret.id

    purge_at = NOW + TRACE_SECONDS
    add("waiting")
    add("waiting_passphrase", GUARDED)
    add("without_grant", grant_id="")
    table.spend_try(add("one_try_spent", GUARDED), now=NOW)
    locked = add("locked", GUARDED)
    for _ in range(MAX_TRIES):
        table.spend_try(locked, now=NOW)
    for name in ("opened", "acknowledged"):
        assert table.open(add(name), PLAIN.access_sha256, CLAIM, now=NOW)
    table.acknowledge(id_of("acknowledged"), CLAIM, purge_at=purge_at)
    table.revoke(add("burned"), GRANT_ID, "burned", now=NOW, purge_at=purge_at)
    table.revoke(add("ended", GUARDED), GRANT_ID, "ended", now=NOW, purge_at=purge_at)
    table.extend(add("extended"), GRANT_ID, old_end=END, new_end=END + 2 * DAY)

    assert _plain(client.items) == _plain(old)


def test_an_attribute_of_later_code_is_no_obstacle(
    client: FakeDynamoDB, table: SecretTable
) -> None:
    before = get(table, "waiting")
    client.items[before.id]["kind"] = {"S": "of a later version"}

    assert get(table, "waiting") == before


def _plain(items: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return *items* with bytes of any type alike."""
    return {
        key: {
            name: f"{kind} {value!s}"
            for name, typed in row.items()
            for kind, value in typed.items()
        }
        for key, row in items.items()
    }
