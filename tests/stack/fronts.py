"""
Addresses of one WordPress on loopback, each with the faults that a test gives it.

A front passes what it gets on to the WordPress behind it, unless its fault answers instead. So the
site can be down, in maintenance, behind a firewall or moved elsewhere while it is really there.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from infra.local.ports import HOST
from tests.fakes.servers import Server, header_of, http_response, path_of

# The site is at home under whatever name it is called, as behind several domains.
MANY_NAMES = """<?php foreach (['home', 'siteurl'] as $name) {
    add_filter("option_$name", fn() => 'http://' . $_SERVER['HTTP_HOST'], 99);
}"""
Fault = Callable[["Front", bytes], bytes | None]


class Front:
    """One address. `fault` returns an answer, or None to let the site itself answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = ExitStack()
        self.fault: Fault | None = None
        self.released = threading.Event()

    def __enter__(self) -> Self:
        self._server = self._open.enter_context(Server(self._respond))
        self._open.callback(self.released.set)
        self.url = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def requests(self) -> list[bytes]:
        return self._server.requests

    def pass_on(self, request: bytes) -> bytes:
        """Let the site answer."""
        with socket.create_connection((HOST, self._port), timeout=60) as site:
            site.sendall(request)
            received = bytearray()
            while piece := site.recv(65536):  # PHP's own server closes after each answer.
                received += piece
        head, _, body = bytes(received).partition(b"\r\n\r\n")
        kept = [
            line
            for line in head.split(b"\r\n")
            if not line.lower().startswith((b"content-length:", b"connection:"))
        ]
        return b"\r\n".join([*kept, b"Content-Length: %d" % len(body), b"", body])

    def _respond(self, request: bytes, _: socket.socket) -> bytes:
        said = self.fault(self, request) if self.fault is not None else None
        return self.pass_on(request) if said is None else said


def down(_: Front, __: bytes) -> bytes:
    raise ConnectionResetError


def failing(_: Front, __: bytes) -> bytes:
    return http_response(
        500, "<html><p>There has been a critical error on this website.</p></html>"
    )


def in_maintenance(_: Front, __: bytes) -> bytes:
    return http_response(
        503, "<html><h1>Briefly unavailable for scheduled maintenance.</h1></html>"
    )


def walled(_: Front, __: bytes) -> bytes:
    return http_response(
        403, "<html><title>Just a moment...</title></html>", "cf-mitigated: challenge"
    )


def without_delete(_: Front, request: bytes) -> bytes | None:
    """Block DELETE by its name and in the header that overrides a method."""
    named = header_of(request, "X-HTTP-Method-Override")
    return http_response(405, "Not allowed") if b"DELETE" in request.split()[0] or named else None


def redirecting(target: str, status: int = 301) -> Fault:
    """Send every caller to the same path at *target*."""
    return lambda _, request: http_response(status, "", f"Location: {target}{path_of(request)}")


def losing_the_answer(front: Front, request: bytes) -> bytes | None:
    """Delete, and break the connection before anything is said."""
    if not _deletes(request):
        return None
    front.pass_on(request)
    raise ConnectionResetError


def cutting_the_answer(front: Front, request: bytes) -> bytes | None:
    """Delete, and stop in the middle of saying so."""
    if not _deletes(request):
        return None
    front.pass_on(request)
    return http_response(200, '{"deleted":tr', content_type="application/json")


def never_answering(front: Front, request: bytes) -> bytes | None:
    """Delete, and say nothing until the test is over."""
    if not _deletes(request):
        return None
    front.pass_on(request)
    front.released.wait()
    raise ConnectionResetError


def _deletes(request: bytes) -> bool:
    return request.startswith(b"DELETE") and b"force=true" in request.split(b"\r\n")[0]
