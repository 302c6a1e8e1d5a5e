"""
Many WordPress sites on one loopback address, each below its own path, that take time to answer.

What they answer is as much of WordPress as a set-up and an ending ask for, as measured there
(`chalicelib.wordpress`). A thread waits for each request, as a PHP process does, and the processor
of this machine is left to what is measured.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from chalicelib.grants.snapshot import CAPABILITIES
from infra.local.ports import HOST

OWNER = "admin"
REGISTERED = "2026-01-01T00:00:00"
RIGHTS = dict.fromkeys(
    [
        *CAPABILITIES,
        *("list_users", "create_users", "edit_users", "promote_users", "delete_users"),
    ],
    True,
)


class Request(NamedTuple):
    """A request below ``wp-json/``; `pair` is the name and the password that came with it."""

    method: str
    route: str
    query: dict[str, str]
    pair: tuple[str, str]
    body: Any


class Answer(NamedTuple):
    """A status, what is answered as JSON, and a header more."""

    status: int
    data: object
    link: str = ""


@dataclass
class SlowSite:
    """
    One site: its users by id, and its application passwords by the pair that is sent.

    `asked` counts the requests that a key came with by what they were, `ended_at` is when the last
    support user was deleted.
    """

    url: str
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    ended_at: float | None = None

    def __post_init__(self) -> None:
        self.add_user(OWNER, f"{OWNER}@blog.example")

    def add_user(self, username: str, email: str) -> dict[str, Any]:
        row = {
            "id": len(self.users) + 1,
            "username": username,
            "email": email,
            "name": username,
            "roles": ["administrator"],
            "capabilities": RIGHTS,
            "registered_date": REGISTERED,
        }
        self.users[len(self.users) + 1] = row
        return row

    def add_key(self, user_id: int, password: str = "") -> dict[str, Any]:
        """Give the user a new application password, as its owner or a key does."""
        key, password = str(uuid.uuid4()), password or uuid.uuid4().hex[:24]
        self.keys[self.users[user_id]["username"], password] = (key, user_id)
        return {"uuid": key, "password": password, "name": "key", "created": REGISTERED}

    def answer(self, request: Request) -> Answer:
        """Answer a request below ``wp-json/``."""
        if request.route == "":
            return Answer(200, self._index())
        key, user_id = self.keys.get(request.pair, ("", 0))
        first, _, rest = request.route.removeprefix("wp/v2/").partition("/")
        who, _, below = rest.partition("/")
        meant = user_id if who == "me" else int(who or 0)
        if not user_id:
            is_missing = who not in {"", "me"} and meant not in self.users
            code = "rest_user_invalid_id" if is_missing else "rest_user_cannot_view"
            return _error(404 if is_missing else 401, code)
        if first == "settings":
            return Answer(200, {"email": self.users[1]["email"]})
        if first != "users":
            return Answer(200, [])  # Neither plugins nor themes.
        if below.endswith("introspect"):
            return Answer(200, {"uuid": key})
        return self._keys(request, meant) if below else self._users(request, who, meant)

    def _users(self, request: Request, who: str, meant: int) -> Answer:
        if request.method == "POST" and not who:
            return Answer(201, self.add_user(request.body["username"], request.body["email"]))
        if request.method == "DELETE":
            return self._delete(request.query, meant)
        if who == "me":
            self.asked["whose key"] += 1
        return Answer(200, self.users.get(meant) if who else list(self.users.values()))

    def _keys(self, request: Request, meant: int) -> Answer:
        if request.method == "POST":
            return Answer(201, self.add_key(meant))
        if request.method == "DELETE":
            key = request.route.rpartition("/")[2]
            self.keys = {pair: each for pair, each in self.keys.items() if each[0] != key}
            return Answer(200, {"deleted": True, "previous": {"uuid": key}})
        rows = [{"uuid": each, "name": "key"} for each, of in self.keys.values() if of == meant]
        return Answer(200, rows)

    def _delete(self, query: dict[str, str], meant: int) -> Answer:
        if query.get("force") != "true":
            return _error(501, "rest_trash_not_supported")
        self.asked["delete"] += 1
        self.ended_at = time.monotonic()
        gone = self.users.pop(meant)
        self.keys = {pair: each for pair, each in self.keys.items() if each[1] != meant}
        return Answer(200, {"deleted": True, "previous": gone})

    def _index(self) -> dict[str, object]:
        page = f"{self.url}/wp-admin/authorize-application.php"
        return {
            "name": "A blog",
            "url": self.url,
            "home": self.url,
            "namespaces": ["wp/v2"],
            "authentication": {"application-passwords": {"endpoints": {"authorization": page}}},
        }


def _error(status: int, code: str) -> Answer:
    return Answer(status, {"code": code, "message": "", "data": {"status": status}})


class SlowSites(ThreadingHTTPServer):
    """
    So many sites. Each answer takes `seconds`.

    `at_once` is the most requests that ever waited together.
    """

    daemon_threads = True
    request_queue_size = 128
    seconds = 0.0

    def __init__(self, count: int) -> None:
        super().__init__((HOST, 0), _Handler)
        self.origin = f"http://{HOST}:{self.server_address[1]}"
        self.sites = {f"s{n}": SlowSite(f"{self.origin}/s{n}") for n in range(count)}
        self.lock = threading.Lock()
        self.waiting = self.at_once = self.requests = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SlowSites

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        address = urlsplit(self.path)
        name, _, path = address.path.strip("/").partition("/")
        site = self.server.sites[name]
        with self._waited():
            if path.startswith("wp-json"):
                route = path.removeprefix("wp-json").strip("/")
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                body = json.loads(sent or b"null")
                with self.server.lock:
                    answer = site.answer(Request(self.command, route, query, self._pair(), body))
            elif path == "":
                link = f'<{site.url}/wp-json/>; rel="https://api.w.org/"'
                answer = Answer(200, "A blog", link)
            else:
                answer = Answer(404, "")  # It shows no sign-in form.
        content = json.dumps(answer.data).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if answer.link:
            self.send_header("Link", answer.link)
        # In one piece with the headers: two would wait for each other's acknowledgement.
        self._headers_buffer: list[bytes] = [*self._headers_buffer, b"\r\n", content]
        self.flush_headers()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    @contextmanager
    def _waited(self) -> Iterator[None]:
        with self.server.lock:
            self.server.requests += 1
            self.server.waiting += 1
            self.server.at_once = max(self.server.at_once, self.server.waiting)
        time.sleep(self.server.seconds)
        with self.server.lock:
            self.server.waiting -= 1
        yield

    def _pair(self) -> tuple[str, str]:
        encoded = self.headers.get("Authorization", "").removeprefix("Basic ")
        name, _, password = base64.b64decode(encoded).decode().partition(":")
        return name, password

    def log_message(self, *_: object) -> None:
        pass
