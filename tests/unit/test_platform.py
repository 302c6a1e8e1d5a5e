"""Python and processor of the functions are parameters of the template; the build knows one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import package, template

SOURCE = Path(__file__).parents[2] / "infra/resources.yaml"
FUNCTIONS = {"APIHandler", "Sweep", "EndDue", "Announce", "NoteBounce"}


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as the text behind them."""


def _short_form(loader: Loader, tag: str, node: yaml.Node) -> Any:  # noqa: ANN401
    if isinstance(node, yaml.ScalarNode):
        return f"!{tag} {loader.construct_scalar(node)}"
    if isinstance(node, yaml.SequenceNode):
        return [f"!{tag}", *loader.construct_sequence(node, deep=True)]
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", _short_form)


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    return dict(yaml.load(SOURCE.read_text(), Loader))  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
@pytest.mark.parametrize("runtime", ["python3.11", "python3.12", "python3.13"])
def test_the_template_takes_each_python_on_each_processor(
    parts: dict[str, Any], runtime: str, architecture: str
) -> None:
    template.check_parameters(parts, {"Runtime": runtime, "Architecture": architecture})


@pytest.mark.parametrize("given", [{"Runtime": "python3.10"}, {"Architecture": "riscv"}])
def test_the_template_takes_no_other(parts: dict[str, Any], given: dict[str, str]) -> None:
    with pytest.raises(template.ParameterError):
        template.check_parameters(parts, given)


def test_every_function_follows_both_parameters(parts: dict[str, Any]) -> None:
    found = {
        name: (part["Properties"].get("Runtime"), part["Properties"].get("Architectures"))
        for name, part in parts["Resources"].items()
        if name in FUNCTIONS
    }

    assert found == dict.fromkeys(FUNCTIONS, ("!Ref Runtime", ["!Ref Architecture"]))


def test_a_build_for_a_python_that_is_not_here_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "RUNTIME", "python3.99")

    with pytest.raises(package.PackageError, match=r"python3\.99 is not installed here"):
        package._interpreter()


def test_a_build_for_another_python_compiles_with_that_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "python3.99"
    other.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    other.chmod(0o700)
    monkeypatch.setattr(package, "RUNTIME", other.name)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert package._interpreter() == str(other)
    assert subprocess.run([other, "-c", ""], check=False).returncode == 0


def test_a_python_that_pyenv_only_names_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "python3.99"
    other.write_text("#!/bin/sh\nexit 127\n")
    other.chmod(0o700)
    monkeypatch.setattr(package, "RUNTIME", other.name)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(package.PackageError):
        package._interpreter()
