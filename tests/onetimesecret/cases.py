"""
Plays the cases of `cases.json`: each is a sequence of requests, with what is answered exactly.

A transport is a function from `Sent` to `Answer`, so the same cases run over the routes with fakes
(tests/unit) and over HTTP against the deployed zip (tests/stack).

A step may have `save` (name → field of the answer, which later steps use as ``{{name}}``) and
`wait` (seconds). An expected value is a literal, whose type counts too, or an object with one mark:
`$re`, `$int` [from, to], `$epoch` (seconds off now), `$len`, `$oneof`, `$any`, or `$match` with
`$optional` and `$open` for a nested object. `json` names all fields that there may be but those of
`optional`, which must equal the field that they double.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import requests

BOUNDARY = "----------------------------case"
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("cases.json").read_text())[
    "cases"
]


@dataclass(frozen=True, slots=True)
class Sent:
    """One request; `path` has its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


Transport = Callable[[Sent], Answer]


def over_http(base: str) -> Transport:
    """Return the transport to the server at *base*."""

    def send(sent: Sent) -> Answer:
        with requests.Session() as session:
            session.headers.clear()
            headers = {"Accept": "*/*", "User-Agent": "cases", **sent.headers}
            answer = session.request(
                sent.method, base + sent.path, headers=headers, data=sent.body or None, timeout=60
            )
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, lower, answer.content.decode())

    return send


def play(
    case: dict[str, Any],
    send: Transport,
    *,
    base: str,
    account: tuple[str, str],
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> None:
    """Play *case*; raise AssertionError where the answer differs."""
    player = _Player(send, account, clock, {"base": base, "user": account[0]})
    for number, step in enumerate(case["steps"], 1):
        wait(step.get("wait", 0))
        try:
            player.play(step)
        except AssertionError as error:
            raise AssertionError(f"{case['id']} step {number}: {error}") from None


@dataclass
class _Player:
    send: Transport
    account: tuple[str, str]
    clock: Callable[[], float]
    known: dict[str, str] = field(default_factory=dict)

    def play(self, step: dict[str, Any]) -> None:
        expected = self._filled(step["expect"])
        sent = _encoded(self._filled(step["request"]), self.account)
        if "race" in expected:
            with ThreadPoolExecutor(expected["race"]) as pool:
                answers = list(pool.map(self.send, [sent] * expected["race"]))
            won = [answer for answer in answers if answer.status == 200]
            assert len(won) == expected["winners"], f"{len(won)} won"
            return
        answer = self.send(sent)
        self._compare(expected, answer)
        for name, at in step.get("save", {}).items():
            self.known[name] = json.loads(answer.text)[at]

    def _filled(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return re.sub(r"\{\{(\w+)\}\}", lambda found: self.known[found[1]], value)
        if isinstance(value, dict):
            return {self._filled(name): self._filled(part) for name, part in value.items()}
        return [self._filled(part) for part in value] if isinstance(value, list) else value

    def _compare(self, expected: dict[str, Any], answer: Answer) -> None:
        if "status" in expected:
            self._same(expected["status"], answer.status, "status")
        for name, wanted in expected.get("headers", {}).items():
            self._same(wanted, answer.headers.get(name), f"header {name}")
        for name in expected.get("headers_absent", ()):
            assert name not in answer.headers, f"header {name} is there"
        for hidden in expected.get("text_absent", ()):
            assert hidden not in answer.text, "the answer shows what it must not"
        if not expected.keys() & {"json", "subset", "absent", "list_has"}:
            return
        body = json.loads(answer.text)
        if "json" in expected:
            self._object(expected["json"], body, expected.get("optional", {}), is_open=False)
        if "subset" in expected:
            self._object(expected["subset"], body, {}, is_open=True)
        for name in expected.get("absent", ()):
            assert name not in body, f"also has {name}"
        if "list_has" in expected:
            wanted = expected["list_has"].items()
            assert any(wanted <= entry.items() for entry in _flat(body)), "the list lacks it"

    def _same(self, wanted: Any, got: Any, at: str) -> None:  # noqa: ANN401 - any JSON
        if not isinstance(wanted, dict) or not any(name.startswith("$") for name in wanted):
            assert (type(wanted), wanted) == (type(got), got), f"{at} is {str(got)[:80]!r}"
            return
        if "$match" in wanted:
            is_open = wanted.get("$open", False)
            self._object(wanted["$match"], got, wanted.get("$optional", {}), is_open=is_open)
            return
        (mark, value), *_ = wanted.items()
        fits: dict[str, Callable[[], bool]] = {
            "$any": lambda: True,
            "$re": lambda: isinstance(got, str) and bool(re.search(value, got)),
            "$int": lambda: type(got) is int and value[0] <= got <= value[1],
            "$epoch": lambda: type(got) is int and abs(self.clock() - got) <= value,
            "$len": lambda: isinstance(got, str) and len(got) == value,
            "$oneof": lambda: got in value,
        }
        assert fits[mark](), f"{at} is {str(got)[:80]!r}, not {wanted}"

    def _object(
        self, wanted: dict[str, Any], got: object, doubles: dict[str, str], *, is_open: bool
    ) -> None:
        assert isinstance(got, dict), f"not an object: {str(got)[:80]!r}"
        assert wanted.keys() <= got.keys(), f"lacks {sorted(wanted.keys() - got.keys())}"
        surplus = got.keys() - wanted.keys() - doubles.keys()
        assert is_open or not surplus, f"also has {sorted(surplus)}"
        for name, value in wanted.items():
            self._same(value, got[name], name)
        for new, old in doubles.items():
            assert new not in got or got[new] == got.get(old, got), f"{new} is not {old}"


def _flat(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Return a list's objects without their lists, which have no hash."""
    assert isinstance(body, list), "not a list"
    return [{n: v for n, v in entry.items() if not isinstance(v, list)} for entry in body]


def _encoded(request: dict[str, Any], account: tuple[str, str]) -> Sent:
    """Return *request* as bytes, as its client encodes it."""
    encoding, body = request["encoding"], request.get("body") or {}
    query = dict(request.get("query", {}))
    types = {
        "form": "application/x-www-form-urlencoded",
        "mistyped": "text/html; charset=utf-8",
        "json": "application/json",
        "multipart": f"multipart/form-data; boundary={BOUNDARY}",
    }
    headers = {"Content-Type": types[encoding]} if encoding in types else {}
    if request.get("auth"):
        pair = account if request["auth"] == "account" else tuple(request["auth"])
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(pair).encode()).decode()
    content = ""
    if encoding == "query":
        query |= body
    elif encoding == "json":
        content = json.dumps(body, ensure_ascii=False)
    elif encoding == "multipart":
        content = _multipart(body)
    elif encoding == "raw":
        content = str(body)
    elif encoding != "none":
        content = urlencode(body)
    path = quote(request["path"], safe="/") + (f"?{urlencode(query)}" if query else "")
    return Sent(
        request["method"], path, {**headers, **request.get("headers", {})}, content.encode()
    )


def _multipart(fields: dict[str, str]) -> str:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "".join([*parts, f"--{BOUNDARY}--\r\n"])
