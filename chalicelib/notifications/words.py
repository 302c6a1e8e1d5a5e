"""
The words of mails: one catalogue for each language, and times as their reader writes them.

A catalogue is a file of `texts/`, read when the first mail in that language is written. What it
says has the same form as the pages' own texts: `{placeholders}`, filled in here.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal, get_args

from chalicelib.patterns import pattern
from chalicelib.values import dataclass

Language = Literal["en", "de", "es", "fr", "pt", "ar", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
TEXTS = Path(__file__).parent / "texts"
PLACEHOLDER = pattern(r"\{(\w+)\}")
# Around a name in a sentence that runs the other way, so that it does not reorder the sentence.
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
RIGHT_TO_LEFT: frozenset[Language] = frozenset({"ar"})


@dataclass(frozen=True, slots=True)
class Words:
    """
    How one reader is written to.

    `language` is one of `LANGUAGES` and `time_zone` an IANA name; any other text, such as the ""
    of a grant that says nothing of it, stands for English and for UTC.
    """

    language: str = ""
    time_zone: str = ""

    @property
    def code(self) -> Language:
        """The language that the mail is in."""
        return self.language if self.language in LANGUAGES else "en"

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        """Which way the text runs, as HTML calls it."""
        return "rtl" if self.code in RIGHT_TO_LEFT else "ltr"

    def say(self, key: str, **values: str | int) -> str:
        """Return the text *key* with *values* in place of its placeholders."""
        is_turned = self.direction == "rtl"

        def fill(found: re.Match[str]) -> str:
            value = str(values[found[1]])
            return f"{ISOLATE}{value}{END_OF_ISOLATE}" if is_turned else value

        return PLACEHOLDER.sub(fill, catalogue(self.code)[key])

    def when(self, moment: int) -> str:
        """Return epoch seconds as the reader writes a time; it names its difference from UTC."""
        texts = catalogue(self.code)
        at = datetime.fromtimestamp(moment, zone_of(self.time_zone))
        filled = {
            "weekday": texts["date.weekdays"].split("|")[at.weekday()],
            "day": str(at.day),
            "month": texts["date.months"].split("|")[at.month - 1],
            "year": str(at.year),
            "time": at.strftime("%H:%M"),
            "zone": _offset(at.utcoffset() or timedelta()),
        }
        return PLACEHOLDER.sub(lambda found: filled[found[1]], texts["date.format"])


@functools.cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Return every text of mails in *language* by its key."""
    texts: dict[str, str] = json.loads((TEXTS / f"{language}.json").read_text("utf-8"))
    return texts


@functools.cache
def zone_of(name: str) -> tzinfo:
    """Return the time zone of that IANA name; UTC for a name that is not known here."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - Most cold starts write no mail.

    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder, such as "Europe".
        return UTC


def _offset(difference: timedelta) -> str:
    minutes = int(difference.total_seconds()) // 60
    sign, (hours, rest) = "+" if minutes > 0 else "\u2212", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"
