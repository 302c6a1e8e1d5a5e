"""`make run`: everything on this machine, until Ctrl-C.

It starts the real stack (infra/local/stack.py) and a real WordPress, prints
their addresses, and writes them to `.local/run.json`. All data is new at each
start. Ctrl-C ends every server; after a crash, the next start ends what the
crash left running. Every server listens on 127.0.0.1 only.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import requests
from botocore.exceptions import BotoCoreError, ClientError

from infra import package
from infra.cloudformation import DeployError
from infra.local.one_sweep import StackFailedError
from infra.local.ports import MAX_PORT, bypass_proxies, is_free, wait_until
from infra.local.processes import Processes, ServerFailedError, end_leftovers
from infra.local.stack import Stack
from infra.local.wordpress import WordPress, WordPressFailedError, newest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

LOCAL = package.ROOT / ".local"
RUN_FILE = LOCAL / "run.json"
LEDGER = LOCAL / "pids.json"
DEFAULT_PORTS = {"PORT": 8000, "WORDPRESS_PORT": 8081, "AWS_PORT": 4599}
ACCOUNT = "developer@example.com"
FAILURES = (
    package.PackageError,
    DeployError,
    ServerFailedError,
    StackFailedError,
    WordPressFailedError,
    BotoCoreError,
    ClientError,
    OSError,  # requests' errors are some, too
)


class CannotRunError(Exception):
    """The run cannot start; the message says why."""


def main() -> None:
    """Run until Ctrl-C, SIGTERM, or the end of whoever started this."""
    # Also where SIGINT came ignored, as a shell script leaves it to what it starts with `&`.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):  # SIGHUP: the terminal was closed.
        signal.signal(ending, signal.default_int_handler)
    bypass_proxies()
    LOCAL.mkdir(exist_ok=True)
    try:
        with ExitStack() as run:
            run.enter_context(_only_one_run())
            processes = Processes(LEDGER)
            _start(run, processes)
            _watch(processes)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running.", flush=True)
    except CannotRunError as error:
        sys.exit(f"\nNot started: {error}")
    except FAILURES as error:
        sys.exit(f"\nNot started: {error}\nThe logs are in {LOCAL / 'logs'}.")


def _start(run: ExitStack, processes: Processes) -> None:
    started = time.monotonic()

    def show(step: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {step}", flush=True)

    RUN_FILE.unlink(missing_ok=True)
    for name in end_leftovers(LEDGER):
        show(f"Ended {name}, which an earlier run had left behind")
    logs = LOCAL / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    taken: set[int] = set()
    port, wordpress_port, aws_port = (_port(name, taken, show) for name in DEFAULT_PORTS)
    show("Packaging the Chalice app (a changed app takes about ten seconds)")
    built = package.build()
    show(f"Packaged: {built.archive.stat().st_size / 1e6:.1f} MB, {built.sha256[:12]}")
    site = WordPress(
        newest(show),
        port=wordpress_port,
        password=secrets.token_urlsafe(12),
        workers=4,
        directory=LOCAL / "wordpress",
        processes=processes,
    )
    stack = Stack(
        allowed_sites=(f"http://127.0.0.1:{wordpress_port}",),
        port=port,
        aws_port=aws_port,
        directory=logs,
        processes=processes,
    )
    # Registered before anything starts, so that Ctrl-C in the middle ends what has started.
    run.push(stack)
    stack.start_aws()
    show(f"MiniStack, the AWS emulator, is up: {stack.aws['endpoint_url']}")
    stack.deploy()
    show("Deployed the template and the zip, and uploaded the pages")
    stack.start_front_door()
    show(f"The front door is open: {stack.app_url}")
    requests.get(f"{stack.app_url}/api/health", timeout=60).raise_for_status()
    show("The API answers")
    run.enter_context(site)
    show(f"WordPress {site.version} is up: {site.url}")
    addresses = {
        "app": stack.app_url,
        "mail": stack.mail_url,
        "events": stack.events_url,
        "wordpress": {
            "url": site.url,
            "version": site.version,
            "user": site.user,
            "password": site.password,
            "application_password": site.app_password,
        },
        "aws": stack.aws,
        "onetimesecret": stack.add_account(ACCOUNT),
    }
    unfinished = RUN_FILE.with_suffix(".tmp")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(addresses, indent=2) + "\n")
    unfinished.replace(RUN_FILE)
    # Registered last, so it runs first: the file is deleted before the servers end.
    run.callback(RUN_FILE.unlink, missing_ok=True)
    print(
        f"""
  Support form   {stack.app_url}/
  Mailbox        {stack.mail_url}
  Events         {stack.events_url}
  WordPress      {site.url}/wp-admin/   user {site.user}, password {site.password}
  AWS            {stack.aws["endpoint_url"]}   keys in .local/run.json

  `make sweep` runs a sweep now; one runs every minute anyway. Ctrl-C ends everything.
""",
        flush=True,
    )


def _watch(processes: Processes) -> None:
    parent = os.getppid()
    while not processes.ended():
        time.sleep(0.2)
        if os.getppid() != parent:  # `make` was killed, and Ctrl-C reaches us no longer.
            raise KeyboardInterrupt
    raise CannotRunError(f"{processes.ended()[0]} ended by itself. See {LOCAL / 'logs'}.")


def _only_one_run() -> IO[str]:
    """Return the lock of this clone; wait for a run that is just ending to release it."""
    lock = (LOCAL / "lock").open("w")

    def locked() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    if not wait_until(locked, seconds=10):
        where = (
            f" It answers at {json.loads(RUN_FILE.read_text())['app']}."
            if RUN_FILE.exists()
            else ""
        )
        raise CannotRunError(f"Hallpass already runs from this directory.{where}")
    return lock


def _port(name: str, taken: set[int], progress: Callable[[str], None]) -> int:
    """Return the port that *name* chooses, or the next free one, and add it to *taken*."""
    chosen = os.environ.get(name)
    port = int(chosen) if chosen and chosen.isdigit() else DEFAULT_PORTS[name]
    if chosen:
        is_port = chosen.isdigit() and 0 < port <= MAX_PORT
        if not is_port or port in taken or not is_free(port):
            raise CannotRunError(f"{name}={chosen} is taken, or is no port. Choose another one.")
    while port in taken or not is_free(port):
        port += 1
    if not chosen and port != DEFAULT_PORTS[name]:
        progress(
            f"Port {DEFAULT_PORTS[name]} is taken by another program; using {port} ({name} chooses)"
        )
    taken.add(port)
    return port


if __name__ == "__main__":
    main()
