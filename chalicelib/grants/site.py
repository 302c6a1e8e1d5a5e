"""
What the story needs from a WordPress site, in its own words.

`wordpress` is the adapter that does this over REST; the fake in the tests does it in memory.
Every method that talks to a site may raise `SiteUnavailable` (no usable answer; nothing is
known about what the site did) besides the errors that it names.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from chalicelib.grants.snapshot import SignInTrial, Snapshot
from chalicelib.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Site:
    """A WordPress site as discovery found it. `url` is its home, without a trailing slash."""

    url: str
    name: str
    rest_root: str
    login_url: str
    authorize_url: str | None = None
    icon_url: str | None = None

    @property
    def has_one_origin(self) -> bool:
        """Whether a key approved or made there goes to the place that people were shown."""
        shown = [self.url, self.login_url, self.authorize_url or self.login_url]
        return {_origin(url) for url in shown} == {_origin(self.rest_root)}


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    A user name with an application password of that user.

    `approved_on` is the address of the site on which its owner approved it, as that WordPress named
    it; "" when it is not known. Such a key is sent to no other origin.
    """

    username: str
    password: str = field(repr=False)
    approved_on: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Account:
    """
    A user of the site, as that site describes it, or as far as we know it.

    `name` is the one that it shows, `registered_at` is in epoch seconds.
    """

    id: int
    username: str
    email: str = ""
    is_administrator: bool = False
    may_manage_users: bool = False
    registered_at: int | None = None
    name: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewUser:
    """The support user to be made. `display_name` shows the owner what the account is."""

    username: str
    email: str
    password: str = field(repr=False)
    display_name: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a site cannot be used as it is: a stable code, one sentence, and what to do."""

    code: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class SiteCheck:
    """
    Whether a site can be used, as far as it shows without a key.

    `consent_url` is WordPress' own approval page, without parameters; None when it cannot be
    used. Beside a consent address, a problem does not prevent the set-up.
    """

    site: Site | None = None
    consent_url: str | None = None
    problem: Problem | None = None


class WordPress(Protocol):
    """
    The calls that setting up, ending and repairing are made of.

    Every call with a key raises `SiteUnsupported` (``two_hosts``), and sends nothing, when the key
    was approved on another origin than the one of the site's REST API.
    """

    def normalise(self, url: str) -> str:
        """Return the address that a person meant; raise `InvalidInput` (field ``site_url``)."""

    def discover(self, url: str) -> Site:
        """
        Find the site behind an address that a person typed.

        Raises:
            InvalidInput: Not https, or not a public address (field ``site_url``).
            SiteUnsupported: No WordPress there, REST closed, application passwords off, approval
                page and REST API on two hosts, …
        """

    def check(self, url: str) -> SiteCheck:
        """
        Return, without any key, whether the site at *url* can be used; its problems are in there.

        Raises:
            InvalidInput: As `discover`.
        """

    def whoami(self, site: Site, key: Credentials) -> Account:
        """Return the holder of *key*; raise `KeyRefused` when WordPress knows no user for it."""

    def key_id(self, site: Site, key: Credentials) -> str:
        """Return the UUID of *key* itself; raise `KeyRefused` when it is dead."""

    def check_removable(self, site: Site, key: Credentials, account: Account) -> None:
        """
        Ask, without changing anything, whether *key* may delete users of this site.

        Raises:
            SiteUnsupported: ``multisite`` or ``cannot_remove``.
            KeyRefused: The key is dead.
        """

    def create_administrator(
        self, site: Site, key: Credentials, user: NewUser, *, may_exist: bool = False
    ) -> Account:
        """
        Create *user* as administrator, or return it when an earlier try has made it.

        With *may_exist* it is searched for first.

        Raises:
            SiteUnsupported: ``creation_refused``, ``rest_blocked``, …
            NotAdministrator: The key's holder may not create users.
            KeyRefused: The key is dead.
        """

    def find_user(self, site: Site, key: Credentials, username: str) -> Account | None:
        """Return the user of that login name, in any case as WordPress has it, or None."""

    def user_by_id(self, site: Site, key: Credentials, user_id: int) -> Account | None:
        """Return the user of that id, or None when there is none."""

    def count_posts(self, site: Site, key: Credentials, user_id: int) -> int | None:
        """Return how many posts the user of that id has, of any status; None when not shown."""

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
        """
        Give *user* one application password, dropping any that it already has.

        A user that *is_new*, created a moment ago, has none and is not asked for them. *holder_id*,
        whose *key* is used, must be another user.
        """

    def set_password(self, site: Site, key: Credentials, password: str) -> None:
        """Give the holder of *key* a new password; raise `KeyRefused` when the key is dead."""

    def delete_own_key(self, site: Site, key: Credentials, key_id: str) -> None:
        """
        Delete *key* with itself. A dead key is no error.

        WordPress confirms it with the UUID of the key that it deleted; only where it does not, the
        key is sent once more, to see it refused.
        """

    def delete_self(
        self,
        site: Site,
        key: Credentials,
        account: Account,
        heir_id: int,
        *,
        is_seen: bool = False,
    ) -> bool:
        """
        Delete the holder of *key*; return whether WordPress confirmed it, with the right id.

        What it wrote goes to *heir_id*, or when that user is deleted to another administrator. When
        *account* is what the site said of this key a moment ago, it *is_seen* and not asked again.

        Raises:
            KeyRefused: The key is dead: the user may be deleted, or the key revoked.
            SiteUnsupported: ``cannot_remove``: the site refuses.
        """

    def delete_user(self, site: Site, key: Credentials, account: Account, heir_id: int) -> bool:
        """
        As `delete_self`, but with the key of another administrator. A missing user is no error.

        Raises:
            SiteUnsupported: Also ``not_ours``: the user of that id has another login name.
        """

    def is_missing(self, site: Site, user_id: int) -> bool:
        """
        Ask without any key whether that user is gone.

        True only on WordPress' own 404 ``rest_user_invalid_id``; False when the user is there or
        the site does not show strangers.
        """

    def refuses(self, site: Site, key: Credentials) -> bool:
        """
        Return whether the site refuses *key*, in WordPress' words or in a plugin's.

        Raises:
            SiteUnavailable, SiteUnsupported: The response proves neither.
        """

    def try_sign_in(self, site: Site, username: str, password: str) -> SignInTrial:
        """Sign in on the sign-in page as a person does, once, and out again at once."""

    def snapshot(self, site: Site, key: Credentials, *, our_user_id: int | None = None) -> Snapshot:
        """
        Return who may do what, and what is installed, as *key* sees it.

        The application passwords of *our_user_id*, which is ours, are not asked for.

        Raises:
            KeyRefused: The key is dead.
        """


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
