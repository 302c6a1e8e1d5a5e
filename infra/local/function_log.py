"""What an emulated function has written, whole at the moment its answer is there.

A function writes its log before its answer, so whoever has the answer can take
the whole log from the pipe at once, however busy the machine is. A thread takes
it meanwhile, so that the pipe never fills and blocks the function.

It knows the standard library only: it runs inside `.venv-aws` as well.
"""

from __future__ import annotations

import os
import select
import threading

PIECE = 65536


class FunctionLog:
    """The log in *pipe*, a file descriptor to read from, which stays the caller's own."""

    def __init__(self, pipe: int) -> None:
        # A copy: the number of the original may soon belong to another function's pipe.
        self._pipe = os.dup(pipe)
        self._lock = threading.Lock()
        self._taken = bytearray()
        self._is_over = False

    def follow(self) -> None:
        """Take what comes until the other end is closed. The last thing to do with the pipe."""
        while not self._is_over:
            self._wait()
            with self._lock:
                self._take()
        os.close(self._pipe)

    def drain(self) -> str:
        """Return what has been written since the last time, without waiting for more."""
        with self._lock:
            self._take()
            text = self._taken.decode(errors="replace")
            self._taken.clear()
        return text.strip("\n")

    def _take(self) -> None:
        while not self._is_over and self._wait(milliseconds=0):
            piece = os.read(self._pipe, PIECE)
            self._taken += piece
            self._is_over = not piece

    def _wait(self, milliseconds: int | None = None) -> bool:
        """Return whether there is something to read, or an end to see."""
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        return bool(poll.poll(milliseconds))
