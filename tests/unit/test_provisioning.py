"""Set-up over fakes: what it makes, what it refuses, and what is left when it is interrupted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import (
    ConsentRejected,
    GrantEnded,
    GrantExists,
    InvalidInput,
    NotAdministrator,
    SiteUnsupported,
)
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.set_up import MAX_SET_UP_SECONDS
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable, unsupported
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SUPPORT_MAIL, World


def nothing_was_made(world: World) -> None:
    assert world.strangers == []
    assert world.owner_keys == 0
    assert world.grants.items == {}


class TestSetUp:
    def test_the_support_user_is_an_administrator_with_its_own_key_and_the_owner_has_none(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        grant, made = world.parts.lifecycle.provision(provision_request, now=NOW)

        assert made
        assert grant.state == "active"
        user = site.user(grant.username)
        assert user is not None
        assert user.account.is_administrator
        assert len(user.keys) == 1
        assert user.email == f"support+{grant.username}@acme.example"
        assert world.owner_keys == 0

    def test_the_user_is_never_created_before_the_grant_is_recorded(
        self, world: World, provision_request: ProvisionRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: object) -> bool:
            raise RuntimeError("the table is down")

        monkeypatch.setattr(world.grants, "add", broken)
        with pytest.raises(RuntimeError):
            world.parts.lifecycle.provision(provision_request, now=NOW)

        assert world.wordpress.calls == []

    def test_the_consent_key_is_stored_sealed_and_only_until_set_up_is_complete(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("create_administrator", unavailable("timeout"))
        world.parts.lifecycle.provision(provision_request, now=NOW)
        stored = world.grants.items[GRANT]
        assert stored.consent is not None
        assert provision_request.consent.password.encode() not in stored.consent.sealed

        world.parts.lifecycle.provision(provision_request, now=NOW)

        assert world.grants.items[GRANT].consent is None
        assert world.owner_keys == 0

    @pytest.mark.parametrize(
        "method",
        [
            "discover",
            "whoami",
            "key_id",
            "check_removable",
            "create_administrator",
            "create_key",
            "delete_own_key",
        ],
    )
    @pytest.mark.parametrize("late", [False, True])
    def test_the_same_request_continues_on_a_slow_site_and_creates_one_user(
        self,
        world: World,
        provision_request: ProvisionRequest,
        method: str,
        *,
        late: bool,
    ) -> None:
        world.wordpress.fail_next(method, unavailable("timeout"), late=late)

        first, _ = world.parts.lifecycle.provision(provision_request, now=NOW)
        second, made = world.parts.lifecycle.provision(provision_request, now=NOW + 1)

        assert first.state == "preparing"
        assert (second.state, made) == ("active", True)
        assert world.strangers == [second.username]
        assert world.owner_keys == 0

    def test_a_repeated_request_searches_for_the_user_before_it_creates_one(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("create_administrator", unavailable("timeout"), late=True)
        world.parts.lifecycle.provision(provision_request, now=NOW)
        world.parts.lifecycle.provision(provision_request, now=NOW + MINUTE)

        assert world.wordpress.may_exist_arguments == [False, True]
        assert world.grants.items[GRANT].state == "active"

    def test_a_step_waits_for_the_next_request_when_little_time_is_left(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.budget.start(1)
        grant, _ = world.parts.lifecycle.provision(provision_request, now=NOW)
        assert grant.state == "preparing"
        assert world.wordpress.calls == []

        world.budget.start(60)
        assert world.parts.lifecycle.provision(provision_request, now=NOW)[0].state == "active"

    def test_two_requests_at_once_create_one_user(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        seen: list[str] = []

        def request_again() -> None:
            seen.append(world.parts.lifecycle.provision(provision_request, now=NOW)[0].state)

        world.wordpress.interrupt_next("create_administrator", request_again)
        grant, _ = world.parts.lifecycle.provision(provision_request, now=NOW)

        assert seen == ["preparing"]
        assert world.strangers == [grant.username]

    def test_another_request_under_the_same_id_is_refused(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.provision(provision_request, now=NOW)

        with pytest.raises(GrantExists):
            world.parts.lifecycle.provision(
                replace(provision_request, password="another password"), now=NOW
            )

    @pytest.mark.parametrize("days", [0, 15])
    def test_days_outside_the_limit_are_refused(
        self, world: World, provision_request: ProvisionRequest, days: int
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            world.parts.lifecycle.provision(replace(provision_request, days=days), now=NOW)

        assert refused.value.field == "days"
        assert world.grants.items == {}


class TestRefusals:
    def test_a_wrong_key_leaves_nothing(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        site.revoke("admin")

        with pytest.raises(ConsentRejected):
            world.parts.lifecycle.provision(provision_request, now=NOW)

        nothing_was_made(world)

    def test_the_key_of_an_editor_is_refused_and_deleted(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        site.add_user("edi", role="editor")
        edi = replace(provision_request, consent=Credentials("edi", site.consent("edi")))

        with pytest.raises(NotAdministrator):
            world.parts.lifecycle.provision(edi, now=NOW)

        assert site.user("edi").keys == {}  # type: ignore[union-attr]
        assert world.strangers == ["edi"]
        assert world.grants.items == {}

    @pytest.mark.parametrize(
        ("trait", "reason"),
        [
            ("multisite", "multisite"),
            ("protects_users", "cannot_remove"),
            ("refuses_creation", "creation_refused"),
        ],
    )
    def test_a_site_that_could_not_delete_the_user_is_refused(
        self,
        world: World,
        site: FakeSite,
        provision_request: ProvisionRequest,
        trait: str,
        reason: str,
    ) -> None:
        setattr(site, trait, True)

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(provision_request, now=NOW)

        assert refused.value.reason == reason
        if trait != "refuses_creation":
            assert world.wordpress.called("create_administrator") == []
        nothing_was_made(world)

    def test_a_site_that_gives_another_role_is_refused(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        site.gives_role = "subscriber"

        with pytest.raises(SiteUnsupported):
            world.parts.lifecycle.provision(provision_request, now=NOW)

        nothing_was_made(world)

    def test_a_removal_key_that_the_site_refuses_means_no_user(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        original = world.wordpress.create_key

        def dead_key(*args: object, **options: object) -> Credentials:
            key = original(*args, **options)  # type: ignore[arg-type]
            site.revoke(key.username)
            return key

        world.wordpress.create_key = dead_key  # type: ignore[method-assign]
        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(provision_request, now=NOW)

        assert refused.value.reason == "cannot_remove"
        nothing_was_made(world)

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ("unreachable", "site_unreachable"),
            ("incomplete_certificate", "incomplete_certificate"),
        ],
    )
    def test_an_address_that_leads_to_no_site_is_a_problem_for_its_owner(
        self, world: World, provision_request: ProvisionRequest, answer: str, reason: str
    ) -> None:
        world.wordpress.fail_next("discover", unavailable(answer))

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(provision_request, now=NOW)

        assert refused.value.reason == reason

    def test_a_site_that_shows_no_snapshot_in_time_is_set_up_without(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("snapshot", unavailable("timeout"))

        grant, _ = world.parts.lifecycle.provision(provision_request, now=NOW)

        assert (grant.state, grant.visit.before) == ("active", "")

    def test_the_owner_is_asked_to_delete_a_key_that_only_they_can_delete(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("whoami", unsupported("rest_blocked"))
        world.wordpress.fail_next("key_id", unsupported("rest_blocked"))

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(provision_request, now=NOW)

        assert refused.value.details()["key_left"] is True
        assert "Application Passwords" in refused.value.fix

    def test_the_sweep_undoes_what_could_not_be_undone_at_once(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        site.refuses_creation = True
        world.wordpress.fail_next("find_user", unavailable("server_error"))
        with pytest.raises(SiteUnsupported):
            world.parts.lifecycle.provision(provision_request, now=NOW)
        assert world.owner_keys == 1

        sweep_and_work(world.parts, now=NOW + MAX_SET_UP_SECONDS)

        assert world.owner_keys == 0
        assert world.grants.items[GRANT].state == "ended"


class TestUnfinishedSetUp:
    @pytest.mark.parametrize(
        "method",
        [
            "discover",
            "whoami",
            "check_removable",
            "create_administrator",
            "create_key",
            "delete_own_key",
        ],
    )
    @pytest.mark.parametrize("late", [False, True])
    def test_the_sweep_undoes_a_set_up_that_is_not_requested_again(
        self,
        world: World,
        provision_request: ProvisionRequest,
        method: str,
        *,
        late: bool,
    ) -> None:
        world.wordpress.fail_next(method, unavailable("timeout"), late=late)
        world.parts.lifecycle.provision(provision_request, now=NOW)

        sweep_and_work(world.parts, now=NOW + MAX_SET_UP_SECONDS - 1)
        assert world.grants.items[GRANT].state == "preparing"
        sweep_and_work(world.parts, now=NOW + MAX_SET_UP_SECONDS)

        assert world.strangers == []
        assert world.owner_keys == 0
        grant = world.grants.items[GRANT]
        assert (grant.state, grant.schedule.due_at, grant.consent) == ("ended", None, None)
        assert world.outbox.to(SUPPORT_MAIL) == []
        with pytest.raises(GrantEnded):
            world.parts.lifecycle.provision(provision_request, now=NOW + MAX_SET_UP_SECONDS)

    def test_a_site_that_never_responded_is_abandoned_after_a_week(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        site.down = unavailable("timeout")
        world.parts.lifecycle.provision(provision_request, now=NOW)

        sweep_and_work(world.parts, now=NOW + 7 * DAY - 1)
        assert world.grants.items[GRANT].state == "preparing"
        sweep_and_work(world.parts, now=NOW + 9 * DAY)

        assert world.grants.items[GRANT].state == "ended"

    def test_a_failed_set_up_without_a_user_asks_its_owner_to_delete_the_approval(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("check_removable", unavailable("server_error"))
        with pytest.raises(Exception, match="error of its own"):
            world.parts.lifecycle.provision(provision_request, now=NOW)
        site.down = unavailable("server_error")
        for hour in range(3):
            sweep_and_work(world.parts, now=NOW + MAX_SET_UP_SECONDS + hour * HOUR)

        (mail,) = world.outbox.sent
        assert mail.to == OWNER_MAIL
        assert mail.subject == "Please check blog.example: an approval is left"
        assert "No temporary account is there" in mail.text
        assert "Revoke" in mail.text
        assert sweep_and_work(world.parts, now=NOW + DAY).oldest_overdue == 0


class TestEndRequestedDuringSetUp:
    @pytest.mark.parametrize("method", ["create_administrator", "create_key", "delete_own_key"])
    def test_the_end_is_not_lost(
        self, world: World, provision_request: ProvisionRequest, method: str
    ) -> None:
        world.wordpress.interrupt_next(
            method, lambda: world.parts.ending.end(GRANT, OWNER, now=NOW)
        )
        world.parts.lifecycle.provision(provision_request, now=NOW)

        sweep_and_work(world.parts, now=NOW + MINUTE)

        assert world.grants.items[GRANT].state == "ended"
        assert world.strangers == []
        assert world.owner_keys == 0

    def test_the_set_up_request_again_creates_nothing(
        self, world: World, provision_request: ProvisionRequest
    ) -> None:
        world.wordpress.interrupt_next(
            "create_administrator", lambda: world.parts.ending.end(GRANT, OWNER, now=NOW)
        )
        world.parts.lifecycle.provision(provision_request, now=NOW)

        with pytest.raises(GrantEnded):
            world.parts.lifecycle.provision(provision_request, now=NOW + 1)
        sweep_and_work(world.parts, now=NOW + MINUTE)
        assert world.strangers == []
