"""The port for what must be kept sealed: the removal key, and the consent key during set-up."""

from __future__ import annotations

from typing import Literal, Protocol

Purpose = Literal["consent", "removal"]


class Sealer(Protocol):
    """
    Encrypts a key, bound to its grant and its purpose.

    Both methods raise `TryAgain` when the vault cannot be reached.
    """

    def seal(self, plaintext: str, *, grant_id: str, purpose: Purpose) -> bytes: ...

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: Purpose) -> str:
        """Return the plaintext; a ciphertext sealed for another grant or purpose never opens."""
