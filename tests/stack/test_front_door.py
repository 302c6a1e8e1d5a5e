"""The local front door behaves like CloudFront with what people should not send."""

from __future__ import annotations

import gzip
import json
import time

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


def test_no_query_is_logged(stack: Stack) -> None:
    log = stack.directory / "front-door.log"
    path = f"/api/health?password={SAID_IN_A_QUERY}"

    assert requests.get(f"{stack.app_url}{path}", timeout=60).status_code == 200
    end = time.monotonic() + 10
    while "/api/health" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.1)

    assert "GET /api/health 200" in log.read_text()
    assert SAID_IN_A_QUERY not in log.read_text()
