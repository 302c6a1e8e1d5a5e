"""
Set-up: from the owner's consent key to an account that can remove itself.

Set-up leaves no moment at which an account exists that no record names:

1. *Record first.* The grant is written, with the user name already chosen and the consent key
   sealed, before the site is asked to do anything.
2. *Refuse early.* The holder of the consent key must be an administrator, and a question
   without side effects must show that users of this site can be deleted.
3. *Create the support user*, and give it a key of its own, the removal key. That key must show that
   it can delete the account; otherwise the account is deleted at once.
4. *Delete the consent key.* It deletes itself, and the site refuses it afterwards. From here on
   Hallpass holds no key to the owner's account.

Each step (`provisioning_steps`) is recorded before the next begins, and skipped when it has been
done. So the same request again finishes what was interrupted; when none comes, the sweep undoes it.

No key waits for a person: a consent that came back from the site is stored at once (`hold`), and
the sweep deletes it there unless its owner asks for the access within 15 minutes.
"""

from __future__ import annotations

from chalicelib.errors import (
    GrantEnded,
    HallpassError,
    KeyRefused,
    NotAdministrator,
    SiteUnavailable,
    SiteUnsupported,
    TooManyRequests,
    TryAgain,
)
from chalicelib.grants.consent_key import KEY_LEFT, ConsentKey, rejected
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Event,
    Tokens,
    token_hash,
)
from chalicelib.grants.phases import WrongPhase
from chalicelib.grants.provisioning_steps import STEPS, StepTools
from chalicelib.grants.removal import Removal
from chalicelib.grants.request import HoldRequest, ProvisionRequest, support_username
from chalicelib.grants.schedule import Schedule
from chalicelib.grants.set_up import MAX_HOLD_SECONDS
from chalicelib.grants.store import GrantStore, Unrecorded, require_same, try_lease, update
from chalicelib.values import dataclass, replace

SET_UP_LEASE_SECONDS = 35  # A little longer than API Gateway lets one request live (29 s).
MIN_STEP_SECONDS = 8.0  # With less time than this left, the next step waits for the next request.
ACCESS_IS_OVER = "This access is over. To let support in again, please approve again."


