"""
What the index of a REST API says of its site: name, addresses, and the way to approve access.

Every address in an index is the site's own claim: `callable_url` checks it before it is used.
Scheme and host of the REST root are fixed by where the index came from, and calls with a key go
there and nowhere else. So an approval page or a sign-in page on another host is not offered: the
key would go to another place than the one on which it was approved.
"""

from __future__ import annotations

import html
from http import HTTPStatus
from urllib.parse import urlsplit

from chalicelib.errors import SiteUnsupported
from chalicelib.grants.site import Site
from chalicelib.outbound.client import Outbound
from chalicelib.site_problems import unsupported
from chalicelib.values import dataclass, replace
from chalicelib.wordpress.anonymous import callable_url
from chalicelib.wordpress.replies import Json, Reply

MAX_NAME_CHARACTERS = 200
INDEX_FIELDS = "name,url,home,namespaces,authentication,site_icon_url"


@dataclass(frozen=True, slots=True)
class Discovery:
    """
    A site that was found, and the problem that keeps it from being used.

    `is_open_to_keys`: the problem is a stranger's, and a key may find the API open.
    """

    site: Site
    problem: SiteUnsupported | None = None
    is_open_to_keys: bool = False


def read_index(
    outbound: Outbound, root: str, reply: Reply, sign_in_base: str = ""
) -> Discovery | None:
    """
    Return the site whose index is *reply*, or None when that is not WordPress' index.

    *root* is the REST root that the index came from, *sign_in_base* the address below which the
    site sends strangers to sign in, if it does. A site that shows its index to signed-in users
    only, or an index that says nothing, is found, too, with the usual address of the approval page:
    whether the API is open to a key, only a key shows.
    """
    data = reply.data if isinstance(reply.data, dict) else {}
    says_something = isinstance(data.get("namespaces"), list) or {"home", "authentication"} <= {
        *data
    }
    if reply.ok and says_something:
        if "authentication" not in data:
            return Discovery(closed_site(outbound, root, sign_in_base, data))
        site = _site(outbound, root, data)
        return Discovery(site, _find_problem(outbound, site, data))
    inner = data.get("data")
    is_refusal = isinstance(inner, dict) and inner.get("status") == reply.status
    if not is_refusal or reply.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return None
    is_off = "disabled" in reply.code
    problem = unsupported("rest_blocked") if is_off else None
    return Discovery(closed_site(outbound, root, sign_in_base), problem)


def closed_site(
    outbound: Outbound, root: str, sign_in_base: str, index: Json | None = None
) -> Site:
    """Return the site at *root* whose *index*, if any, does not say how to approve: as usual."""
    core = sign_in_base or _site_url(root)
    site = _site(outbound, root, {"url": core, **(index or {})})
    base = site.login_url.removesuffix("/wp-login.php")
    return replace(site, authorize_url=f"{base}/wp-admin/authorize-application.php")


def _site(outbound: Outbound, root: str, index: Json) -> Site:
    """Return the site of *index*; addresses in it that may not be called are left out."""
    base = _site_url(root)
    home = callable_url(outbound, _string(index.get("home"))) or base
    core = callable_url(outbound, _string(index.get("url"))) or base
    approval = index.get("authentication")
    for name in ("application-passwords", "endpoints", "authorization"):
        # Without any way to sign in, PHP makes this an empty list.
        approval = approval.get(name) if isinstance(approval, dict) else None
    name = html.unescape(_string(index.get("name"))).strip()[:MAX_NAME_CHARACTERS]
    is_same_host = urlsplit(home).netloc == urlsplit(root).netloc
    return Site(
        url=(home if is_same_host else base).rstrip("/"),
        name=name or urlsplit(base).netloc,
        rest_root=root,
        login_url=f"{core.rstrip('/')}/wp-login.php",
        authorize_url=callable_url(outbound, _string(approval)),
        icon_url=callable_url(outbound, _string(index.get("site_icon_url"))),
    )


def _find_problem(outbound: Outbound, site: Site, index: Json) -> SiteUnsupported | None:
    """Return why *site* offers no approval page, or None when it does."""
    if urlsplit(site.rest_root).netloc == "public-api.wordpress.com":
        return unsupported("wordpress_com")
    if site.authorize_url is not None:
        return None if site.has_one_origin else unsupported("two_hosts")
    if (urlsplit(site.url).hostname or "").endswith(".wordpress.com"):
        return unsupported("wordpress_com")
    home = _string(index.get("home"))
    is_http_only = home.startswith("http://") and not outbound.may_call(home)
    return unsupported("needs_https" if is_http_only else "app_passwords_off")


def _site_url(root: str) -> str:
    """Return the address of the site whose REST root is *root*, without a trailing slash."""
    path, mark, _ = root.partition("?")
    return path.removesuffix("index.php").rstrip("/") if mark else path.rsplit("/", 2)[0]


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
