"""
Death at a chosen outside call.

`Process` counts every call of the ports that it wraps and dies before or after the chosen one. A
dead process does nothing more: every later call dies as well, so that `finally` and `except` in the
code under test cannot tidy up, just as when a Lambda is killed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Died(BaseException):
    """The process is gone. No `except Exception` catches this."""


class Process:
    """Runs until its chosen call. With no choice it lives, and `calls` lists what it did."""

    def __init__(self, die_at: int | None = None, *, after: bool = False) -> None:
        self._die_at, self._after = die_at, after
        self._dead = False
        self.calls: list[str] = []

    def wrap(self, port: object) -> Any:  # noqa: ANN401 - it stands for whatever it wraps
        """Return *port* with every method counted."""
        return _Wrapped(port, self)

    def call(self, name: str, method: Callable[..., object], *args: object, **kw: object) -> object:
        """Make one call, or die."""
        if self._dead:
            raise Died
        number = len(self.calls)
        self.calls.append(name)
        if number == self._die_at and not self._after:
            self._dead = True
            raise Died
        try:
            return method(*args, **kw)
        finally:
            # Also when the call raised: the answer arrives, and no process is left to read it.
            if number == self._die_at:
                self._dead = True
                raise Died


class _Wrapped:
    def __init__(self, port: object, process: Process) -> None:
        self._port, self._process = port, process

    def __getattr__(self, name: str) -> object:
        method = getattr(self._port, name)
        if not callable(method):
            return method
        label = f"{type(self._port).__name__}.{name}"
        return lambda *args, **kw: self._process.call(label, method, *args, **kw)
