"""
A site's sign-in page, as a stranger meets it.

An owner who approves is sent there first, and support signs in there. Security plugins give it
another name, and some web servers ask for a password of their own before it.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from chalicelib.errors import HallpassError, SiteUnsupported
from chalicelib.grants.site import Site
from chalicelib.outbound.client import Response
from chalicelib.site_problems import unsupported
from chalicelib.wordpress.look import Look

PASSWORD_FIELD = re.compile(
    rb"""<input\b[^<>]{0,1000}?\btype\s*=\s*["']?password\b""", re.IGNORECASE
)
MAX_SEARCHED = 512 * 1024  # Bytes of a page.


def find_problem(look: Look, site: Site) -> SiteUnsupported | None:
    """
    Return ``basic_auth`` or ``hidden_login`` where *site* keeps strangers from signing in.

    Both addresses count: the approval page, which sends strangers to sign in, and the sign-in page
    by itself. A page that does not answer is not held against the site.
    """
    approval = _page(look, site.authorize_url or site.login_url)
    pages = [approval]
    if approval is None or _plain(approval.url) != _plain(site.login_url):
        pages.append(_page(look, site.login_url))
    seen = [page for page in pages if page is not None]
    if any(asks_password_first(page) for page in seen):
        return unsupported("basic_auth")
    if not all(has_sign_in_form(page) for page in seen):
        return unsupported("hidden_login")
    return None


def asks_password_first(page: Response) -> bool:
    """Return whether the web server asks for a password before WordPress is reached."""
    challenge = page.headers.get("www-authenticate", "").lower().lstrip()
    is_unauthorized = page.status == HTTPStatus.UNAUTHORIZED
    return is_unauthorized and challenge.startswith(("basic", "digest"))


def has_sign_in_form(page: Response) -> bool:
    """Return whether *page* asks for a password, as WordPress' own page or one of the site's."""
    is_shown = page.status < HTTPStatus.MULTIPLE_CHOICES
    return is_shown and PASSWORD_FIELD.search(page.body[:MAX_SEARCHED]) is not None


def _page(look: Look, url: str) -> Response | None:
    try:
        return look.get(url, accept="text/html, */*;q=0.8")
    except HallpassError:
        return None


def _plain(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path
