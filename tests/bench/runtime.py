"""
The real zip under Lambda's own runtime client, with what it calls on loopback.

`Server` answers for Lambda's Runtime API and for AWS (`aws`). `start` makes a fresh process of a
function, hands it its events, over and over if asked, and samples what the kernel has counted for
the process (`sample`): at its first call of AWS and after each answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awslambdaric

from infra import package
from tests.bench.aws import Aws, AwsHandler
from tests.bench.events import Event
from tests.bench.routes import Function
from tests.bench.sample import Sample
from tests.bench.slow_sites import SlowSites

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


@dataclass
class Run:
    """
    One process.

    `first` was taken at the first call of AWS. Of each request there is one entry in `answered`,
    taken after the answer; in `calls`, the calls of AWS; in `visits`, the requests to sites. The
    answers to events other than requests have no status.
    """

    function: Function
    times: int
    process: int = 0
    started: float = 0.0
    calls: list[int] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)
    first: Sample | None = None
    answered: list[Sample] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failure: str = ""
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def is_as_expected(self) -> bool:
        """Whether it has answered all that there was, as `Function.status` says."""
        is_complete = not self.failure and len(self.answered) == self.times
        return is_complete and all(each == self.function.status for each in self.statuses)

    def sample(self) -> Sample:
        return Sample.of(self.process, self.started)


class _Lambda(AwsHandler):
    """Lambda's Runtime API, and the AWS that functions call."""

    server: Server

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        run, given = self.server.run, len(self.server.run.calls)
        if given == run.times or run.failure:
            run.is_over.set()  # It has answered all that there was.
            return
        self.server.reset()
        run.calls.append(0)
        run.visits.append(-self.server.sites.requests)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "00000000-0000-0000-0000-000000000000",
            "Lambda-Runtime-Deadline-Ms": str(round(time.time() * 1000) + 29_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:f",
        }
        self.write(200, self.server.event(given), headers)

    def answer_to(self, operation: str, body: Any) -> None:  # noqa: ANN401 - as there
        run = self.server.run
        if operation:
            run.first = run.first or run.sample()
            run.calls[-1] += 1
            super().answer_to(operation, body)
            return
        run.answered.append(run.sample())
        run.visits[-1] += self.server.sites.requests
        if not self.path.endswith("/response"):
            run.failure = json.dumps(body)
        elif body is not None:
            run.statuses.append(body["statusCode"])
        self.write(202, {"status": "OK"})


class Server(Aws):
    """Serves one run at a time on loopback."""

    run: Run

    def __init__(self, sites: SlowSites) -> None:
        super().__init__(sites, _Lambda)

    def event(self, number: int) -> Event:
        """Return the event of that number, from 0, of this run."""
        events = self.run.function.events
        return self.sent(events[number % len(events)])


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
        RuntimeError: It failed, or answered with another status than it is to; the message has its
            log's end.
    """
    run = server.run = Run(function, times)
    boot = START.format(
        code=str(code),
        floor=str(code / "floor"),
        client=str(RUNTIME_CLIENT),
        handler=function.handler,
    )
    environment = server.environment | {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(code),
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
        if not is_over or not run.is_as_expected:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{function.name}: {run.statuses[-1:]} {run.failure} {said}")
    return run
