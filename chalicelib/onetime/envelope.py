"""
The sealed-link format, version 1: the Python twin of ``frontend/js/shared/envelope.js``.

The browser seals and opens; this twin is for programs and tests. ``tests/vectors.json`` binds both
to the same bytes. A link key is 32 random bytes, and all else derives from it (F, id, pw, K, access
and support of the format):

    id       HKDF-SHA256(F, salt="", info="hallpass/v1 id", 16)
    pw       PBKDF2-HMAC-SHA256(NFC(passphrase), salt=HKDF(F, "", "hallpass/v1 salt", 16), 600000)
    K        HKDF-SHA256(F, salt=pw, info="hallpass/v1 key", 32): AES-256-GCM, AAD "hallpass/v1 id"
    access   HKDF-SHA256(F, salt=pw, info="hallpass/v1 access", 32)
    support  HKDF-SHA256(F, salt="", info="hallpass/v1 support", 32)

`pw` is empty without a passphrase. Binary values are base64url without padding. Deriving needs the
standard library only. Sealing and opening load OpenSSL (`aes_gcm`) when they are called: in the
Lambdas only One Time Secret's API, whose clients send plain text, calls them. A
link key passes through the Lambdas in a ticket, too, and they keep neither it nor what it opens.

Sources: RFC 5869 (HKDF), RFC 8018 (PBKDF2), NIST SP 800-38D (AES-GCM), RFC 4648 §5 (base64url).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata

from chalicelib.values import dataclass, field

PBKDF2_ROUNDS = 600_000
PADDING_BYTES = 256  # Plaintext is padded to a multiple of this, so its length says little.
IV_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Link:
    """
    What derives from a link key and, if there is one, a passphrase.

    `access` proves link and passphrase; `support` proves the link alone, and may end its grant.
    `key` (K of the format, 32 bytes) never leaves the reader's machine. The others are base64url.
    """

    id: str
    key: bytes = field(repr=False)
    access: str = field(repr=False)
    support: str = field(repr=False)

    @classmethod
    def derive(cls, link_key: bytes, passphrase: str | None = None) -> Link:
        """
        Derive all from *link_key*, 32 random bytes. A *passphrase* costs 600,000 rounds of PBKDF2.

        Raises:
            ValueError: *link_key* has another length.
        """
        if len(link_key) != KEY_BYTES:
            raise ValueError("A link key has 32 bytes.")
        pw = b""
        if passphrase:
            # Keyboards differ in how they compose an é; NFC makes the bytes the same.
            normalized = unicodedata.normalize("NFC", passphrase).encode()
            salt = hkdf(link_key, b"", b"hallpass/v1 salt", 16)
            pw = hashlib.pbkdf2_hmac("sha256", normalized, salt, PBKDF2_ROUNDS, KEY_BYTES)
        return cls(
            id=encode(hkdf(link_key, b"", b"hallpass/v1 id", 16)),
            key=hkdf(link_key, pw, b"hallpass/v1 key", KEY_BYTES),
            access=encode(hkdf(link_key, pw, b"hallpass/v1 access", KEY_BYTES)),
            support=encode(hkdf(link_key, b"", b"hallpass/v1 support", KEY_BYTES)),
        )

    @property
    def access_sha256(self) -> str:
        """What the server stores of `access`: SHA-256 of its 32 bytes, as base64url."""
        return proof_hash(self.access)

    def seal(self, plaintext: str, iv: bytes) -> bytes:
        """Return IV ‖ AES-256-GCM of the padded *plaintext*. Never use a 12-byte *iv* twice."""
        text = plaintext.encode()
        return self.seal_bytes(text + b" " * (-len(text) % PADDING_BYTES), iv)

    def open(self, ciphertext: bytes) -> str:
        """
        Return the plaintext with its padding.

        Raises:
            ValueError: Not sealed for this link and passphrase, or altered.
        """
        return self.open_bytes(ciphertext).decode()

    def seal_bytes(self, plain: bytes, iv: bytes) -> bytes:
        """Return IV ‖ AES-256-GCM of *plain* as it is. Never use a 12-byte *iv* twice."""
        from chalicelib.onetime import aes_gcm  # noqa: PLC0415 - a cold start must not pay for it

        return iv + aes_gcm.encrypt(self.key, iv, plain, self._associated())

    def open_bytes(self, sealed: bytes) -> bytes:
        """
        Return what `seal_bytes` got.

        Raises:
            ValueError: Not sealed for this link and passphrase, or altered.
        """
        from chalicelib.onetime import aes_gcm  # noqa: PLC0415 - see `seal_bytes`

        iv, rest = sealed[:IV_BYTES], sealed[IV_BYTES:]
        if len(rest) < TAG_BYTES:
            raise ValueError("Too short to be sealed.")
        try:
            return aes_gcm.decrypt(self.key, iv, rest, self._associated())
        except ValueError:
            raise ValueError("Not sealed for this link, or altered.") from None

    def _associated(self) -> bytes:
        return f"hallpass/v1 {self.id}".encode()


def proof_hash(proof: str) -> str:
    """Return SHA-256 of the bytes that *proof* (base64url) stands for, as base64url."""
    return encode(hashlib.sha256(decode(proof)).digest())


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """
    Return the bytes behind base64url without padding.

    Raises:
        ValueError: Another alphabet, padding, or not the one way to write these bytes.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("Not base64url.") from None
    if encode(data) != text:
        raise ValueError("Not base64url without padding.")
    return data


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return HKDF-SHA256 of *length* bytes. An empty salt stands for 32 zero bytes (RFC 5869)."""
    pseudorandom = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    out = block = b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.new(pseudorandom, block + info + bytes([counter]), hashlib.sha256).digest()
        out += block
    return out[:length]
