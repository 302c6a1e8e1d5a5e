"""The HTTP contract of all routes, of sites and of grants: statuses, bodies and headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from chalicelib import __version__, errors
from chalicelib.site_problems import unavailable
from chalicelib.web import endpoint as web
from tests.fakes.world import GRANT, NOW, OWNER, URL, World
from tests.unit.bodies import LINK, manual_body, ticket_body, user_body
from tests.unit.conftest import Api


class TestResponses:
    def test_every_error_has_one_status(self) -> None:
        raised = {
            kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, errors.HallpassError)
        }

        inner = {errors.HallpassError, errors.KeyRefused}
        assert raised - inner == set(web.STATUS)

    def test_health_returns_ok_and_the_version(self, api: Api) -> None:
        assert api("GET", "/health") == (200, {"status": "ok", "version": __version__})

    def test_no_response_may_be_cached(self, world: World, api: Api) -> None:
        del world
        with Client(app_module.app) as client:
            answers = [
                client.http.get("/health"),
                client.http.get("/secrets/unknown-unknown-unknown"),
                client.http.post("/secrets", body=b"{", headers={"Content-Type": "text/plain"}),
            ]
        assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
        assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
        assert api("GET", "/health")[0] == 200

    def test_errors_of_chalice_have_the_format_of_ours(self, api: Api) -> None:
        not_json = api("POST", "/secrets", headers={"Content-Type": "text/plain"})
        wrong_method = api("PUT", "/health")

        assert not_json[0] == 415
        assert not_json[1]["code"] == "not_json"
        assert wrong_method[0] == 405
        assert wrong_method[1]["code"] == "method_not_allowed"

    def test_an_unexpected_error_discloses_nothing(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("the password is hunter2")

        monkeypatch.setattr(world.stored, "get", broken)
        status, body = api("GET", f"/secrets/{LINK.id}")

        assert (status, body["code"]) == (500, "internal_error")
        assert "hunter2" not in json.dumps(body)

    @pytest.mark.parametrize(
        "raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"url": NaN}', b"[" * 100_000]
    )
    def test_a_body_that_is_no_json_object_names_the_body(self, api: Api, raw: bytes) -> None:
        for path in ("/sites", "/users", "/secrets", "/tickets"):
            status, body = api("POST", path, raw=raw)
            assert (status, body["code"], body["field"]) == (400, "invalid_input", "body")

    def test_a_body_over_64_kb_is_refused(self, api: Api) -> None:
        status, body = api("POST", "/tickets", ticket_body(message="x" * 70_000))

        assert (status, body["field"]) == (400, "body")


class TestUsers:
    def test_the_whole_response_and_the_same_request_again(self, world: World, api: Api) -> None:
        body = user_body(world)
        status, made = api("POST", "/users", body)

        assert status == 201
        assert made["state"] == "active"
        assert made["grant_id"] == GRANT
        assert made["site"]["url"] == URL
        assert made["expires_at"] == NOW + 3 * 86_400
        assert made["login_url"].startswith("https://blog.example/")
        assert api("POST", "/users", body) == (200, made)

    def test_another_body_under_the_same_id_is_409(self, world: World, api: Api) -> None:
        body = user_body(world)
        api("POST", "/users", body)

        assert api("POST", "/users", {**body, "days": 4})[1]["code"] == "grant_exists"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("grant_id", "short"),
            ("grant_id", None),
            ("grant_id", 7),
            ("grant_id", "g" * 129),
            ("grant_id", "../" * 10),
            ("site_url", ""),
            ("site_url", [URL]),
            ("site_url", "x" * 2001),
            ("user_login", ""),
            ("user_login", "a\nb"),
            ("application_password", "x" * 101),
            ("password", "short"),
            ("password", "with a \\ backslash"),
            ("days", 0),
            ("days", 15),
            ("days", 31),
            ("days", "3"),
            ("days", True),
            ("days", 2.5),
            ("owner_token", "o" * 21),
            ("support_token", ""),
            ("owner_email", "not an address"),
            ("owner_email", "a@b.example\r\nBcc: c@d.example"),
        ],
    )
    def test_a_bad_field_is_named_and_nothing_is_stored(
        self, world: World, api: Api, field: str, value: object
    ) -> None:
        status, body = api("POST", "/users", user_body(world, **{field: value}))

        assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
        assert world.grants.items == {}


class TestSites:
    @pytest.mark.parametrize(
        "url", ["http://blog.example", "https://10.0.0.1", "ftp://x.example", 7]
    )
    def test_a_bad_address_names_the_field_of_this_request(self, api: Api, url: object) -> None:
        status, body = api("POST", "/sites", {"url": url})

        assert (status, body["code"], body["field"]) == (400, "invalid_input", "url")

    def test_a_failure_of_the_site_is_not_one_of_ours(self, world: World, api: Api) -> None:
        request = user_body(world)
        world.site.down = unavailable("server_error")

        status, body = api("POST", "/users", request)

        assert (status, body["code"], body["reason"]) == (422, "site_unavailable", "server_error")
        assert web.STATUS[errors.TryAgain] == 503


class TestGrants:
    def test_owner_and_support_see_it_and_a_stranger_does_not(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))

        owner = api("GET", f"/grants/{GRANT}", token=OWNER)
        support = api("GET", f"/grants/{GRANT}", token=LINK.support)

        assert (owner[0], owner[1]["can"]) == (200, ["end", "extend", "renew"])
        assert (support[0], support[1]["can"]) == (200, ["end", "ask_link", "ask_time"])
        assert [e["event"] for e in owner[1]["timeline"]] == ["access_created"]
        for token in ("x" * 43, "short", None):
            assert api("GET", f"/grants/{GRANT}", token=token)[0] == 404
        assert api("GET", f"/grants/{'h' * 22}", token=OWNER)[0] == 404

    @pytest.mark.parametrize("token", [OWNER, LINK.support])
    def test_either_side_can_end_it(self, world: World, api: Api, token: str) -> None:
        api("POST", "/users", user_body(world))

        status, body = api("POST", f"/grants/{GRANT}/end", {}, token=token)

        assert (status, body["state"], body["ended_at"]) == (200, "ended", NOW)
        assert api("POST", f"/grants/{GRANT}/end", {}, token=token) == (status, body)
        assert api("GET", f"/grants/{GRANT}", token=OWNER)[1]["state"] == "ended"

    def test_the_same_extension_again_extends_once(self, world: World, api: Api) -> None:
        _, made = api("POST", "/users", user_body(world))
        body = {"days": 2, "expires_at": made["expires_at"]}
        ends = [
            api("POST", f"/grants/{GRANT}/extend", body, token=OWNER)[1]["expires_at"]
            for _ in range(2)
        ]

        assert ends == [made["expires_at"] + 2 * 86400] * 2

    def test_only_the_owner_extends_and_only_up_to_the_limit(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))
        extend = f"/grants/{GRANT}/extend"

        assert api("POST", extend, {"days": 2}, token=LINK.support)[0] == 404
        status, body = api("POST", extend, {"days": 2}, token=OWNER)
        assert (status, body["expires_at"]) == (200, NOW + 5 * 86_400)
        status, body = api("POST", extend, {"days": 10}, token=OWNER)
        assert (status, body["field"]) == (400, "days")

    def test_an_ended_access_cannot_be_extended(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))
        api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)

        status, body = api("POST", f"/grants/{GRANT}/extend", {"days": 2}, token=OWNER)
        assert (status, body["code"]) == (410, "grant_ended")


class TestManualGrants:
    def test_the_same_request_again_returns_the_same_grant(self, api: Api) -> None:
        status, made = api("POST", "/grants", manual_body())

        assert (status, made["state"], made["expires_at"]) == (201, "active", NOW + 3 * 86_400)
        assert api("POST", "/grants", manual_body()) == (200, made)
        assert api("POST", "/grants", manual_body(days=4))[0] == 409
        shown = api("GET", f"/grants/{GRANT}", token=OWNER)[1]
        assert shown["by_hand"]
        assert {"repair", "say_gone"} <= set(shown["can"])

    @pytest.mark.parametrize("username", ["https://spam.example", "<b>", "a/b", "", "x" * 61])
    def test_a_user_name_cannot_be_an_address_or_a_tag(self, api: Api, username: str) -> None:
        status, body = api("POST", "/grants", manual_body(username=username))

        assert (status, body["field"]) == (400, "username")

    def test_the_owner_confirms_that_the_user_is_deleted(self, api: Api) -> None:
        api("POST", "/grants", manual_body())
        end = f"/grants/{GRANT}/end"

        assert api("POST", end, {"gone": True}, token=LINK.support)[0] == 404
        status, body = api("POST", end, {"gone": True}, token=OWNER)
        assert (status, body["state"]) == (200, "ended")


def test_the_routes_are_those_of_the_design() -> None:
    routes = {(method, path) for path, by in app_module.app.routes.items() for method in by}
    listed = Path(__file__).parents[1].joinpath("routes.json")

    expected: list[list[Any]] = json.loads(listed.read_text())
    assert routes == {(method, path) for method, path in expected}
