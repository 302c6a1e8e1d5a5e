"""
The process dies before and after each of its calls to the outside, one death at a time.

Each test is about one job. The job runs once alive, which lists its calls, so a new call cannot be
forgotten. After each death, first the same request again and then, from a fresh start, the sweep
alone must bring the grant to exactly one of two ends: it works, or nothing is left. A test reports
all deaths after which that fails, with the number and the name of the call.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import HallpassError
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.set_up import MAX_SET_UP_SECONDS
from chalicelib.grants.site import Credentials
from chalicelib.onetime.model import Secret
from chalicelib.wiring import Hallpass
from tests.fakes.crash import Process
from tests.fakes.deaths import Begin, Job, calls_of, die_in, every_death
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    SECRET,
    SUPPORT_MAIL,
    TICKET,
    World,
    repair,
)

SEALED = Secret(SECRET, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003


def active(world: World) -> ProvisionRequest:
    """Bring the world to an active access with a waiting secret."""
    request = world.request()
    parts = world.start(Process())
    parts.lifecycle.provision(request, now=NOW)
    parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=NOW)
    return request


def provisioning(world: World) -> Job:
    request = world.request()
    return lambda parts, now: parts.lifecycle.provision(request, now=now)


REFUSALS: dict[str, tuple[str, object]] = {
    "network": ("multisite", True),
    "protected": ("protects_users", True),
    "vetoed": ("refuses_creation", True),
    "other role": ("gives_role", "subscriber"),
}


def refused_provisioning(fault: str) -> Begin:
    """Return a set-up that the site refuses at some step, so that all of it is undone."""

    def refused(world: World) -> Job:
        request = world.request()
        setattr(world.site, *REFUSALS[fault])

        def job(parts: Hallpass, now: int) -> None:
            with suppress(HallpassError):
                parts.lifecycle.provision(request, now=now)

        return job

    return refused


def undoing(world: World, number: int) -> Job:
    """Return the sweep that undoes a set-up which died after its call *number*."""
    die_in(provisioning(world), world, number, after=True)
    return lambda parts, now: sweep_and_work(parts, now=now + MAX_SET_UP_SECONDS + HOUR)


def creating_a_secret(world: World) -> Job:
    request = world.request()
    world.start(Process()).lifecycle.provision(request, now=NOW)
    return lambda parts, now: parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=now)


def sending_a_ticket(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.tickets.send(TICKET, now=now)


def opening(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.secrets.open(SECRET, "proof", "claim", now=now)


def acknowledging(world: World) -> Job:
    opening(world)(world.start(Process()), NOW)
    return lambda parts, now: parts.acknowledging.acknowledge(SECRET, "claim", now=now)


def extending(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.lifecycle.extend(GRANT, OWNER, days=2, now=now)


def ending(world: World) -> Job:
    active(world)
    return lambda parts, now: parts.ending.end(GRANT, OWNER, now=now)


def sweeping(world: World) -> Job:
    active(world)
    return lambda parts, now: sweep_and_work(parts, now=now + 3 * DAY)


def repairing(world: World) -> Job:
    active(world)
    world.site.revoke(world.grants.items[GRANT].username)
    sweep_and_work(world.start(Process()), now=NOW - 1)
    consent = Credentials("admin", world.site.consent("admin"))
    return lambda parts, now: repair(parts, consent, now)


def repairing_a_manual_grant(world: World) -> Job:
    world.site.add_user("helper")
    world.start(Process()).lifecycle.register(world.manual_request(), now=NOW)
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


def test_a_set_up_is_finished_by_the_same_request() -> None:
    def check(world: World, job: Job) -> None:
        job(world.start(Process()), NOW + 5 * MINUTE)

        grant = world.grants.items[GRANT]
        assert grant.state == "active"
        assert world.strangers == [grant.username]
        assert world.owner_keys == 0
        world.start(Process()).ending.end(GRANT, OWNER, now=NOW + HOUR)
        assert world.strangers == []

    every_death(provisioning, check)


def test_a_set_up_that_is_not_requested_again_is_undone_by_the_sweep() -> None:
    def check(world: World, _: Job) -> None:
        if GRANT not in world.grants.items:
            # It died before the record was written, so the site was never asked.
            assert world.wordpress.calls == []
            return

        sweep_and_work(world.start(Process()), now=NOW + MAX_SET_UP_SECONDS + HOUR)

        if world.grants.items[GRANT].state == "active":
            assert world.owner_keys == 0  # It had died after the last step.
        else:
            nothing_is_left(world)

    every_death(provisioning, check)


@pytest.mark.parametrize("by", ["request", "sweep"])
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_set_up_is_undone_whole(fault: str, by: str) -> None:
    def check(world: World, job: Job) -> None:
        if GRANT not in world.grants.items:
            # Before the record the site was never asked; after the undoing nothing is left there.
            assert world.wordpress.calls == [] or world.owner_keys == 0
            assert world.strangers == []
            return

        if by == "request":
            job(world.start(Process()), NOW + 5 * MINUTE)
        sweep_and_work(world.start(Process()), now=NOW + MAX_SET_UP_SECONDS + HOUR)

        if GRANT in world.grants.items:
            nothing_is_left(world)
        assert (world.strangers, world.owner_keys) == ([], 0)

    every_death(refused_provisioning(fault), check)


def test_a_sweep_that_dies_while_it_undoes_a_set_up_is_finished_by_the_next() -> None:
    def check(world: World, _: Job) -> None:
        sweep_and_work(world.start(Process()), now=NOW + DAY)

        nothing_is_left(world)

    deaths = 0
    for number in range(len(calls_of(provisioning))):
        world = World()
        undoing(world, number)
        if GRANT in world.grants.items and world.grants.items[GRANT].state != "active":

            def undoing_after(world: World, number: int = number) -> Job:
                return undoing(world, number)

            undoing_after.__name__ = f"undoing a set-up that died after call {number}"
            deaths += every_death(undoing_after, check)
    assert deaths > 1000


@pytest.mark.parametrize("begin", [ending, sweeping])
def test_an_end_is_finished_by_the_next_sweep_and_its_notices_are_sent_at_least_once(
    begin: Begin,
) -> None:
    def check(world: World, _: Job) -> None:
        grant = world.grants.items[GRANT]
        assert grant.state == "active" or world.strangers == [], "an end was recorded too early"

        sweep_and_work(world.start(Process()), now=NOW + 4 * DAY)

        nothing_is_left(world)
        assert world.site.refused_keys == 0, "a key that may be dead went out before the question"
        for reader in (OWNER_MAIL, SUPPORT_MAIL):
            assert 1 <= len(world.outbox.to(reader)) <= 2

    every_death(begin, check)


@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_repair_is_finished_and_leaves_no_key(by: str) -> None:
    def check(world: World, job: Job) -> None:
        recorded = world.grants.items[GRANT].consent is not None
        if by == "request":
            job(world.start(Process()), NOW + HOUR)
        sweep_and_work(world.start(Process()), now=NOW + 4 * DAY)

        if by == "request" or recorded or world.grants.items[GRANT].state == "ended":
            nothing_is_left(world)
        else:
            # It died before the new consent was recorded: the consent key was never used.
            assert world.grants.items[GRANT].state == "active"

    every_death(repairing, check)


def test_a_repair_of_a_manual_grant_is_finished_by_the_same_request() -> None:
    def check(world: World, job: Job) -> None:
        assert world.grants.items[GRANT].state == "active" or world.strangers == []

        job(world.start(Process()), NOW + HOUR)
        sweep_and_work(world.start(Process()), now=NOW + 4 * DAY)

        nothing_is_left(world)

    every_death(repairing_a_manual_grant, check)


def test_the_sweep_deletes_the_consent_key_of_a_dead_repair_and_reminds_the_owner_again() -> None:
    def check(world: World, _: Job) -> None:
        recorded = world.grants.items[GRANT].consent is not None

        for day in range(4, 7):
            sweep_and_work(world.start(Process()), now=NOW + day * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.state == "ended") == (world.strangers == [])
        if recorded:
            assert (grant.consent, world.owner_keys) == (None, 0)
        if grant.state == "ended":
            nothing_is_left(world)

    every_death(repairing_a_manual_grant, check)


def test_an_opening_is_repeated_by_its_own_claim_and_by_no_other() -> None:
    def check(world: World, job: Job) -> None:
        parts = world.start(Process())
        if world.stored.items[SECRET].opened_at is not None:
            with pytest.raises(HallpassError):
                parts.secrets.open(SECRET, "proof", "another claim", now=NOW + 1)
        assert job(parts, NOW + 1) == b"sealed"
        events = [event.name for event in world.grants.items[GRANT].timeline]
        assert events.count("link_opened") == 1

    every_death(opening, check)


def test_the_owner_hears_of_an_opening_wherever_its_acknowledgement_died() -> None:
    def check(world: World, job: Job) -> None:
        job(world.start(Process()), NOW + 1)
        sweep_and_work(world.start(Process()), now=NOW + HOUR)

        # Death between handing the mail over and recording it repeats it.
        subjects = [mail.subject for mail in world.outbox.to(OWNER_MAIL)]
        heard = [subject for subject in subjects if "opened the sign-in link" in subject]
        assert 1 <= len(heard) <= 2
        assert world.stored.items[SECRET].ciphertext is None
        assert world.grants.items[GRANT].schedule.due_at == NOW + 3 * DAY

    assert every_death(acknowledging, check) > 8


def test_a_ticket_is_never_lost_and_the_same_request_completes_it() -> None:
    def check(world: World, job: Job) -> None:
        job(world.start(Process()), NOW + HOUR)

        # Death between handing a mail over and recording it repeats that one, with its reference.
        to_support = {mail.text for mail in world.outbox.to(SUPPORT_MAIL)}
        to_owner = {mail.text for mail in world.outbox.to(OWNER_MAIL)}
        assert len(to_support) == len(to_owner) == 1
        assert len(world.outbox.sent) <= 3
        events = [event.name for event in world.grants.items[GRANT].timeline]
        assert events.count("ticket_sent") == 1

    every_death(sending_a_ticket, check)


def test_a_secret_is_stored_once() -> None:
    def check(world: World, job: Job) -> None:
        job(world.start(Process()), NOW + 1)

        assert world.stored.items[SECRET].ciphertext == b"sealed"
        assert world.grants.items[GRANT].links.secret_ids == (SECRET,)

    every_death(creating_a_secret, check)


def test_an_extension_happens_or_does_not() -> None:
    def check(world: World, _: Job) -> None:
        grant = world.grants.items[GRANT]
        assert grant.expires_at in (NOW + 3 * DAY, NOW + 5 * DAY)
        assert grant.schedule.due_at == grant.expires_at

    every_death(extending, check)


def test_every_kind_of_call_is_counted() -> None:
    calls = calls_of(provisioning)

    assert len(calls) >= 20
    assert {name.partition(".")[0] for name in calls} == {
        "FakeWordPress",
        "MemoryGrants",
        "FakeSealer",
        "MemoryHits",
    }


def test_all_deaths_that_end_badly_are_reported_with_their_call() -> None:
    def check(world: World, _: Job) -> None:
        assert world.owner_keys == 1

    with pytest.raises(BaseExceptionGroup) as raised:
        every_death(provisioning, check)

    notes = [note for error in raised.value.exceptions for note in error.__notes__]
    assert len(notes) > 1
    assert any(
        note.endswith(", FakeWordPress.delete_own_key")
        and note.startswith("provisioning: the process died after call ")
        for note in notes
    )
