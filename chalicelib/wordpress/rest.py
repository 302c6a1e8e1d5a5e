"""
The REST API of one site, called with one key or with none.

The root may be a path (``…/wp-json/``, or whatever the prefix is) or a query
(``…/index.php?rest_route=/``). Calls with a key never follow a redirect: it would turn POST into
GET, or carry the key and a new user's password to another address. DELETE goes out as POST with
WordPress' own override where a host blocks it.

Every call raises `SiteUnavailable` when no usable response came, and what `replies.read_reply`
raises for a response that is not WordPress' own.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode

from chalicelib.errors import SiteUnavailable
from chalicelib.grants.site import Credentials
from chalicelib.outbound.client import MAX_CALL_SECONDS, Outbound, Response
from chalicelib.site_problems import unavailable
from chalicelib.wordpress.replies import (
    SIGN_IN_CODES,
    Json,
    Reply,
    error_code,
    parse_json,
    read_reply,
    unusable_error,
)

MAX_PER_PAGE = 100  # WordPress' own maximum.
MAX_PAGES = 50
MAX_REQUESTS = 80  # Of one piece of work with one site, such as a snapshot.
MAX_BYTES = 16 * 1024 * 1024  # Of the bodies of all of them, decompressed.
MAX_REPLY_BYTES = 1024 * 1024
MAX_GET_SECONDS = 12.0  # What changes something may take as long as `outbound` allows.


REFUSED_STATUSES = frozenset({401, 403, 404, 410})

Query = dict[str, str | int]


class Rest:
    """
    Calls routes such as ``wp/v2/users`` of one site, for one piece of work: it is bounded in all.

    Args:
        outbound: Sends the requests.
        root: The site's REST root: an address that routes are appended to.
        key: Sent as Basic authentication; a caller without one is a stranger to the site.
    """

    def __init__(self, outbound: Outbound, root: str, key: Credentials | None = None) -> None:
        self._outbound, self._root, self._key = outbound, root, key
        self._requests, self._bytes = MAX_REQUESTS, MAX_BYTES
        self._lock = threading.Lock()  # Of these two; requests may overlap.

    def get(self, route: str, query: Query | None = None) -> Reply:
        """GET *route*; WordPress' refusal is a reply, too."""
        # The random parameter keeps caches in front of the site from answering in its place.
        return read_reply(self._call("GET", route, {**(query or {}), "_": secrets.token_hex(4)}))

    def is_refused(self, route: str) -> bool:
        """
        Return whether *route* is refused, by WordPress or by whatever answers in its place.

        Any 401, 403, 404 or 410 counts, with JSON or without, and the code of a failed sign-in
        with any error; other errors, redirects and pages prove nothing.

        Raises:
            HallpassError: For those, as `replies.read_reply` and `Reply.object` do.
        """
        response = self._call("GET", route, {"_": secrets.token_hex(4)})
        if response.status in REFUSED_STATUSES:
            return True
        is_error = response.status >= HTTPStatus.BAD_REQUEST
        if is_error and error_code(parse_json(response.body)) in SIGN_IN_CODES:
            return True
        read_reply(response).object()
        return False

    def rows(self, route: str, query: Query) -> Iterator[Json]:
        """
        Yield the objects of the collection at *route*, from up to `MAX_PAGES` pages.

        Raises:
            HallpassError: What `Reply.rows` raises for a refusal, or for JSON that is no list.
        """
        for page in range(1, MAX_PAGES + 1):
            reply = self.get(route, {**query, "per_page": MAX_PER_PAGE, "page": page})
            yield from reply.rows()[:MAX_PER_PAGE]
            total = reply.headers.get("x-wp-totalpages", "1")
            if not total.isascii() or not total.isdigit() or page >= int(total[:6]):
                return

    def post(self, route: str, body: Json) -> Reply:
        """POST *body* as JSON to *route*; WordPress' refusal is a reply, too."""
        return read_reply(self._call("POST", route, body=body))

    def delete(self, route: str, query: Query | None = None) -> Reply:
        """
        Delete; the reply is WordPress' own, an error or an object with ``deleted``.

        Hosts and firewalls cut a DELETE off, redirect it, or answer it in WordPress' place, with
        any status. Then it goes out as POST with an override. To delete twice is no harm; where
        neither DELETE nor an override reaches WordPress, the last try is an update that changes
        nothing. Only a response of WordPress itself, a 401, which would be a refused key sent
        again, and the end of the time are not followed by another try.

        Raises:
            SiteUnavailable: Also ``odd_answer`` for a success that confirms no deletion.
        """
        tries: list[tuple[str, Query, dict[str, str]]] = [
            ("DELETE", query or {}, {}),
            ("POST", query or {}, {"X-HTTP-Method-Override": "DELETE"}),
            ("POST", {**(query or {}), "_method": "DELETE"}, {}),
        ]
        for number, (method, parameters, headers) in enumerate(tries, start=1):
            is_last = number == len(tries)
            try:
                response = self._call(method, route, parameters, headers=headers)
            except SiteUnavailable as problem:
                # Cut off: nothing is known of what the site did, and to delete twice is no harm.
                if is_last or problem.slow:
                    raise
                continue
            if is_last or not _is_blocked(response):
                break
        reply = read_reply(response)
        if reply.ok and not _is_deleted(reply.data):
            raise unusable_error(response)
        return reply

    def _call(
        self,
        method: str,
        route: str,
        query: Query | None = None,
        *,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        headers = dict(headers or {})
        if self._key is not None:
            # `requests` would encode the name in Latin-1; WordPress reads UTF-8.
            pair = f"{self._key.username}:{self._key.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        with self._lock:
            allowed = min(MAX_REPLY_BYTES, self._bytes)
            if self._requests <= 0 or allowed <= 0:
                raise unavailable("odd_answer")
            self._requests -= 1
            self._bytes -= allowed
        received = 0
        try:
            response = self._outbound.call(
                method,
                route_url(self._root, route, query or {}),
                headers=headers,
                body=content,
                max_bytes=allowed,
                seconds=MAX_GET_SECONDS if method == "GET" else MAX_CALL_SECONDS,
            )
            received = len(response.body)
        finally:
            with self._lock:
                self._bytes += allowed - received
        return response


def route_url(root: str, route: str, query: Query) -> str:
    """Return the address of *route* below *root*, which may be a path or a query."""
    separator = "&" if "?" in root else "?"
    return f"{root}{route}{separator}{urlencode(query)}" if query else f"{root}{route}"


def _is_blocked(response: Response) -> bool:
    """Return whether a host kept a DELETE from WordPress, or turned it into another method."""
    if response.status == HTTPStatus.UNAUTHORIZED:
        return False
    data = parse_json(response.body)
    # Missing parameters: the override got lost, and WordPress took the POST for a creation.
    return not _is_deleted(data) and error_code(data) in {"", "rest_missing_callback_param"}


def _is_deleted(data: object) -> bool:
    return isinstance(data, dict) and data.get("deleted") is True
