"""The stores keep the same promises in memory and on DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.aws.counter_table import HitCounterTable, TicketLogTable
from chalicelib.aws.due_index import DueIndexTable
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.secret_table import SecretTable
from chalicelib.grants.due_order import Due, DueIndex, Queue
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Consent,
    Event,
    OnSite,
    Tokens,
)
from chalicelib.grants.schedule import Schedule
from chalicelib.grants.site import Site
from chalicelib.grants.store import GrantStore, try_lease, update
from chalicelib.notifications.tickets import TicketLog
from chalicelib.onetime.model import LOCK_SECONDS, MAX_PASSPHRASE_TRIES, Secret, SecretStore
from chalicelib.rate_limits.limits import HitCounter
from tests.contract.conftest import Either
from tests.fakes.racing_dynamodb import RacingDynamoDB
from tests.fakes.stores import (
    MemoryDueIndex,
    MemoryGrants,
    MemoryHits,
    MemorySecrets,
    MemoryTicketLog,
)
from tests.fakes.world import NOW, URL

READERS = 16
SITE = Site(URL, "Blog", f"{URL}/wp-json/", "https://x/login")


@pytest.fixture(params=["memory", "fake_dynamodb", "dynamodb"])
def secrets(request: pytest.FixtureRequest, refusals: list[Callable[[], None]]) -> SecretStore:

    def all_refusals() -> None:
        for act in refusals:
            act()

    if request.param == "memory":
        return MemorySecrets()
    if request.param == "fake_dynamodb":
        fake = RacingDynamoDB()
        fake.on_refused = all_refusals
        return SecretTable(cast("Any", fake), "secrets")
    stack = request.getfixturevalue("stack")
    client = stack.client("dynamodb")

    def refused(parsed: dict[str, Any], **_: object) -> None:
        if parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            all_refusals()

    client.meta.events.register("after-call.dynamodb.UpdateItem", refused)
    return SecretTable(client, stack.outputs["SecretsTableName"])


@pytest.fixture
def refusals() -> list[Callable[[], None]]:
    """What happens right after a write was refused, in the caller's thread."""
    return []


@pytest.fixture(params=["memory", "fake_dynamodb", "dynamodb"])
def grants(request: pytest.FixtureRequest) -> GrantStore:
    if request.param == "memory":
        return MemoryGrants()
    if request.param == "fake_dynamodb":
        return GrantTable(cast("Any", RacingDynamoDB()), "grants")
    stack = request.getfixturevalue("stack")
    return GrantTable(stack.client("dynamodb"), stack.outputs["GrantsTableName"])


@pytest.fixture
def index(grants: GrantStore) -> DueIndex:
    if isinstance(grants, MemoryGrants):
        return MemoryDueIndex(grants)
    assert isinstance(grants, GrantTable)
    return DueIndexTable(grants._client, grants._table)


@pytest.fixture
def log(either: Either[TicketLog]) -> TicketLog:
    return either(MemoryTicketLog, TicketLogTable, "CountersTableName")


@pytest.fixture
def hits(either: Either[HitCounter]) -> HitCounter:
    return either(MemoryHits, HitCounterTable, "CountersTableName")


@pytest.fixture
def new_id(request: pytest.FixtureRequest) -> str:
    """An id that no other test uses, so that tests can share one table."""
    return f"{abs(hash(request.node.nodeid)):022}"[:22]


@pytest.fixture
def secret(secrets: SecretStore, new_id: str) -> Secret:
    secret = Secret(
        id=new_id,
        ciphertext=b"\x00\xffsealed",
        access_sha256="right",
        passphrase=True,
        expires_at=NOW + 100,
        fingerprint="f",
        grant_id="g",
        purge_at=NOW + 100,
    )
    assert secrets.add(secret)
    return secret


@pytest.fixture
def grant(grants: GrantStore, new_id: str) -> Grant:
    grant = Grant(
        id=new_id,
        site_url="https://blog.example",
        username="support1",
        created_at=NOW,
        expires_at=NOW + 300,
        tokens=Tokens("f", ("o",), "s"),
        phase="active",
        on_site=OnSite(SITE, owner_id=1, user_id=2, sealed_removal=b"\x00\x01"),
        timeline=(Event(NOW, "access_created", "owner"),),
        schedule=Schedule(due_at=NOW + 300),
    )
    assert grants.add(grant)
    return grant


