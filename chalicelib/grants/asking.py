"""
What support asks of the owner of an access that runs: a new link, or more time.

The owner gets one mail, of which we wrote every word, and the receipt shows who asked. Each side of
the pages has the button for what was asked. Asking often does not fill a mailbox: of each kind
there is one mail in half a day, and `MAX_REQUESTS` in all.
"""

from __future__ import annotations

from chalicelib.clock import HOUR
from chalicelib.errors import GrantEnded, NotFound, TooManyRequests
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event, EventName
from chalicelib.grants.ports import Notifier, Wish
from chalicelib.grants.store import GrantStore, holder_of, update
from chalicelib.values import dataclass

EVENT_OF: dict[Wish, EventName] = {"link": "link_asked", "time": "time_asked"}
MIN_PAUSE_SECONDS = 12 * HOUR  # Between two requests of one kind.
MAX_REQUESTS = 8  # For one access, of both kinds.


@dataclass(frozen=True, slots=True)
class Asking:
    """Passes support's requests on to owners."""

    grants: GrantStore
    notifier: Notifier

    def ask(self, grant_id: str, token: str, wish: Wish, *, now: int) -> Grant:
        """
        Mail the owner that support asks for *wish*, and record it.

        Raises:
            NotFound: Unknown grant, not support's token, or nothing that its owner could do: of a
                user made by hand we cannot make another link.
            GrantEnded: It has ended, or its end was asked for or is due.
            TooManyRequests: The owner has been asked, or the mailbox has had enough mails.
            DeliveryFailed: The mail was not accepted.
        """
        grant, holder = holder_of(self.grants.get(grant_id), token)
        if holder != "support" or not grant.owner_email or wish not in possible_wishes(grant):
            raise NotFound
        if grant.phase != "active" or grant.deadline <= now:
            raise GrantEnded("This access is over. Ask the owner to allow it again.")
        if (wait := seconds_to_wait(grant, wish, now)) > 0:
            raise TooManyRequests(wait, "The owner has been asked. Please give them some time.")
        self.notifier.send_asked(grant, wish, now)
        asked = Event(now, EVENT_OF[wish], holder)
        return update(self.grants, grant_id, lambda stored: stored.asked(asked))


def possible_wishes(grant: Grant) -> tuple[Wish, ...]:
    """Return what the owner of *grant* could do at all: of a user made by hand we hold no key."""
    return ("time",) if grant.is_manual else ("link", "time")


def seconds_to_wait(grant: Grant, wish: Wish, now: int) -> int:
    """Return the seconds until support may ask for *wish* again, 0 for now."""
    asked = [event for event in grant.timeline if event.name in EVENT_OF.values()]
    if len(asked) >= MAX_REQUESTS:
        return max(1, grant.expires_at - now)
    last = max((event.at for event in asked if event.name == EVENT_OF[wish]), default=None)
    return 0 if last is None else max(0, last + MIN_PAUSE_SECONDS - now)
