"""One-time secrets on the real zip: one reader of many, and native TTL that really deletes."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from chalicelib.onetime.envelope import Link, encode
from infra.local.stack import Stack
from tests.page import Page, token

SECRETS, READERS = 200, 32


def create(stack: Stack, lifetime: int = 3600, passphrase: str | None = None) -> Link:
    link = Link.derive(os.urandom(32), passphrase)
    body = {
        "id": link.id,
        "ciphertext": encode(link.seal("{}", os.urandom(12))),
        "access_sha256": link.access_sha256,
        "passphrase": passphrase is not None,
        "lifetime_seconds": lifetime,
    }
    answer = requests.post(f"{stack.app_url}/api/secrets", json=body, timeout=60)
    assert answer.status_code == 201, answer.text
    return link


@pytest.fixture(scope="module", autouse=True)
def expired(stack: Stack) -> Link:
    """A secret whose time is over; it is purged while the other tests here run, or after them."""
    link = create(stack, lifetime=60)
    table = {"TableName": stack.outputs["SecretsTableName"], "Key": {"id": {"S": link.id}}}
    dynamodb = stack.client("dynamodb")
    assert "Item" in dynamodb.get_item(**table)
    # The clock is turned where it is stored; what deletes the item is DynamoDB alone.
    dynamodb.update_item(
        **table,
        UpdateExpression="SET purge_at = :then, expires_at = :then",
        ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 10)}},
    )
    peeked = requests.get(f"{stack.app_url}/api/secrets/{link.id}", timeout=60)
    assert peeked.status_code == 404, "expired is gone, purged or not"
    return link


def test_two_hundred_secrets_for_thirty_two_readers_at_once_are_read_by_one_each(
    stack: Stack,
) -> None:
    with ThreadPoolExecutor(8) as pool:
        links = list(pool.map(lambda _: create(stack), range(SECRETS)))

    with ThreadPoolExecutor(READERS) as pool, requests.Session() as session:
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=READERS)
        session.mount("http://", adapter)

        def read(link: Link) -> int:
            return session.post(
                f"{stack.app_url}/api/secrets/{link.id}/open",
                json={"access": link.access, "claim": token()},
                timeout=120,
            ).status_code

        # All readers of one secret go first, so that they meet.
        outcomes = [list(pool.map(read, [link] * READERS)) for link in links]

    assert Counter(status for each in outcomes for status in each) == {
        200: SECRETS,
        410: SECRETS * (READERS - 1),
    }
    assert all(each.count(200) == 1 for each in outcomes)


def test_forty_guesses_at_once_spend_five_tries_and_lock(stack: Stack) -> None:
    link = create(stack, passphrase="correct horse")
    wrong = Link.derive(os.urandom(32))

    def guess(_: int) -> int:
        return requests.post(
            f"{stack.app_url}/api/secrets/{link.id}/open",
            json={"access": wrong.access, "claim": token()},
            timeout=60,
        ).status_code

    with ThreadPoolExecutor(40) as pool:
        outcomes = Counter(pool.map(guess, range(40)))

    assert outcomes == {403: 5, 423: 35}


def test_an_unopened_secret_is_deleted_by_native_ttl(stack: Stack, expired: Link) -> None:
    table = {"TableName": stack.outputs["SecretsTableName"], "Key": {"id": {"S": expired.id}}}
    dynamodb = stack.client("dynamodb")

    until = time.monotonic() + 150
    while "Item" in dynamodb.get_item(**table) and time.monotonic() < until:
        time.sleep(1)
    assert "Item" not in dynamodb.get_item(**table)


def test_a_locked_link_sends_the_owner_a_mail_and_the_access_continues(
    stack: Stack, owner: Page, mails: Callable[[], list[dict[str, str]]]
) -> None:
    owner = replace(owner, passphrase="correct horse", owner_email="locked@blog.example")
    made = owner.create_user()[1]
    owner.create_secret(made)
    wrong = {"access": token(), "claim": token()}
    for left in (4, 3, 2, 1, 0):
        status, said = owner.call("POST", f"/secrets/{owner.link.id}/open", wrong)
        assert (status, said["tries_left"]) == (403, left)

    for _ in range(2):
        stack.sweep()

    (mail,) = [m for m in mails() if m["to"] == owner.owner_email]
    assert f"{stack.app_url}/receipt#{owner.grant_id}." in mail["text"]
    shown = owner.grant()
    assert (shown["state"], shown["secret"]["state"]) == ("active", "locked")
    assert [e["event"] for e in shown["timeline"]] == ["access_created", "link_locked"]
    assert owner.end()[0] == 200
