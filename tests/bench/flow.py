"""
One access on a real WordPress and the emulated AWS: its steps, its calls, and the bare calls alone.

    python -m tests.bench.flow

Set-up and ending run in this process, wired as the Lambda is, and their calls are recorded. A bare
client then repeats the recorded requests, one after the other over one session, on a second site
that is a copy of the first: what a set-up would take if it were nothing but its requests. The steps
that people wait for are measured through the front door, with everything behind it.
"""

from __future__ import annotations

import base64
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import botocore.client
import requests

from chalicelib.grants.request import ProvisionRequest
from chalicelib.outbound.client import Outbound, Response
from chalicelib.web import bodies
from chalicelib.wiring import Hallpass
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic, token
from tests.stack.crash import parts_of

RUNS = 5
SECONDS = 60.0
LEARNED = re.compile(rb'"(?:password|uuid)":"([^"]+)"|_wpnonce=([0-9a-f]{10})')


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a site, as it was sent, and the site's answer."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    answer: Response


@dataclass
class Work:
    """What one piece of work took, and what it called: `aws` are names of operations."""

    seconds: float = 0.0
    requests: list[Request] = field(default_factory=list)
    aws: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """Medians in seconds, and counts. `bare` is None for what has no bare counterpart."""

    name: str
    seconds: float
    bare: float | None = None
    requests: int | None = None
    aws: int | None = None


def measure(runs: int = RUNS) -> list[Row]:
    """Return a row for set-up, ending, each step through the front door, and a whole flow."""
    with (
        WordPress("7.1") as site,
        WordPress("7.1") as copy,
        Stack(allowed_sites=(site.url,)) as stack,
    ):
        return [*_beside_bare(stack, site, copy, runs), *_steps(stack, site, runs)]


def _beside_bare(stack: Stack, site: WordPress, copy: WordPress, runs: int) -> list[Row]:
    parts = parts_of(stack)
    set_ups, endings = [], []
    for _ in range(runs + 1):
        page = Page("", site.url, site.user, consent(site))
        bare = Bare(site.url, copy.url, {page.application_password: consent(copy)})
        request = bodies.provision(page.user)
        assert isinstance(request, ProvisionRequest)
        set_up = partial(parts.lifecycle.provision, request)
        set_ups.append(_pair(parts, set_up, bare))
        ending = partial(parts.ending.end, page.grant_id, page.owner_token)
        endings.append(_pair(parts, ending, bare))
    # The first ones warm up.
    return [_row("set-up", set_ups[1:]), _row("ending", endings[1:])]


def _pair(parts: Hallpass, job: Callable[..., object], bare: Bare) -> tuple[Work, float]:
    work = Work()
    parts.ports.budget.start(SECONDS)
    with _recording(work):
        begun = time.perf_counter()
        job(now=int(time.time()))
        work.seconds = time.perf_counter() - begun
    parts.ports.connections.keep()
    return work, bare.repeat(work.requests)


def _row(name: str, pairs: list[tuple[Work, float]]) -> Row:
    work = pairs[-1][0]
    return Row(
        name,
        statistics.median(each.seconds for each, _ in pairs),
        statistics.median(bare for _, bare in pairs),
        len(work.requests),
        len(work.aws),
    )


@contextmanager
def _recording(work: Work) -> Iterator[None]:
    """Note every call to the outside in *work*."""
    client: Any = botocore.client.BaseClient
    call_site, call_aws = Outbound.call, client._make_api_call

    def site(self: Outbound, method: str, url: str, **more: Any) -> Response:  # noqa: ANN401
        answer = call_site(self, method, url, **more)
        headers = dict(more.get("headers") or {})
        work.requests.append(Request(method, url, headers, more.get("body"), answer))
        return answer

    def aws(self: Any, operation: str, request: Any) -> Any:  # noqa: ANN401
        work.aws.append(operation)
        return call_aws(self, operation, request)

    Outbound.call = site  # type: ignore[method-assign]
    client._make_api_call = aws
    try:
        yield
    finally:
        Outbound.call = call_site  # type: ignore[method-assign]
        client._make_api_call = call_aws


