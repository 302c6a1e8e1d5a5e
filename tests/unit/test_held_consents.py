"""No key waits for a person: a consent that came back is used, or deleted within 15 minutes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import app as app_module
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import GrantEnded, GrantExists, HallpassError, TooManyRequests
from chalicelib.grants.request import HoldRequest, ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.crash import Process
from tests.fakes.deaths import Job, every_death
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SUPPORT, URL, World, repair
from tests.unit.conftest import Api


def body(world: World, **changes: object) -> dict[str, Any]:
    """Return what the page knows when the owner comes back from WordPress."""
    return {
        "hold": True,
        "grant_id": GRANT,
        "site_url": URL,
        "user_login": "admin",
        "application_password": world.site.consent("admin"),
        "owner_token": OWNER,
        "support_token": SUPPORT,
        **changes,
    }


def whole(held: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return the request that makes the access of what was *held*."""
    rest = {"password": "p" * 20, "days": 3, "owner_email": OWNER_MAIL}
    return {**{name: held[name] for name in held if name != "hold"}, **rest, **changes}


@pytest.fixture
def request_(world: World) -> ProvisionRequest:
    return world.request()


def hold_of(request: ProvisionRequest) -> HoldRequest:
    return replace(request.hold(), owner_email="")


class TestOverHttp:
    def test_a_held_consent_is_all_there_is(self, world: World, api: Api) -> None:
        held = body(world)

        status, answer = api("POST", "/users", held)

        assert (status, answer["state"]) == (202, "preparing")
        assert NOW < answer["held_until"] <= NOW + 15 * MINUTE
        assert world.wordpress.calls == []
        assert (world.strangers, world.owner_keys) == ([], 1)
        assert world.outbox.sent == []
        stored = world.grants.items[GRANT]
        assert stored.consent is not None
        assert held["application_password"].encode() not in repr(stored).encode()

    def test_it_is_deleted_within_fifteen_minutes(self, world: World, api: Api) -> None:
        api("POST", "/users", body(world))

        for minute in range(1, 14):
            sweep_and_work(world.parts, now=NOW + minute * MINUTE)
        assert world.owner_keys == 1
        sweep_and_work(world.parts, now=NOW + 15 * MINUTE - 1)

        assert (world.strangers, world.owner_keys) == ([], 0)
        grant = world.grants.items[GRANT]
        assert (grant.phase, grant.consent) == ("closed", None)
        assert world.outbox.sent == [], "there is no address to write to"

    def test_the_request_that_follows_makes_the_access(self, world: World, api: Api) -> None:
        held = body(world)
        api("POST", "/users", held)

        status, answer = api("POST", "/users", whole(held))

        assert (status, answer["state"], answer["expires_at"]) == (201, "active", NOW + 3 * DAY)
        assert "held_until" not in answer
        assert world.strangers == [answer["username"]]
        assert world.owner_keys == 0
        assert world.grants.items[GRANT].owner_email == OWNER_MAIL
        assert api("POST", "/users", whole(held)) == (200, answer)
        assert api("POST", "/users", held) == (200, answer)

    def test_the_same_hold_again_has_the_same_answer(self, world: World, api: Api) -> None:
        held = body(world)

        assert api("POST", "/users", held) == api("POST", "/users", held)
        assert world.owner_keys == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("site_url", "https://other.example"),
            ("user_login", "somebody"),
            ("application_password", "another key of hers"),
            ("owner_token", "x" * 43),
            ("support_token", "y" * 43),
        ],
    )
    def test_another_site_consent_or_token_is_another_request(
        self, world: World, api: Api, field: str, value: str
    ) -> None:
        world.wordpress.add_site("https://other.example")
        held = body(world)
        api("POST", "/users", held)

        assert api("POST", "/users", {**held, field: value})[0] == 409
        assert api("POST", "/users", whole({**held, field: value}))[0] == 409
        assert (world.strangers, world.owner_keys) == ([], 1)
        assert api("POST", "/users", whole(held))[0] == 201

    def test_once_it_is_deleted_it_makes_nothing(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = body(world)
        api("POST", "/users", held)
        sweep_and_work(world.parts, now=NOW + 15 * MINUTE)
        monkeypatch.setattr(app_module, "now", lambda: NOW + 15 * MINUTE)

        for again in (held, whole(held)):
            assert api("POST", "/users", again)[1]["code"] == "grant_ended"
        assert (world.strangers, world.owner_keys) == ([], 0)

    def test_its_owner_gives_it_back_at_once_when_she_approves_again(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", body(world))
        second = body(world, grant_id="h" * 22)
        api("POST", "/users", second)

        status, answer = api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)

        assert (status, answer["state"]) == (200, "ended")
        assert world.owner_keys == 1
        assert api("POST", "/users", whole(second))[0] == 201
        assert world.owner_keys == 0

    def test_its_receipt_says_what_exists_and_that_it_goes(self, world: World, api: Api) -> None:
        api("POST", "/users", body(world))

        status, shown = api("GET", f"/grants/{GRANT}", token=OWNER)

        assert (status, shown["state"], shown["overdue"]) == (200, "preparing", False)
        assert NOW < shown["held_until"] <= NOW + 15 * MINUTE
        assert [event["event"] for event in shown["timeline"]] == ["consent_held"]
        assert shown["can"] == ["end"]

    def test_no_link_joins_it(self, world: World, api: Api) -> None:
        api("POST", "/users", body(world))

        link = {
            "id": "i" * 22,
            "ciphertext": "A" * 60,
            "access_sha256": "A" * 43,
            "passphrase": False,
            "lifetime_seconds": 60,
            "grant_id": GRANT,
            "owner_token": OWNER,
        }
        assert api("POST", "/secrets", link)[0] == 404
        assert world.stored.items == {}

    @pytest.mark.parametrize("value", ["yes", 1, [True]])
    def test_a_hold_that_is_no_flag_is_refused_by_name(
        self, world: World, api: Api, value: object
    ) -> None:
        status, answer = api("POST", "/users", body(world, hold=value))

        assert (status, answer["field"]) == (400, "hold")
        assert world.grants.items == {}

    def test_a_request_that_says_hold_false_is_a_whole_one(self, world: World, api: Api) -> None:
        assert api("POST", "/users", body(world, hold=False))[1]["field"] == "password"
        assert api("POST", "/users", whole(body(world), hold=False))[0] == 201


class TestOrderings:
    def test_on_a_site_that_is_down_it_is_deleted_when_the_site_answers(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)
        world.site.down = unavailable("unreachable")
        for minute in range(14, 60):
            sweep_and_work(world.parts, now=NOW + minute * MINUTE)
        assert world.grants.items[GRANT].consent is not None
        world.site.down = None

        sweep_and_work(world.parts, now=NOW + 2 * HOUR)

        assert world.owner_keys == 0
        assert world.grants.items[GRANT].consent is None

    def test_a_request_in_the_middle_of_the_deletion_makes_nothing(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)
        delete, seen = world.wordpress.delete_own_key, []

        def delete_own_key(*args: Any) -> None:  # noqa: ANN401 - as the port has them
            grant, _ = world.parts.lifecycle.provision(request_, now=NOW + 15 * MINUTE)
            seen.append(grant.state)
            delete(*args)

        world.wordpress.delete_own_key = delete_own_key  # type: ignore[method-assign,assignment]
        sweep_and_work(world.parts, now=NOW + 15 * MINUTE)

        assert seen == ["preparing"]
        assert (world.strangers, world.owner_keys) == ([], 0)
        with pytest.raises(GrantEnded):
            world.parts.lifecycle.provision(request_, now=NOW + 16 * MINUTE)

    def test_a_sweep_in_the_middle_of_a_set_up_gives_nothing_back(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)
        create = world.wordpress.create_administrator

        def create_administrator(*args: Any, **kw: Any) -> Any:  # noqa: ANN401 - as above
            sweep_and_work(world.parts, now=NOW + 14 * MINUTE)
            return create(*args, **kw)

        world.wordpress.create_administrator = create_administrator  # type: ignore[method-assign]

        grant, made = world.parts.lifecycle.provision(request_, now=NOW + 14 * MINUTE - 1)

        assert (grant.state, made) == ("active", True)
        assert world.owner_keys == 0

    def test_of_two_different_requests_that_follow_one_is_refused(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)
        world.parts.lifecycle.provision(request_, now=NOW)

        with pytest.raises(GrantExists):
            world.parts.lifecycle.provision(replace(request_, days=5), now=NOW)
        assert world.grants.items[GRANT].expires_at == NOW + 3 * DAY

    def test_the_wait_for_send_takes_nothing_of_the_time_for_the_set_up(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)
        world.site.down = unavailable("timeout")
        world.parts.lifecycle.provision(request_, now=NOW + 13 * MINUTE)
        world.site.down = None
        sweep_and_work(world.parts, now=NOW + 14 * MINUTE)

        grant, _ = world.parts.lifecycle.provision(request_, now=NOW + 15 * MINUTE)

        assert (grant.state, grant.expires_at) == ("active", NOW + 13 * MINUTE + 3 * DAY)

    def test_a_site_that_has_refused_too_many_keys_leaves_the_consent_for_the_sweep(
        self, world: World, request_: ProvisionRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.parts.lifecycle.hold(hold_of(request_), now=NOW)

        def full(*_: object, **__: object) -> None:
            raise TooManyRequests(60)

        monkeypatch.setattr(type(world.parts.limits), "admit_key", full)
        with pytest.raises(TooManyRequests):
            world.parts.lifecycle.provision(request_, now=NOW)

        sweep_and_work(world.parts, now=NOW + 15 * MINUTE)
        assert (world.strangers, world.owner_keys) == ([], 0)


# Deaths at every call.


def completing(world: World) -> Job:
    request = world.request()
    world.start(Process()).lifecycle.hold(hold_of(request), now=NOW)
    return lambda parts, now: parts.lifecycle.provision(request, now=now)


def deleting(world: World) -> Job:
    world.start(Process()).lifecycle.hold(hold_of(world.request()), now=NOW)
    return lambda parts, now: sweep_and_work(parts, now=now + 15 * MINUTE)


def test_a_hold_that_died_is_repeated_or_deleted() -> None:
    requests: list[ProvisionRequest] = []

    def begin(world: World) -> Job:
        requests.append(world.request())
        hold = hold_of(requests[-1])
        return lambda parts, now: parts.lifecycle.hold(hold, now=now)

    def check(world: World, job: Job) -> None:
        is_stored = GRANT in world.grants.items

        sweep_and_work(world.start(Process()), now=NOW + 15 * MINUTE)

        assert world.owner_keys == (0 if is_stored else 1)
        if not is_stored:
            job(world.start(Process()), NOW + 16 * MINUTE)
            assert world.grants.items[GRANT].is_held
            world.start(Process()).lifecycle.provision(requests[-1], now=NOW + 17 * MINUTE)
            assert world.owner_keys == 0

    every_death(begin, check)


@pytest.mark.parametrize("by", ["request", "sweep"])
def test_a_held_grant_whose_set_up_died_works_or_leaves_nothing(by: str) -> None:
    def check(world: World, job: Job) -> None:
        if by == "request":
            again = world.start(Process())
            job(again, NOW + 5 * MINUTE)
            assert world.grants.items[GRANT].state == "active"
            again.ending.end(GRANT, OWNER, now=NOW + HOUR)
        sweep_and_work(world.start(Process()), now=NOW + HOUR)
        if world.grants.items[GRANT].state == "active":
            world.start(Process()).ending.end(GRANT, OWNER, now=NOW + HOUR)

        assert (world.strangers, world.owner_keys) == ([], 0)
        grant = world.grants.items[GRANT]
        assert (grant.state, grant.consent, grant.schedule.due_at) == ("ended", None, None)

    assert every_death(completing, check) > 40


def test_a_deletion_that_died_is_finished_by_the_next_sweep() -> None:
    def check(world: World, _: Job) -> None:
        sweep_and_work(world.start(Process()), now=NOW + HOUR)

        assert world.owner_keys == 0
        grant = world.grants.items[GRANT]
        assert (grant.phase, grant.consent) == ("closed", None)

    every_death(deleting, check)


def test_a_held_grant_can_be_repaired_and_ends(world: World, request_: ProvisionRequest) -> None:
    world.parts.lifecycle.hold(hold_of(request_), now=NOW)
    fresh = Credentials("admin", world.site.consent("admin"))

    grant = repair(world.parts, fresh, NOW)

    assert grant.state == "ended"
    assert (world.strangers, world.owner_keys) == ([], 0)


def test_a_stranger_deletes_no_key(world: World, request_: ProvisionRequest) -> None:
    world.parts.lifecycle.hold(hold_of(request_), now=NOW)

    with pytest.raises(HallpassError):
        world.parts.ending.end(GRANT, "x" * 43, now=NOW)

    assert world.owner_keys == 1


def test_no_ticket_says_that_an_approval_which_was_not_checked_let_support_in(
    world: World, api: Api
) -> None:
    """A stranger can send any key for any host, and name any mailbox."""
    api("POST", "/users", body(world, application_password="x" * 24))
    ticket = {"name": "N", "email": "victim@blog.example", "subject": "S", "message": "M"}
    ticket |= {"grant_id": GRANT, "owner_token": OWNER}

    assert api("POST", "/tickets", ticket)[0] == 404
    assert world.outbox.sent == []
    assert world.grants.items[GRANT].owner_email == ""
