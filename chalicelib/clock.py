"""How much time this invocation has left. Lambda ends it without a word when none is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

MINUTE, HOUR, DAY = 60, 3600, 86_400  # In seconds.


class TimeBudget:
    """
    The seconds that are left, in all and for the piece of work at hand.

    One Lambda instance serves one request at a time, so one deadline per instance is enough.
    """

    def __init__(self) -> None:
        self._end = self._share_end = float("inf")

    def start(self, seconds: float) -> None:
        """Give this invocation *seconds* from now."""
        self._end = self._share_end = time.monotonic() + seconds

    def share(self, seconds: float) -> bool:
        """
        Give the next piece of work at most *seconds*.

        Return False, and give nothing, when less than that is left in all.
        """
        start = time.monotonic()
        if self._end - start < seconds:
            return False
        self._share_end = start + seconds
        return True

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let a part of the work take at most *seconds* of what is left."""
        before = self._share_end
        self._share_end = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._share_end = before

    def left(self) -> float:
        """Return the seconds left for the piece of work at hand; never negative."""
        return max(0.0, min(self._end, self._share_end) - time.monotonic())
