"""
Readers for single JSON fields: value with its type, or `InvalidInput` naming the field.

Each reader takes the request's JSON object and the name of a field. The message is one sentence
that a person understands; it never repeats the value, which may be a password in the wrong field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.errors import InvalidInput
from chalicelib.onetime.envelope import decode
from chalicelib.patterns import pattern

MAX_EMAIL_CHARACTERS = 254  # RFC 5321, section 4.5.3.1.3, without its angle brackets.
MAX_IDENTIFIER_CHARACTERS = 128
IDENTIFIER = pattern(r"[A-Za-z0-9_-]{22,128}")
CONTROL = pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0085\u2028\u2029]")
# One local part, one @, one domain with a dot: what every mail system accepts. Quoted local parts
# and comments (RFC 5322) are left out on purpose; people do not type them and mailers reject them.
EMAIL = pattern(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")

Body = Mapping[str, Any]


def text(
    body: Body, field: str, *, max_length: int, min_length: int = 1, one_line: bool = True
) -> str:
    """
    Return a string of *min_length* to *max_length* characters without control characters.

    Blanks at both ends do not count for *min_length*, but stay. Line breaks pass unless *one_line*.
    """
    value = body.get(field)
    if value is None:
        raise InvalidInput(field, f"Please fill in “{field}”.")
    if not isinstance(value, str):
        raise InvalidInput(field, f"“{field}” must be text.")
    if len(value.strip()) < min_length:
        raise InvalidInput(field, f"“{field}” is too short.")
    if len(value) > max_length:
        raise InvalidInput(field, f"“{field}” is too long; {max_length} characters are allowed.")
    if CONTROL.search(value) or (one_line and ("\n" in value or "\r" in value)):
        raise InvalidInput(field, f"“{field}” has characters that do not belong there.")
    try:
        value.encode()  # JSON can hold half of a surrogate pair, which UTF-8 cannot.
    except UnicodeEncodeError:
        raise InvalidInput(field, f"“{field}” has characters that do not belong there.") from None
    return value


def optional_text(body: Body, field: str, *, max_length: int) -> str:
    """Return one line like `text`, or "" when the field is absent, null or empty."""
    return "" if body.get(field) in (None, "") else text(body, field, max_length=max_length)


def email(body: Body, field: str) -> str:
    """Return one e-mail address."""
    value = text(body, field, max_length=MAX_EMAIL_CHARACTERS)
    if not EMAIL.fullmatch(value):
        raise InvalidInput(field, "Please check the e-mail address.")
    return value


def optional_email(body: Body, field: str) -> str:
    """Return one e-mail address, or "" when the field is absent, null or empty."""
    return "" if body.get(field) in (None, "") else email(body, field)


def identifier(body: Body, field: str) -> str:
    """Return an id or token: 22 to 128 characters of base64url; 22 carry 128 bits."""
    value = text(body, field, max_length=MAX_IDENTIFIER_CHARACTERS)
    if not IDENTIFIER.fullmatch(value):
        raise InvalidInput(field, f"“{field}” must have 22 to 128 letters, digits, - or _.")
    return value


def optional_identifier(body: Body, field: str) -> str:
    """Return an id or token, or "" when the field is absent, null or empty."""
    return "" if body.get(field) in (None, "") else identifier(body, field)


def number(body: Body, field: str, *, minimum: int, maximum: int) -> int:
    """Return a whole number from *minimum* to *maximum*; true and 3.0 are not whole numbers."""
    value = body.get(field)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(field, f"“{field}” must be a whole number.")
    if not minimum <= value <= maximum:
        raise InvalidInput(field, f"“{field}” must be from {minimum} to {maximum}.")
    return value


def flag(body: Body, field: str) -> bool:
    """Return true or false."""
    value = body.get(field)
    if not isinstance(value, bool):
        raise InvalidInput(field, f"“{field}” must be true or false.")
    return value


def binary(body: Body, field: str, *, min_bytes: int, max_bytes: int) -> bytes:
    """Return the *min_bytes* to *max_bytes* bytes behind base64url without padding."""
    value = body.get(field)
    if not isinstance(value, str):
        raise InvalidInput(field, f"“{field}” must be base64url text.")
    if len(value) > max_bytes * 4 // 3 + 4:
        raise InvalidInput(field, f"“{field}” is too long; {max_bytes} bytes are allowed.")
    try:
        data = decode(value)
    except ValueError:
        raise InvalidInput(field, f"“{field}” must be base64url without padding.") from None
    if not min_bytes <= len(data) <= max_bytes:
        raise InvalidInput(field, f"“{field}” must have {min_bytes} to {max_bytes} bytes.")
    return data
