"""
The real handler behind plain HTTP in one process, for comparisons; nothing that is deployed.

    python -m tests.bench.served PORT          over a store in memory
    python -m tests.bench.served PORT aws      over DynamoDB, as the environment names it

It answers one request after the other, as one Lambda instance does.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import app as functions
from infra.local.ports import HOST
from tests.bench.events import asked
from tests.fakes.world import World

CONTEXT = SimpleNamespace(
    aws_request_id="request", get_remaining_time_in_millis=lambda: 29_000, function_name="api"
)


class Gateway(BaseHTTPRequestHandler):
    """Turns requests for secrets into API Gateway's events."""

    protocol_version = "HTTP/1.1"
    one_at_a_time = threading.Lock()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, _, *rest = self.path.split("/")
        route, ids = ("/secrets/{secret_id}/open", rest[:1]) if rest else ("/secrets", [])
        event = asked("POST", route, json.loads(body))
        if ids:
            event["pathParameters"] = {"secret_id": ids[0]}
        with self.one_at_a_time:
            answer: dict[str, Any] = functions.app(event, CONTEXT)
        content = str(answer["body"]).encode()
        self.send_response(answer["statusCode"])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self._headers_buffer: list[bytes] = [*self._headers_buffer, b"\r\n", content]
        self.flush_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Serve until the process is ended."""
    if sys.argv[2:] != ["aws"]:
        parts = World().parts
        setattr(functions, "hallpass", lambda: parts)  # noqa: B010 - mypy has no such name there
    logging.getLogger("hallpass").setLevel(logging.WARNING)  # A line for each request goes nowhere.
    ThreadingHTTPServer((HOST, int(sys.argv[1])), Gateway).serve_forever()


if __name__ == "__main__":
    main()
