"""
Lines to sites: a session with its connection, used by one call at a time and kept for the next.

Calls to one site that overlap have a line each; calls that follow one another share one, with its
cookies. Between two invocations a line keeps its connection for a few seconds and no cookie: the
next invocation may serve another person. Nothing of a key is in a line; each call brings its own.

A frozen Lambda sees nothing of a connection that a site has closed meanwhile, so `Line.is_kept`
marks one that may be dead. The time is the wall clock's, which goes on while a Lambda is frozen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.clock import TimeBudget

if TYPE_CHECKING:
    import requests

KEPT_SECONDS = 4.0  # Apache closes a connection after 5 s without a request, nginx later.
MAX_IDLE_LINES = 16


class Line:
    """A session, and the `budget` of time that its current call has."""

    def __init__(self, make: Callable[[TimeBudget], requests.Session]) -> None:
        self.budget = TimeBudget()
        self.session = make(self.budget)
        self.is_kept = False
        self.used_at = 0.0

    def drop_connection(self) -> None:
        """Close the connection; the next call opens another."""
        self.session.close()
        self.is_kept = False


class Lines:
    """
    All lines of one process; any number of threads may take some.

    Args:
        make: Makes a session whose sockets end when the budget that it gets is used up.
    """

    def __init__(self, make: Callable[[TimeBudget], requests.Session]) -> None:
        self._make = make
        self._idle: list[tuple[str, Line]] = []  # Those that were used last at the end.
        self._lock = threading.Lock()

    def take(self, site: str) -> Line:
        """Return the line to the origin *site* that was used last, or a new one."""
        with self._lock:
            for index in reversed(range(len(self._idle))):
                if self._idle[index][0] == site:
                    line = self._idle.pop(index)[1]
                    break
            else:
                return Line(self._make)
        if line.is_kept and not 0 <= time.time() - line.used_at <= KEPT_SECONDS:
            line.drop_connection()
        return line

    def give_back(self, site: str, line: Line) -> None:
        """Let the next call to *site* have *line*."""
        line.used_at = time.time()
        with self._lock:
            self._idle.append((site, line))
            surplus, self._idle = self._idle[:-MAX_IDLE_LINES], self._idle[-MAX_IDLE_LINES:]
        for _, old in surplus:
            old.session.close()

    def keep(self) -> None:
        """Delete all cookies, and keep the connections for the next invocation."""
        with self._lock:
            for _, line in self._idle:
                line.session.cookies.clear()
                line.is_kept = True

    def close(self) -> None:
        """Close all connections and delete all cookies."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, line in idle:
            line.session.close()
