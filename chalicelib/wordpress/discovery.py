"""
From an address that a person typed to the REST API of the WordPress behind it.

Nothing here carries a key. Bare GETs follow up to five redirects, each checked like the address
itself and never from https to http; where they end, scheme and host of the REST root are fixed.

Every page of a WordPress names its REST root (Link header, then HTML). Where plugins took that
out, the usual places are tried; ``?rest_route=/`` works with any permalinks and prefix.
"""

from __future__ import annotations

import html
import re
import secrets
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from chalicelib.errors import HallpassError, SiteUnavailable, SiteUnsupported
from chalicelib.outbound.client import Outbound, Response
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.replies import read_reply, unusable_error
from chalicelib.wordpress.rest import Query, route_url
from chalicelib.wordpress.rest_index import INDEX_FIELDS, Discovery, callable_url, read_index

MAX_REDIRECTS = 5
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})

LINK_HEADER = re.compile(r'<([^<>]+)>\s*;\s*rel="?https://api\.w\.org/"?')
LINK_TAG = re.compile(rb"<link\b[^<>]{0,2000}?https://api\.w\.org/[^<>]{0,2000}>", re.IGNORECASE)
HREF = re.compile(rb"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
WORDPRESS_MARKS = (b"/wp-content/", b"/wp-includes/", b'content="wordpress')


def discover(outbound: Outbound, typed: str) -> Discovery:
    """
    Return the WordPress site behind *typed*, an address as a person wrote it.

    Raises:
        InvalidInput: Not an address that may be called (field ``site_url``).
        SiteUnsupported: ``not_wordpress``, ``rest_blocked``, ``firewall``, ``basic_auth``,
            ``needs_https`` or ``wordpress_com``.
        SiteUnavailable: No usable response this time.
    """
    entered = outbound.normalise(typed)
    front = follow_redirects(outbound, f"{entered}/", accept="text/html, */*;q=0.8")
    problems: list[HallpassError] = []
    for root in _candidate_roots(outbound, front):
        try:
            response = follow_redirects(outbound, route_url(root, "", _index_query()))
            reply = read_reply(response)
        except SiteUnavailable as problem:
            if problem.slow:
                raise
            problems.append(problem)
        except SiteUnsupported as problem:
            problems.append(problem)
        else:
            found = read_index(outbound, _root_of_index(response.url), reply)
            if found is not None:
                return found
    raise _most_helpful_error(front, problems)


def follow_redirects(outbound: Outbound, url: str, *, accept: str = "application/json") -> Response:
    """
    GET *url* without any key, through up to `MAX_REDIRECTS` redirects.

    *accept* is the Accept header. The response's body may be cut off.

    Raises:
        SiteUnsupported: ``needs_https``: the site redirects https to http.
        SiteUnavailable: ``unreachable`` also when a redirect leads to an address that may not be
            called, ``odd_answer`` also after too many redirects.
    """
    for _ in range(MAX_REDIRECTS + 1):
        response = outbound.call("GET", url, headers={"Accept": accept}, truncate=True)
        location = response.headers.get("location")
        if response.status not in REDIRECT_STATUSES or not location:
            return response
        target = callable_url(outbound, _as_utf8(location), url)
        if target is None:
            raise unavailable("unreachable")
        if target == url and location.lower().startswith("http:"):
            raise unsupported("needs_https")
        url = target
    raise unavailable("odd_answer")


def _candidate_roots(outbound: Outbound, front: Response) -> list[str]:
    """Return the addresses that may be the REST root, most likely first."""
    named = [*LINK_HEADER.findall(_as_utf8(front.headers.get("link", "")))]
    for tag in LINK_TAG.findall(front.body):
        named += [html.unescape(href.decode(errors="replace")) for href in HREF.findall(tag)]
    parts = urlsplit(front.url)
    top = f"{parts.scheme}://{parts.netloc}"
    usual = [
        f"{base}{path}"
        for base in (f"{top}{parts.path.rstrip('/')}", top)
        for path in ("/wp-json/", "/?rest_route=/")
    ]
    roots = [*(callable_url(outbound, root, front.url) for root in named), *usual]
    return list(dict.fromkeys(root for root in roots if root))


def _index_query() -> Query:
    # The random parameter keeps caches in front of the site from answering in its place.
    return {"_fields": INDEX_FIELDS, "_": secrets.token_hex(4)}


def _root_of_index(url: str) -> str:
    """Return the REST root for *url*, the address at which the request for the index ended."""
    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if "rest_route" in dict(parse_qsl(parts.query)):
        return f"{plain}?rest_route=/"
    return f"{plain.rstrip('/')}/"


def _most_helpful_error(front: Response, problems: list[HallpassError]) -> HallpassError:
    """
    Return the error that helps the owner most, when no candidate was an open REST API.

    *front* is the response of the typed address, *problems* are those of the candidates.
    """
    host = urlsplit(front.url).hostname or ""
    is_wordpress_com = front.headers.get("host-header", "").lower() == "wordpress.com"
    if is_wordpress_com or host.endswith(".wordpress.com"):
        return unsupported("wordpress_com")
    is_wordpress = "api.w.org" in front.headers.get("link", "") or any(
        mark in front.body.lower() for mark in WORDPRESS_MARKS
    )
    for problem in problems:
        if isinstance(problem, SiteUnsupported):
            return problem
    if not is_wordpress:
        # Many servers respond 403 or worse to paths that they do not have: that proves nothing.
        problems = []
    if front.status >= HTTPStatus.BAD_REQUEST and front.status != HTTPStatus.NOT_FOUND:
        problems = [*problems, unusable_error(front)]
    reasons = {problem.reason for problem in problems if isinstance(problem, SiteUnavailable)}
    if "firewall" in reasons:
        return unsupported("firewall")
    for reason in ("maintenance", "server_error"):
        if reason in reasons:
            return unavailable(reason)
    if any(isinstance(problem, SiteUnsupported) for problem in problems):
        return unsupported("basic_auth")
    return unsupported("rest_blocked" if is_wordpress else "not_wordpress")


def _as_utf8(header: str) -> str:
    """Return a header as UTF-8, which browsers read there; HTTP itself knows Latin-1 only."""
    return header.encode("latin-1", errors="replace").decode(errors="replace")
