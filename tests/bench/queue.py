"""
Accesses that are all due at once, ended by the deployed zip through the emulated queues.

    python -m tests.bench.queue [ACCESSES [SECONDS]]       300 and 1.0 by default
    make bench ARGS=queue

All sites are on one host and take a second for each answer. The workers are 20: 5 of first tries,
15 of retries, where most of one host's accesses go. The whole takes six minutes at most, and prints
what has ended by then. It is not among the parts that `make bench` measures by default, because
what it measures on a small machine is the emulator:

* MiniStack has one thread for all queues and streams. In each pass it takes one message of each
  queue, and then runs the function of the grants' stream (`announce`) and waits for it. Every
  ending writes to the stream, so there is something to announce in each pass, and at most two
  workers start in the time that `announce` takes: a fraction of a second on an idle machine,
  several seconds on a busy one.
* Each worker is a process of its own, for which MiniStack unpacks the whole zip. They stay until
  five minutes idle, so this is paid 20 times.
* What a worker does not finish in its 90 s, or Lambda refuses, stays out of sight for the 540 s of
  the queue: on a machine that is too busy for that, an access is not tried again in time.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass

from chalicelib.clock import DAY
from chalicelib.grants.request import ProvisionRequest
from chalicelib.settings import Settings
from chalicelib.values import replace
from chalicelib.web import bodies
from chalicelib.wiring import Hallpass, assemble
from infra.local import one_sweep
from infra.local.stack import Stack
from tests.bench.serving import serving
from tests.bench.slow_sites import OWNER, SlowSites
from tests.fakes.stores import MemoryGrants, MemoryHits
from tests.page import Page
from tests.stack.crash import parts_of

ACCESSES, SECONDS = 300, 1.0
MAX_SECONDS = 360.0  # Of everything, the set-up included.
WORKERS = {"DueConcurrency": "5", "RetryConcurrency": "15", "WorkerConcurrency": "20"}
LATE = 60  # How long they have been due.
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """
    What came of *accesses* that were due at once.

    `seconds` is from the sweep to the last deletion. `doubled` counts the sites that were asked
    twice to delete, or twice whose key it is, and the accesses that two workers have tried.
    `at_once` is the most requests that waited at the sites together.
    """

    accesses: int
    ended: int
    seconds: float
    first: float
    middle: float
    doubled: int
    at_once: int
    load: float

    @property
    def per_minute(self) -> float:
        return 60 * self.ended / self.seconds if self.seconds else 0.0


def measure(accesses: int = ACCESSES, seconds: float = SECONDS) -> Result:
    """Set *accesses* up, let all of them be due, and see them end; stop after `MAX_SECONDS`."""
    until = time.monotonic() + MAX_SECONDS
    with (
        serving(SlowSites(accesses)) as sites,
        Stack(allowed_sites=(sites.origin,), parameters=WORKERS, front_door=False) as stack,
    ):
        events = stack.client("events")
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])
        _store_due(parts_of(stack), sites)
        sites.seconds = seconds
        for site in sites.sites.values():
            site.asked.clear()
        began, began_at = time.monotonic(), int(time.time() * 1000)
        one_sweep._invoke(stack.client("lambda"), stack.outputs["SweepName"])
        while time.monotonic() < until and _ended(sites) < accesses:
            time.sleep(LOOK_SECONDS)
        load = os.getloadavg()[0]
        times = sorted(
            site.ended_at - began for site in sites.sites.values() if site.ended_at is not None
        )
        _settle(stack, until)
        tried = Counter(
            str(line["grant_id"])
            for line in one_sweep._worker_lines(stack.client, stack.outputs, began_at)
            if line["message"] == "tried"
        )
    asked_twice = sum(max(site.asked.values(), default=0) > 1 for site in sites.sites.values())
    return Result(
        accesses=accesses,
        ended=len(times),
        seconds=times[-1] if times else 0.0,
        first=times[0] if times else 0.0,
        middle=statistics.median(times) if times else 0.0,
        doubled=asked_twice + sum(count > 1 for count in tried.values()),
        at_once=sites.at_once,
        load=load,
    )


def _store_due(parts: Hallpass, sites: SlowSites) -> None:
    """
    Set an access up on each site, as the API does but in this process, and store it as it is.

    Only its last state is written, so that the stream has little to announce when the time begins.
    """
    memory = MemoryGrants()
    ports = replace(parts.ports, grants=memory, hits=MemoryHits())
    setting_up = assemble(ports, Settings.from_environ(os.environ))
    now = int(time.time()) - DAY - LATE
    for site in sites.sites.values():
        page = Page("", site.url, OWNER, site.add_key(1)["password"])
        request = bodies.provision(page.user)
        assert isinstance(request, ProvisionRequest)
        ports.budget.start(60)
        made, _ = setting_up.lifecycle.provision(request, now=now)
        if made.state != "active":
            raise RuntimeError(f"A set-up is not complete: {made.state}")
    for grant in memory.items.values():
        parts.ports.grants.add(grant)


def _ended(sites: SlowSites) -> int:
    return sum(site.ended_at is not None for site in sites.sites.values())


def _settle(stack: Stack, until: float) -> None:
    """Wait until the queues are empty: the mails of the last ones are sent, the lines written."""
    while time.monotonic() < until and not one_sweep._is_idle(stack.client("sqs"), stack.outputs):
        time.sleep(LOOK_SECONDS)


def table(result: Result) -> list[str]:
    """Return *result* as a Markdown table."""
    names = (
        *("due at once", "ended", "last after", "half after", "first after", "ended a minute"),
        *("doubled", "requests at once", "load"),
    )
    values = (
        *(str(result.accesses), str(result.ended), f"{result.seconds:.0f} s"),
        *(f"{result.middle:.0f} s", f"{result.first:.0f} s", f"{result.per_minute:.0f}"),
        *(str(result.doubled), str(result.at_once), f"{result.load:.1f}"),
    )
    return [f"| {' | '.join(row)} |" for row in (names, ["--:"] * len(names), values)]


if __name__ == "__main__":
    given = sys.argv[1:]
    wanted = int(given[0]) if given else ACCESSES
    print("\n".join(table(measure(wanted, float(given[1]) if given[1:] else SECONDS))))
