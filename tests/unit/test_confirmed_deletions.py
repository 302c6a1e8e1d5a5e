"""A confirmed deletion is believed and never doubted later, and dead keys are not sent."""

from __future__ import annotations

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, World

DEADLINE = NOW + 3 * DAY


@pytest.fixture
def site(world: World) -> FakeSite:
    world.parts.lifecycle.provision(world.request(), now=NOW)
    return world.site


def test_an_ordinary_visit_sends_no_refused_key(world: World, site: FakeSite) -> None:
    sweep_and_work(world.parts, now=DEADLINE)

    assert world.grants.items[GRANT].phase == "closed"
    assert site.refused_keys == 0


def test_an_account_ends_where_strangers_are_shut_out(world: World, site: FakeSite) -> None:
    site.shuts_strangers_out = True

    sweep_and_work(world.parts, now=DEADLINE)

    assert world.grants.items[GRANT].state == "ended"
    assert world.strangers == []
    assert not [mail for mail in world.outbox.sent if "still there" in mail.subject]


def test_a_repair_ends_where_strangers_are_shut_out(world: World, site: FakeSite) -> None:
    site.shuts_strangers_out = True
    site.revoke(world.grants.items[GRANT].username)
    consent = Credentials("admin", site.consent("admin"))

    world.parts.repair.repair(GRANT, OWNER, consent, now=NOW + DAY)

    assert world.grants.items[GRANT].state == "ended"
    assert (world.strangers, world.owner_keys) == ([], 0)


