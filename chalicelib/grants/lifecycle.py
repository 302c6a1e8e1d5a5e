"""
The story of one access: prepare → active → ended.

*prepare* makes the support user and lets go of the owner's key (`setup`). While the access is
*active*, its owner can extend it, and either side can end it. At the deadline the sweep ends it
(`ending`): the account deletes itself (`removal`), what it wrote goes to the owner, and both sides
are told. The sweep never gives up, and an end is never reported that WordPress has not confirmed.

There is a way by hand as well: the owner has made the user, and Hallpass keeps the time. It holds
no key then, so at the deadline it asks the owner to delete the user, and goes on asking.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import asdict, dataclass, field, replace

from chalicelib.clock import DAY
from chalicelib.errors import GrantEnded, InvalidInput, NotFound
from chalicelib.grants.model import (
    ACCESS_CREATED,
    Event,
    Grant,
    GrantStore,
    Holder,
    change,
    holder_of,
    record,
    token_hash,
)
from chalicelib.grants.ports import OneTimeLinks
from chalicelib.grants.provisioning import Setup
from chalicelib.grants.request import AccessRequest


@dataclass(frozen=True, slots=True)
class HandMade:
    """A support user that the owner has made by hand, to be looked after until it is gone."""

    grant_id: str
    site_url: str
    username: str
    days: int
    owner_token: str = field(repr=False)
    support_token: str = field(repr=False)
    owner_email: str

    def fingerprint(self) -> str:
        """Return what tells a repeated request from another one under the same id."""
        said = repr(sorted(asdict(self).items())).encode()
        return hmac.new(self.owner_token.encode(), said, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Access:
    """The life of a grant, for owners, support and the schedule."""

    grants: GrantStore
    setup: Setup
    links: OneTimeLinks
    max_days: int

    def prepare(self, request: AccessRequest, *, now: int) -> tuple[Grant, bool]:
        """
        Make an access, or go on making it. Return the grant and whether this call made it.

        The grant is still ``preparing`` when time ran out or another call is at it: call again.

        Raises:
            InvalidInput: Field ``days`` or ``site_url``.
            GrantExists, GrantEnded, ConsentRejected, NotAdministrator, SiteUnsupported,
            SiteUnavailable: See `Setup.prepare`.
        """
        if not 1 <= request.days <= self.max_days:
            raise InvalidInput("days", f"Please choose 1 to {self.max_days} days.")
        return self.setup.prepare(request, now=now)

    def watch(self, made: HandMade, *, now: int) -> tuple[Grant, bool]:
        """
        Keep the time for a support user that was made by hand. True means the grant is new.

        Raises:
            InvalidInput: Field ``days`` or ``site_url``.
            GrantExists: The id is taken by a request that said something else.
            TooManyRequests: Mails to that address too often.
        """
        if not 1 <= made.days <= self.max_days:
            raise InvalidInput("days", f"Please choose 1 to {self.max_days} days.")
        address = self.setup.wordpress.normalise(made.site_url)
        expires_at = now + made.days * DAY

        def new() -> Grant:
            self.setup.door.admit_mail(made.owner_email, now=now)
            return Grant(
                id=made.grant_id,
                site_url=address,
                username=made.username,
                days=made.days,
                created_at=now,
                expires_at=expires_at,
                fingerprint=made.fingerprint(),
                owner_hashes=(token_hash(made.owner_token),),
                support_hash=token_hash(made.support_token),
                state="active",
                owner_email=made.owner_email,
                checked=True,
                by_hand=True,
                timeline=(Event(now, ACCESS_CREATED, "owner", "by_hand"),),
                due_at=expires_at,
            )

        return record(self.grants, made.grant_id, made.fingerprint(), new)

    def view(self, grant_id: str, token: str) -> tuple[Grant, Holder]:
        """Return the grant and who is asking; raise `NotFound` for a stranger."""
        return holder_of(self.grants.get(grant_id), token)

    def extend(
        self, grant_id: str, token: str, *, days: int, seen: int | None = None, now: int
    ) -> Grant:
        """
        Move the end of an active access, and of its unopened links, by *days*.

        With *seen*, the end that the owner saw, the same request again changes nothing.

        Raises:
            NotFound: Unknown grant, or not its owner's token.
            GrantEnded: It is over, or on its way out.
            InvalidInput: Field ``days``.
        """

        def later(grant: Grant) -> Grant:
            if holder_of(grant, token)[1] != "owner":
                raise NotFound
            if grant.state != "active" or grant.deadline <= now:
                raise GrantEnded("This access is over, so it cannot be extended.")
            if seen is not None and grant.expires_at != seen:
                return grant
            until = grant.expires_at + days * DAY
            if days < 1 or until > now + self.max_days * DAY:
                raise InvalidInput(
                    "days", f"Access can last at most {self.max_days} days from now."
                )
            # What is due before the end, such as a mail about a locked link, stays due.
            due_at = until if grant.due_at in (None, grant.expires_at) else grant.due_at
            return replace(grant, expires_at=until, due_at=due_at).with_event(
                Event(now, "extended", "owner", str(days))
            )

        grant = change(self.grants, grant_id, later)
        self.links.extend(grant, old_end=grant.expires_at - days * DAY)
        return grant
