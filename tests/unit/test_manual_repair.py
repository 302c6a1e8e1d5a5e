"""A user made by hand is deleted only after its owner has seen who it is and confirmed it."""

from __future__ import annotations

from typing import Any

import pytest

import app as app_module
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import HallpassError
from chalicelib.grants.manual_user import Found
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.crash import Process
from tests.fakes.deaths import Job, every_death
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, SUPPORT, World
from tests.unit.conftest import Api

REPAIR = f"/grants/{GRANT}/repair"


@pytest.fixture
def manual(world: World) -> World:
    """A manual grant whose user was made an hour before."""
    user = world.site.add_user("helper", email="helper@acme.example")
    user.registered_at, user.display_name = NOW - HOUR, "Helper of Acme"
    world.site.write("helper", "Hello")
    world.parts.lifecycle.register(world.manual_request(), now=NOW)
    return world


def approve(world: World) -> dict[str, Any]:
    return {"user_login": "admin", "application_password": world.site.consent("admin")}


class TestTwoSteps:
    def test_the_first_request_shows_who_it_is_and_deletes_nothing(
        self, manual: World, api: Api
    ) -> None:
        before = manual.grants.items[GRANT]

        status, answer = api("POST", REPAIR, approve(manual), token=OWNER)

        assert (status, answer["state"]) == (200, "active")
        assert answer["found"] == {
            "id": 2,
            "username": "helper",
            "name": "Helper of Acme",
            "email": "helper@acme.example",
            "roles": ["administrator"],
            "registered_at": NOW - HOUR,
            "posts": 1,
        }
        assert manual.strangers == ["helper"]
        after = manual.grants.items[GRANT]
        assert (after.phase, after.timeline) == (before.phase, before.timeline)
        assert after.end_requested_at is None

    def test_the_same_request_with_the_id_deletes(self, manual: World, api: Api) -> None:
        consent = approve(manual)
        found = api("POST", REPAIR, consent, token=OWNER)[1]["found"]

        status, answer = api("POST", REPAIR, {**consent, "confirm": found["id"]}, token=OWNER)

        assert (status, answer["state"]) == (200, "ended")
        assert (manual.strangers, manual.owner_keys) == ([], 0)
        assert manual.grants.items[GRANT].consent is None

    @pytest.mark.parametrize("other", [1, 3, 99])
    def test_another_id_is_shown_again_and_no_user_is_deleted(
        self, manual: World, api: Api, other: int
    ) -> None:
        manual.site.add_user("colleague")

        answer = api("POST", REPAIR, {**approve(manual), "confirm": other}, token=OWNER)[1]

        assert answer["found"]["id"] == 2
        assert manual.strangers == ["helper", "colleague"]

    @pytest.mark.parametrize("confirm", ["2", 0, -1, 2.5, True, 2**64])
    def test_an_id_that_is_none_is_refused_by_name(
        self, manual: World, api: Api, confirm: object
    ) -> None:
        status, answer = api("POST", REPAIR, {**approve(manual), "confirm": confirm}, token=OWNER)

        assert (status, answer["field"]) == (400, "confirm")
        assert manual.grants.items[GRANT].consent is None

    def test_links_stay_until_it_is_confirmed(self, manual: World, api: Api) -> None:
        link = {
            "id": "i" * 22,
            "ciphertext": "A" * 60,
            "access_sha256": "A" * 43,
            "passphrase": False,
            "lifetime_seconds": 60,
            "grant_id": GRANT,
            "owner_token": OWNER,
        }
        assert api("POST", "/secrets", link)[0] == 201
        consent = approve(manual)
        api("POST", REPAIR, consent, token=OWNER)
        assert manual.stored.items["i" * 22].ciphertext

        manual.wordpress.fail_next("delete_user", unavailable("timeout"))
        api("POST", REPAIR, {**consent, "confirm": 2}, token=OWNER)

        assert manual.stored.items["i" * 22].ciphertext is None

    def test_an_account_that_we_made_needs_no_second_request(self, world: World, api: Api) -> None:
        world.parts.lifecycle.provision(world.request(), now=NOW)

        status, answer = api("POST", REPAIR, approve(world), token=OWNER)

        assert (status, answer["state"]) == (200, "ended")
        assert "found" not in answer


