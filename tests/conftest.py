"""
How Hypothesis searches: the same examples every time, unless a developer wants to explore::

    pytest tests/unit/test_random_histories.py --hypothesis-profile explore --hypothesis-seed 42

searches ten times as long, and elsewhere with each seed; without a seed it draws one.

And which files come first: pytest takes no order of files from its arguments once a folder among
them holds the others.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")

# The longest, so that of two processes none has much to do when the other is done.
FIRST = (
    "test_crash_ending.py",
    "test_crash.py",
    "test_secrets.py",
    "test_deploy.py",
    "test_faults.py",
    "test_pages.py",
    "test_return.py",
    "test_sealed.py",
    "test_stories.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files come first, and leave all others as they are."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(FIRST)))
