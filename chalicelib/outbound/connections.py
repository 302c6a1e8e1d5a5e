"""
Connections that only reach public addresses, and end when their time is up.

The address that is checked is the address that is connected to: a name is resolved once,
every address in the answer must be public, and the socket gets one of these addresses. A second
resolution that says something else (DNS rebinding) never happens. Host header, SNI and
certificate check keep the name.

Time is counted over the whole call, so a server that sends one byte a second gains nothing.
The name is resolved in a thread of its own, because the C library cannot be interrupted.

Importing this module loads `requests` and `ssl`; `outbound.client` does so at its first call.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Collection
from http.cookiejar import Cookie, DefaultCookiePolicy
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from chalicelib.clock import TimeBudget
from chalicelib.outbound.urls import DEFAULT_PORTS, is_public
from chalicelib.site_problems import unavailable

MAX_CONNECT_SECONDS = 5.0

# As socket.getaddrinfo: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[int, int, int, str, Any]
Resolver = Callable[[str, int], list[AddressInfo]]


class GuardedConnector:
    """
    Opens sockets to public addresses.

    Args:
        allowed: Origins that are connected to wherever they lead.
        budget: What the current call has left; every socket gets it, too.
        resolver: Returns the socket addresses of a host and port; raises `OSError` or
            `UnicodeError` when there are none.
    """

    def __init__(self, allowed: Collection[str], budget: TimeBudget, resolver: Resolver) -> None:
        self.budget = budget
        self._allowed, self._resolver = allowed, resolver

    def connect(self, scheme: str, host: str, port: int) -> socket.socket:
        """
        Connect to the first address of *host* that accepts.

        Raises:
            SiteUnavailable: ``unreachable``, in the same words whether the name is unknown,
                leads to a private address, or no server listens there.
        """
        suffix = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
        found = self._resolve(host, port)
        is_allowed = f"{scheme}://{host}{suffix}" in self._allowed
        if not is_allowed and not all(is_public(str(address[0])) for *_, address in found):
            raise unavailable("unreachable")
        for family, kind, protocol, _, address in found:
            connection = _TimedSocket(family, kind, protocol)
            try:
                connection.settimeout(min(MAX_CONNECT_SECONDS, self.budget.left()))
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # The next address may be of a family that this host can reach.
                connection.close()
                continue
            connection.budget = self.budget
            return connection
        raise unavailable("unreachable")

    def _resolve(self, host: str, port: int) -> list[AddressInfo]:
        """Return the addresses of *host*; none when it is unknown or the resolver is too slow."""
        answers: queue.SimpleQueue[list[AddressInfo]] = queue.SimpleQueue()

        def resolve() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError):  # Unknown, or not a name at all.
                answers.put([])

        threading.Thread(target=resolve, daemon=True).start()
        try:
            return answers.get(timeout=min(MAX_CONNECT_SECONDS, self.budget.left()))
        except queue.Empty:
            return []


class GuardedAdapter(HTTPAdapter):
    """Carries `requests` over the connector's sockets; never retries, never uses a proxy."""

    def __init__(self, connector: GuardedConnector) -> None:
        self._connector = connector
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  As the base.
        """Make urllib3's pools with our sockets; `requests` calls this with its own options."""
        context = create_urllib3_context()
        context.sslsocket_class = _TimedTlsSocket
        super().init_poolmanager(*args, **options, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._connector)


class NoCookiesBesideKeys(DefaultCookiePolicy):
    """
    Keeps the cookies of strangers' requests; a request with a key neither sends nor gets any.

    A plugin that signs new users in answers their creation with their cookie, and WordPress
    believes a cookie before a key.
    """

    def return_ok(self, cookie: Cookie, request: Any) -> bool:  # noqa: ANN401  As requests has it.
        """Return whether *cookie* may go out with *request*: never beside a key."""
        return not request.has_header("Authorization") and super().return_ok(cookie, request)

    def set_ok(self, cookie: Cookie, request: Any) -> bool:  # noqa: ANN401  As requests has it.
        """Return whether *cookie*, of the response to *request*, may be kept."""
        return not request.has_header("Authorization") and super().set_ok(cookie, request)


def resolve_by_system(host: str, port: int) -> list[AddressInfo]:
    """
    Return the addresses of *host*, IPv4 and IPv6, from the system's resolver.

    Raises:
        OSError: The name is unknown.
        UnicodeError: It is not a name at all.
    """
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class _Timed:
    """Limits each read and write to what the whole call has left."""

    budget: TimeBudget | None = None

    def recv_into(self, buffer: memoryview, nbytes: int = 0, flags: int = 0) -> int:
        self._limit_time()
        return int(super().recv_into(buffer, nbytes, flags))  # type: ignore[misc]

    def sendall(self, data: bytes, flags: int = 0) -> None:
        self._limit_time()
        super().sendall(data, flags)  # type: ignore[misc]

    def _limit_time(self) -> None:
        if self.budget is None:
            return
        left = self.budget.left()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)  # type: ignore[attr-defined]


class _TimedSocket(_Timed, socket.socket):  # type: ignore[misc]  # It narrows the buffer.
    pass


class _TimedTlsSocket(_Timed, ssl.SSLSocket):  # type: ignore[misc]  # As above.
    pass


def _pool_classes(connector: GuardedConnector) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pool by scheme; the connections of each get sockets from *connector*."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connector.connect("http", self.host, self.port)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connector.connect("https", self.host, self.port)

        def connect(self) -> None:
            super().connect()
            if isinstance(self.sock, _TimedTlsSocket):
                self.sock.budget = connector.budget

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
