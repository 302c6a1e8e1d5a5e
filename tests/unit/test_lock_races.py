"""
When a lock's time is over and many come at once, each gets a try or learns the truth.

`SecretTable` spends a try in up to three writes, and others write in between. These tests choose
the order: they stop callers after a write that DynamoDB refused, or let another caller act there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY
from chalicelib.errors import HallpassError, Locked
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.onetime.model import LOCK_SECONDS, MAX_PASSPHRASE_TRIES, Secret, SecretStore
from tests.fakes.racing_dynamodb import RacingDynamoDB
from tests.fakes.stores import MemoryGrants, MemorySecrets, no_receipts
from tests.fakes.world import GRANT, NOW

OVER = NOW + LOCK_SECONDS
LOCKED_SECRET = Secret(
    id="s" * 22,
    ciphertext=b"sealed",
    access_sha256="right",
    passphrase=True,
    expires_at=NOW + DAY,
    fingerprint="f",
    grant_id=GRANT,
    tries_left=0,
    last_try_at=NOW,
    purge_at=NOW + DAY,
)
ID = LOCKED_SECRET.id


@pytest.fixture
def client() -> RacingDynamoDB:
    return RacingDynamoDB()


@pytest.fixture
def table(client: RacingDynamoDB) -> SecretTable:
    table = SecretTable(cast("Any", client), "secrets")
    table.add(LOCKED_SECRET)
    return table


@pytest.fixture
def secrets(table: SecretTable) -> OneTimeSecrets:
    return OneTimeSecrets(table, MemoryGrants(), no_receipts())


def all_refused_once(client: RacingDynamoDB, callers: int) -> None:
    """Let no caller go on after its first refused write until all *callers* have had one."""
    all_are_here, seen = threading.Barrier(callers, timeout=10), threading.local()

    def wait() -> None:
        if not getattr(seen, "refused", False):
            seen.refused = True
            all_are_here.wait()

    client.on_refused = wait


def let_others_act(client: RacingDynamoDB, *acts: Callable[[], object]) -> None:
    """Let another caller do the next of *acts* after each refused write of the caller."""
    waiting = list(acts)

    def act() -> None:
        if waiting:
            # What the others meet on the way does not count for the caller.
            client.on_refused = lambda: None
            waiting.pop(0)()
            client.on_refused = act

    client.on_refused = act


def at_once(call: Callable[[int], str], callers: int) -> list[str]:
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(call, range(callers)))


def outcome_of(secrets: OneTimeSecrets, access: str, number: int, *, now: int = OVER) -> str:
    try:
        return secrets.open(ID, access, f"claim {number}", now=now).decode()
    except HallpassError as error:
        return error.code


def test_whoever_loses_the_reset_still_gets_one_of_the_tries(
    client: RacingDynamoDB, table: SecretTable
) -> None:
    all_refused_once(client, 16)

    def spend(_: int) -> str:
        spent = table.spend_try(ID, now=OVER)
        return "none" if spent is None else str(spent.tries_left)

    spent = at_once(spend, 16)

    assert sorted(left for left in spent if left != "none") == [
        str(n) for n in range(MAX_PASSPHRASE_TRIES)
    ]


def test_the_right_passphrase_opens_although_others_come_at_the_same_moment(
    client: RacingDynamoDB, secrets: OneTimeSecrets
) -> None:
    all_refused_once(client, MAX_PASSPHRASE_TRIES)

    outcomes = at_once(
        lambda n: outcome_of(secrets, "wrong" if n else "right", n), MAX_PASSPHRASE_TRIES
    )

    assert outcomes[0] == "sealed"
    assert set(outcomes[1:]) <= {"wrong_passphrase", "already_opened"}


def test_forty_guesses_after_a_lock_spend_five_tries_and_the_others_meet_the_next_lock(
    client: RacingDynamoDB, secrets: OneTimeSecrets
) -> None:
    all_refused_once(client, 40)

    outcomes = at_once(lambda n: outcome_of(secrets, f"guess {n}", n), 40)

    assert outcomes.count("wrong_passphrase") == MAX_PASSPHRASE_TRIES
    assert outcomes.count("locked") == 40 - MAX_PASSPHRASE_TRIES
    assert outcome_of(secrets, "right", 0) == "locked"


def test_forty_readers_with_the_right_passphrase_after_a_lock_are_one_reader(
    client: RacingDynamoDB, secrets: OneTimeSecrets
) -> None:
    all_refused_once(client, 40)

    outcomes = at_once(lambda n: outcome_of(secrets, "right", n), 40)

    assert outcomes.count("sealed") == 1
    assert set(outcomes) <= {"sealed", "already_opened", "locked"}


class TestAnotherCallerActsBetweenTwoWrites:
    @pytest.fixture
    def act(self, client: RacingDynamoDB, table: SecretTable) -> dict[str, Callable[[], object]]:
        def spend() -> None:
            table.spend_try(ID, now=OVER)

        def lock() -> None:
            for _ in range(MAX_PASSPHRASE_TRIES):
                spend()

        def read() -> None:
            spend()
            table.open(ID, "right", "another", now=OVER)

        def end() -> None:
            table.revoke(ID, LOCKED_SECRET.grant_id, "ended", now=OVER, purge_at=OVER + DAY)

        def purge() -> None:
            client.tables.clear()

        return {"spend": spend, "lock": lock, "read": read, "end": end, "purge": purge}

    @pytest.mark.parametrize(
        ("acts", "outcome"),
        [
            (["spend"], "sealed"),
            (["spend", "spend"], "sealed"),
            (["lock"], "locked"),
            (["spend", "lock"], "locked"),
            (["read"], "already_opened"),
            (["spend", "read"], "already_opened"),
            (["end"], "not_found"),
            (["spend", "end"], "not_found"),
            (["purge"], "not_found"),
            (["spend", "purge"], "not_found"),
        ],
    )
    def test_the_caller_learns_what_is_true_then(
        self,
        client: RacingDynamoDB,
        secrets: OneTimeSecrets,
        act: dict[str, Callable[[], object]],
        acts: list[str],
        outcome: str,
    ) -> None:
        let_others_act(client, *(act[name] for name in acts))

        assert outcome_of(secrets, "right", 0) == outcome

    def test_a_new_lock_says_its_own_end(
        self,
        client: RacingDynamoDB,
        secrets: OneTimeSecrets,
        act: dict[str, Callable[[], object]],
    ) -> None:
        let_others_act(client, act["spend"], act["lock"])

        with pytest.raises(Locked) as locked:
            secrets.open(ID, "right", "claim", now=OVER)
        assert locked.value.unlocks_at == OVER + LOCK_SECONDS


class Interleaved:
    """A store in which others act right before this caller spends a try, and right after."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store
        self.before: Callable[[], object] = lambda: None
        self.after: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._store, name)

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        self.before()
        spent = self._store.spend_try(secret_id, now=now)
        self.after()
        return spent


