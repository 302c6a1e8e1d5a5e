"""
The removal key: an application password of the support user itself, sealed at rest.

It dies with its user, or when somebody revokes it. A site says the same to a dead key as to one
that never reaches WordPress, and plugins that count refused keys block the address that sends them.
So a refusal is recorded, and the key is sent again only a day later.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.errors import KeyRefused
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Evidence
from chalicelib.grants.ports import Sealer
from chalicelib.grants.request import plus_address
from chalicelib.grants.site import Account, Credentials, Site, WordPress
from chalicelib.grants.store import GrantStore, update


@dataclass(frozen=True, slots=True)
class RemovalKey:
    """
    Unseals the removal key of a grant, and records what the site says of it.

    Mail to a support user goes to `support_email` with the user name as a plus-address.
    """

    grants: GrantStore
    wordpress: WordPress
    sealer: Sealer
    support_email: str

    def unseal(self, grant: Grant) -> Credentials:
        """Return the removal key that is stored on *grant*, with the login name it was made for."""
        sealed = grant.on_site.sealed_removal or b""
        password = self.sealer.unseal(sealed, grant_id=grant.id, purpose="removal")
        return Credentials(grant.username, password)

    def email(self, grant: Grant) -> str:
        """Return the e-mail address of the support user, which WordPress takes as a name, too."""
        return plus_address(self.support_email, grant.username)

    def is_sendable(self, grant: Grant, now: int) -> bool:
        """Return whether the key may be sent: not when it is dead, nor after a refusal today."""
        evidence = grant.on_site.evidence
        if grant.on_site.sealed_removal is None or evidence.deleted_at is not None:
            return False
        return evidence.key_refused_at == now or evidence.is_key_usable(now)

    def record(self, grant: Grant, evidence: Evidence) -> None:
        """Record what the site said of the account, before anything else is asked."""
        update(self.grants, grant.id, lambda stored: stored.evidence_seen(evidence))

    def record_refusal(self, grant: Grant, now: int) -> None:
        """Record that the site refused the key."""
        self.record(grant, grant.on_site.evidence._replace(key_refused_at=now))

    def sign_in(self, grant: Grant, site: Site, now: int) -> tuple[Credentials, Account]:
        """
        Return the key with the name that it works with, and whose it is.

        Raises:
            KeyRefused: The site takes it neither with the login name nor with the e-mail address,
                which stays when the login name was changed in the database.
        """
        key = self.unseal(grant)
        if grant.on_site.evidence.key_refused_at != now:
            try:
                return key, self.wordpress.whoami(site, key)
            except KeyRefused:
                self.record_refusal(grant, now)
        user_id = grant.on_site.user_id
        if user_id is not None and self.wordpress.is_missing(site, user_id):
            raise KeyRefused("To strangers, the site says that there is no such user.")
        key = Credentials(self.email(grant), key.password)
        return key, self.wordpress.whoami(site, key)
