"""
What the sender of a shared secret learns: when it was opened or burned, or that it expired.

A shared secret belongs to no grant, so the fact that it was opened has no timeline to stand in. Its
receipt is an item of its own, kept for 30 days longer than the secret, because native TTL deletes
the secret itself at its expiry. Whoever proves the metadata key may see and burn; what is stored
proves nothing.
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Literal, Protocol

from chalicelib.errors import HallpassError, SecretExists
from chalicelib.onetime.envelope import proof_hash
from chalicelib.onetime.model import TRACE_SECONDS, Secret, SecretStore
from chalicelib.values import dataclass

Origin = Literal["page", "api"]
Outcome = Literal["received", "burned"]
ReceiptState = Literal["new", "received", "burned", "expired", "orphaned"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    One item, under the id of its secret. Times are epoch seconds.

    `receipt_sha256` is the SHA-256 of the receipt proof in base64url. `lifetime` is the secret's in
    seconds, `account` the API account that made it or "". A mail about the opening goes to
    `opening_mail_to`, if that is not "". `outcome` with `outcome_at` is set once.
    """

    secret_id: str
    receipt_sha256: str
    passphrase: bool
    created_at: int
    lifetime: int
    origin: Origin
    account: str = ""
    opening_mail_to: str = ""
    outcome: str = ""
    outcome_at: int = 0

    @property
    def expires_at(self) -> int:
        """When the secret expires, in epoch seconds."""
        return self.created_at + self.lifetime

    @property
    def purge_at(self) -> int:
        """When the receipt itself is purged, in epoch seconds."""
        return self.expires_at + TRACE_SECONDS

    def is_proven_by(self, proof: str) -> bool:
        """Return whether *proof*, base64url, is the receipt proof; the time taken shows nothing."""
        return proves(proof, self.receipt_sha256)

    def state(self, secret: Secret | None, now: int) -> tuple[ReceiptState, int]:
        """
        Return the state and since when it is so, from what is stored of the *secret*.

        ``orphaned``: the secret is gone before its time, and nothing recorded why.
        """
        if self.outcome:
            return ("received" if self.outcome == "received" else "burned"), self.outcome_at
        if secret is not None and secret.opened_at is not None:
            return "received", secret.opened_at
        if secret is not None and secret.revoked_at is not None:
            return "burned", secret.revoked_at
        if self.expires_at <= now:
            return "expired", self.expires_at
        return ("new" if secret is not None else "orphaned"), self.created_at

    def trace(self) -> Secret:
        """Return what is left to say of a secret whose own item is purged."""
        return Secret(
            id=self.secret_id,
            ciphertext=None,
            access_sha256="",
            passphrase=self.passphrase,
            expires_at=self.expires_at,
            fingerprint="",
            receipt_sha256=self.receipt_sha256,
            opened_at=self.outcome_at if self.outcome == "received" else None,
            revoked_for="burned" if self.outcome == "burned" else "",
            revoked_at=self.outcome_at if self.outcome == "burned" else None,
        )


class ReceiptStore(Protocol):
    """
    Where receipts are kept. Reads are strongly consistent; each write is atomic and conditional.

    Every method raises `TryAgain` when the store is busy or cannot be reached.
    """

    def add(self, receipt: Receipt) -> bool:
        """Store a new receipt; return False when its secret has one."""

    def get(self, secret_id: str) -> Receipt | None:
        """Return the receipt of that secret, or None."""

    def get_all(self, secret_ids: list[str]) -> dict[str, Receipt]:
        """Return by secret id what there is of at most 100 receipts."""

    def record(self, secret_id: str, outcome: Outcome, at: int) -> Receipt | None:
        """Record the outcome and return the receipt; None when there is none or it has one."""


class OpeningMail(Protocol):
    """Sends the mail that a secret was opened."""

    def send(self, receipt: Receipt) -> None:
        """Send it to `receipt.opening_mail_to`; raises what keeps the mail from being accepted."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """Records what became of shared secrets, once each, and has the mail sent."""

    store: ReceiptStore
    mail: OpeningMail

    def find(self, secret_id: str, now: int) -> Receipt | None:
        """Return the receipt, or None; DynamoDB may purge one days late."""
        receipt = self.store.get(secret_id)
        return receipt if receipt is not None and receipt.purge_at > now else None

    def add(self, secret: Secret, lifetime: int, now: int) -> None:
        """
        Store the receipt of a shared *secret* that a page made, before the secret itself.

        Raises:
            SecretExists: The id has a receipt with another proof.
        """
        receipt = Receipt(
            secret.id, secret.receipt_sha256, secret.passphrase, now, lifetime, origin="page"
        )
        if not self.store.add(receipt):
            known = self.store.get(secret.id)
            if known is None or known.receipt_sha256 != secret.receipt_sha256:
                raise SecretExists("A link with this id exists already.")

    def trace(self, secret_id: str, now: int) -> Secret | None:
        """Return what is left to say of a shared secret that is purged, or None."""
        receipt = self.find(secret_id, now)
        return receipt.trace() if receipt is not None else None

    def burn(self, secrets: SecretStore, secret: Secret, now: int) -> int | None:
        """Delete an unopened shared *secret*; return when it was burned, None for an opened one."""
        purge_at = now + TRACE_SECONDS
        secrets.revoke(secret.id, "", "burned", now=now, purge_at=purge_at)
        left = secrets.get(secret.id)
        if left is None or left.revoked_at is None:
            return None
        self.record(secret, "burned", left.revoked_at)
        return left.revoked_at

    def record(self, secret: Secret, outcome: Outcome, at: int) -> None:
        """Record the *outcome* of a shared *secret*, once; a mail that fails is not sent again."""
        recorded = self.store.record(secret.id, outcome, at)
        if recorded is not None and recorded.opening_mail_to and outcome == "received":
            # The reader's answer must not wait or fail for the sender's mail.
            with suppress(HallpassError):
                self.mail.send(recorded)


def proves(proof: str, proof_sha256: str) -> bool:
    """Return whether *proof*, base64url, has this SHA-256; the time taken shows nothing."""
    try:
        sent = proof_hash(proof)
    except ValueError:
        return False
    return hmac.compare_digest(sent, proof_sha256)
