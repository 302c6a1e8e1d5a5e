"""Addresses that people type: what they mean, and which ones are never called."""

# ruff: noqa: RUF001  Look-alike letters and digits are what some of these are about.

from __future__ import annotations

import pytest

from chalicelib.errors import InvalidInput
from chalicelib.outbound.urls import is_public, normalise

LOCAL = "http://127.0.0.1:8081"
PUBLIC = "93.184.215.14"

INVALID = """
    https:// https:///x localhost intranet https://a 1.2.3.4.5 256.1.1.1 1.2.3.08
    javascript:alert(1) data:text/html,x mailto:me@example.com file:///etc/passwd
    ftp://example.com gopher://example.com http://example.com
    https://user:secret@example.com https://user@example.com https://@example.com
    https://example.com:8443 https://example.com:80 https://example.com:99999
    https://example.com:0x1bb https://example.com:-1 https://[::1 https://]
    https://good.example\\@evil.example https://-a.example https://a..example
    https://router.local https://x.internal https://printer.home.arpa https://x.lan
    https://metadata.google.internal https://a.localhost
    http://127.0.0.1:8082 https://127.0.0.1:8081 http://127.0.0.1 http://localhost:8081
""".split()  # noqa: SIM905  So many read best as text.

# The same private addresses in every notation that some resolver understands.
PRIVATE = """
    127.0.0.1 127.0.0.1. 127.1 0 2130706433 0x7f.0.0.1 0x7f000001 0177.0.0.1 017700000001
    １２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1
    169.254.169.254 0xa9fea9fe 2852039166 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1
    198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
    [::1] [::] [::ffff:127.0.0.1] [::127.0.0.1] [::ffff:a9fe:a9fe] [64:ff9b::a9fe:a9fe]
    [64:ff9b:1::1] [2002:7f00:1::] [2001:0:7f00:1::] [2001:db8::1] [fe80::1] [fe80::1%25eth0]
    [fc00::1] [fd00:ec2::254] [ff02::1] [fec0::1] [3fff::1] [100::1] [5f00::1]
""".split()  # noqa: SIM905  So many read best as text.

WITH_BLANKS = ["", "   ", "not a site", "https://exa\tmple.com", "https://a.exa\nmple"]
TOO_LONG = [
    f"https://{'a' * 64}.example",
    f"https://{'a.' * 130}example",
    f"https://example.com/{'a' * 2000}",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("example.com", "https://example.com"),
        ("  https://Example.COM/  ", "https://example.com"),
        ("\u200bhttps://example.com\u00a0", "https://example.com"),
        ("//example.com/blog/", "https://example.com/blog"),
        ("https://example.com:443/blog", "https://example.com/blog"),
        ("https://example.com/wp-admin/users.php?a=b#c", "https://example.com"),
        ("https://example.com/blog/wp-login.php?redirect_to=x", "https://example.com/blog"),
        ("https://example.com/blog/wp-json/wp/v2/users", "https://example.com/blog"),
        ("https://example.com/WP-ADMIN", "https://example.com"),
        ("https://example.com/index.php/2026/hello", "https://example.com"),
        ("https://example.com/a/./b/../c//", "https://example.com/a/b/c"),
        ("https://example.com./", "https://example.com"),
        ("münchen.example/straße", "https://xn--mnchen-3ya.example/stra%C3%9Fe"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://ｅｘａｍｐｌｅ．com", "https://example.com"),
        (f"https://{PUBLIC}/blog", f"https://{PUBLIC}/blog"),
        ("https://0x08080808", "https://8.8.8.8"),
        ("https://[2606:2800:220:1::1]/", "https://[2606:2800:220:1::1]"),
        ("http://127.0.0.1:8081/wp-admin/", LOCAL),
        ("127.0.0.1:8081/blog", f"{LOCAL}/blog"),
    ],
)
def test_an_address_is_normalised_to_what_the_person_meant(typed: str, meant: str) -> None:
    assert normalise(typed, [LOCAL]) == meant


@pytest.mark.parametrize(
    "typed", [*INVALID, *(f"https://{host}/" for host in PRIVATE), *WITH_BLANKS, *TOO_LONG]
)
def test_an_address_that_is_never_called_is_refused_naming_the_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise(typed, [LOCAL])

    assert refused.value.field == "site_url"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1"])
def test_a_public_ip_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "fe80::1%eth0", "", "example.com"])
def test_anything_else_is_not_public(address: str) -> None:
    assert not is_public(address)
