"""
No secret is anywhere else than where it belongs.

The whole flow runs with values that nothing else can contain, through its errors as well, and then
every place that keeps anything is searched for them, plain and in the encodings they may travel in.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from chalicelib.onetime.envelope import encode
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, token

PASSPHRASE = "canary passphrase of nobody"
# PHP's own server logs no request that a router answers, so the site keeps an access log itself.
ACCESS_LOG = """<?php file_put_contents(dirname(__DIR__, 2) . '/access.log',
    $_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'] . ' '
    . ($_SERVER['HTTP_REFERER'] ?? '-') . ' ' . ($_SERVER['HTTP_USER_AGENT'] ?? '-') . PHP_EOL,
    FILE_APPEND);"""


@pytest.fixture(scope="module")
def traces(stack: Stack, wordpress: WordPress) -> dict[str, Any]:
    """Run everything once and collect what was kept, by place, with the secrets used."""
    wordpress.mu(ACCESS_LOG)
    approve = requests.post(
        f"{wordpress.url}/?rest_route=/wp/v2/users/me/application-passwords",
        auth=wordpress.auth,
        json={"name": f"canary {token(4)}"},
        timeout=30,
    ).json()
    page = Page(
        stack.app_url,
        wordpress.url,
        wordpress.user,
        approve["password"],
        passphrase=PASSPHRASE,
        password="CanaryPassword" + token(12),
    )
    wrong = Page(stack.app_url, wordpress.url, wordpress.user, "CanaryWrongKey" + token(6))
    bad = Page(stack.app_url, wordpress.url, wordpress.user, "CanaryBadKey", password="Canary\\Bad")
    assert wrong.create_user()[0] == 401
    assert bad.create_user()[0] == 400
    made = page.create_user()[1]
    assert page.create_secret(made)[0] == 201
    assert page.send_ticket()[0] == 201
    assert page.send_ticket(link="https://evil.example/open#" + "C" * 43)[0] == 400
    assert (
        page.call("GET", f"/grants/{page.grant_id}", bearer="CanaryWrongToken" + token())[0] == 404
    )
    refused = {"access": token(), "claim": token()}
    assert page.call("POST", f"/secrets/{page.link.id}/open", refused)[0] == 403
    claim = "CanaryClaim" + token()
    assert page.open(claim)[0] == 200
    assert page.call("POST", f"/secrets/{page.link.id}/ack", {"claim": claim})[0] == 204
    extend = {"days": 1}
    assert (
        page.call("POST", f"/grants/{page.grant_id}/extend", extend, bearer=page.owner_token)[0]
        == 200
    )
    for path, body, bearer in (
        ("ask", {"for": "link"}, page.link.support),
        ("link", {"password": "CanaryNewPassword" + token()}, page.owner_token),
    ):
        status, _ = page.call("POST", f"/grants/{page.grant_id}/{path}", body, bearer=bearer)
        assert status in {200, 204}
    assert page.call("POST", "/sites", {"url": wordpress.url})[0] == 200
    shared = _shared(stack)
    removal = _removal_key(stack, page)
    mailed = _receipt_token_of_an_overdue_mail(stack, wordpress, page)
    before_end = _everything(stack, wordpress)
    assert page.end()[0] == 200
    after_end = _everything(stack, wordpress)
    wordpress.mu("<?php")
    return {
        "page": page,
        "claim": claim,
        "wrong": wrong.application_password,
        "removal": removal,
        "mailed": mailed,
        **shared,
        "places": {name: before_end[name] + after_end[name] for name in before_end},
    }


def test_the_search_finds_what_is_there(traces: dict[str, Any]) -> None:
    assert traces["page"].grant_id.encode() in traces["places"]["tables"]
    assert b"Help" in traces["places"]["mails"]
    assert b"START RequestId" in traces["places"]["logs"]
    assert b"/api/users" in traces["places"]["front door"]
    assert b"/wp/v2/users" in traces["places"]["WordPress"]
    assert b"<!doctype html>" in traces["places"]["pages"].lower()


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(lambda _: PASSPHRASE, id="passphrase"),
        pytest.param(lambda t: t["page"].password, id="password"),
        pytest.param(lambda t: t["page"].application_password, id="consent key"),
        pytest.param(
            lambda t: t["page"].application_password.replace(" ", ""), id="consent key, bare"
        ),
        pytest.param(lambda t: t["wrong"], id="wrong key"),
        pytest.param(lambda t: t["removal"], id="removal key"),
        pytest.param(lambda _: "Canary\\Bad", id="password that was refused"),
        pytest.param(lambda t: t["page"].link.access, id="access proof"),
        pytest.param(lambda t: t["page"].link.support, id="support token"),
        pytest.param(lambda t: t["claim"], id="claim"),
        pytest.param(lambda _: "CanaryNewPassword", id="new password"),
        pytest.param(lambda _: "CanaryWrongToken", id="wrong token"),
        pytest.param(lambda _: "CanarySharedText", id="shared text"),
        pytest.param(lambda _: "CanaryQueryText", id="shared text in a query"),
        pytest.param(lambda _: "CanarySharedPassphrase", id="passphrase of a shared text"),
        pytest.param(lambda t: t["metadata_key"], id="metadata key"),
        pytest.param(lambda t: t["secret_key"], id="secret key"),
        pytest.param(lambda t: t["token"], id="token of an account"),
        pytest.param(lambda t: t["generated"], id="generated password"),
    ],
)
def test_it_is_nowhere(traces: dict[str, Any], secret: Callable[[dict[str, Any]], str]) -> None:
    assert _found(traces["places"], secret(traces)) == set()


def test_the_link_key_is_in_the_ticket_alone(traces: dict[str, Any]) -> None:
    assert _found(traces["places"], encode(traces["page"].link_key)) == {"mails"}
    assert _found(traces["places"], traces["page"].link_key.hex()) == set()


def test_the_owner_token_is_in_the_owners_receipt_link_alone(traces: dict[str, Any]) -> None:
    assert _found(traces["places"], traces["page"].owner_token) == {"mails"}
    mails = json.loads(traces["places"]["mails"].splitlines()[-1])
    holding = {mail["to"] for mail in mails if traces["page"].owner_token in mail["text"]}
    assert holding == {traces["page"].owner_email}


def test_a_mailed_receipt_token_is_in_that_mail_alone(traces: dict[str, Any]) -> None:
    assert _found(traces["places"], traces["mailed"]) == {"mails"}


def _removal_key(stack: Stack, page: Page) -> str:
    """Unseal the one credential that is kept, as only the functions' roles may."""
    item = stack.client("dynamodb").get_item(
        TableName=stack.outputs["GrantsTableName"], Key={"id": {"S": page.grant_id}}
    )["Item"]
    plain: bytes = stack.client("kms").decrypt(
        CiphertextBlob=item["sealed_removal"]["B"],
        EncryptionContext={"grant_id": page.grant_id, "purpose": "removal"},
    )["Plaintext"]
    assert len(plain) == len("abcd efgh ijkl mnop qrst uvwx".replace(" ", ""))
    return plain.decode()


