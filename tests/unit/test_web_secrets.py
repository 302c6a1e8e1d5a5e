"""The HTTP contract of one-time secrets: statuses and bodies."""

from __future__ import annotations

import pytest

import app as app_module
from chalicelib.onetime.envelope import Link, encode
from tests.fakes.world import GRANT, NOW, OWNER, World
from tests.unit.bodies import LINK, secret_body, user_body
from tests.unit.conftest import Api


def test_create_peek_open_acknowledge(api: Api) -> None:
    assert api("POST", "/secrets", secret_body()) == (
        201,
        {"id": LINK.id, "expires_at": NOW + 3600},
    )
    assert api("POST", "/secrets", secret_body())[0] == 200
    assert api("GET", f"/secrets/{LINK.id}") == (
        200,
        {"state": "waiting", "passphrase": False, "expires_at": NOW + 3600, "tries_left": 5},
    )
    opening = {"access": LINK.access, "claim": "c" * 22}
    status, opened = api("POST", f"/secrets/{LINK.id}/open", opening)
    assert (status, opened) == (200, {"ciphertext": secret_body()["ciphertext"]})
    assert api("POST", f"/secrets/{LINK.id}/ack", {"claim": "c" * 22}) == (204, {})
    assert api("GET", f"/secrets/{LINK.id}")[1]["opened_at"] == NOW
    status, gone = api("POST", f"/secrets/{LINK.id}/open", {**opening, "claim": "d" * 22})
    assert (status, gone["code"], gone["opened_at"]) == (410, "already_opened", NOW)


def test_the_same_id_with_another_body_is_409(api: Api) -> None:
    api("POST", "/secrets", secret_body())

    status, body = api("POST", "/secrets", secret_body(lifetime_seconds=60))
    assert (status, body["code"]) == (409, "secret_exists")


def test_a_wrong_passphrase_is_403_with_the_tries_left(api: Api) -> None:
    guarded = Link.derive(bytes(range(32)), "horse")
    body = secret_body(access_sha256=guarded.access_sha256, passphrase=True)
    api("POST", "/secrets", body)

    wrong = {"access": LINK.access, "claim": "c" * 22}
    status, answer = api("POST", f"/secrets/{LINK.id}/open", wrong)
    assert (status, answer["code"], answer["tries_left"]) == (403, "wrong_passphrase", 4)
    for _ in range(4):
        api("POST", f"/secrets/{LINK.id}/open", wrong)
    status, answer = api("POST", f"/secrets/{LINK.id}/open", wrong)
    assert (status, answer["code"], answer["unlocks_at"]) == (423, "locked", NOW + 1800)
    assert api("GET", f"/secrets/{LINK.id}")[1]["state"] == "locked"


def test_when_a_lock_is_over_all_tries_are_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = Link.derive(bytes(range(32)), "horse")
    api("POST", "/secrets", secret_body(access_sha256=guarded.access_sha256, passphrase=True))
    for _ in range(5):
        api("POST", f"/secrets/{LINK.id}/open", {"access": LINK.access, "claim": "c" * 22})
    assert api("GET", f"/secrets/{LINK.id}")[1]["tries_left"] == 0

    monkeypatch.setattr(app_module, "now", lambda: NOW + 1800)
    _, shown = api("GET", f"/secrets/{LINK.id}")

    assert (shown["state"], shown["tries_left"]) == ("waiting", 5)


@pytest.mark.parametrize("path_id", ["x" * 22, "short", "a%2Fb", "%00" * 8])
def test_an_unknown_id_is_404(api: Api, path_id: str) -> None:
    assert api("GET", f"/secrets/{path_id}")[0] == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("ciphertext", "AA"),
        ("ciphertext", "A" * 20_000),
        ("ciphertext", encode(bytes(32)) + "="),
        ("ciphertext", None),
        ("access_sha256", encode(bytes(31))),
        ("passphrase", "yes"),
        ("passphrase", None),
        ("lifetime_seconds", 0),
        ("lifetime_seconds", 30 * 86_400 + 1),
        ("grant_id", "short"),
        ("grant_id", {}),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    world: World, api: Api, field: str, value: object
) -> None:
    status, body = api("POST", "/secrets", secret_body(**{field: value}))

    assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
    assert world.stored.items == {}


def test_a_grants_secret_needs_the_owners_token(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))

    assert api("POST", "/secrets", secret_body(grant_id=GRANT))[1]["field"] == "owner_token"
    for token in ("x" * 43, LINK.support):
        stranger = secret_body(grant_id=GRANT, owner_token=token)
        assert api("POST", "/secrets", stranger)[0] == 404
    mine = secret_body(grant_id=GRANT, owner_token=OWNER)
    assert api("POST", "/secrets", mine)[0] == 201
    assert api("GET", f"/secrets/{LINK.id}")[1]["grant_id"] == GRANT


def test_burning_needs_the_owner(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    api("POST", "/secrets", secret_body(grant_id=GRANT, owner_token=OWNER))

    burn = f"/secrets/{LINK.id}/burn"
    assert api("POST", burn, {})[0] == 404
    assert api("POST", burn, {}, token=LINK.support)[0] == 404
    assert api("POST", burn, {}, token=OWNER) == (204, {})
    assert world.stored.items[LINK.id].ciphertext is None


def test_a_revoked_secret_explains_why_and_an_unknown_one_does_not(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    api("POST", "/secrets", secret_body(grant_id=GRANT, owner_token=OWNER))
    api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)
    opening = {"access": LINK.access, "claim": "c" * 22}

    for status, body in (
        api("GET", f"/secrets/{LINK.id}"),
        api("POST", f"/secrets/{LINK.id}/open", opening),
    ):
        assert (status, body["code"]) == (404, "not_found")
        assert (body["gone"], body["at"]) == ("ended", NOW)
    for status, body in (
        api("GET", f"/secrets/{'u' * 22}"),
        api("POST", f"/secrets/{'u' * 22}/open", opening),
    ):
        assert (status, set(body)) == (404, {"code", "message"})
