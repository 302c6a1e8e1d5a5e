"""
From an address that a person typed to the REST API of the WordPress behind it.

Nothing here carries a key. Bare GETs follow up to five redirects, each checked like the address
itself and never from https to http; where they end, scheme and host of the REST root are fixed,
and calls with a key go there and nowhere else.

Every page of a WordPress names its REST root (Link header, then HTML). Where plugins took that
out, the usual places are tried; ``?rest_route=/`` works with any permalinks and prefix.
"""

from __future__ import annotations

import html
import re
import secrets
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qsl, urljoin, urlsplit

from chalicelib.errors import HallpassError, SiteUnavailable, SiteUnsupported
from chalicelib.grants.site import Site
from chalicelib.outbound.client import Answer, Outbound
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wordpress.replies import Json, Reply, read, unusable
from chalicelib.wordpress.rest import Query, address

MOST_REDIRECTS = 5
LONGEST_NAME = 200
REDIRECTS = frozenset({301, 302, 303, 307, 308})
FIELDS = "name,url,home,namespaces,authentication,site_icon_url"

REL = "https://api.w.org/"
LINK_HEADER = re.compile(r'<([^<>]+)>\s*;\s*rel="?https://api\.w\.org/"?')
LINK_TAG = re.compile(rb"<link\b[^<>]{0,2000}?https://api\.w\.org/[^<>]{0,2000}>", re.IGNORECASE)
HREF = re.compile(rb"""href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
WORDPRESS_MARKS = (b"/wp-content/", b"/wp-includes/", b'content="wordpress')


@dataclass(frozen=True, slots=True)
class Finding:
    """A site, and what keeps it from being used."""

    site: Site
    problem: SiteUnsupported | None = None


def find(outbound: Outbound, typed: str) -> Finding:
    """
    Return the WordPress site behind *typed*.

    Raises:
        InvalidInput: Not an address that is called (field ``site_url``).
        SiteUnsupported: ``not_wordpress``, ``rest_blocked``, ``firewall``, ``basic_auth``, …
        SiteUnavailable: No usable answer this time.
    """
    entered = outbound.normalise(typed)
    front = follow(outbound, f"{entered}/", accept="text/html, */*;q=0.8")
    problems: list[HallpassError] = []
    for root in _roots(outbound, front):
        try:
            answer = follow(outbound, address(root, "", _question()))
            reply = read(answer)
        except SiteUnavailable as problem:
            if problem.slow:
                raise
            problems.append(problem)
        except SiteUnsupported as problem:
            problems.append(problem)
        else:
            found = _finding(outbound, _root_of(answer.url), reply)
            if found is not None:
                return found
    raise _verdict(front, problems)


def follow(outbound: Outbound, url: str, *, accept: str = "application/json") -> Answer:
    """
    GET *url* without any key, through redirects.

    Raises:
        SiteUnsupported: ``needs_https``: the site insists on http.
        SiteUnavailable: Also when a redirect leads where we do not go, or round in circles.
    """
    for _ in range(MOST_REDIRECTS + 1):
        answer = outbound.call("GET", url, headers={"Accept": accept}, cut=True)
        if answer.status not in REDIRECTS or not answer.headers.get("location"):
            return answer
        target = secured(outbound, _text(answer.headers["location"]), url)
        if target is None:
            raise unavailable("unreachable")
        if target == url and answer.headers["location"].lower().startswith("http:"):
            raise unsupported("needs_https")
        url = target
    raise unavailable("odd_answer")


def secured(outbound: Outbound, given: str, base: str = "") -> str | None:
    """Return the address *given* by a site, with https; None if it is not of a kind we call."""
    try:
        url = urljoin(base, given)
    except ValueError:
        return None
    if outbound.may_call(url):
        return url
    scheme, _, rest = url.partition("://")
    upgraded = f"https://{rest}"
    return upgraded if scheme.lower() == "http" and outbound.may_call(upgraded) else None


def _roots(outbound: Outbound, front: Answer) -> list[str]:
    """Return where the REST root may be, best first."""
    named = [*LINK_HEADER.findall(_text(front.headers.get("link", "")))]
    for tag in LINK_TAG.findall(front.body):
        named += [html.unescape(href.decode(errors="replace")) for href in HREF.findall(tag)]
    parts = urlsplit(front.url)
    top = f"{parts.scheme}://{parts.netloc}"
    usual = [
        f"{base}{place}"
        for base in (f"{top}{parts.path.rstrip('/')}", top)
        for place in ("/wp-json/", "/?rest_route=/")
    ]
    roots = [*(secured(outbound, root, front.url) for root in named), *usual]
    return list(dict.fromkeys(root for root in roots if root))


def _question() -> Query:
    # The random parameter keeps caches in front of the site from answering in its place.
    return {"_fields": FIELDS, "_": secrets.token_hex(4)}


def _root_of(url: str) -> str:
    """Return the REST root that *url*, where the question for the index ended, belongs to."""
    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
    if "rest_route" in dict(parse_qsl(parts.query)):
        return f"{plain}?rest_route=/"
    return f"{plain.rstrip('/')}/"


def _finding(outbound: Outbound, root: str, reply: Reply) -> Finding | None:
    """Return what an index tells, or None when it is not that of a WordPress."""
    data = reply.data if isinstance(reply.data, dict) else {}
    namespaces = data.get("namespaces")
    if reply.ok and isinstance(namespaces, list) and "wp/v2" in namespaces:
        site = _site(outbound, root, data)
        return Finding(site, _problem(outbound, site, data))
    inner = data.get("data")
    is_refusal = isinstance(inner, dict) and inner.get("status") == reply.status
    if not is_refusal or reply.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return None
    if reply.status == HTTPStatus.FORBIDDEN or "disabled" in reply.code:
        raise unsupported("rest_blocked")
    # Closed to strangers, most likely open to whoever holds a key: on the usual paths, then.
    site = _site(outbound, root, {})
    return Finding(replace(site, authorize_url=f"{_base(root)}/wp-admin/authorize-application.php"))


def _site(outbound: Outbound, root: str, index: Json) -> Site:
    """Return the site of *index*; what points elsewhere than to callable addresses is dropped."""
    base = _base(root)
    home = secured(outbound, _string(index.get("home"))) or base
    core = secured(outbound, _string(index.get("url"))) or base
    offer = index.get("authentication")
    for name in ("application-passwords", "endpoints", "authorization"):
        # Without any way to sign in, PHP makes this an empty list.
        offer = offer.get(name) if isinstance(offer, dict) else None
    name = html.unescape(_string(index.get("name"))).strip()[:LONGEST_NAME]
    is_same = urlsplit(home).netloc == urlsplit(root).netloc
    return Site(
        url=(home if is_same else base).rstrip("/"),
        name=name or urlsplit(base).netloc,
        rest_root=root,
        login_url=f"{core.rstrip('/')}/wp-login.php",
        authorize_url=secured(outbound, _string(offer)),
        icon_url=secured(outbound, _string(index.get("site_icon_url"))),
    )


def _problem(outbound: Outbound, site: Site, index: Json) -> SiteUnsupported | None:
    if urlsplit(site.rest_root).netloc == "public-api.wordpress.com":
        return unsupported("wordpress_com")
    if site.authorize_url is not None:
        return None
    if (urlsplit(site.url).hostname or "").endswith(".wordpress.com"):
        return unsupported("wordpress_com")
    home = _string(index.get("home"))
    is_open = home.startswith("http://") and not outbound.may_call(home)
    return unsupported("needs_https" if is_open else "app_passwords_off")


def _verdict(front: Answer, problems: list[HallpassError]) -> HallpassError:
    """Return the error that tells the owner most, when no place held an open REST API."""
    host = urlsplit(front.url).hostname or ""
    at_wordpress_com = front.headers.get("host-header", "").lower() == "wordpress.com"
    if at_wordpress_com or host.endswith(".wordpress.com"):
        return unsupported("wordpress_com")
    is_wordpress = "api.w.org" in front.headers.get("link", "") or any(
        mark in front.body.lower() for mark in WORDPRESS_MARKS
    )
    for problem in problems:
        if isinstance(problem, SiteUnsupported):
            return problem
    if not is_wordpress:
        # Many a server says 403 or worse to paths that it does not have: that tells nothing.
        problems = []
    if front.status >= HTTPStatus.BAD_REQUEST and front.status != HTTPStatus.NOT_FOUND:
        problems = [*problems, unusable(front)]
    reasons = {problem.reason for problem in problems if isinstance(problem, SiteUnavailable)}
    if "firewall" in reasons:
        return unsupported("firewall")
    for reason in ("maintenance", "server_error"):
        if reason in reasons:
            return unavailable(reason)
    if any(isinstance(problem, SiteUnsupported) for problem in problems):
        return unsupported("basic_auth")
    return unsupported("rest_blocked" if is_wordpress else "not_wordpress")


def _base(root: str) -> str:
    """Return the address of the site whose REST root is *root*, without a trailing slash."""
    path, mark, _ = root.partition("?")
    return path.removesuffix("index.php").rstrip("/") if mark else path.rsplit("/", 2)[0]


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(header: str) -> str:
    """Return a header as UTF-8, which browsers read there; HTTP itself knows Latin-1 only."""
    return header.encode("latin-1", errors="replace").decode(errors="replace")
