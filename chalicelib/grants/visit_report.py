"""
The after-visit report: what changed on the site while support was in.

Two looks are compared, one before the support user existed and one just before it is deleted. What
support did for the owner shows up as well as what it should not have done: another administrator, a
key for somebody's account. What REST does not show (files, must-use plugins, the database) is not
in it, and a part that the site did not show is named instead of passed over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.grants.site import Administrator, ApplicationPassword, Plugin, Snapshot, Theme

MOST_CHANGES = 100  # More than that is told as a number, so that the grant stays small.
MOST_NAMED = 10
LARGEST = 150_000  # Bytes of a kept snapshot; DynamoDB items end at 400 KB.


# Who could come back in first; then the rest, in the order in which it was found.
ORDER = {"administrator_added": 0, "email_changed": 1, "key_added": 2, "admin_email_changed": 3}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind` is a stable name, `name` what it happened to."""

    kind: str
    name: str = ""
    detail: str = ""


def compare(
    before: Snapshot, after: Snapshot, *, ours: Mapping[int, str], our_keys: Collection[str]
) -> tuple[Change, ...]:
    """
    Return what changed, leaving out the users *ours* (login names by id) and the keys *our_keys*.

    Our id under another login name is not left out: after a restored backup it is somebody else.
    What is new comes first, so that nothing which matters falls behind the end of a long list.
    """
    changes = [
        *_administrators(before, after, ours, our_keys),
        *_installed("plugin", _plugins(before), _plugins(after)),
        *_installed("theme", _themes(before), _themes(after)),
    ]
    if before.admin_email is None or after.admin_email is None:
        changes.append(Change("not_seen", "admin_email"))
    elif before.admin_email != after.admin_email:
        changes.append(Change("admin_email_changed", after.admin_email))
    changes.sort(key=lambda change: ORDER.get(change.kind, len(ORDER)))
    if len(changes) > MOST_CHANGES:
        left_out = len(changes) - MOST_CHANGES
        changes = [*changes[:MOST_CHANGES], Change("more", str(left_out))]
    return tuple(changes)


def write(snapshot: Snapshot) -> str:
    """Return *snapshot* as text, to be kept on the grant; "" when it is too large to be kept."""
    text = json.dumps(asdict(snapshot), separators=(",", ":"))
    return text if len(text) <= LARGEST else ""


def read(text: str) -> Snapshot:
    """Return the snapshot that `write` wrote."""
    values: dict[str, Any] = json.loads(text)
    return Snapshot(
        administrators=_each(values["administrators"], _read_administrator),
        plugins=_each(values["plugins"], lambda row: Plugin(**row)),
        themes=_each(values["themes"], lambda row: Theme(**row)),
        admin_email=values["admin_email"],
    )


def _administrators(
    before: Snapshot, after: Snapshot, ours: Mapping[int, str], our_keys: Collection[str]
) -> Iterator[Change]:
    if before.administrators is None or after.administrators is None:
        yield Change("not_seen", "administrators")
        return
    old = {user.id: user for user in before.administrators if ours.get(user.id) != user.username}
    new = {user.id: user for user in after.administrators if ours.get(user.id) != user.username}
    unseen: list[str] = []
    for user_id, user in new.items():
        if user_id not in old:
            yield Change("administrator_added", user.username)
            continue
        known = old[user_id]
        if known.email_mark and user.email_mark and known.email_mark != user.email_mark:
            yield Change("email_changed", user.username)
        if user.keys is None or known.keys is None:
            unseen.append(user.username)
        else:
            yield from _keys(user.username, known.keys, user.keys, our_keys)
    if unseen:
        named = ", ".join(unseen[:MOST_NAMED])
        yield Change("not_seen", "keys", named if len(unseen) <= MOST_NAMED else f"{named}, …")
    for user_id, user in old.items():
        if user_id not in new:
            yield Change("administrator_removed", user.username)


def _keys(
    username: str,
    before: Collection[ApplicationPassword],
    after: Collection[ApplicationPassword],
    ours: Collection[str],
) -> Iterator[Change]:
    old = {key.uuid: key for key in before if key.uuid not in ours}
    new = {key.uuid: key for key in after if key.uuid not in ours}
    yield from (Change("key_added", username, new[uuid].name) for uuid in new.keys() - old.keys())
    yield from (Change("key_removed", username, old[uuid].name) for uuid in old.keys() - new.keys())


def _installed(
    what: str,
    before: Mapping[str, Plugin | Theme] | None,
    after: Mapping[str, Plugin | Theme] | None,
) -> Iterator[Change]:
    if before is None or after is None:
        yield Change("not_seen", f"{what}s")
        return
    for file, part in after.items():
        known = before.get(file)
        if known is None:
            yield Change(f"{what}_added", part.name, part.status)
            continue
        if known.version != part.version:
            yield Change(f"{what}_updated", part.name, part.version)
        if known.status != part.status:
            yield Change(f"{what}_switched", part.name, part.status)
    for file, part in before.items():
        if file not in after:
            yield Change(f"{what}_removed", part.name)


def _plugins(snapshot: Snapshot) -> dict[str, Plugin | Theme] | None:
    return None if snapshot.plugins is None else {part.file: part for part in snapshot.plugins}


def _themes(snapshot: Snapshot) -> dict[str, Plugin | Theme] | None:
    return None if snapshot.themes is None else {part.stylesheet: part for part in snapshot.themes}


def _each(rows: list[Any] | None, make: Any) -> Any:  # noqa: ANN401 - what JSON held
    return None if rows is None else tuple(make(row) for row in rows)


def _read_administrator(row: dict[str, Any]) -> Administrator:
    return Administrator(
        **{**row, "keys": _each(row["keys"], lambda key: ApplicationPassword(**key))}
    )
