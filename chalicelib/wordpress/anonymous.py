"""
Requests to a site without a key: bare GETs, bounded in all.

Whoever types an address makes us call it. A fixed number of requests, bytes and seconds, whatever
the site answers, makes that no lever against a third party and no way to hold us up.
"""

from __future__ import annotations

from urllib.parse import urljoin

from chalicelib.clock import TimeBudget
from chalicelib.outbound.client import Outbound, Response
from chalicelib.site_problems import unavailable, unsupported

MAX_REQUESTS = 10
MAX_SECONDS = 12.0
MAX_PAGE_BYTES = 1024 * 1024  # Of one response, decompressed; the rest of it is not read.
MAX_BYTES = 4 * MAX_PAGE_BYTES
MAX_REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class AnonymousRequests:
    """
    The requests of one check of a site, or of one discovery.

    Args:
        outbound: Sends them.
    """

    def __init__(self, outbound: Outbound) -> None:
        self.outbound = outbound
        self._requests, self._bytes, self._time = MAX_REQUESTS, MAX_BYTES, TimeBudget()
        self._time.start(MAX_SECONDS)

    def get(self, url: str, *, accept: str = "application/json") -> Response:
        """
        GET *url* through up to `MAX_REDIRECTS` redirects, each checked like *url* itself.

        *accept* is the Accept header. The response's body may be cut off.

        Raises:
            SiteUnsupported: ``needs_https``: the site redirects https to http.
            SiteUnavailable: ``timeout`` also when all of them have lasted too long, ``unreachable``
                also when a redirect leads to an address that may not be called, ``odd_answer``
                also after too many redirects, requests or bytes.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = self._get_once(url, accept)
            location = response.headers.get("location")
            if response.status not in REDIRECT_STATUSES or not location:
                return response
            target = callable_url(self.outbound, as_utf8(location), url)
            if target is None:
                raise unavailable("unreachable")
            if target == url and location.lower().startswith("http:"):
                raise unsupported("needs_https")
            url = target
        raise unavailable("odd_answer")

    def _get_once(self, url: str, accept: str) -> Response:
        if self._requests <= 0 or self._bytes <= 0:
            raise unavailable("odd_answer")
        self._requests -= 1
        response = self.outbound.call(
            "GET",
            url,
            headers={"Accept": accept},
            truncate=True,
            max_bytes=min(MAX_PAGE_BYTES, self._bytes),
            seconds=self._time.left(),
        )
        self._bytes -= len(response.body)
        return response


def callable_url(outbound: Outbound, given: str, base: str = "") -> str | None:
    """
    Return *given*, an address from a site, when it may be called; otherwise None.

    *given* may be relative to *base*. http becomes https, except for an allowed local site.
    """
    try:
        url = urljoin(base, given)
    except ValueError:
        return None
    if outbound.may_call(url):
        return url
    scheme, _, rest = url.partition("://")
    upgraded = f"https://{rest}"
    return upgraded if scheme.lower() == "http" and outbound.may_call(upgraded) else None


def as_utf8(header: str) -> str:
    """Return a header as UTF-8, which browsers read there; HTTP itself knows Latin-1 only."""
    return header.encode("latin-1", errors="replace").decode(errors="replace")
