"""
The brand of the team's mails: what the package holds of `config.json`, and the logo beside it.

`infra/package.py` puts both into the zip, so that pages and mails have one source. Without them, as
in a checkout, mails have what the example has.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

from chalicelib.notifications.words import Words
from chalicelib.values import dataclass, field

CONFIG = Path(__file__).with_name("config.json")
LOGO = Path(__file__).with_name("logo.png")
DEFAULT_COLOUR = "#1d4ed8"
MIN_LUMINANCE_FOR_BLACK = 0.179  # Above it, black contrasts more than white (WCAG).
MAX_LINEAR = 0.04045  # Of sRGB: darker channels are not raised to a power.


@dataclass(frozen=True, slots=True)
class Brand:
    """
    `colour` is #rrggbb, `logo` a PNG or empty.

    `words` are the team's: the language of its mails, and the time zone of its office.
    """

    colour: str = DEFAULT_COLOUR
    logo: bytes = field(default=b"", repr=False)
    words: Words = field(default_factory=Words)

    @property
    def text_colour(self) -> str:
        """Black or white, whichever is easier to read on `colour`."""
        parts = [int(self.colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= MAX_LINEAR else ((part + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        return "#000000" if luminance > MIN_LUMINANCE_FOR_BLACK else "#ffffff"


@functools.cache
def brand() -> Brand:
    """Return the brand of this deployment."""
    if not CONFIG.exists():
        return Brand()
    config = json.loads(CONFIG.read_text("utf-8"))
    words = Words(config.get("language", ""), config.get("office_hours", {}).get("time_zone", ""))
    return Brand(config["colour"], LOGO.read_bytes() if LOGO.exists() else b"", words)
