"""
A site's sign-in page, as a stranger meets it.

An owner who approves is sent there first, and support signs in there. Security plugins give it
another name, and some web servers ask for a password of their own before it.
"""

from __future__ import annotations

import html
import re
from http import HTTPStatus
from itertools import islice
from urllib.parse import urlencode, urlsplit

from chalicelib.errors import HallpassError, SiteUnsupported
from chalicelib.grants.site import Site
from chalicelib.grants.snapshot import SignInTrial
from chalicelib.outbound.client import Outbound, Response
from chalicelib.patterns import pattern
from chalicelib.site_problems import unsupported
from chalicelib.wordpress.anonymous import AnonymousRequests

PASSWORD_FIELD = pattern(rb"""<input\b[^<>]{0,1000}?\btype\s*=\s*["']?password\b""", re.IGNORECASE)
HIDDEN_INPUT = pattern(
    rb"""<input\b[^<>]{0,1000}?\btype\s*=\s*["']?hidden\b[^<>]{0,1000}>""", re.IGNORECASE
)
INPUT = pattern(rb"<input\b[^<>]{0,2000}>", re.IGNORECASE)
ATTRIBUTE = pattern(r"""\b(name|value|type)\s*=\s*["']([^"']*)["']""")
LOGOUT_NONCE = pattern(rb"action=logout[^\"'<>]{0,300}?_wpnonce=([0-9a-f]{10})")
VERSION = r"([0-9]{1,3}(?:\.[0-9]{1,3}){1,2})"
# WordPress' own styles of the sign-in page, joined into one address or each by itself.
CORE_STYLE = pattern(
    rf"""(?:load-styles\.php\?|/wp-includes/css/|/wp-admin/css/)[^"'<>]{{1,500}}?\bver={VERSION}["']""".encode()
)
PHP_HEADER = pattern(rf"PHP/{VERSION}", re.IGNORECASE)
SIGNED_IN_COOKIE = "wordpress_logged_in_"
ERROR_BOX = b'id="login_error"'
PUZZLE_MARKS = (b"captcha", b"turnstile", b"altcha", b"two-factor", b"authcode")
OWN_FIELDS = frozenset({"log", "pwd", "rememberme"})
SILENT_INPUTS = frozenset(
    {"hidden", "submit", "button", "image", "reset"}
)  # No person fills them in.
MAX_HIDDEN_FIELDS = 20
MAX_INPUTS = 60
AS_PAGE = {"Accept": "text/html, */*;q=0.8"}
MAX_SEARCHED_BYTES = 512 * 1024  # Bytes of a page.


def find_problem(anonymous: AnonymousRequests, site: Site) -> SiteUnsupported | None:
    """
    Return ``basic_auth`` or ``hidden_login`` where *site* keeps strangers from signing in.

    Both addresses count: the approval page, which sends strangers to sign in, and the sign-in page
    by itself. A page that does not answer counts as no problem.
    """
    approval = _page(anonymous, site.authorize_url or site.login_url)
    pages = [approval]
    if approval is None or _plain(approval.url) != _plain(site.login_url):
        pages.append(_page(anonymous, site.login_url))
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
    return is_shown and PASSWORD_FIELD.search(page.body[:MAX_SEARCHED_BYTES]) is not None


def try_once(outbound: Outbound, login_url: str, username: str, password: str) -> SignInTrial:
    """
    Sign in as a person does and at once out again; return what came of it.

    Whether that user is let in does not show without WordPress' own form, or with a captcha in it,
    or when there is a second question.
    The password is sent once at most, so that no plugin counts two failures; the page is read
    first, so that none counts a call of a hidden one. What the site gave is forgotten afterwards.

    Raises:
        SiteUnavailable: No usable response. Nothing is known then.
    """
    try:
        form = outbound.call("GET", login_url, headers=AS_PAGE, truncate=True)
        trial = SignInTrial(None, wordpress_version(form), php_version(form))
        if not _is_own_form(form) or _has_puzzle(form):
            return trial
        fields = {**_hidden_fields(form.body), "log": username, "pwd": password}
        response = outbound.call(
            "POST",
            login_url,
            headers={**AS_PAGE, "Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(fields).encode(),
            truncate=True,
        )
        if SIGNED_IN_COOKIE in response.headers.get("set-cookie", ""):
            _sign_out(outbound, login_url)
            return trial._replace(is_let_in=True)
        is_refused = response.status < HTTPStatus.MULTIPLE_CHOICES and ERROR_BOX in response.body
        return trial._replace(is_let_in=False if is_refused and not _has_puzzle(response) else None)
    finally:
        outbound.close()


def wordpress_version(page: Response) -> str:
    """Return the version with which WordPress marks the styles of its own page, or ""."""
    if not _is_own_form(page):
        return ""
    found = CORE_STYLE.search(page.body[:MAX_SEARCHED_BYTES])
    return found[1].decode() if found else ""


def php_version(page: Response) -> str:
    """Return the version that PHP tells of itself, or "" where the host has switched that off."""
    found = PHP_HEADER.match(page.headers.get("x-powered-by", ""))
    return found[1] if found else ""


def _sign_out(outbound: Outbound, login_url: str) -> None:
    """End the session that the cookies of this site's connection belong to."""
    asked = outbound.call("GET", f"{login_url}?action=logout", headers=AS_PAGE, truncate=True)
    nonce = LOGOUT_NONCE.search(asked.body)
    if nonce is not None:
        address = f"{login_url}?action=logout&_wpnonce={nonce[1].decode()}"
        outbound.call("GET", address, headers=AS_PAGE, truncate=True)


def _is_own_form(page: Response) -> bool:
    return has_sign_in_form(page) and b'name="log"' in page.body and b'name="pwd"' in page.body


def _has_puzzle(page: Response) -> bool:
    """Return whether *page* asks for more than name and password: a captcha, a sum, a code."""
    body = page.body.lower()
    if any(mark in body for mark in PUZZLE_MARKS):
        return True
    tags = islice(INPUT.finditer(page.body[:MAX_SEARCHED_BYTES]), MAX_INPUTS)
    fields = [dict(ATTRIBUTE.findall(tag[0].decode(errors="replace"))) for tag in tags]
    return any(
        field.get("name", "") not in OWN_FIELDS
        and field.get("type", "text").lower() not in SILENT_INPUTS
        for field in fields
    )


def _hidden_fields(body: bytes) -> dict[str, str]:
    """Return the hidden fields of the forms of a sign-in page, those of plugins included."""
    found: dict[str, str] = {}
    for tag in islice(HIDDEN_INPUT.finditer(body[:MAX_SEARCHED_BYTES]), MAX_HIDDEN_FIELDS):
        pairs = dict(ATTRIBUTE.findall(tag[0].decode(errors="replace")))
        if pairs.get("name"):
            found[html.unescape(pairs["name"])] = html.unescape(pairs.get("value", ""))
    return found


def _page(anonymous: AnonymousRequests, url: str) -> Response | None:
    try:
        return anonymous.get(url, accept="text/html, */*;q=0.8")
    except HallpassError:
        return None


def _plain(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path