@pytest.mark.parametrize("shut_out", [False, True])
def test_a_deletion_whose_second_word_was_lost_is_remembered_with_its_time(
    world: World,
    site: FakeSite,
    shut_out: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    site.shuts_strangers_out = shut_out
    world.wordpress.fail_next("is_missing", unavailable("timeout"))
    world.wordpress.fail_next("refuses", unavailable("timeout"))
    sweep_and_work(world.parts, now=DEADLINE)
    grant = world.grants.items[GRANT]
    assert (grant.phase, grant.on_site.evidence.deleted_at) == ("revoking", DEADLINE)

    for hours in range(1, 4):
        sweep_and_work(world.parts, now=DEADLINE + hours * HOUR)

    grant = world.grants.items[GRANT]
    assert (grant.state, grant.ended_at) == ("ended", DEADLINE)
    assert site.refused_keys <= 1


@pytest.mark.usefixtures("site")
def test_a_deletion_that_the_site_only_claimed_is_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lying:
        lying.setattr(world.wordpress, "delete_self", lambda *_, **__: True)
        sweep_and_work(world.parts, now=DEADLINE)
    grant = world.grants.items[GRANT]
    assert (grant.state, grant.on_site.evidence.deleted_at) == ("active", DEADLINE)
    assert world.strangers != []

    sweep_and_work(world.parts, now=DEADLINE + HOUR)
    sweep_and_work(world.parts, now=DEADLINE + 2 * HOUR)

    assert world.grants.items[GRANT].state == "ended"
    assert world.strangers == []


def test_a_deletion_that_names_another_user_and_a_refusal_are_no_end(
    world: World, site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.shuts_strangers_out = True
    with monkeypatch.context() as odd:
        odd.setattr(world.wordpress, "delete_self", lambda *_, **__: False)
        odd.setattr(world.wordpress, "refuses", lambda *_: True)
        sweep_and_work(world.parts, now=DEADLINE)

    assert world.grants.items[GRANT].state == "active"


@pytest.mark.parametrize("fault", ["delete_self", "is_missing", "refuses"])
def test_a_renamed_user_is_deleted_at_the_next_retry(
    world: World, site: FakeSite, fault: str
) -> None:
    site.users[world.grants.items[GRANT].on_site.user_id or 0].username = "renamed"
    site.shuts_strangers_out = fault == "refuses"
    world.wordpress.fail_next(fault, unavailable("timeout"))

    for minutes in range(3):
        sweep_and_work(world.parts, now=DEADLINE + minutes * MINUTE)

    assert world.grants.items[GRANT].state == "ended"
    assert world.strangers == []
    assert site.refused_keys <= 3


def test_a_renamed_user_whose_deletion_is_only_claimed_is_no_end(
    world: World, site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The refusal of the old name is no second word: it was refused before the deletion.
    site.users[world.grants.items[GRANT].on_site.user_id or 0].username = "renamed"
    site.shuts_strangers_out = True
    with monkeypatch.context() as lying:
        lying.setattr(world.wordpress, "delete_self", lambda *_, **__: True)
        world.wordpress.fail_next("refuses", unavailable("timeout"))
        sweep_and_work(world.parts, now=DEADLINE)
        sweep_and_work(world.parts, now=DEADLINE + HOUR)

    assert world.grants.items[GRANT].state == "active"
    assert world.strangers == ["renamed"]


def test_a_refused_removal_key_is_sent_again_only_a_day_later(world: World, site: FakeSite) -> None:
    site.revoke(world.grants.items[GRANT].username)
    site.hides_users = True
    sweep_and_work(world.parts, now=DEADLINE)
    refused = site.refused_keys
    assert refused <= 2

    for minutes in range(1, 24 * 60, 7):
        sweep_and_work(world.parts, now=DEADLINE + minutes * MINUTE)
    assert site.refused_keys == refused

    for hours in range(24, 48):
        sweep_and_work(world.parts, now=DEADLINE + hours * HOUR)
    assert refused < site.refused_keys <= 2 * refused


@pytest.mark.parametrize("way", ["deadline", "pressed"])
def test_after_a_lost_answer_strangers_are_asked_before_a_key_that_may_be_dead(
    world: World, site: FakeSite, way: str
) -> None:
    world.wordpress.fail_next("delete_self", unavailable("timeout"), late=True)
    if way == "deadline":
        sweep_and_work(world.parts, now=DEADLINE)
        sweep_and_work(world.parts, now=DEADLINE + HOUR)
    else:
        world.parts.ending.end(GRANT, OWNER, now=NOW + HOUR)
        world.parts.ending.end(GRANT, OWNER, now=NOW + HOUR + MINUTE)

    assert world.grants.items[GRANT].state == "ended"
    assert site.refused_keys == 0


def test_where_only_a_refusal_is_left_the_owner_learns_that_the_account_may_be_deleted(
    world: World, site: FakeSite
) -> None:
    site.shuts_strangers_out = True
    world.wordpress.fail_next("delete_self", unavailable("timeout"), late=True)
    for hours in range(4):
        sweep_and_work(world.parts, now=DEADLINE + hours * HOUR)

    grant = world.grants.items[GRANT]
    assert (grant.state, world.strangers) == ("active", [])
    reasons = [event.detail for event in grant.timeline if event.name == "removal_failed"]
    assert reasons == ["unconfirmed"]

    consent = Credentials("admin", site.consent("admin"))
    world.parts.repair.repair(GRANT, OWNER, consent, now=DEADLINE + 31 * HOUR)
    assert world.grants.items[GRANT].state == "ended"
    assert world.owner_keys == 0


def test_a_revoked_key_is_not_taken_for_a_lost_answer(world: World, site: FakeSite) -> None:
    site.shuts_strangers_out = True
    site.revoke(world.grants.items[GRANT].username)
    for hours in range(3):
        sweep_and_work(world.parts, now=DEADLINE + hours * HOUR)

    timeline = world.grants.items[GRANT].timeline
    reasons = {event.detail for event in timeline if event.name == "removal_failed"}
    assert reasons == {"key_refused"}


@pytest.mark.parametrize("fault", ["is_missing", "refuses"])
def test_a_second_word_that_comes_late_leaves_the_deletion_to_the_owners_key(
    world: World, site: FakeSite, fault: str
) -> None:
    site.revoke(world.grants.items[GRANT].username)
    if fault == "refuses":
        # The site once claimed a deletion, and gives no second word for it.
        world.parts.ending.removal.removal_key.record_deletion(world.grants.items[GRANT], NOW)
        site.shuts_strangers_out = True
    world.wordpress.fail_next(fault, unavailable("timeout"))
    consent = Credentials("admin", site.consent("admin"))

    world.parts.repair.repair(GRANT, OWNER, consent, now=NOW + DAY)

    assert world.grants.items[GRANT].state == "ended"
    assert (world.strangers, world.owner_keys) == ([], 0)


def test_a_deletion_that_is_disproved_is_done_in_the_same_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.parts.lifecycle.provision(world.request(), now=NOW)
    world.site.shuts_strangers_out = True
    with monkeypatch.context() as lying:
        lying.setattr(world.wordpress, "delete_self", lambda *_, **__: True)
        sweep_and_work(world.parts, now=DEADLINE)
    assert world.grants.items[GRANT].on_site.evidence.deleted_at == DEADLINE

    sweep_and_work(world.parts, now=DEADLINE + HOUR)

    assert world.grants.items[GRANT].state == "ended"
    assert world.strangers == []


def test_a_refused_consent_is_not_sent_again_to_be_deleted(world: World) -> None:
    request = world.request()
    world.site.revoke("admin")
    with pytest.raises(Exception, match="did not accept the approval"):
        world.parts.lifecycle.provision(request, now=NOW)

    assert world.site.refused_keys == 1
    assert GRANT not in world.grants.items
