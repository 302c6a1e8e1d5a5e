"""TLS on loopback, in front of a server that speaks plain HTTP.

PHP's own server speaks no TLS, and WordPress behaves differently behind https
(application passwords, cookies, redirects). `TlsProxy(port)` listens on a free
port of 127.0.0.1; `certificate` is the file that a client must trust. Requests
reach the server with `X-Forwarded-Proto: https`, as behind a host's own proxy.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

import trustme

from infra.local.ports import HOST

if TYPE_CHECKING:
    from pathlib import Path

HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding"})
MAX_BACKEND_SECONDS = 60


class TlsProxy:
    """Answers https://127.0.0.1:`port` from http://127.0.0.1:*backend_port*."""

    def __init__(self, backend_port: int, directory: Path) -> None:
        self.certificate = directory / "tls-certificate.pem"
        key = directory / "tls-key.pem"
        write_certificate(self.certificate, key)
        self._server = ThreadingHTTPServer((HOST, 0), _handler(backend_port))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def write_certificate(certificate: Path, key: Path) -> None:
    """
    Write a certificate for 127.0.0.1 and localhost, and its private key, as PEM files.

    *certificate* also holds the authority that signed it, so it is the file that a server
    serves and the file that a client trusts. Nothing else trusts it.
    """
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    chain = [*issued.cert_chain_pems, authority.cert_pem]
    certificate.write_bytes(b"".join(pem.bytes() for pem in chain))
    issued.private_key_pem.write_to_path(key)


def _handler(backend_port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Unbuffered writes together with Nagle's algorithm cost 40 ms a request.
        wbufsize = -1
        disable_nagle_algorithm = True

        def forward(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
            headers |= {"X-Forwarded-Proto": "https", "Connection": "close"}
            backend = http.client.HTTPConnection(HOST, backend_port, timeout=MAX_BACKEND_SECONDS)
            body = self.rfile.read(length) if length else None
            backend.request(self.command, self.path, body, headers)
            response = backend.getresponse()
            content = response.read()
            backend.close()
            self.send_response_only(response.status, response.reason)
            for header, value in response.getheaders():
                if header.lower() not in HOP_BY_HOP:
                    self.send_header(header, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = forward  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base names it so.
            """Log nothing: the URL that brings a consent back carries an application password."""

    return Handler
