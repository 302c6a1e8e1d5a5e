"""
The WordPress adapter: the port `grants.site.WordPress` over a site's REST API.

Measured on WordPress 6.5, 6.8 and 7.1. A wrong, revoked or stripped key is not an error to
WordPress but an anonymous caller; so 401 means that the key is dead, and 403 that its holder may
not. Before anything is deleted, id *and* login have been seen to be the ones that are meant.
Application passwords go by their own UUID; the whole collection only of the support user, which
must not be the one whose key is used.

No error repeats anything of a site's responses.
"""

from __future__ import annotations

from http import HTTPStatus

from chalicelib.errors import (
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    SiteUnsupported,
)
from chalicelib.grants.site import Account, Credentials, NewUser, Problem, Site, SiteCheck
from chalicelib.grants.snapshot import SignInTrial, Snapshot
from chalicelib.outbound.client import Outbound
from chalicelib.patterns import pattern
from chalicelib.site_problems import UNAVAILABLE, unavailable, unsupported
from chalicelib.wordpress import users
from chalicelib.wordpress.anonymous import AnonymousRequests, callable_url
from chalicelib.wordpress.discovery import discover
from chalicelib.wordpress.replies import Reply, refusal_error
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.sign_in_page import find_problem, try_once
from chalicelib.wordpress.snapshot import take_snapshot
from chalicelib.wordpress.user_creation import create_administrator
from chalicelib.wordpress.users import ME, USERS

UUID = pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PASSWORDS_OFF_CODES = frozenset(
    {"application_passwords_disabled", "application_passwords_disabled_for_user"}
)


