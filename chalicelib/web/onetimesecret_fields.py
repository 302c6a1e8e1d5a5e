"""
What a client of One Time Secret's API sent: form, multipart, JSON, query, or a mixture of types.

Clients send wrong, doubled and no content types, so the shape of the body decides where the type
does not fit it (upstream: ``normalize_content_type.rb``). A field of the body wins over one of the
query, the last of several over the first; an unknown field is ignored. Values are converted as
Ruby's ``to_s`` and ``to_i`` do it, because that is what clients have been written against.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from chalicelib.errors import InvalidInput
from chalicelib.patterns import pattern

MAX_BODY_BYTES = 64 * 1024
FORM = pattern(rb"[A-Za-z_][A-Za-z0-9_.\[\]%-]*=")
# At the start of a line only: anywhere else, the search would take the square of the body's length.
DISPOSITION = pattern(
    rb'^content-disposition:[^\r\n]*?;\s*name=(?:"([^"\r\n]*)"|([^\s";]+))',
    re.IGNORECASE | re.MULTILINE,
)
BOUNDARY = pattern(r"""boundary=(?:"([^"]+)"|([^\s",;]+))""", re.IGNORECASE)
FIRST_LINE = pattern(rb"^--([^\r\n]*[^\s])", re.MULTILINE)
INTEGER = pattern(r"\s*([+-]?[0-9]{1,18})")
REPLACED = "\ufffd"  # What the gateway's decoders put where query or body are no UTF-8.
Fields = Mapping[str, Any]


class Unreadable(InvalidInput):
    """The body is neither a form nor a JSON object in UTF-8; upstream answers 400 and no body."""

    def __init__(self) -> None:
        super().__init__("body", "The request cannot be read.")


def read(body: bytes, content_type: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """
    Return the fields of a request by name. *query* is decoded.

    Raises:
        Unreadable: Nothing can be read from *body*.
    """
    pairs = [(name, value) for name, values in query.items() for value in values]
    fields = _named(pairs)
    if body.strip():
        fields.update(_of_body(body, content_type))
    if any(REPLACED in text(fields, name) for name in fields):
        raise Unreadable  # It would be shared as another text than the one that was sent.
    return fields


def text(fields: Fields, name: str) -> str:
    """Return a field as Ruby's ``to_s`` does: "" for none, JSON for a list or an object."""
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def whole(fields: Fields, name: str) -> int | None:
    """Return a field as Ruby's ``to_i`` does: what begins with no number is 0. None for none."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        bounded = max(min(value, 10**18), -(10**18))
        return int(bounded)
    found = INTEGER.match(value) if isinstance(value, str) else None
    return int(found[1]) if found else 0


def several(fields: Fields, name: str) -> list[str]:
    """Return the texts of a field that may be one value or a list, without empty ones."""
    value = fields.get(name)
    values = value if isinstance(value, list) else [value]
    return [one for one in (text({name: value}, name) for value in values) if one.strip()]


def credentials(header: str) -> tuple[str, str] | None:
    """Return user and token of ``Authorization: Basic``, or None when it holds no such pair."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        bare = encoded.strip().rstrip("=")
        pair = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        user, _, token = pair.decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, token) if user and token else None


def _of_body(body: bytes, content_type: str) -> dict[str, Any]:
    kind, start = content_type.lower(), body.lstrip()[:2]
    if (start == b"--" or "multipart" in kind) and DISPOSITION.search(body):
        return _named(_multipart(body, content_type))
    if "json" in kind and not FORM.match(body):
        return _json(body)
    if start[:1] == b"{" and "form" not in kind:
        return _json(body)
    return _named(_form(body))


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()  # Half of a surrogate pair is no text.
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return {name: value for name, value in found.items() if value is not None}


def _form(body: bytes) -> Iterable[tuple[str, str]]:
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        yield _decoded(name), _decoded(value)


def _decoded(part: bytes) -> str:
    return _utf8(unquote_to_bytes(part.replace(b"+", b" ")))


def _multipart(body: bytes, content_type: str) -> Iterable[tuple[str, str]]:
    """
    Yield the parts (RFC 7578). What stands before the first boundary and after the last is no part.

    Raises:
        Unreadable: A part is no UTF-8, or the body is cut off: its last boundary is missing.
    """
    lines = re.compile(
        rb"(?:\A|\r\n)--" + _boundary(body, content_type) + rb"(--)?[ \t]*(?=\r\n|\Z)"
    )
    start = None
    for line in lines.finditer(body):
        if start is not None:
            head, blank, value = body[start : line.start()].partition(b"\r\n\r\n")
            named = DISPOSITION.search(head)
            if blank and named:
                yield _utf8(named[1] or named[2] or b""), _utf8(value)
        if line[1]:
            return
        start = line.end()
    raise Unreadable


def _boundary(body: bytes, content_type: str) -> bytes:
    """Return the header's boundary as a pattern, or that of the first line that looks like one."""
    declared = BOUNDARY.search(content_type)
    boundary = (declared[1] or declared[2]).encode() if declared else b""
    first = FIRST_LINE.search(body)
    if first and (not boundary or b"--" + boundary not in body):
        boundary = first[1]
    return re.escape(boundary)


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except ValueError:
        raise Unreadable from None


def _named(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the last value of each name; ``name[]`` collects a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            before = found.get(name[:-2])
            if isinstance(before, list):
                before.append(value)
            else:
                found[name[:-2]] = [value]
        elif name:
            found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name)
