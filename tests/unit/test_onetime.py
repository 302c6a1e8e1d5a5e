"""One-time secrets: one reader, before expiry; a wrong passphrase costs a try and nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.clock import DAY
from chalicelib.errors import (
    AlreadyOpened,
    HallpassError,
    InvalidInput,
    Locked,
    NotFound,
    SecretExists,
    WrongPassphrase,
)
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Tokens, token_hash
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.onetime.model import LOCK_SECONDS, MAX_PASSPHRASE_TRIES, Secret
from tests.fakes.stores import MemoryGrants, MemorySecrets, no_receipts
from tests.fakes.world import NOW, URL

SECRET = Secret(
    id="s" * 22,
    ciphertext=b"sealed",
    access_sha256="right",
    passphrase=False,
    expires_at=0,
    fingerprint="f",
)
GUARDED = replace(SECRET, passphrase=True)
GRANT = Grant(
    id="g" * 22,
    site_url=URL,
    username="support1",
    created_at=NOW,
    expires_at=NOW + 3 * DAY,
    tokens=Tokens("f", (token_hash("owner"),), token_hash("support")),
    phase="active",
)


@pytest.fixture
def grants() -> MemoryGrants:
    grants = MemoryGrants()
    grants.add(GRANT)
    return grants


@pytest.fixture
def secrets(grants: MemoryGrants) -> OneTimeSecrets:
    return OneTimeSecrets(MemorySecrets(), grants, no_receipts())


def put(secrets: OneTimeSecrets, secret: Secret = SECRET, lifetime: int = DAY) -> Secret:
    token = "owner" if secret.grant_id else None
    return secrets.create(secret, lifetime=lifetime, owner_token=token, now=NOW)[0]


def test_the_same_request_again_gives_the_same_answer(secrets: OneTimeSecrets) -> None:
    first = secrets.create(SECRET, lifetime=DAY, owner_token=None, now=NOW)
    again = secrets.create(SECRET, lifetime=DAY, owner_token=None, now=NOW + 60)

    assert first == (again[0], True)
    assert again[1] is False


def test_another_body_under_the_same_id_is_refused(secrets: OneTimeSecrets) -> None:
    put(secrets)

    with pytest.raises(SecretExists):
        put(secrets, replace(SECRET, fingerprint="other"))


def test_a_link_never_outlives_its_grant(secrets: OneTimeSecrets) -> None:
    stored = put(secrets, replace(SECRET, grant_id=GRANT.id), lifetime=20 * DAY)

    assert stored.expires_at == GRANT.expires_at == stored.purge_at


@pytest.mark.parametrize("lifetime", [0, 30 * DAY + 1])
def test_a_lifetime_outside_the_range_names_the_field(
    secrets: OneTimeSecrets, lifetime: int
) -> None:
    with pytest.raises(InvalidInput) as refused:
        put(secrets, lifetime=lifetime)

    assert refused.value.field == "lifetime_seconds"


@pytest.mark.parametrize("token", ["support", "wrong", None])
def test_only_the_owner_adds_a_secret_to_a_grant(
    secrets: OneTimeSecrets, token: str | None
) -> None:
    with pytest.raises(NotFound):
        secrets.create(replace(SECRET, grant_id=GRANT.id), lifetime=DAY, owner_token=token, now=NOW)


def test_the_second_reader_learns_when_the_first_one_opened(secrets: OneTimeSecrets) -> None:
    put(secrets)
    assert secrets.open(SECRET.id, "right", "claim 1", now=NOW + 5) == b"sealed"

    with pytest.raises(AlreadyOpened) as lost:
        secrets.open(SECRET.id, "right", "claim 2", now=NOW + 6)

    assert lost.value.opened_at == NOW + 5


def test_the_winner_may_fetch_again_for_sixty_seconds_and_no_longer(
    secrets: OneTimeSecrets,
) -> None:
    put(secrets)
    secrets.open(SECRET.id, "right", "claim", now=NOW)

    assert secrets.open(SECRET.id, "right", "claim", now=NOW + 59) == b"sealed"
    with pytest.raises(AlreadyOpened):
        secrets.open(SECRET.id, "right", "claim", now=NOW + 60)


def test_the_winner_needs_the_proof_again_to_fetch_again(secrets: OneTimeSecrets) -> None:
    put(secrets)
    secrets.open(SECRET.id, "right", "claim", now=NOW)

    with pytest.raises(AlreadyOpened):
        secrets.open(SECRET.id, "wrong", "claim", now=NOW)


def test_the_proof_of_another_link_finds_nothing_and_spends_nothing(
    secrets: OneTimeSecrets,
) -> None:
    put(secrets)

    with pytest.raises(NotFound):
        secrets.open(SECRET.id, "wrong", "claim", now=NOW)

    assert secrets.peek(SECRET.id, now=NOW).opened_at is None


def test_an_expired_secret_is_unreadable_before_ttl_purges_it(secrets: OneTimeSecrets) -> None:
    put(secrets, lifetime=60)
    assert secrets.peek(SECRET.id, now=NOW + 59)

    with pytest.raises(NotFound):
        secrets.peek(SECRET.id, now=NOW + 60)
    with pytest.raises(NotFound):
        secrets.open(SECRET.id, "right", "claim", now=NOW + 60)


def test_acknowledging_forgets_the_ciphertext_and_keeps_the_trace(
    secrets: OneTimeSecrets,
) -> None:
    put(secrets)
    secrets.open(SECRET.id, "right", "claim", now=NOW)
    secrets.acknowledge(SECRET.id, "claim", now=NOW + 1)
    secrets.acknowledge(SECRET.id, "claim", now=NOW + 2)

    trace = secrets.peek(SECRET.id, now=NOW + 2)
    assert (trace.ciphertext, trace.opened_at) == (None, NOW)
    with pytest.raises(AlreadyOpened):
        secrets.open(SECRET.id, "right", "claim", now=NOW + 3)


@pytest.mark.parametrize("claim", ["claim 2", ""])
def test_only_the_winners_claim_acknowledges(secrets: OneTimeSecrets, claim: str) -> None:
    put(secrets)
    secrets.open(SECRET.id, "right", "claim", now=NOW)

    with pytest.raises(NotFound):
        secrets.acknowledge(SECRET.id, claim, now=NOW)


def test_an_unopened_secret_cannot_be_acknowledged(secrets: OneTimeSecrets) -> None:
    put(secrets)

    with pytest.raises(NotFound):
        secrets.acknowledge(SECRET.id, "", now=NOW)


def test_a_wrong_passphrase_costs_a_try_and_nothing_else(secrets: OneTimeSecrets) -> None:
    put(secrets, GUARDED)

    with pytest.raises(WrongPassphrase) as wrong:
        secrets.open(SECRET.id, "wrong", "claim", now=NOW)

    assert wrong.value.tries_left == MAX_PASSPHRASE_TRIES - 1
    assert secrets.open(SECRET.id, "right", "claim", now=NOW) == b"sealed"


def test_too_many_wrong_passphrases_lock_even_the_right_one_out_for_half_an_hour(
    secrets: OneTimeSecrets,
) -> None:
    put(secrets, GUARDED)
    for _ in range(MAX_PASSPHRASE_TRIES):
        with pytest.raises(WrongPassphrase):
            secrets.open(SECRET.id, "wrong", "claim", now=NOW)

    with pytest.raises(Locked) as locked:
        secrets.open(SECRET.id, "right", "claim", now=NOW + LOCK_SECONDS - 1)
    assert locked.value.unlocks_at == NOW + LOCK_SECONDS
    assert secrets.open(SECRET.id, "right", "claim", now=NOW + LOCK_SECONDS) == b"sealed"


def test_forty_guesses_at_once_are_checked_five_times(secrets: OneTimeSecrets) -> None:
    put(secrets, GUARDED)

    def guess(number: int) -> str:
        try:
            secrets.open(SECRET.id, f"guess {number}", "claim", now=NOW)
        except HallpassError as error:
            return error.code
        return "opened"

    with ThreadPoolExecutor(40) as pool:
        outcomes = list(pool.map(guess, range(40)))

    assert outcomes.count("wrong_passphrase") == MAX_PASSPHRASE_TRIES
    assert outcomes.count("locked") == 40 - MAX_PASSPHRASE_TRIES


def test_two_hundred_secrets_and_thirty_two_readers_each_make_two_hundred_openings(
    secrets: OneTimeSecrets,
) -> None:
    ids = [f"{number:022}" for number in range(200)]
    for secret_id in ids:
        put(secrets, replace(SECRET, id=secret_id))

    def read(job: tuple[str, int]) -> str | None:
        secret_id, reader = job
        try:
            secrets.open(secret_id, "right", f"claim {reader}", now=NOW)
        except AlreadyOpened:
            return None
        return secret_id

    with ThreadPoolExecutor(32) as pool:
        read_by = list(pool.map(read, [(s, r) for s in ids for r in range(32)]))

    assert sorted(filter(None, read_by)) == ids


def test_an_opening_is_noted_on_the_grant_once_however_often_it_is_fetched(
    secrets: OneTimeSecrets, grants: MemoryGrants
) -> None:
    put(secrets, replace(SECRET, grant_id=GRANT.id))
    secrets.open(SECRET.id, "right", "claim", now=NOW + 7)
    secrets.open(SECRET.id, "right", "claim", now=NOW + 8)

    assert [(e.at, e.name) for e in grants.items[GRANT.id].timeline] == [(NOW + 7, "link_opened")]


def test_the_owner_can_burn_the_link_and_support_cannot(
    secrets: OneTimeSecrets, grants: MemoryGrants
) -> None:
    put(secrets, replace(SECRET, grant_id=GRANT.id))
    with pytest.raises(NotFound):
        secrets.burn(SECRET.id, "support", now=NOW)

    secrets.burn(SECRET.id, "owner", now=NOW)
    secrets.burn(SECRET.id, "owner", now=NOW + 9)

    with pytest.raises(NotFound):
        secrets.open(SECRET.id, "right", "claim", now=NOW)
    assert [(e.at, e.name) for e in grants.items[GRANT.id].timeline] == [(NOW, "link_burned")]


def test_an_opened_link_cannot_be_burned_any_more(
    secrets: OneTimeSecrets, grants: MemoryGrants
) -> None:
    put(secrets, replace(SECRET, grant_id=GRANT.id))
    secrets.open(SECRET.id, "right", "claim", now=NOW)

    secrets.burn(SECRET.id, "owner", now=NOW)

    assert [event.name for event in grants.items[GRANT.id].timeline] == ["link_opened"]


@pytest.mark.parametrize("passphrase", [False, True])
@pytest.mark.parametrize("why", ["burned", "ending", "ended", "expired"])
def test_a_late_reader_learns_why_a_link_cannot_be_opened_and_since_when(
    secrets: OneTimeSecrets, grants: MemoryGrants, why: str, *, passphrase: bool
) -> None:
    put(secrets, replace(SECRET, grant_id=GRANT.id, passphrase=passphrase), lifetime=60)
    if why == "burned":
        secrets.burn(SECRET.id, "owner", now=NOW + 60)
    if why in ("ending", "ended"):
        secrets.revoke(grants.items[GRANT.id], now=NOW + 60)
    if why == "ended":
        grants.items[GRANT.id] = replace(GRANT, phase="closed")

    with pytest.raises(NotFound) as peeked:
        secrets.peek(SECRET.id, now=NOW + 99)
    with pytest.raises(NotFound) as opened:
        secrets.open(SECRET.id, "right", "claim", now=NOW + 99)

    for lost in (peeked.value, opened.value):
        assert lost.details() == {"gone": why, "at": NOW + 60, "grant_id": GRANT.id}


def test_a_link_that_never_was_has_no_trace(secrets: OneTimeSecrets) -> None:
    with pytest.raises(NotFound) as lost:
        secrets.peek("u" * 22, now=NOW)

    assert lost.value.details() == {}
