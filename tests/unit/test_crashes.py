"""
The process dies before and after every world call, one point at a time.

The points are found by running each job once and counting its calls, so a new call cannot be
forgotten. After each death, first the same request again and then, from a fresh start, the sweep
alone must bring the grant to exactly one of two ends: it works, or nothing is left.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR
from chalicelib.errors import HallpassError
from chalicelib.grants.request import ProvisionRequest, RegisterRequest
from chalicelib.grants.set_up import SETUP_SECONDS
from chalicelib.grants.site import Credentials
from chalicelib.notifications.tickets import Ticket
from chalicelib.onetime.model import Secret
from chalicelib.wiring import Hallpass
from tests.fakes.crash import Died, Process
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    SECRET,
    SUPPORT,
    SUPPORT_MAIL,
    URL,
    World,
    repair,
)

SEALED = Secret(SECRET, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003
TICKET = Ticket("Olivia", OWNER_MAIL, "Help", "Broken", URL, "", GRANT, OWNER)

Job = Callable[[Hallpass, int], object]


def active(world: World) -> ProvisionRequest:
    """Bring the world to an active access with a waiting secret."""
    request = world.request()
    parts = world.start(Process())
    parts.lifecycle.provision(request, now=NOW)
    parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=NOW)
    return request


def points(before: Callable[[World], Job]) -> list[tuple[int, bool]]:
    """Run the job once, alive, and return every point at which it could die."""
    world = World()
    job = before(world)
    process = Process()
    job(world.start(process), NOW)
    return [(number, after) for number in range(len(process.calls)) for after in (False, True)]


def die_in(job: Job, world: World, number: int, *, after: bool) -> None:
    process = Process(number, after=after)
    with pytest.raises(Died):
        job(world.start(process), NOW)


def refused_by(fault: str) -> Callable[[World], Job]:
    """A set-up that the site refuses at some step, so that all of it is taken back."""

    def refused(world: World) -> Job:
        request = world.request()
        setattr(world.site, *REFUSALS[fault])

        def job(parts: Hallpass, now: int) -> None:
            with suppress(HallpassError):
                parts.lifecycle.provision(request, now=now)

        return job

    return refused


REFUSALS: dict[str, tuple[str, object]] = {
    "network": ("multisite", True),
    "protected": ("protects_users", True),
    "vetoed": ("refuses_creation", True),
    "other role": ("gives_role", "subscriber"),
}


def undoing(world: World, number: int) -> Job:
    """The sweep that takes back a set-up which died at its call *number*."""
    die_in(preparing(world), world, number, after=True)
    return lambda parts, now: parts.sweep.sweep(now=now + SETUP_SECONDS + HOUR)


def preparing(world: World) -> Job:
    request = world.request()
    return lambda parts, now: parts.lifecycle.provision(request, now=now)


def securing(world: World) -> Job:
    request = world.request()
    world.start(Process()).lifecycle.provision(request, now=NOW)
    return lambda parts, now: parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=now)


def telling(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.tickets.send(TICKET, now=now)


def opening(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.secrets.open(SECRET, "proof", "claim", now=now)


def extending(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.lifecycle.extend(GRANT, OWNER, days=2, now=now)


def ending(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.ending.end(GRANT, OWNER, now=now)


def sweeping(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.sweep.sweep(now=now + 3 * DAY)


def repairing(world: World) -> Job:
    active(world)
    world.site.revoke(world.grants.items[GRANT].username)
    world.start(Process()).sweep.sweep(now=NOW - 1)
    consent = Credentials("admin", world.site.consent("admin"))
    return lambda parts, now: repair(parts, consent, now)


def repairing_by_hand(world: World) -> Job:
    world.site.add_user("helper")
    made = RegisterRequest(GRANT, URL, "helper", 3, OWNER, SUPPORT, OWNER_MAIL)
    world.start(Process()).lifecycle.register(made, now=NOW)
    consent = Credentials("admin", world.site.consent("admin"))
    return lambda parts, now: repair(parts, consent, now)


def nothing_is_left(world: World) -> None:
    assert world.strangers == []
    assert world.owner_keys == 0
    grant = world.grants.items[GRANT]
    assert (grant.state, grant.consent, grant.on_site.sealed_removal) == ("ended", None, None)
    assert grant.schedule.due_at is None
    secret = world.stored.items.get(SECRET)
    assert secret is None or secret.ciphertext is None or secret.opened_at


@pytest.mark.parametrize(("number", "after"), points(preparing))
class TestSetUp:
    def test_the_same_request_again_finishes_it(self, number: int, *, after: bool) -> None:
        world = World()
        job = preparing(world)
        die_in(job, world, number, after=after)

        job(world.start(Process()), NOW + HOUR // 60 * 5)

        grant = world.grants.items[GRANT]
        assert grant.state == "active"
        assert world.strangers == [grant.username]
        assert world.owner_keys == 0
        world.start(Process()).ending.end(GRANT, OWNER, now=NOW + HOUR)
        assert world.strangers == []

    def test_or_else_the_sweep_takes_everything_back(self, number: int, *, after: bool) -> None:
        world = World()
        die_in(preparing(world), world, number, after=after)
        if GRANT not in world.grants.items:
            # It died before the record was written, so the site was never asked.
            assert world.wordpress.calls == []
            return

        world.start(Process()).sweep.sweep(now=NOW + SETUP_SECONDS + HOUR)

        if world.grants.items[GRANT].state == "active":
            assert world.owner_keys == 0  # It had died after the last step.
        else:
            nothing_is_left(world)


@pytest.mark.parametrize(
    ("fault", "number", "after"),
    [(fault, *point) for fault in REFUSALS for point in points(refused_by(fault))],
)
@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_refused_set_up_is_taken_back_whole(
    fault: str, number: int, by: str, *, after: bool
) -> None:
    world = World()
    job = refused_by(fault)(world)
    die_in(job, world, number, after=after)
    if GRANT not in world.grants.items:
        # Before the record the site was never asked; after the undoing nothing is left there.
        assert world.wordpress.calls == [] or world.owner_keys == 0
        assert world.strangers == []
        return

    if by == "request":
        job(world.start(Process()), NOW + HOUR // 60 * 5)
    world.start(Process()).sweep.sweep(now=NOW + SETUP_SECONDS + HOUR)

    if GRANT in world.grants.items:
        nothing_is_left(world)
    assert (world.strangers, world.owner_keys) == ([], 0)


def test_a_sweep_that_dies_while_it_takes_back_a_set_up_is_finished_by_the_next() -> None:
    alive = Process()
    preparing(world := World())(world.start(alive), NOW)
    died = 0
    for half in range(len(alive.calls)):
        world = World()
        job = undoing(world, half)
        if GRANT not in world.grants.items or world.grants.items[GRANT].state == "active":
            continue
        process = Process()
        job(world.start(process), NOW)
        for number in range(len(process.calls)):
            for after in (False, True):
                world = World()
                die_in(undoing(world, half), world, number, after=after)
                died += 1

                world.start(Process()).sweep.sweep(now=NOW + DAY)

                nothing_is_left(world)
    print(f"died {died} times while taking back a set-up")
    assert died > 1000


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [(job, *point) for job in (ending, sweeping) for point in points(job)],
)
def test_an_end_is_finished_by_the_next_sweep_and_told_at_least_once(
    before: Callable[[World], Job], number: int, *, after: bool
) -> None:
    world = World()
    die_in(before(world), world, number, after=after)
    grant = world.grants.items[GRANT]
    assert grant.state == "active" or world.strangers == [], "an end is never claimed too early"

    world.start(Process()).sweep.sweep(now=NOW + 4 * DAY)

    nothing_is_left(world)
    for reader in (OWNER_MAIL, SUPPORT_MAIL):
        assert 1 <= len(world.outbox.to(reader)) <= 2


@pytest.mark.parametrize(("number", "after"), points(repairing))
@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_repair_is_finished_and_leaves_no_key(number: int, by: str, *, after: bool) -> None:
    world = World()
    job = repairing(world)
    die_in(job, world, number, after=after)

    recorded = world.grants.items[GRANT].consent is not None
    if by == "request":
        job(world.start(Process()), NOW + HOUR)
    world.start(Process()).sweep.sweep(now=NOW + 4 * DAY)

    if by == "request" or recorded or world.grants.items[GRANT].state == "ended":
        nothing_is_left(world)
    else:
        # It died before the new consent was recorded: the consent key was never used.
        assert world.grants.items[GRANT].state == "active"


@pytest.mark.parametrize(("number", "after"), points(repairing_by_hand))
def test_a_repair_of_a_user_made_by_hand_is_finished_by_the_same_request(
    number: int, *, after: bool
) -> None:
    world = World()
    job = repairing_by_hand(world)
    die_in(job, world, number, after=after)
    assert world.grants.items[GRANT].state == "active" or world.strangers == []

    job(world.start(Process()), NOW + HOUR)
    world.start(Process()).sweep.sweep(now=NOW + 4 * DAY)

    nothing_is_left(world)


@pytest.mark.parametrize(("number", "after"), points(repairing_by_hand))
def test_or_else_the_sweep_gives_the_consent_back_and_goes_on_asking(
    number: int, *, after: bool
) -> None:
    world = World()
    die_in(repairing_by_hand(world), world, number, after=after)
    recorded = world.grants.items[GRANT].consent is not None

    for day in range(4, 7):
        world.start(Process()).sweep.sweep(now=NOW + day * DAY)

    grant = world.grants.items[GRANT]
    assert (grant.state == "ended") == (world.strangers == [])
    if recorded:
        assert (grant.consent, world.owner_keys) == (None, 0)
    if grant.state == "ended":
        nothing_is_left(world)


@pytest.mark.parametrize(("number", "after"), points(opening))
def test_an_opening_is_repeated_by_its_own_claim_and_by_no_other(
    number: int, *, after: bool
) -> None:
    world = World()
    job = opening(world)
    die_in(job, world, number, after=after)

    parts = world.start(Process())
    was_won = world.stored.items[SECRET].opened_at is not None
    if was_won:
        with pytest.raises(HallpassError):
            parts.secrets.open(SECRET, "proof", "another claim", now=NOW + 1)
    assert job(parts, NOW + 1) == b"sealed"
    events = [event.name for event in world.grants.items[GRANT].timeline]
    assert events.count("link_opened") == 1


@pytest.mark.parametrize(("number", "after"), points(telling))
def test_a_ticket_is_never_lost_and_the_same_again_completes_it(
    number: int, *, after: bool
) -> None:
    world = World()
    job = telling(world)
    die_in(job, world, number, after=after)

    job(world.start(Process()), NOW + HOUR)

    # Death between handing a mail over and noting it repeats that one mail, with its reference.
    to_support = {mail.text for mail in world.outbox.to(SUPPORT_MAIL)}
    to_owner = {mail.text for mail in world.outbox.to(OWNER_MAIL)}
    assert len(to_support) == len(to_owner) == 1
    assert len(world.outbox.sent) <= 3
    events = [event.name for event in world.grants.items[GRANT].timeline]
    assert events.count("ticket_sent") == 1


@pytest.mark.parametrize(("number", "after"), points(securing))
def test_a_secret_is_stored_once(number: int, *, after: bool) -> None:
    world = World()
    job = securing(world)
    die_in(job, world, number, after=after)

    job(world.start(Process()), NOW + 1)

    assert world.stored.items[SECRET].ciphertext == b"sealed"
    assert world.grants.items[GRANT].links.secret_ids == (SECRET,)


@pytest.mark.parametrize(("number", "after"), points(extending))
def test_an_extension_happens_or_does_not(number: int, *, after: bool) -> None:
    world = World()
    job = extending(world)
    die_in(job, world, number, after=after)

    grant = world.grants.items[GRANT]
    assert grant.expires_at in (NOW + 3 * DAY, NOW + 5 * DAY)
    assert grant.schedule.due_at == grant.expires_at


def test_the_enumeration_sees_every_kind_of_call() -> None:
    world = World()
    process = Process()
    preparing(world)(world.start(process), NOW)

    assert len(process.calls) >= 20
    assert {name.partition(".")[0] for name in process.calls} == {
        "FakeWordPress",
        "MemoryGrants",
        "FakeSealer",
        "MemoryHits",
    }
    assert copy.copy(replace(SEALED)) == SEALED
