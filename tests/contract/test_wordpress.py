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
from tests.contract.places import FakePlace, Place, RealPlace, new_name

DEAD = "abcd efgh ijkl mnop qrst uvwx"
NEVER = NewUser("hpneverever", "never@example.test", "pw", "Never made")


def start(version: str) -> Iterator[Place]:
    if version == "fake":
        yield FakePlace()
        return
    with LocalWordPress(version) as site:
        yield RealPlace(site)


@pytest.fixture(scope="module", params=["fake", "7.1", "6.8"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """One site of each kind for all tests; each test makes the users that it is about."""
    yield from start(request.param)


@pytest.fixture(scope="module")
def site(place: Place) -> Site:
    return place.port.discover(place.url)


@pytest.fixture
def owner(place: Place) -> Credentials:
    return place.consent()


@pytest.fixture
def wanted() -> NewUser:
    name = new_name()
    return NewUser(name, f"help+{name}@example.test", f"pw-{new_name()}", "Support (temporary)")


@pytest.fixture
def support(place: Place, site: Site, wanted: NewUser) -> Iterator[Account]:
    """A support user that exists."""
    made = place.port.create_administrator(site, place.consent(), wanted)
    yield made
    place.port.delete_user(site, place.consent(), made, 1)


@pytest.fixture
def removal(place: Place, site: Site, owner: Credentials, support: Account) -> Credentials:
    """The support user's own key."""
    return place.port.create_key(site, owner, support, "removal", holder_id=1)


class TestDiscovery:
    def test_finds_the_site_and_its_pages(self, place: Place, site: Site) -> None:
        assert site.url == place.url
        assert site.name
        assert site.login_url == f"{place.url}/wp-login.php"
        assert site.authorize_url == f"{place.url}/wp-admin/authorize-application.php"

    def test_finds_the_same_site_from_its_inner_pages(self, place: Place, site: Site) -> None:
        assert place.port.discover(f"{place.url}/wp-admin/users.php?role=all") == site

    def test_refuses_an_address_that_is_never_called(self, place: Place) -> None:
        with pytest.raises(InvalidInput):
            place.port.discover("https://localhost")
        with pytest.raises(InvalidInput):
            place.port.check("https://localhost")

    def test_a_look_gives_the_approval_page_and_no_problem(self, place: Place, site: Site) -> None:
        check = place.port.check(place.url)

        assert (check.site, check.consent_url, check.problem) == (site, site.authorize_url, None)


class TestKeys:
    def test_name_their_holder(self, place: Place, site: Site, owner: Credentials) -> None:
        account = place.port.whoami(site, owner)

        assert (account.id, account.username) == (1, "admin")
        assert account.is_administrator
        assert account.may_manage_users

    def test_work_with_and_without_spaces(
        self, place: Place, site: Site, owner: Credentials
    ) -> None:
        plain = owner.password.replace(" ", "")
        spaced = " ".join(plain[at : at + 4] for at in range(0, 24, 4))

        for password in (plain, spaced):
            assert place.port.whoami(site, Credentials("admin", password)).id == 1

    def test_work_with_the_address_for_the_name(
        self, place: Place, site: Site, owner: Credentials
    ) -> None:
        account = place.port.whoami(site, Credentials("owner@example.test", owner.password))

        assert account.username == "admin"

    def test_have_an_id_each(self, place: Place, site: Site) -> None:
        ids = {place.port.key_id(site, place.consent()) for _ in range(2)}

        assert len(ids) == 2
        assert all(str(uuid.UUID(key_id)) == key_id for key_id in ids)

    def test_of_an_editor_do_not_manage_users(self, place: Place, site: Site) -> None:
        _, name = place.add_user("editor")

        account = place.port.whoami(site, place.consent(name))

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
        place: Place,
        site: Site,
        support: Account,
        call: Callable[..., object],
        name: str,
    ) -> None:
        with pytest.raises(KeyRefused):
            call(place.port, site, Credentials(name, DEAD), user=support)

        assert not place.port.is_missing(site, support.id)


class TestRemovable:
    def test_an_administrator_may(self, place: Place, site: Site, owner: Credentials) -> None:
        account = place.port.whoami(site, owner)

        place.port.check_removable(site, owner, account)

        assert place.port.whoami(site, owner) == account

    def test_a_support_user_may_remove_itself_and_is_still_there(
        self, place: Place, site: Site, support: Account, removal: Credentials
    ) -> None:
        place.port.check_removable(site, removal, support)

        assert place.port.whoami(site, removal) == support

    def test_an_editor_may_not(self, place: Place, site: Site) -> None:
        user_id, name = place.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            place.port.check_removable(site, place.consent(name), Account(user_id, name))

        assert refused.value.reason == "cannot_remove"


class TestCreation:
    def test_makes_an_administrator(
        self, place: Place, site: Site, owner: Credentials, wanted: NewUser
    ) -> None:
        made = place.port.create_administrator(site, owner, wanted)

        assert made == place.port.user_by_id(site, owner, made.id)
        assert (made.username, made.email) == (wanted.username, wanted.email)
        assert made.is_administrator
        assert made.may_manage_users

    def test_again_finds_what_it_made(
        self, place: Place, site: Site, owner: Credentials, wanted: NewUser
    ) -> None:
        made = place.port.create_administrator(site, owner, wanted)

        assert place.port.create_administrator(site, owner, wanted) == made

    def test_leaves_a_user_of_that_name_alone_who_is_not_ours(
        self, place: Place, site: Site, owner: Credentials, wanted: NewUser
    ) -> None:
        user_id, name = place.add_user()
        taken = NewUser(name, wanted.email, wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            place.port.create_administrator(site, owner, taken)

        assert refused.value.reason == "creation_refused"
        assert not place.port.is_missing(site, user_id)

    def test_refuses_an_address_that_is_taken(
        self, place: Place, site: Site, owner: Credentials, wanted: NewUser
    ) -> None:
        _, name = place.add_user()
        taken = NewUser(wanted.username, f"{name}@example.test", wanted.password, "")

        with pytest.raises(SiteUnsupported) as refused:
            place.port.create_administrator(site, owner, taken)

        assert refused.value.reason == "creation_refused"
        assert place.port.find_user(site, owner, wanted.username) is None

    def test_is_not_for_editors(self, place: Place, site: Site, wanted: NewUser) -> None:
        _, name = place.add_user("editor")

        with pytest.raises(NotAdministrator):
            place.port.create_administrator(site, place.consent(name), wanted)


class TestFinding:
    def test_by_login_or_address_in_any_case_and_never_by_a_part(
        self, place: Place, site: Site, owner: Credentials, support: Account
    ) -> None:
        assert place.port.find_user(site, owner, support.username) == support
        assert place.port.find_user(site, owner, support.username[:-1]) is None
        assert place.port.find_user(site, owner, support.username.upper()) == support
        assert place.port.find_user(site, owner, support.email.upper()) == support

    def test_by_login_outlives_a_changed_address(
        self, place: Place, site: Site, owner: Credentials, support: Account
    ) -> None:
        place.change_email(support.username, f"{new_name()}@example.test")

        found = place.port.find_user(site, owner, support.username)

        assert found is not None
        assert found.id == support.id

    def test_by_id_finds_nobody_where_nobody_is(
        self, place: Place, site: Site, owner: Credentials
    ) -> None:
        assert place.port.user_by_id(site, owner, 999_999) is None

    def test_is_not_for_editors(self, place: Place, site: Site, support: Account) -> None:
        _, name = place.add_user("editor")
        key = place.consent(name)

        with pytest.raises(NotAdministrator):
            place.port.find_user(site, key, support.username)
        with pytest.raises(NotAdministrator):
            place.port.user_by_id(site, key, support.id)


class TestMakingKeys:
    def test_gives_the_user_a_key_of_its_own(
        self, place: Place, site: Site, support: Account, removal: Credentials
    ) -> None:
        assert place.port.whoami(site, removal) == support

    def test_again_drops_the_one_before(
        self, place: Place, site: Site, owner: Credentials, support: Account, removal: Credentials
    ) -> None:
        second = place.port.create_key(site, owner, support, "removal", holder_id=1)

        assert place.port.whoami(site, second) == support
        with pytest.raises(KeyRefused):
            place.port.whoami(site, removal)

    @pytest.mark.parametrize("spelling", ["admin", "ADMIN", "owner@example.test"])
    def test_never_drops_the_keys_of_who_asks(
        self, place: Place, site: Site, owner: Credentials, spelling: str
    ) -> None:
        other = place.consent()
        account = place.port.whoami(site, owner)

        with pytest.raises(ValueError, match="own application passwords"):
            place.port.create_key(
                site, Credentials(spelling, owner.password), account, "removal", holder_id=1
            )

        assert place.port.whoami(site, other) == account

    def test_leaves_a_user_alone_who_only_has_the_id(
        self, place: Place, site: Site, owner: Credentials
    ) -> None:
        user_id, name = place.add_user()
        theirs = place.consent(name)

        with pytest.raises(SiteUnsupported) as refused:
            place.port.create_key(site, owner, Account(user_id, new_name()), "removal", holder_id=1)

        assert refused.value.reason == "not_ours"
        assert place.port.whoami(site, theirs).id == user_id


class TestDroppingKeys:
    def test_ends_this_key_and_no_other(self, place: Place, site: Site, owner: Credentials) -> None:
        other = place.consent()

        place.port.delete_own_key(site, owner, place.port.key_id(site, owner))

        with pytest.raises(KeyRefused):
            place.port.whoami(site, owner)
        assert place.port.whoami(site, other).id == 1

    def test_that_are_dead_already_is_no_error(
        self, place: Place, site: Site, owner: Credentials
    ) -> None:
        key_id = place.port.key_id(site, owner)

        place.port.delete_own_key(site, owner, key_id)
        place.port.delete_own_key(site, owner, key_id)

    @pytest.mark.parametrize("key_id", ["", "../../1", "0bce1ef0-6a39-4b8e-8d2e-6dbb6b1a9f0c"])
    def test_by_a_wrong_id_is_noticed_and_drops_none(
        self, place: Place, site: Site, owner: Credentials, key_id: str
    ) -> None:
        other = place.consent()

        with pytest.raises(SiteUnavailable):
            place.port.delete_own_key(site, owner, key_id)

        assert place.port.whoami(site, owner).id == 1
        assert place.port.whoami(site, other).id == 1


class TestDeletingItself:
    def test_leaves_neither_user_nor_key(
        self, place: Place, site: Site, support: Account, removal: Credentials
    ) -> None:
        assert not place.port.is_missing(site, support.id)

        place.port.delete_self(site, removal, support, 1)

        assert place.port.is_missing(site, support.id)
        with pytest.raises(KeyRefused):
            place.port.whoami(site, removal)

    def test_gives_what_it_wrote_to_the_heir(
        self, place: Place, site: Site, support: Account, removal: Credentials
    ) -> None:
        heir_id, _ = place.add_user("editor")
        title = place.write(support.username)

        place.port.delete_self(site, removal, support, heir_id)

        assert place.author(title) == heir_id

    @pytest.mark.parametrize("heir_id", [999_999, 0, -1])
    def test_without_that_heir_gives_it_to_the_first_administrator(
        self, place: Place, site: Site, support: Account, removal: Credentials, heir_id: int
    ) -> None:
        title = place.write(support.username)

        place.port.delete_self(site, removal, support, heir_id)

        assert place.author(title) == 1

    def test_never_inherits_from_itself(
        self, place: Place, site: Site, support: Account, removal: Credentials
    ) -> None:
        title = place.write(support.username)

        place.port.delete_self(site, removal, support, support.id)

        assert place.author(title) == 1

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_leaves_an_account_alone_that_is_not_the_one_meant(
        self,
        place: Place,
        site: Site,
        support: Account,
        removal: Credentials,
        changes: dict[str, object],
    ) -> None:
        meant = {"id": support.id, "username": support.username, **changes}

        with pytest.raises(SiteUnsupported) as refused:
            place.port.delete_self(site, removal, Account(**meant), 1)  # type: ignore[arg-type]

        assert refused.value.reason == "not_ours"
        assert not place.port.is_missing(site, support.id)


class TestDeletingAnother:
    def test_leaves_no_user_and_gives_what_it_wrote_to_the_heir(
        self, place: Place, site: Site, owner: Credentials, support: Account
    ) -> None:
        title = place.write(support.username)

        place.port.delete_user(site, owner, support, 1)

        assert place.port.is_missing(site, support.id)
        assert place.port.find_user(site, owner, support.username) is None
        assert place.author(title) == 1

    def test_who_is_gone_already_is_no_error(
        self, place: Place, site: Site, owner: Credentials, support: Account
    ) -> None:
        place.port.delete_user(site, owner, support, 1)
        place.port.delete_user(site, owner, support, 1)

    def test_is_not_for_editors(self, place: Place, site: Site, support: Account) -> None:
        _, name = place.add_user("editor")

        with pytest.raises(SiteUnsupported) as refused:
            place.port.delete_user(site, place.consent(name), support, 1)

        assert refused.value.reason == "cannot_remove"
        assert not place.port.is_missing(site, support.id)

    @pytest.mark.parametrize("changes", [{"id": 1}, {"username": "another"}])
    def test_leaves_an_account_alone_that_is_not_the_one_meant(
        self,
        place: Place,
        site: Site,
        owner: Credentials,
        support: Account,
        changes: dict[str, object],
    ) -> None:
        meant = {"id": support.id, "username": support.username, **changes}

        with pytest.raises(SiteUnsupported) as refused:
            place.port.delete_user(site, owner, Account(**meant), 1)  # type: ignore[arg-type]

        assert refused.value.reason == "not_ours"
        assert not place.port.is_missing(site, support.id)
        assert place.port.whoami(site, owner).id == 1


class TestSnapshots:
    def test_tell_who_may_do_what_and_what_is_installed(
        self, place: Place, site: Site, owner: Credentials, support: Account, removal: Credentials
    ) -> None:
        del removal
        seen = place.port.snapshot(site, owner)

        assert seen.administrators
        admin, visitor = seen.administrators[0], seen.administrators[-1]
        assert (admin.id, admin.username) == (1, "admin")
        assert admin.keys
        assert place.port.key_id(site, owner) in {key.uuid for key in admin.keys}
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

    def test_tell_an_editor_nothing(self, place: Place, site: Site) -> None:
        _, name = place.add_user("editor")

        seen = place.port.snapshot(site, place.consent(name))

        assert (seen.administrators, seen.plugins, seen.themes, seen.admin_email) == (None,) * 4


def test_the_oldest_version_carries_one_access_from_consent_to_removal() -> None:
    with LocalWordPress("6.5") as local:
        place = RealPlace(local)
        port, owner = place.port, place.consent()
        site = port.discover(place.url)
        account = port.whoami(site, owner)
        key_id = port.key_id(site, owner)
        port.check_removable(site, owner, account)
        name = new_name()
        wanted = NewUser(name, f"{name}@example.test", f"pw-{name}", "Support")
        support = port.create_administrator(site, owner, wanted)
        assert port.create_administrator(site, owner, wanted) == support
        # Before 6.6, a second application password of the same name is refused.
        port.create_key(site, owner, support, "removal", holder_id=1)
        removal = port.create_key(site, owner, support, "removal", holder_id=1)
        port.check_removable(site, removal, support)
        port.delete_own_key(site, owner, key_id)
        title = place.write(name)
        port.delete_self(site, removal, support, account.id)

        assert port.is_missing(site, support.id)
        assert place.author(title) == account.id
