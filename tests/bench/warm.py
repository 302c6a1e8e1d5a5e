"""
Warm requests of the real zip, beside a bare handler that makes as many calls, request by request.

    python -m tests.bench.warm [ROUTE …]               all by default; "GET /health", for example

Processor time of one process that answers one request after the other, without its first answers.
The bare handler reads an item for each call of AWS, of whichever service, and gets the REST index
of a site for each request to one. AWS and sites answer at once, and without TLS.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass

from tests.bench.aws import with_sites
from tests.bench.events import SITE
from tests.bench.routes import ROUTES, Function
from tests.bench.runtime import Run, Server, start, unpacked

TIMES, SKIPPED, TURNS = 120, 20, 3


@dataclass(frozen=True, slots=True)
class Row:
    """Processor milliseconds of one request, of the bare one, and the calls that both make."""

    name: str
    ours: float
    bare: float
    calls: float
    visits: float


def measure(routes: tuple[Function, ...] = ROUTES) -> list[Row]:
    """Return a row for each route."""
    rows = []
    with unpacked() as code, with_sites(Server) as server:
        for route in routes:
            pairs = []
            for _ in range(TURNS):
                ours = start(code, route, server, TIMES)
                pairs.append((ours, start(code, _bare(ours), server, TIMES)))
            last, _ = pairs[-1]
            rows.append(
                Row(
                    route.name,
                    statistics.median(_each(ours) for ours, _ in pairs),
                    statistics.median(_each(bare) for _, bare in pairs),
                    statistics.mean(last.calls[SKIPPED + 1 :]),
                    statistics.mean(last.visits[SKIPPED + 1 :]),
                )
            )
    return rows


def _bare(ours: Run) -> Function:
    """Return the bare handler that makes as many calls in each request as *ours* has made."""
    url = f"{SITE}/wp-json/"
    made = zip(ours.calls, ours.visits, strict=True)
    events = tuple({"reads": calls, "visits": visits, "url": url} for calls, visits in made)
    return Function("bare", "floor.handler", events)


def _each(run: Run) -> float:
    answered = run.answered[SKIPPED:]
    return (answered[-1].cpu - answered[0].cpu) / (len(answered) - 1)


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    return [
        "| route | CPU | bare | × bare | ours beside it | AWS calls | requests to the site |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {row.name} | {row.ours:.2f} ms | {row.bare:.2f} ms | {row.ours / row.bare:.2f}"
            f" | {row.ours - row.bare:+.2f} ms | {round(row.calls, 1):g} | {row.visits:g} |"
            for row in rows
        ),
    ]


if __name__ == "__main__":
    chosen = tuple(route for route in ROUTES if route.name in sys.argv[1:])
    print("\n".join(table(measure(chosen or ROUTES))))
