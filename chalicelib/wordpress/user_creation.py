"""
Creating the support user.

A user that the site reports as created is checked before it is trusted: plugins change roles and
logins, and a response may be cut short after the user was created.
"""

from __future__ import annotations

from http import HTTPStatus

from chalicelib.errors import HallpassError, SiteUnsupported
from chalicelib.grants.site import Account, NewUser
from chalicelib.patterns import pattern
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.replies import Reply, refusal_error
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.users import (
    USERS,
    delete,
    find_by_id,
    find_by_login,
    parse_account,
    whoami,
)

USER_LOCATION = pattern(r"/wp/v2/users/([1-9][0-9]{0,15})/?$")


def create_administrator(rest: Rest, user: NewUser, *, may_exist: bool) -> Account:
    """
    Create *user* as administrator, or return it when an earlier try has created it.

    With *may_exist*, it is searched for first: a site that needs longer for a POST than we wait
    would otherwise never get past it. A user of ours with another login or role is deleted again.

    Raises:
        SiteUnsupported: ``creation_refused`` or ``rest_blocked``.
        NotAdministrator: The key's holder may not create administrators.
        KeyRefused: The key is dead.
    """
    found = find_by_login(rest, user.username) if may_exist else None
    account = found or _post(rest, user)
    _require_as_requested(rest, user, account)
    return account


def _post(rest: Rest, user: NewUser) -> Account:
    """Request the creation of *user*; return the user, also when an earlier try created it."""
    reply = rest.post(
        USERS,
        {
            "username": user.username,
            "email": user.email,
            "password": user.password,
            "roles": ["administrator"],
            "name": user.display_name,
            "locale": "en_US",
        },
    )
    created = _created_account(rest, reply) if reply.ok else None
    if created is None:
        if not reply.ok and not _is_duplicate(reply):
            raise _creation_error(reply)
        created = find_by_login(rest, user.username)
    if created is None:
        raise unavailable("odd_answer") if reply.ok else unsupported("creation_refused")
    return created


def _require_as_requested(rest: Rest, user: NewUser, account: Account) -> None:
    """Raise `SiteUnsupported` unless *account* is what was requested; delete it if it is ours."""
    if account.email.casefold() != user.email.casefold():
        # Another person's user. Whatever the site just did, we must not touch it.
        raise unsupported("creation_refused")
    if account.username != user.username or not account.is_administrator:
        delete(rest, f"{USERS}/{account.id}", account.id, whoami(rest).id)
        raise unsupported("creation_refused")


def _created_account(rest: Rest, reply: Reply) -> Account | None:
    """Return the user of a 201, by its body, or when that is cut short, by its Location."""
    if isinstance(reply.data, dict) and "id" in reply.data and "username" in reply.data:
        return parse_account(reply.data)
    location = USER_LOCATION.search(reply.headers.get("location", ""))
    return find_by_id(rest, int(location[1])) if location else None


def _is_duplicate(reply: Reply) -> bool:
    """Return whether a refusal may mean that an earlier try has created the user."""
    # On a single site 500 with a code of its own, on a network one of many bad parameters.
    return reply.code in {"existing_user_login", "existing_user_email", "rest_invalid_param"}


def _creation_error(reply: Reply) -> HallpassError:
    """Return the error for WordPress' refusal to create a user."""
    error = refusal_error(reply)
    is_about_key = reply.status == HTTPStatus.UNAUTHORIZED
    is_about_role = reply.status == HTTPStatus.FORBIDDEN and not isinstance(error, SiteUnsupported)
    if is_about_key or is_about_role or reply.code == "rest_no_route":
        return error
    return unsupported("creation_refused")
