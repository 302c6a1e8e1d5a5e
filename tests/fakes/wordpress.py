"""
WordPress in memory, behind the same port as the real one.

`tests/contract/test_wordpress.py` runs one contract over this fake and over real WordPress. It
records every call, fails on request before or after a call takes effect, and is thread-safe.

    wordpress = FakeWordPress()
    site = wordpress.add_site("https://blog.example")
    key = Credentials("admin", site.consent("admin"))
    wordpress.fail_next("create_administrator", SiteUnavailable("timeout", "…"), late=True)
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from chalicelib.errors import HallpassError, KeyRefused, NotAdministrator, SiteUnsupported
from chalicelib.grants.site import Account, Credentials, NewUser, Problem, Site, SiteCheck
from chalicelib.grants.snapshot import (
    CAPABILITIES,
    ApplicationPassword,
    Plugin,
    SignInTrial,
    SiteUser,
    Snapshot,
    Theme,
    rights_of,
)
from chalicelib.outbound import urls
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.users import require_same

REGISTERED = 1_800_000_000
CREATED = "2026-01-01T00:00:00"


class Call(NamedTuple):
    """One call of the port: the method, the site's address, and the name in the key."""

    method: str
    url: str
    username: str | None


@dataclass
class FakeUser:
    """A user; `keys` are its application passwords by UUID."""

    id: int
    username: str
    email: str
    password: str
    roles: set[str]
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)  # name, password
    display_name: str = ""
    registered_at: int | None = None
    extra_rights: set[str] = field(default_factory=set)

    @property
    def rights(self) -> set[str]:
        of_roles = set(CAPABILITIES) if "administrator" in self.roles else {"edit_posts"}
        return of_roles | self.extra_rights

    @property
    def account(self) -> Account:
        is_administrator = "administrator" in self.roles
        return Account(
            self.id,
            self.username,
            self.email,
            is_administrator,
            is_administrator,
            self.registered_at,
            self.display_name,
            tuple(sorted(self.roles)),
        )


@dataclass
class FakeSite:
    """
    A site; each attribute makes it differ from a plain WordPress.

    Attributes:
        down: Raised by every call.
        moved_to: Another site of the fake, to which this address redirects everything.
        hides_users: Strangers are shown no user.
        shuts_strangers_out: Strangers get 403 from every route.
        refused_keys: How many calls came with a key that the site refused.
        problem: `check` returns it, and `discover` raises it.
        multisite: A network of sites: users can be created and not deleted.
        protects_users: A plugin forbids the deletion of users.
        strips_header: The Authorization header never reaches WordPress.
        refuses_creation: A plugin vetoes new users.
        lets_new_users_in: Whether the sign-in page lets them in; None when that does not show.
        gives_role: The role that new users get, whatever was requested.
        content: The user id of the author of each title.
    """

    url: str
    name: str = "A blog"
    down: HallpassError | None = None
    moved_to: str = ""
    hides_users: bool = False
    shuts_strangers_out: bool = False
    refused_keys: int = 0
    problem: SiteUnsupported | None = None
    multisite: bool = False
    protects_users: bool = False
    strips_header: bool = False
    refuses_creation: bool = False
    gives_role: str = "administrator"
    lets_new_users_in: bool | None = True
    users: dict[int, FakeUser] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    plugins: tuple[Plugin, ...] = (Plugin("akismet/akismet", "Akismet", "5.5", "inactive"),)
    themes: tuple[Theme, ...] = (Theme("twentytwentyfive", "Twenty Twenty-Five", "1.3", "active"),)
    admin_email: str = "owner@example.test"
    last_id: int = 0

    def add_user(self, username: str, role: str = "administrator", email: str = "") -> FakeUser:
        self.last_id += 1
        email = email or f"{username}@example.test"
        user = FakeUser(self.last_id, username, email, "", {role} if role else set())
        user.registered_at = REGISTERED
        self.users[user.id] = user
        return user

    def user(self, username: str) -> FakeUser | None:
        return next((user for user in self.users.values() if user.username == username), None)

    def consent(self, username: str = "admin", name: str = "Hallpass") -> str:
        """Give *username* a new application password, as its approval page does."""
        user = self.user(username)
        if user is None:
            raise LookupError(username)
        password = uuid.uuid4().hex[:24]
        user.keys[str(uuid.uuid4())] = (name, password)
        return password

    def revoke(self, username: str) -> None:
        """Delete all application passwords of *username*."""
        user = self.user(username)
        if user is not None:
            user.keys.clear()

    def write(self, username: str, title: str) -> None:
        user = self.user(username)
        if user is not None:
            self.content[title] = user.id

    @property
    def site(self) -> Site:
        login = f"{self.url}/wp-login.php"
        authorize = f"{self.url}/wp-admin/authorize-application.php"
        return Site(self.url, self.name, f"{self.url}/wp-json/", login, authorize)


