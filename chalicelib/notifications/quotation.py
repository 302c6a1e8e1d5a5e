"""
Other people's words in a mail to support: marked, so that they cannot pass for ours.

They stand below a heading that says whose they are, each line behind a mark, and they hold no sign
that cannot be seen or that turns the direction of text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chalicelib.patterns import pattern

MARK = "> "
MAX_LINE_CHARACTERS = 76  # Mail programs wrap longer lines, and what they wrap has no mark.
# Control characters, and what Unicode calls Default_Ignorable_Code_Point (DerivedCoreProperties.txt
# 16.0), bidirectional controls among it; the blank of Braille and interlinear marks look empty too.
UNSEEN = pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def quoted(text: str) -> list[str]:
    """Return *text* as lines to stand in a mail, each behind `MARK`."""
    return [f"{MARK}{line}".rstrip() for part in text.splitlines() for line in _wrapped(part)]


def fields(named: Iterable[tuple[str, str]]) -> list[str]:
    """Return one marked line or more for each name and its value, without those that are empty."""
    return [
        line
        for name, value in named
        if value.strip()
        for line in quoted(f"{name}: {seen_on_one_line(value)}")
    ]


def seen(text: str) -> str:
    """Return *text* without the signs that cannot be seen."""
    return UNSEEN.sub("", text)


def seen_on_one_line(text: str) -> str:
    """Return *text* as `seen`, with every run of white space as one blank."""
    return " ".join(seen(" ".join(text.split())).split())


def _wrapped(line: str) -> Iterator[str]:
    """Yield *line* in pieces that no mail program wraps; a longer word stays whole."""
    line = seen(line).rstrip()
    while len(line) > MAX_LINE_CHARACTERS:
        blanks = [blank.start() for blank in re.finditer(r"\s", line)]
        near = [place for place in blanks if 0 < place <= MAX_LINE_CHARACTERS]
        cut = near[-1] if near else next((place for place in blanks if place > 0), None)
        if cut is None:
            break
        yield line[:cut].rstrip()
        line = line[cut:].lstrip()
    yield line
