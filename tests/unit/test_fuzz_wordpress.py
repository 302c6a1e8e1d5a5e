"""
Whatever a site responds, the adapter raises an error that its callers know, or returns a value
that can be stored in DynamoDB and rendered as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as any_of

from chalicelib.aws.dynamodb import to_item
from chalicelib.errors import HallpassError, SiteUnavailable
from chalicelib.grants.site import Account, Credentials, NewUser, Site
from chalicelib.outbound.client import Outbound, Response
from chalicelib.wordpress.client import RestWordPress
from tests.fakes.world import URL

SITE = Site(URL, "Blog", f"{URL}/wp-json/", f"{URL}/wp-login.php")
KEY = Credentials("admin", "abcdefghijklmnopqrstuvwx")
USER = Account(7, "hp7")
NEW = NewUser("hp7", "hp7@example.test", "pw", "Support")

# Names that the adapter reads, so that its deeper parts are reached.
NAMES = """
    id username email roles capabilities code data status deleted namespaces authentication
    application-passwords endpoints authorization name url home uuid password raw plugin
    site_icon_url
""".split()  # noqa: SIM905  So many read best as text.
WORDS = """
    administrator hp7 hp7@example.test wp/v2 https://blog.example http://[ x
    rest_user_invalid_id rest_user_invalid_reassign existing_user_login rest_trash_not_supported
""".split()  # noqa: SIM905  As above.
JSON = any_of.recursive(
    any_of.none()
    | any_of.booleans()
    | any_of.integers()
    | any_of.floats()
    | any_of.sampled_from([2**63, 2**64, 10**50])
    | any_of.text(max_size=6)
    | any_of.sampled_from(WORDS),
    lambda inner: (
        any_of.lists(inner, max_size=4)
        | any_of.dictionaries(any_of.sampled_from(NAMES), inner, max_size=8)
    ),
    max_leaves=12,
)
# A lone surrogate, which JSON can carry, is too rare among all characters to come up by chance.
TEXT = any_of.text(max_size=6) | any_of.sampled_from(["\ud800", "a\udfffb", "\ude00\ud83d"])
ID = any_of.integers() | any_of.sampled_from([1, 7, 8, 2**63, 2**64, 10**50])
# Nearly valid replies, so that their values get far enough to be stored.
INDEX = any_of.fixed_dictionaries(
    {"namespaces": any_of.just(["wp/v2"]), "name": TEXT, "url": TEXT | any_of.just(URL)}
)
ACCOUNT = any_of.fixed_dictionaries(
    {"id": ID, "username": TEXT | any_of.just("hp7"), "email": TEXT, "registered_date": TEXT}
)
RESPONSES = any_of.tuples(
    any_of.sampled_from([200, 201, 204, 301, 400, 401, 403, 404, 409, 429, 500, 501, 503]),
    any_of.dictionaries(
        any_of.sampled_from(["location", "link", "x-wp-totalpages", "www-authenticate"]),
        any_of.sampled_from(
            [
                "",
                "2",
                "-1",
                "\xb2",
                "/",
                "http://[",
                "//x/wp/v2/users/7",
                '<http://[>; rel="https://api.w.org/"',
            ]
        ),
    ),
    (JSON | INDEX | ACCOUNT | any_of.lists(ACCOUNT, max_size=3)).map(
        lambda data: json.dumps(data).encode()
    )
    | any_of.binary(max_size=40),
)


class CannedOutbound(Outbound):
    """Returns the responses of a list, over and over, and calls no site."""

    def __init__(self, responses: list[tuple[int, dict[str, str], bytes]]) -> None:
        super().__init__("Hallpass")
        self._responses, self._calls = responses, 0

    def call(self, method: str, url: str, **_: Any) -> Response:  # noqa: ANN401
        del method
        status, headers, body = self._responses[self._calls % len(self._responses)]
        self._calls += 1
        typed: Mapping[str, str] = headers
        return Response(status, typed, body, url)


def _store_and_render(result: object) -> None:
    """Convert *result* to a DynamoDB item and to JSON."""
    value = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
    to_item({"value": value})
    json.dumps(value, ensure_ascii=False).encode()


@settings(max_examples=400, deadline=None)
@given(responses=any_of.lists(RESPONSES, min_size=1, max_size=4))
def test_no_response_breaks_the_adapter(
    responses: list[tuple[int, dict[str, str], bytes]],
) -> None:
    port = RestWordPress(CannedOutbound(responses))
    for call in (
        lambda: port.check(URL),
        lambda: port.discover(URL),
        lambda: port.whoami(SITE, KEY),
        lambda: port.key_id(SITE, KEY),
        lambda: port.check_removable(SITE, KEY, USER),
        lambda: port.create_administrator(SITE, KEY, NEW),
        lambda: port.find_user(SITE, KEY, "hp7"),
        lambda: port.user_by_id(SITE, KEY, 7),
        lambda: port.create_key(SITE, KEY, Account(8, "hp7"), "name", holder_id=1),
        lambda: port.delete_own_key(SITE, KEY, "0bce1ef0-6a39-4b8e-8d2e-6dbb6b1a9f0c"),
        lambda: port.delete_self(SITE, KEY, USER, 1),
        lambda: port.delete_user(SITE, KEY, USER, 1),
        lambda: port.is_missing(SITE, 7),
        lambda: port.refuses(SITE, KEY),
        lambda: port.snapshot(SITE, KEY),
    ):
        try:
            _store_and_render(call())
        except HallpassError:
            pass
        except ValueError as error:
            # The one error that is its caller's mistake and not the site's.
            assert "own application passwords" in str(error)  # noqa: PT017


@pytest.mark.parametrize("status", [200, 302, 400, 429, 500, 502, 503])
def test_a_page_in_the_place_of_rest_proves_neither_that_a_key_works_nor_that_it_is_refused(
    status: int,
) -> None:
    port = RestWordPress(CannedOutbound([(status, {}, b"<h1>Come back later</h1>")]))

    with pytest.raises(SiteUnavailable):
        port.refuses(SITE, KEY)
