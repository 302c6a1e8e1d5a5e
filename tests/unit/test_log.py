"""The log: Powertools' lines, from the first one on."""

from __future__ import annotations

import json
import logging

import pytest

from chalicelib.web.log import Log


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of its own for each test, because `logging` keeps what it has named."""
    return f"log of {request.node.name}"


@pytest.fixture
def log(name: str) -> Log:
    return Log(name)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_line_is_json_with_the_keys_of_its_request(
    log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    log.append_keys(request_id="1")
    log.info("answered", extra={"status": 200})
    log.append_keys(request_id="2")
    log.info("answered", extra={"status": 404})

    first, second = lines(capsys)
    assert (first["message"], first["request_id"], first["status"]) == ("answered", "1", 200)
    assert (second["request_id"], second["status"], second["level"]) == ("2", 404, "INFO")
    assert str(first["location"]).startswith("test_each_line"), "the line that logs"


def test_other_modules_log_through_the_logger_of_that_name(
    log: Log, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.append_keys(request_id="1")
    logging.getLogger(name).warning("%s failed", "it")

    assert [(line["message"], line["request_id"]) for line in lines(capsys)] == [("it failed", "1")]


def test_a_failure_has_its_trace(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        int("x")
    except ValueError:
        log.exception("failed")

    (line,) = lines(capsys)
    assert line["exception_name"] == "ValueError"
    assert "test_log.py" in str(line["exception"])
