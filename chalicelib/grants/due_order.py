"""
In which order what is due is done: the rules that keep others' troubles from delaying a deadline.

* First tries come before what was tried before, and before manual grants, for which there is
  nothing to do but to remind an owner (`queue_of`).
* Hosts take turns, those with the least due first, so that many grants of one host stand behind
  the one of another (`in_turn`). One host has one share of the time of a sweep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit

from chalicelib.grants.model import Grant
from chalicelib.grants.set_up import MAX_HOLD_SECONDS

Queue = Literal["first", "retry"]
QUEUES: tuple[Queue, ...] = ("first", "retry")


def queue_of(grant: Grant) -> Queue:
    """Return which queue *grant* waits in; that a held consent goes back is a first try once."""
    if _is_hold_over_first(grant):
        return "first"
    return "retry" if grant.is_manual or grant.schedule.attempts else "first"


def _is_hold_over_first(grant: Grant) -> bool:
    """
    Return whether *grant* holds a consent key that has yet to be given back for the first time.

    Any stranger can have us hold a key of any host. What was tried is due later than a hold lasts.
    """
    held_since = grant.consent.held_since if grant.consent else None
    due_at = grant.schedule.due_at
    return held_since is not None and due_at is not None and due_at <= held_since + MAX_HOLD_SECONDS


def host_of(grant: Grant) -> str:
    """Return the host that is asked about *grant*; "" when what was typed is no address."""
    site = grant.on_site.site
    try:
        return urlsplit(site.rest_root if site else grant.site_url).hostname or ""
    except ValueError:
        return ""


def in_turn(grants: Iterable[Grant]) -> list[Grant]:
    """Return *grants*, which come oldest first, with one of each host in turn."""
    by_host: dict[str, list[Grant]] = defaultdict(list)
    for grant in grants:
        by_host[host_of(grant)].append(grant)
    turns = [
        (turn, len(waiting), place, grant)
        for place, waiting in enumerate(by_host.values())
        for turn, grant in enumerate(waiting)
    ]
    return [grant for *_, grant in sorted(turns, key=lambda each: each[:3])]
