"""
Store a secret and open it, eight at once: Hallpass beside SnapPass and PrivateBin.

    python -m tests.bench.peers

All on loopback, one process at work for each, as many requests to each. SnapPass (of PyPI) runs
under gunicorn with Redis, PrivateBin (of its repository) under PHP's own server with files. Our
handler runs over a store in memory, over the emulated DynamoDB, and deployed to the emulated AWS,
where the front door, the emulated gateway and functions take part. SnapPass seals on its server;
PrivateBin and Hallpass seal in the browser, which is not measured.

It needs `redis-server` (Debian: apt install redis-server), PHP, Git and a network, and is no part
of `make test`. PRIVATEBIN names another copy of its repository to clone.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.onetime.envelope import Link, encode
from infra import package
from infra.local.ports import HOST, free_port
from infra.local.processes import Processes
from infra.local.stack import Stack
from tests.bench.aws import ENVIRONMENT
from tests.page import token
from tests.stack.crash import parts_of

REQUESTS, AT_ONCE = 240, 8
PEERS = package.BUILD / "peers"
SNAPPASS = ("snappass==1.6.2", "gunicorn==23.0.0", "setuptools<81")  # It wants distutils.
PRIVATEBIN, PRIVATEBIN_TAG = "https://github.com/PrivateBin/PrivateBin", "2.0.6"
PRIVATEBIN_SETTINGS = """[main]
name = "PrivateBin"
[traffic]
limit = 0
[purge]
limit = 0
[model]
class = Filesystem
[model_options]
dir = {directory}
"""
SECRET = "correct horse battery staple"

Send = Callable[[str, str, str, dict[str, str]], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Row:
    """Requests a second, and the milliseconds that half and 95 in 100 of them took at most."""

    name: str
    does: str
    per_second: float
    median: float
    slow: float


@dataclass(frozen=True, slots=True)
class Server:
    """What listens on *port*; `store` returns what `open` needs, `open` what the server kept."""

    name: str
    port: int
    store: Callable[[Send], Any]
    open: Callable[[Send, Any], bytes]


def main() -> None:
    """Print the table."""
    if lacking := [each for each in ("redis-server", "php", "git") if shutil.which(each) is None]:
        sys.exit(f"This needs {', '.join(lacking)}: apt install redis-server php-cli git")
    PEERS.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for started in (_snappass, _privatebin, _in_memory, _over_aws, _deployed):
        with started() as server:
            rows += _measure(server)
    print("| server | does | a second | median | 95 in 100 |\n|---|---|--:|--:|--:|")
    for row in rows:
        print(
            f"| {row.name} | {row.does} | {row.per_second:.0f} | {row.median:.1f} ms"
            f" | {row.slow:.1f} ms |"
        )


def _measure(server: Server) -> Iterator[Row]:
    _at_once(server.port, server.store, [()] * AT_ONCE)  # Not counted: each worker's first work.
    kept, row = _timed(server, "stores", server.store, [()] * REQUESTS)
    yield row
    found, row = _timed(server, "opens", server.open, [(each,) for each in kept])
    yield row
    if not all(found):
        raise RuntimeError(f"{server.name} lost a secret.")


def _timed(
    server: Server, does: str, call: Callable[..., Any], arguments: list[tuple[Any, ...]]
) -> tuple[list[Any], Row]:
    begun = time.perf_counter()
    done = _at_once(server.port, call, arguments)
    elapsed = time.perf_counter() - begun
    taken = sorted(seconds * 1000 for _, seconds in done)
    slow = taken[int(0.95 * len(taken))]
    row = Row(server.name, does, len(done) / elapsed, statistics.median(taken), slow)
    return [result for result, _ in done], row


def _at_once(
    port: int, call: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
) -> list[tuple[Any, float]]:
    """Make the calls over `AT_ONCE` connections; return each result and its seconds."""
    waiting: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    for each in arguments:
        waiting.put(each)
    done: list[tuple[Any, float]] = []
    failed: list[Exception] = []

    def work() -> None:
        connection = http.client.HTTPConnection(HOST, port, timeout=60)

        def send(method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        try:
            while True:
                values = waiting.get_nowait()
                begun = time.perf_counter()
                result = call(send, *values)
                done.append((result, time.perf_counter() - begun))
        except queue.Empty:
            pass
        except Exception as error:  # noqa: BLE001 - raised again below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return done


def _good(answer: tuple[int, bytes]) -> bytes:
    status, body = answer
    if status >= http.client.BAD_REQUEST:
        raise RuntimeError(f"{status}: {body[:300]!r}")
    return body


@contextmanager
def _running(
    name: str, command: list[str], port: int, env: dict[str, str], cwd: Path
) -> Iterator[None]:
    processes = Processes()
    log = PEERS / f"{name}.log"
    server = processes.start(name, command, port=port, log=log, env={**os.environ, **env}, cwd=cwd)
    try:
        yield
    finally:
        processes.end(server)


@contextmanager
def _snappass() -> Iterator[Server]:
    python = PEERS / "snappass" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS / "snappass"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *SNAPPASS], check=True)
    redis, port = free_port(), free_port()
    store = ["redis-server", "--bind", HOST, "--port", f"{redis}", "--save", "", "--dir", "."]
    serve = [f"{python}", "-m", "gunicorn", "--bind", f"{HOST}:{port}", "snappass.main:app"]
    env = {"REDIS_URL": f"redis://{HOST}:{redis}/0", "NO_SSL": "True"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

    def create(send: Send) -> str:
        body = urlencode({"password": SECRET, "ttl": "hour"})
        link: str = json.loads(_good(send("POST", "/", body, form)))["link"]
        return urlsplit(link).path

    def open_(send: Send, path: str) -> bytes:
        shown = _good(send("POST", path, "", {"Content-Length": "0"}))
        return shown if SECRET.encode() in shown else b""

    with (
        _running("redis", store, redis, {}, PEERS),
        _running("snappass", serve, port, env, PEERS),
    ):
        yield Server("SnapPass, Redis", port, create, open_)


@contextmanager
def _privatebin() -> Iterator[Server]:
    code, kept, port = PEERS / "privatebin", PEERS / "privatebin-data", free_port()
    if not code.exists():
        origin = os.environ.get("PRIVATEBIN", PRIVATEBIN)
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", PRIVATEBIN_TAG]
        subprocess.run([*clone, origin, code], check=True)
    shutil.rmtree(kept, ignore_errors=True)
    (code / "cfg" / "conf.php").write_text(PRIVATEBIN_SETTINGS.format(directory=kept))
    headers = {"Content-Type": "application/json", "X-Requested-With": "JSONHttpRequest"}

    def create(send: Send) -> str:
        iv, salt = (base64.b64encode(os.urandom(size)).decode() for size in (16, 8))
        seal = [iv, salt, 100_000, 256, 128, "aes", "gcm", "zlib"]
        paste = {
            "v": 2,
            "adata": [seal, "plaintext", 0, 1],
            "ct": base64.b64encode(os.urandom(48)).decode(),
            "meta": {"expire": "1hour"},
        }
        made = json.loads(_good(send("POST", "/", json.dumps(paste), headers)))
        if made["status"] != 0:
            raise RuntimeError(made["message"])
        return f"/?{made['id']}"

    def open_(send: Send, path: str) -> bytes:
        shown: dict[str, str] = json.loads(_good(send("GET", path, "", headers)))
        return shown.get("ct", "").encode()

    serve = ["php", "-S", f"{HOST}:{port}", "-t", f"{code}"]
    with _running("privatebin", serve, port, {}, code):
        yield Server("PrivateBin, files", port, create, open_)


@contextmanager
def _in_memory() -> Iterator[Server]:
    port = free_port()
    with _served(port, [], {}):
        yield Server("Hallpass, in memory", port, _create(""), _open(""))


@contextmanager
def _over_aws() -> Iterator[Server]:
    port = free_port()
    with Stack(front_door=False) as stack:
        parts_of(stack)  # Puts what the functions read into the environment.
        with _served(port, ["aws"], {name: os.environ[name] for name in os.environ}):
            yield Server("Hallpass, emulated DynamoDB", port, _create(""), _open(""))


@contextmanager
def _deployed() -> Iterator[Server]:
    with Stack() as stack:
        yield Server("Hallpass, emulated AWS", stack.port, _create("/api"), _open("/api"))


@contextmanager
def _served(port: int, over: list[str], env: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.served", f"{port}", *over]
    with _running("hallpass", command, port, ENVIRONMENT | env, package.ROOT):
        yield


def _create(prefix: str) -> Callable[[Send], Link]:
    def create(send: Send) -> Link:
        link = Link.derive(os.urandom(32), None)
        body = {
            "id": link.id,
            "ciphertext": encode(link.seal(SECRET, os.urandom(12))),
            "access_sha256": link.access_sha256,
            "passphrase": False,
            "lifetime_seconds": 3600,
        }
        headers = {"Content-Type": "application/json"}
        _good(send("POST", f"{prefix}/secrets", json.dumps(body), headers))
        return link

    return create


def _open(prefix: str) -> Callable[[Send, Link], bytes]:
    def open_(send: Send, link: Link) -> bytes:
        body = json.dumps({"access": link.access, "claim": token()})
        headers = {"Content-Type": "application/json"}
        return _good(send("POST", f"{prefix}/secrets/{link.id}/open", body, headers))

    return open_


if __name__ == "__main__":
    main()
