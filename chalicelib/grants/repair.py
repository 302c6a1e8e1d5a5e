"""
Repair: a fresh consent of the owner removes what the removal key cannot.

The way out when the removal key was revoked or the support user demoted. The new consent key is
recorded, sealed, before it is used; it deletes the support user and then itself, and when the
removal fails it is deleted all the same.

It deletes the support user of a manual grant as well, in two steps: any stranger could have named
that user, so the first request shows the owner who it is and changes nothing, and only the same
request with that user's id deletes. In between the consent key is held, for 15 minutes at most.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from chalicelib.errors import (
    HallpassError,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    TryAgain,
)
from chalicelib.grants.consent_key import ConsentKey, rejected
from chalicelib.grants.ending import Ending
from chalicelib.grants.manual_user import Found, require_made_for_support
from chalicelib.grants.model import Grant
from chalicelib.grants.ports import RateGate
from chalicelib.grants.provisioning_steps import NOT_ADMINISTRATOR
from chalicelib.grants.removal import Removal
from chalicelib.grants.set_up import MAX_HOLD_SECONDS
from chalicelib.grants.site import Account, Credentials, Site, WordPress
from chalicelib.grants.store import GrantStore, require_owner, try_lease, update
from chalicelib.site_problems import may_have_moved, unsupported
from chalicelib.values import dataclass

REPAIR_LEASE_SECONDS = 35  # A little longer than API Gateway lets one request live (29 s).


class _Proposal(NamedTuple):
    """Whom a consent key would delete: the site, the key's holder, and the user."""

    site: Site
    holder: Account
    user: Account


