"""
How long things take, on the real stack with a real WordPress. `make bench` prints the table.

Numbers depend on the machine and on what else it does, so no test asserts on them: compare medians
of two runs on the same machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import requests

from infra import package
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic, token

RUNS = 7


def main() -> None:
    """Measure and print."""
    built = package.build()
    print(f"zip                          {built.archive.stat().st_size / 1e6:8.2f} MB")
    with WordPress("7.1") as wordpress, Stack(allowed_sites=(wordpress.url,)) as stack:
        started = time.perf_counter()
        requests.get(f"{stack.app_url}/api/health", timeout=60)
        print(f"first answer (cold)          {(time.perf_counter() - started) * 1000:8.0f} ms")
        rows: dict[str, list[float]] = {}
        for _ in range(RUNS):
            _one_flow(stack, wordpress, rows)
        for name, taken in rows.items():
            ordered = sorted(taken)
            print(
                f"{name:28} {statistics.median(ordered) * 1000:8.0f} ms median"
                f" {ordered[0] * 1000:8.0f} min {ordered[-1] * 1000:8.0f} max"
            )


def _one_flow(stack: Stack, wordpress: WordPress, rows: dict[str, list[float]]) -> None:
    def timed(name: str, call: Callable[[], tuple[int, dict[str, object]]]) -> dict[str, object]:
        begun = time.perf_counter()
        status, body = call()
        rows.setdefault(name, []).append(time.perf_counter() - begun)
        if status >= requests.codes.bad_request:
            raise RuntimeError(f"{name}: {status} {body}")
        return body

    key = requests.post(
        f"{wordpress.url}/?rest_route=/wp/v2/users/me/application-passwords",
        headers=basic(*wordpress.auth),
        json={"name": f"bench {token(6)}"},
        timeout=60,
    ).json()["password"]
    page = Page(stack.app_url, wordpress.url, wordpress.user, key)
    begun = time.perf_counter()
    timed("health (warm)", lambda: page.call("GET", "/health"))
    timed("check the site", lambda: page.call("POST", "/sites", {"url": wordpress.url}))
    made = timed("create user", page.create_user)
    timed("create secret", lambda: page.create_secret(made))
    timed("send ticket", page.send_ticket)
    timed("peek at secret", lambda: page.call("GET", f"/secrets/{page.link.id}"))
    timed("open secret", page.open)
    timed("end, confirmed", page.end)
    rows.setdefault("one whole flow", []).append(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
