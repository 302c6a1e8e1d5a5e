"""
Hallpass dies at every call to the outside, one point at a time, on real WordPress.

The calls are found by running each job once, so a new call cannot be forgotten. After each death
the same request again, or else the sweep, must bring the access to exactly one of two ends: it
works, or nothing is left. `tests/unit/test_crashes.py` does the same over fakes, at every port.

Here: set-up, opening and extending. `test_crash_ending.py` has the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY, HOUR
from chalicelib.errors import SiteUnsupported
from chalicelib.grants.set_up import MAX_SET_UP_SECONDS
from tests.stack.crash import Job, run
from tests.stack.real_world import RealWorld, bring_to_life, ends, every_point, prepared, swept


@pytest.mark.parametrize("by", ["the same request", "the sweep"])
def test_a_set_up_that_died_anywhere(new_world: Callable[[], RealWorld], by: str) -> None:
    points = every_point(new_world, prepared)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = new_world()
        job = prepared(world)
        world.dies(job, point)

        if by == "the same request":
            world.lives(job, world.now + 60)
            grant = world.grant
            assert grant is not None
            assert grant.state == "active", point
            assert world.strangers == [grant.username], point
            assert world.owner_keys == 0, point
            world.lives(ends(world), world.now + 60)
        elif world.grant is None:
            assert world.owner_keys == 1, "no user was sent the consent key yet"
            world.rest("DELETE", "/me/application-passwords/" + _key_id(world))
        else:
            world.lives(swept, world.now + MAX_SET_UP_SECONDS + HOUR)
            if world.grant is not None and world.grant.state == "active":
                # It died after its last step: the access works, and ends like any other.
                world.lives(swept, world.now + 4 * DAY)
        world.nothing_is_left()


VETO = """<?php add_filter('rest_pre_insert_user', fn() => new WP_Error('vetoed', 'No.'));"""


def test_a_refused_set_up_that_died_anywhere_leaves_nothing(
    new_world: Callable[[], RealWorld],
) -> None:
    def refused(world: RealWorld) -> Job:
        request = world.request()

        def job(parts: Any, now: int) -> None:  # noqa: ANN401 - the child's own parts
            with suppress(SiteUnsupported):
                parts.lifecycle.provision(request, now=now)

        return job

    world = new_world()
    world.wordpress.mu(VETO)
    points = len(world.lives(refused(world)))
    world.nothing_is_left()
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = new_world()
        world.dies(refused(world), point)
        if world.grant is None and world.owner_keys:
            # Before the record; the owner's page can still use the key, or the owner delete it.
            world.rest("DELETE", "/me/application-passwords/" + _key_id(world))
        world.lives(swept, world.now + MAX_SET_UP_SECONDS + HOUR)
        world.nothing_is_left()
    world.wordpress.mu("<?php")


def test_an_opening_that_died_anywhere_has_one_reader(new_world: Callable[[], RealWorld]) -> None:
    def opened(claim: str) -> Callable[[RealWorld], Job]:
        return lambda world: (
            lambda parts, now: parts.secrets.open(world.grant_id, "proof", claim, now=now)
        )

    def ready(world: RealWorld) -> Job:
        bring_to_life(world)
        return opened("claim")(world)

    points = every_point(new_world, ready)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = new_world()
        job = ready(world)
        world.dies(job, point)
        table = SecretTable(world.stack.client("dynamodb"), world.stack.outputs["SecretsTableName"])
        secret = table.get(world.grant_id)
        assert secret is not None
        if secret.opened_at is not None:
            other = run(world.parts, opened("another claim")(world), world.now + 1)
            assert "AlreadyOpened" in other[1][-1]
        world.lives(job, world.now + 1)
        assert world.grant is not None
        events = [event.name for event in world.grant.timeline]
        assert events.count("link_opened") == 1
        world.lives(swept, world.now + 5 * DAY)
        world.nothing_is_left()


def test_an_extension_that_died_anywhere_happened_or_did_not(
    new_world: Callable[[], RealWorld],
) -> None:
    def extended(world: RealWorld) -> Job:
        bring_to_life(world)
        return lambda parts, now: parts.lifecycle.extend(
            world.grant_id, world.owner, days=2, now=now
        )

    points = every_point(new_world, extended)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = new_world()
        world.dies(extended(world), point)
        grant = world.grant
        assert grant is not None
        assert grant.expires_at in (world.now + 3 * DAY, world.now + 5 * DAY)
        assert grant.schedule.due_at == grant.expires_at
        world.lives(swept, world.now + 6 * DAY)
        world.nothing_is_left()


def _key_id(world: RealWorld) -> str:
    """Return the id of the one consent key that is left on the owner's account."""
    keys = world.rest("GET", "/me/application-passwords").json()
    uuids = [str(key["uuid"]) for key in keys if key["name"].startswith("H ")]
    assert len(uuids) == 1
    return uuids[0]
