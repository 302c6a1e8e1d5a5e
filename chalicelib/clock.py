"""
Lengths of time, and how much of it this invocation has left.

When none is left, Lambda kills the process without an exception.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

MINUTE, HOUR, DAY = 60, 3600, 86_400  # In seconds.


class TimeBudget:
    """
    The seconds that are left: in all, and for the current piece of work.

    One Lambda instance serves one request at a time, so one budget per instance is enough. Until
    `start` is called, nothing is limited. All arguments and results are in seconds, by the
    monotonic clock.
    """

    def __init__(self) -> None:
        self._end = self._share_end = float("inf")

    def start(self, seconds: float) -> None:
        """Limit this invocation to *seconds* from now; a share given before is void."""
        self._end = self._share_end = time.monotonic() + seconds

    def share(self, seconds: float) -> bool:
        """
        Limit the next piece of work to *seconds* from now.

        Return False, and change nothing, when less than that is left in all.
        """
        start = time.monotonic()
        if self._end - start < seconds:
            return False
        self._share_end = start + seconds
        return True

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit the body of the `with` statement to *seconds*, and never to more than is left."""
        before = self._share_end
        self._share_end = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._share_end = before

    def spent(self) -> float:
        """Return a reading of the monotonic clock; only the difference of two means anything."""
        return time.monotonic()

    def left(self) -> float:
        """Return the seconds left for the current piece of work; never negative."""
        return max(0.0, min(self._end, self._share_end) - time.monotonic())
