"""
The AWS calls of one access, counted over the real routes and tables; docs/cost.md has their prices.

    python -m tests.bench.calls
"""

from __future__ import annotations

import contextlib
import io

import pytest

from tests import one_access


def measure() -> one_access.Calls:
    """Return the calls of one access; the lines of its log are not printed."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        return one_access.play(patch)


def table(calls: one_access.Calls) -> list[str]:
    """Return *calls* as a Markdown table."""
    empty = calls.of_steps["sweep that finds nothing"]
    steps = {**calls.of_steps, "events on the bus": calls.announced}
    steps["end by sweep and worker"] -= empty
    del steps["sweep that finds nothing"]
    return [
        "| step | AWS calls |",
        "|---|--:|",
        *(f"| {name} | {number} |" for name, number in steps.items()),
        f"| **sum** | **{sum(steps.values())}** |",
        "",
        f"The {empty} queries of each sweep, also of one that finds nothing, are not in it.",
    ]


if __name__ == "__main__":
    print("\n".join(table(measure())))
