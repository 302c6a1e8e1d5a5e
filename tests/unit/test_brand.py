"""What a deployment sets about itself is valid, and its colour can be seen and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.brand import CONFIG, contrast, problems

SHIPPED: dict[str, Any] = json.loads(CONFIG.read_text())
VECTOR = json.loads((Path(__file__).parents[1] / "team-vectors.json").read_text())


def test_the_shipped_settings_are_valid() -> None:
    assert problems(SHIPPED) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("colour", "blue"),
        ("colour", "#1d4ed8; background: url(https://evil.example)"),
        ("logo", "https://elsewhere.example/logo.svg"),
        ("privacy_url", "javascript:alert(1)"),
        ("help_url", "http://plain.example"),
        ("support_name", ""),
        ("support_name", "Acme\nSupport"),
        ("lifetimes", []),
        ("max_days", 99),
        ("texts", {"en": {"end.yes": "Anything else"}}),
        ("texts", {"xx": {"what.lead": "No such language"}}),
        ("color", "#1d4ed8"),
    ],
)
def test_a_setting_that_is_wrong_is_named(setting: str, value: object) -> None:
    (problem, *_) = problems({**SHIPPED, setting: value})

    assert problem.startswith((setting, "config.json"))


@pytest.mark.parametrize("colour", ["#ffe600", "#f4f6f9", "#9ad1ff"])
def test_a_colour_that_cannot_be_seen_is_refused(colour: str) -> None:
    assert "on the light page" in problems({**SHIPPED, "colour": colour})[0]


@pytest.mark.parametrize("colour", ["#1d4ed8", "#000000", "#b00020", "#0a7d33"])
def test_a_colour_that_can_be_seen_in_light_and_dark_is_taken(colour: str) -> None:
    assert problems({**SHIPPED, "colour": colour}) == []


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    "keys",
    [
        ["A" * 87],
        [VECTOR["public_key"][:-1]],
        [VECTOR["public_key"], VECTOR["public_key"]],
        VECTOR["public_key"],
        [VECTOR["private_key"]],
        [VECTOR["public_key"]] * 11,
    ],
)
def test_config_names_what_is_no_list_of_keys(keys: object) -> None:
    (problem, *_) = problems({**SHIPPED, "team_keys": keys})

    assert problem.startswith("team_keys")


def test_config_takes_keys_and_none() -> None:
    for keys in (
        [],
        [VECTOR["public_key"]],
        [VECTOR["ephemeral_public_key"], VECTOR["public_key"]],
    ):
        assert problems({**SHIPPED, "team_keys": keys}) == []
