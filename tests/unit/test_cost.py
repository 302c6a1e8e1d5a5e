"""How many AWS calls one access costs: this fails when they grow. docs/cost.md has the prices."""

from __future__ import annotations

import pytest

from tests import one_access

# AWS calls of each step, in the order of the story.
LIMITS = {
    "check the site, three times": 1,
    "set up": 11,
    "make the secret": 5,
    "send the ticket": 10,
    "peek at the secret": 1,
    "open": 4,
    "acknowledge, and mail that it was opened": 6,
    "view the receipt, five times": 5,
    "sweep that finds nothing": 4,
    "end by sweep and worker": 18,
}
# With the announcements, without what every sweep reads anyway, and without the mail of an opening.
MAX_CALLS = 56
MAIL_OF_AN_OPENING = 5
QUERIES_OF_A_SWEEP = 4  # Also of one that finds nothing.
MAX_WRITES_OF_GRANTS = 14  # Each rewrites the whole item, of some 3 KB.


def test_one_access(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = one_access.play(monkeypatch)

    assert calls.of_steps == LIMITS, "fewer is welcome: write it here and in docs/cost.md"
    assert calls.of_kinds["query"] == 2 * QUERIES_OF_A_SWEEP
    in_all = sum(calls.of_steps.values()) - 2 * QUERIES_OF_A_SWEEP + calls.announced
    assert in_all - MAIL_OF_AN_OPENING <= MAX_CALLS
    assert calls.of_kinds["put_item"] - 1 <= MAX_WRITES_OF_GRANTS, "one is that of the secret"
    assert calls.of_kinds["send"] == 5
