"""
One contract for WordPress: the fake in memory and the real ones keep the same promises.

A test that fails on the fake only means that the fake lies to the unit tests.
"""

from __future__ import annotations

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
from infra.local.wordpress import WordPress as LocalWordPress
from tests.contract.sites import Blog, FakeBlog, RealBlog, new_name

DEAD = "abcd efgh ijkl mnop qrst uvwx"
NEVER = NewUser("hpneverever", "never@example.test", "pw", "Never made")


def start(version: str) -> Iterator[Blog]:
    if version == "fake":
        yield FakeBlog()
        return
    with LocalWordPress(version) as site:
        yield RealBlog(site)


@pytest.fixture(scope="module", params=["fake", "7.1", "6.8"])
def blog(request: pytest.FixtureRequest) -> Iterator[Blog]:
    """One site of each kind for all tests; each test makes the users that it is about."""
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
    made = blog.port.create_administrator(site, blog.consent(), wanted)
    yield made
    blog.port.delete_user(site, blog.consent(), made, 1)


@pytest.fixture
def removal_key(blog: Blog, site: Site, consent_key: Credentials, support: Account) -> Credentials:
    """The support user's own key."""
    return blog.port.create_key(site, consent_key, support, "removal", holder_id=1)


class TestDiscovery:
    def test_finds_the_site_and_its_pages(self, blog: Blog, site: Site) -> None:
        assert site.url == blog.url
        assert site.name
        assert site.login_url == f"{blog.url}/wp-login.php"
        assert site.authorize_url == f"{blog.url}/wp-admin/authorize-application.php"

    def test_finds_the_same_site_from_its_inner_pages(self, blog: Blog, site: Site) -> None:
        assert blog.port.discover(f"{blog.url}/wp-admin/users.php?role=all") == site

    def test_refuses_an_address_that_is_never_called(self, blog: Blog) -> None:
        with pytest.raises(InvalidInput):
            blog.port.discover("https://localhost")
        with pytest.raises(InvalidInput):
            blog.port.check("https://localhost")

    def test_a_look_gives_the_approval_page_and_no_problem(self, blog: Blog, site: Site) -> None:
        check = blog.port.check(blog.url)

        assert (check.site, check.consent_url, check.problem) == (site, site.authorize_url, None)


