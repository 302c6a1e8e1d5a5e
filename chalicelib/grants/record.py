"""
What is stored of a grant, and what follows from it. All times are epoch seconds.

The transitions are in `model`.
"""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import quote

from chalicelib.clock import DAY, MINUTE
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.parts import (
    Consent,
    Event,
    Links,
    Notice,
    OnSite,
    Revision,
    Tokens,
    Visit,
)
from chalicelib.grants.phases import ENDED, Phase, State
from chalicelib.grants.schedule import Schedule
from chalicelib.patterns import pattern
from chalicelib.values import dataclass, field, replace

MAX_TIMELINE_EVENTS = 60  # Events. DynamoDB items end at 400 KB; a grant's timeline is far shorter.
REPEATING_EVENTS = frozenset({"removal_failed", "link_locked"})
HOST_NAME = pattern(
    r"(https?://)?(?P<host>([A-Z0-9-]+\.)*[A-Z0-9-]+|\[[0-9A-F:.]+\])(?P<port>:[0-9]+)?(?=[/?#]|$)",
    re.IGNORECASE,
)
LOCK_NOTICE_SECONDS = 30 * MINUTE  # One notice covers all links that were locked in this time.


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """
    One temporary access to one site.

    `site_url` is the address that the owner typed; `username` the support user's login name.
    `is_manual` says that the owner made the support user by hand, so that we hold no key to it. Of
    a grant that `is_held`, `expires_at` is when its consent goes back. `end_requested_at` is when
    a holder asked for the end, `ended_at` when WordPress, or of a manual grant its owner, confirmed
    it. `notices` are the notices that were sent.
    """

    id: str
    site_url: str
    username: str
    created_at: int
    expires_at: int
    tokens: Tokens
    phase: Phase = "provisioning"
    is_manual: bool = False
    owner_email: str = ""
    on_site: OnSite = field(default_factory=OnSite)
    consent: Consent | None = None
    links: Links = field(default_factory=Links)
    visit: Visit = field(default_factory=Visit)
    timeline: tuple[Event, ...] = ()
    end_requested_at: int | None = None
    ended_at: int | None = None
    notices: frozenset[Notice] = frozenset()
    correspondence: Correspondence = field(default_factory=Correspondence)
    schedule: Schedule = field(default_factory=Schedule)
    revision: Revision = field(default_factory=Revision)

    @property
    def state(self) -> State:
        """The state that the API shows."""
        if self.phase in ENDED:
            return "ended"
        return "active" if self.was_active else "preparing"

    @property
    def deadline(self) -> int:
        """When the account must be deleted: the expiry, or the moment a holder asked for it."""
        return min(self.expires_at, self.end_requested_at or self.expires_at)

    @property
    def is_held(self) -> bool:
        """Whether all there is is a consent, and its owner has not said what to do with it."""
        return not self.tokens.fingerprint

    @property
    def was_active(self) -> bool:
        """Whether support could ever sign in."""
        return any(event.name == "access_created" for event in self.timeline)

    @property
    def was_link_opened(self) -> bool:
        """Whether any of its links was opened."""
        return any(event.name == "link_opened" for event in self.timeline)

    @property
    def ended_on_owner_word(self) -> bool:
        """Whether the owner confirmed the end of a manual grant, since only the owner can."""
        return any((event.name, event.by) == ("ended", "owner") for event in self.timeline)

    @property
    def reference(self) -> str:
        """The reference of its first ticket, by which owner and support know it; "" before."""
        sent = (event.detail for event in self.timeline if event.name == "ticket_sent")
        return next(sent, "")

    @property
    def is_newest_link_opened(self) -> bool:
        """Whether the newest of its links was opened, which no later event undoes."""
        return bool(self.opened_links & {*self.links.secret_ids[-1:]})

    @property
    def opened_links(self) -> frozenset[str]:
        """The ids of its one-time secrets that were opened."""
        return frozenset(e.detail for e in self.timeline if e.name == "link_opened")

    @property
    def overdue_since(self) -> int | None:
        """When the account should have been deleted, if a removal has failed; None otherwise."""
        if self.phase in ENDED or self.schedule.attempts == 0:
            return None
        return self.deadline if self.was_active else self.created_at

    @property
    def alarming_since(self) -> int | None:
        """
        As `overdue_since`, for the operator: only accounts that Hallpass made, or may have made.

        Otherwise a stranger could hold the gauge up with a user that never existed. And only until
        the operator knows: of a site that is gone, the account is never confirmed to be.
        """
        may_be_ours = self.on_site.user_may_exist and not self.is_manual
        may_be_ours = may_be_ours and self.schedule.acknowledged_at is None
        return self.overdue_since if may_be_ours else None

    @property
    def is_consent_held(self) -> bool:
        """Whether a consent key waits for its owner's confirmation."""
        return self.consent is not None and self.consent.is_held

    @property
    def not_confirmed_since(self) -> int | None:
        """Since when a manual grant rests that its owner has not confirmed; None otherwise."""
        return None if self.phase in ENDED else self.schedule.rested_at

    @property
    def next_reminder_at(self) -> int:
        """When the owner of a manual grant is reminded next: at the deadline, then daily."""
        return self.deadline + self.schedule.attempts * DAY

    @property
    def unsent_lock(self) -> int | None:
        """When a link was last locked, if the owner has yet to get a notice of it; else None."""
        locks = (event.at for event in reversed(self.timeline) if event.name == "link_locked")
        last_lock = next(locks, None)
        if last_lock is None or not self.owner_email:
            return None
        sent = max(
            (int(notice.key) for notice in self.notices if notice.kind == "locked"), default=0
        )
        return last_lock if last_lock >= sent + LOCK_NOTICE_SECONDS else None

    @property
    def unsent_opening(self) -> Event | None:
        """The opening of a link, if the owner has yet to get a notice of it; of each link one."""
        openings = (event for event in reversed(self.timeline) if event.name == "link_opened")
        newest = next(openings, None)
        if newest is None or not self.owner_email or self.has_opening_notice(newest.detail):
            return None
        return newest

    def has_opening_notice(self, secret_id: str) -> bool:
        """Return whether the notice was sent that the link of that secret was opened."""
        return any((sent.kind, sent.key) == ("opened", secret_id) for sent in self.notices)

    @property
    def site_name(self) -> str:
        """
        The site's host name, which is how its owner knows it; never a path.

        It stands in mails. What was typed may be stored as it came, so what is not a host name
        is not passed on.
        """
        address = self.on_site.site.url if self.on_site.site else self.site_url
        found = HOST_NAME.match(address.strip())
        return found["host"].lower() + (found["port"] or "") if found else "your site"

    @property
    def user_admin_url(self) -> str:
        """The page of the site's own admin that lists the support user."""
        site = self.on_site.site
        login = site.login_url if site else f"{self.site_url}/wp-login.php"
        return f"{login.rpartition('/')[0]}/wp-admin/users.php?s={quote(self.username)}"

    def is_open(self, now: int) -> bool:
        """Return whether support may still get in: neither ended nor asked nor due to end."""
        is_running = self.phase in ("provisioning", "active") and not self.is_held
        return is_running and self.deadline > now

    def with_event(self, event: Event) -> Self:
        """
        Append *event*; of those that may repeat without end, only the last in a row is kept.

        When there are too many, the oldest goes, but never the one that says that access was given.
        """
        kept = self.timeline
        if kept and event.name == kept[-1].name and event.name in REPEATING_EVENTS:
            kept = kept[:-1]
        if len(kept) >= MAX_TIMELINE_EVENTS:
            oldest = next(place for place, e in enumerate(kept) if e.name != "access_created")
            kept = kept[:oldest] + kept[oldest + 1 :]
        return replace(self, timeline=(*kept, event))
