"""What `make bench` measures: a warm request of each route, all of its work, on all threads."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import app as app_module
from chalicelib.settings import Settings
from chalicelib.wiring import assemble, connect
from tests.bench.aws import Aws, with_sites
from tests.bench.events import V1_RECENT
from tests.bench.routes import ROUTES, Function
from tests.bench.sample import Sample
from tests.bench.stored import LISTED

CONTEXT = SimpleNamespace(
    aws_request_id="request", get_remaining_time_in_millis=lambda: 29_000, function_name="api"
)
ASKS_A_SITE = {
    *("POST /sites", "POST /users", "POST /grants/{id}/end", "POST /grants/{id}/link"),
    "POST /grants/{id}/repair",
}


def test_each_function_behind_a_route_is_measured() -> None:
    registered = app_module.app.routes
    names: dict[Callable[..., Any], set[str]] = {}
    for path, methods in registered.items():
        for method, entry in methods.items():
            names.setdefault(entry.view_function, set()).add(f"{method} {path}")
    measured = {
        f"{route.events[0]['httpMethod']} {route.events[0]['resource']}" for route in ROUTES
    }

    unmeasured = [sorted(all_) for all_ in names.values() if not all_ & measured]
    assert unmeasured == []
    assert measured <= set.union(*names.values())


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with with_sites(Aws) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        settings = Settings.from_environ(os.environ)
        parts = assemble(connect(settings), settings)
        patch.setattr(app_module, "hallpass", lambda: parts)
        yield server


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_measured_request_does_the_same_each_time(route: Function, aws: Aws) -> None:
    found = []
    for event in route.events * 2:
        aws.reset()
        requests = aws.sites.requests
        answer = app_module.app(aws.sent(event), CONTEXT)
        assert answer["statusCode"] == route.status, answer
        found.append(aws.sites.requests - requests)

    assert len(set(found)) == 1
    assert (found[0] > 0) == (route.name in ASKS_A_SITE)


def test_the_account_has_a_list(aws: Aws) -> None:
    aws.reset()

    listed = json.loads(app_module.app(aws.sent(V1_RECENT), CONTEXT)["body"])

    assert len(listed) == LISTED


@pytest.mark.skipif(sys.platform != "linux", reason="The bench reads what Linux counts.")
def test_the_time_of_threads_that_have_ended_counts() -> None:
    def work() -> None:
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass

    before = Sample.of(os.getpid(), time.perf_counter())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert Sample.of(os.getpid(), time.perf_counter()).cpu - before.cpu >= 50
