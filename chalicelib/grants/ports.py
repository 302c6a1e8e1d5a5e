"""
What the story of a grant needs of others: ports, which adapters and other packages implement.

The port to a WordPress site, with its values, is in `site`; `GrantStore` is in `store`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from chalicelib.grants.model import Grant

Purpose = Literal["consent", "removal"]


class Sealer(Protocol):
    """
    Encrypts an application password, bound to its grant and its purpose.

    Both methods raise `TryAgain` when the key service cannot be reached.
    """

    def seal(self, plaintext: str, *, grant_id: str, purpose: Purpose) -> bytes: ...

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: Purpose) -> str:
        """Return the plaintext; a ciphertext sealed for another grant or purpose never opens."""


class Notifier(Protocol):
    """Sends each notice of a grant to each reader at least once, and records it on the grant."""

    def send_ended(self, grant: Grant) -> Grant:
        """Send the notice of the end to who has not had it; raise `DeliveryFailed`."""

    def send_overdue(self, grant: Grant, now: int) -> Grant:
        """Ask for help after the third failure. A mail that fails is sent at the next failure."""

    def send_locked(self, grant: Grant) -> Grant:
        """Send the notice of the newest lock, if it is unsent; raise `DeliveryFailed`."""


class OneTimeLinks(Protocol):
    """What a grant does with the one-time secrets that belong to it."""

    def revoke(self, grant: Grant, *, now: int) -> None:
        """Make the unopened secrets of *grant* unreadable; leave opened ones as they are."""

    def extend(self, grant: Grant, *, old_end: int) -> None:
        """Let the unopened secrets of *grant* that expire at *old_end* expire with it instead."""


class RateGate(Protocol):
    """Limits on what a request may cause elsewhere. Both methods raise `TooManyRequests`."""

    def admit_redirect_target(self, typed: str, found: str, *, now: int) -> None:
        """Count a request against the host that *typed* redirects to, before a key goes there."""

    def admit_mail(self, mailbox: str, *, now: int) -> None:
        """Count a mail to *mailbox*; "" counts nothing."""