class FakeWordPress:
    """The port `grants.site.WordPress` over the sites that a test adds."""

    def __init__(self) -> None:
        self.sites: dict[str, FakeSite] = {}
        self.calls: list[Call] = []
        self.may_exist_arguments: list[bool] = []
        self._faults: list[tuple[str, HallpassError, bool]] = []
        self._lock = threading.RLock()

    def add_site(self, url: str) -> FakeSite:
        """Return the site at *url*; a new one has the administrator ``admin`` with id 1."""
        with self._lock:
            if url not in self.sites:
                self.sites[url] = FakeSite(url)
                self.sites[url].add_user("admin", email="owner@example.test")
            return self.sites[url]

    def fail_next(self, method: str, error: HallpassError, *, late: bool = False) -> None:
        """Make the next call of *method* raise *error*; with *late*, after it took effect."""
        with self._lock:
            self._faults.append((method, error, late))

    def interrupt_next(self, method: str, act: Callable[[], object]) -> None:
        """Let *act* happen in the middle of the next call of *method*, once."""
        original = getattr(self, method)

        def interrupted(*args: object, **options: object) -> object:
            delattr(self, method)
            act()
            return original(*args, **options)

        setattr(self, method, interrupted)

    def forget_faults(self) -> None:
        """Let no further call fail."""
        with self._lock:
            self._faults.clear()

    def called(self, method: str) -> list[Call]:
        with self._lock:
            return [call for call in self.calls if call.method == method]

    def normalise(self, url: str) -> str:
        return urls.normalise(url, self.sites)

    def discover(self, url: str) -> Site:
        with self._call("discover", urls.normalise(url, self.sites)) as found:
            site = self.sites[found.moved_to] if found.moved_to else found
            if site.problem is not None:
                raise site.problem
            return site.site

    def check(self, url: str) -> SiteCheck:
        address = urls.normalise(url, self.sites)
        try:
            with self._call("check", address) as site:
                if site.problem is not None:
                    problem = site.problem
                    shown = Problem(problem.reason, problem.message, problem.fix)
                    return SiteCheck(site.site, problem=shown)
                return SiteCheck(site.site, site.site.authorize_url)
        except SiteUnsupported as error:
            return SiteCheck(problem=Problem(error.reason, error.message, error.fix))
        except HallpassError as error:
            reason = str(error.details()["reason"])
            code = "site_unreachable" if reason == "unreachable" else reason
            return SiteCheck(problem=Problem(code, error.message, "Try again."))

    def whoami(self, site: Site, key: Credentials) -> Account:
        with self._call("whoami", site.url, key) as fake:
            return _holder(fake, key).account

    def key_id(self, site: Site, key: Credentials) -> str:
        with self._call("key_id", site.url, key) as fake:
            return _key_id(_holder(fake, key), key)

    def check_removable(self, site: Site, key: Credentials, account: Account) -> None:
        with self._call("check_removable", site.url, key) as fake:
            del account
            holder = _holder(fake, key)
            if fake.multisite:
                raise unsupported("multisite")
            if fake.protects_users or not holder.account.may_manage_users:
                raise unsupported("cannot_remove")

    def create_administrator(
        self, site: Site, key: Credentials, user: NewUser, *, may_exist: bool = False
    ) -> Account:
        with self._call("create_administrator", site.url, key) as fake:
            _require_administrator(fake, key)
            self.may_exist_arguments.append(may_exist)
            found = fake.user(user.username)
            if found is None:
                taken = any(other.email == user.email for other in fake.users.values())
                if fake.refuses_creation or taken:
                    raise unsupported("creation_refused")
                found = fake.add_user(user.username, fake.gives_role, user.email)
                found.password, found.display_name = user.password, user.display_name
            if found.email != user.email:
                raise unsupported("creation_refused")
            if not found.account.is_administrator:
                del fake.users[found.id]
                raise unsupported("creation_refused")
            return found.account

    def find_user(self, site: Site, key: Credentials, username: str) -> Account | None:
        with self._call("find_user", site.url, key) as fake:
            _require_administrator(fake, key)
            wanted = username.casefold()
            for user in fake.users.values():
                if wanted in {user.username.casefold(), user.email.casefold()}:
                    return user.account
            return None

    def user_by_id(self, site: Site, key: Credentials, user_id: int) -> Account | None:
        with self._call("user_by_id", site.url, key) as fake:
            _require_administrator(fake, key)
            return fake.users[user_id].account if user_id in fake.users else None

    def count_posts(self, site: Site, key: Credentials, user_id: int) -> int | None:
        with self._call("count_posts", site.url, key) as fake:
            _require_administrator(fake, key)
            return sum(author == user_id for author in fake.content.values())

    def create_key(
        self,
        site: Site,
        key: Credentials,
        user: Account,
        name: str,
        *,
        holder_id: int,
        is_new: bool = False,
    ) -> Credentials:
        with self._call("create_key", site.url, key) as fake:
            _require_administrator(fake, key)
            if holder_id == user.id:
                raise ValueError(
                    "The holder's own application passwords are never deleted as a whole."
                )
            found = fake.users.get(user.id)
            require_same(found.account if found else None, user)
            if not is_new:
                fake.revoke(user.username)
            return Credentials(user.username, fake.consent(user.username, name))

    def set_password(self, site: Site, key: Credentials, password: str) -> None:
        with self._call("set_password", site.url, key) as fake:
            _holder(fake, key).password = password

    def delete_own_key(self, site: Site, key: Credentials, key_id: str) -> None:
        with self._call("delete_own_key", site.url, key) as fake:
            try:
                holder = _holder(fake, key)
            except KeyRefused:
                return
            holder.keys.pop(key_id, None)
            if any(password == _password(key) for _, password in holder.keys.values()):
                raise unavailable("odd_answer")

    def delete_self(
        self,
        site: Site,
        key: Credentials,
        account: Account,
        heir_id: int,
        *,
        is_seen: bool = False,
    ) -> bool:
        del is_seen
        with self._call("delete_self", site.url, key) as fake:
            require_same(_holder(fake, key).account, account)
            return _delete(fake, key, account.id, heir_id)

    def delete_user(self, site: Site, key: Credentials, account: Account, heir_id: int) -> bool:
        with self._call("delete_user", site.url, key) as fake:
            if not _holder(fake, key).account.may_manage_users:
                raise unsupported("cannot_remove")
            if account.id not in fake.users:
                return False
            require_same(fake.users[account.id].account, account)
            return _delete(fake, key, account.id, heir_id)

    def refuses(self, site: Site, key: Credentials) -> bool:
        with self._call("refuses", site.url, key) as fake:
            try:
                _holder(fake, key)
            except KeyRefused:
                return True
            return False

    def is_missing(self, site: Site, user_id: int) -> bool:
        with self._call("is_missing", site.url) as fake:
            if fake.shuts_strangers_out:
                return False
            return fake.hides_users or user_id not in fake.users

    def try_sign_in(self, site: Site, username: str, password: str) -> SignInTrial:
        with self._call("try_sign_in", site.url) as fake:
            user = fake.user(username)
            is_known = user is not None and user.password == password
            return SignInTrial(fake.lets_new_users_in if is_known else False, "7.1", "8.2.30")

    def snapshot(self, site: Site, key: Credentials, *, our_user_id: int | None = None) -> Snapshot:
        del our_user_id
        with self._call("snapshot", site.url, key) as fake:
            if not _holder(fake, key).account.may_manage_users:
                return Snapshot()
            listed = [
                user for user in fake.users.values() if user.roles - {"subscriber", "customer"}
            ]
            users = tuple(
                SiteUser(
                    user.id,
                    user.username,
                    CREATED,
                    tuple(
                        ApplicationPassword(each, name, CREATED)
                        for each, (name, _) in user.keys.items()
                    ),
                    uuid.uuid5(uuid.NAMESPACE_URL, user.email).hex,
                    tuple(sorted(user.roles)),
                    rights_of(user.rights),
                )
                for user in sorted(
                    listed, key=lambda user: ("administrator" not in user.roles, user.id)
                )
            )
            return Snapshot(users, fake.plugins, fake.themes, fake.admin_email)

    @contextmanager
    def _call(self, method: str, url: str, key: Credentials | None = None) -> Iterator[FakeSite]:
        with self._lock:
            if key is not None and key.approved_on:
                approved = urls.origin_or_none(key.approved_on, self.sites)
                if approved != urls.origin_or_none(url, self.sites):
                    raise unsupported("two_hosts")
            self.calls.append(Call(method, url, key.username if key else None))
            fault = next((fault for fault in self._faults if fault[0] == method), None)
            if fault is not None:
                self._faults.remove(fault)
                if not fault[2]:
                    raise fault[1]
            fake = self.sites.get(url)
            if fake is None:
                raise unavailable("unreachable")
            if fake.down is not None:
                raise fake.down
            if fake.moved_to and method != "discover":
                raise unavailable("odd_answer")  # A redirect, which a key never follows.
            yield fake
            if fault is not None:
                raise fault[1]


