"""Every claim of SECURITY.md names code and tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<claim>[^|]+) \| (?P<code>[^|]+) \| (?P<tests>[^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([^`]+)`")


def rows() -> list[tuple[str, list[str], list[str]]]:
    """Return claim, files and tests of each row of the table of promises."""
    text = (ROOT / "SECURITY.md").read_text()
    table = text.partition("| claim | kept in | test |")[2].partition("\n\n")[0]
    return [
        (row["claim"], NAMED.findall(row["code"]), NAMED.findall(row["tests"]))
        for row in ROW.finditer(table)
        if set(row["claim"]) != {"-"}
    ]


@pytest.mark.parametrize(("claim", "code", "tests"), rows())
def test_a_claim_names_the_code_that_keeps_it_and_the_tests_that_prove_it(
    claim: str, code: list[str], tests: list[str]
) -> None:
    assert code, claim
    assert tests, claim
    for path in code:
        assert (ROOT / path).is_file(), path
    for test in tests:
        path, *names = test.split("::")
        assert (ROOT / path).is_file(), test
        body = ast.parse((ROOT / path).read_text()).body if names else []
        for name in names:
            found = [
                node
                for node in body
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name
            ]
            assert found, test
            body = found[0].body


def test_no_row_is_overlooked() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    table = text.partition("| claim | kept in | test |")[2].partition("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]

    assert len(rows()) == len(lines) - 1, "the line below the heading is no row"
