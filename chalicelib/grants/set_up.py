"""
The transitions of a grant while its access is set up, first of all those of a held consent.

See `model`, which has the others.
"""

from __future__ import annotations

from typing import Self

from chalicelib.clock import DAY, MINUTE
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.parts import Event
from chalicelib.grants.phases import AFTER_SET_UP, SETTING_UP, Phase, transition
from chalicelib.grants.record import GrantRecord
from chalicelib.grants.site import Site
from chalicelib.grants.snapshot import SignInTrial
from chalicelib.values import dataclass, replace

MAX_SET_UP_SECONDS = 15 * MINUTE  # Then the sweep undoes an unfinished set-up.
# Then a held consent is due, so that the sweep, which runs every minute, deletes it within 15.
MAX_HOLD_SECONDS = 14 * MINUTE


@dataclass(frozen=True, slots=True)
class GrantInSetUp(GrantRecord):
    """A grant from the consent to the access."""

    def located(self, site: Site) -> Self:
        """Return this grant with *site* as the place where its account is, or is to be."""
        return replace(self, on_site=replace(self.on_site, site=site))

    def owned_by(self, owner_id: int, key_id: str) -> Self:
        """Return this grant with the id of the consent key's holder and the UUID of that key."""
        return replace(
            self,
            on_site=replace(self.on_site, owner_id=owner_id),
            consent=self.consent and replace(self.consent, key_id=key_id),
            visit=self.visit.with_consent_key(key_id),
        )

    @transition("provisioning")
    def set_up_requested(
        self,
        fingerprint: str,
        days: int,
        owner_email: str,
        now: int,
        written: Correspondence,
    ) -> Self:
        """Record what the owner of a held consent wants done with it; it is held no more."""
        return replace(
            self,
            expires_at=now + days * DAY,
            owner_email=owner_email or self.owner_email,
            correspondence=written if written.language else self.correspondence,
            tokens=replace(self.tokens, fingerprint=fingerprint),
            consent=self.consent and replace(self.consent, held_since=None),
            schedule=self.schedule.at(now + MAX_SET_UP_SECONDS),
        )

    @transition(*SETTING_UP)
    def site_discovered(self, site: Site) -> Self:
        """Record the site that was found at the typed address."""
        return self.located(site)

    @transition(*SETTING_UP)
    def owner_identified(self, owner_id: int, key_id: str) -> Self:
        """Record whose the consent key is, and its UUID."""
        return self.owned_by(owner_id, key_id)

    @transition(*SETTING_UP)
    def removability_checked(self) -> Self:
        """Record that users of the site can be deleted; from here on the user may exist."""
        return replace(self, on_site=replace(self.on_site, user_may_exist=True))

    @transition(*SETTING_UP)
    def snapshot_taken(self, snapshot: str) -> Self:
        """Record the site's snapshot of before; "" when it showed nothing to be kept."""
        return replace(self, visit=replace(self.visit, before=snapshot))

    @transition(*SETTING_UP)
    def user_created(self, user_id: int, email: str = "") -> Self:
        """Record WordPress' id of the support user, and its e-mail address."""
        return replace(self, on_site=replace(self.on_site, user_id=user_id, user_email=email))

    @transition(*SETTING_UP)
    def removal_key_created(self, sealed: bytes) -> Self:
        """Record the sealed removal key."""
        return replace(self, on_site=replace(self.on_site, sealed_removal=sealed))

    @transition(*AFTER_SET_UP)
    def sign_in_tried(self, trial: SignInTrial) -> Self:
        """Record what came of signing in once."""
        return replace(self, on_site=replace(self.on_site, **trial._asdict()))

    @transition(*SETTING_UP)
    def activated(self, now: int) -> Self:
        """
        Record that set-up is complete and the consent key deleted.

        A holder may have asked for the end meanwhile; then the grant stays `revoking`, due at once.
        """
        phase: Phase = "active" if self.phase == "provisioning" else self.phase
        schedule = self.schedule.at(self.deadline)
        return replace(self, phase=phase, consent=None, schedule=schedule).with_event(
            Event(now, "access_created", "owner")
        )