class TestWhoIsOffered:
    @pytest.mark.parametrize(
        "registered_at",
        [NOW + 1, NOW + HOUR, NOW - DAY - 1, NOW - 400 * DAY, None],
        ids=["a second after", "an hour after", "a day before", "long before", "unknown"],
    )
    @pytest.mark.parametrize("confirm", [None, 2])
    def test_no_colleague_is_ever_offered_nor_deleted(
        self, manual: World, api: Api, registered_at: int | None, confirm: int | None
    ) -> None:
        manual.site.users[2].registered_at = registered_at

        status, answer = api("POST", REPAIR, {**approve(manual), "confirm": confirm}, token=OWNER)

        assert status == 422
        assert answer["reason"] == (
            "user_is_newer" if (registered_at or 0) > NOW else "user_is_older"
        )
        assert "found" not in answer
        assert (manual.strangers, manual.owner_keys) == (["helper"], 0)
        assert manual.grants.items[GRANT].state == "active"

    @pytest.mark.parametrize("registered_at", [NOW, NOW - 1, NOW - DAY])
    def test_one_made_in_the_day_before_is(
        self, manual: World, api: Api, registered_at: int
    ) -> None:
        manual.site.users[2].registered_at = registered_at

        assert api("POST", REPAIR, approve(manual), token=OWNER)[1]["found"]["id"] == 2

    def test_the_owner_herself_is_not(self, world: World, api: Api) -> None:
        world.site.users[1].registered_at = NOW - HOUR
        world.parts.lifecycle.register(world.manual_request("admin"), now=NOW)

        status, answer = api("POST", REPAIR, approve(world), token=OWNER)

        assert (status, answer["reason"]) == (422, "not_ours")
        assert world.owner_keys == 0

    def test_a_name_that_is_not_there_proves_no_end(self, manual: World, api: Api) -> None:
        del manual.site.users[2]

        assert api("POST", REPAIR, approve(manual), token=OWNER)[1]["reason"] == "user_not_found"
        assert manual.grants.items[GRANT].state == "active"


