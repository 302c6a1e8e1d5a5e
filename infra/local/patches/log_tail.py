"""MiniStack waits 50 ms for what a function has written; this takes all that is there.

An invocation with `LogType: Tail` returns the function's log with its answer, and Hallpass
reads the metrics of a sweep from it. A function writes its log before its answer, so the
whole log is in the pipe when the answer is there. MiniStack moves it from the pipe to a queue
in a thread and gives that thread 50 ms. On a busy machine that is too short: the metrics
of one sweep then appear in the log of the next.

Missing in MiniStack 1.5.33: `core/lambda_runtime.py` `Worker._drain_stderr_bounded` stops
after a time instead of at the end of what was written. No longer needed once it does not:
`test_patches.py` then fails.

`FunctionLog` uses the standard library only: it runs inside .venv-aws, and in the unit tests.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Any

MAX_READ_BYTES = 65536  # What a pipe of Linux holds.


def apply() -> None:
    """Make each worker return its function's whole log."""
    from ministack.core.lambda_runtime import (  # type: ignore[import-not-found]  # noqa: PLC0415
        Worker,
    )

    def follow(worker: Any) -> None:  # noqa: ANN401  MiniStack's thread for one process.
        log = FunctionLog(worker._proc.stderr.fileno())  # noqa: SLF001
        worker._stderr_queue.put(log)  # noqa: SLF001  Each process has a new one.
        log.follow()

    def drain(worker: Any) -> str:  # noqa: ANN401
        log: FunctionLog = worker._stderr_queue.get()  # noqa: SLF001  Waits until `follow` runs.
        worker._stderr_queue.put(log)  # noqa: SLF001
        return log.drain()

    Worker._read_stderr = follow  # noqa: SLF001
    Worker._drain_stderr = Worker._drain_stderr_bounded = drain  # noqa: SLF001


class FunctionLog:
    """
    What one function writes to *pipe*, a file descriptor to read from.

    The descriptor stays the caller's, who may close it at any time. A thread runs `follow`, so
    that the pipe never fills and blocks the function; `drain` may be called from any thread.
    """

    def __init__(self, pipe: int) -> None:
        # A copy: the number of the original may soon belong to another function's pipe.
        self._pipe = os.dup(pipe)
        self._lock = threading.Lock()
        self._unread = bytearray()
        self._is_closed = False

    def follow(self) -> None:
        """Read until the function closes its end, and then close this one."""
        while not self._is_closed:
            self._wait()
            with self._lock:
                self._read()
        os.close(self._pipe)

    def drain(self) -> str:
        """Return what the function has written since the last call, without waiting for more."""
        with self._lock:
            self._read()
            text = self._unread.decode(errors="replace")
            self._unread.clear()
        return text.strip("\n")

    def _read(self) -> None:
        while not self._is_closed and self._wait(milliseconds=0):
            read = os.read(self._pipe, MAX_READ_BYTES)
            self._unread += read
            self._is_closed = not read

    def _wait(self, milliseconds: int | None = None) -> bool:
        """Return whether there is something to read, or the other end is closed."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        return bool(poll.poll(milliseconds))
