"""On slow sites, each grant counts by its own clock, and the gauge shows what waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.clock import DAY, TimeBudget
from chalicelib.grants.site import Credentials
from chalicelib.grants.worker import Try
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeWordPress
from tests.fakes.world import GRANT, NOW, World

SECONDS = 100
DEADLINE = NOW + 3 * DAY
SECOND = "B" * 22
OTHER = "https://other.example"


class OwnClock(TimeBudget):
    """A budget whose clock only moves when a site lets it wait."""

    at = 0.0

    def spent(self) -> float:
        return self.at

    def share(self, _: float) -> bool:
        return True


class SlowWordPress(FakeWordPress):
    """Sites that take their time to delete a user."""

    def __init__(self, clock: OwnClock) -> None:
        super().__init__()
        self.clock = clock
        self.confirmed_at: list[int] = []

    def delete_self(self, *arguments: Any, **options: Any) -> bool:  # noqa: ANN401
        self.clock.at += SECONDS
        done = super().delete_self(*arguments, **options)
        self.confirmed_at.append(DEADLINE + int(self.clock.at))
        return done


@pytest.fixture
def world() -> World:
    clock = OwnClock()
    world = World(wordpress=SlowWordPress(clock), budget=clock)
    request = world.request()
    world.parts.lifecycle.provision(request, now=NOW)
    other = world.wordpress.add_site(OTHER)  # What one host may take is limited.
    consent = Credentials("admin", other.consent("admin"))
    second = replace(request, grant_id=SECOND, site_url=OTHER, consent=consent)
    world.parts.lifecycle.provision(second, now=NOW)
    return world


def test_an_end_is_recorded_when_the_site_confirmed_it(world: World) -> None:
    sweep_and_work(world.parts, now=DEADLINE)

    ended = sorted(grant.ended_at or 0 for grant in world.grants.items.values())
    assert isinstance(world.wordpress, SlowWordPress)
    assert ended == world.wordpress.confirmed_at == [DEADLINE + SECONDS, DEADLINE + 2 * SECONDS]


def test_no_lease_is_over_before_the_work_on_its_grant(world: World) -> None:
    leases: list[int] = []
    begun: list[float] = []
    clock = world.budget
    lease = world.grants.replace

    def seen(before: Any, after: Any) -> Any:  # noqa: ANN401
        if after.schedule.lease_until > before.schedule.lease_until:
            leases.append(after.schedule.lease_until)
            begun.append(clock.spent())
        return lease(before, after)

    world.grants.replace = seen  # type: ignore[method-assign]
    sweep_and_work(world.parts, now=DEADLINE)

    assert len(leases) == 2
    for until, at in zip(leases, begun, strict=True):
        assert until >= DEADLINE + at + SECONDS, "another sweep would have taken it meanwhile"


def test_the_gauge_is_the_age_of_the_oldest_thing_due_handed_out_or_not(world: World) -> None:
    late = 8 * 60

    first = world.parts.sweep.sweep(now=DEADLINE + late)
    later = world.parts.sweep.sweep(now=DEADLINE + late + 60)

    assert first.handed_out == {"first": 2}
    assert (first.oldest_overdue, first.oldest_due) == (0, late)
    assert later.handed_out == {}, "no worker has had them yet"
    assert (later.oldest_overdue, later.oldest_due) == (0, late + 60)

    sweep_and_work(world.parts, now=DEADLINE + late + 120)

    assert world.parts.sweep.sweep(now=DEADLINE + late + 120).oldest_due == 0


def test_each_try_has_a_line_that_names_no_site_and_no_person(world: World) -> None:
    report = sweep_and_work(world.parts, now=DEADLINE)

    assert set(report.tries) == {Try(each, "closed", has_ended=True) for each in (GRANT, SECOND)}
