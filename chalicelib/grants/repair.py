"""
Repair: a fresh consent of the owner removes what the removal key cannot.

The way out when the removal key was revoked or the support user demoted, and the one click for a
support user that was made by hand. The new consent key is recorded, sealed, before it is used; it
removes the support user and then itself, and when the removal fails it is given back all the same.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.clock import DAY
from chalicelib.errors import (
    ConsentRejected,
    HallpassError,
    KeyRefused,
    NotAdministrator,
    NotFound,
    SiteUnavailable,
    TryAgain,
)
from chalicelib.grants.ending import Ending, ended
from chalicelib.grants.model import Event, Grant, GrantStore, change, holder_of, lease
from chalicelib.grants.ports import RateGate, Sealer
from chalicelib.grants.provisioning import CONSENT_REFUSED
from chalicelib.grants.provisioning_steps import NOT_ADMINISTRATOR
from chalicelib.grants.removal import Removal, is_elsewhere
from chalicelib.grants.site import Account, Credentials, Site, WordPress
from chalicelib.site_problems import unsupported

OLDEST = 30 * DAY  # A user that was made by hand was made shortly before the message.
LEASE = 35  # A little longer than API Gateway lets one request live (29 s).


@dataclass(frozen=True, slots=True)
class Repair:
    """Ends accesses that cannot end themselves."""

    grants: GrantStore
    wordpress: WordPress
    sealer: Sealer
    removal: Removal
    ending: Ending
    door: RateGate

    def repair(self, grant_id: str, token: str, consent: Credentials, *, now: int) -> Grant:
        """
        Remove the support user with *consent*, then *consent* itself.

        Raises:
            NotFound: Unknown grant, or not its owner's token.
            ConsentRejected, NotAdministrator: The consent key is of no use.
            SiteUnsupported, SiteUnavailable: The site did not let the account be removed, or a
                user made by hand is not the one that was meant.
            TooManyRequests: Keys were sent too often to where the site has moved.
            TryAgain: The sweep is at this grant at the moment.
        """
        grant, holder = holder_of(self.grants.get(grant_id), token)
        if holder != "owner":
            raise NotFound
        if grant.state == "ended":
            return grant
        leased = lease(self.grants, grant, now=now, seconds=LEASE)
        if leased is None:
            raise TryAgain("We are talking to your site at this moment. Please wait a minute.")
        try:
            self._take_back_the_last(leased, consent, now)
            grant = self.ending.look_around(self._accept(leased.id, consent, now))
            self.removal.clear(grant, now=now)
        except HallpassError as error:
            if leased.state == "preparing" and isinstance(error, SiteUnavailable):
                # No removal key may exist yet, so the sweep needs this consent to go on.
                change(self.grants, grant_id, _released)
                raise
            grant = self._give_back(grant_id, consent)
            if not isinstance(error, KeyRefused):
                raise
            # The consent may be dead because an earlier, interrupted call has done its work.
            grant = self.ending.finish(grant, now)
            if grant.state != "ended":
                raise ConsentRejected(CONSENT_REFUSED) from None
            return grant

        def over(grant: Grant) -> Grant:
            return replace(ended(grant, now), lease_until=0)

        return self.ending.finish(change(self.grants, grant_id, over), now)

    def _take_back_the_last(self, grant: Grant, consent: Credentials, now: int) -> None:
        """
        Delete another consent key that an earlier, interrupted call has left, before it is lost.

        Not before the new one is seen to work: the old one may be all that there is.

        Raises:
            KeyRefused, SiteUnavailable, SiteUnsupported: Then the new one is not used.
        """
        if grant.sealed_consent is not None and self.removal.consent(grant) != consent:
            self._holder(grant, consent, now)
            self.removal.give_back(grant)

    def _accept(self, grant_id: str, consent: Credentials, now: int) -> Grant:
        """Record the consent key, see whose it is, and record that."""
        sealed = self.sealer.seal(consent.password, grant_id=grant_id, purpose="consent")

        def asked(grant: Grant) -> Grant:
            event = Event(now, "repair_requested", "owner")
            return replace(
                grant,
                sealed_consent=sealed,
                owner_login=consent.username,
                consent_key_id=None,
                end_requested_at=grant.end_requested_at or now,
                due_at=now + LEASE,
            ).with_event(event)

        grant = change(self.grants, grant_id, asked)
        site, account = self._holder(grant, consent, now)
        key_id = self.wordpress.key_id(site, consent)
        # Whoever consents takes what the support user wrote, and is never deleted in its place.
        grant = change(
            self.grants,
            grant.id,
            lambda grant: replace(
                grant,
                site=site,
                owner_id=account.id,
                consent_key_id=key_id,
                own_key_ids=(*grant.own_key_ids, key_id),
            ),
        )
        if not (account.is_administrator and account.may_manage_users):
            raise NotAdministrator(NOT_ADMINISTRATOR)
        if grant.user_id is None and grant.checked:
            # Known before it is deleted, so that an interrupted repair can see that it is gone.
            found = self.wordpress.find_user(site, consent, grant.username)
            if grant.by_hand:
                _require_made_for_support(grant, found)
            user_id = found.id if found is not None else None
            grant = change(self.grants, grant.id, lambda grant: replace(grant, user_id=user_id))
        return grant

    def _holder(self, grant: Grant, consent: Credentials, now: int) -> tuple[Site, Account]:
        """
        Return whose key *consent* is, and the site, found again if it has moved.

        Raises:
            SiteUnsupported: ``not_ours``: what is found in its place does not know our account.
        """
        if grant.site is None:
            site = self.wordpress.discover(grant.site_url)
            typed = self.wordpress.normalise(grant.site_url)
            self.door.admit_redirect_target(typed, site.rest_root, now=now)
            return site, self.wordpress.whoami(site, consent)
        try:
            return grant.site, self.wordpress.whoami(grant.site, consent)
        except HallpassError as problem:
            if not is_elsewhere(problem):
                raise
            site = self.wordpress.discover(grant.site_url)
            if site.rest_root == grant.site.rest_root:
                raise
        self.door.admit_redirect_target(grant.site.rest_root, site.rest_root, now=now)
        account = self.wordpress.whoami(site, consent)
        # Elsewhere, that a user is missing proves nothing: it may be another site altogether.
        found = self.wordpress.find_user(site, consent, grant.username)
        if found is None or grant.user_id not in {None, found.id}:
            self.wordpress.delete_own_key(site, consent, self.wordpress.key_id(site, consent))
            raise unsupported("not_ours")
        return site, account

    def _give_back(self, grant_id: str, consent: Credentials) -> Grant:
        """
        Delete *consent* if it is the one that is kept, and let go of the grant.

        If the site is down, the sweep does it later. Another consent, which a refused one was to
        take the place of, is left for the sweep as well.
        """
        with suppress(HallpassError):
            grant = self.grants.get(grant_id)
            is_kept = grant is not None and grant.sealed_consent is not None
            if grant is not None and is_kept and self.removal.consent(grant) == consent:
                self.removal.give_back(grant)
        return change(self.grants, grant_id, _released)


def _require_made_for_support(grant: Grant, found: Account | None) -> None:
    """
    See that the user whose name the owner typed is there, and no old colleague.

    A name that is mistyped is no proof that a user is gone, and whoever typed it for somebody else
    is not to have another's account deleted.

    Raises:
        SiteUnsupported: ``user_not_found`` or ``user_is_older``.
    """
    if found is None:
        raise unsupported("user_not_found")
    if found.registered_at is None or found.registered_at < grant.created_at - OLDEST:
        raise unsupported("user_is_older")


def _released(grant: Grant) -> Grant:
    return replace(grant, lease_until=0)