class Bare:
    """
    Repeats recorded requests on another site, which is a copy of the first.

    Args:
        origin: Of the first site.
        copy: Of the other one.
        keys: What the other site has in the place of what the first one made up.
    """

    def __init__(self, origin: str, copy: str, keys: dict[str, str]) -> None:
        self._words = {origin: copy} | {old.replace(" ", ""): new for old, new in keys.items()}

    def repeat(self, recorded: list[Request]) -> float:
        """Send them; return the seconds that they took. Each must be answered as the first was."""
        taken = 0.0
        with requests.Session() as session:
            for request in recorded:
                body = None if request.body is None else self._translated(request.body.decode())
                begun = time.perf_counter()
                answer = session.request(
                    request.method,
                    self._translated(request.url),
                    headers=self._headers(request.headers),
                    data=body,
                    allow_redirects=False,
                    timeout=SECONDS,
                )
                taken += time.perf_counter() - begun
                if answer.status_code != request.answer.status:
                    raise RuntimeError(f"{request.method} {request.url}: {answer.status_code}")
                self._learn(request.answer.body, answer.content)
        return taken

    def _headers(self, sent: dict[str, str]) -> dict[str, str]:
        kind, _, pair = sent.get("Authorization", "").partition(" ")
        if not kind:
            return sent
        user, _, key = base64.b64decode(pair).decode().partition(":")
        return sent | basic(user, self._words[key])

    def _learn(self, first: bytes, other: bytes) -> None:
        """Note what the sites have made up: keys, their UUIDs, and nonces."""
        found = zip(LEARNED.findall(first), LEARNED.findall(other), strict=False)
        for old, new in ((a[0] or a[1], b[0] or b[1]) for a, b in found):
            self._words[old.decode().replace(" ", "")] = new.decode()

    def _translated(self, text: str) -> str:
        for old, new in self._words.items():
            text = text.replace(old, new)
        return text


def _steps(stack: Stack, site: WordPress, runs: int) -> list[Row]:
    took: dict[str, list[float]] = {}
    for _ in range(runs + 1):
        _one_flow(stack, site, took)
    return [Row(name, statistics.median(each[1:])) for name, each in took.items()]


def _one_flow(stack: Stack, site: WordPress, took: dict[str, list[float]]) -> None:
    def timed(name: str, call: Callable[[], tuple[int, dict[str, Any]]]) -> dict[str, Any]:
        begun = time.perf_counter()
        status, body = call()
        took.setdefault(name, []).append(time.perf_counter() - begun)
        if status >= requests.codes.bad_request:
            raise RuntimeError(f"{name}: {status} {json.dumps(body)}")
        return body

    page = Page(stack.app_url, site.url, site.user, consent(site))
    timed("health", lambda: page.call("GET", "/health"))
    timed("check the site", lambda: page.call("POST", "/sites", {"url": site.url}))
    begun = time.perf_counter()
    made = timed("set up the access", page.create_user)
    timed("store the secret", lambda: page.create_secret(made))
    timed("send the ticket", page.send_ticket)
    took.setdefault("from consent to ticket", []).append(time.perf_counter() - begun)
    timed("look at the secret", lambda: page.call("GET", f"/secrets/{page.link.id}"))
    timed("open it", page.open)
    timed(
        "look at the receipt",
        lambda: page.call("GET", f"/grants/{page.grant_id}", bearer=page.owner_token),
    )
    timed("end the access", page.end)


def consent(site: WordPress) -> str:
    """Approve, as the owner does; return the application password."""
    made = requests.post(
        f"{site.url}/?rest_route=/wp/v2/users/me/application-passwords",
        headers=basic(*site.auth),
        json={"name": f"bench {token(6)}"},
        timeout=SECONDS,
    )
    return str(made.json()["password"]).replace(" ", "")


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    return [
        "| step | takes | its bare requests | × bare | requests to the site | AWS calls |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {row.name} | {row.seconds * 1000:.0f} ms"
            + (
                " | | | | |"
                if row.bare is None
                else f" | {row.bare * 1000:.0f} ms | {row.seconds / row.bare:.2f}"
                f" | {row.requests} | {row.aws} |"
            )
            for row in rows
        ),
    ]


if __name__ == "__main__":
    print("\n".join(table(measure())))
