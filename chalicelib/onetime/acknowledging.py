"""
The end of an opening: the opener has the secret, so its ciphertext goes, and the owner hears of it.

The grant is due since the opening, so when the opener never acknowledges, or the mail is not
accepted now, the sweep sends it.
"""

from __future__ import annotations

from contextlib import suppress

from chalicelib.errors import HallpassError
from chalicelib.grants.ending import Ending
from chalicelib.grants.store import GrantStore
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """Takes the opener's word that the secret has arrived."""

    secrets: OneTimeSecrets
    grants: GrantStore
    ending: Ending

    def acknowledge(self, secret_id: str, claim_sha256: str, *, now: int) -> None:
        """
        Delete the ciphertext that this claim opened, and mail the owner of its grant. Idempotent.

        Raises:
            NotFound: Unknown or unopened secret, or another claim opened it.
        """
        grant_id = self.secrets.acknowledge(secret_id, claim_sha256, now=now).grant_id
        if grant_id:
            with suppress(HallpassError):
                self._mail_owner(grant_id, now)

    def _mail_owner(self, grant_id: str, now: int) -> None:
        # The opening was often this process' last write of the grant. If another has written since,
        # the lease is refused, and the sweep sends the mail.
        grant = self.grants.latest(grant_id) or self.grants.get(grant_id)
        if grant is None or grant.unsent_opening is None:
            return
        if grant.is_open(now) and grant.schedule.is_due(now):
            self.ending.finish(grant, now)
