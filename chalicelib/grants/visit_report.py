"""
The visit report: what changed on the site while support was in.

Two snapshots are compared, one from before the support user existed and one from just before it is
deleted. What support did for the owner shows up as well as what it should not have done: another
user who may do more than read, another role, a key for any account. What REST does not show
(changed passwords, files, must-use plugins, the database) is not in it, and a part that the site
did not show is named instead of passed over.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from chalicelib.grants.snapshot import (
    ADMINISTRATOR,
    ApplicationPassword,
    Plugin,
    Reach,
    SiteUser,
    Snapshot,
    Theme,
    gained_rights,
)
from chalicelib.values import asdict, dataclass

MAX_CHANGES = 100  # Of more than that only the number is kept, so that the grant stays small.
MAX_NAMED = 10
MAX_SNAPSHOT_BYTES = 150_000  # As it is stored; DynamoDB items end at 400 KB.


# Who could come back in first; then the rest, in the order in which it was found.
SHOWN_FIRST = (
    *("administrator_added", "role_changed", "rights_added", "email_changed", "key_added"),
    *("admin_email_changed", "user_added"),
)
PLACE_OF_KIND = {kind: place for place, kind in enumerate(SHOWN_FIRST)}
REACHES: tuple[Reach, ...] = ("administrators", "roles", "everybody")

ChangeKind = Literal[
    "admin_email_changed",
    "administrator_added",
    "administrator_removed",
    "email_changed",
    "key_added",
    "key_removed",
    "more",
    "not_seen",
    "plugin_added",
    "plugin_removed",
    "plugin_switched",
    "plugin_updated",
    "rights_added",
    "role_changed",
    "theme_added",
    "theme_removed",
    "theme_switched",
    "theme_updated",
    "user_added",
    "user_removed",
]
UnseenPart = Literal["admin_email", "administrators", "keys", "plugins", "themes", "users"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `kind` is a stable name, `name` what it happened to."""

    kind: ChangeKind
    name: str = ""
    detail: str = ""


class InstalledKinds(NamedTuple):
    """What the differences of one kind of software are called."""

    part: UnseenPart
    added: ChangeKind
    removed: ChangeKind
    switched: ChangeKind
    updated: ChangeKind


PLUGIN_KINDS = InstalledKinds(
    "plugins", "plugin_added", "plugin_removed", "plugin_switched", "plugin_updated"
)
THEME_KINDS = InstalledKinds(
    "themes", "theme_added", "theme_removed", "theme_switched", "theme_updated"
)


def compare(
    before: Snapshot, after: Snapshot, *, ours: Mapping[int, str], our_keys: Collection[str]
) -> tuple[Change, ...]:
    """
    Return what changed, leaving out the users *ours* (login names by id) and the keys *our_keys*.

    Our id under another login name is not left out: after a restored backup it is another person.
    What is new comes first, so that nothing which matters falls behind the end of a long list.
    """
    changes = [
        *_users(before, after, ours, our_keys),
        *_installed(PLUGIN_KINDS, _plugins(before), _plugins(after)),
        *_installed(THEME_KINDS, _themes(before), _themes(after)),
    ]
    if before.admin_email is None or after.admin_email is None:
        changes.append(Change("not_seen", "admin_email"))
    elif before.admin_email != after.admin_email:
        changes.append(Change("admin_email_changed", after.admin_email))
    changes.sort(key=lambda change: PLACE_OF_KIND.get(change.kind, len(PLACE_OF_KIND)))
    if len(changes) > MAX_CHANGES:
        left_out = len(changes) - MAX_CHANGES
        changes = [*changes[:MAX_CHANGES], Change("more", str(left_out))]
    return tuple(changes)


def write(snapshot: Snapshot) -> str:
    """Return *snapshot* as text, to be kept on the grant; "" when it is too large to be kept."""
    text = json.dumps(asdict(snapshot), separators=(",", ":"))
    return text if len(text) <= MAX_SNAPSHOT_BYTES else ""


