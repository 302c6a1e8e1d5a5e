"""
What support may change and REST can show: users, their keys, plugins, themes, e-mail.

REST does not show passwords, sessions, files, must-use plugins or the database. A part that the
site refuses or gets wrong is left out; only a dead key, or a site that does not answer, ends the
snapshot. What it may take is bounded: users, rows of each list, and by `rest` requests and bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from chalicelib.errors import NotAdministrator, SiteUnavailable, SiteUnsupported
from chalicelib.grants.snapshot import (
    ADMINISTRATOR,
    CAPABILITIES,
    WRITING_ROLES,
    ApplicationPassword,
    Plugin,
    Reach,
    SiteUser,
    Snapshot,
    Theme,
    rights_of,
)
from chalicelib.outbound.overlap import overlapped
from chalicelib.site_problems import unavailable
from chalicelib.values import replace
from chalicelib.wordpress.rest import Query, Rest
from chalicelib.wordpress.users import USERS, require_user_id

MAX_TEXT_CHARACTERS = 100
MAX_USERS = 500
MAX_ROLES, MAX_ROLE_CHARACTERS = 5, 40
MAX_ROWS = 500  # Of plugins, of themes, of one user's keys.
MAX_KEY_LISTS = 40  # The list of each administrator's keys is one more request,
MAX_OTHER_KEY_LISTS = 10  # and so is that of another user.
READING_ROLES = {"subscriber", "customer"}
USER_ROWS: Query = {
    "context": "edit",
    "orderby": "id",
    "order": "asc",
    "_fields": "id,username,email,registered_date,roles",
}
# What each user may do is long, so it is asked for where there are few enough of them.
WITH_RIGHTS: Query = {
    "capabilities": ",".join(CAPABILITIES),
    "_fields": f"{USER_ROWS['_fields']},capabilities",
}

Part = TypeVar("Part")


def take_snapshot(rest: Rest, our_user_id: int | None = None) -> Snapshot:
    """
    Return what the site shows to the key of *rest* now; a part that it does not show is None.

    The keys of *our_user_id* are not asked for: they are no change.

    The lists of keys come last, because they take the most requests: when a slow site leaves no
    time for them, the rest is there.

    Raises:
        KeyRefused: The key is dead.
        SiteUnavailable: ``timeout`` or ``unreachable``.
    """
    users, reach = _users(rest)  # Alone: a key that the site refuses is sent once.
    parts: list[Callable[[], Any]] = [
        lambda: _or_none(lambda: _plugins(rest)),
        lambda: _or_none(lambda: _themes(rest)),
        lambda: _or_none(lambda: _admin_email(rest)),
    ]
    plugins, themes, admin_email = overlapped(parts)
    return Snapshot(
        users and _with_keys(rest, users, our_user_id), plugins, themes, admin_email, reach
    )


def _users(rest: Rest) -> tuple[tuple[SiteUser, ...] | None, Reach]:
    """
    Return all who may do more than read, administrators first, and who that is.

    WordPress before 5.9 does not know the filter and shows all users, and there are sites with too
    many of them; then it is asked for its own roles, or for administrators alone.
    """
    writers = _or_none(lambda: _listed(rest, WITH_RIGHTS))
    if writers is not None and _is_filtered(rest, writers):
        return writers, "everybody"
    known = _or_none(lambda: _listed(rest, {"roles": ",".join(WRITING_ROLES)}))
    if known is not None:
        return known, "roles"
    return _or_none(lambda: _listed(rest, {"roles": ADMINISTRATOR})), "administrators"


def _is_filtered(rest: Rest, users: tuple[SiteUser, ...]) -> bool:
    """Return whether the site has filtered *users* by what they may do."""
    if not any(user.roles and set(user.roles) <= READING_ROLES for user in users):
        return True
    no_user: Query = {"capabilities": "hallpass_gives_no_user_this", "per_page": 1, "_fields": "id"}
    return _or_none(lambda: rest.get(USERS, no_user).rows()) == []


def _listed(rest: Rest, query: Query) -> tuple[SiteUser, ...]:
    """Return the users of *query*; raise `SiteUnavailable` when they are more than `MAX_USERS`."""
    users: list[SiteUser] = []
    for row in rest.rows(USERS, {**USER_ROWS, **query}):
        if len(users) == MAX_USERS:
            raise unavailable("odd_answer")
        users.append(_user(row))
    return tuple(sorted(users, key=lambda user: not user.is_administrator))


def _user(row: dict[str, Any]) -> SiteUser:
    roles = row.get("roles")
    names = [name for name in roles if isinstance(name, str)] if isinstance(roles, list) else []
    can = row.get("capabilities")
    return SiteUser(
        id=require_user_id(row.get("id")),
        username=_text(row, "username"),
        registered=_text(row, "registered_date"),
        email_mark=_email_mark(_text(row, "email")),
        roles=tuple(" ".join(name.split())[:MAX_ROLE_CHARACTERS] for name in names[:MAX_ROLES]),
        rights=rights_of({name for name in can if can[name]}) if isinstance(can, dict) else None,
    )


def _with_keys(
    rest: Rest, users: tuple[SiteUser, ...], our_user_id: int | None
) -> tuple[SiteUser, ...]:
    """Return *users* with the keys of as many as the site shows, and has the time to show."""
    left = {True: MAX_KEY_LISTS, False: MAX_OTHER_KEY_LISTS}
    asked: list[SiteUser] = []
    for user in users:
        if user.id != our_user_id and left[user.is_administrator] > 0:
            left[user.is_administrator] -= 1
            asked.append(user)
    keys: dict[int, tuple[ApplicationPassword, ...] | None] = {}

    def ask(user: SiteUser) -> None:
        keys[user.id] = _or_none(lambda: _keys(rest, user.id))

    with suppress(SiteUnavailable):  # The rest of the snapshot is there.
        overlapped([partial(ask, user) for user in asked])
    return tuple(replace(user, keys=keys.get(user.id)) for user in users)


def _keys(rest: Rest, user_id: int) -> tuple[ApplicationPassword, ...]:
    rows = _rows(
        rest,
        f"{USERS}/{user_id}/application-passwords",
        {"context": "edit", "_fields": "uuid,name,created"},
    )
    return tuple(
        ApplicationPassword(_text(row, "uuid"), _text(row, "name"), _text(row, "created"))
        for row in rows
    )


def _rows(rest: Rest, route: str, query: Query) -> list[dict[str, Any]]:
    """Return a list that has no pages; raise `SiteUnavailable` when it is endless."""
    rows = rest.get(route, query).rows()
    if len(rows) > MAX_ROWS:
        raise unavailable("odd_answer")
    return rows


def _plugins(rest: Rest) -> tuple[Plugin, ...]:
    rows = _rows(rest, "wp/v2/plugins", {"_fields": "plugin,name,version,status"})
    return tuple(
        Plugin(*(_text(row, name) for name in ("plugin", "name", "version", "status")))
        for row in rows
    )


def _themes(rest: Rest) -> tuple[Theme, ...]:
    rows = _rows(rest, "wp/v2/themes", {"_fields": "stylesheet,name,version,status"})
    return tuple(
        Theme(*(_text(row, name) for name in ("stylesheet", "name", "version", "status")))
        for row in rows
    )


def _admin_email(rest: Rest) -> str | None:
    return _text(rest.get("wp/v2/settings", {"_fields": "email"}).object(), "email") or None


def _text(row: dict[str, Any], name: str) -> str:
    """
    Return a text of *row*, in one line and short, because it goes into mails.

    WordPress wraps some in an object with ``raw``.
    """
    value = row.get(name)
    value = value.get("raw", value.get("rendered")) if isinstance(value, dict) else value
    return " ".join(value.split())[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else ""


def _email_mark(email: str) -> str:
    """Return 16 hexadecimal digits of a hash that recognise *email* without storing it."""
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:16] if email else ""


def _or_none(part: Callable[[], Part]) -> Part | None:
    """Return *part*, or None when the site refuses this part of the snapshot."""
    try:
        return part()
    except (NotAdministrator, SiteUnsupported):
        return None
    except SiteUnavailable as error:
        if error.reason in {"timeout", "unreachable"}:
            raise
        return None
