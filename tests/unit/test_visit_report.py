"""The visit report: it holds what a visitor changed, and nothing that Hallpass did itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.grants.snapshot import (
    CAPABILITIES,
    ApplicationPassword,
    Plugin,
    SiteUser,
    Snapshot,
    Theme,
    rights_of,
)
from chalicelib.grants.visit_report import MAX_CHANGES, Change, compare, read, write
from chalicelib.site_problems import unavailable
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, World

TEXTS = Path(__file__).parents[2] / "frontend" / "i18n" / "receipt" / "en.json"
RECEIPT_TEXTS = json.loads(TEXTS.read_text())
KEY = ApplicationPassword("uuid-1", "Jetpack", "2026-01-01T00:00:00")
OLIVIA = SiteUser(1, "olivia", "2020-01-01T00:00:00", (KEY,))
HELPER = SiteUser(7, "support1", "2026-11-01T00:00:00", ())
AKISMET = Plugin("akismet/akismet", "Akismet", "5.5", "active")
THEME = Theme("twentytwentyfive", "Twenty Twenty-Five", "1.3", "active")
BEFORE = Snapshot((OLIVIA,), (AKISMET,), (THEME,), "olivia@blog.example")
AFTER = replace(BEFORE, users=(OLIVIA, HELPER))
EVIL = SiteUser(9, "evil", "2026-11-02T00:00:00", ())
EDITOR = SiteUser(3, "ed", "2021-01-01T00:00:00", (), roles=("editor",))


def changes(after: Snapshot, before: Snapshot = BEFORE) -> list[Change]:
    return list(compare(before, after, ours={7: "support1"}, our_keys=["consent"]))


def with_keys(*keys: ApplicationPassword) -> Snapshot:
    return replace(AFTER, users=(replace(OLIVIA, keys=keys), HELPER))


def test_the_support_user_itself_is_no_change() -> None:
    assert changes(AFTER) == []


def test_another_user_under_the_id_of_the_support_user_is_reported() -> None:
    other = replace(HELPER, username="bob")

    assert changes(replace(AFTER, users=(OLIVIA, other))) == [Change("administrator_added", "bob")]


def test_our_own_consent_key_is_no_change() -> None:
    consent = ApplicationPassword("consent", "Acme Support", "2026-11-01T00:00:00")
    before = replace(BEFORE, users=(replace(OLIVIA, keys=(KEY, consent)),))

    assert changes(AFTER, before) == []


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (
            replace(AFTER, users=(OLIVIA, HELPER, EVIL)),
            Change("administrator_added", "evil"),
        ),
        (
            replace(AFTER, users=(OLIVIA, HELPER, EDITOR)),
            Change("user_added", "ed", "editor"),
        ),
        (
            replace(AFTER, users=(replace(OLIVIA, roles=("editor", "author")), HELPER)),
            Change("role_changed", "olivia", "editor, author"),
        ),
        (replace(AFTER, users=(HELPER,)), Change("administrator_removed", "olivia")),
        (with_keys(KEY, replace(KEY, uuid="2", name="x")), Change("key_added", "olivia", "x")),
        (with_keys(), Change("key_removed", "olivia", "Jetpack")),
        (replace(AFTER, plugins=()), Change("plugin_removed", "Akismet")),
        (
            replace(AFTER, plugins=(AKISMET, Plugin("e/e", "Evil", "1", "active"))),
            Change("plugin_added", "Evil", "active"),
        ),
        (
            replace(AFTER, plugins=(replace(AKISMET, version="5.6"),)),
            Change("plugin_updated", "Akismet", "5.6"),
        ),
        (
            replace(AFTER, plugins=(replace(AKISMET, status="inactive"),)),
            Change("plugin_switched", "Akismet", "inactive"),
        ),
        (replace(AFTER, themes=()), Change("theme_removed", "Twenty Twenty-Five")),
        (
            replace(AFTER, admin_email="evil@x.example"),
            Change("admin_email_changed", "evil@x.example"),
        ),
        (replace(AFTER, plugins=None), Change("not_seen", "plugins")),
        (replace(AFTER, users=None), Change("not_seen", "administrators")),
        (replace(AFTER, admin_email=None), Change("not_seen", "admin_email")),
        (
            replace(AFTER, users=(replace(OLIVIA, keys=None),)),
            Change("not_seen", "keys", "olivia"),
        ),
    ],
)
def test_each_kind_of_change_is_reported(after: Snapshot, change: Change) -> None:
    assert changes(after) == [change]
    text = f"not_seen_{change.name}" if change.kind == "not_seen" else change.kind
    assert f"report.{text}" in RECEIPT_TEXTS


def test_the_number_of_reported_changes_is_limited() -> None:
    many = tuple(Plugin(f"p{n}/p", f"P{n}", "1", "active") for n in range(500))

    reported = changes(replace(AFTER, plugins=many))

    assert len(reported) == MAX_CHANGES + 1
    assert reported[-1] == Change("more", str(501 - MAX_CHANGES))


def test_a_new_e_mail_address_of_an_administrator_is_reported_and_no_address_is_stored() -> None:
    before = replace(BEFORE, users=(replace(OLIVIA, email_mark="1"),))

    assert changes(replace(AFTER, users=(replace(OLIVIA, email_mark="2"),)), before) == [
        Change("email_changed", "olivia")
    ]
    assert changes(replace(AFTER, users=(replace(OLIVIA, email_mark=""),)), before) == []


def test_what_lets_a_visitor_back_in_comes_first() -> None:
    crowd = tuple(replace(OLIVIA, id=100 + n, username=f"u{n}", keys=None) for n in range(200))
    before = replace(BEFORE, users=(OLIVIA, *crowd))
    many = tuple(Plugin(f"p{n}/p", f"P{n}", "1", "active") for n in range(200))
    after = replace(AFTER, users=(OLIVIA, *crowd, EVIL), plugins=many)

    reported = changes(after, before)

    assert reported[0] == Change("administrator_added", "evil")
    assert [change for change in reported if change.kind == "not_seen"] == [
        Change("not_seen", "keys", "u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, …")
    ]


def test_a_snapshot_that_is_too_large_is_not_stored() -> None:
    many = tuple(Plugin(f"p{n}/p", "P" * 100, "1", "active") for n in range(2000))

    assert write(replace(BEFORE, plugins=many)) == ""


def test_a_stored_snapshot_is_read_unchanged() -> None:
    for snapshot in (BEFORE, AFTER, Snapshot()):
        assert read(write(snapshot)) == snapshot


def test_an_editor_who_is_removed_or_promoted_is_reported() -> None:
    before = replace(BEFORE, users=(OLIVIA, EDITOR))
    promoted = replace(EDITOR, roles=("administrator",))

    assert changes(AFTER, before) == [Change("user_removed", "ed", "editor")]
    assert changes(replace(AFTER, users=(OLIVIA, promoted, HELPER)), before) == [
        Change("role_changed", "ed", "administrator")
    ]


class TestRights:
    def changes(self, before: int | None, after: int | None) -> list[Change]:
        old, new = (
            Snapshot((SiteUser(7, "ed", "", (), roles=("editor",), rights=rights),), (), (), "a@b")
            for rights in (before, after)
        )
        return list(compare(old, new, ours={}, our_keys=()))

    def test_what_a_role_or_a_user_was_given_is_reported_and_what_was_taken_is_not(self) -> None:
        few, many = rights_of({"edit_posts"}), rights_of({"edit_posts", "edit_themes"})

        assert self.changes(few, many) == [Change("rights_added", "ed", "edit_themes")]
        assert self.changes(many, few) == []

    def test_a_right_that_was_not_in_the_snapshot_before_is_not_new(self) -> None:
        known = CAPABILITIES.index("edit_users")
        before = (rights_of({"edit_posts"}) & (1 << known) - 1) | 1 << known
        after = rights_of({"edit_posts", "edit_users"})

        assert self.changes(before, after) == []
        assert self.changes(None, after) == []

    def test_a_right_that_a_plugin_gives_to_administrators_is_no_change(self) -> None:
        old, new = (
            Snapshot((SiteUser(1, "ann", "", (), rights=rights),), (), (), "a@b")
            for rights in (rights_of({"edit_posts"}), rights_of({"manage_woocommerce"}))
        )

        assert compare(old, new, ours={}, our_keys=()) == ()


class TestListsOfDifferentReach:
    """A list of administrators, or of known roles, is compared with one of all."""

    CUSTOM = SiteUser(4, "seo", "2021-01-01T00:00:00", (), roles=("seo_manager",))
    ALL_USERS = replace(AFTER, users=(OLIVIA, HELPER, EDITOR, CUSTOM))
    NOT_SEEN = Change("not_seen", "users")

    def test_a_user_who_was_not_searched_for_before_is_not_new(self) -> None:
        old = replace(BEFORE, reach="administrators")
        roles = replace(BEFORE, users=(OLIVIA, EDITOR), reach="roles")

        assert changes(self.ALL_USERS, old) == [self.NOT_SEEN]
        assert changes(self.ALL_USERS, roles) == [self.NOT_SEEN]

    def test_a_user_who_is_not_searched_for_afterwards_is_not_removed(self) -> None:
        before = replace(BEFORE, users=(OLIVIA, EDITOR, self.CUSTOM))

        assert changes(replace(AFTER, reach="administrators"), before) == [self.NOT_SEEN]
        after = replace(AFTER, users=(OLIVIA, HELPER, EDITOR), reach="roles")
        assert changes(after, before) == [self.NOT_SEEN]

    def test_a_new_administrator_is_reported_whatever_was_searched_for(self) -> None:
        before = replace(BEFORE, users=(OLIVIA, EDITOR))
        promoted = replace(EDITOR, roles=("administrator",))
        after = replace(AFTER, users=(OLIVIA, HELPER, promoted, EVIL), reach="administrators")

        assert changes(after, before) == [
            Change("administrator_added", "evil"),
            Change("role_changed", "ed", "administrator"),
            self.NOT_SEEN,
        ]

    def test_a_demoted_administrator_is_reported_whatever_was_searched_for(self) -> None:
        demoted = replace(OLIVIA, roles=("editor",))
        after = replace(AFTER, users=(demoted, HELPER))

        assert changes(after, replace(BEFORE, reach="administrators")) == [
            Change("role_changed", "olivia", "editor"),
            self.NOT_SEEN,
        ]

    def test_a_snapshot_of_the_first_version_is_read(self) -> None:
        kept = (
            '{"administrators":[{"id":1,"username":"olivia","registered":"2020-01-01T00:00:00",'
            '"keys":[],"email_mark":""}],"plugins":null,"themes":null,"admin_email":null}'
        )

        olivia = SiteUser(1, "olivia", "2020-01-01T00:00:00", ())
        assert read(kept) == Snapshot((olivia,), reach="administrators")


class TestAtTheEnd:
    @pytest.fixture(autouse=True)
    def active(self, world: World, provision_request: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(provision_request, now=NOW)

    def end(self, world: World) -> tuple[Change, ...] | None:
        return world.parts.ending.end(GRANT, OWNER, now=NOW).visit.changes

    def test_a_new_administrator_and_a_new_key_of_the_owner_are_reported(
        self, world: World, site: FakeSite
    ) -> None:
        site.add_user("evil")
        site.consent("admin", name="backdoor")

        reported = self.end(world)

        assert reported is not None
        assert set(reported) == {
            Change("key_added", "admin", "backdoor"),
            Change("administrator_added", "evil"),
        }
        mail = world.outbox.to(OWNER_MAIL)[-1].text
        assert "Changes that we saw while the access lasted: 2. Your receipt lists them." in mail
        assert "evil" not in mail
        assert "backdoor" not in mail
        token = mail.partition(f"/receipt#{GRANT}.")[2].split()[0]
        assert world.parts.lifecycle.view(GRANT, token)[1] == "owner"

    def test_a_visit_without_changes_is_reported_as_one(self, world: World) -> None:
        assert self.end(world) == ()
        assert "no change of administrators" in world.outbox.to(OWNER_MAIL)[-1].text

    def test_a_failed_snapshot_does_not_keep_the_user_alive(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.fail_next("snapshot", unavailable("timeout"))

        assert self.end(world) is None
        assert [user.username for user in site.users.values()] == ["admin"]
        assert "We could not see" in world.outbox.to(OWNER_MAIL)[-1].text

    def test_a_new_editor_and_a_new_role_are_reported(self, world: World, site: FakeSite) -> None:
        site.add_user("helper", "editor")
        site.users[1].roles.add("editor")

        assert set(self.end(world) or ()) == {
            Change("user_added", "helper", "editor"),
            Change("role_changed", "admin", "administrator, editor"),
        }

    def test_an_editor_who_may_manage_users_now_is_reported(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        helper = site.add_user("helper", "editor")
        again = replace(provision_request, grant_id="a" * 22)
        again = replace(again, consent=Credentials("admin", site.consent("admin")))
        world.parts.lifecycle.provision(again, now=NOW)
        helper.extra_rights = {"edit_users", "promote_users"}

        changes = world.parts.ending.end("a" * 22, OWNER, now=NOW).visit.changes

        assert Change("rights_added", "helper", "edit_users, promote_users") in (changes or ())

    def test_a_repair_after_a_demotion_sees_what_the_demoted_user_could_not(
        self, world: World, site: FakeSite
    ) -> None:
        support = next(user for user in site.users.values() if user.username != "admin")
        site.add_user("evil")
        support.roles = {"subscriber"}
        consent = Credentials("admin", site.consent("admin"))

        world.parts.repair.repair(GRANT, OWNER, consent, now=NOW)

        grant = world.grants.items[GRANT]
        assert grant.state == "ended"
        assert grant.visit.changes == (Change("administrator_added", "evil"),)
