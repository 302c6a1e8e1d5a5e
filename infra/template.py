"""The built template, as data: which resources it has and what they promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Resource = dict[str, Any]


def load(template: Path) -> dict[str, Any]:
    """Return *template* as built: `chalice package` writes every intrinsic in its long form."""
    return dict(yaml.safe_load(template.read_text()))


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