class TestTheKeyMeanwhile:
    @pytest.mark.parametrize("days", [0, 3], ids=["while it runs", "after its deadline"])
    def test_an_approval_that_is_not_confirmed_is_deleted_within_fifteen_minutes(
        self, manual: World, api: Api, monkeypatch: pytest.MonkeyPatch, days: int
    ) -> None:
        start = NOW + days * DAY
        sweep_and_work(manual.parts, now=start)
        monkeypatch.setattr(app_module, "now", lambda: start + HOUR)
        before = manual.grants.items[GRANT].schedule
        mails = len(manual.outbox.sent)
        api("POST", REPAIR, approve(manual), token=OWNER)
        assert manual.owner_keys == 1

        sweep_and_work(manual.parts, now=start + HOUR + 15 * MINUTE - 1)

        grant = manual.grants.items[GRANT]
        assert (manual.owner_keys, grant.consent) == (0, None)
        assert manual.strangers == ["helper"]
        assert (grant.schedule.due_at, grant.schedule.attempts) == (before.due_at, before.attempts)
        assert len(manual.outbox.sent) == mails

    def test_it_is_tried_again_while_the_site_is_down(self, manual: World, api: Api) -> None:
        api("POST", REPAIR, approve(manual), token=OWNER)
        manual.site.down = unavailable("unreachable")
        for minute in range(14, 40):
            sweep_and_work(manual.parts, now=NOW + minute * MINUTE)
        assert manual.grants.items[GRANT].consent is not None
        manual.site.down = None

        sweep_and_work(manual.parts, now=NOW + 2 * HOUR)

        assert manual.owner_keys == 0
        assert manual.grants.items[GRANT].schedule.due_at == NOW + 3 * DAY

    def test_whoever_else_has_a_token_cannot_put_its_deletion_off(
        self, manual: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who made the grant has its owner token, and approvals of other hosts are refused."""
        api("POST", REPAIR, approve(manual), token=OWNER)
        junk = {"user_login": "admin", "application_password": "x" * 24}

        for second in range(12 * MINUTE, 15 * MINUTE, 20):
            monkeypatch.setattr(app_module, "now", lambda moment=NOW + second: moment)
            refused = {**junk, "approved_on": "https://elsewhere.example"}
            assert api("POST", REPAIR, refused, token=OWNER)[0] == 422
            if second % MINUTE == 0:
                sweep_and_work(manual.parts, now=NOW + second)

        assert (manual.owner_keys, manual.grants.items[GRANT].consent) == (0, None)

    def test_approving_again_deletes_the_first_one(self, manual: World, api: Api) -> None:
        api("POST", REPAIR, approve(manual), token=OWNER)

        answer = api("POST", REPAIR, approve(manual), token=OWNER)[1]

        assert answer["found"]["id"] == 2
        assert manual.owner_keys == 1

    def test_after_its_deletion_the_owner_is_asked_to_approve_again(
        self, manual: World, api: Api
    ) -> None:
        consent = approve(manual)
        api("POST", REPAIR, consent, token=OWNER)
        sweep_and_work(manual.parts, now=NOW + 15 * MINUTE)

        status, answer = api("POST", REPAIR, {**consent, "confirm": 2}, token=OWNER)

        assert (status, answer["code"]) == (401, "consent_rejected")
        assert manual.strangers == ["helper"]


# Deaths at every call.


def manual_grant(world: World) -> Credentials:
    world.site.add_user("helper").registered_at = NOW - HOUR
    world.parts.lifecycle.register(world.manual_request(), now=NOW)
    return Credentials("admin", world.site.consent("admin"))


def first_request(world: World) -> Job:
    consent = manual_grant(world)
    return lambda parts, now: parts.repair.repair(GRANT, OWNER, consent, now=now)


def confirming(world: World) -> Job:
    consent = manual_grant(world)
    found = world.parts.repair.repair(GRANT, OWNER, consent, now=NOW)
    assert isinstance(found, Found)
    return lambda parts, now: parts.repair.repair(
        GRANT, OWNER, consent, confirm=found.user.id, now=now
    )


def test_a_first_request_that_died_leaves_no_key_and_deletes_no_user() -> None:
    def check(world: World, _: Job) -> None:
        recorded = world.grants.items[GRANT].consent is not None

        for minute in range(1, 17):
            sweep_and_work(world.start(Process()), now=NOW + minute * MINUTE)

        grant = world.grants.items[GRANT]
        assert world.strangers == ["helper"]
        assert (grant.phase, grant.schedule.due_at) == ("active", NOW + 3 * DAY)
        if recorded:
            assert (grant.consent, world.owner_keys) == (None, 0)

    every_death(first_request, check)


@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_confirmed_one_that_died_is_finished_or_asked_for_again(by: str) -> None:
    def check(world: World, job: Job) -> None:
        if by == "request":
            job(world.start(Process()), NOW + 5 * MINUTE)
            assert world.strangers == []
        for minute in range(6, 30):
            sweep_and_work(world.start(Process()), now=NOW + minute * MINUTE)

        grant = world.grants.items[GRANT]
        assert (grant.consent, world.owner_keys) == (None, 0)
        assert (grant.state == "ended") == (world.strangers == [])

    every_death(confirming, check)


def test_support_can_neither_view_nor_confirm(manual: World) -> None:
    consent = Credentials("admin", manual.site.consent("admin"))

    for confirm in (None, 2):
        with pytest.raises(HallpassError):
            manual.parts.repair.repair(GRANT, SUPPORT, consent, confirm=confirm, now=NOW)
    assert manual.strangers == ["helper"]


def test_a_second_approval_that_cannot_take_the_first_ones_place_is_deleted(
    manual: World, api: Api
) -> None:
    api("POST", REPAIR, approve(manual), token=OWNER)
    manual.wordpress.fail_next("delete_own_key", unavailable("timeout"))

    assert api("POST", REPAIR, approve(manual), token=OWNER)[0] >= 400

    assert manual.owner_keys == 1, "of the two, one is left: the one that is stored"
    sweep_and_work(manual.parts, now=NOW + 15 * MINUTE)
    assert manual.owner_keys == 0