def at_once(call: Callable[[int], object]) -> list[object]:
    """Call from many threads at the same time and return what came back."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(call, range(READERS)))


def each_waits_once_for_all() -> Callable[[], None]:
    """Return what stops each of the callers the first time, until all of them have come."""
    all_are_here, seen = threading.Barrier(READERS, timeout=30), threading.local()

    def wait() -> None:
        if not getattr(seen, "waited", False):
            seen.waited = True
            all_are_here.wait()

    return wait


class TestSecrets:
    def test_what_was_stored_comes_back_the_same(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        assert secrets.get(secret.id) == secret
        assert secrets.get("x" * 22) is None

    def test_an_id_can_be_taken_once(self, secrets: SecretStore, secret: Secret) -> None:
        assert not secrets.add(replace(secret, ciphertext=b"other"))
        assert secrets.get(secret.id) == secret

    def test_exactly_one_of_many_readers_opens(self, secrets: SecretStore, secret: Secret) -> None:
        won = at_once(lambda n: secrets.open(secret.id, "right", f"claim {n}", now=NOW))

        winners = [w for w in won if isinstance(w, Secret)]
        assert len(winners) == 1
        assert winners[0].ciphertext == secret.ciphertext
        assert secrets.get(secret.id) == winners[0]

    @pytest.mark.parametrize(
        ("access", "now"), [("wrong", NOW), ("right", NOW + 100), ("right", NOW + 101)]
    )
    def test_a_wrong_proof_or_a_late_reader_changes_nothing(
        self, secrets: SecretStore, secret: Secret, access: str, now: int
    ) -> None:
        assert secrets.open(secret.id, access, "claim", now=now) is None
        assert secrets.get(secret.id) == secret

    def test_opening_sets_the_time_at_which_ttl_deletes(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        opened = secrets.open(secret.id, "right", "claim", now=NOW)

        assert opened is not None
        assert opened.purge_at == NOW + 60

    def test_tries_spent_at_once_are_all_counted(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        spent = at_once(lambda _: secrets.spend_try(secret.id, now=NOW))

        left = [s.tries_left for s in spent if isinstance(s, Secret)]
        assert sorted(left) == list(range(MAX_PASSPHRASE_TRIES))

    def test_a_lock_gives_all_tries_back_once_when_its_time_is_over(
        self, secrets: SecretStore, secret: Secret, new_id: str
    ) -> None:
        long_lived = replace(secret, id="L" + new_id[1:], expires_at=NOW + 9 * LOCK_SECONDS)
        secrets.add(long_lived)
        at_once(lambda _: secrets.spend_try(long_lived.id, now=NOW))

        assert secrets.spend_try(long_lived.id, now=NOW + LOCK_SECONDS - 1) is None
        spent = at_once(lambda _: secrets.spend_try(long_lived.id, now=NOW + LOCK_SECONDS))
        assert len([s for s in spent if s is not None]) == MAX_PASSPHRASE_TRIES

    def test_whoever_loses_the_reset_of_a_lock_gets_one_of_the_tries_that_it_gave_back(
        self,
        secrets: SecretStore,
        secret: Secret,
        new_id: str,
        refusals: list[Callable[[], None]],
    ) -> None:
        locked = replace(secret, id="R" + new_id[1:], expires_at=NOW + 9 * LOCK_SECONDS)
        secrets.add(replace(locked, tries_left=0, last_try_at=NOW))
        refusals.append(each_waits_once_for_all())

        spent = at_once(lambda _: secrets.spend_try(locked.id, now=NOW + LOCK_SECONDS))

        left = [s.tries_left for s in spent if isinstance(s, Secret)]
        assert sorted(left) == list(range(MAX_PASSPHRASE_TRIES))

    def test_no_try_is_spent_on_an_opened_or_expired_secret(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        assert secrets.spend_try(secret.id, now=NOW + 100) is None
        secrets.open(secret.id, "right", "claim", now=NOW)
        assert secrets.spend_try(secret.id, now=NOW) is None

    def test_only_the_opening_claim_acknowledges_and_may_do_so_twice(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        assert not secrets.acknowledge(secret.id, "claim", purge_at=NOW)
        secrets.open(secret.id, "right", "claim", now=NOW)

        assert not secrets.acknowledge(secret.id, "other", purge_at=NOW)
        assert secrets.acknowledge(secret.id, "claim", purge_at=NOW + 9)
        assert secrets.acknowledge(secret.id, "claim", purge_at=NOW + 9)
        trace = secrets.get(secret.id)
        assert trace is not None
        assert (trace.ciphertext, trace.purge_at) == (None, NOW + 9)

    def test_revoking_drops_the_ciphertext_at_once_and_keeps_the_first_reason(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        secrets.revoke(secret.id, secret.grant_id, "burned", now=NOW, purge_at=NOW + 9)
        secrets.revoke(secret.id, secret.grant_id, "ended", now=NOW + 1, purge_at=NOW + 99)

        assert secrets.get(secret.id) == replace(
            secret, ciphertext=None, revoked_for="burned", revoked_at=NOW, purge_at=NOW + 9
        )

    def test_a_revoked_secret_takes_no_opening_and_no_try(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        secrets.revoke(secret.id, secret.grant_id, "ended", now=NOW, purge_at=NOW + 9)

        assert secrets.open(secret.id, "right", "claim", now=NOW) is None
        assert secrets.spend_try(secret.id, now=NOW) is None
        assert not secrets.acknowledge(secret.id, "", purge_at=NOW)

    def test_revoking_leaves_an_opened_secret_and_makes_no_trace_of_an_unknown_one(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        opened = secrets.open(secret.id, "right", "claim", now=NOW)

        secrets.revoke(secret.id, secret.grant_id, "burned", now=NOW, purge_at=NOW + 9)
        secrets.revoke("nothing" * 4, secret.grant_id, "burned", now=NOW, purge_at=NOW + 9)

        assert secrets.get(secret.id) == opened
        assert secrets.get("nothing" * 4) is None

    def test_only_its_own_grant_revokes_or_extends_a_secret(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        end = secret.expires_at
        secrets.revoke(secret.id, "another", "ended", now=NOW, purge_at=NOW + 9)
        secrets.extend(secret.id, "another", old_end=end, new_end=end + 9)
        secrets.extend(secret.id, secret.grant_id, old_end=end - 1, new_end=end + 9)
        assert secrets.get(secret.id) == secret

        secrets.extend(secret.id, secret.grant_id, old_end=end, new_end=end + 9)
        assert secrets.get(secret.id) == replace(secret, expires_at=end + 9, purge_at=end + 9)

    def test_an_opened_secret_is_not_extended(self, secrets: SecretStore, secret: Secret) -> None:
        opened = secrets.open(secret.id, "right", "claim", now=NOW)

        secrets.extend(secret.id, secret.grant_id, old_end=secret.expires_at, new_end=NOW + 99)

        assert secrets.get(secret.id) == opened

    def test_a_reader_and_the_owner_at_once_leave_one_of_two_traces(
        self, secrets: SecretStore, secret: Secret
    ) -> None:
        def act(number: int) -> Secret | None:
            if number % 2:
                return secrets.open(secret.id, "right", f"claim {number}", now=NOW)
            secrets.revoke(secret.id, secret.grant_id, "burned", now=NOW, purge_at=NOW + 9)
            return None

        winners = [won for won in at_once(act) if isinstance(won, Secret)]

        left = secrets.get(secret.id)
        assert left is not None
        assert len(winners) == (0 if left.revoked_for else 1)


class TestGrants:
    def test_what_was_stored_comes_back_the_same(self, grants: GrantStore, grant: Grant) -> None:
        assert grants.get(grant.id) == grant
        assert grants.get("x" * 22) is None

    def test_evidence_and_what_was_cut_off_come_back_the_same(
        self, grants: GrantStore, grant: Grant
    ) -> None:
        evidence = Evidence(NOW, NOW + 1, is_by_email=True, is_answer_lost=True)
        schedule = Schedule(NOW + 2, NOW + 3, 4, NOW + 5, NOW + 6, was_cut_off=True)
        seen = replace(grant, on_site=replace(grant.on_site, evidence=evidence), schedule=schedule)

        written = grants.replace(grant, seen)

        assert written is not None
        assert written.on_site.evidence == evidence
        assert grants.get(grant.id) == written
        assert written.schedule == schedule

    def test_an_id_can_be_taken_once(self, grants: GrantStore, grant: Grant) -> None:
        assert not grants.add(replace(grant, username="other"))
        assert grants.get(grant.id) == grant

    def test_one_of_many_leases_wins(self, grants: GrantStore, grant: Grant) -> None:
        leases = at_once(lambda _: try_lease(grants, grant, now=NOW, seconds=60))

        assert len([got for got in leases if got is not None]) == 1

    def test_a_lease_that_ran_out_can_be_taken_again(
        self, grants: GrantStore, grant: Grant
    ) -> None:
        first = try_lease(grants, grant, now=NOW, seconds=60)
        assert first is not None

        assert try_lease(grants, first, now=NOW + 59, seconds=60) is None
        assert try_lease(grants, first, now=NOW + 60, seconds=60) is not None

    def test_no_change_is_lost_when_many_write(self, grants: GrantStore, grant: Grant) -> None:
        def write(n: int) -> None:
            event = Event(NOW, "ticket_sent", "owner", f"event {n}")
            update(grants, grant.id, lambda grant: grant.with_event(event))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))

        written = grants.get(grant.id)
        assert written is not None
        assert {e.detail for e in written.timeline[1:]} == {f"event {n}" for n in range(4)}

    def test_an_old_copy_is_not_deleted(self, grants: GrantStore, grant: Grant) -> None:
        newer = grants.replace(grant, replace(grant, schedule=Schedule(attempts=1)))
        assert newer is not None

        assert not grants.delete(grant)
        assert grants.delete(newer)
        assert grants.get(grant.id) is None


class TestDueIndex:
    def ids(self, index: DueIndex, now: int, queue: Queue) -> list[str]:
        return [due.grant_id for page in index.due(now, queue=queue) for due in page]

    def test_it_finds_what_is_due_and_nothing_else(
        self, grants: GrantStore, index: DueIndex, grant: Grant
    ) -> None:
        assert grant.id not in self.ids(index, NOW + 299, "first")
        assert grant.id in self.ids(index, NOW + 300, "first")

        rested = grants.replace(grant, replace(grant, schedule=Schedule()))

        assert rested is not None
        assert grant.id not in self.ids(index, NOW + 300, "first")

    def test_what_was_tried_before_waits_in_a_queue_of_its_own(
        self, grants: GrantStore, index: DueIndex, grant: Grant
    ) -> None:
        assert grant.id not in self.ids(index, NOW + 300, "retry")

        tried = replace(grant, schedule=Schedule(due_at=NOW + 300, attempts=1))
        assert grants.replace(grant, tried) is not None

        assert grant.id in self.ids(index, NOW + 300, "retry")
        assert grant.id not in self.ids(index, NOW + 300, "first")

    def test_it_knows_whom_a_worker_will_ask(
        self, grants: GrantStore, index: DueIndex, grant: Grant
    ) -> None:
        def found() -> Due:
            pages = index.due(NOW + 300, queue="first")
            return next(due for page in pages for due in page if due.grant_id == grant.id)

        assert found() == Due(grant.id, NOW + 300, "first", "blog.example")

        held = Consent("admin", b"sealed", held_since=NOW)
        leased = Schedule(due_at=NOW + 200, lease_until=NOW + 301)
        written = grants.replace(grant, replace(grant, consent=held, schedule=leased))

        assert written is not None
        due = Due(grant.id, NOW + 200, "first", "blog.example", is_held=True, is_leased=True)
        assert found() == due

    def test_all_pages_come_oldest_first(
        self, grants: GrantStore, index: DueIndex, grant: Grant, new_id: str
    ) -> None:
        many = [f"p{number:03}{new_id[4:]}" for number in range(230)]
        for number, each in enumerate(many):
            grants.add(replace(grant, id=each, schedule=Schedule(due_at=NOW - 10_000 + number)))

        found = self.ids(index, NOW - 9_000, "first")

        assert [each for each in found if each in set(many)] == many

    def test_what_is_handed_out_is_due_again_later_and_counts_as_waiting(
        self, grants: GrantStore, index: DueIndex, grant: Grant
    ) -> None:
        long_ago = NOW - 10**8
        late = grants.replace(grant, replace(grant, schedule=Schedule(due_at=long_ago)))
        assert late is not None
        due = next(d for p in index.due(NOW, queue="first") for d in p if d.grant_id == grant.id)

        index.hand_out([due], until=NOW + 900)
        index.hand_out([due], until=NOW + 999)  # It is not due any more as it was.

        assert grant.id not in self.ids(index, NOW + 899, "first")
        assert grant.id in self.ids(index, NOW + 900, "first")
        assert index.waiting_since() == long_ago
        stored = grants.get(grant.id)
        assert stored is not None
        assert stored.schedule == Schedule(due_at=NOW + 900, waiting_since=long_ago)
        assert stored.schedule.is_due(NOW)

        written = grants.replace(stored, stored.waited(NOW))  # No other has written.

        assert written is not None
        assert written.schedule == Schedule(due_at=stored.deadline)
        assert index.waiting_since() != long_ago

    def test_many_are_handed_out_at_once(
        self, grants: GrantStore, index: DueIndex, grant: Grant, new_id: str
    ) -> None:
        many = [f"m{number:03}{new_id[4:]}" for number in range(25)]
        for each in many:
            grants.add(replace(grant, id=each, schedule=Schedule(due_at=NOW - 20_000)))
        page = [d for p in index.due(NOW - 19_999, queue="first") for d in p if d.grant_id in many]

        index.hand_out(page, until=NOW + 900)

        left = self.ids(index, NOW, "first")
        assert not set(many) & set(left)

    def test_the_oldest_overdue_grant_is_known_until_it_has_ended(
        self, grants: GrantStore, index: DueIndex, grant: Grant
    ) -> None:
        made = replace(grant.on_site, user_may_exist=True)
        failed = Schedule(attempts=1)
        late = replace(grant, schedule=failed, expires_at=NOW - 10**9, on_site=made)
        overdue = grants.replace(grant, late)
        assert overdue is not None
        assert index.overdue_since() == NOW - 10**9

        # An account that never was, or that only its owner can delete, raises no alarm.
        for quiet in (replace(late, on_site=grant.on_site), replace(late, is_manual=True)):
            hidden = grants.replace(overdue, quiet)
            assert hidden is not None
            assert index.overdue_since() != NOW - 10**9
            overdue = grants.replace(hidden, late)
            assert overdue is not None
            assert index.overdue_since() == NOW - 10**9

        grants.replace(overdue, replace(overdue, phase="notifying"))

        assert index.overdue_since() != NOW - 10**9


class TestTicketLog:
    def test_one_sender_at_a_time_and_its_readers_are_remembered(
        self, log: TicketLog, new_id: str
    ) -> None:
        taken = at_once(lambda _: log.begin(new_id, now=NOW))
        assert [t for t in taken if t is not None] == [frozenset()]

        log.record(new_id, "support")
        log.release(new_id)

        assert log.begin(new_id, now=NOW) == frozenset({"support"})

    def test_a_sender_that_died_is_followed_after_a_minute(
        self, log: TicketLog, new_id: str
    ) -> None:
        log.begin(new_id, now=NOW)

        assert log.begin(new_id, now=NOW + 59) is None
        assert log.begin(new_id, now=NOW + 60) == frozenset()


class TestHitCounter:
    def test_many_at_once_are_all_counted(self, hits: HitCounter, new_id: str) -> None:
        counted = at_once(lambda _: hits.hit(new_id, purge_at=NOW + 100))

        assert set(counted) == set(range(1, len(counted) + 1))

    def test_what_is_taken_back_is_not_counted(self, hits: HitCounter, new_id: str) -> None:
        hits.hit(new_id, purge_at=NOW + 100)
        assert hits.hit(new_id, purge_at=NOW + 100, by=-1) == 0

        assert hits.hit(new_id, purge_at=NOW + 100) == 1
