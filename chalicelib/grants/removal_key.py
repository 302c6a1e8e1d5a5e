"""
The removal key: an application password of the support user itself, sealed at rest.

It dies with its user, or when an administrator revokes it. A site says the same to a dead key as to
one that never reaches WordPress, and plugins that count refused keys block the address that sends
them. So a refusal is recorded, and the key is sent again only a day later. It goes out with the
login name, and where that is refused with the e-mail address, which stays when an administrator
changes the name.
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.errors import KeyRefused
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.ports import Sealer
from chalicelib.grants.request import plus_address
from chalicelib.grants.site import Account, Credentials, Site, WordPress
from chalicelib.grants.store import GrantStore, update
from chalicelib.values import dataclass


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
        """Return the removal key that is stored on *grant*, with the name that it is sent with."""
        sealed = grant.on_site.sealed_removal or b""
        password = self.sealer.unseal(sealed, grant_id=grant.id, purpose="removal")
        is_by_email = grant.on_site.evidence.is_by_email
        return Credentials(self.email(grant) if is_by_email else grant.username, password)

    def email(self, grant: Grant) -> str:
        """Return the e-mail address of the support user, which WordPress takes as a name, too."""
        return plus_address(self.support_email, grant.username)

    def is_sendable(self, grant: Grant, now: int) -> bool:
        """Return whether the key may be sent: not when it is dead, nor after a refusal today."""
        evidence = grant.on_site.evidence
        if grant.on_site.sealed_removal is None or evidence.deleted_at is not None:
            return False
        return evidence.is_key_usable(now)

    def record(self, grant: Grant, to: Callable[[Evidence], Evidence]) -> Grant:
        """Record what the site says of the account, and of its changes, before all else."""
        changes = grant.visit.changes

        def recorded(stored: Grant) -> Grant:
            if changes is not None:
                stored = stored.changes_seen(changes)
            return stored.evidence_seen(to(stored.on_site.evidence))

        return update(self.grants, grant.id, recorded)

    def record_deletion(self, grant: Grant, now: int) -> None:
        """Record that WordPress confirmed our deletion; a refusal from now on is news."""
        self.record(grant, lambda seen: seen.deletion_confirmed(now))

    def record_refusal(self, grant: Grant, now: int) -> None:
        """Record that the site refused the key with the name that it was sent with."""
        if grant.on_site.evidence.is_by_email:
            self.record(grant, lambda seen: seen.key_refused(now))
        else:
            self.record(grant, Evidence.login_refused)

    def sign_in(self, grant: Grant, site: Site, now: int) -> tuple[Credentials, Account]:
        """
        Return the key with the name that it works with, and whose it is.

        Raises:
            KeyRefused: The site takes it neither with the login name nor with the e-mail address,
                which stays when the login name was changed in the database.
        """
        key = self.unseal(grant)
        if not grant.on_site.evidence.is_by_email:
            try:
                return key, self.wordpress.whoami(site, key)
            except KeyRefused:
                self.record(grant, Evidence.login_refused)
            user_id = grant.on_site.user_id
            if user_id is not None and self.wordpress.is_missing(site, user_id):
                raise KeyRefused("To strangers, the site says that there is no such user.")
            key = Credentials(self.email(grant), key.password)
        try:
            return key, self.wordpress.whoami(site, key)
        except KeyRefused:
            self.record(grant, lambda seen: seen.key_refused(now))
            raise
