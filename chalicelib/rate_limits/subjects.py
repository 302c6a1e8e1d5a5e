"""
What counts as one network, one host and one mailbox: names for counters, from what callers send.

Spellings of one thing have one name, so that no spelling has a limit of its own.
"""

from __future__ import annotations

import ipaddress
import re

# Larger IPv6 networks hold many visitors, so their limits are multiples of a visitor's.
IPV6_NETWORKS = ((64, 1), (56, 4), (48, 16))
DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})  # Where dots make no other mailbox.


def mailbox_of(address: str) -> str:
    """Return what names the mailbox behind *address*: without capitals, tag and dots of Gmail's."""
    local, _, domain = address.strip().casefold().rpartition("@")
    domain = domain.rstrip(".")
    local = local.partition("+")[0] or local
    if domain in DOTLESS_DOMAINS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def host_of(url: str) -> str:
    """Return the host of a normalised URL, with its port if that is no usual one."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def networks_of(ip: str) -> list[tuple[str, int]]:
    """
    Return the networks that *ip* counts for, each with the factor of its limits, smallest first.

    The IPv4 address alone; of IPv6 each of `IPV6_NETWORKS`. Anything else counts as one network.
    """
    try:
        parsed = ipaddress.ip_address(ip)
    except ValueError:
        return [("unknown", 1)]
    if isinstance(parsed, ipaddress.IPv4Address):
        return [(str(parsed), 1)]
    if parsed.ipv4_mapped is not None:
        return [(str(parsed.ipv4_mapped), 1)]
    return [
        (str(ipaddress.ip_network((parsed, bits), strict=False)), factor)
        for bits, factor in IPV6_NETWORKS
    ]
