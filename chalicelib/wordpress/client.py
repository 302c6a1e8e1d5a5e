"""
The WordPress adapter: the port `sites.WordPress` over a site's REST API.

Measured on WordPress 6.5, 6.8 and 7.1. A wrong, revoked or stripped key is not an error to
WordPress but an anonymous caller; so 401 means that the key is dead, and 403 that its holder may
not. Before anything is deleted, id *and* login have been seen to be the ones that are meant.
Application passwords go by their own UUID; the whole collection only of the support user, which
must not be the one whose key is used.

Nothing of a site's answers is repeated in an error.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from chalicelib.errors import (
    HallpassError,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    SiteUnsupported,
)
from chalicelib.grants.site import Account, Credentials, NewUser, Problem, Site, SiteCheck, Snapshot
from chalicelib.outbound.client import Outbound
from chalicelib.site_problems import UNAVAILABLE, unavailable, unsupported
from chalicelib.wordpress import snapshot as snapshots
from chalicelib.wordpress import users as accounts
from chalicelib.wordpress.discovery import find, follow
from chalicelib.wordpress.replies import Reply, refusal
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.users import ME, USERS

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_PASSWORDS = frozenset(
    {"application_passwords_disabled", "application_passwords_disabled_for_user"}
)


class RestWordPress:
    """WordPress over REST. Calls go through *outbound*, which guards and times them."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def normalise(self, url: str) -> str:
        return self._outbound.normalise(url)

    def discover(self, url: str) -> Site:
        finding = find(self._outbound, url)
        if finding.problem is not None:
            raise finding.problem
        return finding.site

    def check(self, url: str) -> SiteCheck:
        try:
            finding = find(self._outbound, url)
        except SiteUnsupported as error:
            return SiteCheck(problem=_told(error))
        except SiteUnavailable as error:
            code = "site_unreachable" if error.reason == "unreachable" else error.reason
            return SiteCheck(problem=Problem(code, *UNAVAILABLE[error.reason]))
        site = finding.site
        if finding.problem is not None:
            return SiteCheck(site, problem=_told(finding.problem))
        hint = _told(unsupported("hidden_login")) if self._hides_login(site) else None
        return SiteCheck(site, site.authorize_url, hint)

    def whoami(self, site: Site, key: Credentials) -> Account:
        return accounts.whoami(self._rest(site, key))

    def key_id(self, site: Site, key: Credentials) -> str:
        reply = self._rest(site, key).get(f"{ME}/application-passwords/introspect")
        if reply.code == "rest_no_authenticated_app_password":
            raise KeyRefused("That is not an application password.")
        return _uuid(_password_reply(reply).object().get("uuid"))

    def check_removable(self, site: Site, key: Credentials, account: Account) -> None:
        # Without `force` WordPress deletes no user; its reason for refusing tells if it would.
        own_id = accounts.positive(account.id)
        reply = self._rest(site, key).delete(ME, {"reassign": own_id})
        if reply.code == "rest_trash_not_supported":
            return
        if reply.code == "rest_cannot_delete":
            raise unsupported("multisite")
        # Without a user, `me` is the user 0, which WordPress does not find.
        if reply.status == HTTPStatus.UNAUTHORIZED or accounts.is_gone(reply):
            raise KeyRefused("The site does not accept the key.")
        if reply.status == HTTPStatus.FORBIDDEN:
            raise unsupported("cannot_remove")
        raise refusal(reply)

    def create_administrator(
        self, site: Site, key: Credentials, user: NewUser, *, may_exist: bool = False
    ) -> Account:
        return accounts.create(self._rest(site, key), user, may_exist=may_exist)

    def find_user(self, site: Site, key: Credentials, username: str) -> Account | None:
        return accounts.by_login(self._rest(site, key), username)

    def user_by_id(self, site: Site, key: Credentials, user_id: int) -> Account | None:
        return accounts.by_id(self._rest(site, key), user_id)

    def create_key(
        self, site: Site, key: Credentials, user: Account, name: str, *, holder_id: int
    ) -> Credentials:
        rest = self._rest(site, key)
        if holder_id == user.id:
            raise ValueError("Nobody's own application passwords are dropped all at once.")
        accounts.require_same(accounts.by_id(rest, user.id), user)
        passwords = f"{USERS}/{accounts.positive(user.id)}/application-passwords"
        _require_ok(_password_reply(rest.delete(passwords)))
        made = _password_reply(rest.post(passwords, {"name": name})).object()
        password = made.get("password")
        if not isinstance(password, str) or not password:
            raise unavailable("odd_answer")
        return Credentials(user.username, password.replace(" ", ""))

    def delete_own_key(self, site: Site, key: Credentials, key_id: str) -> None:
        rest = self._rest(site, key)
        # Without its UUID this would be the address of all the owner's application passwords.
        reply = rest.delete(f"{ME}/application-passwords/{_uuid(key_id)}")
        is_missing = reply.code == "rest_application_password_not_found"
        if not (reply.ok or is_missing or reply.status == HTTPStatus.UNAUTHORIZED):
            raise refusal(reply)
        try:
            accounts.whoami(rest)
        except KeyRefused:
            return
        raise unavailable("odd_answer")

    def delete_self(self, site: Site, key: Credentials, account: Account, heir_id: int) -> None:
        rest = self._rest(site, key)
        accounts.require_same(accounts.whoami(rest), account)
        accounts.delete(rest, ME, account.id, heir_id)

    def delete_user(self, site: Site, key: Credentials, account: Account, heir_id: int) -> None:
        rest = self._rest(site, key)
        try:
            found = accounts.by_id(rest, account.id)
        except NotAdministrator:
            raise unsupported("cannot_remove") from None
        if found is not None:
            accounts.require_same(found, account)
            accounts.delete(rest, f"{USERS}/{found.id}", found.id, heir_id)

    def is_missing(self, site: Site, user_id: int) -> bool:
        reply = Rest(self._outbound, site.rest_root).get(f"{USERS}/{accounts.positive(user_id)}")
        return accounts.is_gone(reply)

    def snapshot(self, site: Site, key: Credentials) -> Snapshot:
        return snapshots.snapshot(self._rest(site, key))

    def _rest(self, site: Site, key: Credentials) -> Rest:
        return Rest(self._outbound, site.rest_root, key)

    def _hides_login(self, site: Site) -> bool:
        """Tell whether a stranger who follows the consent address ends on a 404."""
        try:
            page = follow(self._outbound, site.authorize_url or site.login_url, accept="text/html")
        except HallpassError:
            return False  # Only a hint hangs on it.
        return page.status == HTTPStatus.NOT_FOUND


def _told(error: SiteUnsupported) -> Problem:
    return Problem(error.reason, error.message, error.fix)


def _password_reply(reply: Reply) -> Reply:
    """Return *reply* unless it says that the site, or that user, has no application passwords."""
    if reply.code in NO_PASSWORDS:
        raise unsupported("app_passwords_off")
    return reply


def _require_ok(reply: Reply) -> None:
    if not reply.ok:
        raise refusal(reply)


def _uuid(value: object) -> str:
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise unavailable("odd_answer")
    return value
