"""As `test_crash.py`: Hallpass dies at every call of ending, sweeping and repairing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.clock import DAY, HOUR
from tests.stack.crash import Job
from tests.stack.outside import Outside, bring_to_life, ends, every_point, swept


def ended(outside: Outside) -> Job:
    bring_to_life(outside)
    return ends(outside)


def swept_at_the_deadline(outside: Outside) -> Job:
    bring_to_life(outside)
    return lambda parts, now: parts.sweep.sweep(now=now + 3 * DAY)


def repaired(outside: Outside) -> Job:
    bring_to_life(outside)
    grant = outside.grant
    assert grant is not None
    outside.rest("DELETE", f"/{grant.on_site.user_id}/application-passwords")
    consent = outside.consent()
    return lambda parts, now: parts.repair.repair(outside.grant_id, outside.owner, consent, now=now)


@pytest.mark.parametrize(
    ("before", "by"),
    [
        (ended, "the sweep"),
        (ended, "the same request"),
        (swept_at_the_deadline, "the sweep"),
        (repaired, "the sweep"),
        (repaired, "the same request"),
    ],
)
def test_an_end_or_a_repair_that_died_anywhere_is_finished(
    outside: Callable[[], Outside], before: Callable[[Outside], Job], by: str
) -> None:
    points = every_point(outside, before)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = outside()
        job = before(world)
        world.dies(job, point)
        grant = world.grant
        assert grant is not None
        if grant.state == "ended":
            assert world.strangers == [], f"a false end at {point}"

        is_kept = grant.consent is not None or grant.state == "ended"
        if by == "the same request":
            world.lives(job, world.now + HOUR)
        else:
            world.lives(swept, world.now + 4 * DAY)
            if before is repaired and not is_kept and world.strangers != []:
                # It died before the new consent was recorded, so the sweep has no key that works.
                assert world.grant is not None
                assert world.grant.state == "active"
                world.lives(job, world.now + 5 * DAY)
        world.lives(swept, world.now + 6 * DAY)

        world.nothing_is_left()
