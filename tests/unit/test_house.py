"""The house: packages that say what they are for, files of a readable length, few layers."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "chalicelib"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES, MAX_LAYERS, MIN_DOCSTRING_LINES = 260, 12, 3


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_too_long_to_be_read_at_once(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("package", [p.parent for p in MODULES if p.name == "__init__.py"])
def test_each_package_says_what_it_is_for_and_holds_no_code(package: Path) -> None:
    tree = ast.parse((package / "__init__.py").read_text())
    docstring = ast.get_docstring(tree) or ""

    assert len(docstring.splitlines()) >= MIN_DOCSTRING_LINES
    assert not [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def test_the_layers_are_few_and_name_every_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}

    assert len(layers) <= MAX_LAYERS
    assert named == {
        path.stem for path in PACKAGE.iterdir() if path.name not in ("__init__.py", "__pycache__")
    }
