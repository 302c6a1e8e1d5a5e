"""
What the bodies of requests must look like.

Each reader takes a field by name and returns it with its type, or raises `InvalidInput` that names
the field in a sentence a person understands. No value is ever repeated in a message: it may be a
password in the wrong field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.errors import InvalidInput
from chalicelib.onetime.envelope import decode

IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{22,128}")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0085\u2028\u2029]")
# One local part, one @, one domain with a dot: what every mail system accepts. Quoted local parts
# and comments (RFC 5322) are left out on purpose; nobody types them and mailers trip over them.
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")

Body = Mapping[str, Any]


def text(body: Body, field: str, *, most: int, least: int = 1, one_line: bool = True) -> str:
    """Return a string of *least* to *most* characters without control characters."""
    value = body.get(field)
    if value is None:
        raise InvalidInput(field, f"Please fill in “{field}”.")
    if not isinstance(value, str):
        raise InvalidInput(field, f"“{field}” must be text.")
    if len(value.strip()) < least:
        raise InvalidInput(field, f"“{field}” is too short.")
    if len(value) > most:
        raise InvalidInput(field, f"“{field}” is too long; {most} characters are allowed.")
    if CONTROL.search(value) or (one_line and ("\n" in value or "\r" in value)):
        raise InvalidInput(field, f"“{field}” has characters that do not belong there.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(field, f"“{field}” has characters that do not belong there.") from None
    return value


def optional_text(body: Body, field: str, *, most: int, one_line: bool = True) -> str:
    """Return a string like `text`, or "" when the field is absent, null or empty."""
    if body.get(field) in (None, ""):
        return ""
    return text(body, field, most=most, one_line=one_line)


def email(body: Body, field: str, *, required: bool = True) -> str:
    """Return one e-mail address, or "" when it is absent and not *required*."""
    value = text(body, field, most=254) if required else optional_text(body, field, most=254)
    if value and not EMAIL.fullmatch(value):
        raise InvalidInput(field, "Please check the e-mail address.")
    return value


def identifier(body: Body, field: str) -> str:
    """Return an id or token: 22 to 128 characters of base64url; 22 carry 128 bits."""
    value = text(body, field, most=128)
    if not IDENTIFIER.fullmatch(value):
        raise InvalidInput(field, f"“{field}” must have 22 to 128 letters, digits, - or _.")
    return value


def optional_identifier(body: Body, field: str) -> str:
    """Return an id or token, or "" when the field is absent, null or empty."""
    return "" if body.get(field) in (None, "") else identifier(body, field)


def number(body: Body, field: str, *, least: int, most: int) -> int:
    """Return a whole number from *least* to *most*; true and 3.0 are not whole numbers."""
    value = body.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(field, f"“{field}” must be a whole number.")
    if not least <= value <= most:
        raise InvalidInput(field, f"“{field}” must be from {least} to {most}.")
    return value


def flag(body: Body, field: str) -> bool:
    """Return true or false."""
    value = body.get(field)
    if not isinstance(value, bool):
        raise InvalidInput(field, f"“{field}” must be true or false.")
    return value


def binary(body: Body, field: str, *, least: int, most: int) -> bytes:
    """Return the *least* to *most* bytes behind base64url without padding."""
    value = body.get(field)
    if not isinstance(value, str):
        raise InvalidInput(field, f"“{field}” must be base64url text.")
    if len(value) > most * 4 // 3 + 4:
        raise InvalidInput(field, f"“{field}” is too long; {most} bytes are allowed.")
    try:
        data = decode(value)
    except ValueError:
        raise InvalidInput(field, f"“{field}” must be base64url without padding.") from None
    if not least <= len(data) <= most:
        raise InvalidInput(field, f"“{field}” must have {least} to {most} bytes.")
    return data
