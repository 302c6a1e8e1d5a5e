"""
Errors that a caller may meet.

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
  - DeliveryFailed       a mail was not accepted
  - TryAgain             ours, not yours: a moment later the same request works

`KeyRefused` stays inside: the story turns it into what it means at that point.

Messages reach people and logs. They never hold a password, a token or a key. `code` is the stable
name that pages and outside programs switch on; `web.endpoint` alone decides which HTTP status goes
with it. All times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import ClassVar

from chalicelib.values import dataclass


class HallpassError(Exception):
    """
    Superclass of all errors here. Never raised directly.

    `message` is one plain sentence for the person who meets it. The other attributes of an error
    are its details for the caller, and never a secret.
    """

    code: ClassVar[str]
    message: str

    def __init__(self, message: str) -> None:
        self.message = message

    def __str__(self) -> str:
        return self.message

    def details(self) -> dict[str, object]:
        """Return the details by name; those that have a default only when they differ from it."""
        defaults = vars(type(self))
        return {
            name: value
            for name, value in vars(self).items()
            if name != "message" and (name not in defaults or value != defaults[name])
        }


@dataclass(eq=False)
class InvalidInput(HallpassError):
    """A field of the request is missing, of the wrong type, or out of range."""

    code = "invalid_input"
    field: str
    message: str


@dataclass(eq=False)
class NotFound(HallpassError):
    """
    The same for an unknown id and a wrong token, so a caller cannot distinguish them.

    Of a secret that is still remembered, `reason` says why it cannot be opened any more
    (``burned``, ``expired`` or ``ended``), `since` from when on, and `grant_id` which access it
    belonged to, for whoever can prove to hold its link.
    """

    code = "not_found"
    message: str = "There is nothing here, or it is over."
    _: KW_ONLY
    reason: str = ""
    since: int = 0
    grant_id: str = ""

    def details(self) -> dict[str, object]:
        """Return the fields for the response, by the names that the API has for them."""
        names = {"reason": "gone", "since": "at"}  # The API calls them so.
        return {names.get(name, name): value for name, value in super().details().items()}


class GrantExists(HallpassError):
    """The grant id belongs to a request with other details."""

    code = "grant_exists"


class SecretExists(HallpassError):
    """The secret id belongs to a request with other details."""

    code = "secret_exists"


class GrantEnded(HallpassError):
    """The access is over, or its set-up took too long and was undone."""

    code = "grant_ended"


@dataclass(eq=False)
class ConsentRejected(HallpassError):
    """
    The site treated the consent key like no key: as a visitor who is not signed in.

    `reason`, where it shows: ``checked_by_plugin``, ``login_not_taken`` or ``mistyped``.
    """

    code = "consent_rejected"
    message: str
    _: KW_ONLY
    reason: str = ""


class NotAdministrator(HallpassError):
    """The consent key works, but its holder may not create and delete users."""

    code = "not_administrator"


@dataclass(eq=False)
class KeyRefused(HallpassError):
    """
    The site does not accept an application password that was good before.

    `by_plugin`: something else than WordPress takes it for the account's own password.
    """

    code = "key_refused"
    message: str
    _: KW_ONLY
    by_plugin: bool = False


@dataclass(eq=False)
class SiteUnsupported(HallpassError):
    """
    The site cannot use Hallpass until something changes.

    `reason` is a stable name of `site_problems`; `fix` is what the owner can do, in one or two
    sentences. `key_left`: the consent key could not be deleted, so its owner has to do it.
    """

    code = "site_unsupported"
    reason: str
    message: str
    fix: str
    _: KW_ONLY
    key_left: bool = False


@dataclass(eq=False)
class SiteUnavailable(HallpassError):
    """The site gave no usable answer this time. `reason` is a stable name of `site_problems`."""

    code = "site_unavailable"
    reason: str
    message: str

    @property
    def slow(self) -> bool:
        """Whether only time ran out, so that going on later is likely to help."""
        return self.reason == "timeout"


@dataclass(eq=False)
class AlreadyOpened(HallpassError):
    """A reader opened this secret at `opened_at`."""

    code = "already_opened"
    opened_at: int
    message: str = "This link has been opened already, and it opens only once."


@dataclass(eq=False)
class WrongPassphrase(HallpassError):
    """The secret is untouched; one try has been spent, and `tries_left` remain."""

    code = "wrong_passphrase"
    tries_left: int
    message: str = "That passphrase is not right."


@dataclass(eq=False)
class Locked(HallpassError):
    """Too many wrong passphrases; all tries come back at `unlocks_at`."""

    code = "locked"
    unlocks_at: int
    message: str = "Too many wrong passphrases. Please wait half an hour and try again."

    def details(self) -> dict[str, object]:
        """Return what every error has, and that no try is left."""
        return {"tries_left": 0, **super().details()}


@dataclass(eq=False)
class TooManyRequests(HallpassError):
    """A limit was reached. `retry_after` is in seconds from now."""

    code = "too_many_requests"
    retry_after: int
    message: str = "That was a lot at once. Please wait a little and try again."


@dataclass(eq=False)
class DeliveryFailed(HallpassError):
    """
    A message could not be handed to the mail system. The same request again is safe.

    `support_has_it`: only the owner's confirmation is missing.
    """

    code = "delivery_failed"
    message: str
    _: KW_ONLY
    support_has_it: bool = False


@dataclass(eq=False)
class TryAgain(HallpassError):
    """A part of ours is busy or down for the moment. The same request again is safe."""

    code = "try_again"
    message: str = "We are busy at the moment. Please try again in a minute."
