"""What each request says, read into the story's own values (the shapes are in `shapes`)."""

from __future__ import annotations

import hashlib
import json

from chalicelib.errors import InvalidInput
from chalicelib.grants.request import ProvisionRequest, RegisterRequest
from chalicelib.grants.site import Credentials
from chalicelib.notifications.tickets import Ticket
from chalicelib.onetime.envelope import encode
from chalicelib.onetime.model import MAX_LIFETIME, MIN_LIFETIME, Secret
from chalicelib.web.fields import (
    Body,
    binary,
    email,
    flag,
    identifier,
    number,
    optional_identifier,
    optional_text,
    text,
)

URL = 2000  # Characters; the longest that every browser handles.
SECRET_BYTES = 10 * 1024
MESSAGE = 10_000
MOST_DAYS = 30
LAST_SECOND = 2**40
PROOF_BYTES = 32
LEAST_PASSWORD = 12
SMALLEST_SECRET = 12 + 16  # An empty text: the IV and the tag.


def site_url(body: Body) -> str:
    """Read ``{"url"}``."""
    return text(body, "url", most=URL)


def provision(body: Body) -> ProvisionRequest:
    """Read what ``POST /api/users`` says."""
    return ProvisionRequest(
        grant_id=identifier(body, "grant_id"),
        site_url=text(body, "site_url", most=URL),
        consent=consent(body),
        password=_password(body),
        days=number(body, "days", least=1, most=MOST_DAYS),
        owner_token=identifier(body, "owner_token"),
        support_token=identifier(body, "support_token"),
        owner_email=email(body, "owner_email", required=False),
    )


def consent(body: Body) -> Credentials:
    """Read ``{"user_login", "application_password"}``, as WordPress hands them out."""
    # WordPress shows application passwords in groups of four; the blanks carry nothing.
    password = text(body, "application_password", most=100).replace(" ", "")
    return Credentials(text(body, "user_login", most=200), password)


def register(body: Body) -> RegisterRequest:
    """Read what ``POST /api/grants`` says."""
    return RegisterRequest(
        grant_id=identifier(body, "grant_id"),
        site_url=text(body, "site_url", most=URL),
        username=_username(body),
        days=number(body, "days", least=1, most=MOST_DAYS),
        owner_token=identifier(body, "owner_token"),
        support_token=identifier(body, "support_token"),
        owner_email=email(body, "owner_email"),
    )


def _username(body: Body) -> str:
    """
    Read a login name that a person typed. It goes into mails, so it cannot be an address or a tag.

    WordPress allows letters, digits, blanks and ``_ . - @``; old sites have letters of any script.
    """
    username = text(body, "username", most=60)
    if any(sign in username for sign in "/:<>\"'\\"):
        raise InvalidInput("username", "That is not a user name of WordPress.")
    return username


def _password(body: Body) -> str:
    """Read the support user's password: long, and without what WordPress refuses."""
    password = text(body, "password", least=LEAST_PASSWORD, most=200)
    if "\\" in password:  # WordPress: rest_user_invalid_password
        raise InvalidInput("password", "A password for WordPress cannot have a backslash.")
    return password


def secret(body: Body) -> tuple[Secret, int, str]:
    """Read what ``POST /api/secrets`` says: the secret, its lifetime, the support token."""
    secret_id = identifier(body, "id")
    ciphertext = binary(body, "ciphertext", least=SMALLEST_SECRET, most=SECRET_BYTES)
    access_sha256 = encode(binary(body, "access_sha256", least=PROOF_BYTES, most=PROOF_BYTES))
    passphrase = flag(body, "passphrase")
    lifetime = number(body, "lifetime_seconds", least=MIN_LIFETIME, most=MAX_LIFETIME)
    grant_id = optional_identifier(body, "grant_id")
    token = identifier(body, "support_token") if grant_id else ""
    said = [secret_id, encode(ciphertext), access_sha256, passphrase, lifetime, grant_id]
    new = Secret(
        id=secret_id,
        ciphertext=ciphertext,
        access_sha256=access_sha256,
        passphrase=passphrase,
        expires_at=0,
        fingerprint=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        grant_id=grant_id,
    )
    return new, lifetime, token


def opening(body: Body) -> tuple[str, str]:
    """Read ``{"access", "claim"}``; return what is kept of them, SHA-256 in base64url."""
    proof = binary(body, "access", least=PROOF_BYTES, most=PROOF_BYTES)
    return encode(hashlib.sha256(proof).digest()), claim(body)


def claim(body: Body) -> str:
    """Read ``{"claim"}``; return what is kept of it, SHA-256 in base64url."""
    return encode(hashlib.sha256(identifier(body, "claim").encode()).digest())


def ticket(body: Body) -> Ticket:
    """Read what ``POST /api/tickets`` says."""
    grant_id = optional_identifier(body, "grant_id")
    return Ticket(
        name=text(body, "name", most=200),
        email=email(body, "email"),
        subject=text(body, "subject", most=200),
        message=text(body, "message", most=MESSAGE, one_line=False),
        site_url=optional_text(body, "site_url", most=URL),
        link=optional_text(body, "link", most=500),
        grant_id=grant_id,
        owner_token=identifier(body, "owner_token") if grant_id else "",
        passphrase_hint=optional_text(body, "passphrase_hint", most=500),
    )


def extension(body: Body) -> tuple[int, int | None]:
    """Read ``{"days", "expires_at"?}``: the end that the owner saw makes a repetition harmless."""
    seen = body.get("expires_at")
    return (
        number(body, "days", least=1, most=MOST_DAYS),
        None if seen is None else number(body, "expires_at", least=0, most=LAST_SECOND),
    )


def says_gone(body: Body) -> bool:
    """Read ``{"gone"}``: the owner says that a user made by hand is gone. False when absent."""
    return False if body.get("gone") is None else flag(body, "gone")
