"""
Cold starts: the real zip under Lambda's own runtime client, beside the floor.

    python -m tests.bench.cold_start [RUNS]

Each run is a fresh process that imports the handler, asks the Runtime API for one event and works
on it. It is measured at its first request to DynamoDB, and again when it has answered. The floor is
`floor.py` over the same zip: its boto3, one client, one `get_item`. Floor and functions take turns,
so that what else the machine does burdens them alike; a ratio is the median of the ratios within
each turn. Processor time is the kernel's own account of the process, so this needs Linux.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import awslambdaric

from infra import package
from infra.local.ports import HOST

RUNS = 15
PATIENCE = 60.0
RUNTIME_CLIENT = Path(awslambdaric.__file__).parents[1]
FLOOR = Path(__file__).with_name("floor.py")
ID, TOKEN = "A" * 22, "B" * 43
# -S and the path by hand: nothing but the zip, and behind it the runtime client, is found.
START = """
import sys
sys.path[:0] = [{code!r}, {floor!r}]
sys.path.append({client!r})
from awslambdaric.__main__ import main
main(["", {handler!r}])
"""
ENVIRONMENT = {
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
ANSWERS = {
    "UpdateItem": {"Attributes": {"hits": {"N": "1"}}},
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
}


def asked(method: str, route: str, body: object = None, **headers: str) -> dict[str, Any]:
    """Return API Gateway's event for a request to *route*, with an id in the place of each name."""
    names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
    sent = {"content-type": "application/json", **headers}
    path = "/".join(ID if part.startswith("{") else part for part in route.split("/"))
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": dict.fromkeys(names, ID) or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": method,
            "requestId": "request",
            "identity": {"sourceIp": "192.0.2.1"},
            "path": path,
            "stage": "api",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


SCHEDULED = {
    "version": "0",
    "id": "event",
    "account": "123456789012",
    "region": "us-east-1",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "time": "2026-01-01T00:00:00Z",
    "resources": [],
    "detail": {},
}
SECRET = asked("GET", "/secrets/{secret_id}")


@dataclass(frozen=True, slots=True)
class Function:
    """One handler of the zip, and the event that it gets."""

    name: str
    handler: str
    event: dict[str, Any]