def _password(key: Credentials) -> str:
    return key.password.replace(" ", "")


def _key_id(user: FakeUser, key: Credentials) -> str:
    return next(each for each, (_, password) in user.keys.items() if password == _password(key))


def _holder(site: FakeSite, key: Credentials) -> FakeUser:
    for user in site.users.values():
        named = key.username.casefold() in {user.username.casefold(), user.email.casefold()}
        known = any(password == _password(key) for _, password in user.keys.values())
        if named and known and not site.strips_header:
            return user
    site.refused_keys += 1
    raise KeyRefused("The site does not accept the key.")


def _require_administrator(site: FakeSite, key: Credentials) -> None:
    if not _holder(site, key).account.may_manage_users:
        raise NotAdministrator("That account may not manage users of the site.")


def _delete(site: FakeSite, key: Credentials, user_id: int, heir_id: int) -> bool:
    if user_id not in site.users:
        return False
    if site.multisite:
        raise unsupported("multisite")
    if site.protects_users or not _holder(site, key).account.may_manage_users:
        raise unsupported("cannot_remove")
    if heir_id == user_id or heir_id not in site.users:
        others = [
            user.id
            for user in site.users.values()
            if "administrator" in user.roles and user.id != user_id
        ]
        if not others:
            raise unsupported("cannot_remove")
        heir_id = min(others)
    site.content = {
        title: heir_id if author == user_id else author for title, author in site.content.items()
    }
    del site.users[user_id]
    return True
