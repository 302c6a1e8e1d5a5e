"""
Shared secrets with One Time Secret's semantics, for the API that its clients speak.

Those clients send and expect plain text, so this is the one place where a text and its keys pass
through our memory. Everything derives from the metadata key (`shared_keys`), is used within the
request, and is forgotten; what is stored is what the page would store of the same secret.

A v1 client has no claim with which to ask again. So a reading first decrypts in memory, then makes
the one conditional write that wins or loses and deletes the ciphertext, and then answers: a failure
before the write costs nothing. Wrong, missing, locked, expired, opened and unknown get the same
answer.
"""

from __future__ import annotations

import hmac
import secrets
import string

from chalicelib.clock import DAY
from chalicelib.errors import Locked, NotFound, TryAgain, WrongPassphrase
from chalicelib.onetime.accounts import MAX_LISTED_RECEIPTS, AccountStore, Listed, SignedIn
from chalicelib.onetime.envelope import IV_BYTES, Link, encode, proof_hash
from chalicelib.onetime.model import MAX_LIFETIME_SECONDS, TRACE_SECONDS, Secret, SecretStore
from chalicelib.onetime.receipts import Receipt, Receipts
from chalicelib.onetime.shared_keys import (
    KEY,
    frame,
    link_of,
    new_metadata_key,
    receipt_proof_of,
    secret_key_of,
    unframe,
)
from chalicelib.values import dataclass

MIN_LIFETIME_SECONDS = 60  # Upstream's.
DEFAULT_LIFETIME_SECONDS = MAX_ANONYMOUS_LIFETIME_SECONDS = 7 * DAY
# Without those that people confuse: i l o 1 I O 0.
PASSWORD_ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("ilo1IO0")))


@dataclass(frozen=True, slots=True)
class Shared:
    """A receipt as its maker sees it; `secret_key` is "" unless the secret waits."""

    metadata_key: str
    secret_key: str
    receipt: Receipt
    state: str
    since: int


