"""A server on loopback that sends the bytes that a test gives it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

HOST = "127.0.0.1"
MAX_DRIP_PIECES = 200  # One each 0.05 s: a client that waits for all has waited too long.


class Server:
    """
    Calls *respond* with each request and its connection, and sends the bytes that it returns.

    With *certificate* (files of certificate and key) it speaks TLS.

    Attributes:
        url: The origin to call.
        port: The port of `url`.
        requests: The requests received, head and body, in order.
        names: The server names (SNI) that clients asked for.
        connections: The number of connections accepted.
    """

    def __init__(
        self,
        respond: Callable[[bytes, socket.socket], bytes],
        *,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self._respond, self._certificate = respond, certificate
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._listener = self._open.enter_context(socket.create_server((HOST, 0)))
        self.port: int = self._listener.getsockname()[1]
        scheme = "http" if self._certificate is None else "https"
        self.url = f"{scheme}://{HOST}:{self.port}"
        self._context: ssl.SSLContext | None = None
        if self._certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*self._certificate)
            self._context.sni_callback = lambda _, name, __: self.names.append(name)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # A thread that waits in `accept` keeps a closed socket listening; this wakes it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._open.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(10)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                while request := _request(connection):
                    self.requests.append(request)
                    connection.sendall(self._respond(request, connection))


def http_response(
    status: int = 200,
    body: bytes | str = b"",
    *headers: str,
    content_type: str = "text/html; charset=UTF-8",
) -> bytes:
    """Return the bytes of an HTTP response; *headers* are whole lines."""
    content = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", *headers]
    head.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*head, "", ""]).encode() + content


def drip(
    connection: socket.socket, start: bytes, piece: bytes, outlasted: threading.Event
) -> bytes:
    """
    Send *start*, then *piece* again and again, slowly, until the client closes the connection.

    Sets *outlasted* when the client is still connected at the end.
    """
    connection.sendall(start)
    pause = threading.Event()
    for _ in range(MAX_DRIP_PIECES):
        pause.wait(0.05)
        connection.sendall(piece)
    outlasted.set()
    return b""


def path_of(request: bytes) -> str:
    """Return the path of *request*, with its query."""
    return request.split(b" ", 2)[1].decode()


def header_of(request: bytes, name: str) -> str | None:
    """Return the value of header *name*, None if it was not sent."""
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.decode().lower() == name.lower():
            return value.strip().decode()
    return None


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    length = int(header_of(received, "Content-Length") or 0)
    head = received.index(b"\r\n\r\n") + 4
    while len(received) < head + length:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received
