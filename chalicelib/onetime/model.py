"""
A one-time secret as it is stored, and what its store must promise.

What is stored opens nothing: ciphertext, the SHA-256 of a proof that only the link (and its
passphrase) can produce, and after an opening the SHA-256 of the winner's claim. All times are
epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.clock import DAY, MINUTE
from chalicelib.errors import NotFound

CLAIM_SECONDS = 60
MOST_SECRETS = 20  # Of one grant: they are listed on it, and DynamoDB items end at 400 KB.
KEEP_TRACE = 30 * DAY  # So long a late reader learns that it was opened, burned or is over.
MAX_TRIES = 5
LOCK_SECONDS = 30 * MINUTE
MIN_LIFETIME = 1
MAX_LIFETIME = 30 * DAY


@dataclass(frozen=True, slots=True)
class Secret:
    """
    One item. `access_sha256` and `claim_sha256` are base64url as in the API.

    `withdrawn` says why nobody is to open it any more: ``burned`` by the owner, or the access has
    ``ended``. The ciphertext is gone then, and the trace tells a late reader so.
    """

    id: str
    ciphertext: bytes | None
    access_sha256: str
    passphrase: bool
    expires_at: int
    fingerprint: str
    grant_id: str = ""
    tries_left: int = MAX_TRIES
    last_try_at: int = 0
    opened_at: int | None = None
    claim_sha256: str = ""
    withdrawn: str = ""
    withdrawn_at: int | None = None
    purge_at: int = 0

    def is_gone(self, now: int) -> bool:
        """Return whether nobody can open it any more and nobody has, purged or not."""
        return self.gone(now) is not None

    def gone(self, now: int) -> NotFound | None:
        """Return why and since when nobody can open it any more, or None."""
        if self.opened_at is not None:
            return None
        why, at = self.withdrawn, self.withdrawn_at
        if at is None and self.expires_at <= now:
            why, at = "expired", self.expires_at
        return None if at is None else NotFound(gone=why, at=at, grant_id=self.grant_id)

    def unlocks_at(self, now: int) -> int | None:
        """Return when the next try is allowed, or None when one is allowed now."""
        until = self.last_try_at + LOCK_SECONDS
        return until if self.passphrase and self.tries_left == 0 and until > now else None

    def tries(self, now: int) -> int:
        """Return how many passphrases may be tried; a lock whose time is over gives all back."""
        is_over = self.tries_left == 0 and self.unlocks_at(now) is None
        return MAX_TRIES if is_over else self.tries_left


class SecretStore(Protocol):
    """
    Where secrets are kept. Each method is one request; reads are strongly consistent.

    Where a write has a condition, `None` means that it did not hold and nothing was changed.
    """

    def add(self, secret: Secret) -> bool:
        """Store a new secret; return False when its id is taken."""

    def get(self, secret_id: str) -> Secret | None: ...

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        """
        Take one try from an unopened, unexpired secret that has one left, and return it.

        A lock whose time is over gives all tries back first, in the same write; of many callers
        who find that at once, as many get a try as there are tries.
        """

    def open(self, secret_id: str, access: str, claim: str, *, now: int) -> Secret | None:
        """
        Mark the secret opened by *claim*, if *access* matches and it is unopened and unexpired.

        *access* and *claim* are SHA-256 in base64url. At most one caller ever gets the secret.
        """

    def acknowledge(self, secret_id: str, claim: str, *, purge_at: int) -> bool:
        """Drop the ciphertext if *claim* opened it; True when that holds already."""

    def withdraw(self, secret_id: str, grant_id: str, why: str, *, now: int, purge_at: int) -> None:
        """Drop the ciphertext of that grant's unopened secret; the first reason *why* stays."""

    def prolong(self, secret_id: str, grant_id: str, *, end: int, new_end: int) -> None:
        """Move the end of that grant's unopened secret, if it is *end*, to *new_end*."""
