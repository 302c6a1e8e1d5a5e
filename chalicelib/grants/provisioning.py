"""
Set-up: from the owner's consent key to an account that can remove itself.

Set-up leaves no moment at which an account exists that no record names:

1. *Record first.* The grant is written, with the user name already chosen and the consent key
   sealed, before the site is asked to do anything.
2. *Refuse at the door.* The holder of the consent key must be an administrator, and a question
   without side effects must show that users of this site can be deleted.
3. *Create the support user*, and give it a key of its own, the removal key. That key must show that
   it can delete the account; otherwise the account is deleted at once.
4. *Delete the consent key.* It deletes itself, and the site refuses it afterwards. From here on
   Hallpass holds no key to the owner's account.

Each step (`provisioning_steps`) is recorded before the next begins, and skipped when it has been
done. So the same request again finishes what was interrupted; when none comes, the sweep undoes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.clock import DAY
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
from chalicelib.grants.consent_key import CONSENT_REFUSED, KEY_LEFT, ConsentKey
from chalicelib.grants.model import SETUP_SECONDS, Grant
from chalicelib.grants.parts import Schedule, Tokens, token_hash
from chalicelib.grants.phases import WrongPhase
from chalicelib.grants.provisioning_steps import STEPS, StepTools
from chalicelib.grants.removal import Removal
from chalicelib.grants.request import ProvisionRequest, support_username
from chalicelib.grants.store import GrantStore, create_once, try_lease, update

LEASE_SECONDS = 35  # A little longer than API Gateway lets one request live (29 s).
MIN_STEP_SECONDS = 8.0  # With less time than this left, the next step waits for the next request.
ENDED = "This access is over. To let support in again, please approve again."


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Makes accesses, a step at a time."""

    grants: GrantStore
    tools: StepTools
    consent_key: ConsentKey
    removal: Removal

    def provision(self, request: ProvisionRequest, *, now: int) -> tuple[Grant, bool]:
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
        self.tools.wordpress.normalise(request.site_url)
        grant, _ = create_once(
            self.grants,
            request.grant_id,
            request.fingerprint(),
            lambda: self._new_grant(request, now),
        )
        if grant.was_active and grant.state == "active":
            return grant, False
        if grant.phase != "provisioning":
            raise GrantEnded(ENDED)
        leased = try_lease(self.grants, grant, now=now, seconds=LEASE_SECONDS)
        if leased is None:
            return grant, False
        try:
            grant = self._run_steps(leased, request, now)
        except SiteUnavailable as error:
            update(self.grants, leased.id, Grant.released)
            if not error.slow:
                raise
            return grant, False
        grant = update(self.grants, grant.id, Grant.released)
        return grant, grant.state == "active"

    def _new_grant(self, request: ProvisionRequest, now: int) -> Grant:
        self.tools.gate.admit_mail(request.owner_email, now=now)
        return Grant(
            id=request.grant_id,
            site_url=request.site_url,
            username=support_username(request.grant_id),
            created_at=now,
            expires_at=now + request.days * DAY,
            tokens=Tokens(
                request.fingerprint(),
                (token_hash(request.owner_token),),
                token_hash(request.support_token),
            ),
            owner_email=request.owner_email,
            consent=self.consent_key.seal(request.consent, grant_id=request.grant_id),
            schedule=Schedule(due_at=now + SETUP_SECONDS),
        )

    def _run_steps(self, grant: Grant, request: ProvisionRequest, now: int) -> Grant:
        """Run the steps that are missing and record each; on a refusal take back all of them."""
        try:
            for step in STEPS:
                if self.tools.budget.left() < MIN_STEP_SECONDS or grant.phase == "revoking":
                    break
                if not step.is_done(grant):
                    record = step.run(self.tools, grant, request, now)
                    grant = update(self.grants, grant.id, record)
        except WrongPhase:  # The sweep has taken the set-up back while the site was answering.
            raise GrantEnded(ENDED) from None
        except KeyRefused:
            self._take_back_refused(grant, now)
            raise ConsentRejected(CONSENT_REFUSED) from None
        except NotAdministrator:
            self._take_back(grant, now)
            raise
        except TooManyRequests:
            self.grants.delete(grant)  # Raised before the site was asked to do anything.
            raise
        except SiteUnsupported as error:
            if self._take_back(grant, now):
                raise
            fix = f"{error.fix} {KEY_LEFT}".strip()
            raise SiteUnsupported(error.reason, error.message, fix, key_left=True) from None
        return grant

    def _take_back_refused(self, grant: Grant, now: int) -> None:
        """Undo a set-up whose consent key is refused; that key is not sent again to be deleted."""
        if grant.on_site.user_may_exist:
            self._take_back(grant, now)
        else:
            self.grants.delete(grant)

    def _take_back(self, grant: Grant, now: int) -> bool:
        """
        Undo a refused set-up and delete its grant; if that fails for now, the sweep finishes it.

        Return False when the site lets only the owner delete the consent key. A sealed key is not
        kept for such a site: no account can have been made there.
        """
        undone = grant.on_site.site is not None
        try:
            if undone:
                grant = self.removal.remove_from_site(grant, now=now)
        except HallpassError as error:
            if grant.on_site.user_may_exist or not isinstance(error, SiteUnsupported):
                update(self.grants, grant.id, Grant.released)
                return True
            undone = False
        self.grants.delete(grant)
        return undone
