"""
The users of a site: reading and deleting them.

A DELETE of a user always names an heir by a positive id: ``reassign=0`` orphans the content and
``reassign=false`` puts it in the bin.

Besides the errors that a function names, each raises what `rest.Rest` and `replies.Reply` raise.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalicelib.errors import KeyRefused, SiteUnsupported
from chalicelib.grants.site import Account
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.replies import Reply, refusal_error
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
USER_FIELDS: Query = {
    "context": "edit",
    "_fields": "id,username,name,email,roles,capabilities,registered_date",
}
REQUIRED_CAPABILITIES = (
    "list_users",
    "create_users",
    "edit_users",
    "promote_users",
    "delete_users",
)


def whoami(rest: Rest) -> Account:
    """
    Return the holder of the key of *rest*.

    Raises:
        KeyRefused: The key is dead, or does not reach WordPress.
    """
    return parse_account(rest.get(ME, USER_FIELDS).object())


def find_by_id(rest: Rest, user_id: int) -> Account | None:
    """Return the user of that id; None when WordPress says that there is none."""
    reply = rest.get(f"{USERS}/{require_user_id(user_id)}", USER_FIELDS)
    return None if is_unknown_user(reply) else parse_account(reply.object())


def find_by_login(rest: Rest, username: str) -> Account | None:
    """
    Return the user of that login, or of that e-mail address: people sign in with either.

    WordPress has no look-up by login. Its search covers logins, and finds more than is wanted;
    the slug would be exact, but the user can change it. Upper and lower case are the same to it.
    """
    wanted = username.casefold()
    for row in rest.rows(USERS, {**USER_FIELDS, "search": username}):
        if wanted in {str(row.get(name)).casefold() for name in ("username", "email")}:
            return parse_account(row)
    return None


def count_posts(rest: Rest, user_id: int) -> int | None:
    """Return how many posts that user has, of any status; None when the site does not show it."""
    query: Query = {"author": require_user_id(user_id), "status": "any", "per_page": 1}
    reply = rest.get("wp/v2/posts", {**query, "context": "edit", "_fields": "id"})
    total = reply.headers.get("x-wp-total", "")
    return int(total[:9]) if reply.ok and total.isascii() and total.isdigit() else None


def delete(rest: Rest, route: str, user_id: int, heir_id: int) -> bool:
    """
    Delete the user at *route*; its content goes to *heir_id*, or to another administrator.

    Return whether WordPress confirmed that it deleted the user *user_id* (``previous.id``). A user
    whom WordPress does not know is no error, except at `ME`.

    Raises:
        SiteUnsupported: ``multisite`` or ``cannot_remove``.
        KeyRefused: The key is dead.
    """
    heir = heir_id if heir_id > 0 and heir_id != user_id else _find_heir(rest, {user_id})
    reply = rest.delete(route, {"force": "true", "reassign": require_user_id(heir)})
    if reply.code == "rest_user_invalid_reassign":
        heir = _find_heir(rest, {user_id, heir})
        reply = rest.delete(route, {"force": "true", "reassign": require_user_id(heir)})
    if reply.ok:
        return previous(reply).get("id") == user_id
    if is_unknown_user(reply):
        # To a dead key, `me` is the user 0, which does not exist: that is no proof of an end.
        if route == ME:
            raise KeyRefused("The site does not accept the key.")
        return False
    if reply.status == HTTPStatus.NOT_IMPLEMENTED:
        raise unsupported("multisite")
    if reply.status == HTTPStatus.FORBIDDEN:
        raise unsupported("cannot_remove")
    raise refusal_error(reply)


def previous(reply: Reply) -> dict[str, Any]:
    """Return what WordPress says that it deleted, or an empty object."""
    data = reply.data if isinstance(reply.data, dict) else {}
    deleted = data.get("previous")
    return deleted if isinstance(deleted, dict) else {}


def is_unknown_user(reply: Reply) -> bool:
    """Return whether *reply* is WordPress' own 404 for a user that does not exist."""
    return reply.status == HTTPStatus.NOT_FOUND and reply.code == "rest_user_invalid_id"


def require_same(found: Account | None, meant: Account) -> None:
    """
    Raise unless *found* has id and login of *meant*: a restored backup reuses ids.

    Raises:
        SiteUnsupported: ``not_ours``.
    """
    if found is None or (found.id, found.username) != (meant.id, meant.username):
        raise unsupported("not_ours")


def parse_account(data: dict[str, Any]) -> Account:
    """
    Return the user that WordPress describes in *data* (context ``edit``).

    Raises:
        SiteUnavailable: ``odd_answer``: id or login are missing or malformed.
    """
    username, email, name = data.get("username"), data.get("email"), data.get("name")
    roles, can = data.get("roles"), data.get("capabilities")
    if not isinstance(username, str) or not username:
        raise unavailable("odd_answer")
    return Account(
        id=require_user_id(data.get("id")),
        username=username,
        email=email if isinstance(email, str) else "",
        is_administrator=isinstance(roles, list) and "administrator" in roles,
        may_manage_users=isinstance(can, dict) and all(map(can.get, REQUIRED_CAPABILITIES)),
        registered_at=_epoch_seconds(data.get("registered_date")),
        name=name if isinstance(name, str) else "",
        roles=tuple(filter(_is_text, roles)) if isinstance(roles, list) else (),
    )


def require_user_id(number: object) -> int:
    """
    Return *number* if it can be a user's id (BIGINT UNSIGNED, not 0).

    Raises:
        SiteUnavailable: ``odd_answer``.
    """
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < 2**64:
        raise unavailable("odd_answer")
    return number


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _epoch_seconds(value: object) -> int | None:
    """Return the epoch seconds of WordPress' ``registered_date``, ISO 8601 in UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if moment is None else int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def _find_heir(rest: Rest, without: set[int]) -> int:
    """
    Return the lowest id of an administrator that is not in *without*.

    Raises:
        SiteUnsupported: ``cannot_remove``: there is no other administrator.
    """
    for row in rest.rows(USERS, ADMINISTRATORS):
        if require_user_id(row.get("id")) not in without:
            return require_user_id(row["id"])
    raise SiteUnsupported(
        "cannot_remove",
        "The temporary account is the only administrator left, so nobody could take over its work.",
        "Make another user an administrator; then the account can be removed.",
    )
