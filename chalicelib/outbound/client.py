"""
Guarded HTTP for addresses that strangers typed.

What is guaranteed of every call: https to a public address (checked on the address that is
connected to), no proxy and no credentials from the environment, a redirect is an answer and
is never followed here, at most 2 MB of body after decompression, at most 20 s in all and
never longer than the invocation has left, the connection closed or kept for the same origin
only. Cookies stay with the origin that set them. Exceptions hold neither address, header nor
body, and do not tell an unknown host from a refused or a private one.

What is not: the body is the site's, byte for byte, and may be anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.clock import TimeBudget
from chalicelib.errors import InvalidInput, SiteUnavailable
from chalicelib.outbound.urls import normalise, origin
from chalicelib.site_problems import unavailable

if TYPE_CHECKING:
    import requests

    from chalicelib.outbound.connections import Resolve

CALL_SECONDS = 20.0
MOST_BYTES = 2 * 1024 * 1024
CHUNK = 64 * 1024
MOST_SESSIONS = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site sent. Header names are in lower case; `url` is the address that was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Outbound:
    """
    Calls sites.

    Args:
        user_agent: What we say we are, such as ``Hallpass/1.0 (+https://help.example)``.
        timeout: Returns the seconds that this invocation has left.
        allowed_sites: Origins exempt from the rule, such as ``http://127.0.0.1:8081``.
        authorities: File of certificate authorities to trust instead of the usual ones.
        resolve: Looks up the addresses of a name; the system's resolver by default.

    One instance serves one call at a time.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        timeout: Callable[[], float] = lambda: math.inf,
        allowed_sites: Collection[str] = (),
        authorities: str | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self.allowed = frozenset(site.strip().lower().rstrip("/") for site in allowed_sites)
        self._user_agent, self._left = user_agent, timeout
        self._authorities, self._resolve = authorities, resolve
        self._deadline = TimeBudget()
        self._sessions: dict[str, requests.Session] = {}

    def normalise(self, typed: str) -> str:
        """Return the address that a person meant; raise `InvalidInput` for one never called."""
        return normalise(typed, self.allowed)

    def may_call(self, url: str) -> bool:
        """Tell whether *url*, as a site gave it, is of the kind that is called at all."""
        try:
            origin(url, self.allowed)
        except InvalidInput:
            return False
        return True

    def close(self) -> None:
        """Forget connections and cookies; do so at the end of each invocation."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        cut: bool = False,
    ) -> Answer:
        """
        Send one request and return whatever came back, redirects and errors included.

        With *cut*, a body that is too long is cut off instead of refused.

        Raises:
            InvalidInput: *url* is not of the kind that is called (field ``site_url``).
            SiteUnavailable: ``timeout``, ``unreachable``, or ``odd_answer`` when too long.
        """
        from requests import RequestException  # noqa: PLC0415  Loads TLS and more: 0.1 s or so.
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        site = origin(url, self.allowed)
        seconds = min(CALL_SECONDS, self._left())
        if seconds <= 0:
            raise unavailable("timeout")
        self._deadline.start(seconds)
        try:
            with self._session(site).request(
                method,
                url,
                headers={"Accept": "application/json", **(headers or {})},
                data=body,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response, cut=cut)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, content, url)
        except SiteUnavailable as error:
            problem = error
        except (RequestException, HTTPError, OSError, ValueError):
            problem = unavailable("unreachable")
        # Raised out here, because the cause holds addresses and headers.
        raise problem if self._deadline.left() > 0 else unavailable("timeout")

    def _session(self, site: str) -> requests.Session:
        """Return the session of the origin *site*; each has its own connection and cookies."""
        if site in self._sessions:
            return self._sessions[site]
        import requests  # noqa: PLC0415  See `call`.

        from chalicelib.outbound.connections import Guard, GuardedAdapter, resolve_by_system  # noqa: PLC0415

        if len(self._sessions) == MOST_SESSIONS:
            self.close()
        guard = Guard(self.allowed, self._deadline, self._resolve or resolve_by_system)
        session = requests.Session()
        session.trust_env = False
        session.verify = self._authorities or True
        session.headers.update({"User-Agent": self._user_agent, "Accept-Encoding": "gzip"})
        session.mount("https://", GuardedAdapter(guard))
        session.mount("http://", GuardedAdapter(guard))
        self._sessions[site] = session
        return session


def _read(response: requests.Response, *, cut: bool) -> bytes:
    """Return the body, decompressed piece by piece, so that a bomb never unfolds."""
    content = bytearray()
    for piece in response.iter_content(CHUNK):
        content += piece
        if len(content) > MOST_BYTES:
            if cut:
                break
            raise unavailable("odd_answer")
    return bytes(content[:MOST_BYTES])
