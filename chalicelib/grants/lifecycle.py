"""
The use cases of a grant that its people ask for: provision, register, view, extend.

*provision* makes the support user and deletes the owner's consent key (`provisioning`). While the
access is active, its owner can extend it, and either side can end it (`ending`). At the deadline
the sweep ends it: the account deletes itself (`removal`), what it wrote goes to the owner, and both
sides get a notice. The sweep never gives up, and no end is reported that WordPress has not
confirmed.

*register* tracks a support user that the owner made by hand. Hallpass holds no key to it, so at the
deadline it reminds the owner to delete the user, and goes on reminding.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.clock import DAY
from chalicelib.errors import GrantEnded, InvalidInput, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Event,
    Holder,
    OnSite,
    Tokens,
    token_hash,
)
from chalicelib.grants.ports import OneTimeLinks, RateGate
from chalicelib.grants.provisioning import Provisioning
from chalicelib.grants.request import HoldRequest, ProvisionRequest, RegisterRequest, require_days
from chalicelib.grants.schedule import Schedule
from chalicelib.grants.site import WordPress
from chalicelib.grants.store import GrantStore, create_once, holder_of, require_owner, update
from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What an owner asks of a grant before its end. `max_days` is the deployment's limit."""

    grants: GrantStore
    wordpress: WordPress
    provisioning: Provisioning
    links: OneTimeLinks
    gate: RateGate
    max_days: int

    def hold(self, request: HoldRequest, *, now: int) -> Grant:
        """Store a consent until its owner says what to do with it: see `Provisioning.hold`."""
        return self.provisioning.hold(request, now=now)

    def provision(self, request: ProvisionRequest, *, now: int) -> tuple[Grant, bool]:
        """
        Make an access, or go on making it. Return the grant and whether this call made it.

        The grant is still ``preparing`` when time ran out or another call is at it: call again.

        Raises:
            InvalidInput: Field ``days`` or ``site_url``.
            GrantExists, GrantEnded, ConsentRejected, NotAdministrator, SiteUnsupported,
            SiteUnavailable: See `Provisioning.provision`.
        """
        require_days(request.days, self.max_days)
        return self.provisioning.provision(request, now=now)

    def register(self, request: RegisterRequest, *, now: int) -> tuple[Grant, bool]:
        """
        Track a support user that the owner made. Return the grant, and whether it is new.

        Raises:
            InvalidInput: Field ``days`` or ``site_url``.
            GrantExists: The id is taken by a request that said something else.
            TooManyRequests: Too many new grants of that network.
        """
        require_days(request.days, self.max_days)
        site_url = self.wordpress.normalise(request.site_url)
        expires_at = now + request.days * DAY

        def new() -> Grant:
            self.gate.admit_grant(site_url, now=now)
            return Grant(
                id=request.grant_id,
                site_url=site_url,
                username=request.username,
                created_at=now,
                expires_at=expires_at,
                tokens=Tokens(
                    request.fingerprint(),
                    (token_hash(request.owner_token),),
                    token_hash(request.support_token),
                ),
                phase="active",
                is_manual=True,
                owner_email=request.owner_email,
                correspondence=request.correspondence,
                on_site=OnSite(user_may_exist=True),
                timeline=(Event(now, "access_created", "owner", "by_hand"),),
                schedule=Schedule(due_at=expires_at),
            )

        return create_once(self.grants, request.grant_id, request.fingerprint(), new)

    def view(self, grant_id: str, token: str) -> tuple[Grant, Holder]:
        """
        Return the grant and whose token *token* is; raise `NotFound` for a stranger's.

        That a link from one of our mails was opened is recorded, once: its mailbox is read.
        """
        grant, holder = holder_of(self.grants.get(grant_id), token)
        if grant.tokens.is_mailed(token) and not grant.tokens.is_mailbox_read:
            with suppress(TryAgain):
                grant = update(self.grants, grant_id, Grant.mailbox_read)
        return grant, holder

    def extend(
        self, grant_id: str, token: str, *, days: int, seen: int | None = None, now: int
    ) -> Grant:
        """
        Move the end of an active access, and of its unopened links, by *days*.

        With *seen*, the end that the owner saw, the same request again changes nothing.

        Raises:
            NotFound: Unknown grant, or not its owner's token.
            GrantEnded: It has ended, or its end was asked for or is due.
            InvalidInput: Field ``days``.
        """

        def extended(grant: Grant) -> Grant:
            require_owner(grant, token)
            if grant.phase != "active" or grant.deadline <= now:
                raise GrantEnded("This access is over, so it cannot be extended.")
            if seen is not None and grant.expires_at != seen:
                return grant
            if days < 1 or grant.expires_at + days * DAY > now + self.max_days * DAY:
                raise InvalidInput(
                    "days", f"Access can last at most {self.max_days} days from now."
                )
            return grant.extended(days, now)

        grant = update(self.grants, grant_id, extended)
        self.links.extend(grant, old_end=grant.expires_at - days * DAY)
        return grant
