"""
Setting up: from the owner's consent key to an account that can remove itself.

Set-up leaves no moment at which an account exists that nobody knows of:

1. *Record first.* The grant is written, with the user name already chosen and the consent key
   sealed, before the site is asked to do anything.
2. *Refuse at the door.* The holder of the consent key must be an administrator, and a question
   without side effects must show that users of this site can be deleted.
3. *Make the support user*, and give it a key of its own, the removal key. That key must show that
   it can delete the account; otherwise the account is deleted at once.
4. *Let go.* The consent key deletes itself and is seen refused. From here on Hallpass holds no key
   to the owner's account.

Each step is recorded before the next begins, and skipped when it has been done. So the same
request again finishes what was interrupted; when nobody asks again, the sweep undoes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.clock import DAY, MINUTE, TimeBudget
from chalicelib.errors import (
    ConsentRejected,
    GrantEnded,
    HallpassError,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    SiteUnsupported,
    TooManyRequests,
)
from chalicelib.grants.model import Grant, GrantStore, change, lease, record, token_hash
from chalicelib.grants.ports import RateGate, Sealer
from chalicelib.grants.provisioning_steps import Steps
from chalicelib.grants.removal import Removal
from chalicelib.grants.request import AccessRequest, support_username
from chalicelib.grants.site import WordPress

SETUP_TIMEOUT = 15 * MINUTE
LEASE = 35  # A little longer than API Gateway lets one request live (29 s).
STEP_SECONDS = 8.0  # With less time than this left, the next step waits for the next request.

KEY_LEFT = (
    "Please also delete the application password that you have just approved: Users » Profile » "
    "Application Passwords » Revoke."
)
# To WordPress, a key that is wrong and one that never arrives are the same.
CONSENT_REFUSED = (
    "Your site did not accept the approval. Please approve once more. If it happens again, your "
    "web server drops the Authorization header on the way to WordPress: on Apache, add the line "
    'SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1 at the top of .htaccess; on other '
    f"servers, ask your host to pass that header to PHP. {KEY_LEFT}"
)


@dataclass(frozen=True, slots=True)
class Setup:
    """Makes accesses, a step at a time."""

    grants: GrantStore
    wordpress: WordPress
    sealer: Sealer
    steps: Steps
    removal: Removal
    deadline: TimeBudget
    door: RateGate

    def prepare(self, request: AccessRequest, *, now: int) -> tuple[Grant, bool]:
        """
        Make the access, or go on making it. Return the grant and whether this call made it.

        Raises:
            GrantExists: The id is taken by a request that said something else.
            GrantEnded: The access is over, or set-up took too long and was undone.
            ConsentRejected, NotAdministrator, SiteUnsupported, InvalidInput: Nothing is left.
            SiteUnavailable: No usable answer this time. The same request again goes on.
            TooManyRequests: Keys were sent to that site, or mails to that address, too often.
                Nothing is left.
        """
        self.wordpress.normalise(request.site_url)
        grant, _ = record(
            self.grants,
            request.grant_id,
            request.fingerprint(),
            lambda: self._new_grant(request, now),
        )
        if grant.state == "ended" or (grant.end_requested_at and grant.state == "preparing"):
            raise GrantEnded("This access is over. To let support in again, please approve again.")
        if grant.state == "active":
            return grant, False
        leased = lease(self.grants, grant, now=now, seconds=LEASE)
        if leased is None:
            return grant, False
        try:
            grant = self._carry_on(leased, request, now)
        except SiteUnavailable as error:
            self._release(leased)
            if not error.slow:
                raise
            return grant, False
        return self._release(grant), grant.state == "active"

    def _new_grant(self, request: AccessRequest, now: int) -> Grant:
        self.door.admit_mail(request.owner_email, now=now)
        consent = self.sealer.seal(
            request.consent.password, grant_id=request.grant_id, purpose="consent"
        )
        return Grant(
            id=request.grant_id,
            site_url=request.site_url,
            username=support_username(request.grant_id),
            days=request.days,
            created_at=now,
            expires_at=now + request.days * DAY,
            fingerprint=request.fingerprint(),
            owner_hashes=(token_hash(request.owner_token),),
            support_hash=token_hash(request.support_token),
            owner_email=request.owner_email,
            owner_login=request.consent.username,
            sealed_consent=consent,
            due_at=now + SETUP_TIMEOUT,
        )

    def _carry_on(self, grant: Grant, request: AccessRequest, now: int) -> Grant:
        """Do the steps that are missing and record each; on a refusal take back all of them."""
        try:
            for step in self.steps:
                if self.deadline.left() < STEP_SECONDS or grant.end_requested_at is not None:
                    break
                grant = change(self.grants, grant.id, step(grant, request, now))
        except KeyRefused:
            self._take_back(grant, now)
            raise ConsentRejected(CONSENT_REFUSED) from None
        except NotAdministrator:
            self._take_back(grant, now)
            raise
        except TooManyRequests:
            self.grants.forget(grant)  # Raised before the site was asked to do anything.
            raise
        except SiteUnsupported as error:
            if self._take_back(grant, now):
                raise
            fix = f"{error.fix} {KEY_LEFT}".strip()
            raise SiteUnsupported(error.reason, error.message, fix, key_left=True) from None
        return grant

    def _take_back(self, grant: Grant, now: int) -> bool:
        """
        Undo a refused set-up and forget it; if that fails for now, the sweep finishes it.

        Return False when the site lets nobody take the consent key back, the owner's hand apart.
        A sealed key is not kept for such a site: no account can have been made there.
        """
        undone = grant.site is not None
        try:
            if undone:
                grant = self.removal.clear(grant, now=now)
        except HallpassError as error:
            if grant.checked or not isinstance(error, SiteUnsupported):
                self._release(grant)
                return True
            undone = False
        self.grants.forget(grant)
        return undone

    def _release(self, grant: Grant) -> Grant:
        return change(self.grants, grant.id, lambda grant: replace(grant, lease_until=0))
