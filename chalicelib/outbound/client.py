"""
Guarded HTTP for addresses that strangers typed.

What is guaranteed of every call: https to a public address (checked on the address that is
connected to), no proxy and no credentials from the environment, a redirect is an answer and
is never followed here, at most 2 MB of body after decompression, at most 20 s in all and
never longer than the invocation has left, the connection closed or kept for the same origin
only. Cookies stay with the origin that set them. Exceptions hold neither address, header nor
body, and do not distinguish an unknown host from a refused or a private one.

What is not: the body is the site's, byte for byte, and may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from chalicelib.clock import TimeBudget
from chalicelib.errors import InvalidInput, SiteUnavailable
from chalicelib.outbound.lines import Line, Lines
from chalicelib.outbound.urls import normalise, origin, origin_or_none
from chalicelib.site_problems import unavailable
from chalicelib.values import dataclass

if TYPE_CHECKING:
    import requests

    from chalicelib.outbound.connections import Resolver

MAX_CALL_SECONDS = 20.0
MAX_BODY_BYTES = 2 * 1024 * 1024  # After decompression.
CHUNK_BYTES = 64 * 1024
MAX_CAUSES = 100
# OpenSSL's codes for a certificate whose issuer the server did not send and we do not have.
NO_ISSUER_CODES = frozenset({20, 21})


@dataclass(frozen=True, slots=True)
class Response:
    """
    A site's HTTP response.

    Attributes:
        status: The HTTP status, such as 200 or 301.
        headers: By name in lower case.
        body: Decompressed, at most `MAX_BODY_BYTES`.
        url: The address that was requested.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Outbound:
    """
    Calls sites.

    Args:
        user_agent: Our User-Agent header, such as ``Hallpass/1.0 (+https://help.example)``.
        seconds_left: Returns the seconds that this invocation has left; no limit by default.
        allowed_sites: Origins exempt from the rule, such as ``http://127.0.0.1:8081``.
        authorities: File of certificate authorities to trust instead of the usual ones.
        resolver: Resolves names to socket addresses; the system's resolver by default.

    Any number of threads may call; see `lines` for what their calls share.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        seconds_left: Callable[[], float] = lambda: math.inf,
        allowed_sites: Collection[str] = (),
        authorities: str | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._allowed = frozenset(site.strip().lower().rstrip("/") for site in allowed_sites)
        self._user_agent, self._seconds_left = user_agent, seconds_left
        self._authorities, self._resolver = authorities, resolver
        self._lines = Lines(self._session)

    def normalise(self, typed: str) -> str:
        """
        Return the address that a person meant, as `urls.normalise`.

        Raises:
            InvalidInput: Not an address that may be called (field ``site_url``).
        """
        return normalise(typed, self._allowed)

    def may_call(self, url: str) -> bool:
        """Return whether the text of *url* allows a call; the name is not resolved."""
        try:
            origin(url, self._allowed)
        except InvalidInput:
            return False
        return True

    def same_origin(self, first: str, second: str) -> bool:
        """Return whether both addresses may be called and share scheme, host and port."""
        here = origin_or_none(first, self._allowed)
        return here is not None and here == origin_or_none(second, self._allowed)

    def keep(self) -> None:
        """Delete all cookies; connections may serve the next invocation, if it comes soon."""
        self._lines.keep()

    def close(self) -> None:
        """Close all connections and delete all cookies."""
        self._lines.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        truncate: bool = False,
        max_bytes: int = MAX_BODY_BYTES,
        seconds: float = MAX_CALL_SECONDS,
    ) -> Response:
        """
        Send one request and return whatever came back, redirects and errors included.

        *headers* are added to ours. With *truncate*, a body that is too long is cut off instead
        of refused. *max_bytes* and *seconds* narrow the limits of this call.

        Raises:
            InvalidInput: *url* is not of the kind that may be called (field ``site_url``).
            SiteUnavailable: ``timeout``; ``unreachable``; ``odd_answer`` when the body is too long.
        """
        site = origin(url, self._allowed)
        seconds = min(MAX_CALL_SECONDS, seconds, self._seconds_left())
        if seconds <= 0:
            raise unavailable("timeout")
        sent = {"Accept": "application/json", **(headers or {})}
        most = min(max_bytes, MAX_BODY_BYTES)
        line = self._lines.take(site)
        try:
            line.budget.start(seconds)
            may_be_dead = line.is_kept and method == "GET"
            if line.is_kept and not may_be_dead:  # It must not be asked to do something twice.
                line.drop_connection()
            try:
                return _send(line, method, url, sent, body, most, truncate=truncate)
            except SiteUnavailable as problem:
                if not may_be_dead or problem.reason != "unreachable":
                    raise
            line.drop_connection()
            return _send(line, method, url, sent, body, most, truncate=truncate)
        finally:
            line.is_kept = False
            self._lines.give_back(site, line)

    def _session(self, budget: TimeBudget) -> requests.Session:
        """Return a session whose connections are guarded, and timed by *budget*."""
        import requests  # noqa: PLC0415  Loads TLS and more: 0.1 s or so.

        from chalicelib.outbound import connections  # noqa: PLC0415

        connector = connections.GuardedConnector(
            self._allowed, budget, self._resolver or connections.resolve_by_system
        )
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(connections.NoCookiesBesideKeys())
        session.verify = self._authorities or True
        session.headers.update({"User-Agent": self._user_agent, "Accept-Encoding": "gzip"})
        session.mount("https://", connections.GuardedAdapter(connector))
        session.mount("http://", connections.GuardedAdapter(connector))
        return session


def _send(
    line: Line,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    max_bytes: int,
    *,
    truncate: bool,
) -> Response:
    from requests import RequestException  # noqa: PLC0415  As in `_session`.
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        with line.session.request(
            method,
            url,
            headers=headers,
            data=body,
            timeout=line.budget.left(),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = _read_body(response, max_bytes, truncate=truncate)
            names = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status_code, names, content, url)
    except SiteUnavailable as error:
        problem = error
    except (RequestException, HTTPError, OSError, ValueError) as error:
        problem = unavailable(_reason(error))
    # Raised out here, because the cause holds addresses and headers.
    raise problem if line.budget.left() > 0 else unavailable("timeout")


def _reason(error: BaseException) -> str:
    """Return why a request failed, from what `requests` and urllib3 have wrapped."""
    import ssl  # noqa: PLC0415  Loaded by the request that failed.

    seen: list[object] = [error]
    for cause in seen:
        if isinstance(cause, ssl.SSLCertVerificationError):
            incomplete = cause.verify_code in NO_ISSUER_CODES
            return "incomplete_certificate" if incomplete else "unreachable"
        if isinstance(cause, BaseException) and len(seen) < MAX_CAUSES:
            seen += [
                cause.__cause__,
                cause.__context__,
                getattr(cause, "reason", None),
                *cause.args,
            ]
    return "unreachable"


def _read_body(response: requests.Response, max_bytes: int, *, truncate: bool) -> bytes:
    """Return the body, decompressed piece by piece, so that a bomb never unfolds."""
    content = bytearray()
    for piece in response.iter_content(CHUNK_BYTES):
        content += piece
        if len(content) > max_bytes:
            if truncate:
                break
            raise unavailable("odd_answer")
    return bytes(content[:max_bytes])
