"""
Announces what happens to accesses to the operator's other systems: help desk, chat, audit.

What is recorded on a grant is announced, whoever recorded it: the table's stream holds every write
with the grant before and after it, and is read until each has been announced. So no announcement
is lost with a process that dies, and one may come twice; its `id` says that it is the same.

An announcement names a grant, a host and times. It holds no key, no token, no link, no address of a
person, and nothing that a person or a site wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event, EventName
from chalicelib.notifications.notifier import MIN_FAILURES_BEFORE_NOTICE
from chalicelib.values import dataclass

AnnouncementName = Literal[
    "access_created",
    "ticket_sent",
    "link_opened",
    "link_locked",
    "extended",
    "overdue",
    "repaired",
    "ended",
]
OF_TIMELINE: dict[EventName, AnnouncementName] = {
    "access_created": "access_created",
    "ticket_sent": "ticket_sent",
    "link_opened": "link_opened",
    "link_locked": "link_locked",
    "extended": "extended",
    "ended": "ended",
}
SENTENCES: dict[AnnouncementName, str] = {
    "access_created": "Support can sign in to {site}.",
    "ticket_sent": "A ticket about {site} was sent to support.",
    "link_opened": "The sign-in link to {site} was opened.",
    "link_locked": "The sign-in link to {site} is locked: too many wrong passphrases.",
    "extended": "The access to {site} was extended.",
    "overdue": "The account on {site} should be deleted, and is not yet.",
    "repaired": "The owner of {site} has let the account be deleted by a new approval.",
    "ended": "The access to {site} has ended.",
}


class GrantWrite(NamedTuple):
    """One write of a grant; None is no grant."""

    before: Grant | None
    after: Grant | None


class Announcement(NamedTuple):
    """
    One thing that has happened. All times are epoch seconds.

    `id` is the same however often it comes. `reference` is that of the grant's ticket, "" before
    there is one; `by` is who did it: owner, support or hallpass.
    """

    name: AnnouncementName
    id: str
    at: int
    by: str
    grant_id: str
    site: str
    by_hand: bool
    expires_at: int
    reference: str

    @property
    def text(self) -> str:
        """One sentence for people."""
        return SENTENCES[self.name].format(site=self.site)


class EventBus(Protocol):
    """Takes announcements."""

    def put(self, announcements: Sequence[Announcement]) -> None:
        """
        Hand over *announcements*.

        Raises:
            TryAgain: Not all of them were taken. The same again is safe.
        """


@dataclass(frozen=True, slots=True)
class Announcer:
    """Announces what writes of grants have recorded."""

    bus: EventBus

    def announce(self, writes: Iterable[GrantWrite]) -> None:
        """
        Announce what *writes* recorded.

        Raises:
            TryAgain: Not everything was taken; read the same writes again.
        """
        found = [each for write in writes for each in announcements(write)]
        if found:
            self.bus.put(found)


def announcements(write: GrantWrite) -> list[Announcement]:
    """Return what there is to announce about one write, in the order of the timeline."""
    after = write.after
    if after is None:
        return []
    known = Counter(write.before.timeline) if write.before is not None else Counter[Event]()
    new = (event for event in after.timeline if not known[event])
    found = [
        _announcement(after, OF_TIMELINE[event.name], event)
        for event in new
        if event.name in OF_TIMELINE
    ]
    if found and found[-1].name == "ended" and _was_repaired(after):
        found.insert(-1, found[-1]._replace(name="repaired", id=f"{after.id}.repaired"))
    if _is_overdue_now(write.before, after):
        found.append(_announcement(after, "overdue", after.timeline[-1]))
    return found


def _is_overdue_now(before: Grant | None, after: Grant) -> bool:
    """Return whether this write is of the failure at which people are asked for help."""
    if before is None or after.overdue_since is None or not after.was_active:
        return False
    failures = 1 if after.is_manual else MIN_FAILURES_BEFORE_NOTICE
    return before.schedule.attempts < failures <= after.schedule.attempts


def _was_repaired(grant: Grant) -> bool:
    return any(event.name == "repair_requested" for event in grant.timeline)


def _announcement(grant: Grant, name: AnnouncementName, event: Event) -> Announcement:
    return Announcement(
        name=name,
        id=f"{grant.id}.{name}.{event.at}",
        at=event.at,
        by=event.by,
        grant_id=grant.id,
        site=grant.site_name,
        by_hand=grant.is_manual,
        expires_at=grant.expires_at,
        reference=grant.reference,
    )
