"""
Clients of AWS, from botocore itself, and those that few requests need only when they are used.

boto3 is botocore with resources and transfers to S3 on top. To import it costs a cold start a fifth
more processor time, for nothing that the functions use. Each further client costs one reading of
what AWS says of its service, which most requests would never need.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.session import get_session

# An AWS service in the same region that has not answered in 5 s will not; three tries fit easily.
CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
)


class Clients:
    """Makes the clients of one process, with the credentials and the region of its environment."""

    def __init__(self) -> None:
        self._session = get_session()
        self._lock = threading.Lock()  # A session makes one client at a time.

    def make(self, service: str) -> Any:  # noqa: ANN401 - botocore makes their classes as it goes
        """Return a client of *service*, as botocore calls it."""
        with self._lock:
            return self._session.create_client(service, config=CONFIG)

    def late(self, service: str) -> Any:  # noqa: ANN401 - see `make`
        """Return what stands for a client of *service*, and makes it when a method is called."""
        return _Late(lambda: self.make(service))


class _Late:
    """Stands for a client; any number of threads may use it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        # Python asks this only for what the class above has not: the client's own methods.
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._make()
        return getattr(self._client, name)
