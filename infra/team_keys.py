"""
The team's public keys in `config.json`: whether each is one, and the words by which people know it.

A key is a point of the curve P-256 (SEC 1, section 2.3.3, uncompressed: 65 bytes) in base64url
without padding. `frontend/js/shared/fingerprint.js` has the twin of `fingerprint`, and
`tests/team-vectors.json` binds both.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

WORDS_FILE = (
    Path(__file__).resolve().parents[1] / "frontend" / "js" / "shared" / "passphrase-words.js"
)
# Of P-256, NIST SP 800-186, section 3.2.1.3: y² = x³ - 3x + B modulo P.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
POINT_BYTES, UNCOMPRESSED = 65, 4
ITERATIONS = 600_000
WORD_COUNT = 3
SALT = b"hallpass/v1 team fingerprint"


def is_key(text: str) -> bool:
    """Return whether *text* is a public key that browsers can seal to."""
    point = _decoded(text)
    if len(point) != POINT_BYTES or point[0] != UNCOMPRESSED:
        return False
    # Browsers compare keys as texts, and Python reads more spellings of a point than they do.
    if base64.urlsafe_b64encode(point).rstrip(b"=").decode() != text:
        return False
    x, y = int.from_bytes(point[1:33]), int.from_bytes(point[33:])
    return x < P and y < P and (y * y - x**3 + 3 * x - B) % P == 0


def fingerprint(key: str) -> str:
    """Return the three words of a public key, such as ``ocean-brave-lemon``."""
    words = WORDS_FILE.read_text().split("`")[1].split()
    stretched = hashlib.pbkdf2_hmac("sha256", _decoded(key), SALT, ITERATIONS, WORD_COUNT * 2)
    numbers = (int.from_bytes(stretched[at : at + 2]) for at in range(0, WORD_COUNT * 2, 2))
    return "-".join(words[number % len(words)] for number in numbers)


def lines(keys: Iterable[str]) -> list[str]:
    """Return what an operator is to compare with the page /team: a line for each key."""
    newest, *older = [fingerprint(key) for key in keys] or [""]
    if not newest:
        return ["Sign-in links are not sealed to the team: config.json has no team_keys."]
    return [
        f"Sign-in links are sealed to the team's key {newest}; every agent's /team shows the same.",
        *(f"The older key {words} still opens earlier links." for words in older),
    ]


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
