"""
Items of version 0.1.0 in the grants table: what they say in today's attributes.

Stacks are upgraded while accesses run, so an item is read for as long as a grant can live and its
receipt is kept: until half a year after every stack has left 0.1.0, this module is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.grants.parts import Holder, Notice
from chalicelib.grants.phases import Phase


def upgraded(old: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that 0.1.0 wrote otherwise, as they are written today."""
    return {
        "phase": _phase(old),
        "user_may_exist": old["checked"],
        # Then, a snapshot that was never taken and one that showed nothing were both "".
        "before": old["before"] if old["looked"] else None,
        "notices": [_notice(sent)._asdict() for sent in old["told"]],
    }


def _phase(old: Mapping[str, Any]) -> Phase:
    if old["state"] == "ended":
        return "closed" if "due_at" not in old else "notifying"
    if "end_requested_at" in old:
        return "revoking"
    return "provisioning" if old["state"] == "preparing" else "active"


def _notice(sent: str) -> Notice:
    """Read "ended owner", "stuck owner", "stuck 3 owner" (one a day), or "locked 1800000000"."""
    kind, *rest = sent.split()
    if kind == "locked":
        return Notice("locked", "owner", rest[0])
    reader: Holder = "owner" if rest[-1] == "owner" else "support"
    if kind == "ended":
        return Notice("ended", reader)
    return Notice("reminder", reader, rest[0]) if len(rest) > 1 else Notice("overdue", reader)
