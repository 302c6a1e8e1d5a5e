"""
How many accesses end in a minute, where sites answer at once, after 1 s and after 10 s.

    python -m tests.bench.endings

At once: one worker in this process, the emulated AWS and one real WordPress, on this machine. The
others take simulated time: as many workers as the template deploys, and sites that take so long for
each answer, because waiting is all that happens then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chalicelib import clock
from chalicelib.clock import DAY, TimeBudget
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.web import bodies
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.bench.flow import consent
from tests.fakes.wordpress import FakeSite
from tests.fakes.workers import DEPLOYED, Fleet, Seconds
from tests.fakes.world import NOW, World
from tests.page import Page
from tests.stack.crash import parts_of

REAL, SECONDS = 8, 60.0  # Accesses on the real site, and what each may take.
SIMULATED = 400  # Each on a host of its own.
# A snapshot is five requests; three of them overlap. All other calls are one.
WAITS = {"snapshot": 3}


@dataclass(frozen=True, slots=True)
class Row:
    """Accesses that ended in a minute, where each answer of a site takes *seconds*."""

    name: str
    per_minute: float
    workers: str


def measure() -> list[Row]:
    """Return a row for each kind of site."""
    rows = [Row("at once, on this machine", real(), "1")]
    workers = " and ".join(f"{number}" for number in DEPLOYED.values())
    return rows + [
        Row(f"after {seconds} s, simulated", simulated(seconds), workers) for seconds in (1, 10)
    ]


def simulated(seconds: float) -> float:
    """Return the accesses ended in a minute of simulated time."""
    ours = Seconds()
    real_time, clock.time = clock.time, ours  # type: ignore[assignment, attr-defined]
    try:
        world = World(budget=TimeBudget())
        for number in range(SIMULATED):
            url = f"https://site{number}.example"
            site = world.wordpress.add_site(url)
            key = Credentials("admin", site.consent("admin"))
            request = replace(
                world.request(), grant_id=f"g{number:021}", site_url=url, consent=key, days=1
            )
            world.parts.lifecycle.provision(request, now=NOW)
        _slow_down(world, ours, seconds)
        fleet, now = Fleet(world, ours), NOW + DAY
        begun = ours.now
        ended = 0
        while ended < SIMULATED:  # A sweep each minute hands out what is due.
            fleet.sweep(now)
            ended = sum(grant.state == "ended" for grant in world.grants.items.values())
            now = NOW + DAY + int(ours.now - begun)
        return 60 * SIMULATED / (ours.now - begun)
    finally:
        clock.time = real_time  # type: ignore[attr-defined]


def _slow_down(world: World, ours: Seconds, seconds: float) -> None:
    call = world.wordpress._call

    @contextmanager
    def slow(method: str, url: str, key: Credentials | None = None) -> Iterator[FakeSite]:
        with call(method, url, key) as site:
            ours.now += seconds * WAITS.get(method, 1)
            yield site

    world.wordpress._call = slow  # type: ignore[method-assign]


def real() -> float:
    """Return the accesses that one worker ends in a minute, on the emulated AWS and a real site."""
    with WordPress("7.1") as site, Stack(allowed_sites=(site.url,), front_door=False) as stack:
        parts = parts_of(stack)
        now, ids = int(time.time()), []
        for _ in range(REAL):
            page = Page("", site.url, site.user, consent(site))
            request = bodies.provision(page.user)
            assert isinstance(request, ProvisionRequest)
            parts.ports.budget.start(SECONDS)
            parts.lifecycle.provision(request, now=now)
            ids.append(page.grant_id)
        begun = time.perf_counter()
        for grant_id in ids:
            parts.ports.budget.start(SECONDS)
            tried = parts.worker.finish(grant_id, now=now + DAY)
            if tried is None or not tried.has_ended:
                raise RuntimeError(f"An access did not end: {tried}")
            parts.ports.connections.keep()
        return 60 * REAL / (time.perf_counter() - begun)


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    return [
        "| sites answer | ended per minute | workers |",
        "|---|--:|---|",
        *(f"| {row.name} | {row.per_minute:.0f} | {row.workers} |" for row in rows),
    ]


if __name__ == "__main__":
    print("\n".join(table(measure())))
