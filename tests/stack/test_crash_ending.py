"""As `test_crash.py`: Hallpass dies at every call of ending, sweeping and repairing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.clock import DAY, HOUR
from tests.stack.crash import Job
from tests.stack.real_world import RealWorld, bring_to_life, ends, every_point, swept


def ended(world: RealWorld) -> Job:
    bring_to_life(world)
    return ends(world)


def swept_at_the_deadline(world: RealWorld) -> Job:
    bring_to_life(world)
    return lambda parts, now: swept(parts, now + 3 * DAY)


def repaired(world: RealWorld) -> Job:
    bring_to_life(world)
    grant = world.grant
    assert grant is not None
    world.rest("DELETE", f"/{grant.on_site.user_id}/application-passwords")
    consent = world.consent()
    return lambda parts, now: parts.repair.repair(world.grant_id, world.owner, consent, now=now)


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
    new_world: Callable[[], RealWorld], before: Callable[[RealWorld], Job], by: str
) -> None:
    points = every_point(new_world, before)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = new_world()
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
