"""
Connections that only reach public addresses, and end when their time is up.

The address that is checked is the address that is connected to: a name is resolved once,
every answer must be public, and the socket gets that very answer. A second look-up that
says something else (DNS rebinding) never happens. Host header, SNI and certificate check
keep the name.

Time is counted over the whole call, so a server that sends one byte a second gains nothing.
The name look-up runs in a thread of its own, because the C library cannot be interrupted.

Importing this module loads `requests` and `ssl`; `outbound` does so at its first call.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Collection
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from chalicelib.clock import TimeBudget
from chalicelib.outbound.urls import DEFAULT_PORTS, is_public
from chalicelib.site_problems import unavailable

CONNECT_SECONDS = 5.0

# As socket.getaddrinfo: family, type, protocol, canonical name, socket address.
Found = tuple[int, int, int, str, Any]
Resolve = Callable[[str, int], list[Found]]


class Guard:
    """
    Opens sockets.

    *allowed* origins are connected to wherever they lead; all others must be public.
    """

    def __init__(self, allowed: Collection[str], deadline: TimeBudget, resolve: Resolve) -> None:
        self.deadline = deadline
        self._allowed, self._resolve = allowed, resolve

    def connect(self, scheme: str, host: str, port: int) -> socket.socket:
        """
        Connect to the first address of *host* that answers.

        Raises:
            SiteUnavailable: ``unreachable``, in the same words whether the name is unknown,
                leads to a private address, or nobody listens there.
        """
        suffix = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
        found = self._look_up(host, port)
        listed = f"{scheme}://{host}{suffix}" in self._allowed
        if not listed and not all(is_public(str(address[0])) for *_, address in found):
            raise unavailable("unreachable")
        for family, kind, protocol, _, address in found:
            connection = _TimedSocket(family, kind, protocol)
            try:
                connection.settimeout(min(CONNECT_SECONDS, self.deadline.left()))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # The next address may be of a family that this host can reach.
                connection.close()
                continue
            connection.deadline = self.deadline
            return connection
        raise unavailable("unreachable")

    def _look_up(self, host: str, port: int) -> list[Found]:
        answers: queue.SimpleQueue[list[Found]] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolve(host, port))
            except (OSError, UnicodeError):  # Unknown, or not a name at all.
                answers.put([])

        threading.Thread(target=look_up, daemon=True).start()
        try:
            return answers.get(timeout=min(CONNECT_SECONDS, self.deadline.left()))
        except queue.Empty:
            return []


class GuardedAdapter(HTTPAdapter):
    """Carries `requests` over the guard's sockets; never retries, never uses a proxy."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  As the base.
        context = create_urllib3_context()
        context.sslsocket_class = _TimedTlsSocket
        super().init_poolmanager(*args, **options, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard)


def resolve_by_system(host: str, port: int) -> list[Found]:
    """Ask the system's resolver for the addresses of *host*, IPv4 and IPv6."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class _Timed:
    """Gives each read and write no more than what is left of the whole call."""

    deadline: TimeBudget | None = None

    def recv_into(self, buffer: memoryview, nbytes: int = 0, flags: int = 0) -> int:
        self._count_down()
        return int(super().recv_into(buffer, nbytes, flags))  # type: ignore[misc]

    def sendall(self, data: bytes, flags: int = 0) -> None:
        self._count_down()
        super().sendall(data, flags)  # type: ignore[misc]

    def _count_down(self) -> None:
        if self.deadline is None:
            return
        left = self.deadline.left()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)  # type: ignore[attr-defined]


class _TimedSocket(_Timed, socket.socket):  # type: ignore[misc]  # It narrows the buffer.
    pass


class _TimedTlsSocket(_Timed, ssl.SSLSocket):  # type: ignore[misc]  # As above.
    pass


def _pools(guard: Guard) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's two pools, whose connections ask *guard* for their sockets."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect("http", self.host, self.port)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return guard.connect("https", self.host, self.port)

        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, _TimedTlsSocket):
                self.sock.deadline = guard.deadline

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
