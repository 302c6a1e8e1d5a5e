"""The servers of the local run, each the leader of a process group of its own.

`Processes.end` ends the whole group: PHP's workers and the emulator's functions would
outlive the process that started them. With a ledger, `Processes` records every server as
soon as it runs, so that the next start can end what a crash left running
(`end_leftovers`): exactly those processes, recognised by group and command line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.ports import answers, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Server = subprocess.Popen[bytes]
MAX_START_SECONDS = 30  # Until a server accepts connections.
MAX_TERMINATION_SECONDS = 5  # After SIGTERM; then comes SIGKILL.


class ServerFailedError(Exception):
    """A server did not start; the message names it and holds the end of its log."""


class Processes:
    """Starts and ends servers; records those that run in *ledger*, a JSON file, if given."""

    def __init__(self, ledger: Path | None = None) -> None:
        self._ledger = ledger
        self.running: dict[str, Server] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> Server:
        """
        Start *command*, with its output in *log*, and wait until it listens on *port*.

        Raises:
            ServerFailedError: It ended, or did not listen in time. Nothing of it is left running.
        """
        with log.open("wb") as output:
            server = subprocess.Popen(
                command,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running[name] = server
        self._write()
        with ExitStack() as failed:  # On Ctrl-C as well: the caller has no server to end yet.
            failed.callback(self.end, server)
            settled = wait_until(
                lambda: server.poll() is not None or answers(port), seconds=MAX_START_SECONDS
            )
            if not settled or server.poll() is not None:
                said = log.read_text(errors="replace").strip()[-500:]
                raise ServerFailedError(f"{name} did not start: {said}")
            failed.pop_all()
        return server

    def end(self, server: Server) -> None:
        """End *server* with its whole group: SIGTERM first, then SIGKILL."""
        _signal(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=MAX_TERMINATION_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(server.pid, signal.SIGKILL)
            server.wait()
        # The leader has ended; the rest of its group may have ignored SIGTERM.
        _signal(server.pid, signal.SIGKILL)
        self.running = {name: s for name, s in self.running.items() if s is not server}
        self._write()

    def ended(self) -> list[str]:
        """Return the names of the servers that ended without `end`."""
        return [name for name, server in self.running.items() if server.poll() is not None]

    def _write(self) -> None:
        if self._ledger:
            entries = [
                {"name": name, "pid": server.pid, "command": _text(server.args)}
                for name, server in self.running.items()
            ]
            self._ledger.write_text(json.dumps(entries, indent=2) + "\n")


def end_leftovers(ledger: Path) -> list[str]:
    """End the servers in *ledger* that still run; return their names."""
    try:
        entries = json.loads(ledger.read_text())
    except (FileNotFoundError, ValueError):
        return []
    # The process id alone may belong to another program by now.
    ours = [e for e in entries if (e["pid"], e["command"]) in _running()]
    for entry in ours:
        _signal(entry["pid"], signal.SIGTERM)
        ended = partial(_has_ended, entry["pid"], entry["command"])
        if not wait_until(ended, seconds=MAX_TERMINATION_SECONDS):
            _signal(entry["pid"], signal.SIGKILL)
    ledger.unlink()
    return [entry["name"] for entry in ours]


def _has_ended(pid: int, command: str) -> bool:
    return (pid, command) not in _running()


def _running() -> set[tuple[int, str]]:
    """Return process group and command line of every process of this user."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(
            ["ps", "-A", "-o", "pgid=,command="], capture_output=True, text=True, check=True
        )
        rows = (line.strip().split(None, 1) for line in listing.stdout.splitlines())
        return {(int(row[0]), row[1]) for row in rows if len(row) == 2}  # noqa: PLR2004
    found: set[tuple[int, str]] = set()
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):  # The process ended meanwhile.
            words = (directory / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            # The fields after the name in parentheses: state, parent, group.
            group = (directory / "stat").read_text().rpartition(")")[2].split()[2]
            found.add((int(group), b" ".join(words).decode(errors="replace")))
    return found


def _text(command: object) -> str:
    return " ".join(map(str, command)) if isinstance(command, list | tuple) else str(command)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
