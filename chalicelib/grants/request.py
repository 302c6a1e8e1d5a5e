"""What an owner asks for, and what follows from it without asking anyone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field

from chalicelib.errors import InvalidInput
from chalicelib.grants.site import Credentials


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """
    A request for an access that Hallpass makes.

    The owner's page makes every secret in it. `consent` is the owner's login name and application
    password, `password` the support user's; `days` is 1 to 30.
    """

    grant_id: str
    site_url: str
    consent: Credentials
    password: str = field(repr=False)
    days: int
    owner_token: str = field(repr=False)
    support_token: str = field(repr=False)
    owner_email: str = ""

    def fingerprint(self) -> str:
        """
        Return what tells a repeated request from another one under the same id.

        It is keyed with the owner token, of which only a hash is kept, so a copy of the table
        does not help to guess the password that went into it.
        """
        consent = self.consent
        said = [self.site_url, consent.username, consent.password, self.password, self.days]
        message = json.dumps([*said, self.support_token, self.owner_email]).encode()
        return hmac.new(self.owner_token.encode(), message, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class RegisterRequest:
    """A request to track a support user that the owner made by hand: a manual grant."""

    grant_id: str
    site_url: str
    username: str
    days: int
    owner_token: str = field(repr=False)
    support_token: str = field(repr=False)
    owner_email: str

    def fingerprint(self) -> str:
        """Return what tells a repeated request from another one under the same id."""
        said = repr(sorted(asdict(self).items())).encode()
        return hmac.new(self.owner_token.encode(), said, hashlib.sha256).hexdigest()


def require_days(days: int, max_days: int) -> None:
    """Raise `InvalidInput` (field ``days``) unless *days* is 1 to *max_days*."""
    if not 1 <= days <= max_days:
        raise InvalidInput("days", f"Please choose 1 to {max_days} days.")


def support_username(grant_id: str) -> str:
    """
    Return the login name of a grant's support user.

    It follows from the grant, so a repeated set-up cannot choose another. Lower-case letters and
    digits, 16 of them, are valid on every WordPress, networks included.
    """
    digest = hashlib.sha256(f"hallpass user {grant_id}".encode()).digest()
    return "support" + base64.b32encode(digest)[:9].decode().lower().replace("=", "")


def plus_address(email: str, tag: str) -> str:
    """Return *email* with *tag* as its plus-address, so that no two accounts share one."""
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0]}+{tag}@{domain}"
