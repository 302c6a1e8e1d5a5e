"""
One reader for each use case: from the body of its request to the story's own values.

Every reader raises `InvalidInput`, which names the first field that is wrong (`fields`). A field
that no reader asks for is ignored.
"""

from __future__ import annotations

import hashlib
import json
from typing import cast, get_args

from chalicelib.errors import InvalidInput
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.ports import Wish
from chalicelib.grants.request import HoldRequest, ProvisionRequest, RegisterRequest
from chalicelib.grants.site import Credentials
from chalicelib.notifications.ticket import Ticket
from chalicelib.notifications.words import LANGUAGES
from chalicelib.onetime.envelope import IV_BYTES, TAG_BYTES, encode
from chalicelib.onetime.model import MAX_LIFETIME_SECONDS, MIN_LIFETIME_SECONDS, Secret
from chalicelib.patterns import pattern
from chalicelib.settings import MAX_ACCESS_DAYS
from chalicelib.web.fields import (
    Body,
    binary,
    email,
    flag,
    identifier,
    number,
    optional_email,
    optional_identifier,
    optional_text,
    text,
)

MAX_URL_CHARACTERS = 2000  # The longest that every browser handles.
MAX_CIPHERTEXT_BYTES = 10_268  # 10,000 bytes of text, as they are sealed (`shared_keys.frame`).
MIN_CIPHERTEXT_BYTES = IV_BYTES + TAG_BYTES  # An empty text.
MAX_MESSAGE_CHARACTERS = 10_000
MAX_LINE_CHARACTERS = 200  # Names and subjects.
MAX_LINK_CHARACTERS = 500
MAX_HINT_CHARACTERS = 500
MAX_LOGIN_CHARACTERS = 200
# What `sanitize_user` of WordPress leaves when it is strict; the column `user_login` holds 60.
USERNAME = pattern(r"[A-Za-z0-9 _.@-]{1,60}")
MAX_APPLICATION_PASSWORD_CHARACTERS = 100
MIN_PASSWORD_CHARACTERS, MAX_PASSWORD_CHARACTERS = 12, 200
MAX_EPOCH_SECONDS = 2**40
MAX_ZONE_CHARACTERS = 64
TIME_ZONE = pattern(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")  # An IANA name.
MAX_USER_ID = 2**64 - 1  # BIGINT UNSIGNED.
PROOF_BYTES = 32


def check_site(body: Body) -> str:
    """Read ``{"url"}``: an address as a person types it."""
    return text(body, "url", max_length=MAX_URL_CHARACTERS)


def provision(body: Body) -> ProvisionRequest | HoldRequest:
    """Read ``POST /api/users``; with ``{"hold": true}`` the rest may come later."""
    is_hold = body.get("hold") is not None and flag(body, "hold")
    hold = HoldRequest(
        grant_id=identifier(body, "grant_id"),
        site_url=text(body, "site_url", max_length=MAX_URL_CHARACTERS),
        consent=_consent(body),
        owner_token=identifier(body, "owner_token"),
        support_token=identifier(body, "support_token"),
        owner_email=optional_email(body, "owner_email"),
        correspondence=_correspondence(body),
    )
    return hold if is_hold else hold.completed(_password(body), _days(body))


def register(body: Body) -> RegisterRequest:
    """Read ``POST /api/grants``: a user that the owner has made by hand."""
    return RegisterRequest(
        grant_id=identifier(body, "grant_id"),
        site_url=text(body, "site_url", max_length=MAX_URL_CHARACTERS),
        username=_username(body),
        days=_days(body),
        owner_token=identifier(body, "owner_token"),
        support_token=identifier(body, "support_token"),
        owner_email=email(body, "owner_email"),
        correspondence=_correspondence(body),
    )


def repair(body: Body) -> tuple[Credentials, int | None]:
    """Read ``POST /api/grants/{id}/repair``: a new consent, and the id that is confirmed."""
    consent = _consent(body)
    if body.get("confirm") is None:
        return consent, None
    return consent, number(body, "confirm", minimum=1, maximum=MAX_USER_ID)


def extend(body: Body) -> tuple[int, int | None]:
    """
    Read ``{"days", "expires_at"?}``: the days, and the end that the owner saw, in epoch seconds.

    With that end a repetition of the request changes nothing.
    """
    days = _days(body)
    if body.get("expires_at") is None:
        return days, None
    return days, number(body, "expires_at", minimum=0, maximum=MAX_EPOCH_SECONDS)


def renew(body: Body) -> tuple[str, str]:
    """Read ``{"password", "support_token"?}``: the support user's new password, the new link's."""
    return _password(body), optional_identifier(body, "support_token")


def ask(body: Body) -> Wish:
    """Read ``{"for"}``: what support asks the owner for."""
    wanted = text(body, "for", max_length=MAX_LINE_CHARACTERS)
    for wish in get_args(Wish):
        if wanted == wish:
            return cast("Wish", wish)
    raise InvalidInput("for", f"“for” must be one of {', '.join(get_args(Wish))}.")


def confirm(body: Body) -> bool:
    """Read ``{"gone"?}``: whether the owner confirms that the user made by hand is deleted."""
    return False if body.get("gone") is None else flag(body, "gone")


def create_secret(body: Body) -> tuple[Secret, int, str]:
    """Read ``POST /api/secrets``: the secret, its lifetime in seconds, the owner token or ""."""
    secret_id = identifier(body, "id")
    ciphertext = binary(
        body, "ciphertext", min_bytes=MIN_CIPHERTEXT_BYTES, max_bytes=MAX_CIPHERTEXT_BYTES
    )
    access_sha256 = encode(_proof(body, "access_sha256"))
    passphrase = flag(body, "passphrase")
    lifetime = number(
        body, "lifetime_seconds", minimum=MIN_LIFETIME_SECONDS, maximum=MAX_LIFETIME_SECONDS
    )
    grant_id = optional_identifier(body, "grant_id")
    token = identifier(body, "owner_token") if grant_id else ""
    is_shared = not grant_id and body.get("receipt_sha256") is not None
    receipt_sha256 = encode(_proof(body, "receipt_sha256")) if is_shared else ""
    canonical = [secret_id, encode(ciphertext), access_sha256, passphrase, lifetime, grant_id]
    canonical += [receipt_sha256] if is_shared else []
    new = Secret(
        id=secret_id,
        ciphertext=ciphertext,
        access_sha256=access_sha256,
        passphrase=passphrase,
        expires_at=0,
        fingerprint=hashlib.sha256(json.dumps(canonical).encode()).hexdigest(),
        grant_id=grant_id,
        receipt_sha256=receipt_sha256,
    )
    return new, lifetime, token


def open_secret(body: Body) -> tuple[str, str]:
    """Read ``{"access", "claim"}``; return the SHA-256 of each in base64url, as it is stored."""
    return encode(hashlib.sha256(_proof(body, "access")).digest()), _claim(body)


def acknowledge_secret(body: Body) -> str:
    """Read ``{"claim"}``; return its SHA-256 in base64url, as it is stored."""
    return _claim(body)


def send_ticket(body: Body) -> Ticket:
    """Read ``POST /api/tickets``."""
    grant_id = optional_identifier(body, "grant_id")
    return Ticket(
        name=text(body, "name", max_length=MAX_LINE_CHARACTERS),
        email=email(body, "email"),
        subject=text(body, "subject", max_length=MAX_LINE_CHARACTERS),
        message=text(body, "message", max_length=MAX_MESSAGE_CHARACTERS, one_line=False),
        site_url=optional_text(body, "site_url", max_length=MAX_URL_CHARACTERS),
        link=optional_text(body, "link", max_length=MAX_LINK_CHARACTERS),
        password_link=optional_text(body, "password_link", max_length=MAX_LINK_CHARACTERS),
        grant_id=grant_id,
        owner_token=identifier(body, "owner_token") if grant_id else "",
        passphrase_hint=optional_text(body, "passphrase_hint", max_length=MAX_HINT_CHARACTERS),
        sealed_message=_sealed_message(body) if grant_id else b"",
    )


def _sealed_message(body: Body) -> bytes:
    if body.get("sealed_message") in (None, ""):
        return b""
    return binary(
        body, "sealed_message", min_bytes=MIN_CIPHERTEXT_BYTES, max_bytes=MAX_CIPHERTEXT_BYTES
    )


def _days(body: Body) -> int:
    return number(body, "days", minimum=1, maximum=MAX_ACCESS_DAYS)


def _consent(body: Body) -> Credentials:
    """
    Read ``{"user_login", "application_password", "approved_on"?}``, as WordPress gives them out.

    ``approved_on`` is the ``site_url`` of WordPress' return, or the site shown to who pasted a key.
    """
    # WordPress shows application passwords in groups of four; the blanks carry nothing.
    password = text(body, "application_password", max_length=MAX_APPLICATION_PASSWORD_CHARACTERS)
    login = text(body, "user_login", max_length=MAX_LOGIN_CHARACTERS)
    approved_on = optional_text(body, "approved_on", max_length=MAX_URL_CHARACTERS)
    return Credentials(login, password.replace(" ", ""), approved_on)


def _correspondence(body: Body) -> Correspondence:
    """
    Read ``{"language"?, "time_zone"?}``: how the owner is to be written to.

    A browser may know a newer time zone than we do, so any name of that form passes.
    """
    language = optional_text(body, "language", max_length=MAX_LINE_CHARACTERS)
    if language and language not in LANGUAGES:
        raise InvalidInput("language", f"“language” must be one of {', '.join(LANGUAGES)}.")
    time_zone = optional_text(body, "time_zone", max_length=MAX_ZONE_CHARACTERS)
    if time_zone and not TIME_ZONE.fullmatch(time_zone):
        raise InvalidInput("time_zone", "“time_zone” must be a name such as Europe/Berlin.")
    return Correspondence(language, time_zone)


def _claim(body: Body) -> str:
    return encode(hashlib.sha256(identifier(body, "claim").encode()).digest())


def _proof(body: Body, field: str) -> bytes:
    return binary(body, field, min_bytes=PROOF_BYTES, max_bytes=PROOF_BYTES)


def _username(body: Body) -> str:
    """Read a login name that a person typed: as WordPress itself makes them, and nothing else."""
    username = text(body, "username", max_length=MAX_LINE_CHARACTERS)
    if not USERNAME.fullmatch(username):
        raise InvalidInput("username", "That is not a user name of WordPress.")
    return username


def _password(body: Body) -> str:
    """Read the support user's password: long, and without what WordPress refuses."""
    password = text(
        body,
        "password",
        min_length=MIN_PASSWORD_CHARACTERS,
        max_length=MAX_PASSWORD_CHARACTERS,
    )
    if "\\" in password:  # WordPress: rest_user_invalid_password
        raise InvalidInput("password", "A password for WordPress cannot have a backslash.")
    return password
