"""What CloudFront compresses on its way to a browser, and how.

CloudFront Developer Guide, "Serve compressed files": bodies of 1,000 to 10,000,000 bytes whose type
is on its list, with Brotli before gzip; a strong ETag becomes a weak one. It does not say how hard
it tries; quality 5 is what servers that compress on the fly commonly use.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import TYPE_CHECKING

import brotli

if TYPE_CHECKING:
    from collections.abc import MutableMapping

LEAST, MOST = 1_000, 10_000_000
QUALITY = 5
TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)


def compress(body: bytes, headers: MutableMapping[str, str], accepted: str) -> bytes:
    """Return *body* as a browser gets it that sent ``Accept-Encoding: *accepted*``."""
    kind = headers["Content-Type"].partition(";")[0]
    if kind not in TYPES or not LEAST <= len(body) <= MOST:
        return body
    headers["Vary"] = "Accept-Encoding"
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    encoding = next((name for name in ("br", "gzip") if name in names), None)
    if encoding is None:
        return body
    headers["Content-Encoding"] = encoding
    headers["ETag"] = f"W/{headers['ETag']}"
    return _encoded(body, encoding)


def strong(etag: str) -> str:
    """Return the tag as S3 knows it."""
    return etag.removeprefix("W/")


@lru_cache(maxsize=256)
def _encoded(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        packed: bytes = brotli.compress(body, quality=QUALITY)
        return packed
    return gzip.compress(body)
