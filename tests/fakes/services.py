"""Fakes of KMS, SES and the clock of an invocation; they record, and fail when a test wants it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from chalicelib.clock import TimeBudget
from chalicelib.errors import DeliveryFailed, TryAgain
from chalicelib.notifications.announcements import Announcement
from chalicelib.notifications.message import Mail


class StillBudget(TimeBudget):
    """A budget of which our own work takes no time, so that a busy machine changes no outcome."""

    def spent(self) -> float:
        return 0.0


class FakeSealer:
    """Seals by writing down what it was sealed for, and refuses any other use."""

    def __init__(self) -> None:
        self.down = False

    def seal(self, plaintext: str, *, grant_id: str, purpose: str) -> bytes:
        if self.down:
            raise TryAgain
        return base64.b64encode(json.dumps([grant_id, purpose, plaintext]).encode())

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: str) -> str:
        if self.down:
            raise TryAgain
        sealed_for = json.loads(base64.b64decode(sealed))
        if sealed_for[:2] != [grant_id, purpose]:
            raise TryAgain
        return str(sealed_for[2])


class FakeOutbox:
    """Keeps the mails; refuses those to an address in `refusing`."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.refusing: set[str] = set()

    def send(self, mail: Mail) -> str:
        if mail.to in self.refusing:
            raise DeliveryFailed("The mail could not be sent. Please try again.")
        self.sent.append(mail)
        return f"<{len(self.sent)}@fake.example>"

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.sent if mail.to == address]


class FakeEventBus:
    """Keeps announcements; takes none while it is `down`."""

    def __init__(self) -> None:
        self.taken: list[Announcement] = []
        self.down = False

    def put(self, announcements: Sequence[Announcement]) -> None:
        if self.down:
            raise TryAgain
        self.taken += announcements