def _shared(stack: Stack) -> dict[str, str]:
    """Do through One Time Secret's API all that its clients do; return the secrets of it."""
    api, added = f"{stack.app_url}/api/v1", stack.add_account("canary@example.com")
    auth = (added["user"], added["token"])
    secret = {"secret": "CanarySharedText", "passphrase": "CanarySharedPassphrase"}
    made = requests.post(f"{api}/share", data=secret, auth=auth, timeout=60).json()
    query = {**secret, "secret": "CanaryQueryText"}
    assert requests.post(f"{api}/share", params=query, timeout=60).status_code == 200
    generated = requests.post(f"{api}/generate", timeout=60).json()["value"]
    keys = {"metadata_key": made["metadata_key"], "secret_key": made["secret_key"]}
    for page in (f"secret/{keys['secret_key']}", f"private/{keys['metadata_key']}"):
        assert requests.get(f"{stack.app_url}/{page}", timeout=60).status_code == 200
    assert requests.get(f"{api}/private/recent", auth=auth, timeout=60).status_code == 200
    for name in ("private", "metadata", "receipt"):
        url = f"{api}/{name}/{keys['metadata_key']}"
        assert requests.get(url, timeout=60).json()["state"] == "new"
    for wrong in ("CanarySharedPassphrase wrong", "CanarySharedPassphrase"):
        url = f"{api}/secret/{keys['secret_key']}"
        requests.post(url, data={"passphrase": wrong}, timeout=60)
    burn = f"{api}/private/{keys['metadata_key']}/burn"
    assert requests.post(burn, timeout=60).status_code == 404
    return {**keys, "token": added["token"], "generated": generated}


