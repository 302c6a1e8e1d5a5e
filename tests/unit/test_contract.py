"""The contract file is what the code says, and OpenAPI names what it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra import contract

ROOT = Path(__file__).parents[2]
OPENAPI: dict[str, Any] = json.loads((ROOT / "frontend" / "openapi.json").read_text())
CONTRACT = contract.contract()


def schema(name: str) -> dict[str, Any]:
    return dict(OPENAPI["components"]["schemas"][name])


def test_the_contract_and_the_english_catalogue_are_up_to_date() -> None:
    for path, text in contract.written().items():
        assert path.read_text() == text, f"{path.name}: run make contract"


def test_openapi_names_exactly_the_routes() -> None:
    documented = {(m.upper(), path) for path, methods in OPENAPI["paths"].items() for m in methods}
    assert documented == {tuple(route) for route in CONTRACT["routes"]}


def test_openapi_names_the_states_the_actors_and_what_can_be_done() -> None:
    grant = schema("Grant")["allOf"][1]["properties"]
    assert schema("GrantSummary")["properties"]["state"]["enum"] == CONTRACT["grant_states"]
    assert schema("Event")["properties"]["by"]["enum"] == CONTRACT["actors"]
    assert grant["secret"]["properties"]["state"]["enum"] == CONTRACT["secret_states"]
    assert sorted(grant["can"]["items"]["enum"]) == CONTRACT["abilities"]
    assert sorted(schema("Gone")["properties"]["gone"]["enum"]) == CONTRACT["unreadable_because"]


def test_openapi_names_every_event_and_every_kind_of_change() -> None:
    grant = schema("Grant")["allOf"][1]["properties"]
    assert schema("Event")["properties"]["event"]["enum"] == CONTRACT["events"]
    assert grant["report"]["items"]["properties"]["change"]["enum"] == CONTRACT["changes"]


def test_openapi_documents_no_status_that_no_error_has() -> None:
    documented = {
        int(status)
        for methods in OPENAPI["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
        if int(status) >= 400
    }
    assert documented <= set(CONTRACT["errors"].values())
