"""The OpenAPI document is served and true: no 5xx, no answer that it does not name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import app as app_module
from infra.local.stack import Stack

DOCUMENT = Path(__file__).parents[2] / "frontend" / "openapi.json"
EXAMPLES = 40
schema = schemathesis.openapi.from_path(str(DOCUMENT))


def test_the_document_is_served(stack: Stack) -> None:
    served = requests.get(f"{stack.app_url}/openapi.json", timeout=30)

    assert served.status_code == 200
    assert served.json() == json.loads(DOCUMENT.read_text())


def test_it_names_exactly_the_routes_there_are() -> None:
    paths = json.loads(DOCUMENT.read_text())["paths"]

    said = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert said == {(method, path) for path, by in app_module.app.routes.items() for method in by}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_the_answer_is_one_that_is_documented(
    case: schemathesis.Case[Any], stack: Stack
) -> None:
    case.call_and_validate(
        base_url=f"{stack.app_url}/api",
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
        timeout=60,
    )