def _receipt_token_of_an_overdue_mail(stack: Stack, wordpress: WordPress, page: Page) -> str:
    """Let the removal fail three times, and return the receipt token in the mail about it."""
    wordpress.mu(ACCESS_LOG + "add_filter('rest_pre_dispatch', fn() => wp_die('CanaryBroken'));")
    then = {"N": str(int(time.time()) - 60)}
    for _ in range(3):
        stack.client("dynamodb").update_item(
            TableName=stack.outputs["GrantsTableName"],
            Key={"id": {"S": page.grant_id}},
            UpdateExpression="SET expires_at = :then, due_at = :then",
            ExpressionAttributeValues={":then": then},
        )
        stack.sweep()
    wordpress.mu(ACCESS_LOG)
    mails = requests.get(stack.mail_url, headers={"Accept": "application/json"}, timeout=30).json()
    receipt = f"/receipt#{page.grant_id}."
    (mail,) = [m for m in mails if "still there" in m["subject"] and receipt in m["text"]]
    return str(mail["text"].partition(receipt)[2].split()[0])


def _found(places: dict[str, bytes], secret: str) -> set[str]:
    plain = secret.encode()
    spellings = {
        plain,
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        base64.b64encode(plain).rstrip(b"=")[:-2],
        plain.hex().encode(),
        json.dumps(secret)[1:-1].encode(),
    }
    return {name for name, kept in places.items() if any(each in kept for each in spellings)}


def _everything(stack: Stack, wordpress: WordPress) -> dict[str, bytes]:
    """Return all that is kept anywhere, by place, one line each."""
    logs, tables, s3 = stack.client("logs"), stack.client("dynamodb"), stack.client("s3")
    listed = {"Accept": "application/json"}
    return {
        "logs": b"".join(
            event["message"].encode() + b"\n"
            for group in _all(logs, "describe_log_groups", "logGroups")
            for event in _all(
                logs, "filter_log_events", "events", logGroupName=group["logGroupName"]
            )
        ),
        "tables": b"".join(
            _bytes(_all(tables, "scan", "Items", TableName=stack.outputs[f"{name}TableName"]))
            for name in ("Secrets", "Grants", "Counters", "Accounts")
        ),
        "pages": b"".join(
            s3.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
            for bucket in s3.list_buckets()["Buckets"]
            for item in _all(s3, "list_objects_v2", "Contents", Bucket=bucket["Name"])
            if not item["Key"].endswith(".zip")
        ),
        "metrics": repr(stack.client("cloudwatch").list_metrics()).encode(),
        # With those of the bus, which the local run keeps in a queue.
        "queues": requests.get(
            f"{stack.ministack.endpoint_url}/_ministack/sqs/messages", timeout=30
        ).content,
        "mails": b"\n" + requests.get(stack.mail_url, headers=listed, timeout=30).content,
        "front door": (stack.directory / "front-door.log").read_bytes(),
        "emulator": b"".join(path.read_bytes() for path in stack.directory.glob("*.log")),
        "WordPress": b"".join(path.read_bytes() for path in wordpress.dir.glob("*.log")),
    }


def _all(client: Any, call: str, what: str, **options: str) -> list[Any]:  # noqa: ANN401
    """Return all pages of a listing: a secret may be on the last one."""
    pages = client.get_paginator(call).paginate(**options)
    return [entry for page in pages for entry in page.get(what, [])]


def _bytes(value: object) -> bytes:
    """Return every string and every byte in *value*, so that sealed blobs are searched as well."""
    if isinstance(value, dict):
        return b"".join(_bytes(name) + _bytes(part) for name, part in value.items()) + b"\n"
    if isinstance(value, (list, tuple, set)):
        return b"".join(_bytes(part) for part in value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value) + base64.b64encode(bytes(value))
    return str(value).encode()
