"""When a failed removal is tried again: soon at first, then every hour, then once a day."""

from __future__ import annotations

from chalicelib.clock import DAY, HOUR, MINUTE

FIRST_RETRY_SECONDS = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 1 * HOUR)
MAX_HOURLY_RETRIES = 23  # With the first four, about a day; after that once a day.


def retry_delay(attempts: int) -> int:
    """Return the seconds until the next retry after *attempts* failures, at least 1."""
    if attempts <= len(FIRST_RETRY_SECONDS):
        return FIRST_RETRY_SECONDS[attempts - 1]
    return HOUR if attempts <= len(FIRST_RETRY_SECONDS) + MAX_HOURLY_RETRIES else DAY
