"""
The users of a site: who they are, making one, deleting one.

What binds here:

* A DELETE of a user always names an heir by a positive id: ``reassign=0`` orphans the content and
  ``reassign=false`` puts it in the bin.
* A user that was created is looked at before it is believed: plugins change roles and logins,
  and an answer may be cut short after the user was made.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalicelib.errors import HallpassError, KeyRefused, SiteUnsupported
from chalicelib.grants.site import Account, NewUser
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.replies import Reply, refusal
from chalicelib.wordpress.rest import Query, Rest

USERS = "wp/v2/users"
ME = f"{USERS}/me"
ADMINISTRATORS: Query = {
    "roles": "administrator",
    "context": "edit",
    "orderby": "id",
    "order": "asc",
    "_fields": "id,username,email,registered_date",
}
FIELDS: Query = {
    "context": "edit",
    "_fields": "id,username,email,roles,capabilities,registered_date",
}
NEEDED = ("list_users", "create_users", "edit_users", "promote_users", "delete_users")
USER_ADDRESS = re.compile(r"/wp/v2/users/([1-9][0-9]{0,15})/?$")


def whoami(rest: Rest) -> Account:
    """Return the holder of the key of *rest*."""
    return account_of(rest.get(ME, FIELDS).object())


def by_id(rest: Rest, user_id: int) -> Account | None:
    """Return the user of that id, None when WordPress says that there is none."""
    reply = rest.get(f"{USERS}/{positive(user_id)}", FIELDS)
    return None if is_gone(reply) else account_of(reply.object())


def by_login(rest: Rest, username: str) -> Account | None:
    """
    Return the user of that login, or of that e-mail address: people sign in with either.

    WordPress has no look-up by login. Its search covers logins, and finds more than is wanted;
    the slug would be exact, but the user can change it. Upper and lower case are the same to it.
    """
    wanted = username.casefold()
    for row in rest.pages(USERS, {**FIELDS, "search": username}):
        if wanted in {str(row.get(name)).casefold() for name in ("username", "email")}:
            return account_of(row)
    return None


def create(rest: Rest, user: NewUser, *, may_exist: bool) -> Account:
    """
    Create *user* as administrator, or return it when an earlier try has made it.

    With *may_exist* it is looked for first: a site that needs longer for a POST than we wait would
    otherwise never get past it. What comes out otherwise than asked is deleted again.

    Raises:
        SiteUnsupported: ``creation_refused`` or ``rest_blocked``.
        NotAdministrator, KeyRefused: The key's holder may not, or the key is dead.
    """
    made = by_login(rest, user.username) if may_exist else None
    return _as_asked(rest, user, made or _post(rest, user))


def _post(rest: Rest, user: NewUser) -> Account:
    """Ask the site to make *user*; return what it made, or what an earlier try had made."""
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
    made = _made(rest, reply) if reply.ok else None
    if made is None:
        if not reply.ok and not _may_exist(reply):
            raise _creation_error(reply)
        made = by_login(rest, user.username)
    if made is None:
        raise unavailable("odd_answer") if reply.ok else unsupported("creation_refused")
    return made


def _as_asked(rest: Rest, user: NewUser, made: Account) -> Account:
    """Return *made* if it is what was asked for; what is ours and is not gets deleted."""
    if made.email.casefold() != user.email.casefold():
        # Somebody else's. Whatever the site just did, this user is not ours to touch.
        raise unsupported("creation_refused")
    if made.username != user.username or not made.is_administrator:
        delete(rest, f"{USERS}/{made.id}", made.id, whoami(rest).id)
        raise unsupported("creation_refused")
    return made


def delete(rest: Rest, route: str, user_id: int, heir_id: int) -> None:
    """
    Delete the user at *route*; what it wrote goes to *heir_id*, or to another administrator.

    A user whom WordPress does not know is no error.

    Raises:
        SiteUnsupported: ``multisite`` or ``cannot_remove``.
        KeyRefused: The key is dead.
    """
    heir = heir_id if heir_id > 0 and heir_id != user_id else _other_heir(rest, {user_id})
    reply = rest.delete(route, {"force": "true", "reassign": positive(heir)})
    if reply.code == "rest_user_invalid_reassign":
        heir = _other_heir(rest, {user_id, heir})
        reply = rest.delete(route, {"force": "true", "reassign": positive(heir)})
    if reply.ok:
        return
    if is_gone(reply):
        # To a dead key, `me` is the user 0, which does not exist: that is no proof of an end.
        if route == ME:
            raise KeyRefused("The site does not accept the key.")
        return
    if reply.status == HTTPStatus.NOT_IMPLEMENTED:
        raise unsupported("multisite")
    if reply.status == HTTPStatus.FORBIDDEN:
        raise unsupported("cannot_remove")
    raise refusal(reply)


def is_gone(reply: Reply) -> bool:
    """Tell whether WordPress itself says that there is no such user."""
    return reply.status == HTTPStatus.NOT_FOUND and reply.code == "rest_user_invalid_id"


def require_same(found: Account | None, meant: Account) -> None:
    """Refuse to go on unless *found* has id and login of *meant*: a restored backup reuses ids."""
    if found is None or (found.id, found.username) != (meant.id, meant.username):
        raise unsupported("not_ours")


def account_of(data: dict[str, Any]) -> Account:
    """Return the user that WordPress describes in *data* (context ``edit``)."""
    username, email = data.get("username"), data.get("email")
    roles, can = data.get("roles"), data.get("capabilities")
    if not isinstance(username, str) or not username:
        raise unavailable("odd_answer")
    return Account(
        id=positive(data.get("id")),
        username=username,
        email=email if isinstance(email, str) else "",
        is_administrator=isinstance(roles, list) and "administrator" in roles,
        may_manage_users=isinstance(can, dict) and all(can.get(name) for name in NEEDED),
        registered_at=_moment(data.get("registered_date")),
    )


def positive(number: object) -> int:
    """Return *number* if it can be a user's id (BIGINT UNSIGNED); else it is an odd answer."""
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < 2**64:
        raise unavailable("odd_answer")
    return number


