"""
Every death of a job: the process dies before and after each of its calls to the outside.

A job runs once alive, which lists its calls, so a new call cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from chalicelib.wiring import Hallpass
from tests.fakes.crash import Died, Process
from tests.fakes.world import NOW, World

Job = Callable[[Hallpass, int], object]
Begin = Callable[[World], Job]
"""Brings a new world to where a job begins, and returns the job."""
Check = Callable[[World, Job], None]
"""Asserts what holds of the world that a death left, and what the job does when it runs again."""


def every_death(begin: Begin, check: Check) -> int:
    """
    Let the job die before and after each of its calls; return how many deaths that were.

    Every death has a new world. When checks fail, all their errors are raised together, each with
    a note of the death that it is about.
    """
    failures: list[BaseException] = []
    deaths = list(product(enumerate(calls_of(begin)), (False, True)))
    for (number, call), after in deaths:
        world = World()
        try:
            job = begin(world)
            die_in(job, world, number, after=after)
            check(world, job)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - all are raised below
            side = "after" if after else "before"
            error.add_note(f"{begin.__name__}: the process died {side} call {number}, {call}")
            failures.append(error)
    if failures:
        raise BaseExceptionGroup(
            f"{begin.__name__}: {len(failures)} of {len(deaths)} deaths end badly", failures
        )
    return len(deaths)


def calls_of(begin: Begin) -> list[str]:
    """Run the job once, alive; return the names of its calls."""
    world, process = World(), Process()
    job = begin(world)
    job(world.start(process), NOW)
    return process.calls


def die_in(job: Job, world: World, number: int, *, after: bool) -> None:
    process = Process(number, after=after)
    with pytest.raises(Died):
        job(world.start(process), NOW)
