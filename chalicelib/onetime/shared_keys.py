"""
One Time Secret's two keys, and what derives from them, one way down.

    M  metadata_key  31 of [0-9a-z], random below 36^31 (160.3 bits): its maker's capability
    K  secret_key    HKDF-SHA256(M, "", "hallpass/v1 ots secret", 40) mod 36^31: its reader's
    R  receipt proof HKDF-SHA256(M, "", "hallpass/v1 ots receipt", 32): its SHA-256 is stored
    L  link key      HKDF-SHA256(K, "", "hallpass/v1 ots link", 32): `envelope` takes it from here

The receipt of One Time Secret's API names the secret key while the secret waits. Because K derives
from M, that needs nothing stored; K does not give M, so a reader can neither burn nor watch. The
reduction of 320 bits modulo 36^31 has a bias below 2^-159. `tests/onetimesecret/vectors.json` binds
this module and the pages' ``shared-key.js``.
"""

from __future__ import annotations

import secrets

from chalicelib.onetime.envelope import KEY_BYTES, PADDING_BYTES, Link, hkdf
from chalicelib.patterns import pattern

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
KEY_DIGITS = 31
KEY = pattern(r"[0-9a-z]{31}")
_KEY_COUNT = len(DIGITS) ** KEY_DIGITS
_END_OF_TEXT = b"\x80"


def new_metadata_key() -> str:
    """Return a random metadata key."""
    return _digits(secrets.randbelow(_KEY_COUNT))


def secret_key_of(metadata_key: str) -> str:
    """Return the secret key that derives from *metadata_key*."""
    derived = hkdf(metadata_key.encode(), b"", b"hallpass/v1 ots secret", 40)
    return _digits(int.from_bytes(derived, "big") % _KEY_COUNT)


def receipt_proof_of(metadata_key: str) -> bytes:
    """Return the 32 bytes that prove the metadata key."""
    return hkdf(metadata_key.encode(), b"", b"hallpass/v1 ots receipt", KEY_BYTES)


def link_of(secret_key: str, passphrase: str = "") -> Link:
    """Return the link of *secret_key*; a *passphrase* costs 600,000 rounds of PBKDF2."""
    return Link.derive(
        hkdf(secret_key.encode(), b"", b"hallpass/v1 ots link", KEY_BYTES), passphrase
    )


def frame(text: str) -> bytes:
    """
    Return *text* as UTF-8, then 0x80, then zeros to a multiple of 256 bytes (ISO/IEC 7816-4).

    Unlike padding with blanks, it keeps the blanks at the end of a text.

    Raises:
        UnicodeEncodeError: *text* holds half of a surrogate pair.
    """
    data = text.encode() + _END_OF_TEXT
    return data + bytes(-len(data) % PADDING_BYTES)


def unframe(data: bytes) -> str:
    """
    Return the text that `frame` got.

    Raises:
        ValueError: *data* has no frame, or is not UTF-8.
    """
    body, mark, rest = data.rpartition(_END_OF_TEXT)
    if not mark or rest.strip(b"\0"):
        raise ValueError("Not framed.")
    return body.decode()


def _digits(number: int) -> str:
    out = ""
    for _ in range(KEY_DIGITS):
        number, digit = divmod(number, len(DIGITS))
        out = DIGITS[digit] + out
    return out
