"""What an owner asks for, and what follows from it without a call to a port."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from chalicelib.errors import InvalidInput
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.site import Credentials
from chalicelib.values import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """
    A consent that came back from the site, before its owner has said what to do with it.

    Site, consent and tokens are those of the request that makes the access; `owner_email` may come
    later.
    """

    grant_id: str
    site_url: str
    consent: Credentials
    owner_token: str = field(repr=False)
    support_token: str = field(repr=False)
    owner_email: str = ""
    correspondence: Correspondence = field(default_factory=Correspondence)

    def completed(self, password: str, days: int) -> ProvisionRequest:
        """Return the request that makes the access; `password` is the support user's."""
        tokens = (self.owner_token, self.support_token)
        return ProvisionRequest(
            self.grant_id,
            self.site_url,
            self.consent,
            password,
            days,
            *tokens,
            self.owner_email,
            self.correspondence,
        )

    def fingerprint(self) -> str:
        """Return what a repeated hold and the request that completes it have in common."""
        consent = self.consent
        canonical = ["hold", self.site_url, consent.username, consent.password, self.support_token]
        return _keyed(self.owner_token, json.dumps(canonical))


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
    correspondence: Correspondence = field(default_factory=Correspondence)

    def fingerprint(self) -> str:
        """
        Return what distinguishes a repeated request from another one under the same id.

        It is keyed with the owner token, of which only a hash is kept, so a copy of the table
        does not help to guess the password that went into it.
        """
        consent = self.consent
        canonical = [self.site_url, consent.username, consent.password, self.password, self.days]
        message = json.dumps([*canonical, self.support_token, self.owner_email])
        return _keyed(self.owner_token, message)

    def hold(self) -> HoldRequest:
        """Return the hold that may have come before this request."""
        tokens = (self.owner_token, self.support_token)
        hold = (self.grant_id, self.site_url, self.consent, *tokens)
        return HoldRequest(*hold, self.owner_email, self.correspondence)


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
    correspondence: Correspondence = field(default_factory=Correspondence)

    def fingerprint(self) -> str:
        """
        Return what distinguishes a repeated request from another one under the same id.

        In another language it is still the same request.
        """
        canonical = {
            name: value for name, value in asdict(self).items() if name != "correspondence"
        }
        return _keyed(self.owner_token, repr(sorted(canonical.items())))


def _keyed(owner_token: str, canonical: str) -> str:
    return hmac.new(owner_token.encode(), canonical.encode(), hashlib.sha256).hexdigest()


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