@dataclass(frozen=True, slots=True)
class SharedSecrets:
    """What clients of One Time Secret's API do. Every method raises `TryAgain` for a busy store."""

    store: SecretStore
    receipts: Receipts
    accounts: AccountStore

    def share(
        self, text: str, passphrase: str, lifetime: int | None, by: SignedIn | None, *, now: int
    ) -> Shared:
        """
        Seal *text* and store it; a *lifetime* outside of what the caller may have is moved into it.

        Raises:
            UnicodeEncodeError: *text* or *passphrase* holds half of a surrogate pair.
        """
        longest = MAX_LIFETIME_SECONDS if by is not None else MAX_ANONYMOUS_LIFETIME_SECONDS
        seconds = DEFAULT_LIFETIME_SECONDS if lifetime is None else lifetime
        seconds = min(max(seconds, MIN_LIFETIME_SECONDS), longest)
        metadata_key = new_metadata_key()
        secret_key = secret_key_of(metadata_key)
        link = link_of(secret_key, passphrase)
        receipt = Receipt(
            secret_id=link.id,
            receipt_sha256=proof_hash(encode(receipt_proof_of(metadata_key))),
            passphrase=bool(passphrase),
            created_at=now,
            lifetime=seconds,
            origin="api",
            account=by.name if by is not None else "",
            opening_mail_to=by.name if by is not None and by.account.mail_openings else "",
        )
        secret = Secret(
            id=link.id,
            ciphertext=link.seal_bytes(frame(text), secrets.token_bytes(IV_BYTES)),
            access_sha256=link.access_sha256,
            passphrase=bool(passphrase),
            expires_at=receipt.expires_at,
            fingerprint="",
            receipt_sha256=receipt.receipt_sha256,
            purge_at=receipt.expires_at,
        )
        # The receipt first: a secret without one could never be burned.
        if not self.receipts.store.add(receipt) or not self.store.add(secret):
            raise TryAgain
        if by is not None:
            sealed = by.seal_key(metadata_key, link.id)
            self.accounts.list_receipt(by.name, Listed(link.id, sealed, now, receipt.purge_at))
        return Shared(metadata_key, secret_key, receipt, "new", now)

    def open(self, secret_key: str, passphrase: str, *, now: int) -> tuple[str, str]:
        """
        Return the text to the one caller who opens it, and the id of the secret.

        Raises:
            NotFound: Unknown, opened, burned, expired, or the passphrase is missing or wrong.
            Locked: Too many wrong passphrases.
        """
        secret, link = self._prove(secret_key, passphrase, now)
        try:
            text = unframe(link.open_bytes(secret.ciphertext or b""))
        except ValueError:  # A page sealed something else under this proof.
            raise NotFound from None
        won = self.store.take(secret.id, link.access_sha256, now=now, purge_at=now + TRACE_SECONDS)
        if won is None:
            raise NotFound
        self.receipts.record(secret, "received", now)
        return text, secret.id

    def view(self, metadata_key: str, *, now: int) -> Shared:
        """
        Return what became of a secret; this changes nothing.

        Raises:
            NotFound: No secret has this metadata key, or its receipt is purged.
        """
        secret_key, receipt, secret = self._receipt(metadata_key, now)
        state, since = receipt.state(secret, now)
        return Shared(metadata_key, secret_key if state == "new" else "", receipt, state, since)

    def burn(self, metadata_key: str, passphrase: str, *, now: int) -> tuple[Shared, str]:
        """
        Delete an unread secret; return its receipt and the secret key that no longer opens.

        Raises:
            NotFound: Unknown, opened, burned or expired.
            WrongPassphrase: It is wrong or missing; nothing is burned.
            Locked: Too many wrong passphrases.
        """
        secret_key, receipt, secret = self._receipt(metadata_key, now)
        if secret is None or receipt.state(secret, now)[0] != "new":
            raise NotFound
        if secret.passphrase:
            self._spend_try(secret, now)
            if not _fits(secret, link_of(secret_key, passphrase)):
                raise WrongPassphrase(max(secret.tries(now) - 1, 0))
        if self.receipts.burn(self.store, secret, now) != now:
            raise NotFound  # Another caller opened or burned it in between.
        return Shared(metadata_key, "", receipt, "burned", now), secret_key

    def recent(self, by: SignedIn, *, now: int) -> list[Shared]:
        """Return the newest receipts of an account, the oldest of them first, and no secret key."""
        listed = self.accounts.recent(by.name, MAX_LISTED_RECEIPTS)
        receipts = self.receipts.store.get_all([line.secret_id for line in listed])
        found = []
        for line in listed:
            receipt = receipts.get(line.secret_id)
            metadata_key = by.open_key(line.sealed_key, line.secret_id)
            if receipt is not None and receipt.purge_at > now and metadata_key is not None:
                # The outcome stands on the receipt; the secrets themselves need not be read.
                state, since = receipt.state(receipt.trace(), now)
                found.append(Shared(metadata_key, "", receipt, state, since))
        return found

    def _receipt(self, metadata_key: str, now: int) -> tuple[str, Receipt, Secret | None]:
        if not KEY.fullmatch(metadata_key):
            raise NotFound
        secret_key = secret_key_of(metadata_key)
        receipt = self.receipts.find(link_of(secret_key).id, now)
        if receipt is None or not receipt.is_proven_by(encode(receipt_proof_of(metadata_key))):
            raise NotFound
        return secret_key, receipt, self.store.get(receipt.secret_id)

    def _prove(self, secret_key: str, passphrase: str, now: int) -> tuple[Secret, Link]:
        """Return the waiting secret and its link; spend a try before a passphrase is checked."""
        if not KEY.fullmatch(secret_key):
            raise NotFound
        link = link_of(secret_key)
        secret = self.store.get(link.id)
        if secret is None or secret.ciphertext is None or secret.opened_at is not None:
            raise NotFound
        if secret.is_unreadable(now) or (secret.passphrase and not passphrase):
            raise NotFound
        if secret.passphrase:
            self._spend_try(secret, now)
            link = link_of(secret_key, passphrase)
        if not _fits(secret, link):
            raise NotFound
        return secret, link

    def _spend_try(self, secret: Secret, now: int) -> None:
        unlocks_at = secret.unlocks_at(now)
        if unlocks_at is not None:
            raise Locked(unlocks_at)
        if self.store.spend_try(secret.id, now=now) is None:
            raise NotFound  # Another caller opened it, or took the last try.


def generate(length: int) -> str:
    """Return a random password of *length* letters and digits that people do not confuse."""
    return "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(length))


def _fits(secret: Secret, link: Link) -> bool:
    return hmac.compare_digest(secret.access_sha256, link.access_sha256)