@dataclass(frozen=True, slots=True)
class Repair:
    """Ends accesses that cannot end themselves."""

    grants: GrantStore
    wordpress: WordPress
    consent_key: ConsentKey
    removal: Removal
    ending: Ending
    gate: RateGate

    def repair(
        self,
        grant_id: str,
        token: str,
        consent: Credentials,
        *,
        confirm: int | None = None,
        now: int,
    ) -> Grant | Found:
        """
        Delete the support user with *consent*, then *consent* itself.

        Of a manual grant return who would be deleted, unless *confirm* is that user's id.

        Raises:
            NotFound: Unknown grant, or not its owner's token.
            ConsentRejected, NotAdministrator: The consent key is of no use.
            SiteUnsupported, SiteUnavailable: The site did not let the account be removed, or the
                user of a manual grant is not the one that was meant.
            TooManyRequests: The site, or the one where it has moved, has refused too many keys.
            TryAgain: Another call is at this grant at the moment.
        """
        before = require_owner(self.grants.get(grant_id), token)
        if before.state == "ended":
            return before
        leased = try_lease(self.grants, before, now=now, seconds=REPAIR_LEASE_SECONDS)
        if leased is None:
            raise TryAgain("We are talking to your site at this moment. Please wait a minute.")
        try:
            self._replace_stored_key(leased, consent, now)
            needs_word = self._needs_word(leased, consent, confirm)
            proposed = self._propose(leased, consent, now) if needs_word else None
            if proposed is not None and proposed.user.id != confirm:
                posts = self._posts_of(proposed, consent)
                return Found(update(self.grants, grant_id, Grant.released), proposed.user, posts)
            grant = self.ending.record_changes(self._accept(leased.id, consent, proposed, now), now)
            self.removal.remove_from_site(grant, now=now)
        except HallpassError as error:
            return self._finish_refused(before, consent, error, now)
        revoked = update(self.grants, grant_id, lambda stored: stored.revoked(now).released())
        return self.ending.finish(revoked, now)

    def _finish_refused(
        self, before: Grant, consent: Credentials, error: HallpassError, now: int
    ) -> Grant:
        """Delete the consent key, and raise *error* unless an earlier call has ended the grant."""
        if before.state == "preparing" and isinstance(error, SiteUnavailable):
            # No removal key may exist yet, so the sweep needs this consent to go on.
            update(self.grants, before.id, Grant.released)
            raise error
        grant = self._delete_if_stored(before, consent, now)
        if not isinstance(error, KeyRefused):
            raise error
        # The consent may be dead because an earlier, interrupted call has done its work.
        grant = self.ending.finish(grant, now)
        if grant.state != "ended":
            raise rejected(consent, error, is_pasted=False) from None
        return grant

    def _replace_stored_key(self, grant: Grant, consent: Credentials, now: int) -> None:
        """
        Delete another consent key that an earlier, interrupted call has left, before it is lost.

        Not before the new one is seen to work: the old one may be all that there is.

        Raises:
            KeyRefused, SiteUnavailable, SiteUnsupported: Then the new one is not used.
        """
        if grant.consent is not None and not self.consent_key.is_stored(grant, consent):
            self._identify(grant, consent, now)
            self.consent_key.delete(grant)

    def _needs_word(self, grant: Grant, consent: Credentials, confirm: int | None) -> bool:
        """Return whether the owner has yet to see who would be deleted, or to confirm this one."""
        user_id = grant.on_site.user_id  # Known only once it was confirmed.
        goes_on = not grant.is_consent_held and self.consent_key.is_stored(grant, consent)
        is_confirmed = user_id is not None and (goes_on or user_id == confirm)
        return grant.is_manual and grant.on_site.user_may_exist and not is_confirmed

    def _propose(self, grant: Grant, consent: Credentials, now: int) -> _Proposal:
        """
        Hold *consent*, and return whom it would delete.

        Raises:
            SiteUnsupported: The user cannot have been made for support.
        """
        if not self.consent_key.is_stored(grant, consent):
            held = self.consent_key.seal(consent, grant_id=grant.id, held_since=now)
            until = now + MAX_HOLD_SECONDS
            update(self.grants, grant.id, lambda stored: stored.consent_held(held, until))
        site, holder = self._identify(grant, consent, now)
        _require_administrator(holder)
        user = self.wordpress.find_user(site, consent, grant.username)
        user = require_made_for_support(grant, user)
        if user.id == holder.id or grant.on_site.user_id not in {None, user.id}:
            raise unsupported("not_ours")
        return _Proposal(site, holder, user)

    def _posts_of(self, proposed: _Proposal, consent: Credentials) -> int | None:
        """Return how many posts the user has; what is only shown holds nothing up."""
        try:
            return self.wordpress.count_posts(proposed.site, consent, proposed.user.id)
        except HallpassError:
            return None

    def _accept(
        self, grant_id: str, consent: Credentials, proposed: _Proposal | None, now: int
    ) -> Grant:
        """Record the consent key, see whose it is, and record that."""
        sealed = self.consent_key.seal(consent, grant_id=grant_id)
        grant = update(
            self.grants,
            grant_id,
            lambda stored: stored.repair_requested(sealed, now + REPAIR_LEASE_SECONDS, now),
        )
        self.ending.revoke_links(grant, now)
        site, account = proposed[:2] if proposed else self._identify(grant, consent, now)
        key_id = self.wordpress.key_id(site, consent)
        # Whoever consents takes what the support user wrote, and is never deleted in its place.
        grant = update(
            self.grants,
            grant_id,
            lambda stored: stored.repairer_identified(site, account.id, key_id),
        )
        _require_administrator(account)
        if grant.on_site.user_id is None and grant.on_site.user_may_exist:
            # Known before it is deleted, so that an interrupted repair can see that it is deleted.
            username = grant.username
            found = proposed.user if proposed else self.wordpress.find_user(site, consent, username)
            user_id = found.id if found is not None else None
            grant = update(self.grants, grant_id, lambda stored: stored.user_found(user_id))
        return grant

    def _identify(self, grant: Grant, consent: Credentials, now: int) -> tuple[Site, Account]:
        """
        Return whose key *consent* is, and the site, found again if it has moved.

        Raises:
            SiteUnsupported: ``not_ours``: what is found in its place does not know our account.
        """
        recorded = grant.on_site.site
        if recorded is None:
            site = self.wordpress.discover(grant.site_url)
            return site, self._whoami(grant, site, consent, now)
        try:
            if not recorded.has_one_origin:  # Recorded before that was required.
                raise unsupported("two_hosts")
            return recorded, self._whoami(grant, recorded, consent, now)
        except HallpassError as problem:
            if not may_have_moved(problem):
                raise
            site = self.wordpress.discover(recorded.url)
            if site.rest_root == recorded.rest_root:
                raise
        with self.gate.admit_key(site.rest_root, now=now):
            account = self.wordpress.whoami(site, consent)
        # Elsewhere, that a user is missing proves nothing: it may be another site altogether.
        found = self.wordpress.find_user(site, consent, grant.username)
        if found is None or grant.on_site.user_id not in {None, found.id}:
            self.wordpress.delete_own_key(site, consent, self.wordpress.key_id(site, consent))
            raise unsupported("not_ours")
        return site, account

    def _whoami(self, grant: Grant, site: Site, consent: Credentials, now: int) -> Account:
        """
        Return whose key *consent* is on the site of *grant*.

        A site that has accepted a key of the owner's before is theirs, and nothing is counted. Any
        other may be any stranger's. But this is the owner's way out, so strangers of other networks
        cannot use up what may be tried.
        """
        if grant.on_site.owner_id is not None:
            return self.wordpress.whoami(site, consent)
        with self.gate.admit_key(site.rest_root, now=now, every_network=False):
            return self.wordpress.whoami(site, consent)

    def _delete_if_stored(self, before: Grant, consent: Credentials, now: int) -> Grant:
        """
        Delete *consent* if it is the one that is stored, and release the grant, due as *before*.

        If the site is down, the sweep does it later. Another consent key, which a refused one was
        to take the place of, is left for the sweep; then *consent* is deleted on the site alone.
        """
        with suppress(HallpassError):
            if (grant := self.grants.get(before.id)) is not None:
                self.consent_key.delete_given(grant, consent)

        def released(stored: Grant) -> Grant:
            is_running = stored.phase in ("active", "revoking")
            waits = stored.is_manual and is_running
            due = before.schedule.due_at  # Who is refused puts nothing off, by a lease neither.
            return (stored.held_consent_deleted(now, due) if waits else stored).released()

        return update(self.grants, before.id, released)


def _require_administrator(account: Account) -> None:
    if not (account.is_administrator and account.may_manage_users):
        raise NotAdministrator(NOT_ADMINISTRATOR)
