"""
What is due, and in which order it is done: the rules that keep others' troubles from delaying it.

* First tries come before what was tried before, and before manual grants, for which there is
  nothing to do but to remind an owner (`queue_of`).
* Hosts with the least due come first; those that have the same take turns (`in_turn`).
* Of one host, and of the consents that go back, each sweep hands out `MAX_FIRST_TRIES` as first
  tries. The others go the way of retries, so that one host occupies few of the workers (`Crowds`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

from chalicelib.grants.model import Grant
from chalicelib.grants.set_up import MAX_HOLD_SECONDS
from chalicelib.values import dataclass, field

Queue = Literal["first", "retry"]
QUEUES: tuple[Queue, ...] = ("first", "retry")
MAX_FIRST_TRIES = 5


class Due(NamedTuple):
    """
    A grant that is due, as far as the sweep must know it. `due_at` is what the index has.

    `host` is whom its worker will ask; `is_held` says that a consent goes back which was never
    used; `is_leased` that another caller has it.
    """

    grant_id: str
    due_at: int
    queue: Queue
    host: str
    is_held: bool = False
    is_leased: bool = False


class DueIndex(Protocol):
    """Finds what is due. May be a moment behind the table."""

    def due(self, now: int, *, queue: Queue) -> Iterator[Sequence[Due]]:
        """
        Yield what is due in *queue*, oldest first, in pages.

        What an earlier version stored is in the queue ``first``. `Due.queue` is where it belongs
        now. Each page is read when it is asked for.
        """

    def hand_out(self, due: Sequence[Due], *, until: int) -> None:
        """Record that the ids of *due* are in a queue: none of them is due again before *until*."""

    def waiting_since(self) -> int | None:
        """Return since when the oldest that a queue or a worker has is due; None for nothing."""

    def overdue_since(self) -> int | None:
        """Return the least `Grant.alarming_since` of all grants, or None when there is none."""


def queue_of(grant: Grant) -> Queue:
    """Return which queue *grant* waits in; that a held consent goes back is a first try once."""
    if is_hold_over_first(held_since(grant), grant.schedule.due_since):
        return "first"
    return "retry" if grant.is_manual or grant.schedule.attempts else "first"


def held_since(grant: Grant) -> int | None:
    """Return since when *grant* holds a consent key that waits for its owner's word, or None."""
    return grant.consent.held_since if grant.consent else None


def is_hold_over_first(since: int | None, due_since: int | None) -> bool:
    """
    Return whether a consent that is held *since* then has yet to be given back for the first time.

    Any stranger can have us hold a key of any host. What was tried is due later than a hold lasts.
    """
    if since is None or due_since is None:
        return False
    return due_since <= since + MAX_HOLD_SECONDS


def host_of(address: str) -> str:
    """Return the host of an address; "" when what was typed is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def address_of(grant: Grant) -> str:
    """Return the address that a worker asks about *grant*."""
    return grant.on_site.site.rest_root if grant.on_site.site else grant.site_url


def in_turn(due: Iterable[Due]) -> list[Due]:
    """Return *due*, which comes oldest first, with the hosts that have the least in front."""
    by_host: dict[str, list[Due]] = defaultdict(list)
    for each in due:
        by_host[each.host].append(each)
    turns = [
        (len(waiting), turn, place, each)
        for place, waiting in enumerate(by_host.values())
        for turn, each in enumerate(waiting)
    ]
    return [each for *_, each in sorted(turns, key=lambda turn: turn[:3])]


@dataclass(slots=True)
class Crowds:
    """Counts the first tries of one sweep, by host, and the consents that go back as one more."""

    _first: Counter[str] = field(default_factory=Counter)

    def queue_for(self, due: Due) -> Queue:
        """Return the queue that takes *due*: a crowd goes the way of retries."""
        if due.queue == "retry":
            return "retry"
        keys = {due.host, "held consents"} if due.is_held else {due.host}
        if any(self._first[key] >= MAX_FIRST_TRIES for key in keys):
            return "retry"
        self._first.update(keys)
        return "first"
