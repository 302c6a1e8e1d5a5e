"""The local front door behaves like CloudFront with what people should not send."""

from __future__ import annotations

import gzip
import json
import secrets
import time

import pytest
import requests

from infra.local.stack import Stack

SAID_IN_A_QUERY = "wordpress-returns-keys-here-without-javascript"


def test_a_compressed_body_is_refused_as_one_that_is_no_json(stack: Stack) -> None:
    body = gzip.compress(json.dumps({"url": "https://blog.example"}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    for sent in (body, b"not gzip at all"):
        answer = requests.post(f"{stack.app_url}/api/sites", data=sent, headers=headers, timeout=30)

        said = answer.json()
        assert (answer.status_code, said["code"], said["field"]) == (400, "invalid_input", "body")
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/secret/{key}",
        "//secret/{key}",
        "/Secret/{key}",
        "/en/secret/{key}",
        "/%73ecret/{key}",
        "/api/v1/secret/{key}/more",
        "/api/v1//secret/{key}",
        "//api/v1/private/{key}",
        "/api/v1/secret//{key}",
        "/api/v2/secret/{key}",
        "/{key}",
    ],
)
def test_no_key_in_a_path_is_logged_however_it_is_written(stack: Stack, path: str) -> None:
    key = secrets.token_hex(16)[:31]
    mark = secrets.token_hex(4)

    requests.get(f"{stack.app_url}{path.format(key=key)}", timeout=60)
    requests.get(f"{stack.app_url}/{mark}", timeout=60)

    log = stack.directory / "front-door.log"
    end = time.monotonic() + 10
    while mark not in log.read_text() and time.monotonic() < end:
        time.sleep(0.1)
    assert mark in log.read_text()
    assert key not in log.read_text()


@pytest.mark.parametrize(
    ("query", "header", "body", "status"),
    [(100_000, 0, 0, 414), (0, 100_000, 0, 431), (0, 0, 11_000_000, 413)],
    ids=["query", "header", "body"],
)
def test_what_is_too_long_is_refused_and_nothing_of_it_is_kept(
    stack: Stack, query: int, header: int, body: int, status: int
) -> None:
    mark = secrets.token_hex(8)

    answer = requests.post(
        f"{stack.app_url}/api/v1/share?secret={mark}{'a' * query}",
        headers={"X-Sent": mark + "a" * header},
        data=f"passphrase={mark}{'a' * body}",
        timeout=60,
    )

    assert (answer.status_code, answer.json()["code"]) == (status, "too_large")
    assert mark not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert mark not in (stack.directory / "front-door.log").read_text()


def test_no_query_is_logged(stack: Stack) -> None:
    log = stack.directory / "front-door.log"
    path = f"/api/health?password={SAID_IN_A_QUERY}"

    assert requests.get(f"{stack.app_url}{path}", timeout=60).status_code == 200
    end = time.monotonic() + 10
    while "/api/health" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.1)

    assert "GET /api/health 200" in log.read_text()
    assert SAID_IN_A_QUERY not in log.read_text()
