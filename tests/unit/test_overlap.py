"""Parts that overlap: results in order, a few at once, and what an error stops."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import KeyRefused
from chalicelib.outbound.client import Response
from chalicelib.outbound.overlap import MAX_AT_ONCE, overlapped
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.snapshot import take_snapshot


def test_results_come_in_the_order_of_the_parts() -> None:
    last_is_done = threading.Event()

    def first() -> str:
        assert last_is_done.wait(10), "the parts overlap"
        return "first"

    def last() -> str:
        last_is_done.set()
        return "last"

    assert overlapped([first, last]) == ["first", "last"]


def test_only_a_few_run_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(MAX_AT_ONCE)

    def part() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait(10)
        with lock:
            running -= 1

    overlapped([part] * (2 * MAX_AT_ONCE))

    assert most == MAX_AT_ONCE


def test_the_first_error_counts_and_no_later_part_begins() -> None:
    begun: list[int] = []

    def failing(number: int) -> Callable[[], None]:
        def part() -> None:
            begun.append(number)
            raise ValueError(number)

        return part

    with pytest.raises(ValueError, match="0"):
        overlapped([failing(number) for number in range(2 * MAX_AT_ONCE)])
    assert sorted(begun) == list(range(MAX_AT_ONCE))


def test_one_part_alone_runs_in_the_caller_s_thread() -> None:
    assert overlapped([threading.get_ident]) == [threading.get_ident()]


class Site:
    """Answers every request with *status* and *body*, and counts them."""

    def __init__(self, status: int, body: object) -> None:
        self._answer = status, json.dumps(body).encode()
        self.requests = 0

    def call(self, _: str, url: str, **__: object) -> Response:
        self.requests += 1
        status, body = self._answer
        return Response(status, {"content-type": "application/json"}, body, url)


def test_a_snapshot_sends_a_refused_key_once() -> None:
    refusal = {"code": "rest_not_logged_in", "message": "", "data": {"status": 401}}
    site: Any = Site(401, refusal)

    with pytest.raises(KeyRefused):
        take_snapshot(Rest(site, "https://site.example/wp-json/"))
    assert site.requests == 1