class TestKeys:
    def test_name_their_holder(self, blog: Blog, site: Site, consent_key: Credentials) -> None:
        account = blog.port.whoami(site, consent_key)

        assert (account.id, account.username) == (1, "admin")
        assert account.is_administrator
        assert account.may_manage_users

    def test_work_with_and_without_spaces(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        plain = consent_key.password.replace(" ", "")
        spaced = " ".join(plain[at : at + 4] for at in range(0, 24, 4))

        for password in (plain, spaced):
            assert blog.port.whoami(site, Credentials("admin", password)).id == 1

    def test_work_with_the_address_for_the_name(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        account = blog.port.whoami(site, Credentials("owner@example.test", consent_key.password))

        assert account.username == "admin"

    def test_have_an_id_each(self, blog: Blog, site: Site) -> None:
        ids = {blog.port.key_id(site, blog.consent()) for _ in range(2)}

        assert len(ids) == 2
        assert all(str(uuid.UUID(key_id)) == key_id for key_id in ids)

    def test_of_an_editor_do_not_manage_users(self, blog: Blog, site: Site) -> None:
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
            lambda port, *at, **_: port.create_administrator(*at, NEVER),
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
    def test_that_are_dead_are_refused_by_every_call(
        self,
        blog: Blog,
        site: Site,
        support: Account,
        call: Callable[..., object],
        name: str,
    ) -> None:
        with pytest.raises(KeyRefused):
            call(blog.port, site, Credentials(name, DEAD), user=support)

        assert not blog.port.is_missing(site, support.id)


class TestRemovable:
    def test_an_administrator_may(self, blog: Blog, site: Site, consent_key: Credentials) -> None:
        account = blog.port.whoami(site, consent_key)

        blog.port.check_removable(site, consent_key, account)

        assert blog.port.whoami(site, consent_key) == account

    def test_a_support_user_may_remove_itself_and_is_still_there(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        blog.port.check_removable(site, removal_key, support)

        assert blog.port.whoami(site, removal_key) == support

    def test_an_editor_may_not(self, blog: Blog, site: Site) -> None:
        user_id, name = blog.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.check_removable(site, blog.consent(name), Account(user_id, name))

        assert refused.value.reason == "cannot_remove"


class TestCreation:
    def test_makes_an_administrator(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        made = blog.port.create_administrator(site, consent_key, wanted)

        assert made == blog.port.user_by_id(site, consent_key, made.id)
        assert (made.username, made.email) == (wanted.username, wanted.email)
        assert made.is_administrator
        assert made.may_manage_users

    def test_again_finds_what_it_made(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        made = blog.port.create_administrator(site, consent_key, wanted)

        assert blog.port.create_administrator(site, consent_key, wanted) == made

    def test_leaves_a_user_of_that_name_alone_who_is_not_ours(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        user_id, name = blog.add_user()
        taken = NewUser(name, wanted.email, wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.create_administrator(site, consent_key, taken)

        assert refused.value.reason == "creation_refused"
        assert not blog.port.is_missing(site, user_id)

    def test_refuses_an_address_that_is_taken(
        self, blog: Blog, site: Site, consent_key: Credentials, wanted: NewUser
    ) -> None:
        _, name = blog.add_user()
        taken = NewUser(wanted.username, f"{name}@example.test", wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.create_administrator(site, consent_key, taken)

        assert refused.value.reason == "creation_refused"
        assert blog.port.find_user(site, consent_key, wanted.username) is None

    def test_is_not_for_editors(self, blog: Blog, site: Site, wanted: NewUser) -> None:
        _, name = blog.add_user("editor")

        with pytest.raises(NotAdministrator):
            blog.port.create_administrator(site, blog.consent(name), wanted)


class TestFinding:
    def test_by_login_or_address_in_any_case_and_never_by_a_part(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        assert blog.port.find_user(site, consent_key, support.username) == support
        assert blog.port.find_user(site, consent_key, support.username[:-1]) is None
        assert blog.port.find_user(site, consent_key, support.username.upper()) == support
        assert blog.port.find_user(site, consent_key, support.email.upper()) == support

    def test_by_login_outlives_a_changed_address(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        blog.change_email(support.username, f"{new_name()}@example.test")

        found = blog.port.find_user(site, consent_key, support.username)

        assert found is not None
        assert found.id == support.id

    def test_by_id_finds_nobody_where_nobody_is(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        assert blog.port.user_by_id(site, consent_key, 999_999) is None

    def test_is_not_for_editors(self, blog: Blog, site: Site, support: Account) -> None:
        _, name = blog.add_user("editor")
        key = blog.consent(name)

        with pytest.raises(NotAdministrator):
            blog.port.find_user(site, key, support.username)
        with pytest.raises(NotAdministrator):
            blog.port.user_by_id(site, key, support.id)


class TestMakingKeys:
    def test_gives_the_user_a_key_of_its_own(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        assert blog.port.whoami(site, removal_key) == support

    def test_again_drops_the_one_before(
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
    def test_never_drops_the_keys_of_who_asks(
        self, blog: Blog, site: Site, consent_key: Credentials, spelling: str
    ) -> None:
        other = blog.consent()
        account = blog.port.whoami(site, consent_key)

        with pytest.raises(ValueError, match="own application passwords"):
            blog.port.create_key(
                site, Credentials(spelling, consent_key.password), account, "removal", holder_id=1
            )

        assert blog.port.whoami(site, other) == account

    def test_leaves_a_user_alone_who_only_has_the_id(
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


class TestDroppingKeys:
    def test_ends_this_key_and_no_other(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        other = blog.consent()

        blog.port.delete_own_key(site, consent_key, blog.port.key_id(site, consent_key))

        with pytest.raises(KeyRefused):
            blog.port.whoami(site, consent_key)
        assert blog.port.whoami(site, other).id == 1

    def test_that_are_dead_already_is_no_error(
        self, blog: Blog, site: Site, consent_key: Credentials
    ) -> None:
        key_id = blog.port.key_id(site, consent_key)

        blog.port.delete_own_key(site, consent_key, key_id)
        blog.port.delete_own_key(site, consent_key, key_id)

    @pytest.mark.parametrize("key_id", ["", "../../1", "0bce1ef0-6a39-4b8e-8d2e-6dbb6b1a9f0c"])
    def test_by_a_wrong_id_is_noticed_and_drops_none(
        self, blog: Blog, site: Site, consent_key: Credentials, key_id: str
    ) -> None:
        other = blog.consent()

        with pytest.raises(SiteUnavailable):
            blog.port.delete_own_key(site, consent_key, key_id)

        assert blog.port.whoami(site, consent_key).id == 1
        assert blog.port.whoami(site, other).id == 1


class TestDeletingItself:
    def test_leaves_neither_user_nor_key(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        assert not blog.port.is_missing(site, support.id)

        blog.port.delete_self(site, removal_key, support, 1)

        assert blog.port.is_missing(site, support.id)
        with pytest.raises(KeyRefused):
            blog.port.whoami(site, removal_key)

    def test_gives_what_it_wrote_to_the_heir(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        heir_id, _ = blog.add_user("editor")
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, heir_id)

        assert blog.author(title) == heir_id

    @pytest.mark.parametrize("heir_id", [999_999, 0, -1])
    def test_without_that_heir_gives_it_to_the_first_administrator(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials, heir_id: int
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, heir_id)

        assert blog.author(title) == 1

    def test_never_inherits_from_itself(
        self, blog: Blog, site: Site, support: Account, removal_key: Credentials
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_self(site, removal_key, support, support.id)

        assert blog.author(title) == 1

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_leaves_an_account_alone_that_is_not_the_one_meant(
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


class TestDeletingAnother:
    def test_leaves_no_user_and_gives_what_it_wrote_to_the_heir(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        title = blog.write(support.username)

        blog.port.delete_user(site, consent_key, support, 1)

        assert blog.port.is_missing(site, support.id)
        assert blog.port.find_user(site, consent_key, support.username) is None
        assert blog.author(title) == 1

    def test_who_is_gone_already_is_no_error(
        self, blog: Blog, site: Site, consent_key: Credentials, support: Account
    ) -> None:
        blog.port.delete_user(site, consent_key, support, 1)
        blog.port.delete_user(site, consent_key, support, 1)

    def test_is_not_for_editors(self, blog: Blog, site: Site, support: Account) -> None:
        _, name = blog.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            blog.port.delete_user(site, blog.consent(name), support, 1)

        assert refused.value.reason == "cannot_remove"
        assert not blog.port.is_missing(site, support.id)

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_leaves_an_account_alone_that_is_not_the_one_meant(
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
    def test_tell_who_may_do_what_and_what_is_installed(
        self,
        blog: Blog,
        site: Site,
        consent_key: Credentials,
        support: Account,
        removal_key: Credentials,
    ) -> None:
        del removal_key
        seen = blog.port.snapshot(site, consent_key)

        assert seen.administrators
        admin, visitor = seen.administrators[0], seen.administrators[-1]
        assert (admin.id, admin.username) == (1, "admin")
        assert admin.keys
        assert blog.port.key_id(site, consent_key) in {key.uuid for key in admin.keys}
        assert (visitor.id, visitor.username) == (support.id, support.username)
        assert visitor.registered
        assert [key.name for key in visitor.keys or ()] == ["removal"]
        assert visitor.email_mark
        assert visitor.email_mark != admin.email_mark
        assert "@" not in visitor.email_mark
        assert seen.plugins
        assert all(plugin.file and plugin.name and plugin.version for plugin in seen.plugins)
        assert seen.themes
        assert "active" in {theme.status for theme in seen.themes}
        assert all(theme.stylesheet and theme.name for theme in seen.themes)
        assert seen.admin_email == "owner@example.test"

    def test_tell_an_editor_nothing(self, blog: Blog, site: Site) -> None:
        _, name = blog.add_user("editor")

        seen = blog.port.snapshot(site, blog.consent(name))

        assert (seen.administrators, seen.plugins, seen.themes, seen.admin_email) == (None,) * 4


def test_the_oldest_version_carries_one_access_from_consent_to_removal() -> None:
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
