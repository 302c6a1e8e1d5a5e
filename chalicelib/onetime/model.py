"""
A one-time secret as it is stored, and what its store must promise.

What is stored opens nothing: ciphertext, the SHA-256 of a proof that only the link (and its
passphrase) can produce, and after an opening the SHA-256 of the winner's claim. All times are
epoch seconds; hashes are SHA-256 in base64url without padding, as in the API.
"""

from __future__ import annotations

import hmac
from typing import Literal, Protocol

from chalicelib.clock import DAY, MINUTE
from chalicelib.errors import NotFound
from chalicelib.values import dataclass

MIN_LIFETIME_SECONDS = 1
MAX_LIFETIME_SECONDS = 30 * DAY
MAX_SECRETS_PER_GRANT = 20  # They are listed on the grant, and DynamoDB items end at 400 KB.
MAX_PASSPHRASE_TRIES = 5  # Wrong passphrases before a lock.
LOCK_SECONDS = 30 * MINUTE
CLAIM_SECONDS = 60  # So long the winner of an opening may fetch again.
TRACE_SECONDS = 30 * DAY  # So long a late reader learns that it was opened, burned or revoked.

Revocation = Literal["burned", "ended"]


@dataclass(frozen=True, slots=True)
class Secret:
    """
    One item.

    `revoked_for` is the reason why it cannot be opened any more: its owner ``burned`` it, or its
    access ``ended``. Its ciphertext is deleted then; the rest stays as a trace for late readers.
    `fingerprint` distinguishes a repeated request to create it from another one under its id.
    `receipt_sha256` is the SHA-256 of the proof that burns a shared secret (`receipts`), or "".
    """

    id: str
    ciphertext: bytes | None
    access_sha256: str
    passphrase: bool
    expires_at: int
    fingerprint: str
    grant_id: str = ""
    tries_left: int = MAX_PASSPHRASE_TRIES
    last_try_at: int = 0
    opened_at: int | None = None
    claim_sha256: str = ""
    revoked_for: str = ""
    revoked_at: int | None = None
    purge_at: int = 0
    receipt_sha256: str = ""

    def is_unreadable(self, now: int) -> bool:
        """Return whether it was revoked or has expired before a reader opened it."""
        return self.unreadable(now) is not None

    def unreadable(self, now: int) -> NotFound | None:
        """Return the error with the reason and the time since when it cannot be opened, or None."""
        if self.opened_at is not None:
            return None
        reason, since = self.revoked_for, self.revoked_at
        if since is None and self.expires_at <= now:
            reason, since = "expired", self.expires_at
        if since is None:
            return None
        return NotFound(reason=reason, since=since, grant_id=self.grant_id)

    def is_opened_by(self, access_sha256: str, claim_sha256: str, now: int) -> bool:
        """Return whether that claim has opened it less than 60 s ago and may fetch again."""
        return (
            self.opened_at is not None
            and self.ciphertext is not None
            and now < self.opened_at + CLAIM_SECONDS
            and hmac.compare_digest(self.claim_sha256, claim_sha256)
            and hmac.compare_digest(self.access_sha256, access_sha256)
        )

    def unlocks_at(self, now: int) -> int | None:
        """Return when the next try is allowed, or None when one is allowed now."""
        until = self.last_try_at + LOCK_SECONDS
        return until if self.passphrase and self.tries_left == 0 and until > now else None

    def tries(self, now: int) -> int:
        """Return how many passphrases may be tried; a lock whose time is over resets them."""
        is_over = self.tries_left == 0 and self.unlocks_at(now) is None
        return MAX_PASSPHRASE_TRIES if is_over else self.tries_left


class SecretStore(Protocol):
    """
    Where secrets are kept. Reads are strongly consistent; each write is atomic and conditional.

    `None` and False mean that the write's condition failed and nothing was changed. Every method
    raises `TryAgain` when the store is busy or cannot be reached.
    """

    def add(self, secret: Secret) -> bool:
        """Store a new secret; return False when its id is taken."""

    def get(self, secret_id: str) -> Secret | None:
        """Return the secret, whatever its state, until it is purged."""

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        """
        Take one try from an unopened, unexpired secret that has one left, and return it.

        A lock whose time is over resets the tries first, in the same write; of many callers
        who find that at once, as many get a try as there are tries.
        """

    def open(
        self, secret_id: str, access_sha256: str, claim_sha256: str, *, now: int
    ) -> Secret | None:
        """
        Mark the secret opened if *access_sha256* matches and it is unopened and unexpired.

        At most one caller ever gets the secret. It is to be purged `CLAIM_SECONDS` later.
        """

    def take(self, secret_id: str, access_sha256: str, *, now: int, purge_at: int) -> Secret | None:
        """
        Open the secret like `open` and delete its ciphertext in the same write.

        For a caller who has the ciphertext already, and no claim to ask again with.
        """

    def acknowledge(self, secret_id: str, claim_sha256: str, *, purge_at: int) -> Secret | None:
        """Delete the ciphertext that this claim opened, if it is still there; return the rest."""

    def revoke(
        self, secret_id: str, grant_id: str, reason: Revocation, *, now: int, purge_at: int
    ) -> None:
        """Delete the ciphertext of that grant's unopened secret; the first *reason* stays."""

    def extend(self, secret_id: str, grant_id: str, *, old_end: int, new_end: int) -> None:
        """Let that grant's unopened secret, if it expires at *old_end*, expire at *new_end*."""
