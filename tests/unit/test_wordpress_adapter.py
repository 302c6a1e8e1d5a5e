"""Rare answers of a site, over canned responses: what the adapter returns or raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.errors import HallpassError, KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.grants.site import Account, Credentials, Site
from chalicelib.outbound.client import Outbound, Response
from chalicelib.wordpress.client import RestWordPress
from tests.fakes.world import URL

SITE = Site(URL, "Blog", f"{URL}/wp-json/", f"{URL}/wp-login.php")
KEY = Credentials("admin", "abcdefghijklmnopqrstuvwx")
UUID = "12345678-1234-1234-1234-123456789abc"
USER = Account(7, "hp7")
FOUND = (200, {"id": 7, "username": "hp7"})


class CannedOutbound(Outbound):
    """Returns one response after the other, the last one again and again, and calls no site."""

    def __init__(self, *responses: tuple[int, object]) -> None:
        super().__init__("Hallpass")
        self._responses = list(responses)

    def call(self, method: str, url: str, **_: Any) -> Response:  # noqa: ANN401  As the base has it.
        del method
        left = self._responses
        status, data = left.pop(0) if len(left) > 1 else left[0]
        headers: Mapping[str, str] = {"content-type": "application/json"}
        return Response(status, headers, json.dumps(data).encode(), url)


def error(status: int, code: str) -> tuple[int, object]:
    return status, {"code": code, "message": "", "data": {"status": status}}


def wordpress(*responses: tuple[int, object]) -> RestWordPress:
    return RestWordPress(CannedOutbound(*responses))


def test_a_password_that_is_no_application_password_is_refused() -> None:
    with pytest.raises(KeyRefused):
        wordpress(error(404, "rest_no_authenticated_app_password")).key_id(SITE, KEY)


def test_the_owners_own_keys_are_never_deleted_as_a_whole() -> None:
    with pytest.raises(ValueError, match="never deleted as a whole"):
        wordpress(FOUND).create_key(SITE, KEY, USER, "removal", holder_id=USER.id)


def test_a_site_that_does_not_delete_old_keys_gets_no_new_one() -> None:
    with pytest.raises(HallpassError):
        wordpress(FOUND, error(403, "rest_cannot_delete_application_passwords")).create_key(
            SITE, KEY, USER, "removal", holder_id=1
        )


@pytest.mark.parametrize("password", [None, "", 5])
def test_a_key_without_its_password_is_an_odd_answer(password: object) -> None:
    made = (201, {"uuid": UUID, "password": password})

    with pytest.raises(SiteUnavailable) as raised:
        wordpress(FOUND, (200, {"deleted": True}), made).create_key(
            SITE, KEY, USER, "removal", holder_id=1
        )

    assert raised.value.reason == "odd_answer"


def test_wordpress_own_error_page_in_rest_is_a_plugin_in_the_way_or_maintenance() -> None:
    with pytest.raises(SiteUnsupported) as blocked:
        wordpress(error(403, "wp_die")).whoami(SITE, KEY)
    with pytest.raises(SiteUnavailable) as closed:
        wordpress(error(503, "wp_die")).whoami(SITE, KEY)

    assert (blocked.value.reason, closed.value.reason) == ("rest_blocked", "maintenance")


def test_the_deletion_of_an_account_that_a_dead_key_cannot_name_is_no_end() -> None:
    with pytest.raises(KeyRefused):
        wordpress(FOUND, error(404, "rest_user_invalid_id")).delete_self(SITE, KEY, USER, 1)


@pytest.mark.parametrize(
    ("status", "reason"), [(501, "multisite"), (403, "cannot_remove"), (500, "server_error")]
)
def test_a_refused_deletion_names_its_reason(status: int, reason: str) -> None:
    refused = error(status, "rest_cannot_delete")

    with pytest.raises((SiteUnsupported, SiteUnavailable)) as raised:
        wordpress(FOUND, refused).delete_user(SITE, KEY, USER, 1)

    assert raised.value.details()["reason"] == reason
