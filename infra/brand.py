"""
Checks `frontend/config.json`, what a deployment sets about itself: `python -m infra.brand [FILE]`.

It must fit `infra/config.schema.json`, its team keys must be keys, and its colour must be seen and
read where the pages use it.
`make check` runs this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from infra.team_keys import is_key

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "frontend" / "config.json"
SCHEMA = ROOT / "infra" / "config.schema.json"
# WCAG 2.2: 1.4.3 for text, 1.4.11 for the marks that show a state.
MIN_TEXT_CONTRAST, MIN_MARK_CONTRAST = 4.5, 3.0
# As in style.css. On dark cards the pages mix the colour half and half with white.
MAX_LINEAR = 0.04045  # Of sRGB: darker channels are not raised to a power.
LIGHT, DARK_CARD, WHITE, BLACK = "#f4f6f9", "#1a1e25", "#ffffff", "#000000"


def problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with *config*, each in one sentence; empty when all is well."""
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema_rs.validator_for(schema)
    found = [
        f"{'.'.join(str(part) for part in error.instance_path) or 'config.json'}: {error.message}."
        for error in validator.iter_errors(config)
    ]
    return found or _key_problems(config) + _contrast_problems(str(config["colour"]))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (#rrggbb) by WCAG, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _key_problems(config: Mapping[str, Any]) -> list[str]:
    # A browser would refuse to seal to it, and so no owner could send anything.
    return [
        f"team_keys.{place}: {key[:8]}… is no key; copy the line from the page /team."
        for place, key in enumerate(config.get("team_keys", []))
        if not is_key(key)
    ]


def _contrast_problems(colour: str) -> list[str]:
    places = {
        "of a button and its text": (max(contrast(colour, WHITE), contrast(colour, BLACK)), True),
        "on the light page": (contrast(colour, LIGHT), False),
        "on a dark card, half white": (contrast(_half_white(colour), DARK_CARD), False),
    }
    return [
        f"colour: the contrast {place} is {ratio:.1f}, less than {least}."
        for place, (ratio, is_text) in places.items()
        if ratio < (least := MIN_TEXT_CONTRAST if is_text else MIN_MARK_CONTRAST)
    ]


def _channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _half_white(colour: str) -> str:
    return "#" + "".join(f"{(channel + 255) // 2:02x}" for channel in _channels(colour))


def _luminance(colour: str) -> float:
    parts = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (
        p / 12.92 if p <= MAX_LINEAR else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def main() -> None:
    """Print what is wrong, and fail if anything is."""
    file = Path(sys.argv[1]) if sys.argv[1:] else CONFIG
    found = problems(json.loads(file.read_text()))
    if found:
        sys.exit("\n".join(found))
    print("config.json is valid, and its colour is readable.")


if __name__ == "__main__":
    main()
