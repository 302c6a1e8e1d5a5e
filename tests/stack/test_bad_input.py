"""
Bad input on the real stack: each gets its documented code and one sentence that says what to do,
and nothing is left behind on the site or in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import requests

from chalicelib.onetime.envelope import encode
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic, token

NO_PASSWORDS = "<?php add_filter('wp_is_application_passwords_available', '__return_false');"
NO_USERS = """<?php add_filter('rest_endpoints', function ($routes) {
    foreach (array_keys($routes) as $route) {
        if (str_starts_with($route, '/wp/v2/users')) { unset($routes[$route]); }
    }
    return $routes;
});"""
REFUSES = """<?php add_filter('rest_pre_insert_user', function ($user, $request) {
    return $request->get_method() === 'POST' && empty($request['id'])
        ? new WP_Error('vetoed', 'No.', ['status' => 403]) : $user;
}, 10, 2);"""
PROTECTS = """<?php add_filter('map_meta_cap', function ($caps, $cap) {
    return $cap === 'delete_user' || $cap === 'delete_users' ? ['do_not_allow'] : $caps;
}, 10, 2);"""
SLOW = """<?php if (str_contains($_SERVER['REQUEST_URI'], 'rest_route') ||
    str_contains($_SERVER['REQUEST_URI'], 'wp-json')) { sleep(6); }"""


@dataclass
class Place:
    """A real WordPress of some kind, and the stack that may call it."""

    wordpress: WordPress
    stack: Stack

    def page(self, user: str | None = None) -> Page:
        """Return the page of an owner who has just approved."""
        wordpress = self.wordpress
        made = requests.post(
            f"{wordpress.url}/?rest_route=/wp/v2/users/me/application-passwords",
            headers=basic(*wordpress.auth),
            json={"name": f"Hallpass {token(4)}"},
            timeout=60,
        )
        return Page(
            self.stack.app_url, wordpress.url, user or wordpress.user, made.json()["password"]
        )

    def left_behind(self) -> tuple[list[str], int]:
        """Return the users besides the first, and how many keys the owner has."""
        with_key = basic(*self.wordpress.auth)
        root = f"{self.wordpress.url}/?context=edit&per_page=100&rest_route="
        users = requests.get(f"{root}/wp/v2/users", headers=with_key, timeout=60).json()
        keys = requests.get(
            f"{root}/wp/v2/users/me/application-passwords", headers=with_key, timeout=60
        ).json()
        return sorted(user["username"] for user in users if user["id"] != 1), len(keys)


def grants(stack: Stack) -> int:
    found: int = stack.client("dynamodb").scan(
        TableName=stack.outputs["GrantsTableName"], Select="COUNT"
    )["Count"]
    return found


@pytest.fixture(scope="module")
def sites() -> Iterator[dict[str, WordPress]]:
    with ExitStack() as running:
        yield {
            "plain": running.enter_context(WordPress("7.1")),
            "network": running.enter_context(WordPress("7.1", multisite=True)),
        }


@pytest.fixture(scope="module")
def odd_stack(sites: dict[str, WordPress]) -> Iterator[Stack]:
    with Stack(allowed_sites=tuple(site.url for site in sites.values())) as stack:
        yield stack


@pytest.fixture
def place(sites: dict[str, WordPress], odd_stack: Stack) -> Iterator[Place]:
    yield Place(sites["plain"], odd_stack)
    sites["plain"].mu("<?php")


@pytest.fixture
def stored(odd_stack: Stack) -> Callable[[], list[int]]:
    """Count what is in the tables and what was sent."""

    def count() -> list[int]:
        dynamodb = odd_stack.client("dynamodb")
        tables = [odd_stack.outputs[name] for name in ("GrantsTableName", "SecretsTableName")]
        counts = [dynamodb.scan(TableName=table, Select="COUNT")["Count"] for table in tables]
        mails = requests.get(
            odd_stack.mail_url, headers={"Accept": "application/json"}, timeout=30
        ).json()
        return [*counts, len(mails)]

    return count


def refused(place: Place, page: Page, status: int, code: str, reason: str = "") -> dict[str, str]:
    """Ask for an access, see it refused in a sentence, and see that nothing is left."""
    before = grants(place.stack)
    got, body = page.create_user(patience=0)

    assert (got, body["code"], body.get("reason", "")) == (status, code, reason)
    assert body["message"].rstrip().endswith((".", "?"))
    assert grants(place.stack) == before
    return body


def test_a_wrong_key(place: Place) -> None:
    before = place.left_behind()
    page = place.page()
    page.application_password = "wrong wrong wrong wrong"

    refused(place, page, 401, "consent_rejected", "mistyped")

    assert place.left_behind()[0] == before[0]


def test_an_unknown_user(place: Place) -> None:
    refused(place, place.page(user="nobody"), 401, "consent_rejected", "mistyped")


def test_an_editor(place: Place) -> None:
    root = f"{place.wordpress.url}/?rest_route=/wp/v2/users"
    owner = basic(*place.wordpress.auth)
    editor = {"username": "edi", "password": "x" * 20, "email": "edi@x.example"}
    made = requests.post(root, headers=owner, json={**editor, "roles": ["editor"]}, timeout=60)
    keys = f"{root}/{made.json()['id']}/application-passwords"
    key = requests.post(keys, headers=owner, json={"name": "Hallpass"}, timeout=60).json()
    page = place.page(user="edi")
    page.application_password = key["password"]

    refused(place, page, 403, "not_administrator")

    assert requests.get(keys, headers=owner, timeout=60).json() == []
    gone = {"force": "true", "reassign": "1"}
    requests.delete(f"{root}/{made.json()['id']}", headers=owner, params=gone, timeout=60)


@pytest.mark.parametrize(
    ("switch", "reason"),
    [
        (NO_PASSWORDS, "app_passwords_off"),
        (REFUSES, "creation_refused"),
        (PROTECTS, "cannot_remove"),
    ],
)
def test_a_site_that_cannot_be_used(place: Place, switch: str, reason: str) -> None:
    page = place.page()
    before = place.left_behind()[0]
    place.wordpress.mu(switch)

    body = refused(place, page, 422, "site_unsupported", reason)

    assert len(body["fix"]) > 20
    place.wordpress.mu("<?php")
    assert place.left_behind()[0] == before


def test_a_site_whose_users_route_was_removed(place: Place) -> None:
    page = place.page()
    place.wordpress.mu(NO_USERS)

    refused(place, page, 422, "site_unsupported", "rest_blocked")


def test_a_network(sites: dict[str, WordPress], odd_stack: Stack) -> None:
    place = Place(sites["network"], odd_stack)
    before = place.left_behind()

    refused(place, place.page(), 422, "site_unsupported", "multisite")

    assert place.left_behind() == before


def test_the_consent_key_of_a_refused_set_up_is_deleted(place: Place) -> None:
    page = place.page()
    before = place.left_behind()[1]
    place.wordpress.mu(PROTECTS)
    refused(place, page, 422, "site_unsupported", "cannot_remove")
    place.wordpress.mu("<?php")

    assert place.left_behind()[1] == before - 1


@pytest.mark.parametrize(
    "address",
    [
        "http://blog.example",
        "ftp://blog.example",
        "https://127.0.0.1",
        "https://10.0.0.1",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]",
        "https://2130706433",
        "https://0x7f.1",
        "https://localhost",
        "https://user:pw@blog.example",
        "https://blog.example:8443",
        "not an address",
    ],
)
def test_an_address_that_is_not_public_https_names_the_field(place: Place, address: str) -> None:
    page = place.page()
    page.site_url = address

    assert refused(place, page, 400, "invalid_input")["field"] == "site_url"
    status, body = page.call("POST", "/sites", {"url": address})
    assert (status, body["code"], body["field"]) == (400, "invalid_input", "url")


def test_an_unknown_site(place: Place) -> None:
    page = place.page()
    page.site_url = "https://nobody-has-this-name.invalid"

    refused(place, page, 422, "site_unsupported", "site_unreachable")
    status, body = page.call("POST", "/sites", {"url": page.site_url})
    assert (status, body["problem"]["code"]) == (200, "site_unreachable")


WRONG: dict[str, list[tuple[str, object]]] = {
    "/users": [
        ("grant_id", "short"),
        ("site_url", 7),
        ("user_login", ""),
        ("application_password", None),
        ("password", "short"),
        ("password", "with a \\ in it, and long"),
        ("days", "three"),
        ("days", 0),
        ("days", 31),
        ("days", 2.5),
        ("days", True),
        ("owner_token", "*" * 30),
        ("support_token", None),
        ("owner_email", "owner at blog"),
    ],
    "/secrets": [
        ("id", 5),
        ("ciphertext", "A" * 20_000),
        ("ciphertext", "not base64url!"),
        ("access_sha256", "AAAA"),
        ("passphrase", "yes"),
        ("lifetime_seconds", 31 * 86_400),
        ("lifetime_seconds", -1),
    ],
    "/tickets": [
        ("name", "x" * 300),
        ("email", "a@b"),
        ("email", "a@b.example\r\nBcc: c@d.example"),
        ("subject", ["Help"]),
        ("message", "x" * 10_001),
        ("link", "https://evil.example/open#" + "A" * 43),
    ],
    "/grants": [("username", "<b>"), ("days", 0), ("owner_email", "")],
    "/sites": [("url", None), ("url", "x" * 3000)],
}


def whole(page: Page, path: str) -> dict[str, object]:
    """Return a body in which nothing is wrong."""
    link = page.link
    made = {name: page.user[name] for name in ("grant_id", "site_url", "days")}
    tokens = {name: page.user[name] for name in ("owner_token", "support_token")}
    bodies: dict[str, dict[str, object]] = {
        "/users": page.user,
        "/grants": {**made, **tokens, "username": "helper", "owner_email": "o@blog.example"},
        "/secrets": {
            "id": link.id,
            "ciphertext": encode(link.seal("{}", bytes(12))),
            "access_sha256": link.access_sha256,
            "passphrase": False,
            "lifetime_seconds": 60,
        },
        "/tickets": {"name": "O", "email": "o@blog.example", "subject": "H", "message": "M"},
        "/sites": {"url": page.site_url},
    }
    return bodies[path]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [(path, *wrong) for path, each in WRONG.items() for wrong in each],
)
def test_a_wrong_field_is_named_and_nothing_is_stored_or_sent(
    place: Place, stored: Callable[[], list[int]], path: str, field: str, value: object
) -> None:
    page = place.page()
    before = stored()

    status, answer = page.call("POST", path, {**whole(page, path), field: value})

    assert (status, answer["code"], answer["field"]) == (400, "invalid_input", field)
    assert answer["message"].endswith(".")
    assert stored() == before


@pytest.mark.parametrize("path", WRONG)
@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"nonsense", b"\xff", b'{"a": NaN}', b"[" * 9000]
)
def test_what_is_no_json_object_names_the_body(
    place: Place, stored: Callable[[], list[int]], path: str, raw: bytes
) -> None:
    before = stored()
    answer = requests.post(
        f"{place.stack.app_url}/api{path}",
        data=raw,
        headers={"Content-Type": "application/json"},
        timeout=60,
    )

    assert (answer.status_code, answer.json()["field"]) == (400, "body")
    assert stored() == before


def test_too_much_at_once_is_refused(place: Place) -> None:
    status, answer = place.page().call("POST", "/sites", {"url": "x" * 70_000})

    assert (status, answer["field"]) == (400, "body")


def test_a_slow_site_is_202_and_the_same_request_goes_on(place: Place) -> None:
    page = place.page()
    place.wordpress.mu(SLOW)

    first, body = page.call("POST", "/users", page.user)
    assert (first, body["state"]) == (202, "preparing")
    place.wordpress.mu("<?php")
    status, body = page.create_user()

    assert (status, body["state"]) == (201, "active")
    assert body["username"] in place.left_behind()[0]
    assert page.end()[0] == 200
    assert body["username"] not in place.left_behind()[0]
