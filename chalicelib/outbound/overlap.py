"""Calls to a site that do not depend on each other, a few at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

# A browser opens six connections to a site; a small host may have as few as two or three workers.
MAX_AT_ONCE = 3

Result = TypeVar("Result")


def overlapped(parts: Sequence[Callable[[], Result]]) -> list[Result]:
    """
    Return what each of *parts* returns, in their order; at most `MAX_AT_ONCE` run at once.

    When one raises, the parts that are under way are waited for and no other begins; then the error
    of the first of *parts* that raised is raised.
    """
    results: list[Result] = []
    for start in range(0, len(parts), MAX_AT_ONCE):
        batch = [_Part(part) for part in parts[start : start + MAX_AT_ONCE]]
        for part in batch[1:]:
            part.start()
        batch[0].run()  # In this thread: one part alone costs no other.
        for part in batch[1:]:
            part.join()
        results += [part.result() for part in batch]
    return results


class _Part(threading.Thread):
    def __init__(self, part: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._part = part
        self._result: Any = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result = self._part()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error

    def result(self) -> Any:  # noqa: ANN401 - whatever the part returned
        if self._error is not None:
            raise self._error
        return self._result
