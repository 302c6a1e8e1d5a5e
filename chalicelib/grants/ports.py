"""
What the story of a grant needs of others: ports, which adapters and other packages implement.

The port to a WordPress site, with its values, is in `site`; `GrantStore` is in `store`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from chalicelib.grants.due_order import Due, Queue
from chalicelib.grants.model import Grant
from chalicelib.grants.store import Unrecorded

Purpose = Literal["consent", "removal"]
Wish = Literal["link", "time"]


class Sealer(Protocol):
    """
    Encrypts an application password, bound to its grant and its purpose.

    Both methods raise `TryAgain` when the key service cannot be reached.
    """

    def seal(self, plaintext: str, *, grant_id: str, purpose: Purpose) -> bytes:
        """Return the ciphertext, which opens with the same grant and purpose only."""

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: Purpose) -> str:
        """Return the plaintext; a ciphertext sealed for another grant or purpose never opens."""


class Notifier(Protocol):
    """Sends each notice of a grant to each reader at least once, and records it on the grant."""

    def add_receipt(self, unrecorded: Unrecorded) -> str:
        """Return an owner token for a mail to come, which works once *unrecorded* is written."""

    def send_ended(self, unrecorded: Unrecorded, receipt: str, now: int) -> None:
        """
        Send the notice of the end to each reader who lacks it; *unrecorded* gets what was sent.

        *receipt* is what `add_receipt` returned, and recorded; without it, "", a new one is made.

        Raises:
            DeliveryFailed, TooManyRequests: One was not accepted; the others were sent.
        """

    def send_overdue(self, grant: Grant, now: int) -> Grant:
        """Ask for help after the third failure. A mail that fails is sent at the next failure."""

    def send_locked(self, unrecorded: Unrecorded, now: int) -> None:
        """
        Send the notice of the newest lock, if it is unsent.

        Raises:
            DeliveryFailed, TooManyRequests: It was not accepted.
        """

    def send_opened(self, unrecorded: Unrecorded, now: int) -> None:
        """Send the notice of the newest opening, if it is unsent; raise as `send_locked`."""

    def send_asked(self, grant: Grant, wish: Wish, now: int) -> None:
        """Send support's request to the owner; raise as `send_locked`."""


class DueQueue(Protocol):
    """Carries ids of grants to workers: each at least once, in any order."""

    def send(self, due: Sequence[Due], *, queue: Queue, correlation_id: str) -> Sequence[Due]:
        """
        Send the ids of *due*; return those that the queue has taken.

        *correlation_id* goes with each, for the log.

        Raises:
            TryAgain: The queue took none.
        """


class OneTimeLinks(Protocol):
    """What a grant does with the one-time secrets that belong to it."""

    def revoke(self, grant: Grant, *, now: int) -> None:
        """Make the unopened secrets of *grant* unreadable; leave opened ones as they are."""

    def burn_links(self, secret_ids: Iterable[str], grant: Grant, now: int) -> None:
        """Revoke those of *secret_ids* that are unopened secrets of *grant*, and record it."""

    def extend(self, grant: Grant, *, old_end: int) -> None:
        """Let the unopened secrets of *grant* that expire at *old_end* expire with it instead."""


class RateGate(Protocol):
    """Limits on keys that are sent to a site and on new grants."""

    def admit_key(
        self, url: str, *, now: int, every_network: bool = True
    ) -> AbstractContextManager[None]:
        """
        Count the key that the body of the `with` statement sends to *url*, if it is refused.

        Without *every_network* only the network of the visitor can be over its limit.

        Raises:
            TooManyRequests: That site has refused too many keys. The body does not run.
        """

    def admit_grant(self, site_url: str, *, now: int) -> None:
        """
        Count a new grant of the visitor's network, in all and for the host of *site_url*.

        Raises:
            TooManyRequests: The network has made too many today.
        """
