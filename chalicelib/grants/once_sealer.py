"""Asks the key service once about each key that one invocation uses several times."""

from __future__ import annotations

from chalicelib.grants.ports import Purpose, Sealer


class OnceSealer:
    """
    A `Sealer` that remembers what it has sealed and unsealed, until `forget` is called.

    That is done at the end of each invocation, so no key outlives in memory what it was needed for.
    """

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._known: dict[tuple[bytes, str, Purpose], str] = {}

    def seal(self, plaintext: str, *, grant_id: str, purpose: Purpose) -> bytes:
        """Seal *plaintext*, as `Sealer.seal`."""
        sealed = self._sealer.seal(plaintext, grant_id=grant_id, purpose=purpose)
        self._known[sealed, grant_id, purpose] = plaintext
        return sealed

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: Purpose) -> str:
        """Return the plaintext of *sealed*, as `Sealer.unseal`."""
        known = self._known.get((sealed, grant_id, purpose))
        if known is None:
            known = self._sealer.unseal(sealed, grant_id=grant_id, purpose=purpose)
            self._known[sealed, grant_id, purpose] = known
        return known

    def forget(self) -> None:
        """Forget every key."""
        self._known.clear()
