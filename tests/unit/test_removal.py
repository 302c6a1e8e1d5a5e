"""Removal over fakes: what proves that a user is ours, and what proves that it is deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY
from chalicelib.errors import SiteUnsupported
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NEW_URL, NOW, OWNER, OWNER_MAIL, World


@pytest.fixture(autouse=True)
def active(world: World, provision_request: ProvisionRequest) -> None:
    world.parts.lifecycle.provision(provision_request, now=NOW)


class TestProof:
    def test_a_revoked_removal_key_is_no_proof_of_an_end(
        self, world: World, site: FakeSite
    ) -> None:
        site.revoke(world.grants.items[GRANT].username)

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert world.strangers != []

    def test_a_user_that_was_deleted_by_hand_is_an_end(self, world: World, site: FakeSite) -> None:
        del site.users[world.grants.items[GRANT].on_site.user_id or 0]

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"

    def test_another_user_under_our_id_is_never_deleted(self, world: World) -> None:
        world.restore_backup()

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert world.strangers == ["bob"]

    @pytest.mark.parametrize("name", ["renamed", "admin2"])
    def test_a_user_renamed_in_the_database_is_deleted(
        self, world: World, site: FakeSite, name: str
    ) -> None:
        site.users[world.grants.items[GRANT].on_site.user_id or 0].username = name

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"
        assert world.strangers == []

    def test_our_key_on_an_account_of_another_id_deletes_no_user(
        self, world: World, site: FakeSite
    ) -> None:
        user = site.users.pop(world.grants.items[GRANT].on_site.user_id or 0)
        user.id = 99
        site.users[99] = user

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"
        assert world.strangers != []

    def test_our_account_of_another_id_is_not_deleted_with_the_owners_key(
        self, world: World, site: FakeSite
    ) -> None:
        user = site.users.pop(world.grants.items[GRANT].on_site.user_id or 0)
        user.id = 99
        site.users[99] = user
        consent = Credentials("admin", site.consent("admin"))

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.repair.repair(GRANT, OWNER, consent, now=NOW)

        assert refused.value.reason == "not_ours"
        assert user.username in world.strangers

    def test_an_owner_who_has_our_users_name_is_never_deleted(self) -> None:
        world = World()
        world.wordpress.fail_next("create_administrator", unavailable("timeout"))
        by_mail = Credentials(OWNER_MAIL, world.site.consent("admin"))
        world.site.users[1].email = OWNER_MAIL
        world.parts.lifecycle.provision(replace(world.request(), consent=by_mail), now=NOW)
        world.site.users[1].username = world.grants.items[GRANT].username
        world.site.add_user("colleague")

        for hours in range(30):
            sweep_and_work(world.parts, now=NOW + hours * 3600)

        assert 1 in world.site.users

    def test_a_site_that_hides_all_users_from_strangers_proves_no_end(
        self, world: World, site: FakeSite
    ) -> None:
        site.hides_users = True
        site.revoke(world.grants.items[GRANT].username)

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"


class TestMovedSites:
    def test_the_user_is_deleted_at_the_new_address_which_is_recorded(self, world: World) -> None:
        new = world.move_site()

        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.on_site.site) == ("ended", new.site)
        assert [*new.users] == [1]
        assert [event.name for event in grant.timeline][-2:] == ["site_moved", "ended"]
        assert grant.visit.changes == ()

    @pytest.mark.parametrize("stranger", ["another site", "our id", "our name"])
    def test_nothing_is_deleted_or_recorded_where_our_user_is_not_seen(
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

        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.on_site.site) == ("active", site.site)
        assert grant.timeline[-1].detail == "odd_answer"
        assert other.users == before

    def test_a_site_that_does_not_respond_is_not_searched_for(
        self, world: World, site: FakeSite
    ) -> None:
        site.down = unavailable("timeout")
        discoveries = len(world.wordpress.called("discover"))

        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        assert len(world.wordpress.called("discover")) == discoveries

    def test_an_address_that_once_led_to_the_site_gets_no_removal_key(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        short = world.wordpress.add_site("https://short.example")
        short.moved_to = site.url
        consent = Credentials("admin", site.consent("admin"))
        typed = replace(provision_request, grant_id="t" * 22, site_url=short.url, consent=consent)
        world.parts.lifecycle.provision(typed, now=NOW)
        short.moved_to = ""
        site.down = unavailable("odd_answer")

        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        sent = [call for call in world.wordpress.calls if call.url == short.url and call.username]
        assert sent == []
        assert world.grants.items["t" * 22].state == "active"

    def test_a_repair_of_a_site_recorded_on_two_hosts_searches_for_the_one(
        self, world: World, site: FakeSite
    ) -> None:
        grant = world.grants.items[GRANT]
        assert grant.on_site.site is not None
        page = "https://cms.example/wp-admin/authorize-application.php"
        recorded = replace(grant.on_site.site, authorize_url=page)
        two_hosts = replace(grant, on_site=replace(grant.on_site, site=recorded))
        world.grants.items[GRANT] = two_hosts
        site.revoke(grant.username)
        before = len(world.wordpress.calls)
        consent = Credentials("admin", site.consent("admin"))

        with pytest.raises(SiteUnsupported) as refused:
            world.parts.repair.repair(GRANT, OWNER, consent, now=NOW)

        assert refused.value.reason == "two_hosts"
        assert [call for call in world.wordpress.calls[before:] if call.username == "admin"] == []
        assert world.grants.items[GRANT].consent is None