def _moment(value: object) -> int | None:
    """Return the epoch seconds of WordPress' ``registered_date``, ISO 8601 in UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None else int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _made(rest: Rest, reply: Reply) -> Account | None:
    """Return the user of a 201, by its body, or when that is cut short, by its Location."""
    if isinstance(reply.data, dict) and "id" in reply.data and "username" in reply.data:
        return account_of(reply.data)
    place = USER_ADDRESS.search(reply.headers.get("location", ""))
    return by_id(rest, int(place[1])) if place else None


def _may_exist(reply: Reply) -> bool:
    """Tell whether a refusal may mean that an earlier try has made the user."""
    # On a single site 500 with a code of its own, on a network one of many bad parameters.
    return reply.code in {"existing_user_login", "existing_user_email", "rest_invalid_param"}


def _creation_error(reply: Reply) -> HallpassError:
    """Return what it means that WordPress did not create a user, in JSON and with a code."""
    error = refusal(reply)
    is_about_key = reply.status == HTTPStatus.UNAUTHORIZED
    is_about_role = reply.status == HTTPStatus.FORBIDDEN and not isinstance(error, SiteUnsupported)
    if is_about_key or is_about_role or reply.code == "rest_no_route":
        return error
    return unsupported("creation_refused")


def _other_heir(rest: Rest, without: set[int]) -> int:
    """Return the lowest id of an administrator that is not in *without*."""
    for row in rest.pages(USERS, ADMINISTRATORS):
        if positive(row.get("id")) not in without:
            return positive(row["id"])
    raise SiteUnsupported(
        "cannot_remove",
        "The temporary account is the only administrator left, so nobody could take over its work.",
        "Make another user an administrator; then the account can be removed.",
    )
