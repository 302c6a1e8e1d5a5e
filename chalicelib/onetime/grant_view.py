"""What a holder of a grant's token sees: the grant, and the newest of its links."""

from __future__ import annotations

from chalicelib.grants.lifecycle import Lifecycle
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.onetime.model import Secret, SecretStore
from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class GrantView:
    """Reads a grant together with its newest one-time secret."""

    lifecycle: Lifecycle
    secrets: SecretStore

    def view(self, grant_id: str, token: str) -> tuple[Grant, Holder, Secret | None]:
        """
        Return the grant, whose token *token* is, and the newest secret: None when it is opened,
        which the grant itself says, or purged.

        Raises:
            NotFound: Unknown grant, or a stranger's token.
            TryAgain: A store is busy.
        """
        grant, holder = self.lifecycle.view(grant_id, token)
        ids = grant.links.secret_ids
        is_unopened = bool(ids) and not grant.is_newest_link_opened
        return grant, holder, self.secrets.get(ids[-1]) if is_unopened else None
