"""TLS on loopback, in front of a server that speaks plain HTTP.

`TlsProxy(port)` listens on a free port of 127.0.0.1 with a certificate that it
made for itself; `certificate` is the file a client must trust. Requests reach
the server with `X-Forwarded-Proto: https`, as behind a host's own proxy.
"""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding"})


class TlsProxy:
    """Serve https://127.0.0.1:`port` from http://127.0.0.1:*backend_port*."""

    def __init__(self, backend_port: int, directory: Path) -> None:
        self.certificate = directory / "tls-certificate.pem"
        key = directory / "tls-key.pem"
        write_certificate(self.certificate, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(backend_port))
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
    """Write a certificate for 127.0.0.1 and localhost that is valid for a day."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


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
            backend = http.client.HTTPConnection("127.0.0.1", backend_port, timeout=60)
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
            """Say nothing: the URLs of a consent carry a password."""

    return Handler
