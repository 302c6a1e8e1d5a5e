"""Which lines of the log belong together: by `correlation_id`, and by the grant they are about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.aws import sqs
from chalicelib.clock import DAY
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, URL, World
from tests.unit.bodies import ticket_body, user_body
from tests.unit.conftest import Api


class Lines(logging.Handler):
    """The lines of the log, each with the keys that it has at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.all.append({**app_module.logger.get_current_keys(), **vars(record)})

    def named(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.all if line["msg"] == message]


@pytest.fixture
def lines() -> Iterator[Lines]:
    found, logger = Lines(), logging.getLogger("hallpass")
    logger.info("begun")  # The first line of a process exchanges the logger's handlers.
    logger.addHandler(found)
    yield found
    logger.removeHandler(found)


def test_each_request_has_its_own_correlation_id(api: Api, lines: Lines) -> None:
    api("GET", "/health")
    api("GET", "/health")

    first, second = lines.named("answered")
    assert first["correlation_id"] == first["request_id"] != ""
    assert first["correlation_id"] != second["correlation_id"] == second["request_id"]


def test_a_workers_line_leads_to_the_requests_that_made_and_changed_its_grant(
    world: World, api: Api, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api("POST", "/users", user_body(world))[0] == 201
    assert api("POST", f"/grants/{GRANT}/extend", {"days": 1, "expires_at": 0}, OWNER)[0] < 500
    assert api("GET", f"/grants/{GRANT}", token=OWNER)[0] == 200
    monkeypatch.setattr(app_module, "now", lambda: NOW + 20 * DAY)
    with Client(app_module.app) as client:
        body = sqs.write(sqs.Message(GRANT, "the-sweep"))
        client.lambda_.invoke("end_due", client.events.generate_sqs_event([body]))

    (tried,) = lines.named("tried")
    assert (tried["grant_id"], tried["correlation_id"]) == (GRANT, "the-sweep")
    routes = {line["route"] for line in lines.named("answered") if line.get("grant_id") == GRANT}
    assert {"/users", "/grants/{grant_id}"} <= routes
    logged = repr([{k: v for k, v in line.items() if k != "args"} for line in lines.all])
    for secret in (OWNER, OWNER_MAIL, URL, "correct horse battery"):
        assert secret not in logged


def test_a_ticket_about_a_grant_is_found_by_its_id(world: World, api: Api, lines: Lines) -> None:
    api("POST", "/users", user_body(world))
    status, _ = api("POST", "/tickets", ticket_body(grant_id=GRANT, owner_token=OWNER))

    assert status == 201
    assert [line["grant_id"] for line in lines.named("answered")] == [GRANT, GRANT]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/grants/{OWNER}", None),  # A token where the id belongs.
        ("POST", f"/grants/{OWNER}/extend", {"days": "x"}),
        ("POST", "/users", {"grant_id": OWNER}),
        ("POST", "/tickets", {"grant_id": OWNER}),
        ("PUT", f"/grants/{OWNER}", None),
    ],
)
def test_what_stands_in_the_place_of_an_id_is_not_logged(
    api: Api, lines: Lines, method: str, path: str, body: object
) -> None:
    status, _ = api(method, path, body, OWNER)

    assert status in {400, 404, 405}
    assert OWNER not in repr(lines.all)
    assert all("grant_id" not in line for line in lines.all)


@pytest.mark.parametrize("function", ["announce", "note_bounce"])
def test_what_no_request_caused_has_the_id_of_its_invocation(
    world: World, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    app_module.logger.append_keys(correlation_id="left over", function_request_id="left over")
    detail = {"mail": {}, "bounce": {"bounceType": "Transient"}}
    with Client(app_module.app) as client:
        event: Any = client.events.generate_cw_event("aws.ses", "Email Bounced", detail, [])
        if function == "announce":
            event = {"Records": []}
        client.lambda_.invoke(function, event)

    keys = app_module.logger.get_current_keys()
    assert keys["correlation_id"] == keys["function_request_id"] != "left over"