def read(text: str) -> Snapshot:
    """Return the snapshot that `write` wrote."""
    values: dict[str, Any] = json.loads(text)
    # Version 0.1.0 kept administrators only, without their roles.
    is_old = "administrators" in values
    return Snapshot(
        users=_each(values["administrators" if is_old else "users"], _read_user),
        plugins=_each(values["plugins"], lambda row: Plugin(**row)),
        themes=_each(values["themes"], lambda row: Theme(**row)),
        admin_email=values["admin_email"],
        reach=values.get("reach", "administrators"),
    )


def _users(
    before: Snapshot, after: Snapshot, ours: Mapping[int, str], our_keys: Collection[str]
) -> Iterator[Change]:
    if before.users is None or after.users is None:
        yield Change("not_seen", "administrators")
        return
    old = {user.id: user for user in before.users if ours.get(user.id) != user.username}
    new = {user.id: user for user in after.users if ours.get(user.id) != user.username}
    # Who is in one list and not in the other has changed only where both lists hold such users.
    reach = min(before.reach, after.reach, key=REACHES.index)
    if reach != "everybody":
        yield Change("not_seen", "users")
    stayed = [(old[user_id], user) for user_id, user in new.items() if user_id in old]
    yield from (_added(user) for each, user in new.items() if each not in old and user.is_in(reach))
    for known, user in stayed:
        yield from _user(known, user, reach)
        if known.keys is not None and user.keys is not None:
            yield from _keys(user.username, known.keys, user.keys, our_keys)
    unseen = [user.username for known, user in stayed if None in (user.keys, known.keys)]
    if unseen:
        yield Change("not_seen", "keys", _named(unseen))
    yield from (
        _removed(user) for each, user in old.items() if each not in new and user.is_in(reach)
    )


def _named(names: Sequence[str]) -> str:
    named = ", ".join(names[:MAX_NAMED])
    return named if len(names) <= MAX_NAMED else f"{named}, …"


def _added(user: SiteUser) -> Change:
    if user.is_administrator:
        return Change("administrator_added", user.username)
    return Change("user_added", user.username, ", ".join(user.roles))


def _removed(user: SiteUser) -> Change:
    if user.is_administrator:
        return Change("administrator_removed", user.username)
    return Change("user_removed", user.username, ", ".join(user.roles))


def _user(before: SiteUser, after: SiteUser, reach: Reach) -> Iterator[Change]:
    """Yield what changed of one user, but its keys."""
    if before.is_administrator != after.is_administrator or (
        reach != "administrators" and set(before.roles) != set(after.roles)
    ):
        yield Change("role_changed", after.username, ", ".join(after.roles))
    elif before.rights and after.rights and not after.is_administrator:
        # A role can be given more rights, and so can a user beside its roles.
        gained = gained_rights(before.rights, after.rights)
        if gained:
            yield Change("rights_added", after.username, _named(gained))
    if before.email_mark and after.email_mark and before.email_mark != after.email_mark:
        yield Change("email_changed", after.username)


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
    kinds: InstalledKinds,
    before: Mapping[str, Plugin | Theme] | None,
    after: Mapping[str, Plugin | Theme] | None,
) -> Iterator[Change]:
    if before is None or after is None:
        yield Change("not_seen", kinds.part)
        return
    for file, part in after.items():
        known = before.get(file)
        if known is None:
            yield Change(kinds.added, part.name, part.status)
            continue
        if known.version != part.version:
            yield Change(kinds.updated, part.name, part.version)
        if known.status != part.status:
            yield Change(kinds.switched, part.name, part.status)
    for file, part in before.items():
        if file not in after:
            yield Change(kinds.removed, part.name)


def _plugins(snapshot: Snapshot) -> dict[str, Plugin | Theme] | None:
    return None if snapshot.plugins is None else {part.file: part for part in snapshot.plugins}


def _themes(snapshot: Snapshot) -> dict[str, Plugin | Theme] | None:
    return None if snapshot.themes is None else {part.stylesheet: part for part in snapshot.themes}


def _each(rows: list[Any] | None, make: Any) -> Any:  # noqa: ANN401 - what JSON contained
    return None if rows is None else tuple(make(row) for row in rows)


def _read_user(row: dict[str, Any]) -> SiteUser:
    keys = _each(row["keys"], lambda key: ApplicationPassword(**key))
    roles = tuple(row.get("roles", [ADMINISTRATOR]))
    return SiteUser(**{**row, "keys": keys, "roles": roles})
