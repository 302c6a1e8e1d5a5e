"""
One contract for WordPress: the fake in memory and the real ones keep the same promises.

A test that fails on the fake only means that the fake misleads the unit tests.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

import pytest

from chalicelib.errors import (
    InvalidInput,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    SiteUnsupported,
)
from chalicelib.grants.site import Account, Credentials, NewUser, Site
from chalicelib.grants.visit_report import Change, compare
from infra.local.wordpress import WordPress as LocalWordPress
from tests.contract.sites import Blog, FakeBlog, RealBlog, new_name

DEAD_PASSWORD = "abcd efgh ijkl mnop qrst uvwx"
NEVER_CREATED = NewUser("hpneverever", "never@example.test", "pw", "Never created")


def start(version: str) -> Iterator[Blog]:
    if version == "fake":
        yield FakeBlog()
        return
    with LocalWordPress(version) as site:
        yield RealBlog(site)


@pytest.fixture(scope="module", params=["fake", "7.1", "6.8"])
def blog(request: pytest.FixtureRequest) -> Iterator[Blog]:
    """One site of each kind for all tests; each test creates the users that it needs."""
    yield from start(request.param)


@pytest.fixture(scope="module")
def site(blog: Blog) -> Site:
    return blog.port.discover(blog.url)


@pytest.fixture
def consent_key(blog: Blog) -> Credentials:
    return blog.consent()


@pytest.fixture
def wanted() -> NewUser:
    name = new_name()
    return NewUser(name, f"help+{name}@example.test", f"pw-{new_name()}", "Support (temporary)")


@pytest.fixture
def support(blog: Blog, site: Site, wanted: NewUser) -> Iterator[Account]:
    """A support user that exists."""
    created = blog.port.create_administrator(site, blog.consent(), wanted)
    yield created
    blog.port.delete_user(site, blog.consent(), created, 1)


@pytest.fixture
def removal_key(blog: Blog, site: Site, consent_key: Credentials, support: Account) -> Credentials:
    """The support user's own key, which deletes it at the end."""
    return blog.port.create_key(site, consent_key, support, "removal", holder_id=1)


class TestDiscovery:
    def test_discovery_finds_the_site_and_its_pages(self, blog: Blog, site: Site) -> None:
        assert site.url == blog.url
        assert site.name
        assert site.login_url == f"{blog.url}/wp-login.php"
        assert site.authorize_url == f"{blog.url}/wp-admin/authorize-application.php"

    def test_discovery_finds_the_same_site_from_its_inner_pages(
        self, blog: Blog, site: Site
    ) -> None:
        assert blog.port.discover(f"{blog.url}/wp-admin/users.php?role=all") == site

    def test_discovery_refuses_an_address_that_is_never_called(self, blog: Blog) -> None:
        with pytest.raises(InvalidInput):
            blog.port.discover("https://localhost")
        with pytest.raises(InvalidInput):
            blog.port.check("https://localhost")

    def test_a_check_returns_the_approval_page_and_no_problem(self, blog: Blog, site: Site) -> None:
        check = blog.port.check(blog.url)

        assert (check.site, check.consent_url, check.problem) == (site, site.authorize_url, None)


