"""
`pattern`: a regular expression that is compiled when something is first matched against it.

To compile all of ours took a fortieth of a cold start, and one request matches against few.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr

__all__ = ["pattern"]

if TYPE_CHECKING:
    from re import compile as pattern
else:

    def pattern(text: AnyStr, flags: int = 0) -> Any:  # noqa: ANN401 - see above
        """Return what has the methods of ``re.compile(text, flags)``."""
        return _Late(text, flags)


class _Late:
    """Keeps each method of the compiled pattern that was asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._written: Any = (text, flags)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a pattern has
        # Python asks this only for what is not there yet; `re` itself keeps what it compiled.
        method = getattr(re.compile(*self._written), name)
        setattr(self, name, method)
        return method
