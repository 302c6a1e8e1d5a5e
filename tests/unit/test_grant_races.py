"""Two calls at one grant in the same moment: what the second one finds, and what becomes of it."""

from __future__ import annotations

import pytest

from chalicelib.clock import DAY, HOUR
from chalicelib.errors import GrantEnded, GrantExists, TryAgain
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.set_up import MAX_SET_UP_SECONDS
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, World


def test_the_second_of_two_holds_is_asked_to_try_again(
    world: World, provision_request: ProvisionRequest
) -> None:
    world.grants.add = lambda grant: not grant  # type: ignore[method-assign]

    with pytest.raises(TryAgain):
        world.parts.lifecycle.hold(provision_request.hold(), now=NOW)


def test_the_second_of_two_registrations_returns_the_grant_of_the_first(world: World) -> None:
    add = world.grants.add
    world.grants.add = lambda grant: not add(grant)  # type: ignore[method-assign]

    grant, is_new = world.parts.lifecycle.register(world.manual_request(), now=NOW)

    assert (grant.id, is_new) == (GRANT, False)


def test_a_registration_whose_rival_was_deleted_is_asked_to_try_again(world: World) -> None:
    world.grants.add = lambda grant: not grant  # type: ignore[method-assign]

    with pytest.raises(TryAgain):
        world.parts.lifecycle.register(world.manual_request(), now=NOW)


def test_a_set_up_that_the_sweep_undoes_meanwhile_is_over(
    world: World, provision_request: ProvisionRequest
) -> None:
    later = NOW + MAX_SET_UP_SECONDS + HOUR
    world.wordpress.interrupt_next("discover", lambda: sweep_and_work(world.parts, now=later))

    with pytest.raises(GrantEnded):
        world.parts.lifecycle.provision(provision_request, now=NOW)
    sweep_and_work(world.parts, now=later + DAY)

    assert world.grants.items[GRANT].state == "ended"
    assert (world.strangers, world.owner_keys) == ([], 0)


def test_what_is_no_longer_due_is_left_alone(
    world: World, provision_request: ProvisionRequest
) -> None:
    assert world.parts.ending.finish_due("unknown", NOW) is None
    world.parts.lifecycle.provision(provision_request, now=NOW)
    assert world.parts.ending.finish_due(GRANT, NOW + DAY) is None

    world.parts.ending.end(GRANT, OWNER, now=NOW + DAY)
    assert world.parts.ending.finish_due(GRANT, NOW + 4 * DAY) is None
    assert len(world.wordpress.called("delete_self")) == 1


def test_another_request_under_a_manual_grants_id_is_refused(
    world: World, provision_request: ProvisionRequest
) -> None:
    world.parts.lifecycle.register(world.manual_request(), now=NOW)

    with pytest.raises(GrantExists):
        world.parts.lifecycle.provision(provision_request, now=NOW)
