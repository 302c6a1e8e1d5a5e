"""
Addresses that strangers type: what is meant, and whether it may be called at all.

Everything here is decided from the text alone. A name that looks harmless may still resolve to
a private address; `connections` checks the address that is really connected to.

May be called: ``https`` on port 443 of a name with a dot or of a public IP address,
without user info. Origins of the explicit allow-list are exempt from these rules, and
nothing else is: that is how the local run reaches its own WordPress on loopback.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import SplitResult, quote, unquote, urlsplit

from chalicelib.errors import InvalidInput
from chalicelib.patterns import pattern

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARACTERS = 2000
MAX_HOST_CHARACTERS = 253  # RFC 1035 allows 255 bytes with the length bytes at both ends.
# Parts of WordPress itself: the site's own path ends before them.
WORDPRESS_PATHS = frozenset(
    {"wp-admin", "wp-login.php", "wp-json", "wp-content", "wp-includes", "xmlrpc.php", "index.php"}
)
# Names of private networks: by RFC 6761, 6762 and 8375, reserved by ICANN, or in wide use.
PRIVATE_TLDS = frozenset(
    {"arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost"}
    | {"onion", "private"}
)
INVISIBLE_CHARACTERS = "\u200b\u200c\u200d\u2060\ufeff"
DNS_LABEL = pattern(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMERIC_LABEL = pattern(r"0x[0-9a-f]*|[0-9]+")

# IANA's special-purpose registries, written out so that the answer does not change with the
# version of Python. Of IPv6 only the global unicast block is used; it contains blocks that carry
# an IPv4 address inside (Teredo, 6to4), and those could name any private host.
NON_PUBLIC_V4 = [
    ipaddress.IPv4Network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
]
GLOBAL_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
NON_PUBLIC_V6 = [
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
    text = typed.strip().strip(INVISIBLE_CHARACTERS).strip()
    if "://" not in text:
        text = text.removeprefix("//")
        is_allowed = text and origin_or_none(f"http://{text}", allowed) in allowed
        text = f"http://{text}" if is_allowed else f"https://{text}"
    parts = _split(text)
    segments: list[str] = []
    for segment in unquote(parts.path).split("/"):
        if segment.lower() in WORDPRESS_PATHS:
            break
        if segment not in {"", ".", ".."}:
            segments.append(quote(segment))
    return "/".join([origin(text, allowed), *segments])


def origin(url: str, allowed: Collection[str] = ()) -> str:
    """
    Return scheme, host and, for an origin of *allowed*, port of *url*, in their one spelling.

    Raises:
        InvalidInput: Not an address that may be called (field ``site_url``).
    """
    parts = _split(url)
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise _invalid("Please give a web address that begins with https://.")
    if "@" in parts.netloc:
        raise _invalid("Please give the address without a user name or password.")
    try:
        port = parts.port or DEFAULT_PORTS[scheme]
    except ValueError:
        raise _invalid() from None
    host = (parts.hostname or "").rstrip(".")
    spelled = f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}")
    if spelled in allowed:
        return spelled
    if scheme != "https":
        raise _invalid(
            "Please give the address that begins with https://. "
            "Over http, anyone on the way could read the keys to your site."
        )
    if port != DEFAULT_PORTS[scheme]:
        raise _invalid("Please give the address without a port number.")
    return f"https://{_public_host(host)}"


def origin_or_none(url: str, allowed: Collection[str] = ()) -> str | None:
    """Return `origin` of *url*, or None when it may not be called."""
    try:
        return origin(url, allowed)
    except InvalidInput:
        return None


def is_public(address: str) -> bool:
    """Return whether *address*, in the numeric form that sockets use, is a public IP address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not any(ip in block for block in NON_PUBLIC_V4)
    return (
        ip.is_global and ip in GLOBAL_UNICAST_V6 and not any(ip in block for block in NON_PUBLIC_V6)
    )


def _public_host(host: str) -> str:
    """Return *host* in ASCII, an IP address in its usual notation; refuse what is not public."""
    if ":" in host:
        if not is_public(host):
            raise _invalid()
        return f"[{ipaddress.IPv6Address(host)}]"
    host = _ascii(host)
    labels = host.split(".")
    if NUMERIC_LABEL.fullmatch(labels[-1]):
        # Browsers and the C library read 0x7f.1, 017700000001 and 2130706433 as IPv4 addresses.
        try:
            host = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            raise _invalid() from None
        if not is_public(host):
            raise _invalid()
        return host
    may_be_public = len(labels) > 1 and labels[-1] not in PRIVATE_TLDS
    if not may_be_public or len(host) > MAX_HOST_CHARACTERS:
        raise _invalid()
    if not all(DNS_LABEL.fullmatch(label) for label in labels):
        raise _invalid()
    return host


def _ascii(host: str) -> str:
    """Return *host* as DNS knows it, by UTS 46 as browsers do: full-width digits and dots too."""
    if host.isascii():
        return host
    import idna  # noqa: PLC0415  Its tables are large, and hardly any address needs them.

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        raise _invalid() from None


def _split(text: str) -> SplitResult:
    # A backslash is a slash to a browser and part of the host to others: no address needs one.
    is_ambiguous = "\\" in text or any(c.isspace() or c < " " for c in text)
    if is_ambiguous or len(text) > MAX_URL_CHARACTERS:
        raise _invalid()
    try:
        return urlsplit(text)
    except ValueError:
        raise _invalid() from None


def _invalid(
    message: str = "That does not look like the public web address of a site.",
) -> InvalidInput:
    return InvalidInput("site_url", message)