@dataclass(frozen=True, slots=True)
class Provisioning:
    """Makes accesses, a step at a time."""

    grants: GrantStore
    tools: StepTools
    consent_key: ConsentKey
    removal: Removal

    def hold(self, request: HoldRequest, *, now: int) -> Grant:
        """
        Store a consent until its owner says what to do with it. The site is not asked.

        The same request again returns the grant, whatever has come of it.

        Raises:
            GrantExists: The id is taken by a request that said something else.
            GrantEnded: The consent was given back, or its access is over.
            InvalidInput: Field ``site_url``.
        """
        self.tools.wordpress.normalise(request.site_url)
        grant = self.grants.get(request.grant_id)
        if grant is None:
            event = Event(now, "consent_held", "owner")
            held = self._held_grant(request, now).with_event(event)
            if self.grants.add(held):
                return held
            raise TryAgain  # Another call with this id was faster.
        require_same(grant.tokens.hold_fingerprint, request.fingerprint())
        if grant.phase not in ("provisioning", "active"):
            raise GrantEnded(ACCESS_IS_OVER)
        return grant

    def provision(self, request: ProvisionRequest, *, now: int) -> tuple[Grant, bool]:
        """
        Make the access, or go on making it. Return the grant and whether this call made it.

        Raises:
            GrantExists: The id is taken by a request that said something else.
            GrantEnded: The access is over, or set-up took too long and was undone.
            ConsentRejected, NotAdministrator, SiteUnsupported, InvalidInput: Nothing is left.
            SiteUnavailable: No usable answer this time. The same request again goes on.
            TooManyRequests: That site has refused too many keys. Nothing is left.
        """
        self.tools.wordpress.normalise(request.site_url)
        grant, is_leased = self._recorded(request, now)
        if grant.was_active and grant.state == "active":
            return grant, False
        if grant.phase != "provisioning":
            raise GrantEnded(ACCESS_IS_OVER)
        leased: Grant | None = grant
        if not is_leased:
            leased = try_lease(self.grants, grant, now=now, seconds=SET_UP_LEASE_SECONDS)
        if leased is None:
            return grant, False
        try:
            grant = self._run_steps(leased, request, now)
        except SiteUnavailable as error:
            if not error.slow:
                raise
            return grant, False
        return grant, grant.state == "active"

    def _recorded(self, request: ProvisionRequest, now: int) -> tuple[Grant, bool]:
        """
        Return the grant of *request*, made now, or completed when its consent was held.

        True means that it is leased to this call, as a grant is that it has made.
        """
        hold, fingerprint = request.hold(), request.fingerprint()
        asked = (fingerprint, request.days, request.owner_email, now, request.correspondence)
        stored = self.grants.get(request.grant_id)
        if stored is None:
            made = self._held_grant(hold, now).set_up_requested(*asked)
            leased = made.leased(now, SET_UP_LEASE_SECONDS)
            if self.grants.add(leased):
                return leased, True
            stored = self.grants.get(request.grant_id)
        if stored is None:
            raise TryAgain  # It was deleted in between.
        if not stored.is_held:
            require_same(stored.tokens.fingerprint, fingerprint)
            return stored, False

        def completed(grant: Grant) -> Grant:
            require_same(grant.tokens.hold_fingerprint, hold.fingerprint())
            if not grant.is_held:  # Another call was faster.
                require_same(grant.tokens.fingerprint, fingerprint)
                return grant
            if grant.phase != "provisioning":
                raise GrantEnded(ACCESS_IS_OVER)
            return grant.set_up_requested(*asked)

        return update(self.grants, request.grant_id, completed), False

    def _held_grant(self, hold: HoldRequest, now: int) -> Grant:
        site_url = self.tools.wordpress.normalise(hold.site_url)
        self.tools.gate.admit_grant(site_url, now=now)
        held_until = now + MAX_HOLD_SECONDS
        return Grant(
            id=hold.grant_id,
            site_url=self.tools.wordpress.normalise(hold.site_url),
            username=support_username(hold.grant_id),
            created_at=now,
            expires_at=held_until,
            tokens=Tokens(
                fingerprint="",
                owner_hashes=(token_hash(hold.owner_token),),
                support_hash=token_hash(hold.support_token),
                hold_fingerprint=hold.fingerprint(),
            ),
            owner_email=hold.owner_email,
            correspondence=hold.correspondence,
            consent=self.consent_key.seal(hold.consent, grant_id=hold.grant_id, held_since=now),
            schedule=Schedule(due_at=held_until),
        )

    def _run_steps(self, grant: Grant, request: ProvisionRequest, now: int) -> Grant:
        """Run the steps that are missing, and release the grant; on a refusal undo all of them."""
        unrecorded = Unrecorded(self.grants, grant)
        try:
            self._run_missing(unrecorded, request, now)
            grant = unrecorded.write(Grant.released)
        except WrongPhase:  # The sweep has taken the set-up back while the site was answering.
            raise GrantEnded(ACCESS_IS_OVER) from None
        except SiteUnavailable:
            unrecorded.write(Grant.released)
            raise
        except KeyRefused as error:
            self._undo_refused(unrecorded.grant, now)
            # The form holds what WordPress' own page returned at once, and never what was pasted.
            is_pasted = not any(event.name == "consent_held" for event in grant.timeline)
            raise rejected(request.consent, error, is_pasted=is_pasted) from None
        except NotAdministrator:
            self._undo(unrecorded.grant, now)
            raise
        except TooManyRequests:
            # The consent key is alive: the same request goes on later, or the sweep deletes it.
            unrecorded.write(Grant.released)
            raise
        except SiteUnsupported as error:
            if self._undo(unrecorded.grant, now):
                raise
            fix = f"{error.fix} {KEY_LEFT}".strip()
            raise SiteUnsupported(error.reason, error.message, fix, key_left=True) from None
        return grant

    def _run_missing(self, unrecorded: Unrecorded, request: ProvisionRequest, now: int) -> None:
        """Run the steps that are missing and record each (`Step.recorded`), while there is time."""
        tools = self.tools
        for step in STEPS:
            if step.is_done(unrecorded.grant):
                continue
            if step.recorded == "before":
                unrecorded.write()
            grant = unrecorded.grant
            if self.tools.budget.left() < MIN_STEP_SECONDS or grant.phase == "revoking":
                return
            unrecorded.add(step.run(tools, grant, request, now))
            tools = replace(tools, done_now=tools.done_now | {step.name})
            if step.recorded == "at once":
                unrecorded.write()

    def _undo_refused(self, grant: Grant, now: int) -> None:
        """Undo a set-up whose consent key is refused; that key is not sent again to be deleted."""
        if grant.on_site.user_may_exist:
            self._undo(grant, now)
        elif not self.grants.delete(grant):
            stored = self.grants.get(grant.id)
            if stored is not None and stored.state == "ended":  # The sweep deleted that key.
                raise GrantEnded(ACCESS_IS_OVER)

    def _undo(self, grant: Grant, now: int) -> bool:
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
