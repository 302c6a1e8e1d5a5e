"""
The REST API of one site, spoken with one key or with none.

The root may be a path (``…/wp-json/``, or whatever the prefix is) or a query
(``…/index.php?rest_route=/``). Calls with a key never follow a redirect: it would turn POST into
GET, or carry the key and a new user's password to another address. DELETE goes out as POST with
WordPress' own override where a host blocks it.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

from chalicelib.grants.site import Credentials
from chalicelib.outbound.client import Answer, Outbound
from chalicelib.wordpress.replies import Json, Reply, code_of, parse, read, unusable

PER_PAGE = 100  # WordPress' own maximum.
MOST_PAGES = 50

# How hosts and firewalls turn away a method that they do not let through; some say 200 to all.
TURNED_AWAY = frozenset({200, 400, 403, 404, 405, 406, 501})

Query = dict[str, str | int]


class Rest:
    """Calls routes such as ``wp/v2/users`` below *root*."""

    def __init__(self, outbound: Outbound, root: str, key: Credentials | None = None) -> None:
        self._outbound, self._root, self._key = outbound, root, key

    def get(self, route: str, query: Query | None = None) -> Reply:
        # The random parameter keeps caches in front of the site from answering in its place.
        return read(self._call("GET", route, {**(query or {}), "_": secrets.token_hex(4)}))

    def pages(self, route: str, query: Query) -> Iterator[Json]:
        """Yield the objects of a collection, all pages of it."""
        for page in range(1, MOST_PAGES + 1):
            reply = self.get(route, {**query, "per_page": PER_PAGE, "page": page})
            yield from reply.rows()
            total = reply.headers.get("x-wp-totalpages", "1")
            if not total.isascii() or not total.isdigit() or page >= int(total[:6]):
                return

    def post(self, route: str, body: Json) -> Reply:
        return read(self._call("POST", route, body=body))

    def delete(self, route: str, query: Query | None = None) -> Reply:
        """
        Delete; the reply is WordPress' own, an error or an object with ``deleted``.

        Where neither DELETE nor an override reaches WordPress, the last try is an update that
        changes nothing, so trying all three is safe.
        """
        query = query or {}
        answer = self._call("DELETE", route, query)
        if _is_turned_away(answer):
            override = {"X-HTTP-Method-Override": "DELETE"}
            answer = self._call("POST", route, query, headers=override)
        if _is_turned_away(answer):
            answer = self._call("POST", route, {**query, "_method": "DELETE"})
        reply = read(answer)
        if reply.ok and not _is_deleted(reply.data):
            raise unusable(answer)
        return reply

    def _call(
        self,
        method: str,
        route: str,
        query: Query | None = None,
        *,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        headers = dict(headers or {})
        if self._key is not None:
            # `requests` would encode the name in Latin-1; WordPress reads UTF-8.
            pair = f"{self._key.username}:{self._key.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent = None if body is None else json.dumps(body).encode()
        return self._outbound.call(
            method, address(self._root, route, query or {}), headers=headers, body=sent
        )


def address(root: str, route: str, query: Query) -> str:
    """Return the address of *route* below *root*, which may be a path or a query."""
    mark = "&" if "?" in root else "?"
    return f"{root}{route}{mark}{urlencode(query)}" if query else f"{root}{route}"


def _is_turned_away(answer: Answer) -> bool:
    """Tell whether something in front of WordPress kept a DELETE from it, or made it another."""
    if answer.status not in TURNED_AWAY:
        return False
    data = parse(answer.body)
    # Missing parameters: the override got lost, and WordPress took the POST for a creation.
    return not _is_deleted(data) and code_of(data) in {"", "rest_missing_callback_param"}


def _is_deleted(data: object) -> bool:
    return isinstance(data, dict) and data.get("deleted") is True
