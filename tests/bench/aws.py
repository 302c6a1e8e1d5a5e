"""
What the functions call, on loopback: DynamoDB, KMS, SES, and sites.

Before each request all of them hold what `stored` says, so that each request finds the same and
does all of its work. KMS gives back what it gets, SES takes every mail, and the index of what is
due is empty, as for most sweeps. Sites answer at once.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.settings import Settings
from infra import package
from infra.local.ports import HOST
from tests.bench import stored
from tests.bench.events import SITE, Event
from tests.bench.serving import serving
from tests.bench.slow_sites import SlowSites
from tests.fakes.dynamodb import FakeDynamoDB

MAIL_PATH = "/v2/email/outbound-emails"  # SES alone names no operation in a header.
ENVIRONMENT = {
    # What is not named below is called as its setting is.
    **{each.name.upper(): each.name for each in fields(Settings) if each.default is MISSING},
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EXECUTION_ENV": f"AWS_Lambda_{package.RUNTIME}",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "768",
    "AWS_LAMBDA_LOG_GROUP_NAME": "group",
    "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
    "LANG": "en_US.UTF-8",
    "SECRETS_TABLE": "secrets",
    "GRANTS_TABLE": "grants",
    "COUNTERS_TABLE": "counters",
    "ACCOUNTS_TABLE": "accounts",
    "DATA_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/key",
    "PUBLIC_URL": "https://help.example",
    "SENDER_EMAIL": "hallpass@help.example",
    "SUPPORT_EMAIL": "support@help.example",
    "SUPPORT_NAME": "Support",
    "MAX_DAYS": "14",
    "EDGE_KEY": "edge",
    "POWERTOOLS_SERVICE_NAME": "hallpass",
    "POWERTOOLS_METRICS_NAMESPACE": "Hallpass",
}


class AwsHandler(BaseHTTPRequestHandler):
    """Answers for AWS at once."""

    protocol_version = "HTTP/1.1"
    server: Aws

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = operation or ("SendEmail" if self.path == MAIL_PATH else "")
        self.answer_to(operation, json.loads(self.read() or b"null"))

    def answer_to(self, operation: str, body: Any) -> None:  # noqa: ANN401 - whatever was sent
        """Answer *operation* of AWS."""
        try:
            self.write(200, self.server.answer(operation, body))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            self.write(400, {"__type": f"com.amazonaws#{code}", "message": code})

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def write(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body, default=_base64).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.send_header("Content-Length", str(len(content)))
        # In one piece with the headers: two would wait for each other's acknowledgement.
        self._headers_buffer: list[bytes] = [*self._headers_buffer, b"\r\n", content]
        self.flush_headers()

    def log_message(self, *_: object) -> None:
        pass


class Aws(ThreadingHTTPServer):
    """AWS, as far as the functions call it, beside the *sites*."""

    daemon_threads = True

    def __init__(self, sites: SlowSites, handler: type[AwsHandler] = AwsHandler) -> None:
        super().__init__((HOST, 0), handler)
        self.sites = sites
        self._tables = stored.fill(sites)
        self._of_sites = {
            name: (dict(site.users), dict(site.keys)) for name, site in sites.sites.items()
        }
        self.reset()

    @property
    def environment(self) -> dict[str, str]:
        """Of a process that calls this AWS and may call the sites."""
        address = f"{HOST}:{self.server_address[1]}"
        return ENVIRONMENT | {
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_LAMBDA_RUNTIME_API": address,
            "ALLOWED_SITES": self.sites.origin,
        }

    def sent(self, event: Event) -> Event:
        """Return *event* with the address of the site without an access in the place of `SITE`."""
        new_site = list(self.sites.sites.values())[-1].url
        asked: Event = json.loads(json.dumps(event).replace(SITE, new_site))
        return asked

    def reset(self) -> None:
        """Let everything be as it was at first."""
        self._dynamodb = FakeDynamoDB({name: all_.values() for name, all_ in self._tables.items()})
        for name, (users, keys) in self._of_sites.items():
            site = self.sites.sites[name]
            site.users, site.keys = dict(users), dict(keys)

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """
        Return what AWS answers.

        Raises:
            ClientError: A write's condition fails.
        """
        if operation == "SendEmail":
            return {"MessageId": "message"}
        if operation == "Encrypt":
            return {"CiphertextBlob": request["Plaintext"]}
        if operation == "Decrypt":
            return {"Plaintext": request["CiphertextBlob"]}
        if "IndexName" in request:
            return {"Items": [], "Count": 0, "ScannedCount": 0}
        name = re.sub(r"(?<=.)(?=[A-Z])", "_", operation).lower()
        answer: dict[str, Any] = getattr(self._dynamodb, name)(**request)
        if operation != "UpdateItem":
            return answer
        returned = request.get("ReturnValues", "NONE")
        if returned == "UPDATED_NEW":  # All of a counter but its key.
            answer["Attributes"].pop("id")
        return {} if returned == "NONE" else answer


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


AnyAws = TypeVar("AnyAws", bound=Aws)


@contextmanager
def with_sites(make: Callable[[SlowSites], AnyAws]) -> Iterator[AnyAws]:
    """Serve sites, and what *make* makes beside them, until the block ends."""
    with serving(stored.new_sites()) as sites, serving(make(sites)) as aws:
        yield aws
