"""
Accounts of One Time Secret's API: a name and the SHA-256 of one random token.

`make tokens` adds and revokes them. A token has 256 random bits, so a plain SHA-256 gives nothing
away, and no password of a person is ever kept. What an account needs its token for again, the list
of its receipts, is sealed under a key that derives from the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Protocol

from chalicelib.errors import InvalidInput
from chalicelib.onetime.envelope import KEY_BYTES, Link, encode, hkdf
from chalicelib.patterns import pattern
from chalicelib.values import dataclass

TOKEN_BYTES = 32
MAX_LISTED_RECEIPTS = 100  # So many receipts the list of an account shows, the newest.
NAME = pattern(r"[a-z0-9][a-z0-9._+@-]{0,127}")
_NONE = hashlib.sha256(b"no account").hexdigest()


@dataclass(frozen=True, slots=True)
class Account:
    """`mail_openings`: send a mail when a secret of its own is opened. `created_at` in seconds."""

    name: str
    token_sha256: str
    created_at: int
    mail_openings: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account whose token was sent in this request. `seals` its list and nothing else."""

    account: Account
    seals: bytes

    @property
    def name(self) -> str:
        """The name of the account, as `make tokens` lists it."""
        return self.account.name

    def seal_key(self, metadata_key: str, secret_id: str) -> bytes:
        """Return *metadata_key* sealed for this token, bound to the secret's id."""
        return self._box(secret_id).seal_bytes(metadata_key.encode(), secrets.token_bytes(12))

    def open_key(self, sealed: bytes, secret_id: str) -> str | None:
        """Return the metadata key, or None: another token sealed it, one that is revoked."""
        try:
            return self._box(secret_id).open_bytes(sealed).decode()
        except ValueError:
            return None

    def _box(self, secret_id: str) -> Link:
        return Link(id=f"recent {secret_id}", key=self.seals, access="", support="")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of an account's list: a secret's id, and its metadata key sealed for the token."""

    secret_id: str
    sealed_key: bytes
    created_at: int
    purge_at: int


class AccountStore(Protocol):
    """
    Where accounts and their lists are kept. Reads are strongly consistent.

    Every method raises `TryAgain` when the store is busy or cannot be reached.
    """

    def add(self, account: Account) -> bool:
        """Store a new account; return False when the name is taken."""

    def get(self, name: str) -> Account | None:
        """Return the account of that name, or None."""

    def delete(self, name: str) -> bool:
        """Delete an account; return False when there is none."""

    def all(self) -> list[Account]:
        """Return every account. Only the operator's command asks."""

    def list_receipt(self, name: str, listed: Listed) -> None:
        """Add a line to the account's list."""

    def recent(self, name: str, limit: int) -> list[Listed]:
        """Return the newest *limit* lines of the account's list, the oldest of them first."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Adds, revokes and recognises accounts."""

    store: AccountStore

    def add(self, name: str, *, mail_openings: bool, now: int) -> str | None:
        """
        Add an account and return its token, which is shown once; None when the name is taken.

        Raises:
            InvalidInput: Field ``name``, or ``mail_openings`` when the name is no e-mail address.
        """
        name = name.lower()
        if not NAME.fullmatch(name):
            raise InvalidInput("name", "A name has letters, digits and any of . _ + @ -")
        if mail_openings and "@" not in name.strip("@"):
            raise InvalidInput(
                "mail_openings", "Only an account named by its e-mail address gets mails."
            )
        token = encode(secrets.token_bytes(TOKEN_BYTES))
        added = self.store.add(Account(name, _digest(token), now, mail_openings))
        return token if added else None

    def sign_in(self, name: str, token: str) -> SignedIn | None:
        """Return the account that *name* and *token* prove, or None; the time taken is the same."""
        name = name.lower()
        account = self.store.get(name) if NAME.fullmatch(name) else None
        stored = account.token_sha256 if account is not None else _NONE
        is_right = hmac.compare_digest(stored, _digest(token))
        if account is None or not is_right:
            return None
        return SignedIn(account, hkdf(token.encode(), b"", b"hallpass/v1 ots recent", KEY_BYTES))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
