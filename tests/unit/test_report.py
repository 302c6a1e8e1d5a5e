"""The after-visit report: what a visitor changed is told, what we did ourselves is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.grants.snapshot import ApplicationPassword, Plugin, SiteUser, Snapshot, Theme
from chalicelib.grants.visit_report import MAX_CHANGES, Change, compare, read, write
from chalicelib.site_problems import unavailable
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import NOW, World

TEXTS = Path(__file__).parents[2] / "frontend" / "i18n" / "en.json"
RECEIPT_TEXTS = json.loads(TEXTS.read_text())
KEY = ApplicationPassword("uuid-1", "Jetpack", "2026-01-01T00:00:00")
OWNER = SiteUser(1, "olivia", "2020-01-01T00:00:00", (KEY,))
SUPPORT = SiteUser(7, "support1", "2026-11-01T00:00:00", ())
AKISMET = Plugin("akismet/akismet", "Akismet", "5.5", "active")
THEME = Theme("twentytwentyfive", "Twenty Twenty-Five", "1.3", "active")
BEFORE = Snapshot((OWNER,), (AKISMET,), (THEME,), "olivia@blog.example")
AFTER = replace(BEFORE, users=(OWNER, SUPPORT))
EVIL = SiteUser(9, "evil", "2026-11-02T00:00:00", ())
EDITOR = SiteUser(3, "ed", "2021-01-01T00:00:00", (), roles=("editor",))


def changes(after: Snapshot, before: Snapshot = BEFORE) -> list[Change]:
    return list(compare(before, after, ours={7: "support1"}, our_keys=["consent"]))


def with_keys(*keys: ApplicationPassword) -> Snapshot:
    return replace(AFTER, users=(replace(OWNER, keys=keys), SUPPORT))


def test_the_support_user_itself_is_no_change() -> None:
    assert changes(AFTER) == []


def test_somebody_else_under_the_id_of_the_support_user_is_told() -> None:
    other = replace(SUPPORT, username="bob")

    assert changes(replace(AFTER, users=(OWNER, other))) == [Change("administrator_added", "bob")]


def test_our_own_consent_key_is_no_change() -> None:
    consent = ApplicationPassword("consent", "Acme Support", "2026-11-01T00:00:00")
    before = replace(BEFORE, users=(replace(OWNER, keys=(KEY, consent)),))

    assert changes(AFTER, before) == []


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (
            replace(AFTER, users=(OWNER, SUPPORT, EVIL)),
            Change("administrator_added", "evil"),
        ),
        (
            replace(AFTER, users=(OWNER, SUPPORT, EDITOR)),
            Change("user_added", "ed", "editor"),
        ),
        (
            replace(AFTER, users=(replace(OWNER, roles=("editor", "author")), SUPPORT)),
            Change("role_changed", "olivia", "editor, author"),
        ),
        (replace(AFTER, users=(SUPPORT,)), Change("administrator_removed", "olivia")),
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
            replace(AFTER, users=(replace(OWNER, keys=None),)),
            Change("not_seen", "keys", "olivia"),
        ),
    ],
)
def test_each_kind_of_change_is_told(after: Snapshot, change: Change) -> None:
    assert changes(after) == [change]
    text = f"not_seen_{change.name}" if change.kind == "not_seen" else change.kind
    assert f"report.{text}" in RECEIPT_TEXTS


def test_a_site_turned_upside_down_is_told_in_a_bounded_way() -> None:
    many = tuple(Plugin(f"p{n}/p", f"P{n}", "1", "active") for n in range(500))

    told = changes(replace(AFTER, plugins=many))

    assert len(told) == MAX_CHANGES + 1
    assert told[-1] == Change("more", str(501 - MAX_CHANGES))


def test_a_new_e_mail_address_of_an_administrator_is_told_and_no_address_is_kept() -> None:
    before = replace(BEFORE, users=(replace(OWNER, email_mark="1"),))

    assert changes(replace(AFTER, users=(replace(OWNER, email_mark="2"),)), before) == [
        Change("email_changed", "olivia")
    ]
    assert changes(replace(AFTER, users=(replace(OWNER, email_mark=""),)), before) == []


def test_what_lets_somebody_back_in_comes_before_everything_else() -> None:
    crowd = tuple(replace(OWNER, id=100 + n, username=f"u{n}", keys=None) for n in range(200))
    before = replace(BEFORE, users=(OWNER, *crowd))
    many = tuple(Plugin(f"p{n}/p", f"P{n}", "1", "active") for n in range(200))
    after = replace(AFTER, users=(OWNER, *crowd, EVIL), plugins=many)

    told = changes(after, before)

    assert told[0] == Change("administrator_added", "evil")
    assert [change for change in told if change.kind == "not_seen"] == [
        Change("not_seen", "keys", "u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, …")
    ]


def test_a_snapshot_that_is_too_large_is_not_kept() -> None:
    many = tuple(Plugin(f"p{n}/p", "P" * 100, "1", "active") for n in range(2000))

    assert write(replace(BEFORE, plugins=many)) == ""


def test_a_snapshot_survives_being_kept() -> None:
    for snapshot in (BEFORE, AFTER, Snapshot()):
        assert read(write(snapshot)) == snapshot


def test_an_editor_who_is_removed_or_promoted_is_told() -> None:
    before = replace(BEFORE, users=(OWNER, EDITOR))
    promoted = replace(EDITOR, roles=("administrator",))

    assert changes(AFTER, before) == [Change("user_removed", "ed", "editor")]
    assert changes(replace(AFTER, users=(OWNER, promoted, SUPPORT)), before) == [
        Change("role_changed", "ed", "administrator")
    ]


class TestListsOfDifferentReach:
    """A list of administrators, or of known roles, is compared with one of everybody."""

    CUSTOM = SiteUser(4, "seo", "2021-01-01T00:00:00", (), roles=("seo_manager",))
    EVERYBODY = replace(AFTER, users=(OWNER, SUPPORT, EDITOR, CUSTOM))
    NOT_SEEN = Change("not_seen", "users")

    def test_who_was_not_looked_for_before_is_not_new(self) -> None:
        old = replace(BEFORE, reach="administrators")
        roles = replace(BEFORE, users=(OWNER, EDITOR), reach="roles")

        assert changes(self.EVERYBODY, old) == [self.NOT_SEEN]
        assert changes(self.EVERYBODY, roles) == [self.NOT_SEEN]

    def test_who_is_not_looked_for_afterwards_is_not_removed(self) -> None:
        before = replace(BEFORE, users=(OWNER, EDITOR, self.CUSTOM))

        assert changes(replace(AFTER, reach="administrators"), before) == [self.NOT_SEEN]
        after = replace(AFTER, users=(OWNER, SUPPORT, EDITOR), reach="roles")
        assert changes(after, before) == [self.NOT_SEEN]

    def test_a_new_administrator_is_told_whatever_was_looked_for(self) -> None:
        before = replace(BEFORE, users=(OWNER, EDITOR))
        promoted = replace(EDITOR, roles=("administrator",))
        after = replace(AFTER, users=(OWNER, SUPPORT, promoted, EVIL), reach="administrators")

        assert changes(after, before) == [
            Change("administrator_added", "evil"),
            Change("role_changed", "ed", "administrator"),
            self.NOT_SEEN,
        ]

    def test_a_demoted_administrator_is_told_whatever_was_looked_for(self) -> None:
        demoted = replace(OWNER, roles=("editor",))
        after = replace(AFTER, users=(demoted, SUPPORT))

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


class TestInTheStory:
    @pytest.fixture
    def site(self, world: World) -> FakeSite:
        site = world.wordpress.add_site("https://blog.example")
        consent = Credentials("admin", site.consent("admin"))
        request = ProvisionRequest(
            "g" * 22,
            "https://blog.example",
            consent,
            "p" * 20,
            3,
            "o" * 43,
            "s" * 43,
            "owner@blog.example",
        )
        world.parts.lifecycle.provision(request, now=NOW)
        return site

    def end(self, world: World) -> tuple[Change, ...] | None:
        return world.parts.ending.end("g" * 22, "o" * 43, now=NOW).visit.changes

    def test_another_administrator_and_a_key_for_the_owner_are_caught(
        self, world: World, site: FakeSite
    ) -> None:
        site.add_user("evil")
        site.consent("admin", name="backdoor")

        told = self.end(world)

        assert told is not None
        assert set(told) == {
            Change("key_added", "admin", "backdoor"),
            Change("administrator_added", "evil"),
        }
        mail = world.outbox.to("owner@blog.example")[-1].text
        assert "changes that we saw: 2. Your receipt lists them:" in mail
        assert "evil" not in mail
        assert "backdoor" not in mail
        token = mail.partition(f"/receipt#{'g' * 22}.")[2].split()[0]
        assert world.parts.lifecycle.view("g" * 22, token)[1] == "owner"

    def test_a_quiet_visit_is_told_as_quiet(self, world: World, site: FakeSite) -> None:
        assert site.users
        assert self.end(world) == ()
        assert "no change of administrators" in world.outbox.to("owner@blog.example")[-1].text

    def test_a_look_that_fails_does_not_keep_the_account_alive(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.fail_next("snapshot", unavailable("timeout"))

        assert self.end(world) is None
        assert [user.username for user in site.users.values()] == ["admin"]
        assert "we could not see" in world.outbox.to("owner@blog.example")[-1].text

    def test_another_editor_and_another_role_are_caught(self, world: World, site: FakeSite) -> None:
        site.add_user("helper", "editor")
        site.users[1].roles.add("editor")

        assert set(self.end(world) or ()) == {
            Change("user_added", "helper", "editor"),
            Change("role_changed", "admin", "administrator, editor"),
        }

    def test_a_repair_after_a_demotion_sees_what_the_demoted_user_could_not(
        self, world: World, site: FakeSite
    ) -> None:
        support = next(user for user in site.users.values() if user.username != "admin")
        site.add_user("evil")
        support.roles = {"subscriber"}
        consent = Credentials("admin", site.consent("admin"))

        world.parts.repair.repair("g" * 22, "o" * 43, consent, now=NOW)

        grant = world.grants.items["g" * 22]
        assert grant.state == "ended"
        assert grant.visit.changes == (Change("administrator_added", "evil"),)
