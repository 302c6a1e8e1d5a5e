"""
Addresses that strangers type: what is meant, and whether it may be called at all.

Everything here is decided from the text alone. A name that looks harmless may still
resolve to a private address; `guard` looks at the address that is really connected to.

May be called: ``https`` on port 443 of a name with a dot or of a public IP address,
without user info. Origins of the explicit allow-list are exempt from these rules, and
nothing else is: that is how the local run reaches its own WordPress on loopback.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import SplitResult, quote, unquote, urlsplit

from chalicelib.errors import InvalidInput

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 2000
# Parts of WordPress itself: the site begins where they end.
INNER_PATHS = frozenset(
    {"wp-admin", "wp-login.php", "wp-json", "wp-content", "wp-includes", "xmlrpc.php", "index.php"}
)
# Names for machines nearby, by RFC 6761, 6762, 8375, by ICANN's word or by wide habit.
NEARBY = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost"}
    | {"onion", "private"}
)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")

# IANA's special-purpose registries, written out so that the answer does not change with the
# version of Python. Of IPv6 only the global unicast block is used; it contains blocks that carry
# an IPv4 address inside (Teredo, 6to4), and those could name any private host.
CLOSED_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
]
OPEN_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED_V6 = [
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


def normalise(typed: str, allowed: Collection[str] = ()) -> str:
    """
    Return the address that *typed* means: scheme, host and path, without a trailing slash.

    A missing scheme becomes https; what follows the site in an address copied from the browser
    (``/wp-admin/…``, ``/wp-login.php``, query, fragment) is dropped. *allowed* are origins.

    Raises:
        InvalidInput: Not an address that may be called (field ``site_url``).
    """
    text = typed.strip().strip(INVISIBLE).strip()
    if "://" not in text:
        text = text.removeprefix("//")
        is_listed = text and origin_or_none(f"http://{text}", allowed) in allowed
        text = f"http://{text}" if is_listed else f"https://{text}"
    parts = _split(text)
    kept: list[str] = []
    for segment in unquote(parts.path).split("/"):
        if segment.lower() in INNER_PATHS:
            break
        if segment not in {"", ".", ".."}:
            kept.append(quote(segment))
    return "/".join([origin(text, allowed), *kept])


def origin(url: str, allowed: Collection[str] = ()) -> str:
    """
    Return scheme, host and, for a listed origin, port of *url*, in their one spelling.

    Raises:
        InvalidInput: Not an address that may be called (field ``site_url``).
    """
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise _refusal("Please give a web address that begins with https://.")
    if "@" in parts.netloc:
        raise _refusal("Please give the address without a user name or password.")
    try:
        port = parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        raise _refusal() from None
    host = (parts.hostname or "").rstrip(".")
    listed = f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")
    if listed in allowed:
        return listed
    if scheme != "https":
        raise _refusal(
            "Please give the address that begins with https://. "
            "Over http, anyone on the way could read the keys to your site."
        )
    if port != DEFAULT_PORTS[scheme]:
        raise _refusal("Please give the address without a port number.")
    return f"https://{_public_host(host)}"


def origin_or_none(url: str, allowed: Collection[str] = ()) -> str | None:
    """As `origin`, but None for what may not be called."""
    try:
        return origin(url, allowed)
    except InvalidInput:
        return None


def is_public(address: str) -> bool:
    """Tell whether *address*, in the numeric form that sockets use, is on the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not any(ip in block for block in CLOSED_V4)
    return ip.is_global and ip in OPEN_V6 and not any(ip in block for block in CLOSED_V6)


def _public_host(host: str) -> str:
    """Return *host* in ASCII, an IP address in its usual notation; refuse what is not public."""
    if ":" in host:
        if not is_public(host):
            raise _refusal()
        return f"[{ipaddress.IPv6Address(host)}]"
    host = _ascii(host)
    labels = host.split(".")
    if NUMBER.fullmatch(labels[-1]):
        # Browsers and the C library read 0x7f.1, 017700000001 and 2130706433 as IPv4 addresses.
        try:
            host = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            raise _refusal() from None
        if not is_public(host):
            raise _refusal()
        return host
    known = len(labels) > 1 and labels[-1] not in NEARBY and len(host) <= 253  # noqa: PLR2004
    if not known or not all(LABEL.fullmatch(label) for label in labels):
        raise _refusal()
    return host


def _ascii(host: str) -> str:
    """Return *host* as DNS knows it, by UTS 46 as browsers do: full-width digits and dots too."""
    if host.isascii():
        return host
    import idna  # noqa: PLC0415  Its tables are large, and hardly any address needs them.

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise _refusal() from None


def _split(text: str) -> SplitResult:
    # A backslash is a slash to a browser and part of the host to others: no address needs one.
    unclear = len(text) > LONGEST or "\\" in text or any(c.isspace() or c < " " for c in text)
    if unclear:
        raise _refusal()
    try:
        return urlsplit(text)
    except ValueError:
        raise _refusal() from None


def _refusal(
    message: str = "That does not look like the public web address of a site.",
) -> InvalidInput:
    return InvalidInput("site_url", message)
