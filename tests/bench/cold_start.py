"""
Cold starts of the real zip, beside the floor.

    python -m tests.bench.cold_start [RUNS]

The floor is `floor.py` over the same zip: its boto3, one client, one `get_item`. Floor and
functions take turns, so that what else the machine does burdens them alike; a ratio is the median
of the ratios within each turn.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass

from tests.bench import events
from tests.bench.aws import with_sites
from tests.bench.routes import Function
from tests.bench.runtime import Run, Server, start, unpacked
from tests.bench.sample import Sample

RUNS = 15
FLOOR = Function("floor", "floor.handler", ({},))
FUNCTIONS = (
    Function("GET /secrets/{id}", "app.app", (events.LOOK,)),
    Function("POST /secrets", "app.app", (events.STORE,), 201),
    Function("GET /grants/{id}", "app.app", (events.VIEW,)),
    Function("GET /v1/status", "app.app", (events.V1_STATUS,)),
    Function("sweep", "app.sweep", (events.SCHEDULED,)),
    Function("end_due", "app.end_due", (events.MESSAGE,)),
)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One function's medians, and the medians of its ratios to the floor's run before it.

    `first` is what it took to the first request to DynamoDB, `whole` to the answer.
    """

    name: str
    first: Sample
    first_ratio: Sample
    whole: Sample
    whole_ratio: Sample


def measure(runs: int = RUNS) -> list[Row]:
    """Return the floor's row and each function's."""
    everything = (FLOOR, *FUNCTIONS)
    with unpacked() as code, with_sites(Server) as server:
        for function in everything:  # Not counted: these fill the system's caches.
            start(code, function, server)
        turns = [[start(code, function, server) for function in everything] for _ in range(runs)]
    rows = []
    for number, function in enumerate(everything):
        firsts = [(_first(turn[number]), _first(turn[0])) for turn in turns]
        wholes = [(turn[number].answered[0], turn[0].answered[0]) for turn in turns]
        rows.append(
            Row(
                function.name,
                _median([ours for ours, _ in firsts]),
                _median([_ratio(*pair) for pair in firsts]),
                _median([ours for ours, _ in wholes]),
                _median([_ratio(*pair) for pair in wholes]),
            )
        )
    return rows


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    lines = [
        "| first request of | CPU | × floor | clock | × floor | MiB | × floor | whole | × floor |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        ratio = row.first_ratio
        lines.append(
            f"| {row.name} | {row.first.cpu:.0f} ms | {ratio.cpu:.2f} | {row.first.wall:.0f} ms"
            f" | {ratio.wall:.2f} | {row.first.memory:.0f} | {ratio.memory:.2f}"
            f" | {row.whole.cpu:.0f} ms | {row.whole_ratio.cpu:.2f} |"
        )
    return lines


def _first(run: Run) -> Sample:
    if run.first is None:
        raise RuntimeError("A function answered without a request to DynamoDB.")
    return run.first


def _ratio(ours: Sample, floor: Sample) -> Sample:
    return Sample(ours.cpu / floor.cpu, ours.wall / floor.wall, ours.memory / floor.memory)


def _median(samples: list[Sample]) -> Sample:
    median = statistics.median
    return Sample(
        median(sample.cpu for sample in samples),
        median(sample.wall for sample in samples),
        median(sample.memory for sample in samples),
    )


if __name__ == "__main__":
    print("\n".join(table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))))
