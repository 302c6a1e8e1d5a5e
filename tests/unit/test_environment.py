"""What support learns of a site: versions, and what may keep it from signing in."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from chalicelib.grants.environment import (
    MAX_NAME_CHARACTERS,
    MAX_PLUGINS,
    Environment,
    environment_of,
)
from chalicelib.grants.snapshot import Plugin, Theme
from chalicelib.outbound.client import Response
from chalicelib.web.bodies import MAX_CIPHERTEXT_BYTES
from chalicelib.wordpress.sign_in_page import php_version, wordpress_version
from tests.fakes.world import GRANT, NOW, OWNER, World
from tests.unit.bodies import user_body
from tests.unit.conftest import Api

FORM = b'<form><input name="log"><input type="password" name="pwd"></form>'


def plugin(folder: str, name: str, status: str = "active") -> Plugin:
    return Plugin(f"{folder}/{folder}", name, "1.2", status)


def made(world: World) -> Environment:
    world.parts.lifecycle.provision(world.request(), now=NOW)
    return environment_of(world.grants.items[GRANT])


def test_versions_come_from_what_set_up_has_read(world: World) -> None:
    world.site.plugins = (
        plugin("akismet", "Akismet", "inactive"),
        plugin("woocommerce", "WooCommerce"),
        plugin("jetpack", "Jetpack", "network-active"),
    )
    world.site.themes = (
        Theme("old", "Old", "0.1", "inactive"),
        Theme("twentytwentyfive", "Twenty Twenty-Five", "1.3", "active"),
    )

    assert made(world) == Environment(
        "7.1", "8.2.30", "Twenty Twenty-Five 1.3", ("WooCommerce 1.2", "Jetpack 1.2")
    )


def test_plugins_that_may_stand_in_the_way_are_named(world: World) -> None:
    world.site.plugins = (
        plugin("wordfence", "Wordfence Security"),
        plugin("wps-hide-login", "WPS Hide Login"),
        plugin("new-user-approve", "New User Approve"),
        plugin("two-factor", "Two Factor", "inactive"),
    )

    assert made(world).obstacles == (
        ("second_factor", "Wordfence Security"),
        ("hidden", "WPS Hide Login"),
        ("approval", "New User Approve"),
    )


def test_a_site_that_shows_nothing_has_none(world: World) -> None:
    grant, _ = world.parts.lifecycle.register(world.manual_request(), now=NOW)

    assert environment_of(grant) == Environment()


def test_however_much_a_site_says_the_sealed_details_stay_small(world: World) -> None:
    world.site.plugins = tuple(plugin(f"p{n}", "\U0001f600" * 100) for n in range(60))

    known = made(world)

    assert (len(known.plugins), known.more) == (MAX_PLUGINS, 60 - MAX_PLUGINS)
    assert all(len(name) <= MAX_NAME_CHARACTERS * 2 + 1 for name in known.plugins)
    text = json.dumps(asdict(known), ensure_ascii=False)
    assert len(text.encode()) < MAX_CIPHERTEXT_BYTES // 2


def test_the_answer_that_a_link_is_sealed_from_has_it_and_no_other(world: World, api: Api) -> None:
    status, answer = api("POST", "/users", user_body(world))

    assert status == 201
    assert answer["environment"] == {
        "wordpress": "7.1",
        "php": "8.2.30",
        "theme": "Twenty Twenty-Five 1.3",
        "plugins": [],
        "more": 0,
        "obstacles": {},
    }
    renewed = api("POST", f"/grants/{GRANT}/link", {"password": "n" * 24}, token=OWNER)[1]
    assert renewed["environment"] == answer["environment"]
    assert "environment" not in api("GET", f"/grants/{GRANT}", token=OWNER)[1]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<link href='https://x.example/wp-admin/load-styles.php?c=0&amp;ver=6.8.1'>", "6.8.1"),
        (b"<link href='https://x.example/wp-includes/css/dashicons.min.css?ver=7.1'>", "7.1"),
        (b"<link href='https://x.example/wp-content/plugins/a/a.css?ver=3.2'>", ""),
        (b"<link href='/wp-includes/css/a.css'>", ""),
        (b"<link href='/wp-includes/css/a.css?ver=" + b"9" * 4000 + b"'>", ""),
        (b"<link href='/wp-includes/css/a.css?ver=<script>'>", ""),
    ],
)
def test_the_version_of_wordpress_is_that_of_its_own_styles(head: bytes, expected: str) -> None:
    page = Response(200, {}, head + FORM, "https://x.example/wp-login.php")
    assert wordpress_version(page) == expected
    other = Response(200, {}, head, "https://x.example/wp-login.php")
    assert wordpress_version(other) == "", "not WordPress' own page"


@pytest.mark.parametrize(
    ("header", "expected"),
    [("PHP/8.2.30", "8.2.30"), ("PHP/8.3", "8.3"), ("ASP.NET", ""), ("PHP/evil<b>", ""), ("", "")],
)
def test_the_version_of_php_is_what_it_says_of_itself(header: str, expected: str) -> None:
    headers = {"x-powered-by": header} if header else {}
    assert php_version(Response(200, headers, FORM, "https://x.example/")) == expected
