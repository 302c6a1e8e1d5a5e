"""
Reading what a WordPress site answers, through everything that gets in its way.

WordPress says what it means in JSON: an object, or an error with a ``code``. PHP warnings and
byte order marks before it, or notices after it, are skipped. Whatever is not JSON comes from
something in front of WordPress or from a broken WordPress; `unusable` names it by its marks.
Nothing of a body is ever repeated to anyone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalicelib.errors import HallpassError, KeyRefused, NotAdministrator
from chalicelib.outbound.client import Answer
from chalicelib.site_problems import unavailable, unsupported

MOST_STARTS = 64
LONE_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
PAGE = re.compile(r"<(!doctype|html|head|\?xml)", re.IGNORECASE)
# What challenge pages say that come as if all were well, and what block pages with 503 say.
CHALLENGE_MARKS = (b"<title>just a moment", b"sgcaptcha", b"robot challenge screen", b"ddos-guard")
FIREWALL_MARKS = (
    *(b"just a moment", b"captcha", b"cloudflare", b"sucuri", b"wordfence", b"imunify"),
    *(b"modsecurity", b"mod_security", b"incapsula", b"akamai", b"firewall", b"ddos"),
)
BLOCKING = frozenset({401, 403, 406, 429})
# The codes with which WordPress' own users and passwords controllers say "not allowed".
NOT_ALLOWED = re.compile(
    r"rest_(forbidden(_context)?|user_\w+"
    r"|cannot_(create_user|edit|edit_roles|manage_application_passwords"
    r"|(create|list|read|edit|delete)_application_passwords?))"
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """
    An answer of WordPress. `data` is the JSON, None if there was none; `code` its error code.

    An error always has a code: everything else was raised by `read`.
    """

    status: int
    headers: Mapping[str, str]
    data: object
    code: str
    answer: Answer

    @property
    def ok(self) -> bool:
        return _is_success(self.status)

    def object(self) -> Json:
        """Return the JSON object of a success; raise what fits for anything else."""
        if not self.ok:
            raise refusal(self)
        if not isinstance(self.data, dict):
            raise unusable(self.answer)
        return self.data

    def rows(self) -> list[Json]:
        """Return the JSON objects of a list; raise what fits for anything else."""
        if not self.ok:
            raise refusal(self)
        if not isinstance(self.data, list):
            raise unusable(self.answer)
        return [row for row in self.data if isinstance(row, dict)]


def read(answer: Answer) -> Reply:
    """
    Return *answer* as WordPress' own.

    Raises:
        SiteUnavailable: ``maintenance``, ``server_error``, ``firewall`` or ``odd_answer``.
        SiteUnsupported: ``basic_auth``.
    """
    data = parse(answer.body)
    code = code_of(data)
    if _is_success(answer.status):
        return Reply(answer.status, answer.headers, data, "", answer)
    if not code or answer.status < HTTPStatus.BAD_REQUEST:
        raise unusable(answer)
    if code == "wp_die" and answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise unavailable("maintenance")
    if code in {"wp_die", "internal_server_error", "db_error"}:
        raise unavailable("server_error")
    return Reply(answer.status, answer.headers, data, code, answer)


def code_of(data: object) -> str:
    """Return the error code in *data*, empty when there is none."""
    code = data.get("code") if isinstance(data, dict) else None
    return code if isinstance(code, str) else ""


def refusal(reply: Reply) -> HallpassError:
    """Return the error that fits WordPress' refusal when the call has no better reading of it."""
    if reply.status == HTTPStatus.UNAUTHORIZED:
        # A wrong, revoked or stripped key is anonymous to WordPress; the code does not tell.
        return KeyRefused("The site does not accept the key.")
    if reply.status == HTTPStatus.FORBIDDEN and NOT_ALLOWED.fullmatch(reply.code):
        return NotAdministrator(
            "That account may not manage users of the site. "
            "Please sign in as an administrator and approve again."
        )
    if reply.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return unsupported("rest_blocked")
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return unavailable("firewall")
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unavailable("server_error")
    return unavailable("odd_answer")


def unusable(answer: Answer) -> HallpassError:
    """Return the error that names what answered in place of WordPress."""
    status, page = answer.status, answer.body[:65536].lower()
    asks = answer.headers.get("www-authenticate", "").lower()
    if status == HTTPStatus.UNAUTHORIZED and asks.startswith(("basic", "digest")):
        return unsupported("basic_auth")
    is_challenge = "cf-mitigated" in answer.headers or any(m in page for m in CHALLENGE_MARKS)
    if is_challenge or status in BLOCKING:  # WordPress itself would have refused in JSON.
        return unavailable("firewall")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        if any(mark in page for mark in FIREWALL_MARKS):
            return unavailable("firewall")
        if b"maintenance" in page:
            return unavailable("maintenance")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unavailable("server_error")
    return unavailable("odd_answer")


def parse(body: bytes) -> Any:  # noqa: ANN401  JSON may be anything.
    """
    Return the JSON in *body*, or None.

    Text around it is skipped; of several pieces the longest is taken, because a PHP warning may
    hold brackets too. A whole HTML page is not searched: what it holds is not WordPress' answer.
    """
    text = body.decode("utf-8-sig", errors="replace").strip()
    # Half of a surrogate pair is legal in JSON, and nothing after it could write it down.
    text = LONE_SURROGATE.sub(r"\\ufffd", text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if PAGE.match(text):
        return None
    decoder, found, longest, end = json.JSONDecoder(), None, 0, 0
    for start in [match.start() for match in re.finditer(r"[{\[]", text[:65536])][:MOST_STARTS]:
        if start < end:
            continue
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if end - start > longest:
            found, longest = value, end - start
    return found


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
