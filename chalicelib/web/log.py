"""
The functions' log: Powertools' JSON lines, and Powertools as soon as there is a line to write.

Most requests write their first line when their work is done, so it is not there that a person waits
for a cold start's import of it. Chalice and `endpoint` log through the logger of the same name.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class Log(logging.Handler):
    """
    The log *name*, to be made once for each process.

    It is the handler of that logger until the first record comes; then Powertools' takes over.
    `info` and `exception` are those of the logger.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._keys: dict[str, str] = {}
        self._made: Logger | None = None
        self._logger = logging.getLogger(name)
        self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)
        self.info, self.exception = self._logger.info, self._logger.exception

    def append_keys(self, **keys: str) -> None:
        """Write *keys* into each line from now on."""
        self._keys |= keys
        if self._made is not None:
            self._made.append_keys(**keys)

    def get_current_keys(self) -> dict[str, str]:
        """Return the keys that each line has."""
        return dict(self._keys)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the first record, and have Powertools write the rest."""
        from aws_lambda_powertools import Logger  # noqa: PLC0415 - see above

        self._logger.removeHandler(self)
        self._made = Logger(service=self._logger.name)
        self._made.append_keys(**self._keys)
        self._made.logger_handler.handle(record)
