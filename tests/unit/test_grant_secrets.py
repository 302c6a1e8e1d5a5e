"""The one-time secrets of a grant over fakes: whose they are, how many, and how long they live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY
from chalicelib.errors import InvalidInput, NotFound, SecretExists
from chalicelib.grants.parts import (
    Links,
)
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.schedule import Schedule
from chalicelib.onetime.model import MAX_SECRETS_PER_GRANT, Secret
from tests.fakes.world import GRANT, NOW, OWNER, SECRET, SUPPORT, World

SEALED = Secret(SECRET, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003
OTHER_GRANT = "h" * 22


@pytest.fixture(autouse=True)
def active(world: World, provision_request: ProvisionRequest) -> None:
    world.parts.lifecycle.provision(provision_request, now=NOW)
    world.parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=NOW)


def test_a_secret_is_not_added_to_another_grant_and_does_not_end_with_it(world: World) -> None:
    theirs = replace(
        world.manual_request(), grant_id=OTHER_GRANT, owner_token="x" * 43, support_token="y" * 43
    )
    world.parts.lifecycle.register(theirs, now=NOW)
    copy = replace(SEALED, grant_id=OTHER_GRANT, fingerprint="other")

    with pytest.raises(SecretExists):
        world.parts.secrets.create(copy, lifetime=DAY, owner_token="x" * 43, now=NOW)
    assert world.grants.items[OTHER_GRANT].links.secret_ids == ()

    # Even had it been listed there, by a race, the secret is not its to revoke.
    forged = replace(world.grants.items[OTHER_GRANT], links=Links((SECRET,)))
    world.parts.secrets.revoke(forged, now=NOW)
    world.parts.secrets.extend(replace(forged, expires_at=NOW + 9 * DAY), old_end=NOW + DAY)
    assert world.parts.secrets.peek(SECRET, now=NOW).expires_at == NOW + DAY


def test_the_same_request_after_the_end_gets_the_same_answer(world: World) -> None:
    world.parts.ending.end(GRANT, OWNER, now=NOW)

    stored, is_new = world.parts.secrets.create(SEALED, lifetime=DAY, owner_token=OWNER, now=NOW)

    assert (stored.id, is_new, stored.ciphertext) == (SECRET, False, None)


def test_the_number_of_secrets_of_a_grant_is_limited(world: World) -> None:
    for number in range(1, MAX_SECRETS_PER_GRANT):
        another = replace(SEALED, id=f"{number:022}")
        world.parts.secrets.create(another, lifetime=DAY, owner_token=OWNER, now=NOW)

    with pytest.raises(InvalidInput) as refused:
        world.parts.secrets.create(
            replace(SEALED, id="z" * 22), lifetime=DAY, owner_token=OWNER, now=NOW
        )

    assert refused.value.field == "grant_id"
    assert "z" * 22 not in world.stored.items


class TestExtension:
    @pytest.mark.parametrize(("lifetime", "longer"), [(3 * DAY, 5 * DAY), (DAY, DAY)])
    def test_an_unopened_link_that_ends_with_the_access_lives_longer_and_a_shorter_one_does_not(
        self, world: World, lifetime: int, longer: int
    ) -> None:
        del world.stored.items[SECRET]
        world.parts.secrets.create(SEALED, lifetime=lifetime, owner_token=OWNER, now=NOW)

        world.parts.lifecycle.extend(GRANT, OWNER, days=2, now=NOW)

        assert world.parts.secrets.peek(SECRET, now=NOW).expires_at == NOW + longer
        assert world.stored.items[SECRET].purge_at == NOW + longer

    def test_the_same_request_again_extends_once(self, world: World) -> None:
        for _ in range(2):
            grant = world.parts.lifecycle.extend(GRANT, OWNER, days=2, seen=NOW + 3 * DAY, now=NOW)
            assert grant.expires_at == NOW + 5 * DAY

    def test_extending_does_not_delay_a_due_notice(self, world: World) -> None:
        grant = world.grants.items[GRANT]
        world.grants.replace(grant, replace(grant, schedule=Schedule(due_at=NOW)))

        assert world.parts.lifecycle.extend(GRANT, OWNER, days=2, now=NOW).schedule.due_at == NOW

    def test_support_cannot_extend(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.parts.lifecycle.extend(GRANT, SUPPORT, days=1, seen=0, now=NOW)
