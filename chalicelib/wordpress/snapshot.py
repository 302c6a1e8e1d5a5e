"""
What a visit may change and REST can see: administrators, their keys, plugins, themes, e-mail.

Sessions, files, must-use plugins and the database cannot be seen this way. A part that the site
refuses or gets wrong is left out; only a dead key or a site that does not answer ends the look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.errors import NotAdministrator, SiteUnavailable, SiteUnsupported
from chalicelib.grants.site import Administrator, ApplicationPassword, Plugin, Snapshot, Theme
from chalicelib.wordpress.rest import Rest
from chalicelib.wordpress.users import ADMINISTRATORS, USERS, positive

LONGEST = 100  # Characters of a name.
MOST_KEYRINGS = 50  # Each administrator's keys are one more request.

Part = TypeVar("Part")


def snapshot(rest: Rest) -> Snapshot:
    """Return what *rest* shows now."""
    administrators = _tell(lambda: list(rest.pages(USERS, ADMINISTRATORS)))
    return Snapshot(
        administrators=None
        if administrators is None
        else tuple(
            _administrator(rest, row, with_keys=place < MOST_KEYRINGS)
            for place, row in enumerate(administrators)
        ),
        plugins=_tell(lambda: _plugins(rest)),
        themes=_tell(lambda: _themes(rest)),
        admin_email=_tell(lambda: _admin_email(rest)),
    )


def _administrator(rest: Rest, row: dict[str, Any], *, with_keys: bool) -> Administrator:
    user_id = positive(row.get("id"))
    return Administrator(
        id=user_id,
        username=_word(row, "username"),
        registered=_word(row, "registered_date"),
        email_mark=_mark(_word(row, "email")),
        keys=_tell(lambda: _keys(rest, user_id)) if with_keys else None,
    )


def _keys(rest: Rest, user_id: int) -> tuple[ApplicationPassword, ...]:
    reply = rest.get(
        f"{USERS}/{user_id}/application-passwords",
        {"context": "edit", "_fields": "uuid,name,created"},
    )
    return tuple(
        ApplicationPassword(_word(row, "uuid"), _word(row, "name"), _word(row, "created"))
        for row in reply.rows()
    )


def _plugins(rest: Rest) -> tuple[Plugin, ...]:
    reply = rest.get("wp/v2/plugins", {"_fields": "plugin,name,version,status"})
    return tuple(
        Plugin(*(_word(row, name) for name in ("plugin", "name", "version", "status")))
        for row in reply.rows()
    )


def _themes(rest: Rest) -> tuple[Theme, ...]:
    reply = rest.get("wp/v2/themes", {"_fields": "stylesheet,name,version,status"})
    return tuple(
        Theme(*(_word(row, name) for name in ("stylesheet", "name", "version", "status")))
        for row in reply.rows()
    )


def _admin_email(rest: Rest) -> str | None:
    return _word(rest.get("wp/v2/settings", {"_fields": "email"}).object(), "email") or None


def _word(row: dict[str, Any], name: str) -> str:
    """
    Return a text of *row*, in one line and short, because it goes into mails.

    WordPress wraps some in an object with ``raw``.
    """
    value = row.get(name)
    value = value.get("raw", value.get("rendered")) if isinstance(value, dict) else value
    return " ".join(value.split())[:LONGEST] if isinstance(value, str) else ""


def _mark(email: str) -> str:
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:16] if email else ""


def _tell(part: Callable[[], Part]) -> Part | None:
    """Return *part*, or None when the site does not tell it."""
    try:
        return part()
    except (NotAdministrator, SiteUnsupported):
        return None
    except SiteUnavailable as error:
        if error.reason in {"timeout", "unreachable"}:
            raise
        return None
