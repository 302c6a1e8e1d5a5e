"""Repair over fakes: a new consent key deletes what the removal key cannot, and then itself."""

from __future__ import annotations

import pytest

from chalicelib.clock import DAY, HOUR
from chalicelib.errors import (
    ConsentRejected,
    HallpassError,
    NotAdministrator,
    NotFound,
    SiteUnsupported,
)
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NEW_URL, NOW, OWNER, SUPPORT, World, repair


@pytest.fixture(autouse=True)
def stuck(world: World, site: FakeSite, provision_request: ProvisionRequest) -> None:
    world.parts.lifecycle.provision(provision_request, now=NOW)
    site.revoke(world.grants.items[GRANT].username)
    sweep_and_work(world.parts, now=NOW + 3 * DAY)


def repair_as(who: str, world: World, site: FakeSite) -> None:
    key = Credentials(who, site.consent(who))
    repair(world.parts, key, NOW + 4 * DAY)


class TestRepair:
    def test_a_new_consent_key_deletes_the_user_and_then_itself(
        self, world: World, site: FakeSite
    ) -> None:
        repair_as("admin", world, site)

        assert world.strangers == []
        assert world.owner_keys == 0
        assert world.grants.items[GRANT].state == "ended"

    def test_a_demoted_user_is_deleted_too(self, world: World, site: FakeSite) -> None:
        name = world.grants.items[GRANT].username
        site.user(name).roles.clear()  # type: ignore[union-attr]

        repair_as("admin", world, site)

        assert world.strangers == []

    def test_a_user_renamed_in_the_database_is_deleted(self, world: World, site: FakeSite) -> None:
        site.users[world.grants.items[GRANT].on_site.user_id or 0].username = "renamed"

        repair_as("admin", world, site)

        assert world.strangers == []

    def test_a_user_that_hides_from_the_search_is_found_by_its_id(
        self, world: World, site: FakeSite
    ) -> None:
        user = site.users[world.grants.items[GRANT].on_site.user_id or 0]
        user.email = "visitor@evil.example"
        world.wordpress.find_user = lambda *_: None  # type: ignore[method-assign]

        consent = Credentials("admin", site.consent("admin"))
        repair(world.parts, consent, NOW + HOUR)

        assert world.strangers == []

    def test_after_a_restored_backup_it_ends_and_the_new_user_stays_and_is_reported(
        self, world: World, site: FakeSite
    ) -> None:
        world.restore_backup()

        repair_as("admin", world, site)

        grant = world.grants.items[GRANT]
        assert grant.state == "ended"
        assert world.strangers == ["bob"]
        assert [(c.kind, c.name) for c in grant.visit.changes or ()] == [
            ("administrator_added", "bob")
        ]

    def test_it_finds_a_site_that_has_moved(self, world: World) -> None:
        new = world.move_site()

        repair_as("admin", world, new)

        assert [*new.users] == [1]
        assert len(new.users[1].keys) == 0
        assert world.grants.items[GRANT].on_site.site == new.site

    def test_at_another_site_a_missing_user_proves_no_end(
        self, world: World, site: FakeSite
    ) -> None:
        other = world.wordpress.add_site(NEW_URL)
        site.moved_to = NEW_URL

        with pytest.raises(SiteUnsupported) as refused:
            repair_as("admin", world, other)

        assert refused.value.reason == "not_ours"
        assert len(other.users[1].keys) == 0
        assert world.grants.items[GRANT].state == "active"

    def test_the_report_is_made_however_often_the_removal_failed(
        self, world: World, site: FakeSite
    ) -> None:
        for attempt in range(4):
            sweep_and_work(world.parts, now=NOW + (4 + attempt) * DAY)
        site.add_user("mallory")

        consent = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, consent, NOW + 9 * DAY)

        assert [(c.kind, c.name) for c in grant.visit.changes or ()] == [
            ("administrator_added", "mallory")
        ]


class TestRefusals:
    def test_a_wrong_consent_key_changes_nothing_and_is_not_stored(self, world: World) -> None:
        with pytest.raises(ConsentRejected):
            world.parts.repair.repair(
                GRANT, OWNER, Credentials("admin", "wrong"), now=NOW + 4 * DAY
            )

        grant = world.grants.items[GRANT]
        assert (grant.state, grant.consent) == ("active", None)
        assert grant.schedule.due_at is not None

    def test_the_consent_key_of_an_editor_is_refused_and_deleted(
        self, world: World, site: FakeSite
    ) -> None:
        site.add_user("edi", role="editor")

        with pytest.raises(NotAdministrator):
            repair_as("edi", world, site)

        assert site.user("edi").keys == {}  # type: ignore[union-attr]
        assert world.grants.items[GRANT].consent is None

    def test_a_consent_key_that_could_not_be_used_is_deleted(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.fail_next("delete_user", unavailable("server_error"))

        with pytest.raises(HallpassError):
            repair_as("admin", world, site)

        assert world.owner_keys == 0
        assert world.grants.items[GRANT].consent is None

    def test_a_second_consent_key_deletes_the_first(self, world: World, site: FakeSite) -> None:
        first = Credentials("admin", site.consent("admin"))
        world.wordpress.fail_next("find_user", unavailable("timeout"))
        world.wordpress.fail_next("delete_own_key", unavailable("timeout"))
        with pytest.raises(Exception, match="in time"):
            repair(world.parts, first, NOW)
        assert world.grants.items[GRANT].consent is not None

        second = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, second, NOW + HOUR)

        assert grant.state == "ended"
        assert world.owner_keys == 0

    @pytest.mark.parametrize("token", [SUPPORT, "x" * 43])
    def test_only_the_owner_repairs(self, world: World, token: str) -> None:
        with pytest.raises(NotFound):
            world.parts.repair.repair(GRANT, token, Credentials("admin", "x"), now=NOW)
