"""
Errors a caller may meet.

* HallpassError
  - InvalidInput         the request is wrong; `field` says where
  - NotFound             no such thing, or not yours: never say which
  - GrantExists          another request has this grant id
  - SecretExists         another request has this secret id
  - ConsentRejected      the site does not accept the consent key
  - NotAdministrator     the consent key's holder may not do what is needed
  - SiteUnsupported      this site cannot use Hallpass until something changes
  - SiteUnavailable      the site gave no usable answer; trying again may help
  - GrantEnded           the access is over; a new one needs a new consent
  - AlreadyOpened        a one-time secret was opened before
  - WrongPassphrase      wrong, and one try fewer
  - Locked               too many wrong passphrases
  - TooManyRequests      a limit was reached
  - DeliveryFailed       a mail could not be handed over
  - TryAgain             ours, not yours: a moment later the same request works

`KeyRefused` stays inside: the story turns it into what it means at that point.

Messages reach people and logs. They never hold a password, a token or a key.
`code` is the stable name that pages and outside programs switch on; which HTTP
status goes with it is decided in `web`, and only there.
"""

from __future__ import annotations

from typing import ClassVar


class HallpassError(Exception):
    """
    Superclass of all errors here. Never raised directly.

    Attributes:
        code: Stable snake_case name.
        message: One plain sentence for the person who meets it.
    """

    code: ClassVar[str]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def details(self) -> dict[str, object]:
        """Further fields for the caller; never a secret."""
        return {}


class InvalidInput(HallpassError):
    """A field of the request is missing, of the wrong type, or out of range."""

    code = "invalid_input"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def details(self) -> dict[str, object]:
        return {"field": self.field}


class NotFound(HallpassError):
    """
    Unknown id and wrong token look alike, so neither can be told from the answer.

    Of a secret that was there and is still remembered, `gone` says why it is not any more
    (``burned``, ``expired`` or ``ended``), `at` since when, in epoch seconds, and `grant_id` which
    access it belonged to, for whoever can prove to hold its link.
    """

    code = "not_found"

    def __init__(
        self,
        message: str = "There is nothing here, or it is over.",
        *,
        gone: str = "",
        at: int = 0,
        grant_id: str = "",
    ) -> None:
        super().__init__(message)
        self.gone, self.at, self.grant_id = gone, at, grant_id

    def details(self) -> dict[str, object]:
        if not self.gone:
            return {}
        told: dict[str, object] = {"gone": self.gone, "at": self.at}
        return {**told, "grant_id": self.grant_id} if self.grant_id else told


class GrantExists(HallpassError):
    """The grant id is taken by a request that said something else."""

    code = "grant_exists"


class SecretExists(HallpassError):
    """The secret id is taken by a request that said something else."""

    code = "secret_exists"


class GrantEnded(HallpassError):
    """The access is over, or its set-up took too long and was undone."""

    code = "grant_ended"


class ConsentRejected(HallpassError):
    """The site answered as if nobody had signed in with the consent key."""

    code = "consent_rejected"


class NotAdministrator(HallpassError):
    """The consent key works, but its holder may not create and delete users."""

    code = "not_administrator"


class SiteUnsupported(HallpassError):
    """
    The site cannot use Hallpass until something changes.

    Attributes:
        reason: Stable name, such as ``multisite`` or ``app_passwords_off``.
        fix: What the owner can do, in one or two sentences.
        key_left: Whether the consent key could not be taken back, so that its owner has to.
    """

    code = "site_unsupported"

    def __init__(self, reason: str, message: str, fix: str = "", *, key_left: bool = False) -> None:
        super().__init__(message)
        self.reason, self.fix, self.key_left = reason, fix, key_left

    def details(self) -> dict[str, object]:
        told: dict[str, object] = {"reason": self.reason, "fix": self.fix}
        return {**told, "key_left": True} if self.key_left else told


class SiteUnavailable(HallpassError):
    """
    The site gave no usable answer this time.

    Attributes:
        reason: ``timeout``, ``unreachable``, ``server_error``, ``maintenance``, ``firewall``
            or ``odd_answer``.
        slow: True when only time ran out, so that going on later is likely to help.
    """

    code = "site_unavailable"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    @property
    def slow(self) -> bool:
        return self.reason == "timeout"

    def details(self) -> dict[str, object]:
        return {"reason": self.reason}


class KeyRefused(HallpassError):
    """The site does not accept an application password that was good before."""

    code = "key_refused"


class AlreadyOpened(HallpassError):
    """Someone has opened this secret. `opened_at` is in epoch seconds."""

    code = "already_opened"

    def __init__(self, opened_at: int) -> None:
        super().__init__("This link has been opened already, and it opens only once.")
        self.opened_at = opened_at

    def details(self) -> dict[str, object]:
        return {"opened_at": self.opened_at}


class WrongPassphrase(HallpassError):
    """The secret is untouched; one try has been spent."""

    code = "wrong_passphrase"

    def __init__(self, tries_left: int) -> None:
        super().__init__("That passphrase is not right.")
        self.tries_left = tries_left

    def details(self) -> dict[str, object]:
        return {"tries_left": self.tries_left}


class Locked(HallpassError):
    """Too many wrong passphrases. `unlocks_at` is in epoch seconds."""

    code = "locked"

    def __init__(self, unlocks_at: int) -> None:
        super().__init__("Too many wrong passphrases. Please wait half an hour and try again.")
        self.unlocks_at = unlocks_at

    def details(self) -> dict[str, object]:
        return {"tries_left": 0, "unlocks_at": self.unlocks_at}


class TooManyRequests(HallpassError):
    """A limit was reached. `retry_after` is in seconds."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__("That was a lot at once. Please wait a little and try again.")
        self.retry_after = retry_after

    def details(self) -> dict[str, object]:
        return {"retry_after": self.retry_after}


class DeliveryFailed(HallpassError):
    """
    A message could not be handed to the mail system. The same request again is safe.

    `support_has_it` is true when only the owner's confirmation is missing.
    """

    code = "delivery_failed"

    def __init__(self, message: str, *, support_has_it: bool = False) -> None:
        super().__init__(message)
        self.support_has_it = support_has_it

    def details(self) -> dict[str, object]:
        return {"support_has_it": True} if self.support_has_it else {}


class TryAgain(HallpassError):
    """A part of ours is busy or down for the moment. The same request again is safe."""

    code = "try_again"

    def __init__(
        self, message: str = "We are busy at the moment. Please try again in a minute."
    ) -> None:
        super().__init__(message)
