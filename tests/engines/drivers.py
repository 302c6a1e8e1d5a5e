"""Two engines besides Chromium, driven by what they speak themselves.

Firefox speaks WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) on a WebSocket, WebKitGTK
classic WebDriver (https://www.w3.org/TR/webdriver2/) over HTTP. Both are Debian's own builds, which
Playwright cannot drive.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol, Self

import aiohttp
import requests

from infra.local.ports import HOST, answers, free_port, wait_until

PATIENCE = 60.0  # Seconds; the emulated Lambda starts cold.
MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


class Engine(Protocol):
    """A browser with one tab."""

    name: str

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def goto(self, url: str) -> None: ...
    def run(self, expression: str) -> Any: ...  # noqa: ANN401  Whatever JSON holds.


class Program:
    """One program in a process group of its own, ended with everything that it started."""

    def __init__(self, command: list[str], port: int, **environment: str) -> None:
        self._process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if not wait_until(lambda: answers(port), seconds=30):
            self.end()
            raise TimeoutError(command[0])

    def end(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)


class Firefox:
    """Firefox, by BiDi."""

    name = "Firefox"

    def __enter__(self) -> Self:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        port = free_port()
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", self._profile.name]
        self._program = Program([*command, "--remote-debugging-port", str(port)], port)
        self._ids = itertools.count(1)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._connect(f"ws://{HOST}:{port}/session"))
        self._call("session.new", {"capabilities": {}})
        self._tab = self._call("browsingContext.getTree", {})["contexts"][0]["context"]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._client.close())
        self._loop.close()
        self._program.end()
        self._profile.cleanup()

    def goto(self, url: str) -> None:
        self._call("browsingContext.navigate", {"context": self._tab, "url": url, "wait": "none"})

    def run(self, expression: str) -> Any:  # noqa: ANN401
        """Return what *expression* is on the page."""
        answer = self._call(
            "script.evaluate",
            {
                "expression": f"JSON.stringify({expression}) ?? 'null'",
                "target": {"context": self._tab},
                "awaitPromise": False,
            },
        )
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def _connect(self, url: str) -> None:
        self._client = aiohttp.ClientSession()
        self._socket = await self._client.ws_connect(url, max_msg_size=0)

    def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._loop.run_until_complete(self._ask(method, parameters))

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            answer = await asyncio.wait_for(self._socket.receive_json(), PATIENCE)
            if answer.get("id") != number:
                continue  # An event.
            if answer["type"] == "error":
                raise RuntimeError(f"{method}: {answer['error']} {answer['message']}")
            result: dict[str, Any] = answer["result"]
            return result


class WebKit:
    """WebKitGTK, by WebDriver, on a display of its own."""

    name = "WebKit"

    def __enter__(self) -> Self:
        port = free_port()
        command = ["xvfb-run", "-a", "WebKitWebDriver", f"--port={port}"]
        self._program = Program(command, port, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1")
        self._url = f"http://{HOST}:{port}/session"
        binary = str(next(Path("/").glob(MINI_BROWSERS[1:])))
        options = {"webkitgtk:browserOptions": {"binary": binary, "args": ["--automation"]}}
        self._url += "/" + self._call("", capabilities={"alwaysMatch": options})["sessionId"]
        return self

    def __exit__(self, *_: object) -> None:
        requests.delete(self._url, timeout=PATIENCE)
        self._program.end()

    def goto(self, url: str) -> None:
        self._call("/url", url=url)

    def run(self, expression: str) -> Any:  # noqa: ANN401
        """Return what *expression* is on the page."""
        said = self._call("/execute/sync", script=f"return JSON.stringify({expression})", args=[])
        return None if said is None else json.loads(said)

    def _call(self, path: str, **parameters: object) -> Any:  # noqa: ANN401
        answer = requests.post(self._url + path, json=parameters, timeout=PATIENCE)
        value = answer.json()["value"]
        if not answer.ok:
            raise RuntimeError(f"{path}: {value['error']} {value['message']}")
        return value


def wait(engine: Engine, expression: str) -> Any:  # noqa: ANN401
    """Wait until *expression* is true on the page, over loads of other pages; return it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if found := engine.run(expression):
                return found
        except RuntimeError:
            pass  # Between two pages there is none to ask.
        time.sleep(0.2)
    raise TimeoutError(f"{engine.name}: {expression} on {engine.run('document.body.innerText')}")
