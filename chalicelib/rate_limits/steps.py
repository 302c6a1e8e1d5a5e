"""What one process remembers between its writes to the counter: what it saw, and what is full."""

from __future__ import annotations

from chalicelib.values import dataclass, field

MAX_REMEMBERED = 10_000  # Keys of each kind.


@dataclass(slots=True)
class Steps:
    """
    Counts what is cheap and frequent in steps, with a write for each step.

    A step that is over its limit shuts its key for the rest of the window, in this process.
    Otherwise all but one request of each further step would pass.
    """

    _seen: dict[str, int] = field(default_factory=dict)
    _shut_until: dict[str, int] = field(default_factory=dict)

    def see(self, key: str, step: int) -> int:
        """Return how many of *key* to count now: *step* of them with each step, else none."""
        seen = self._seen.pop(key, 0) + 1
        if seen >= step:
            return step
        _remember(self._seen, key, seen)
        return 0

    def shut(self, key: str, until: int) -> None:
        """Remember that *key* is over its limit until *until*, in epoch seconds."""
        _remember(self._shut_until, key, until)

    def shut_seconds(self, key: str, now: int) -> int:
        """Return how long *key* is shut yet; 0 when it is not."""
        return max(0, self._shut_until.get(key, 0) - now)


def _remember(values: dict[str, int], key: str, value: int) -> None:
    """Set it; forget all when there are too many, which lets a little more through."""
    if len(values) >= MAX_REMEMBERED:
        values.clear()
    values[key] = value
