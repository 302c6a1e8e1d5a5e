"""
How Hypothesis searches: the same examples every time, unless a developer wants to explore::

    pytest tests/unit/test_random_histories.py --hypothesis-profile explore --hypothesis-seed 42

searches ten times as long, and elsewhere with each seed; without a seed it draws one.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
settings.load_profile("repeatable")
