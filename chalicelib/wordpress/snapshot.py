"""
What support may change and REST can show: administrators, their keys, plugins, themes, e-mail.

REST does not show sessions, files, must-use plugins or the database. A part that the site refuses
or gets wrong is left out; only a dead key, or a site that does not answer, ends the snapshot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.errors import NotAdministrator, SiteUnavailable, SiteUnsupported
from chalicelib.grants.site import Administrator, ApplicationPassword, Plugin, Snapshot, Theme
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.users import ADMINISTRATORS, USERS, require_user_id

MAX_TEXT_CHARACTERS = 100
MAX_KEY_LISTS = 50  # The list of each administrator's keys is one more request.

Part = TypeVar("Part")


def take_snapshot(rest: Rest) -> Snapshot:
    """
    Return what the site shows to the key of *rest* now; a part that it does not show is None.

    Raises:
        KeyRefused: The key is dead.
        SiteUnavailable: ``timeout`` or ``unreachable``.
    """
    administrators = _or_none(lambda: list(rest.rows(USERS, ADMINISTRATORS)))
    return Snapshot(
        administrators=None
        if administrators is None
        else tuple(
            _administrator(rest, row, with_keys=number < MAX_KEY_LISTS)
            for number, row in enumerate(administrators)
        ),
        plugins=_or_none(lambda: _plugins(rest)),
        themes=_or_none(lambda: _themes(rest)),
        admin_email=_or_none(lambda: _admin_email(rest)),
    )


def _administrator(rest: Rest, row: dict[str, Any], *, with_keys: bool) -> Administrator:
    user_id = require_user_id(row.get("id"))
    return Administrator(
        id=user_id,
        username=_text(row, "username"),
        registered=_text(row, "registered_date"),
        email_mark=_email_mark(_text(row, "email")),
        keys=_or_none(lambda: _keys(rest, user_id)) if with_keys else None,
    )


def _keys(rest: Rest, user_id: int) -> tuple[ApplicationPassword, ...]:
    reply = rest.get(
        f"{USERS}/{user_id}/application-passwords",
        {"context": "edit", "_fields": "uuid,name,created"},
    )
    return tuple(
        ApplicationPassword(_text(row, "uuid"), _text(row, "name"), _text(row, "created"))
        for row in reply.rows()
    )


def _plugins(rest: Rest) -> tuple[Plugin, ...]:
    reply = rest.get("wp/v2/plugins", {"_fields": "plugin,name,version,status"})
    return tuple(
        Plugin(*(_text(row, name) for name in ("plugin", "name", "version", "status")))
        for row in reply.rows()
    )


def _themes(rest: Rest) -> tuple[Theme, ...]:
    reply = rest.get("wp/v2/themes", {"_fields": "stylesheet,name,version,status"})
    return tuple(
        Theme(*(_text(row, name) for name in ("stylesheet", "name", "version", "status")))
        for row in reply.rows()
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
