"""One version: whatever else says it says the same as `chalicelib.__version__`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from chalicelib import __version__

ROOT = Path(__file__).parents[2]


def test_the_api_document_is_of_this_version() -> None:
    document = json.loads((ROOT / "frontend/openapi.json").read_text())

    assert document["info"]["version"] == __version__


def test_the_project_takes_its_version_from_the_package() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert "version" not in metadata["project"]
    assert metadata["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "chalicelib.__version__"
    }


def test_the_newest_release_is_this_version() -> None:
    headings = [
        line.removeprefix("## ")
        for line in (ROOT / "CHANGELOG.md").read_text().splitlines()
        if line.startswith("## ")
    ]

    assert headings[0] == "Unreleased"
    assert headings[1].split(" - ")[0] == __version__
