"""
WordPress' replies: the JSON in an HTTP response, through everything that gets in its way.

WordPress replies in JSON: an object, a list, or an error with a ``code``. PHP warnings and byte
order marks before it, or notices after it, are skipped. Whatever is not JSON comes from something
in front of WordPress or from a broken WordPress; `unusable_error` names it by its marks. No error
repeats a part of a body.

Codes and statuses as measured on WordPress 6.5, 6.8 and 7.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.errors import HallpassError, KeyRefused, NotAdministrator
from chalicelib.outbound.client import Response
from chalicelib.patterns import pattern
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.values import dataclass

MAX_JSON_MARKS = 150_000  # Commas and opening brackets: so many values, at 200 bytes or so each.
MAX_LENIENT_BYTES = 131_072  # Of a body in which JSON is searched for.
MAX_JSON_FAILURES = 8  # Places where JSON seemed to begin, and none was.
JSON_START = pattern(r"""\{\s*["}]|\[\s*[\[\]{"\-0-9tfn]""")
MAX_SEARCHED_BYTES = MAX_SEARCHED_CHARACTERS = 65_536  # Of a page, and of a text with JSON in it.
LONE_SURROGATE = pattern(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
HTML_START = pattern(r"<(!doctype|html|head|\?xml)", re.IGNORECASE)
# Text of challenge pages, which some services send with 200, and of block pages with 503.
CHALLENGE_MARKS = (b"<title>just a moment", b"sgcaptcha", b"robot challenge screen", b"ddos-guard")
FIREWALL_MARKS = (
    *(b"just a moment", b"captcha", b"cloudflare", b"sucuri", b"wordfence", b"imunify"),
    *(b"modsecurity", b"mod_security", b"incapsula", b"akamai", b"firewall", b"ddos"),
)
REFUSAL_STATUSES = frozenset({401, 403})
FIREWALL_STATUSES = frozenset({401, 403, 406, 429})
# The codes with which WordPress' own controllers of users and passwords refuse a caller.
# WordPress' codes for a sign-in that failed. To an application password they come from a plugin
# that takes it for the account's own password, with whatever status.
SIGN_IN_CODES = frozenset(
    {
        *("incorrect_password", "invalid_username", "invalid_email"),
        *("invalid_application_credentials", "authentication_failed"),
    }
)
NOT_ALLOWED_CODE = pattern(
    r"rest_(forbidden(_context)?|user_\w+"
    r"|cannot_(create_user|edit|edit_roles|manage_application_passwords"
    r"|(create|list|read|edit|delete)_application_passwords?))"
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """
    WordPress' JSON in a response.

    Attributes:
        status: The HTTP status.
        headers: By name in lower case.
        data: The parsed JSON of any type; None when a success had none.
        code: WordPress' error code, such as ``rest_user_invalid_id``; empty for a success. An
            error always has one: `read_reply` raises for an error without.
        response: The whole response.
    """

    status: int
    headers: Mapping[str, str]
    data: object
    code: str
    response: Response

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return _is_success(self.status)

    def object(self) -> Json:
        """
        Return the JSON object of a success.

        Raises:
            HallpassError: `refusal_error` for a refusal, `unusable_error` for other JSON.
        """
        if not self.ok:
            raise refusal_error(self)
        if not isinstance(self.data, dict):
            raise unusable_error(self.response)
        return self.data

    def rows(self) -> list[Json]:
        """
        Return the JSON objects in the list of a success; elements of other types are left out.

        Raises:
            HallpassError: `refusal_error` for a refusal, `unusable_error` for other JSON.
        """
        if not self.ok:
            raise refusal_error(self)
        if not isinstance(self.data, list):
            raise unusable_error(self.response)
        return [row for row in self.data if isinstance(row, dict)]


def read_reply(response: Response) -> Reply:
    """
    Return the reply in *response*: a success, or an error with one of WordPress' codes.

    Raises:
        SiteUnavailable: ``maintenance``, ``server_error``, ``firewall`` or ``odd_answer``.
        SiteUnsupported: ``basic_auth`` or ``rest_blocked``.
        KeyRefused: A plugin checked the key in WordPress' place, and refused it.
    """
    data = parse_json(response.body)
    code = error_code(data)
    if _is_success(response.status):
        return Reply(response.status, response.headers, data, "", response)
    if not code or response.status < HTTPStatus.BAD_REQUEST:
        raise unusable_error(response)
    if code in SIGN_IN_CODES:
        raise KeyRefused("A plugin of the site refuses the key.", by_plugin=True)
    if code == "wp_die" and _is_ended_by_plugin(response.status, data):
        raise unsupported("rest_blocked")
    if code == "wp_die" and response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise unavailable("maintenance")
    if code in {"wp_die", "internal_server_error", "db_error"}:
        raise unavailable("server_error")
    return Reply(response.status, response.headers, data, code, response)


def _is_ended_by_plugin(status: int, data: object) -> bool:
    """
    Return whether a plugin ended REST with WordPress' own error page, of which *data* is the JSON.

    Its usual status is 500. WordPress itself ends with a heading so, when its database is away.
    """
    said = data.get("message") if isinstance(data, dict) else None
    is_plain = isinstance(said, str) and "<h1" not in said.lower()
    is_usual = status == HTTPStatus.INTERNAL_SERVER_ERROR and is_plain
    return status in REFUSAL_STATUSES or is_usual


def error_code(data: object) -> str:
    """Return WordPress' error code in *data*, the JSON of a response; empty when there is none."""
    code = data.get("code") if isinstance(data, dict) else None
    # Some plugins answer in WordPress' place with the number of the status.
    return code if isinstance(code, str) and not code.isdigit() else ""


def refusal_error(reply: Reply) -> HallpassError:
    """
    Return the error for a refusal that the caller does not know better how to read.

    `KeyRefused` for 401, `NotAdministrator` for 403 by WordPress itself, `SiteUnsupported`
    (``rest_blocked``) where a plugin closes the route, else `SiteUnavailable`.
    """
    if reply.status == HTTPStatus.UNAUTHORIZED:
        # A wrong, revoked or stripped key is anonymous to WordPress; no code distinguishes these.
        return KeyRefused("The site does not accept the key.")
    if reply.status == HTTPStatus.FORBIDDEN and NOT_ALLOWED_CODE.fullmatch(reply.code):
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


def unusable_error(response: Response) -> HallpassError:
    """
    Return the error for a response that is not WordPress' own, by what sent it.

    `SiteUnsupported` (``basic_auth``), or `SiteUnavailable` (``firewall``, ``maintenance``,
    ``server_error`` or ``odd_answer``).
    """
    status, page = response.status, response.body[:MAX_SEARCHED_BYTES].lower()
    if reason := _lasting_refusal(response):
        return unsupported(reason)
    is_challenge = "cf-mitigated" in response.headers or any(m in page for m in CHALLENGE_MARKS)
    if is_challenge or status in FIREWALL_STATUSES:  # WordPress would have refused in JSON.
        return unavailable("firewall")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        if any(mark in page for mark in FIREWALL_MARKS):
            return unavailable("firewall")
        if b"maintenance" in page:
            return unavailable("maintenance")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unavailable("server_error")
    return unavailable("odd_answer")


def _lasting_refusal(response: Response) -> str:
    """Return why *response* refuses every caller who comes this way, or "" when it does not."""
    challenge = response.headers.get("www-authenticate", "").lower()
    is_unauthorized = response.status == HTTPStatus.UNAUTHORIZED
    if is_unauthorized and challenge.startswith(("basic", "digest")):
        return "basic_auth"
    # A plugin's own JSON, without a code of WordPress.
    is_json = response.status in REFUSAL_STATUSES and isinstance(parse_json(response.body), dict)
    return "rest_blocked" if is_json else ""


def parse_json(body: bytes) -> Any:  # noqa: ANN401  JSON may be anything.
    """
    Return the JSON in *body*, or None.

    Text around it is skipped; of several pieces the longest is taken, because a PHP warning may
    hold brackets too. A whole HTML page is not searched: JSON in it is not WordPress' reply. Nor is
    a large body, and one of very many values is not parsed: a few bytes of it would take kilobytes
    of memory or seconds of work.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MAX_JSON_MARKS:
        return None
    text = body.decode("utf-8-sig", errors="replace").strip()
    # Half of a surrogate pair is legal in JSON, but cannot be encoded as UTF-8 afterwards.
    text = LONE_SURROGATE.sub(r"\\ufffd", text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(body) > MAX_LENIENT_BYTES or HTML_START.match(text):
        return None
    decoder, found, longest, end, failures = json.JSONDecoder(), None, 0, 0, 0
    for match in JSON_START.finditer(text, 0, MAX_SEARCHED_CHARACTERS):
        start = match.start()
        if start < end:
            continue
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            failures += 1
            if failures == MAX_JSON_FAILURES:
                break
            continue
        if end - start > longest:
            found, longest = value, end - start
    return found


def _is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