@pytest.mark.parametrize("kind", ["memory", "table"])
class TestAnotherCallerActsBeforeOrAfterTheTry:
    @pytest.fixture
    def store(self, kind: str, table: SecretTable) -> SecretStore:
        if kind == "table":
            return table
        memory = MemorySecrets()
        memory.add(LOCKED_SECRET)
        return memory

    @pytest.fixture
    def between(self, store: SecretStore) -> Interleaved:
        return Interleaved(store)

    @pytest.fixture
    def secrets(self, between: Interleaved) -> OneTimeSecrets:
        return OneTimeSecrets(cast("SecretStore", between), MemoryGrants(), no_receipts())

    def test_others_use_up_all_but_one_try(
        self, store: SecretStore, between: Interleaved, secrets: OneTimeSecrets
    ) -> None:
        between.before = lambda: [
            store.spend_try(ID, now=OVER) for _ in range(MAX_PASSPHRASE_TRIES - 1)
        ]

        assert outcome_of(secrets, "right", 0) == "sealed"

    def test_others_lock_it_again(
        self, store: SecretStore, between: Interleaved, secrets: OneTimeSecrets
    ) -> None:
        between.before = lambda: [
            store.spend_try(ID, now=OVER) for _ in range(MAX_PASSPHRASE_TRIES)
        ]

        assert outcome_of(secrets, "right", 0) == "locked"

    def test_the_one_who_spent_the_last_try_opens_it(
        self, store: SecretStore, between: Interleaved, secrets: OneTimeSecrets
    ) -> None:
        between.before = lambda: [
            store.spend_try(ID, now=OVER) for _ in range(MAX_PASSPHRASE_TRIES)
        ]
        between.after = lambda: store.open(ID, "right", "another", now=OVER)

        assert outcome_of(secrets, "right", 0) == "already_opened"

    def test_a_reader_with_an_earlier_try_opens_it_after_ours_was_spent(
        self, store: SecretStore, between: Interleaved, secrets: OneTimeSecrets
    ) -> None:
        between.after = lambda: store.open(ID, "right", "another", now=OVER)

        assert outcome_of(secrets, "right", 0) == "already_opened"

    def test_one_whose_clock_is_ahead_resets_the_lock(
        self, store: SecretStore, secrets: OneTimeSecrets
    ) -> None:
        assert outcome_of(secrets, "right", 0, now=OVER - 1) == "locked"

        store.spend_try(ID, now=OVER)

        assert outcome_of(secrets, "right", 0, now=OVER - 1) == "sealed"

    def test_a_store_that_gives_no_try_is_busy_and_not_empty(
        self, between: Interleaved, secrets: OneTimeSecrets, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(between, "spend_try", lambda *_, **__: None)

        assert outcome_of(secrets, "right", 0) == "try_again"
