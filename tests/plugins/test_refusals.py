"""What a site refuses is named by its cause, and a key that a plugin refuses is a refused key."""

from __future__ import annotations

import pytest

from chalicelib.errors import ConsentRejected, SiteUnsupported
from chalicelib.grants.site import Credentials
from tests.plugins.conftest import Owner


@pytest.mark.parametrize("status", [0, 400, 403, 404])
def test_a_key_that_a_plugin_checks_is_reported_as_refused_by_it(owner: Owner, status: int) -> None:
    key = owner.consent()
    owner.install("basic-auth-plugin", *([f"sign-in-codes-{status}"] if status else []))

    with pytest.raises(ConsentRejected) as refused:
        owner.provision(consent=key)

    assert refused.value.reason == "checked_by_plugin"
    assert "plugin" in refused.value.message
    owner.install()
    assert owner.users == {"admin"}


@pytest.mark.parametrize("login", ["o'brien", 'the"boss', "back\\slash", "co:lon"])
def test_a_login_that_wordpress_does_not_take_is_named_as_the_cause(
    owner: Owner, login: str
) -> None:
    key = owner.consent()

    with pytest.raises(ConsentRejected) as refused:
        owner.provision(consent=Credentials(login, key.password))

    assert refused.value.reason == "login_not_taken"
    assert "e-mail address" in refused.value.message


def test_a_pasted_key_that_is_mistyped_says_so_first(owner: Owner) -> None:
    with pytest.raises(ConsentRejected) as refused:
        owner.provision(consent=Credentials("admin", "abcd" * 6))

    assert refused.value.reason == "mistyped"
    assert "mistyp" in refused.value.message.split(".")[0]


@pytest.mark.parametrize(
    "plugin",
    [
        "rest-closed-by-page",
        "rest-closed-without-code",
        "rest-closed-by-end",
        "rest-closed-with-number",
    ],
)
def test_a_closed_rest_api_is_named(owner: Owner, plugin: str) -> None:
    key = owner.consent()
    owner.install(plugin)

    problem = owner.wordpress.check(owner.site.url).problem

    assert problem is not None
    assert problem.code == "rest_blocked"
    with pytest.raises(SiteUnsupported) as refused:
        owner.provision(consent=key)
    assert refused.value.reason == "rest_blocked"
    owner.install()
    assert owner.users == {"admin"}


def test_an_api_that_is_closed_to_strangers_only_is_left_to_the_key(owner: Owner) -> None:
    owner.install("all-refused-401")

    check = owner.wordpress.check(owner.site.url)

    assert check.consent_url == f"{owner.site.url}/wp-admin/authorize-application.php"
    assert check.problem is not None
    assert check.problem.code == "rest_blocked"


def test_a_site_whose_database_is_away_does_not_count_as_keeping_its_api_closed(
    owner: Owner,
) -> None:
    owner.site.mu(
        "<?php add_action( 'init', fn() => wp_die( '<h1>Error establishing a database connection"
        "</h1>', 'Database Error' ), 0 );"
    )

    problem = owner.wordpress.check(owner.site.url).problem

    assert problem is not None
    assert problem.code == "server_error"
