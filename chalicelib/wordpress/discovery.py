"""
From an address that a person typed to the REST API of the WordPress behind it.

Bare GETs follow redirects (`anonymous`), never from https to http; where they end, scheme and host
of the REST root are fixed.

Every page of a WordPress names its REST root (Link header, then HTML); it counts on the host where
the page is. Where plugins took that out, the usual places are tried; ``?rest_route=/`` works with
any permalinks and prefix.
"""

from __future__ import annotations

import html
import re
import secrets
from http import HTTPStatus
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from chalicelib.errors import HallpassError, KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.outbound.client import Outbound, Response
from chalicelib.patterns import pattern
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.anonymous import AnonymousRequests, as_utf8, callable_url
from chalicelib.wordpress.replies import read_reply, unusable_error
from chalicelib.wordpress.rest import Query, route_url
from chalicelib.wordpress.rest_index import INDEX_FIELDS, Discovery, closed_site, read_index

MAX_NAMED_ROOTS = 3
MAX_LINK_HEADER_CHARACTERS = 8192  # Of the Link header.
APPROVAL_PAGE = "/wp-admin/authorize-application.php"

LINK_HEADER = pattern(r'<([^<>]+)>\s*;\s*rel="?https://api\.w\.org/"?')
LINK_TAG = pattern(rb"<link\b[^<>]{0,2000}?https://api\.w\.org/[^<>]{0,2000}>", re.IGNORECASE)
HREF = pattern(rb"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
WORDPRESS_MARKS = (b"/wp-content/", b"/wp-includes/", b'content="wordpress')


def discover(anonymous: AnonymousRequests, typed: str) -> Discovery:
    """
    Return the WordPress site behind *typed*, an address as a person wrote it.

    Raises:
        InvalidInput: Not an address that may be called (field ``site_url``).
        SiteUnsupported: ``not_wordpress``, ``rest_blocked``, ``firewall``, ``basic_auth``,
            ``needs_https`` or ``wordpress_com``.
        SiteUnavailable: No usable response this time.
    """
    entered = anonymous.outbound.normalise(typed)
    front = anonymous.get(f"{entered}/", accept="text/html, */*;q=0.8")
    base = anonymous.outbound.normalise(front.url)
    # Where a site sends strangers to sign in, its own path ends before WordPress' inner ones.
    sign_in_base = base if _path(front.url) != _path(base) else ""
    problems: list[HallpassError] = []
    closed_roots: list[str] = []
    for root in _candidate_roots(anonymous.outbound, front, entered, base):
        try:
            found = _read_root(anonymous, root, sign_in_base)
        except SiteUnavailable as problem:
            if problem.slow:
                raise
            problems.append(problem)
        except (SiteUnsupported, KeyRefused) as problem:
            problems.append(problem)
            if isinstance(problem, SiteUnsupported) and problem.reason == "rest_blocked":
                closed_roots.append(root)
        else:
            if found is not None:
                return _at_one_host(anonymous, found)
    error = _most_helpful_error(front, problems)
    if closed_roots and isinstance(error, SiteUnsupported) and _is_wordpress(front):
        site = closed_site(anonymous.outbound, closed_roots[0], sign_in_base)
        return _at_one_host(anonymous, Discovery(site, error, is_open_to_keys=True))
    raise error


def _read_root(anonymous: AnonymousRequests, root: str, sign_in_base: str = "") -> Discovery | None:
    """Return what the index at *root* says of its site; None when it is not WordPress' index."""
    response = anonymous.get(route_url(root, "", _index_query()))
    root = _root_of_index(response.url)
    return read_index(anonymous.outbound, root, read_reply(response), sign_in_base)


def _at_one_host(anonymous: AnonymousRequests, found: Discovery) -> Discovery:
    """
    Return *found*, or where its approval page is on another host, the REST API of that host.

    WordPress answers below its own address, too, and with any permalinks. What the other host says
    of itself counts then, so that a site which names the approval page of another shows that other.
    Where that does not answer, or no request is left, nothing is approved.
    """
    page = found.site.authorize_url
    if found.site.has_one_origin:
        return found
    is_useless = found.problem is None or found.is_open_to_keys
    refused = Discovery(found.site, unsupported("two_hosts")) if is_useless else found
    if page is None or not page.endswith(APPROVAL_PAGE):
        return refused
    root = f"{page.removesuffix(APPROVAL_PAGE)}/index.php?rest_route=/"
    try:
        there = _read_root(anonymous, root)
    except (SiteUnavailable, SiteUnsupported, KeyRefused):
        return refused
    return there if there is not None and there.site.has_one_origin else refused


def _candidate_roots(outbound: Outbound, front: Response, entered: str, base: str) -> list[str]:
    """
    Return the addresses that may be the REST root, most likely first.

    *entered* is the typed address, *base* the one where *front* ended, without WordPress' inner
    paths. A site that sends strangers to sign in may do so from any of its pages, and to a folder
    in which WordPress itself is: of the two, the shorter is then the site's own.
    """
    header = front.headers.get("link", "")[:MAX_LINK_HEADER_CHARACTERS]
    named = LINK_HEADER.findall(as_utf8(header))[:MAX_NAMED_ROOTS]
    for tag in islice(LINK_TAG.finditer(front.body), MAX_NAMED_ROOTS):
        links = HREF.findall(tag[0])[:1]
        named += [html.unescape(href.decode(errors="replace")) for href in links]
    parts = urlsplit(front.url)
    top = f"{parts.scheme}://{parts.netloc}"
    is_cut = _path(front.url) != _path(base)
    bases = [entered, base] if is_cut and not entered.startswith(f"{base}/") else [base, entered]
    usual = [f"{base}{path}" for base in (*bases, top) for path in ("/wp-json/", "/?rest_route=/")]
    found = [callable_url(outbound, root, front.url) for root in named]
    # Elsewhere, whoever wrote the page would choose whom we call.
    here = [root for root in found if root and outbound.same_origin(root, front.url)]
    return list(dict.fromkeys([*list(dict.fromkeys(here))[:MAX_NAMED_ROOTS], *usual]))


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
    is_wordpress = _is_wordpress(front)
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


def _is_wordpress(front: Response) -> bool:
    """Return whether *front* shows marks of a WordPress."""
    body = front.body.lower()
    is_named = "api.w.org" in front.headers.get("link", "")
    return is_named or any(mark in body for mark in WORDPRESS_MARKS)


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")
