"""
Whatever is sent, the answer is one that the API's document names, and repeats none of it.

Every route gets arbitrary JSON in each of its fields, arbitrary bytes as its body, arbitrary ids in
its path and arbitrary tokens. Bodies begin as good ones, so that a single odd field gets as far as
it can. Every text and number sent carries a mark that no error may hold.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as any_of

import app as app_module
from chalicelib.onetime.envelope import Link, encode
from tests.fakes.world import GRANT, OWNER, OWNER_MAIL, URL, World
from tests.unit.conftest import Api

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "frontend/openapi.json").read_text(encoding="utf-8")
)
LINK = Link.derive(bytes(range(32)))
MARK, MARKED_NUMBER = "Kanarie7", 770077007700
ACCESS = {"grant_id": GRANT, "site_url": URL, "days": 3, "owner_token": OWNER}
CONSENT = {"user_login": "admin", "application_password": "secret of the owner"}
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("POST", "/sites"): {"url": URL},
    ("POST", "/users"): {
        **ACCESS,
        **CONSENT,
        "password": "correct horse battery",
        "support_token": LINK.support,
        "owner_email": OWNER_MAIL,
    },
    ("POST", "/secrets"): {
        "id": LINK.id,
        "ciphertext": encode(LINK.seal("{}", bytes(12))),
        "access_sha256": LINK.access_sha256,
        "passphrase": True,
        "lifetime_seconds": 3600,
        "grant_id": GRANT,
        "owner_token": OWNER,
    },
    ("POST", "/secrets/{secret_id}/open"): {"access": LINK.access, "claim": "c" * 22},
    ("POST", "/secrets/{secret_id}/ack"): {"claim": "c" * 22},
    ("POST", "/secrets/{secret_id}/burn"): {},
    ("POST", "/tickets"): {
        "name": "Olivia",
        "email": "olivia@blog.example",
        "site_url": URL,
        "subject": "Help",
        "message": "It is broken.",
        "link": f"https://help.acme.example/open#{'A' * 43}",
        "grant_id": GRANT,
        "owner_token": OWNER,
        "passphrase_hint": "by phone",
        "sealed_message": encode(bytes(40)),
        "password_link": "https://ots.example/secret/0123456789abcdef0123",
    },
    ("POST", "/grants"): {
        **ACCESS,
        "grant_id": "h" * 22,
        "username": "helper",
        "support_token": LINK.support,
        "owner_email": OWNER_MAIL,
    },
    ("POST", "/grants/{grant_id}/end"): {"gone": True},
    ("POST", "/grants/{grant_id}/extend"): {"days": 2},
    ("POST", "/grants/{grant_id}/link"): {
        "password": "correct horse battery",
        "support_token": LINK.support,
    },
    ("POST", "/grants/{grant_id}/ask"): {"for": "time"},
    ("POST", "/grants/{grant_id}/repair"): dict(CONSENT),
}
# Those of One Time Secret's API have another format of errors; tests/unit/test_onetimesecret.py.
ROUTES = [
    (method, path)
    for path, by in sorted(app_module.app.routes.items())
    for method in by
    if not path.startswith("/v1/")
]

ODD = (
    *(f"{MARK}@blog.example", f"https://{MARK}.example/", f"{MARK}\r\nBcc: a@b.example"),
    *(MARK * 300, f"{MARK}\x00", f"{MARK}\ud800", f"{MARK}{'A' * 35}", f"<b>{MARK}</b>"),
    *(f"../{MARK}", f"{MARK}\u2028", f"{MARK}%00"),
)
texts = any_of.text(max_size=40).map(lambda text: f"{MARK}{text}") | any_of.sampled_from(ODD)
numbers = any_of.integers().map(lambda number: number + MARKED_NUMBER) | any_of.sampled_from(
    [0, -1, 1, 30, 10**400, MARKED_NUMBER, float(MARKED_NUMBER), 1e308]
)
values = any_of.recursive(
    any_of.none() | any_of.booleans() | numbers | texts,
    lambda inner: any_of.lists(inner, max_size=3) | any_of.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
identifiers = any_of.sampled_from([LINK.id, GRANT, "u" * 22]) | texts
tokens = any_of.sampled_from([OWNER, LINK.support, "x" * 43, None, "", "é", " "]) | texts.filter(
    lambda text: "\r" not in text and "\n" not in text
)
MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def used(world: World, api: Api) -> None:
    """Let there be a site, an access and a link, so that what is sent meets something."""
    site = world.wordpress.add_site(URL)
    body = BODIES["POST", "/users"]
    api("POST", "/users", {**body, "application_password": site.consent("admin")})
    api("POST", "/secrets", BODIES["POST", "/secrets"])
    assert world.stored.items


def check(route: tuple[str, str], status: int, body: dict[str, Any]) -> None:
    """See that the answer is a documented one, and that an error repeats nothing."""
    method, path = route
    documented = {int(each) for each in DOCUMENT["paths"][path][method.lower()]["responses"]}
    # What there is to be found is the router's own answer, whatever the route.
    assert status in documented | {404}
    assert status < 500
    if status < 400:
        return
    assert re.fullmatch("[a-z_]+", body["code"])
    assert body["message"].strip()
    sent_back = json.dumps(body, ensure_ascii=False)
    assert MARK not in sent_back
    assert str(MARKED_NUMBER)[:8] not in sent_back
    known = set(BODIES.get(route, {})) | {"body", "site_url"}
    assert body.get("field", "body") in known


def filled(path: str, identifier: str) -> str:
    return re.sub(r"\{\w+\}", quote(identifier, safe="", errors="replace"), path)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@MANY
@given(data=any_of.data())
def test_any_json_in_any_field(api: Api, route: tuple[str, str], data: any_of.DataObject) -> None:
    method, path = route
    good = BODIES.get(route, {})
    body = dict(good)
    odd = any_of.sets(any_of.sampled_from(sorted(good)), max_size=2) if good else any_of.just(set())
    for field in data.draw(odd):
        body[field] = data.draw(values)
    for field in data.draw(any_of.sets(any_of.sampled_from(sorted(good) or ["x"]), max_size=1)):
        if data.draw(any_of.booleans()):
            body.pop(field, None)
    body |= data.draw(any_of.dictionaries(texts, values, max_size=1))
    identifier, token = data.draw(identifiers), data.draw(tokens)

    status, answer = api(method, filled(path, identifier), body, token=token)

    check(route, status, answer)


@pytest.mark.parametrize(
    ("route", "field"), [(route, field) for route, good in BODIES.items() for field in good]
)
def test_each_odd_value_in_each_field(api: Api, route: tuple[str, str], field: str) -> None:
    method, path = route
    identifier = LINK.id if "secret_id" in path else GRANT

    others: list[object] = [None, True, [], {}, "", " ", MARKED_NUMBER, float(MARKED_NUMBER)]
    for odd in [*ODD, *others]:
        body = {**BODIES[route], field: odd}
        check(route, *api(method, filled(path, identifier), body, token=OWNER))


@pytest.mark.parametrize("route", sorted(BODIES), ids=" ".join)
@MANY
@given(
    raw=any_of.binary(max_size=200)
    | values.map(lambda value: json.dumps(value).encode())
    | any_of.sampled_from([b"", b"[" * 60_000, b'{"a":' * 9_000, b"\xff\xfe{\x00}\x00", b"1e999"])
    | any_of.binary(max_size=50).map(base64.b64encode),
    content_type=any_of.sampled_from(
        ["application/json", "application/json; charset=utf-16", "text/plain", "", MARK]
    ),
    token=tokens,
)
def test_any_bytes_for_a_body(
    api: Api, route: tuple[str, str], raw: bytes, content_type: str, token: str | None
) -> None:
    method, path = route

    status, answer = api(
        method,
        filled(path, GRANT),
        token=token,
        raw=raw,
        headers={"Content-Type": content_type},
    )

    check(route, status, answer)


def test_every_route_with_a_body_is_here() -> None:
    assert {route for route in ROUTES if route[0] == "POST"} == set(BODIES)
