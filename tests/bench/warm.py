"""
Warm requests of the real zip, beside a bare handler that makes as many DynamoDB calls.

    python -m tests.bench.warm

Processor time of one process that answers the same event many times, without its first answers.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from tests.bench import events
from tests.bench.runtime import Function, Run, Server, start, unpacked
from tests.bench.serving import serving

TIMES, SKIPPED, TURNS = 120, 20, 3
ROUTES = (
    Function("GET /health", "app.app", events.HEALTH),
    Function("GET /secrets/{id}", "app.app", events.LOOK),
    Function("POST /secrets", "app.app", events.STORE),
    Function("POST /secrets/{id}/open", "app.app", events.OPEN),
    Function("POST /secrets/{id}/ack", "app.app", events.ACKNOWLEDGE),
    Function("POST /secrets/{id}/burn", "app.app", events.BURN),
    Function("POST /grants", "app.app", events.REGISTER),
    Function("GET /grants/{id}", "app.app", events.VIEW),
    Function("POST /grants/{id}/extend", "app.app", events.EXTEND),
    Function("GET /v1/status", "app.app", events.V1_STATUS),
    Function("POST /v1/share", "app.app", events.V1_SHARE),
    Function("POST /v1/secret/{key}", "app.app", events.V1_OPEN),
    Function("POST /v1/private/{key}", "app.app", events.V1_VIEW),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Processor milliseconds of one request, of the bare one, and the calls that both make."""

    name: str
    ours: float
    bare: float
    calls: int


def measure() -> list[Row]:
    """Return a row for each route."""
    rows = []
    with unpacked() as code, serving(Server()) as server:
        for route in ROUTES:
            calls = len(start(code, route, server).calls)
            bare = Function("bare", "floor.handler", {"reads": calls})
            pairs = [
                (
                    _each(start(code, route, server, TIMES)),
                    _each(start(code, bare, server, TIMES)),
                )
                for _ in range(TURNS)
            ]
            ours, theirs = zip(*pairs, strict=True)
            rows.append(Row(route.name, statistics.median(ours), statistics.median(theirs), calls))
    return rows


def _each(run: Run) -> float:
    answered = run.answered[SKIPPED:]
    return (answered[-1].cpu - answered[0].cpu) / (len(answered) - 1)


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    return [
        "| route | CPU | bare | × bare | ours beside it | DynamoDB calls |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {row.name} | {row.ours:.2f} ms | {row.bare:.2f} ms | {row.ours / row.bare:.2f}"
            f" | {row.ours - row.bare:+.2f} ms | {row.calls} |"
            for row in rows
        ),
    ]


if __name__ == "__main__":
    print("\n".join(table(measure())))
