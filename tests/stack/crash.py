"""
A process of Hallpass that really dies, at a chosen call to the outside.

A forked child runs the real adapters against the emulated AWS and the real WordPress, counts every
HTTP request to a site and every request to AWS, and at the chosen one is gone (`os._exit`): no
`finally`, no flush, as when Lambda kills it. Dying after one call is dying before the next, since
nothing outside happens in between; so `count + 1` deaths cover both sides of every call.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.client

from chalicelib import wiring
from chalicelib.outbound.client import Outbound
from infra.local.stack import Stack

DIED, DONE, FAILED = 9, 0, 1
Job = Callable[[wiring.Hallpass, int], object]


def parts_of(stack: Stack) -> wiring.Hallpass:
    """
    Wire Hallpass exactly as the Lambda does, from the deployed function's own environment.

    The parent wires once and calls nothing, so each child begins without open connections. It makes
    all clients, which would cost each child as much time as its calls.
    """
    functions = stack.client("lambda")
    # Both functions get the same environment (`Globals` of the template).
    deployed = functions.get_function_configuration(FunctionName=stack.outputs["SweepName"])
    os.environ |= deployed["Environment"]["Variables"]
    os.environ |= {
        "AWS_ENDPOINT_URL": stack.aws["endpoint_url"],
        "AWS_DEFAULT_REGION": stack.aws["region"],
        "AWS_ACCESS_KEY_ID": stack.aws["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack.aws["secret_access_key"],
    }
    wiring.hallpass.cache_clear()
    boto3.setup_default_session()
    parts = wiring.hallpass()
    ports: Any = parts.ports
    for port in (ports.sealer, ports.outbox, ports.due_queue):
        assert port._client.meta
    return parts


def run(
    parts: wiring.Hallpass, job: Job, now: int, *, die_after: int | None = None
) -> tuple[int, list[str]]:
    """
    Run *job* in a process of its own; return how it ended and the calls it made.

    With *die_after* the process is gone as soon as that many calls have been made.
    """
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "calls"
        trace.touch()
        child = os.fork()
        if child == 0:
            _live_and_die(parts, job, now, trace, die_after)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), trace.read_text().splitlines()


def _live_and_die(
    parts: wiring.Hallpass, job: Job, now: int, trace: Path, die_after: int | None
) -> None:
    """Never returns: the child ends here, whatever happens."""
    code = FAILED
    try:
        _count(trace, die_after)
        job(parts, now)
        code = DONE
    except BaseException as error:  # noqa: BLE001 - the child must not run the parent's tests
        trace.write_text(f"{trace.read_text()}failed: {type(error).__name__}: {error}\n")
    finally:
        os._exit(code)


def _count(trace: Path, die_after: int | None) -> None:
    """Count every call to the outside from here on, and die when there have been enough."""
    made, lock = 0, threading.Lock()
    if die_after == 0:
        os._exit(DIED)

    def counted(name: str) -> None:
        nonlocal made
        with lock:  # Some calls to a site overlap.
            made += 1
            with trace.open("a") as file:
                file.write(f"{name}\n")
            if made == die_after:
                os._exit(DIED)

    call_site: Any = Outbound.call
    client: Any = botocore.client.BaseClient
    call_aws: Any = client._make_api_call

    def site(self: Outbound, method: str, url: str, **more: Any) -> Any:  # noqa: ANN401
        try:
            return call_site(self, method, url, **more)
        finally:
            counted(f"site {method}")

    def aws(self: Any, operation: str, request: Any) -> Any:  # noqa: ANN401
        try:
            return call_aws(self, operation, request)
        finally:
            counted(f"aws {operation}")

    Outbound.call = site  # type: ignore[method-assign]
    client._make_api_call = aws
