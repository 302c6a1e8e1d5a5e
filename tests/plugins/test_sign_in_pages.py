"""Where an owner is sent to approve and support to sign in, on sites that move those pages."""

from __future__ import annotations

import pytest

from tests.plugins.conftest import Owner

HIDING = ("sign-in-hidden-403", "sign-in-hidden-home")
PASSWORD_FIRST = ("sign-in-behind-password", "admin-behind-digest")


@pytest.mark.parametrize(
    "plugin", ["count-failures", "members-only", "index-closed", "index-empty"]
)
@pytest.mark.parametrize("typed", ["", "/wp-admin/", "/some/page/"])
def test_the_addresses_are_those_of_wordpress(owner: Owner, plugin: str, typed: str) -> None:
    owner.install(plugin)

    check = owner.wordpress.check(f"{owner.site.url}{typed}")

    assert check.problem is None
    assert check.consent_url == f"{owner.site.url}/wp-admin/authorize-application.php"
    assert check.site is not None
    assert check.site.login_url == f"{owner.site.url}/wp-login.php"


@pytest.mark.parametrize("plugin", HIDING)
def test_what_is_no_sign_in_form_is_a_hidden_sign_in(owner: Owner, plugin: str) -> None:
    owner.install(plugin)

    check = owner.wordpress.check(owner.site.url)

    assert check.problem is not None
    assert check.problem.code == "hidden_login"
    assert check.consent_url == f"{owner.site.url}/wp-admin/authorize-application.php"


def test_a_sign_in_page_of_the_site_itself_is_no_hidden_one(owner: Owner) -> None:
    owner.install("sign-in-own-page")

    check = owner.wordpress.check(owner.site.url)

    assert check.problem is None
    assert check.consent_url is not None


@pytest.mark.parametrize("plugin", PASSWORD_FIRST)
def test_a_password_before_the_sign_in_is_named_before_the_owner_goes_there(
    owner: Owner, plugin: str
) -> None:
    owner.install(plugin)

    check = owner.wordpress.check(owner.site.url)

    assert check.problem is not None
    assert check.problem.code == "basic_auth"
    assert check.consent_url is None


@pytest.mark.parametrize("plugin", ["index-closed", "index-empty", "index-closed-by-page"])
def test_the_key_decides_and_not_the_index(owner: Owner, plugin: str) -> None:
    owner.install(plugin)

    assert owner.provision().state == "active"
    assert owner.end().state == "ended"
    owner.install()
    assert owner.users == {"admin"}
