"""The built template, as data: which resources it has and what they promise."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# libyaml reads the template five times as fast as Python does, wherever PyYAML was built with it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# MiniStack brings SAM's transform, so that Python has it.
EXPANDER = Path(__file__).resolve().parent.parent / ".venv-aws" / "bin" / "python"
EXPAND = """
import json, logging, os, sys, yaml
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
logging.disable(logging.WARNING)
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
text = sys.stdin.read().replace("CodeUri: ./deployment.zip", "CodeUri: s3://artifacts/code.zip")
json.dump(Translator({}, Parser()).translate(yaml.safe_load(text), {}), sys.stdout, default=str)
"""

Resource = dict[str, Any]
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")  # All numbers of the template count something.


class ParameterError(Exception):
    """A parameter is unknown or its value does not fit; the message names each."""


def load(template: Path) -> dict[str, Any]:
    """Return *template* as built: `chalice package` writes every intrinsic in its long form."""
    return parsed(template.read_text())


def parsed(text: str) -> dict[str, Any]:
    """Return the built template *text*, as `load` returns a file."""
    return dict(yaml.load(text, Loader=LOADER))  # noqa: S506  Both are safe loaders.


def finished(text: str, version: str) -> str:
    """
    Return the YAML template *text* with *version* as an output, and each alias written out.

    Chalice writes what occurs twice once, with an anchor. CloudFormation's documents list aliases
    among the parts of YAML that it does not support.
    """

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, _: object) -> bool:
            return True

    template = yaml.safe_load(text)
    template["Outputs"]["Version"] = {"Value": version}
    return yaml.dump(template, Dumper=Plain, sort_keys=False, width=1000)


def expanded(template: Path) -> dict[str, Any]:
    """Return *template* as SAM's own transform hands it to CloudFormation."""
    done = subprocess.run(
        [EXPANDER, "-c", EXPAND],
        input=template.read_text(),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def resources(template: dict[str, Any], kind: str) -> dict[str, Resource]:
    """Return the resources of type *kind* by logical id."""
    return {name: r for name, r in template["Resources"].items() if r["Type"] == kind}


def time_to_live(template: dict[str, Any]) -> dict[str, str]:
    """Return, for every table with native TTL, the attribute that holds its time."""
    found: dict[str, str] = {}
    for name, table in resources(template, "AWS::DynamoDB::Table").items():
        ttl = table["Properties"].get("TimeToLiveSpecification", {})
        if ttl.get("Enabled") is True:
            found[name] = ttl["AttributeName"]
    return found


def check_parameters(template: dict[str, Any], given: Mapping[str, str]) -> None:
    """
    Check the names and values of *given* as CloudFormation will.

    Raises:
        ParameterError: Names every parameter that there is not, or whose value does not fit.
    """
    known = template.get("Parameters", {})
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ParameterError(f"The template has no parameter {', '.join(unknown)}.")
    wrong = [
        f"{_shown(known[name], name, value)} does not fit: {known[name].get('Description', '')}"
        for name, value in given.items()
        if not _fits(known[name], value)
    ]
    if wrong:
        raise ParameterError("\n".join(wrong))


def _shown(parameter: dict[str, Any], name: str, value: str) -> str:
    """Return the assignment as it was given, without the value of what is not to be shown."""
    return name if parameter.get("NoEcho") else f"{name}={value!r}"


def _fits(parameter: dict[str, Any], value: str) -> bool:
    allowed = parameter.get("AllowedValues")
    if allowed is not None:
        return value in map(str, allowed)
    if parameter["Type"] == "Number":
        if not WHOLE_NUMBER.fullmatch(value):
            return False
        least, most = parameter.get("MinValue", -math.inf), parameter.get("MaxValue", math.inf)
        return float(least) <= int(value) <= float(most)
    return re.fullmatch(parameter.get("AllowedPattern", "(?s).*"), value) is not None
