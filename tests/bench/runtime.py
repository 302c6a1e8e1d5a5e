"""
The real zip under Lambda's own runtime client, with what it calls on loopback.

`serving` answers for Lambda's Runtime API and for a DynamoDB that holds what `stored` says. `start`
makes a fresh process of a function, hands it one event, again and again if asked, and samples what
the kernel has counted for the process: at its first request to DynamoDB and after each answer. The
kernel's files are those of Linux.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import awslambdaric

from chalicelib.settings import Settings
from infra import package
from infra.local.ports import HOST
from tests.bench import stored

PATIENCE_SECONDS = 60.0
RUNTIME_CLIENT = Path(awslambdaric.__file__).parents[1]
FLOOR = Path(__file__).with_name("floor.py")
# -S and the path by hand: nothing but the zip, and behind it the runtime client, is found.
START = """
import sys
sys.path[:0] = [{code!r}, {floor!r}]
sys.path.append({client!r})
from awslambdaric.__main__ import main
main(["", {handler!r}])
"""
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


@dataclass(frozen=True, slots=True)
class Function:
    """One handler of the zip (or `floor`'s), and the event that it gets."""

    name: str
    handler: str
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process has used so far: milliseconds of processor and of the clock, MiB at most."""

    cpu: float
    wall: float
    memory: float

    @classmethod
    def of(cls, process: int, started: float) -> Sample:
        """Read what the kernel has counted for *process*."""
        wall = time.perf_counter() - started
        directory = Path(f"/proc/{process}")
        counted = [file.read_text() for file in directory.glob("task/*/schedstat")]
        peak = (directory / "status").read_text().partition("VmHWM:")[2].split()[0]
        cpu = sum(int(text.split()[0]) for text in counted)
        return cls(cpu / 1e6, wall * 1e3, int(peak) / 1024)


@dataclass
class Run:
    """
    One process.

    `first` was taken at the first request to DynamoDB, `answered` after each answer; `calls` are
    the operations of all DynamoDB requests, `statuses` those of the answers.
    """

    event: dict[str, Any]
    times: int
    process: int = 0
    started: float = 0.0
    given: int = 0
    calls: list[str] = field(default_factory=list)
    first: Sample | None = None
    answered: list[Sample] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failure: str = ""
    is_over: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> Sample:
        return Sample.of(self.process, self.started)


class _Aws(BaseHTTPRequestHandler):
    """Lambda's Runtime API, and a DynamoDB that answers at once."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        run = self.server.run
        if run.given == run.times or run.failure:
            run.is_over.set()  # It has answered all that there was.
            return
        run.given += 1
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "00000000-0000-0000-0000-000000000000",
            "Lambda-Runtime-Deadline-Ms": str(round(time.time() * 1000) + 29_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:f",
        }
        self._answer(200, run.event, headers)

    def do_POST(self) -> None:
        run = self.server.run
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation:
            run.first = run.first or run.sample()
            run.calls.append(operation)
            self._answer(200, self.server.answer(operation, body))
            return
        run.answered.append(run.sample())
        if not self.path.endswith("/response"):
            run.failure = json.dumps(body)
        elif body is not None:
            run.statuses.append(body["statusCode"])
        self._answer(202, {"status": "OK"})

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
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


class Server(ThreadingHTTPServer):
    """Serves one run at a time on loopback."""

    daemon_threads = True
    run: Run

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Aws)
        self.items, self.updated = stored.items(), stored.updated_secrets()

    @property
    def address(self) -> str:
        return f"{HOST}:{self.server_address[1]}"

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return what DynamoDB answers: to a query that nothing is found, to a write nothing."""
        table = request["TableName"]
        if operation == "GetItem":
            item = self.items.get((table, request["Key"]["id"]["S"]))
            return {} if item is None else {"Item": item}
        if table == "counters":
            names = request.get("ExpressionAttributeNames", {"": "hits"}).values()
            return {"Attributes": {name: {"N": "1"} for name in names}}
        if operation == "UpdateItem" and table == "secrets":
            return {"Attributes": self.updated[request["Key"]["id"]["S"]]}
        return {"Items": [], "Count": 0, "ScannedCount": 0} if operation == "Query" else {}


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@contextmanager
def unpacked() -> Iterator[Path]:
    """Unpack the package as it is now, with the floor beside it; the first run compiles that."""
    with tempfile.TemporaryDirectory(prefix="hallpass-bench-") as directory:
        code = Path(directory)
        with zipfile.ZipFile(package.build().archive) as archive:
            archive.extractall(code)
        (code / "floor").mkdir()
        (code / "floor" / "floor.py").write_text(FLOOR.read_text())
        yield code


def start(code: Path, function: Function, server: Server, times: int = 1) -> Run:
    """
    Start *function* from the unpacked zip in *code*, and end it when it has answered *times*.

    Raises:
        RuntimeError: It failed, or answered with an error; the message has its log's end.
    """
    run = server.run = Run(function.event, times)
    boot = START.format(
        code=str(code),
        floor=str(code / "floor"),
        client=str(RUNTIME_CLIENT),
        handler=function.handler,
    )
    environment = ENVIRONMENT | {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_RUNTIME_API": server.address,
        "AWS_ENDPOINT_URL": f"http://{server.address}",
    }
    with tempfile.TemporaryFile() as log:
        run.started = time.perf_counter()
        process = subprocess.Popen(
            [os.path.realpath(sys.executable), "-S", "-E", "-c", boot],
            env=environment,
            cwd=code,
            stdout=log,
            stderr=log,
        )
        run.process = process.pid
        is_over = run.is_over.wait(PATIENCE_SECONDS)
        process.kill()
        process.wait()
        if not is_over or run.failure or max(run.statuses, default=200) >= 400:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{function.name}: {run.statuses[-1:]} {run.failure} {said}")
    return run
