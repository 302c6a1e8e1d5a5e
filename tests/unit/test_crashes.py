"""
The process dies before and after every outside call, one point at a time.

The points are found by running each job once and counting its calls, so a new call cannot be
forgotten. After each death, first the same request again and then, from a fresh start, the sweep
alone must bring the grant to exactly one of two ends: it works, or nothing is left.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from chalicelib.clock import DAY, HOUR, TimeBudget
from chalicelib.errors import HallpassError
from chalicelib.grants.ending import Ending
from chalicelib.grants.lifecycle import Access, HandMade
from chalicelib.grants.provisioning import SETUP_TIMEOUT, Setup
from chalicelib.grants.provisioning_steps import Steps
from chalicelib.grants.removal import Removal
from chalicelib.grants.repair import Repair
from chalicelib.grants.request import AccessRequest
from chalicelib.grants.site import Credentials
from chalicelib.notifications.notices import MailNotices
from chalicelib.notifications.notifier import Telling
from chalicelib.notifications.tickets import Ticket, Tickets
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.onetime.model import Secret
from chalicelib.rate_limits import Limits
from tests.fakes.crash import Died, Process
from tests.fakes.services import FakeOutbox, FakeSealer
from tests.fakes.stores import MemoryGrants, MemoryHits, MemorySecrets, MemoryTicketLog
from tests.fakes.wordpress import FakeSite, FakeWordPress

NOW = 1_800_000_000
URL, PUBLIC_URL = "https://blog.example", "https://help.acme.example"
GRANT, SECRET = "g" * 22, "i" * 22
OWNER, SUPPORT = "o" * 43, "s" * 43
SUPPORT_MAIL, OWNER_MAIL = "support@acme.example", "owner@blog.example"
TEAM = ("Acme Support", SUPPORT_MAIL)


class Outside:
    """The outside world, which survives every process."""

    def __init__(self) -> None:
        self.wordpress, self.grants, self.stored = FakeWordPress(), MemoryGrants(), MemorySecrets()
        self.log, self.outbox, self.sealer = MemoryTicketLog(), FakeOutbox(), FakeSealer()
        self.hits = MemoryHits()
        self.site: FakeSite = self.wordpress.add_site(URL)

    @property
    def strangers(self) -> list[str]:
        return [user.username for user in self.site.users.values() if user.username != "admin"]

    @property
    def owner_keys(self) -> int:
        return len(self.site.users[1].keys)


@dataclass
class Parts:
    """One process over the outside world."""

    access: Access
    ending: Ending
    repair: Repair
    secrets: OneTimeSecrets
    tickets: Tickets


def start(outside: Outside, process: Process) -> Parts:
    wordpress, grants = process.wrap(outside.wordpress), process.wrap(outside.grants)
    sealer, outbox = process.wrap(outside.sealer), process.wrap(outside.outbox)
    secrets = OneTimeSecrets(process.wrap(outside.stored), grants)
    removal, deadline = Removal(grants, wordpress, sealer, SUPPORT_MAIL), TimeBudget()
    notices = MailNotices(outbox, *TEAM, PUBLIC_URL)
    ending = Ending(grants, removal, secrets, Telling(grants, notices), deadline)
    limits = Limits(process.wrap(outside.hits), 1000)
    steps = Steps(wordpress, sealer, deadline, limits, *TEAM)
    setup = Setup(grants, wordpress, sealer, steps, removal, deadline, limits)
    return Parts(
        Access(grants, setup, secrets, 14),
        ending,
        Repair(grants, wordpress, sealer, removal, ending, limits),
        secrets,
        Tickets(process.wrap(outside.log), limits, grants, outbox, *TEAM, PUBLIC_URL),
    )


def request_of(outside: Outside) -> AccessRequest:
    consent = Credentials("admin", outside.site.consent("admin"))
    return AccessRequest(GRANT, URL, consent, "p" * 20, 3, OWNER, SUPPORT, OWNER_MAIL)


SEALED = Secret(SECRET, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003
TICKET = Ticket("Olivia", OWNER_MAIL, "Help", "Broken", URL, "", GRANT, OWNER)

Job = Callable[[Parts, int], object]


def active(outside: Outside) -> AccessRequest:
    """Bring the world to an active access with a waiting secret."""
    request = request_of(outside)
    parts = start(outside, Process())
    parts.access.prepare(request, now=NOW)
    parts.secrets.create(SEALED, lifetime=DAY, support_token=SUPPORT, now=NOW)
    return request


def points(before: Callable[[Outside], Job]) -> list[tuple[int, bool]]:
    """Run the job once, alive, and return every point at which it could die."""
    outside = Outside()
    job = before(outside)
    process = Process()
    job(start(outside, process), NOW)
    return [(number, after) for number in range(len(process.calls)) for after in (False, True)]


def die_in(job: Job, outside: Outside, number: int, *, after: bool) -> None:
    process = Process(number, after=after)
    with pytest.raises(Died):
        job(start(outside, process), NOW)


def refused_by(fault: str) -> Callable[[Outside], Job]:
    """A set-up that the site refuses at some step, so that all of it is taken back."""

    def refused(outside: Outside) -> Job:
        request = request_of(outside)
        setattr(outside.site, *REFUSALS[fault])

        def job(parts: Parts, now: int) -> None:
            with suppress(HallpassError):
                parts.access.prepare(request, now=now)

        return job

    return refused


REFUSALS: dict[str, tuple[str, object]] = {
    "network": ("multisite", True),
    "protected": ("protects_users", True),
    "vetoed": ("refuses_creation", True),
    "other role": ("gives_role", "subscriber"),
}


def undoing(outside: Outside, number: int) -> Job:
    """The sweep that takes back a set-up which died at its call *number*."""
    die_in(preparing(outside), outside, number, after=True)
    return lambda parts, now: parts.ending.sweep(now=now + SETUP_TIMEOUT + HOUR)


def preparing(outside: Outside) -> Job:
    request = request_of(outside)
    return lambda parts, now: parts.access.prepare(request, now=now)


def securing(outside: Outside) -> Job:
    request = request_of(outside)
    start(outside, Process()).access.prepare(request, now=NOW)
    return lambda parts, now: parts.secrets.create(
        SEALED, lifetime=DAY, support_token=SUPPORT, now=now
    )


def telling(outside: Outside) -> Job:
    active(outside)
    return lambda parts, now: parts.tickets.deliver(TICKET, now=now)


def opening(outside: Outside) -> Job:
    active(outside)
    return lambda parts, now: parts.secrets.open(SECRET, "proof", "claim", now=now)


def extending(outside: Outside) -> Job:
    active(outside)
    return lambda parts, now: parts.access.extend(GRANT, OWNER, days=2, now=now)


def ending(outside: Outside) -> Job:
    active(outside)
    return lambda parts, now: parts.ending.end(GRANT, OWNER, now=now)


def sweeping(outside: Outside) -> Job:
    active(outside)
    return lambda parts, now: parts.ending.sweep(now=now + 3 * DAY)


def repairing(outside: Outside) -> Job:
    active(outside)
    outside.site.revoke(outside.grants.items[GRANT].username)
    start(outside, Process()).ending.sweep(now=NOW - 1)
    consent = Credentials("admin", outside.site.consent("admin"))
    return lambda parts, now: parts.repair.repair(GRANT, OWNER, consent, now=now)


def repairing_by_hand(outside: Outside) -> Job:
    outside.site.add_user("helper")
    made = HandMade(GRANT, URL, "helper", 3, OWNER, SUPPORT, OWNER_MAIL)
    start(outside, Process()).access.watch(made, now=NOW)
    consent = Credentials("admin", outside.site.consent("admin"))
    return lambda parts, now: parts.repair.repair(GRANT, OWNER, consent, now=now)


def nothing_is_left(outside: Outside) -> None:
    assert outside.strangers == []
    assert outside.owner_keys == 0
    grant = outside.grants.items[GRANT]
    assert (grant.state, grant.sealed_consent, grant.sealed_removal) == ("ended", None, None)
    assert grant.due_at is None
    secret = outside.stored.items.get(SECRET)
    assert secret is None or secret.ciphertext is None or secret.opened_at


@pytest.mark.parametrize(("number", "after"), points(preparing))
class TestSetUp:
    def test_the_same_request_again_finishes_it(self, number: int, *, after: bool) -> None:
        outside = Outside()
        job = preparing(outside)
        die_in(job, outside, number, after=after)

        job(start(outside, Process()), NOW + HOUR // 60 * 5)

        grant = outside.grants.items[GRANT]
        assert grant.state == "active"
        assert outside.strangers == [grant.username]
        assert outside.owner_keys == 0
        start(outside, Process()).ending.end(GRANT, OWNER, now=NOW + HOUR)
        assert outside.strangers == []

    def test_or_else_the_sweep_takes_everything_back(self, number: int, *, after: bool) -> None:
        outside = Outside()
        die_in(preparing(outside), outside, number, after=after)
        if GRANT not in outside.grants.items:
            # It died before the record was written, so the site was never asked.
            assert outside.wordpress.calls == []
            return

        start(outside, Process()).ending.sweep(now=NOW + SETUP_TIMEOUT + HOUR)

        if outside.grants.items[GRANT].state == "active":
            assert outside.owner_keys == 0  # It had died after the last step.
        else:
            nothing_is_left(outside)


@pytest.mark.parametrize(
    ("fault", "number", "after"),
    [(fault, *point) for fault in REFUSALS for point in points(refused_by(fault))],
)
@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_refused_set_up_is_taken_back_whole(
    fault: str, number: int, by: str, *, after: bool
) -> None:
    outside = Outside()
    job = refused_by(fault)(outside)
    die_in(job, outside, number, after=after)
    if GRANT not in outside.grants.items:
        # Before the record the site was never asked; after the undoing nothing is left there.
        assert outside.wordpress.calls == [] or outside.owner_keys == 0
        assert outside.strangers == []
        return

    if by == "request":
        job(start(outside, Process()), NOW + HOUR // 60 * 5)
    start(outside, Process()).ending.sweep(now=NOW + SETUP_TIMEOUT + HOUR)

    if GRANT in outside.grants.items:
        nothing_is_left(outside)
    assert (outside.strangers, outside.owner_keys) == ([], 0)


def test_a_sweep_that_dies_while_it_takes_back_a_set_up_is_finished_by_the_next() -> None:
    alive = Process()
    preparing(outside := Outside())(start(outside, alive), NOW)
    died = 0
    for half in range(len(alive.calls)):
        outside = Outside()
        job = undoing(outside, half)
        if GRANT not in outside.grants.items or outside.grants.items[GRANT].state == "active":
            continue
        process = Process()
        job(start(outside, process), NOW)
        for number in range(len(process.calls)):
            for after in (False, True):
                outside = Outside()
                die_in(undoing(outside, half), outside, number, after=after)
                died += 1

                start(outside, Process()).ending.sweep(now=NOW + DAY)

                nothing_is_left(outside)
    print(f"died {died} times while taking back a set-up")
    assert died > 1000


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [(job, *point) for job in (ending, sweeping) for point in points(job)],
)
def test_an_end_is_finished_by_the_next_sweep_and_told_at_least_once(
    before: Callable[[Outside], Job], number: int, *, after: bool
) -> None:
    outside = Outside()
    die_in(before(outside), outside, number, after=after)
    grant = outside.grants.items[GRANT]
    assert grant.state == "active" or outside.strangers == [], "an end is never claimed too early"

    start(outside, Process()).ending.sweep(now=NOW + 4 * DAY)

    nothing_is_left(outside)
    for reader in (OWNER_MAIL, SUPPORT_MAIL):
        assert 1 <= len(outside.outbox.to(reader)) <= 2


@pytest.mark.parametrize(("number", "after"), points(repairing))
@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_repair_is_finished_and_leaves_no_key(number: int, by: str, *, after: bool) -> None:
    outside = Outside()
    job = repairing(outside)
    die_in(job, outside, number, after=after)

    recorded = outside.grants.items[GRANT].sealed_consent is not None
    if by == "request":
        job(start(outside, Process()), NOW + HOUR)
    start(outside, Process()).ending.sweep(now=NOW + 4 * DAY)

    if by == "request" or recorded or outside.grants.items[GRANT].state == "ended":
        nothing_is_left(outside)
    else:
        # It died before the new consent was recorded: the consent key was never used.
        assert outside.grants.items[GRANT].state == "active"


@pytest.mark.parametrize(("number", "after"), points(repairing_by_hand))
def test_a_repair_of_a_user_made_by_hand_is_finished_by_the_same_request(
    number: int, *, after: bool
) -> None:
    outside = Outside()
    job = repairing_by_hand(outside)
    die_in(job, outside, number, after=after)
    assert outside.grants.items[GRANT].state == "active" or outside.strangers == []

    job(start(outside, Process()), NOW + HOUR)
    start(outside, Process()).ending.sweep(now=NOW + 4 * DAY)

    nothing_is_left(outside)


@pytest.mark.parametrize(("number", "after"), points(repairing_by_hand))
def test_or_else_the_sweep_gives_the_consent_back_and_goes_on_asking(
    number: int, *, after: bool
) -> None:
    outside = Outside()
    die_in(repairing_by_hand(outside), outside, number, after=after)
    recorded = outside.grants.items[GRANT].sealed_consent is not None

    for day in range(4, 7):
        start(outside, Process()).ending.sweep(now=NOW + day * DAY)

    grant = outside.grants.items[GRANT]
    assert (grant.state == "ended") == (outside.strangers == [])
    if recorded:
        assert (grant.sealed_consent, outside.owner_keys) == (None, 0)
    if grant.state == "ended":
        nothing_is_left(outside)


@pytest.mark.parametrize(("number", "after"), points(opening))
def test_an_opening_is_repeated_by_its_own_claim_and_by_no_other(
    number: int, *, after: bool
) -> None:
    outside = Outside()
    job = opening(outside)
    die_in(job, outside, number, after=after)

    parts = start(outside, Process())
    was_won = outside.stored.items[SECRET].opened_at is not None
    if was_won:
        with pytest.raises(HallpassError):
            parts.secrets.open(SECRET, "proof", "another claim", now=NOW + 1)
    assert job(parts, NOW + 1) == b"sealed"
    events = [event.name for event in outside.grants.items[GRANT].timeline]
    assert events.count("link_opened") == 1


@pytest.mark.parametrize(("number", "after"), points(telling))
def test_a_ticket_is_never_lost_and_the_same_again_completes_it(
    number: int, *, after: bool
) -> None:
    outside = Outside()
    job = telling(outside)
    die_in(job, outside, number, after=after)

    job(start(outside, Process()), NOW + HOUR)

    # Death between handing a mail over and noting it repeats that one mail, with its reference.
    to_support = {mail.text for mail in outside.outbox.to(SUPPORT_MAIL)}
    to_owner = {mail.text for mail in outside.outbox.to(OWNER_MAIL)}
    assert len(to_support) == len(to_owner) == 1
    assert len(outside.outbox.sent) <= 3
    events = [event.name for event in outside.grants.items[GRANT].timeline]
    assert events.count("ticket_sent") == 1


@pytest.mark.parametrize(("number", "after"), points(securing))
def test_a_secret_is_stored_once(number: int, *, after: bool) -> None:
    outside = Outside()
    job = securing(outside)
    die_in(job, outside, number, after=after)

    job(start(outside, Process()), NOW + 1)

    assert outside.stored.items[SECRET].ciphertext == b"sealed"
    assert outside.grants.items[GRANT].secret_ids == (SECRET,)


@pytest.mark.parametrize(("number", "after"), points(extending))
def test_an_extension_happens_or_does_not(number: int, *, after: bool) -> None:
    outside = Outside()
    job = extending(outside)
    die_in(job, outside, number, after=after)

    grant = outside.grants.items[GRANT]
    assert grant.expires_at in (NOW + 3 * DAY, NOW + 5 * DAY)
    assert grant.due_at == grant.expires_at


def test_the_enumeration_sees_every_kind_of_call() -> None:
    outside = Outside()
    process = Process()
    preparing(outside)(start(outside, process), NOW)

    assert len(process.calls) >= 20
    assert {name.partition(".")[0] for name in process.calls} == {
        "FakeWordPress",
        "MemoryGrants",
        "FakeSealer",
        "MemoryHits",
    }
    assert copy.copy(replace(SEALED)) == SEALED