class TestKeys:
    def test_a_key_identifies_its_holder(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        account = blog.port.whoami(site, consent_key)

        assert (account.id, account.username) == (1, "admin")
        assert account.is_administrator
        assert account.may_manage_users

    def test_a_key_works_with_and_without_spaces(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        plain = consent_key.password.replace(" ", "")
        spaced = " ".join(plain[at : at + 4] for at in range(0, 24, 4))

        for password in (plain, spaced):
            assert blog.port.whoami(site, Credentials("admin", password)).id == 1

    def test_a_key_works_with_the_email_address_as_user_name(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        account = blog.port.whoami(site, Credentials("owner@example.test", consent_key.password))

        assert account.username == "admin"

    def test_each_key_has_its_own_id(self, blog: Blog, site: Site) -> None:
        ids = {blog.port.key_id(site, blog.consent()) for _ in range(2)}

        assert len(ids) == 2
        assert all(str(uuid.UUID(key_id)) == key_id for key_id in ids)

    def test_a_key_of_an_editor_may_not_manage_users(self, blog: Blog, site: Site) -> None:
        _, name = blog.add_user("editor")

        account = blog.port.whoami(site, blog.consent(name))

        assert account.username == name
        assert not account.is_administrator
        assert not account.may_manage_users

    @pytest.mark.parametrize(
        "call",
        [
            lambda port, *at, **_: port.whoami(*at),
            lambda port, *at, **_: port.key_id(*at),
            lambda port, *at, user: port.check_removable(*at, user),
            lambda port, *at, **_: port.create_administrator(*at, NEVER_CREATED),
            lambda port, *at, user: port.find_user(*at, user.username),
            lambda port, *at, user: port.user_by_id(*at, user.id),
            lambda port, *at, user: port.create_key(*at, user, "name", holder_id=1),
            lambda port, *at, user: port.delete_self(*at, user, 1),
            lambda port, *at, user: port.delete_user(*at, user, 1),
            lambda port, *at, **_: port.snapshot(*at),
        ],
        ids=[
            *("whoami", "key_id", "check_removable", "create", "find_user", "user_by_id"),
            *("create_key", "delete_self", "delete_user", "snapshot"),
        ],
    )
    @pytest.mark.parametrize("name", ["admin", "nobody"])
    def test_every_call_refuses_a_dead_key(
        self,
        blog: Blog,
        site: Site,
        support: Account,
        call: Callable[..., object],
        name: str,
    ) -> None:
        with pytest.raises(KeyRefused):
            call(blog.port, site, Credentials(name, DEAD_PASSWORD), user=support)

        assert not blog.port.is_missing(site, support.id)


class TestRemovability:
    def test_an_administrator_may_delete_users(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        account = blog.port.whoami(site, consent_key)

        blog.port.check_removable(site, consent_key, account)

        assert blog.port.whoami(site, consent_key) == account

    def test_a_support_user_may_delete_itself_and_the_check_deletes_nothing(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        blog.port.check_removable(site, removal_key, support)

        assert blog.port.whoami(site, removal_key) == support

    def test_an_editor_may_not_delete_users(self, blog: Blog, site: Site) -> None:
        user_id, name = blog.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.check_removable(site, blog.consent(name), Account(user_id, name))

        assert refused.value.reason == "cannot_remove"


class TestCreation:
    def test_creation_makes_an_administrator(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        created = blog.port.create_administrator(site, consent_key, wanted)

        assert created == blog.port.user_by_id(site, consent_key, created.id)
        assert (created.username, created.email) == (wanted.username, wanted.email)
        assert created.is_administrator
        assert created.may_manage_users

    def test_creation_again_returns_the_same_user(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        created = blog.port.create_administrator(site, consent_key, wanted)

        assert blog.port.create_administrator(site, consent_key, wanted) == created

    def test_creation_does_not_touch_a_user_of_that_name_who_is_not_ours(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        user_id, name = blog.add_user()
        taken = NewUser(name, wanted.email, wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.create_administrator(site, consent_key, taken)

        assert refused.value.reason == "creation_refused"
        assert not blog.port.is_missing(site, user_id)

    def test_creation_refuses_an_email_address_that_is_taken(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        _, name = blog.add_user()
        taken = NewUser(wanted.username, f"{name}@example.test", wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.create_administrator(site, consent_key, taken)

        assert refused.value.reason == "creation_refused"
        assert blog.port.find_user(site, consent_key, wanted.username) is None

    def test_an_editor_may_not_create_administrators(
        self, blog: Blog, site: Site, wanted: NewUser
    ) -> None:
        _, name = blog.add_user("editor")

        with pytest.raises(NotAdministrator):
            blog.port.create_administrator(site, blog.consent(name), wanted)


class TestFinding:
    def test_a_user_is_found_by_whole_login_or_email_address_in_any_case(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        assert blog.port.find_user(site, consent_key, support.username) == support
        assert blog.port.find_user(site, consent_key, support.username[:-1]) is None
        assert blog.port.find_user(site, consent_key, support.username.upper()) == support
        assert blog.port.find_user(site, consent_key, support.email.upper()) == support

    def test_a_user_with_a_changed_email_address_is_found_by_login(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        blog.change_email(support.username, f"{new_name()}@example.test")

        found = blog.port.find_user(site, consent_key, support.username)

        assert found is not None
        assert found.id == support.id

    def test_it_is_described_so_that_its_owner_knows_who_it_is(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        assert (support.name, support.roles) == ("Support (temporary)", ("administrator",))
        assert support.registered_at is not None
        assert blog.port.count_posts(site, consent_key, support.id) == 0

        blog.write(support.username)

        assert blog.port.count_posts(site, consent_key, support.id) == 1
        assert blog.port.count_posts(site, consent_key, 999_999) == 0

    def test_an_unused_id_finds_no_user(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        assert blog.port.user_by_id(site, consent_key, 999_999) is None

    def test_an_editor_may_not_find_users(self, blog: Blog, site: Site, support: Account) -> None:
        _, name = blog.add_user("editor")
        key = blog.consent(name)

        with pytest.raises(NotAdministrator):
            blog.port.find_user(site, key, support.username)
        with pytest.raises(NotAdministrator):
            blog.port.user_by_id(site, key, support.id)


class TestKeyCreation:
    def test_the_user_gets_a_key_of_its_own(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        assert blog.port.whoami(site, removal_key) == support

    def test_a_second_key_deletes_the_first(
        self,
        blog: Blog,
        site: Site,
        consent_key: Credentials,
        support: Account,
        removal_key: Credentials,
    ) -> None:
        second = blog.port.create_key(site, consent_key, support, "removal", holder_id=1)

        assert blog.port.whoami(site, second) == support
        with pytest.raises(KeyRefused):
            blog.port.whoami(site, removal_key)

    @pytest.mark.parametrize("spelling", ["admin", "ADMIN", "owner@example.test"])
    def test_the_keys_of_the_caller_are_never_deleted(
        self, blog: Blog, site: Site, consent_key: Credentials, spelling: str
    ) -> None:
        other = blog.consent()
        account = blog.port.whoami(site, consent_key)

        with pytest.raises(ValueError, match="own application passwords"):
            blog.port.create_key(
                site, Credentials(spelling, consent_key.password), account, "removal", holder_id=1
            )

        assert blog.port.whoami(site, other) == account

    def test_a_user_with_the_id_and_another_login_is_not_touched(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        user_id, name = blog.add_user()
        theirs = blog.consent(name)

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.create_key(
                site, consent_key, Account(user_id, new_name()), "removal", holder_id=1
            )

        assert refused.value.reason == "not_ours"
        assert blog.port.whoami(site, theirs).id == user_id


class TestNewPassword:
    def test_it_signs_in_the_old_one_does_not_and_the_key_still_works(
        self, blog: Blog, site: Site, wanted: NewUser, support: Account, removal_key: Credentials
    ) -> None:
        password = f"pw-{new_name()}-{new_name()}"

        blog.port.set_password(site, removal_key, password)

        trial = blog.port.try_sign_in(site, wanted.username, password)
        assert trial.is_let_in is True
        assert trial.wordpress.split(".")[0] in {"6", "7"}
        assert re.fullmatch(r"8(\.\d+){1,2}", trial.php)
        assert not blog.port.try_sign_in(site, wanted.username, wanted.password).is_let_in
        assert blog.port.whoami(site, removal_key).id == support.id

    def test_a_dead_key_sets_none(self, blog: Blog, site: Site, support: Account) -> None:
        with pytest.raises(KeyRefused):
            blog.port.set_password(site, Credentials(support.username, DEAD_PASSWORD), "x" * 20)


class TestKeyDeletion:
    def test_a_key_deletes_itself_and_no_other(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        other = blog.consent()

        blog.port.delete_own_key(site, consent_key, blog.port.key_id(site, consent_key))

        with pytest.raises(KeyRefused):
            blog.port.whoami(site, consent_key)
        assert blog.port.whoami(site, other).id == 1

    def test_deleting_a_dead_key_is_no_error(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        key_id = blog.port.key_id(site, consent_key)

        blog.port.delete_own_key(site, consent_key, key_id)
        blog.port.delete_own_key(site, consent_key, key_id)

    @pytest.mark.parametrize("key_id", ["", "../../1", "0bce1ef0-6a39-4b8e-8d2e-6dbb6b1a9f0c"])
    def test_a_wrong_key_id_raises_and_deletes_no_key(
        self, blog: Blog, site: Site, consent_key: Credentials, key_id: str
    ) -> None:
        other = blog.consent()

        with pytest.raises(SiteUnavailable):
            blog.port.delete_own_key(site, consent_key, key_id)

        assert blog.port.whoami(site, consent_key).id == 1
        assert blog.port.whoami(site, other).id == 1


class TestSelfDeletion:
    def test_a_user_that_deletes_itself_leaves_neither_user_nor_key(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        assert not blog.port.is_missing(site, support.id)

        blog.port.delete_self(site, removal_key, support, 1)

        assert blog.port.is_missing(site, support.id)
        with pytest.raises(KeyRefused):
            blog.port.whoami(site, removal_key)

    def test_its_content_goes_to_the_heir(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        heir_id, _ = blog.add_user("editor")
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, heir_id)

        assert blog.author(title) == heir_id

    @pytest.mark.parametrize("heir_id", [999_999, 0, -1])
    def test_its_content_goes_to_the_first_administrator_when_there_is_no_such_heir(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials, heir_id: int
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, heir_id)

        assert blog.author(title) == 1

    def test_a_user_is_never_its_own_heir(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, support.id)

        assert blog.author(title) == 1

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_an_account_with_another_id_or_login_is_not_deleted(
        self,
        blog: Blog,
        site: Site,
        support: Account,
        removal_key: Credentials,
        changes: dict[str, object],
    ) -> None:
        meant = {"id": support.id, "username": support.username, **changes}

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.delete_self(site, removal_key, Account(**meant), 1)  # type: ignore[arg-type]

        assert refused.value.reason == "not_ours"
        assert not blog.port.is_missing(site, support.id)


class TestUserDeletion:
    def test_the_user_is_deleted_and_its_content_goes_to_the_heir(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_user(site, consent_key, support, 1)

        assert blog.port.is_missing(site, support.id)
        assert blog.port.find_user(site, consent_key, support.username) is None
        assert blog.author(title) == 1

    def test_deleting_a_deleted_user_is_no_error(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        blog.port.delete_user(site, consent_key, support, 1)
        blog.port.delete_user(site, consent_key, support, 1)

    def test_an_editor_may_not_delete_another_user(
        self, blog: Blog, site: Site, support: Account
    ) -> None:
        _, name = blog.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.delete_user(site, blog.consent(name), support, 1)

        assert refused.value.reason == "cannot_remove"
        assert not blog.port.is_missing(site, support.id)

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_an_account_with_another_id_or_login_is_not_deleted(
        self,
        blog: Blog,
        site: Site,
        consent_key: Credentials,
        support: Account,
        changes: dict[str, object],
    ) -> None:
        meant = {"id": support.id, "username": support.username, **changes}

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.delete_user(site, consent_key, Account(**meant), 1)  # type: ignore[arg-type]

        assert refused.value.reason == "not_ours"
        assert not blog.port.is_missing(site, support.id)
        assert blog.port.whoami(site, consent_key).id == 1


class TestSnapshots:
    def test_a_snapshot_lists_users_keys_plugins_and_themes(
        self,
        blog: Blog,
        site: Site,
        consent_key: Credentials,
        support: Account,
        removal_key: Credentials,
    ) -> None:
        del removal_key
        editor_id, editor = blog.add_user("editor")
        _, reader = blog.add_user("subscriber")
        snapshot = blog.port.snapshot(site, consent_key)

        assert snapshot.users
        assert snapshot.reach == "everybody"
        admin = snapshot.users[0]
        users = {user.username: user for user in snapshot.users}
        temporary = users[support.username]
        assert reader not in users
        assert (users[editor].id, users[editor].roles) == (editor_id, ("editor",))
        assert admin.roles == temporary.roles == ("administrator",)
        roles = [user.is_administrator for user in snapshot.users]
        assert roles == sorted(roles, reverse=True)
        assert (admin.id, admin.username) == (1, "admin")
        assert admin.keys
        assert blog.port.key_id(site, consent_key) in {key.uuid for key in admin.keys}
        assert (temporary.id, temporary.username) == (support.id, support.username)
        assert temporary.registered
        assert [key.name for key in temporary.keys or ()] == ["removal"]
        assert temporary.email_mark
        assert temporary.email_mark != admin.email_mark
        assert "@" not in temporary.email_mark
        assert snapshot.plugins
        assert all(plugin.file and plugin.name and plugin.version for plugin in snapshot.plugins)
        assert snapshot.themes
        assert "active" in {theme.status for theme in snapshot.themes}
        assert all(theme.stylesheet and theme.name for theme in snapshot.themes)
        assert snapshot.admin_email == "owner@example.test"

    def test_a_snapshot_shows_a_right_that_a_user_was_given_beside_the_roles(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        _, editor = blog.add_user("editor")
        before = blog.port.snapshot(site, consent_key)
        blog.empower(editor, "edit_users")
        after = blog.port.snapshot(site, consent_key)

        changes = compare(before, after, ours={}, our_keys=())
        assert changes == (Change("rights_added", editor, "edit_users"),)

    def test_a_snapshot_with_the_key_of_an_editor_is_empty(self, blog: Blog, site: Site) -> None:
        _, name = blog.add_user("editor")

        snapshot = blog.port.snapshot(site, blog.consent(name))

        assert (
            snapshot.users,
            snapshot.plugins,
            snapshot.themes,
            snapshot.admin_email,
        ) == (None,) * 4


def test_the_oldest_version_supports_one_access_from_consent_to_removal() -> None:
    with LocalWordPress("6.5") as local:
        blog = RealBlog(local)
        port, consent_key = blog.port, blog.consent()
        site = port.discover(blog.url)
        account = port.whoami(site, consent_key)
        key_id = port.key_id(site, consent_key)
        port.check_removable(site, consent_key, account)
        name = new_name()
        wanted = NewUser(name, f"{name}@example.test", f"pw-{name}", "Support")
        support = port.create_administrator(site, consent_key, wanted)
        assert port.create_administrator(site, consent_key, wanted) == support
        # Before 6.6, a second application password of the same name is refused.
        port.create_key(site, consent_key, support, "removal", holder_id=1)
        removal_key = port.create_key(site, consent_key, support, "removal", holder_id=1)
        port.check_removable(site, removal_key, support)
        port.delete_own_key(site, consent_key, key_id)
        title = blog.write(name)
        port.delete_self(site, removal_key, support, account.id)

        assert port.is_missing(site, support.id)
        assert blog.author(title) == account.id
