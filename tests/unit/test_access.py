"""The story of an access over fakes: what may go wrong, and what is left when it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import (
    ConsentRejected,
    GrantEnded,
    GrantExists,
    HallpassError,
    InvalidInput,
    NotAdministrator,
    NotFound,
    SiteUnsupported,
)
from chalicelib.grants.parts import FIRST_RETRY_SECONDS, retry_delay
from chalicelib.grants.request import ProvisionRequest, RegisterRequest
from chalicelib.grants.set_up import SETUP_SECONDS
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable, unsupported
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import NOW, World, repair

URL, NEW_URL = "https://blog.example", "https://www.blog.example"
GRANT = "g" * 22
OWNER, SUPPORT = "o" * 43, "s" * 43
SUPPORT_MAIL, OWNER_MAIL = "support@acme.example", "owner@blog.example"


@pytest.fixture
def site(world: World) -> FakeSite:
    return world.wordpress.add_site(URL)


@pytest.fixture
def request_(site: FakeSite) -> ProvisionRequest:
    return ProvisionRequest(
        grant_id=GRANT,
        site_url=URL,
        consent=Credentials("admin", site.consent("admin")),
        password="correct horse battery",
        days=3,
        owner_token=OWNER,
        support_token=SUPPORT,
        owner_email=OWNER_MAIL,
    )


def strangers(site: FakeSite) -> list[str]:
    """The users of the site besides its owner."""
    return [user.username for user in site.users.values() if user.username != "admin"]


def owner_keys(site: FakeSite) -> int:
    return len(site.users[1].keys)


def nothing_is_left(world: World, site: FakeSite) -> None:
    assert strangers(site) == []
    assert owner_keys(site) == 0
    assert world.grants.items == {}


def restored(world: World, site: FakeSite) -> None:
    """Bring back a backup from before the access; its id has gone to somebody new."""
    del site.users[world.grants.items[GRANT].on_site.user_id or 0]
    site.last_id -= 1
    assert site.add_user("bob").id == world.grants.items[GRANT].on_site.user_id


def moved(world: World, site: FakeSite) -> FakeSite:
    """Move the site; its old address redirects everything."""
    new = world.wordpress.add_site(NEW_URL)
    new.users = site.users
    site.moved_to = NEW_URL
    return new


class TestSetUp:
    def test_the_support_user_is_an_administrator_with_its_own_key_and_the_owner_has_none(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        grant, made = world.parts.lifecycle.provision(request_, now=NOW)

        assert made
        assert grant.state == "active"
        user = site.user(grant.username)
        assert user is not None
        assert user.account.is_administrator
        assert len(user.keys) == 1
        assert user.email == f"support+{grant.username}@acme.example"
        assert owner_keys(site) == 0

    def test_the_user_is_never_made_before_the_grant_is_recorded(
        self, world: World, request_: ProvisionRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_: object) -> bool:
            raise RuntimeError("the table is down")

        monkeypatch.setattr(world.grants, "add", broken)
        with pytest.raises(RuntimeError):
            world.parts.lifecycle.provision(request_, now=NOW)

        assert world.wordpress.calls == []

    def test_the_consent_key_is_kept_sealed_and_only_until_set_up_is_done(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("create_administrator", unavailable("timeout"))
        world.parts.lifecycle.provision(request_, now=NOW)
        kept = world.grants.items[GRANT]
        assert kept.consent is not None
        assert request_.consent.password.encode() not in kept.consent.sealed

        world.parts.lifecycle.provision(request_, now=NOW)

        assert world.grants.items[GRANT].consent is None
        assert owner_keys(site) == 0

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
    def test_a_slow_site_is_asked_again_by_the_same_request_and_gets_one_user(
        self,
        world: World,
        site: FakeSite,
        request_: ProvisionRequest,
        method: str,
        *,
        late: bool,
    ) -> None:
        world.wordpress.fail_next(method, unavailable("timeout"), late=late)

        first, _ = world.parts.lifecycle.provision(request_, now=NOW)
        second, made = world.parts.lifecycle.provision(request_, now=NOW + 1)

        assert first.state == "preparing"
        assert (second.state, made) == ("active", True)
        assert strangers(site) == [second.username]
        assert owner_keys(site) == 0

    def test_little_time_left_means_go_on_next_time(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.budget.start(1)
        grant, _ = world.parts.lifecycle.provision(request_, now=NOW)
        assert grant.state == "preparing"
        assert world.wordpress.calls == []

        world.budget.start(60)
        assert world.parts.lifecycle.provision(request_, now=NOW)[0].state == "active"

    def test_two_at_once_make_one_user(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        original = world.wordpress.create_administrator
        seen: list[str] = []

        def meanwhile(*args: object, **options: object) -> object:
            if not seen:
                seen.append(world.parts.lifecycle.provision(request_, now=NOW)[0].state)
            return original(*args, **options)  # type: ignore[arg-type]

        world.wordpress.create_administrator = meanwhile  # type: ignore[method-assign,assignment]
        grant, _ = world.parts.lifecycle.provision(request_, now=NOW)

        assert seen == ["preparing"]
        assert strangers(site) == [grant.username]

    def test_another_request_under_the_same_id_is_refused(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)

        with pytest.raises(GrantExists):
            world.parts.lifecycle.provision(replace(request_, password="another password"), now=NOW)

    @pytest.mark.parametrize("days", [0, 15])
    def test_days_outside_the_cap_are_refused(
        self, world: World, request_: ProvisionRequest, days: int
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            world.parts.lifecycle.provision(replace(request_, days=days), now=NOW)

        assert refused.value.field == "days"
        assert world.grants.items == {}


class TestRefusedAtTheDoor:
    def test_a_wrong_key(self, world: World, site: FakeSite, request_: ProvisionRequest) -> None:
        site.revoke("admin")

        with pytest.raises(ConsentRejected):
            world.parts.lifecycle.provision(request_, now=NOW)

        nothing_is_left(world, site)

    def test_an_editor(self, world: World, site: FakeSite, request_: ProvisionRequest) -> None:
        site.add_user("edi", role="editor")
        edi = replace(request_, consent=Credentials("edi", site.consent("edi")))

        with pytest.raises(NotAdministrator):
            world.parts.lifecycle.provision(edi, now=NOW)

        assert site.user("edi").keys == {}  # type: ignore[union-attr]
        assert strangers(site) == ["edi"]
        assert world.grants.items == {}

    @pytest.mark.parametrize(
        ("trait", "reason"),
        [
            ("multisite", "multisite"),
            ("protects_users", "cannot_remove"),
            ("refuses_creation", "creation_refused"),
        ],
    )
    def test_a_site_from_which_the_account_could_not_be_removed(
        self, world: World, site: FakeSite, request_: ProvisionRequest, trait: str, reason: str
    ) -> None:
        setattr(site, trait, True)

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(request_, now=NOW)

        assert refused.value.reason == reason
        if trait != "refuses_creation":
            assert world.wordpress.called("create_administrator") == []
        nothing_is_left(world, site)

    def test_a_site_that_gives_another_role(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        site.gives_role = "subscriber"

        with pytest.raises(SiteUnsupported):
            world.parts.lifecycle.provision(request_, now=NOW)

        nothing_is_left(world, site)

    def test_a_removal_key_that_the_site_does_not_take_means_no_account(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("check_removable", unsupported("cannot_remove"))
        original = world.wordpress.create_key

        def dead_key(*args: object, **options: object) -> Credentials:
            key = original(*args, **options)  # type: ignore[arg-type]
            site.revoke(key.username)
            return key

        world.wordpress._faults.clear()
        world.wordpress.create_key = dead_key  # type: ignore[method-assign]
        with pytest.raises(SiteUnsupported) as refused:
            world.parts.lifecycle.provision(request_, now=NOW)

        assert refused.value.reason == "cannot_remove"
        nothing_is_left(world, site)

    def test_what_could_not_be_taken_back_at_once_is_taken_back_by_the_sweep(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        site.refuses_creation = True
        world.wordpress.fail_next("find_user", unavailable("server_error"))
        with pytest.raises(SiteUnsupported):
            world.parts.lifecycle.provision(request_, now=NOW)
        assert owner_keys(site) == 1

        world.parts.sweep.sweep(now=NOW + SETUP_SECONDS)

        assert owner_keys(site) == 0
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
    def test_the_sweep_takes_everything_back_when_nobody_asks_again(
        self,
        world: World,
        site: FakeSite,
        request_: ProvisionRequest,
        method: str,
        *,
        late: bool,
    ) -> None:
        world.wordpress.fail_next(method, unavailable("timeout"), late=late)
        world.parts.lifecycle.provision(request_, now=NOW)

        world.parts.sweep.sweep(now=NOW + SETUP_SECONDS - 1)
        assert world.grants.items[GRANT].state == "preparing"
        world.parts.sweep.sweep(now=NOW + SETUP_SECONDS)

        assert strangers(site) == []
        assert owner_keys(site) == 0
        grant = world.grants.items[GRANT]
        assert (grant.state, grant.schedule.due_at, grant.consent) == ("ended", None, None)
        assert world.outbox.to(SUPPORT_MAIL) == []
        with pytest.raises(GrantEnded):
            world.parts.lifecycle.provision(request_, now=NOW + SETUP_SECONDS)

    def test_a_site_that_never_answered_is_let_go_after_a_week(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        site.down = unavailable("timeout")
        world.parts.lifecycle.provision(request_, now=NOW)

        world.parts.sweep.sweep(now=NOW + 7 * DAY - 1)
        assert world.grants.items[GRANT].state == "preparing"
        world.parts.sweep.sweep(now=NOW + 9 * DAY)

        assert world.grants.items[GRANT].state == "ended"


class TestEnd:
    @pytest.fixture(autouse=True)
    def active(self, world: World, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)

    def test_the_sweep_ends_it_at_the_deadline_and_not_before(
        self, world: World, site: FakeSite
    ) -> None:
        world.parts.sweep.sweep(now=NOW + 3 * DAY - 1)
        assert strangers(site) != []

        report = world.parts.sweep.sweep(now=NOW + 3 * DAY)

        assert (report.ended, report.put_off, report.oldest_overdue) == (1, 0, 0)
        assert strangers(site) == []
        grant = world.grants.items[GRANT]
        assert (grant.state, grant.schedule.due_at, grant.on_site.sealed_removal) == (
            "ended",
            None,
            None,
        )
        assert grant.schedule.purge_at == NOW + 93 * DAY

    def test_both_sides_are_told_once(self, world: World) -> None:
        world.parts.sweep.sweep(now=NOW + 3 * DAY)
        world.parts.sweep.sweep(now=NOW + 4 * DAY)

        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1

    def test_what_it_wrote_goes_to_the_owner(self, world: World, site: FakeSite) -> None:
        site.write(world.grants.items[GRANT].username, "By support")

        world.parts.ending.end(GRANT, SUPPORT, now=NOW)

        assert site.content == {"By support": 1}

    def test_another_administrator_takes_it_when_the_owner_is_gone(
        self, world: World, site: FakeSite
    ) -> None:
        other = site.add_user("other")
        site.write(world.grants.items[GRANT].username, "By support")
        del site.users[1]

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"
        assert site.content == {"By support": other.id}

    @pytest.mark.parametrize("reason", ["timeout", "server_error", "firewall", "maintenance"])
    def test_a_site_that_gives_no_answer_is_tried_again_without_end(
        self, world: World, site: FakeSite, reason: str
    ) -> None:
        site.down = unavailable(reason)
        now = NOW + 3 * DAY
        tried = []
        for _ in range(40):
            report = world.parts.sweep.sweep(now=now)
            assert report.put_off == 1
            assert report.oldest_overdue == now - NOW - 3 * DAY
            due_at = world.grants.items[GRANT].schedule.due_at or 0
            tried.append(due_at - now)
            now = due_at

        assert tried[:5] == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR]
        assert tried[30:] == [DAY] * 10
        assert world.grants.items[GRANT].timeline[-1].detail == reason
        site.down = None
        world.parts.sweep.sweep(now=now)
        assert world.grants.items[GRANT].state == "ended"
        assert strangers(site) == []

    def test_the_owner_is_told_after_the_third_failure_how_to_do_it_by_hand(
        self, world: World, site: FakeSite
    ) -> None:
        site.down = unavailable("server_error")
        now = NOW + 3 * DAY
        for count in (0, 0, 1, 1, 1):
            world.parts.sweep.sweep(now=now)
            assert len(world.outbox.to(OWNER_MAIL)) == count
            now = world.grants.items[GRANT].schedule.due_at or 0

        (mail,) = world.outbox.to(OWNER_MAIL)
        username = world.grants.items[GRANT].username
        assert f"Look for {username}" in mail.text
        assert URL not in mail.text, "nothing that was typed is a link"
        for step in ("Users » All Users", "Hover", "Delete", "Confirm Deletion"):
            assert step in mail.text
        token = mail.text.partition(f"/receipt#{GRANT}.")[2].split()[0]
        assert world.parts.lifecycle.view(GRANT, token)[1] == "owner"

    def test_a_revoked_removal_key_is_not_taken_for_the_end(
        self, world: World, site: FakeSite
    ) -> None:
        site.revoke(world.grants.items[GRANT].username)

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert strangers(site) != []

    def test_a_user_that_was_deleted_by_hand_is_gone(self, world: World, site: FakeSite) -> None:
        del site.users[world.grants.items[GRANT].on_site.user_id or 0]

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"

    def test_somebody_else_under_our_id_is_never_deleted(
        self, world: World, site: FakeSite
    ) -> None:
        restored(world, site)

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert strangers(site) == ["bob"]

    @pytest.mark.parametrize("name", ["renamed", "admin2"])
    def test_a_login_name_changed_in_the_database_hides_nothing(
        self, world: World, site: FakeSite, name: str
    ) -> None:
        site.users[world.grants.items[GRANT].on_site.user_id or 0].username = name

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"
        assert strangers(site) == []

    def test_our_key_on_an_account_of_another_id_deletes_nobody(
        self, world: World, site: FakeSite
    ) -> None:
        user = site.users.pop(world.grants.items[GRANT].on_site.user_id or 0)
        user.id = 99
        site.users[99] = user

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert strangers(site) != []

    def test_a_site_that_hides_all_users_from_strangers_proves_no_end(
        self, world: World, site: FakeSite
    ) -> None:
        site.hides_users = True
        site.revoke(world.grants.items[GRANT].username)

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"

    def test_ending_twice_asks_the_site_once(self, world: World) -> None:
        world.parts.ending.end(GRANT, OWNER, now=NOW)
        again = world.parts.ending.end(GRANT, SUPPORT, now=NOW + 1)

        assert again.ended_at == NOW
        assert len(world.wordpress.called("delete_self")) == 1

    def test_a_stranger_cannot_end_it(self, world: World, site: FakeSite) -> None:
        with pytest.raises(NotFound):
            world.parts.ending.end(GRANT, "x" * 43, now=NOW)

        assert strangers(site) != []

    def test_two_sweeps_at_once_do_the_work_once(self, world: World) -> None:
        original = world.wordpress.delete_self

        def meanwhile(*args: object) -> None:
            world.parts.sweep.sweep(now=NOW + 3 * DAY)
            original(*args)  # type: ignore[arg-type]

        world.wordpress.delete_self = meanwhile  # type: ignore[method-assign,assignment]
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        assert len(world.wordpress.called("delete_self")) == 1

    def test_an_end_whose_mail_failed_stays_an_end_and_the_mail_goes_out_later(
        self, world: World
    ) -> None:
        world.outbox.refusing = {OWNER_MAIL}
        grant = world.parts.ending.end(GRANT, OWNER, now=NOW)
        assert (grant.state, grant.schedule.due_at) == ("ended", NOW + FIRST_RETRY_SECONDS[0])

        world.outbox.refusing = set()
        world.parts.sweep.sweep(now=NOW + FIRST_RETRY_SECONDS[0])

        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1
        assert world.grants.items[GRANT].schedule.due_at is None

    def test_when_the_vault_is_down_nothing_is_claimed(self, world: World) -> None:
        world.sealer.down = True
        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"

        world.sealer.down = False
        world.parts.sweep.sweep(now=NOW + MINUTE)
        assert world.grants.items[GRANT].state == "ended"


class TestRepair:
    @pytest.fixture(autouse=True)
    def stuck(self, world: World, site: FakeSite, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)
        site.revoke(world.grants.items[GRANT].username)
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

    def repair(self, world: World, site: FakeSite, who: str = "admin") -> None:
        key = Credentials(who, site.consent(who))
        repair(world.parts, key, NOW + 4 * DAY)

    def test_a_fresh_consent_removes_the_user_and_then_itself(
        self, world: World, site: FakeSite
    ) -> None:
        self.repair(world, site)

        assert strangers(site) == []
        assert owner_keys(site) == 0
        assert world.grants.items[GRANT].state == "ended"

    def test_a_demoted_user_is_removed_too(self, world: World, site: FakeSite) -> None:
        name = world.grants.items[GRANT].username
        site.user(name).roles.clear()  # type: ignore[union-attr]

        self.repair(world, site)

        assert strangers(site) == []

    def test_a_wrong_consent_changes_nothing_and_is_not_kept(self, world: World) -> None:
        with pytest.raises(ConsentRejected):
            world.parts.repair.repair(
                GRANT, OWNER, Credentials("admin", "wrong"), now=NOW + 4 * DAY
            )

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.consent) == ("active", None)
        assert grant.schedule.due_at is not None

    def test_an_editors_consent_is_refused_and_taken_back(
        self, world: World, site: FakeSite
    ) -> None:
        site.add_user("edi", role="editor")

        with pytest.raises(NotAdministrator):
            self.repair(world, site, "edi")

        assert site.user("edi").keys == {}  # type: ignore[union-attr]
        assert world.grants.items[GRANT].consent is None

    def test_a_consent_that_could_not_be_used_is_given_back(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.fail_next("delete_user", unavailable("server_error"))

        with pytest.raises(HallpassError):
            self.repair(world, site)

        assert owner_keys(site) == 0
        assert world.grants.items[GRANT].consent is None

    @pytest.mark.parametrize("token", [SUPPORT, "x" * 43])
    def test_only_the_owner_repairs(self, world: World, token: str) -> None:
        with pytest.raises(NotFound):
            world.parts.repair.repair(GRANT, token, Credentials("admin", "x"), now=NOW)

    def test_after_a_restored_backup_it_ends_and_the_new_user_is_kept_and_told(
        self, world: World, site: FakeSite
    ) -> None:
        restored(world, site)

        self.repair(world, site)

        grant = world.grants.items[GRANT]
        assert grant.state == "ended"
        assert strangers(site) == ["bob"]
        assert [(c.kind, c.name) for c in grant.visit.changes or ()] == [
            ("administrator_added", "bob")
        ]

    def test_a_login_name_changed_in_the_database_hides_nothing(
        self, world: World, site: FakeSite
    ) -> None:
        site.users[world.grants.items[GRANT].on_site.user_id or 0].username = "renamed"

        self.repair(world, site)

        assert strangers(site) == []

    def test_it_finds_a_site_that_has_moved(self, world: World, site: FakeSite) -> None:
        new = moved(world, site)

        self.repair(world, new)

        assert strangers(new) == []
        assert owner_keys(new) == 0
        assert world.grants.items[GRANT].on_site.site == new.site

    def test_at_another_site_a_missing_user_proves_no_end(
        self, world: World, site: FakeSite
    ) -> None:
        other = world.wordpress.add_site(NEW_URL)
        site.moved_to = NEW_URL

        with pytest.raises(SiteUnsupported) as refused:
            self.repair(world, other)

        assert refused.value.reason == "not_ours"
        assert owner_keys(other) == 0
        assert world.grants.items[GRANT].state == "active"


class TestMovedSites:
    @pytest.fixture(autouse=True)
    def active(self, world: World, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)

    def test_the_account_is_removed_at_the_new_address_which_is_recorded(
        self, world: World, site: FakeSite
    ) -> None:
        new = moved(world, site)

        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.on_site.site) == ("ended", new.site)
        assert strangers(new) == []
        assert [event.name for event in grant.timeline][-2:] == ["site_moved", "ended"]
        assert grant.visit.changes == ()

    @pytest.mark.parametrize("stranger", ["another site", "our id", "our name"])
    def test_nothing_is_deleted_or_claimed_where_our_account_is_not_seen(
        self, world: World, site: FakeSite, stranger: str
    ) -> None:
        ours = site.users[world.grants.items[GRANT].on_site.user_id or 0]
        other = world.wordpress.add_site(NEW_URL)
        site.moved_to = NEW_URL
        if stranger == "our id":
            other.users[ours.id] = replace(ours, username="bob", email="bob@blog.example")
        if stranger == "our name":
            other.users[99] = replace(ours, id=99)
        before = dict(other.users)

        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.on_site.site) == ("active", site.site)
        assert grant.timeline[-1].detail == "odd_answer"
        assert other.users == before

    def test_a_site_that_does_not_answer_is_not_looked_for(
        self, world: World, site: FakeSite
    ) -> None:
        site.down = unavailable("timeout")
        discoveries = len(world.wordpress.called("discover"))

        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        assert len(world.wordpress.called("discover")) == discoveries


class TestByHand:
    MADE = RegisterRequest(GRANT, URL, "helper", 3, OWNER, SUPPORT, OWNER_MAIL)

    @pytest.fixture(autouse=True)
    def watched(self, world: World, site: FakeSite) -> None:
        site.add_user("helper")
        world.parts.lifecycle.register(self.MADE, now=NOW)

    def test_at_the_deadline_the_owner_is_asked_to_delete_it(self, world: World) -> None:
        assert world.outbox.sent == []
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        mail = world.outbox.to(OWNER_MAIL)[-1]
        assert "Confirm Deletion" in mail.text
        assert f"/receipt#{GRANT}." in mail.text

    def test_repair_removes_it_with_one_consent(self, world: World, site: FakeSite) -> None:
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        key = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, key, NOW + 4 * DAY)

        assert grant.state == "ended"
        assert strangers(site) == []
        assert owner_keys(site) == 0

    def test_the_owners_word_is_taken_and_shown_as_such(self, world: World) -> None:
        grant = world.parts.ending.confirm(GRANT, OWNER, now=NOW)

        assert (grant.state, grant.timeline[-1].by) == ("ended", "owner")

    def test_supports_word_is_not_taken(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.parts.ending.confirm(GRANT, SUPPORT, now=NOW)

    def test_the_one_who_consents_is_never_deleted(self, world: World, site: FakeSite) -> None:
        own = replace(self.MADE, grant_id="h" * 22, username="admin")
        world.parts.lifecycle.register(own, now=NOW)

        with pytest.raises(SiteUnsupported):
            world.parts.repair.repair(
                "h" * 22, OWNER, Credentials("admin", site.consent("admin")), now=NOW
            )

        assert site.user("admin") is not None

    def test_the_same_again_is_the_same_grant(self, world: World) -> None:
        assert world.parts.lifecycle.register(self.MADE, now=NOW + 9)[1] is False
        with pytest.raises(GrantExists):
            world.parts.lifecycle.register(replace(self.MADE, days=4), now=NOW)


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(1, MINUTE), (2, 5 * MINUTE), (3, 15 * MINUTE), (4, HOUR), (27, HOUR), (28, DAY), (999, DAY)],
)
def test_retries_come_after_1_5_15_60_minutes_then_hourly_then_daily(
    attempts: int, delay: int
) -> None:
    assert retry_delay(attempts) == delay
