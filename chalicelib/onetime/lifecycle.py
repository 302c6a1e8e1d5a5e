"""
One-time secrets: each is read by one reader, before it expires, or by nobody.

What is stored opens nothing (`secret`); the link key never comes here.

Opening is one conditional write that wins or loses. A lost answer must not lose the secret, so for
60 seconds the winner, who proves it with the same random claim, may fetch again. With a passphrase
a try is spent first, in a write of its own, so that forty guesses at once spend forty tries. When
the last one is spent, the grant is due at once, so that the sweep tells its owner.
Expiry is part of every condition; DynamoDB's TTL only cleans up. Times are epoch seconds.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.errors import (
    AlreadyOpened,
    InvalidInput,
    Locked,
    NotFound,
    SecretExists,
    WrongPassphrase,
)
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event
from chalicelib.grants.store import GrantStore, holder_of, require_owner, update
from chalicelib.onetime.model import (
    CLAIM_SECONDS,
    KEEP_TRACE,
    MAX_LIFETIME,
    MIN_LIFETIME,
    MOST_SECRETS,
    Secret,
    SecretStore,
)


@dataclass(frozen=True, slots=True)
class OneTimeSecrets:
    """Creates, opens and burns. An opening is noted on the grant that the secret belongs to."""

    store: SecretStore
    grants: GrantStore

    def create(
        self, secret: Secret, *, lifetime: int, support_token: str | None, now: int
    ) -> tuple[Secret, bool]:
        """
        Store *secret* for *lifetime* seconds, never longer than its grant. True means it is new.

        The same request again returns what the first one stored.

        Raises:
            InvalidInput: Field ``lifetime_seconds``, or ``grant_id``: it has too many links.
            NotFound: The grant is unknown or over, or *support_token* is not its token.
            SecretExists: The id is taken by a request that said something else.
        """
        if not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
            raise InvalidInput("lifetime_seconds", "A link can live for at most 30 days.")
        known = self.store.get(secret.id)
        if known is None:
            expires_at = now + lifetime
            if secret.grant_id:
                grant = self._join_grant(secret, support_token or "", now)
                expires_at = min(expires_at, grant.expires_at)
            new = replace(secret, expires_at=expires_at, purge_at=expires_at)
            if self.store.add(new):
                self._require_running(new, now)
                return new, True
            known = self.store.get(secret.id)
        if known is None or not hmac.compare_digest(known.fingerprint, secret.fingerprint):
            raise SecretExists("A link with this id exists already.")
        return known, False

    def look(self, secret_id: str, *, now: int) -> Secret:
        """Return a secret that is waiting or was opened; raise `NotFound` otherwise."""
        secret = self.store.get(secret_id)
        if secret is None:
            raise NotFound
        if (gone := secret.gone(now)) is not None:
            raise gone
        return secret

    def latest_of(self, grant: Grant) -> Secret | None:
        """Return the grant's newest secret, or None when it has none or it is purged."""
        return self.store.get(grant.links.secret_ids[-1]) if grant.links.secret_ids else None

    def open(self, secret_id: str, access: str, claim: str, *, now: int) -> bytes:
        """
        Return the ciphertext to the one caller who opens it, and to that caller's retries.

        *access* and *claim* are SHA-256 in base64url.

        Raises:
            NotFound: Unknown, expired, or *access* of another link.
            AlreadyOpened: By somebody else, or more than 60 seconds ago.
            WrongPassphrase: One try fewer; the secret is untouched.
            Locked: Too many wrong passphrases.
        """
        secret = self.look(secret_id, now=now)
        if secret.opened_at is None and secret.passphrase:
            spent = self.store.spend_try(secret_id, now=now)
            if spent is not None and not hmac.compare_digest(spent.access_sha256, access):
                self._note_lock(spent, now)
                raise WrongPassphrase(spent.tries_left)
            may_open = spent is not None
        else:
            may_open = secret.opened_at is None
        won = self.store.open(secret_id, access, claim, now=now) if may_open else None
        if won is None:
            seen = self.look(secret_id, now=now) if secret.opened_at is None else secret
            self._note_lock(seen, now)  # In case that the one who locked it could not.
            won = _won_before(seen, access, claim, now)
        self._note(won, Event(won.opened_at or now, "link_opened", "support", won.id))
        return won.ciphertext or b""

    def acknowledge(self, secret_id: str, claim: str, *, now: int) -> None:
        """Forget the ciphertext that *claim* opened; raise `NotFound` for any other claim."""
        if not self.store.acknowledge(secret_id, claim, purge_at=now + KEEP_TRACE):
            raise NotFound

    def burn(self, secret_id: str, owner_token: str, *, now: int) -> None:
        """
        Make a secret unreadable, for the owner of its grant.

        Raises:
            NotFound: Unknown secret, or not its grant's owner.
        """
        secret = self.store.get(secret_id)
        if secret is None or not secret.grant_id:
            raise NotFound
        require_owner(self.grants.get(secret.grant_id), owner_token)
        self.store.withdraw(
            secret_id, secret.grant_id, "burned", now=now, purge_at=now + KEEP_TRACE
        )
        left = self.store.get(secret_id)
        if left is not None and left.withdrawn == "burned":
            at = left.withdrawn_at or now
            self._note(secret, Event(at, "link_burned", "owner", secret_id))

    def withdraw(self, grant: Grant, *, now: int) -> None:
        """Make the unopened secrets of *grant* unreadable because the access is over."""
        for secret_id in grant.links.secret_ids:
            self.store.withdraw(secret_id, grant.id, "ended", now=now, purge_at=now + KEEP_TRACE)

    def prolong(self, grant: Grant, *, end: int) -> None:
        """Let the unopened secrets of *grant* that were to end with it, at *end*, end with it."""
        for secret_id in grant.links.secret_ids:
            self.store.prolong(secret_id, grant.id, end=end, new_end=grant.expires_at)

    def _require_running(self, secret: Secret, now: int) -> None:
        """Withdraw *secret* if its access has ended since it joined; nobody else would."""
        grant = self.grants.get(secret.grant_id) if secret.grant_id else None
        if grant is not None and grant.state == "ended":
            self.withdraw(grant, now=now)
            raise NotFound("That access is over.")

    def _join_grant(self, secret: Secret, support_token: str, now: int) -> Grant:
        """Note on the grant that the secret is its own, before the secret exists."""

        def joined(grant: Grant) -> Grant:
            if holder_of(grant, support_token)[1] != "support":
                raise NotFound
            if not grant.is_open(now):
                raise NotFound("That access is over.")
            is_full = len(grant.links.secret_ids) >= MOST_SECRETS
            if is_full and secret.id not in grant.links.secret_ids:
                raise InvalidInput("grant_id", "This access has had as many links as it can have.")
            return grant.link_added(secret.id, asks_passphrase=secret.passphrase)

        return update(self.grants, secret.grant_id, joined)

    def _note_lock(self, secret: Secret, now: int) -> None:
        """Note on the grant, once, that a link is locked, and let the sweep tell the owner now."""
        if secret.opened_at is not None or secret.unlocks_at(now) is None:
            return
        at = secret.last_try_at
        self._update(secret, lambda grant: grant.link_locked(at, secret.id, now))

    def _note(self, secret: Secret, event: Event) -> None:
        """Write *event* on the grant, once, however often the answer was lost."""
        self._update(secret, lambda grant: grant.noted(event))

    def _update(self, secret: Secret, to: Callable[[Grant], Grant]) -> None:
        if secret.grant_id:
            # The grant's record is purged after 90 days; its secrets live 30.
            with suppress(NotFound):
                update(self.grants, secret.grant_id, to)


def _won_before(secret: Secret, access: str, claim: str, now: int) -> Secret:
    """Return *secret* to the winner who asks again in time; tell everyone else why not."""
    if secret.opened_at is not None:
        is_winner = hmac.compare_digest(secret.claim_sha256, claim)
        in_time = now < secret.opened_at + CLAIM_SECONDS and secret.ciphertext is not None
        if is_winner and in_time and hmac.compare_digest(secret.access_sha256, access):
            return secret
        raise AlreadyOpened(secret.opened_at)
    unlocks_at = secret.unlocks_at(now)
    if unlocks_at is not None:
        raise Locked(unlocks_at)
    raise NotFound  # The proof belongs to another link.