class RestWordPress:
    """
    WordPress over REST.

    The port's docstrings say what each method returns and raises.

    Args:
        outbound: Sends every request; it guards and times them.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def normalise(self, url: str) -> str:
        """Return *url* as `outbound.urls` writes it; raise `InvalidInput`."""
        return self._outbound.normalise(url)

    def discover(self, url: str) -> Site:
        """Search for the REST API without a key; raise what keeps a key from being used."""
        found = discover(AnonymousRequests(self._outbound), url)
        if found.problem is not None and not found.is_open_to_keys:
            raise found.problem
        return found.site

    def check(self, url: str) -> SiteCheck:
        """Search as `discover`, then read the approval and sign-in pages; return any problem."""
        try:
            anonymous = AnonymousRequests(self._outbound)
            found = discover(anonymous, url)
        except SiteUnsupported as error:
            return SiteCheck(problem=_problem(error))
        except SiteUnavailable as error:
            code = "site_unreachable" if error.reason == "unreachable" else error.reason
            return SiteCheck(problem=Problem(code, *UNAVAILABLE[error.reason]))
        site = found.site
        if found.problem is not None:
            # What strangers are refused may be open to a key, which decides.
            approval = site.authorize_url if found.is_open_to_keys else None
            return SiteCheck(site, approval, _problem(found.problem))
        hint = find_problem(anonymous, site)
        if hint is None:
            return SiteCheck(site, site.authorize_url)
        is_in_the_way = hint.reason == "basic_auth"
        return SiteCheck(site, None if is_in_the_way else site.authorize_url, _problem(hint))

    def whoami(self, site: Site, key: Credentials) -> Account:
        """GET ``users/me`` in the context ``edit``, which has roles and capabilities."""
        return users.whoami(self._rest(site, key))

    def key_id(self, site: Site, key: Credentials) -> str:
        """GET ``application-passwords/introspect``, which knows the key of the request."""
        reply = self._rest(site, key).get(f"{ME}/application-passwords/introspect")
        if reply.code == "rest_no_authenticated_app_password":
            raise KeyRefused("That is not an application password.")
        return _require_uuid(_require_passwords_on(reply).object().get("uuid"))

    def check_removable(self, site: Site, key: Credentials, account: Account) -> None:
        """DELETE ``users/me`` without ``force`` and read the code of the refusal."""
        # Without `force` WordPress deletes no user; the code of its refusal shows whether it would.
        own_id = users.require_user_id(account.id)
        reply = self._rest(site, key).delete(ME, {"reassign": own_id})
        if reply.code == "rest_trash_not_supported":
            return
        if reply.code == "rest_cannot_delete":
            raise unsupported("multisite")
        # Without a user, `me` is the user 0, which WordPress does not find.
        if reply.status == HTTPStatus.UNAUTHORIZED or users.is_unknown_user(reply):
            raise KeyRefused("The site does not accept the key.")
        if reply.status == HTTPStatus.FORBIDDEN:
            raise unsupported("cannot_remove")
        raise refusal_error(reply)

    def create_administrator(
        self, site: Site, key: Credentials, user: NewUser, *, may_exist: bool = False
    ) -> Account:
        """POST ``users`` and check that the answer is the user asked for."""
        return create_administrator(self._rest(site, key), user, may_exist=may_exist)

    def find_user(self, site: Site, key: Credentials, username: str) -> Account | None:
        """Search ``users`` and return the one whose login is *username* exactly, or None."""
        return users.find_by_login(self._rest(site, key), username)

    def user_by_id(self, site: Site, key: Credentials, user_id: int) -> Account | None:
        """GET ``users/<id>``; None only for WordPress' own word that there is none."""
        return users.find_by_id(self._rest(site, key), user_id)

    def count_posts(self, site: Site, key: Credentials, user_id: int) -> int | None:
        """Read ``X-WP-Total`` of the user's posts; None when the site does not show it."""
        return users.count_posts(self._rest(site, key), user_id)

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
        """DELETE all application passwords of *user*, unless it is new, then POST one."""
        rest = self._rest(site, key)
        if holder_id == user.id:
            raise ValueError("The holder's own application passwords are never deleted as a whole.")
        collection = f"{USERS}/{users.require_user_id(user.id)}/application-passwords"
        if not is_new:
            users.require_same(users.find_by_id(rest, user.id), user)
            deleted = _require_passwords_on(rest.delete(collection))
            if not deleted.ok:
                raise refusal_error(deleted)
        created = _require_passwords_on(rest.post(collection, {"name": name})).object()
        password = created.get("password")
        if not isinstance(password, str) or not password:
            raise unavailable("odd_answer")
        return Credentials(user.username, password.replace(" ", ""))

    def set_password(self, site: Site, key: Credentials, password: str) -> None:
        """POST ``users/me``; the sessions of the account end, its application passwords stay."""
        reply = self._rest(site, key).post(ME, {"password": password})
        if reply.status == HTTPStatus.UNAUTHORIZED or users.is_unknown_user(reply):
            raise KeyRefused("The site does not accept the key.")
        users.parse_account(reply.object())

    def delete_own_key(self, site: Site, key: Credentials, key_id: str) -> None:
        """DELETE the key by its UUID; where no UUID confirms it, see the key refused."""
        rest = self._rest(site, key)
        # Without its UUID this would be the address of all the owner's application passwords.
        try:
            reply = rest.delete(f"{ME}/application-passwords/{_require_uuid(key_id)}")
        except KeyRefused:
            return
        is_missing = reply.code == "rest_application_password_not_found"
        if not (reply.ok or is_missing or reply.status == HTTPStatus.UNAUTHORIZED):
            raise refusal_error(reply)
        is_confirmed = reply.ok and users.previous(reply).get("uuid") == key_id
        if not is_confirmed and not self.refuses(site, key):
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
        """DELETE ``users/me`` with ``force``, after ``users/me`` has said that it is *account*."""
        rest = self._rest(site, key)
        if not is_seen:
            users.require_same(users.whoami(rest), account)
        return users.delete(rest, ME, account.id, heir_id)

    def delete_user(self, site: Site, key: Credentials, account: Account, heir_id: int) -> bool:
        """DELETE ``users/<id>`` with ``force``, after a check of id and login."""
        rest = self._rest(site, key)
        try:
            found = users.find_by_id(rest, account.id)
        except NotAdministrator:
            raise unsupported("cannot_remove") from None
        if found is None:
            return False
        users.require_same(found, account)
        return users.delete(rest, f"{USERS}/{found.id}", found.id, heir_id)

    def is_missing(self, site: Site, user_id: int) -> bool:
        """GET ``users/<id>`` without a key; only WordPress' own 404 counts."""
        stranger = Rest(self._outbound, site.rest_root)
        try:
            reply = stranger.get(f"{USERS}/{users.require_user_id(user_id)}")
        except (SiteUnsupported, KeyRefused):
            return False  # Something else than WordPress answers strangers.
        return users.is_unknown_user(reply)

    def refuses(self, site: Site, key: Credentials) -> bool:
        """GET ``users/me`` with *key* and return whether it is refused."""
        return self._rest(site, key).is_refused(ME)

    def try_sign_in(self, site: Site, username: str, password: str) -> SignInTrial:
        """POST the sign-in form once, and read the versions that its page names."""
        return try_once(self._outbound, site.login_url, username, password)

    def snapshot(self, site: Site, key: Credentials, *, our_user_id: int | None = None) -> Snapshot:
        """GET users, keys, plugins, themes and settings, each as far as the site shows it."""
        return take_snapshot(self._rest(site, key), our_user_id)

    def _rest(self, site: Site, key: Credentials) -> Rest:
        """Return the API of *site* for *key*; raise when it was approved on another origin."""
        approved = callable_url(self._outbound, key.approved_on)
        if key.approved_on and (
            approved is None or not self._outbound.same_origin(approved, site.rest_root)
        ):
            raise unsupported("two_hosts")
        return Rest(self._outbound, site.rest_root, key)


def _problem(error: SiteUnsupported) -> Problem:
    return Problem(error.reason, error.message, error.fix)


def _require_passwords_on(reply: Reply) -> Reply:
    """Return *reply*; raise when it says that site or user have application passwords off."""
    if reply.code in PASSWORDS_OFF_CODES:
        raise unsupported("app_passwords_off")
    return reply


def _require_uuid(value: object) -> str:
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise unavailable("odd_answer")
    return value
