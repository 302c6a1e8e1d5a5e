"""The log of an emulated function is whole when its answer is there, on a busy machine as well."""

from __future__ import annotations

import os
import threading

import pytest

from infra.local.patches.log_tail import FunctionLog


@pytest.fixture
def pipe() -> tuple[FunctionLog, int]:
    read, write = os.pipe()
    log = FunctionLog(read)
    os.close(read)  # The emulator may close its own end at any time.
    return log, write


def test_all_that_was_written_is_there_without_waiting(pipe: tuple[FunctionLog, int]) -> None:
    log, write = pipe
    os.write(write, b"one\ntwo\n")

    assert log.drain() == "one\ntwo"
    assert log.drain() == "", "it is given out once"

    os.close(write)


def test_a_function_that_writes_more_than_a_pipe_holds_is_not_held_up(
    pipe: tuple[FunctionLog, int],
) -> None:
    log, write = pipe
    follower = threading.Thread(target=log.follow)
    follower.start()
    lines = b"".join(b"%06d\n" % number for number in range(100_000))

    with os.fdopen(write, "wb") as function:
        function.write(lines)
    follower.join(timeout=60)

    assert not follower.is_alive(), "it ends with the function"
    assert log.drain().encode() + b"\n" == lines
    assert log.drain() == ""