FLOOR_FUNCTION = Function("floor", "floor.handler", SECRET)
FUNCTIONS = (
    Function("GET /secrets/{id}", "app.app", SECRET),
    Function(
        "GET /grants/{id}",
        "app.app",
        asked("GET", "/grants/{grant_id}", authorization=f"Bearer {TOKEN}"),
    ),
    Function("GET /v1/status", "app.app", asked("GET", "/v1/status")),
    Function("sweep", "app.sweep", SCHEDULED),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process has used so far: milliseconds of processor and clock, and MiB at most."""

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
    """One cold start. `first` was taken at the first request to DynamoDB, `last` at the answer."""

    event: dict[str, Any]
    started: float = 0.0
    process: int = 0
    calls: list[str] = field(default_factory=list)
    first: Sample | None = None
    last: Sample | None = None
    failure: str = ""
    is_given: bool = False
    is_over: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> Sample:
        return Sample.of(self.process, self.started)


class _Aws(BaseHTTPRequestHandler):
    """Lambda's Runtime API, and a DynamoDB that holds nothing and answers at once."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        run = self.server.run
        if run.is_given:  # It asks for the next event: it has answered the one that there was.
            run.is_over.set()
            return
        run.is_given = True
        deadline = str(round(time.time() * 1000) + 29_000)
        self._answer(
            200,
            run.event,
            {
                "Lambda-Runtime-Aws-Request-Id": "00000000-0000-0000-0000-000000000000",
                "Lambda-Runtime-Deadline-Ms": deadline,
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:f",
            },
        )

    def do_POST(self) -> None:
        run = self.server.run
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            run.last = run.sample()
            if not self.path.endswith("/response"):
                run.failure = body.decode()
            self._answer(202, {"status": "OK"})
            return
        run.first = run.first or run.sample()
        run.calls.append(target.rpartition(".")[2])
        self._answer(200, ANSWERS.get(run.calls[-1], {}))

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
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

    @property
    def address(self) -> str:
        return f"{HOST}:{self.server_address[1]}"


@contextmanager
def serving() -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server((HOST, 0), _Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def start(code: Path, function: Function, server: Server) -> Run:
    """Start *function* from the unpacked zip in *code*, let it answer its event, and end it."""
    run = server.run = Run(function.event)
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
        is_over = run.is_over.wait(PATIENCE)
        process.kill()
        process.wait()
        if not is_over or run.failure:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{function.name} did not answer: {run.failure} {said}")
    return run


@contextmanager
def unpacked() -> Iterator[Path]:
    """Unpack the package as it is now, with the floor beside it; the first runs compile that."""
    with tempfile.TemporaryDirectory(prefix="hallpass-cold-") as directory:
        code = Path(directory)
        with zipfile.ZipFile(package.build().archive) as archive:
            archive.extractall(code)
        (code / "floor").mkdir()
        (code / "floor" / "floor.py").write_text(FLOOR.read_text())
        yield code


@dataclass(frozen=True, slots=True)
class Row:
    """One function's medians, and the medians of its ratios to the floor's run before it."""

    name: str
    first: Sample
    ratio: Sample
    whole: Sample
    whole_ratio: Sample
    calls: tuple[str, ...]


def measure(runs: int = RUNS, functions: tuple[Function, ...] = FUNCTIONS) -> list[Row]:
    """Return the floor's row and each function's."""
    everything = (FLOOR_FUNCTION, *functions)
    with unpacked() as code, serving() as server:
        for function in everything:  # Not counted: these fill the system's caches.
            start(code, function, server)
        turns = [[start(code, function, server) for function in everything] for _ in range(runs)]
    rows = []
    for number, function in enumerate(everything):
        pairs = [(turn[number], turn[0]) for turn in turns]
        firsts = [(_taken(run.first), _taken(floor.first)) for run, floor in pairs]
        lasts = [(_taken(run.last), _taken(floor.last)) for run, floor in pairs]
        rows.append(
            Row(
                function.name,
                _median([sample for sample, _ in firsts]),
                _median([_ratio(*pair) for pair in firsts]),
                _median([sample for sample, _ in lasts]),
                _median([_ratio(*pair) for pair in lasts]),
                tuple(pairs[0][0].calls),
            )
        )
    return rows


def _taken(sample: Sample | None) -> Sample:
    if sample is None:
        raise RuntimeError("A function answered without a request to DynamoDB.")
    return sample


def _ratio(ours: Sample, floor: Sample) -> Sample:
    return Sample(ours.cpu / floor.cpu, ours.wall / floor.wall, ours.memory / floor.memory)


def _median(samples: list[Sample]) -> Sample:
    median = statistics.median
    return Sample(
        median(sample.cpu for sample in samples),
        median(sample.wall for sample in samples),
        median(sample.memory for sample in samples),
    )


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    head = (
        "| first request of | CPU ms | × floor | wall ms | × floor | MiB | × floor"
        " | CPU of the whole request | × floor | DynamoDB calls |"
    )
    lines = [head, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for row in rows:
        first, ratio, whole = row.first, row.ratio, row.whole
        lines.append(
            f"| {row.name} | {first.cpu:.0f} | {ratio.cpu:.2f} | {first.wall:.0f} |"
            f" {ratio.wall:.2f} | {first.memory:.0f} | {ratio.memory:.2f} |"
            f" {whole.cpu:.0f} | {row.whole_ratio.cpu:.2f} | {len(row.calls)} |"
        )
    return lines


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    print("\n".join(table(measure(runs))))


if __name__ == "__main__":
    main()
