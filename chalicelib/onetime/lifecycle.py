"""
One-time secrets: at most one reader opens a secret, and only before it expires.

What is stored opens nothing (`model`); the link key never comes here.

Opening is one conditional write that wins or loses. A lost answer must not lose the secret, so for
60 seconds the winner, who proves it with the same random claim, may fetch again. With a passphrase
a try is spent first, in a write of its own, so that forty guesses at once spend forty tries. When
the last one is spent, the grant is due at once, so that the sweep sends its owner a mail.
Expiry is part of every condition; DynamoDB's TTL only cleans up. Times are epoch seconds; hashes
are SHA-256 in base64url.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from contextlib import suppress

from chalicelib.errors import (
    AlreadyOpened,
    InvalidInput,
    Locked,
    NotFound,
    SecretExists,
    TryAgain,
    WrongPassphrase,
)
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event
from chalicelib.grants.store import GrantStore, require_owner, update
from chalicelib.onetime.model import (
    MAX_LIFETIME_SECONDS,
    MAX_SECRETS_PER_GRANT,
    MIN_LIFETIME_SECONDS,
    TRACE_SECONDS,
    Secret,
    SecretStore,
)
from chalicelib.onetime.receipts import Receipts, proves
from chalicelib.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class OneTimeSecrets:
    """
    What callers do with one-time secrets (`grants.ports.OneTimeLinks` is a part of it).

    Openings, burns and locks are recorded on the grant that the secret belongs to. Every method
    raises `TryAgain` when a store is busy.
    """

    store: SecretStore
    grants: GrantStore
    receipts: Receipts

    def create(
        self, secret: Secret, *, lifetime: int, owner_token: str | None, now: int
    ) -> tuple[Secret, bool]:
        """
        Store *secret* for *lifetime* seconds, never longer than its grant.

        Return it as it is stored, and whether this call stored it. The same request again returns
        what the first one stored. A new secret of a grant revokes the unopened ones before it.

        Raises:
            InvalidInput: Field ``lifetime_seconds``, or ``grant_id``: it has too many links.
            NotFound: The grant is unknown or over, or *owner_token* is not its owner's.
            SecretExists: The id belongs to a request with other details.
        """
        if not MIN_LIFETIME_SECONDS <= lifetime <= MAX_LIFETIME_SECONDS:
            raise InvalidInput("lifetime_seconds", "A link can live for at most 30 days.")
        known = self.store.get(secret.id)
        if known is None:
            expires_at = now + lifetime
            if secret.grant_id:
                grant = self._join_grant(secret, owner_token or "", now)
                expires_at = min(expires_at, grant.expires_at)
            elif secret.receipt_sha256:
                self.receipts.add(secret, lifetime, now)
            new = replace(secret, expires_at=expires_at, purge_at=expires_at)
            if self.store.add(new):
                if not self._keep_newest_only(new, now):
                    raise NotFound("That access is over.")
                return new, True
            known = self.store.get(secret.id)
        if known is None or not hmac.compare_digest(known.fingerprint, secret.fingerprint):
            raise SecretExists("A link with this id exists already.")
        self._keep_newest_only(known, now)  # In case that the first call could not.
        return known, False

    def peek(self, secret_id: str, *, now: int) -> Secret:
        """
        Return a secret that can be opened or was opened; this changes nothing.

        Raises:
            NotFound: Unknown or purged; revoked or expired, with the reason and the time. The
                reason is ``ending`` until WordPress has confirmed the end that was asked for.
        """
        secret = self.store.get(secret_id) or self.receipts.trace(secret_id, now)
        if secret is None:
            raise NotFound
        if (error := secret.unreadable(now)) is not None:
            grant = self.grants.get(secret.grant_id) if error.reason == "ended" else None
            if grant is not None and grant.state != "ended":
                error.reason = "ending"
            raise error
        return secret

    def open(self, secret_id: str, access_sha256: str, claim_sha256: str, *, now: int) -> bytes:
        """
        Return the ciphertext to the one caller who opens it, and to that caller's retries.

        Raises:
            NotFound: Unknown, expired, revoked, or the proof belongs to another link.
            AlreadyOpened: By another claim, or at least 60 seconds ago.
            WrongPassphrase: One try fewer; the secret is untouched.
            Locked: Too many wrong passphrases.
            TryAgain: There are tries, and the store gave none; nothing was spent.
        """
        secret = self.peek(secret_id, now=now)
        if secret.opened_at is None and secret.passphrase:
            secret = self._spend_try(secret, now)
            is_right = hmac.compare_digest(secret.access_sha256, access_sha256)
            if secret.opened_at is None and not is_right:
                self._note_lock(secret, now)
                raise WrongPassphrase(secret.tries_left)
        if secret.opened_at is None:
            won = self.store.open(secret_id, access_sha256, claim_sha256, now=now)
            secret = won or self.peek(secret_id, now=now)
        if not secret.is_opened_by(access_sha256, claim_sha256, now):
            raise NotFound if secret.opened_at is None else AlreadyOpened(secret.opened_at)
        opened = Event(secret.opened_at or now, "link_opened", "support", secret.id)
        self._update(secret, lambda grant: grant.link_opened(opened, now))
        if secret.receipt_sha256:
            self.receipts.record(secret, "received", secret.opened_at or now)
        return secret.ciphertext or b""

    def _spend_try(self, secret: Secret, now: int) -> Secret:
        """
        Return *secret* after one of its tries is spent, or as another caller has just opened it.

        Raises:
            NotFound: It can no longer be opened.
            Locked: There is no try left.
            TryAgain: There are tries, and the store gave none.
        """
        self._require_unlocked(secret, now)
        spent = self.store.spend_try(secret.id, now=now)
        if spent is not None:
            return spent
        seen = self.peek(secret.id, now=now)
        if seen.opened_at is None:
            self._require_unlocked(seen, now)
            raise TryAgain
        return seen

    def _require_unlocked(self, secret: Secret, now: int) -> None:
        unlocks_at = secret.unlocks_at(now)
        if unlocks_at is not None:
            self._note_lock(secret, now)  # In case that the one who locked it could not.
            raise Locked(unlocks_at)

    def acknowledge(self, secret_id: str, claim_sha256: str, *, now: int) -> Secret:
        """
        Delete the ciphertext that this claim opened; return the trace that is kept. Idempotent.

        Raises:
            NotFound: Unknown or unopened secret, or another claim opened it.
        """
        purge_at = now + TRACE_SECONDS
        trace = self.store.acknowledge(secret_id, claim_sha256, purge_at=purge_at)
        if trace is None:
            raise NotFound
        return trace

    def burn(self, secret_id: str, owner_token: str, *, now: int) -> None:
        """
        Revoke every unopened secret of the grant of *secret_id*, for its owner. Idempotent.

        For a shared secret *owner_token* is its receipt proof.

        Raises:
            NotFound: Unknown secret, or *owner_token* is not its grant's owner's.
        """
        secret = self.store.get(secret_id)
        if secret is None:
            raise NotFound
        if proves(owner_token, secret.receipt_sha256):
            self.receipts.burn(self.store, secret, now)
            return
        known = self.grants.get(secret.grant_id) if secret.grant_id else None
        grant = require_owner(known, owner_token)
        self.burn_links((*grant.links.secret_ids, secret_id), grant, now)

    def revoke(self, grant: Grant, *, now: int) -> None:
        """Delete the ciphertext of the unopened secrets of *grant*, whose end was asked for."""
        for secret_id in set(grant.links.secret_ids) - grant.opened_links:
            self.store.revoke(secret_id, grant.id, "ended", now=now, purge_at=now + TRACE_SECONDS)

    def extend(self, grant: Grant, *, old_end: int) -> None:
        """Let the unopened secrets of *grant* that expire at *old_end* expire with it instead."""
        for secret_id in grant.links.secret_ids:
            self.store.extend(secret_id, grant.id, old_end=old_end, new_end=grant.expires_at)

    def burn_links(self, secret_ids: Iterable[str], grant: Grant, now: int) -> None:
        """Revoke those of *secret_ids* that are unopened secrets of *grant*, and record it."""
        for secret_id in dict.fromkeys(secret_ids):
            self.store.revoke(secret_id, grant.id, "burned", now=now, purge_at=now + TRACE_SECONDS)
            left = self.store.get(secret_id)
            if left is not None and left.revoked_for == "burned" and left.grant_id == grant.id:
                at = left.revoked_at or now
                self._record(left, Event(at, "link_burned", "owner", secret_id))

    def _keep_newest_only(self, secret: Secret, now: int) -> bool:
        """
        Revoke the grant's secrets before the newest one, or all when its end was asked for.

        Return False in the second case. It runs after *secret* was stored, so of two that are
        created at once the later one stays, and none outlives an end that came in between.
        """
        grant = self.grants.get(secret.grant_id) if secret.grant_id else None
        if grant is None:
            return True
        if not grant.is_open(now):
            self.revoke(grant, now=now)
            return False
        self.burn_links(grant.links.secret_ids[:-1], grant, now)
        return True

    def _join_grant(self, secret: Secret, owner_token: str, now: int) -> Grant:
        """List the secret on its grant before it exists, so that an end always finds it."""

        def joined(grant: Grant) -> Grant:
            if not require_owner(grant, owner_token).is_open(now):
                raise NotFound("That access is over.")
            is_full = len(grant.links.secret_ids) >= MAX_SECRETS_PER_GRANT
            if is_full and secret.id not in grant.links.secret_ids:
                raise InvalidInput("grant_id", "This access has had as many links as it can have.")
            return grant.link_added(secret.id, asks_passphrase=secret.passphrase)

        return update(self.grants, secret.grant_id, joined)

    def _note_lock(self, secret: Secret, now: int) -> None:
        """Record a lock on the grant, once, and make the grant due: the sweep mails its owner."""
        if secret.opened_at is not None or secret.unlocks_at(now) is None:
            return
        at = secret.last_try_at
        self._update(secret, lambda grant: grant.link_locked(at, secret.id, now))

    def _record(self, secret: Secret, event: Event) -> None:
        """Record *event* on the grant, once, however often the answer was lost."""
        self._update(secret, lambda grant: grant.recorded(event))

    def _update(self, secret: Secret, to: Callable[[Grant], Grant]) -> None:
        if secret.grant_id:
            with suppress(NotFound):  # It is purged after 90 days; its secrets live 30.
                update(self.grants, secret.grant_id, to)
