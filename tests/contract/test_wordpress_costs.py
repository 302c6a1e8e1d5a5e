"""What a site may cost us, and what we may cost a third party: requests, time, memory, parsing."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from chalicelib.errors import HallpassError, SiteUnavailable
from chalicelib.grants.site import Site
from chalicelib.outbound.client import Outbound
from chalicelib.wordpress import anonymous, replies
from chalicelib.wordpress.client import RestWordPress
from chalicelib.wordpress.rest import MAX_REPLY_BYTES
from infra.local.wordpress.tls import write_certificate
from tests.contract.test_wordpress_strangers import (
    AGENT,
    KEY,
    as_json,
    index,
    port,
    site,
)
from tests.fakes.servers import Server, drip, http_response, path_of

Respond = Callable[[bytes, socket.socket], bytes]
Start = Callable[[Respond], Server]

MAX_CHECK_REQUESTS = 10
MAX_PEAK_BYTES = 150_000_000
MAX_PARSED_CHARACTERS = 4_000_000  # Some 0.1 s of work.


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as running:
        yield lambda respond: running.enter_context(Server(respond))


def check(server: Server, *others: Server) -> None:
    with suppress(HallpassError):
        port(server.url, *(other.url for other in others)).check(server.url)


class TestRequests:
    def test_a_page_that_names_a_thousand_roots_elsewhere_has_none_of_them_called(
        self, start: Start
    ) -> None:
        third = start(lambda *_: http_response(404))
        page = "".join(
            f'<link rel="https://api.w.org/" href="{third.url}/{number}/">'
            for number in range(1000)
        )
        server = start(
            lambda request, _: (
                http_response(200, page) if path_of(request) == "/" else http_response(404)
            )
        )

        check(server, third)

        assert third.requests == []
        assert len(server.requests) <= MAX_CHECK_REQUESTS

    def test_a_header_that_names_a_root_elsewhere_has_it_not_called(self, start: Start) -> None:
        third = start(lambda *_: index(third.url))
        link = f'Link: <{third.url}/wp-json/>; rel="https://api.w.org/"'
        server = start(lambda *_: http_response(200, "", link))

        check(server, third)

        assert third.requests == []

    @pytest.mark.parametrize("named", ["header", "html"])
    def test_of_many_roots_on_its_own_host_three_are_called(self, start: Start, named: str) -> None:
        paths = [f"/root{number}/" for number in range(100)]
        html = "".join(f'<link rel="https://api.w.org/" href="{path}">' for path in paths)
        header = "Link: " + ", ".join(f'<{path}>; rel="https://api.w.org/"' for path in paths)
        front = http_response(200, "", header) if named == "header" else http_response(200, html)
        server = start(lambda request, _: front if path_of(request) == "/" else http_response(404))

        check(server)

        called = [path_of(request) for request in server.requests]
        assert len([path for path in called if path.startswith("/root")]) == 3
        assert len(called) <= MAX_CHECK_REQUESTS

    @pytest.mark.parametrize("is_wordpress", [True, False])
    def test_redirects_count_too(self, start: Start, *, is_wordpress: bool) -> None:
        """Each address leads through five redirects, on to another."""

        def respond(request: bytes, _: socket.socket) -> bytes:
            path, *hops = path_of(request).split("?hops=")
            left = int(hops[0]) if hops else 5
            if left:
                return http_response(302, "", f"Location: {path.split('?')[0]}?hops={left - 1}")
            return index(server.url) if is_wordpress and "wp-json" in path else http_response(404)

        server = start(respond)

        check(server)

        assert len(server.requests) <= MAX_CHECK_REQUESTS

    def test_what_a_plain_check_takes(self, start: Start) -> None:
        link = 'Link: </wp-json/>; rel="https://api.w.org/"'
        server = start(
            lambda request, _: (
                index(server.url) if "wp-json" in path_of(request) else http_response(200, "", link)
            )
        )

        assert port(server.url).check(server.url).consent_url is not None
        # The page itself, the index, the approval page, and the sign-in page.
        assert len(server.requests) == 4

    def test_the_bodies_of_a_check_are_bounded_in_all(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[int] = []
        call = Outbound.call

        def measured(*arguments: object, **options: object) -> object:
            response = call(*arguments, **options)  # type: ignore[arg-type]
            sizes.append(len(response.body))
            return response

        monkeypatch.setattr(Outbound, "call", measured)
        server = start(lambda *_: http_response(200, b"x" * 3_000_000))

        check(server)

        assert sum(sizes) <= 4 * 1024 * 1024

    @pytest.mark.parametrize("rows", [0, 1, 100])
    def test_a_snapshot_makes_a_bounded_number_of_requests(self, start: Start, rows: int) -> None:
        users = [{"id": n + 1, "username": f"u{n}", "roles": ["editor"]} for n in range(rows)]
        server = start(lambda *_: as_json(users, 200, f"X-WP-TotalPages: {'9' * 6}"))

        with suppress(HallpassError):
            port(server.url).snapshot(site(server), KEY)

        assert len(server.requests) <= 80


class TestTime:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert anonymous.MAX_SECONDS == 12
        monkeypatch.setattr(anonymous, "MAX_SECONDS", 1.0)

    def assert_ends(self, url: str, *allowed: str, authorities: str | None = None) -> None:
        began = time.monotonic()
        check = port(url, *allowed, authorities=authorities).check(url)
        assert time.monotonic() - began < 3
        assert check.problem is not None
        assert check.problem.code == "timeout"

    def test_a_tarpit_ends_with_the_budget_of_the_check(self, start: Start) -> None:
        outlasted = threading.Event()
        head = b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n"
        server = start(lambda _, connection: drip(connection, head, b"x", outlasted))

        self.assert_ends(server.url)

    def test_so_does_one_that_answers_each_request_a_little_late(self, start: Start) -> None:
        def respond(*_: object) -> bytes:
            threading.Event().wait(0.4)
            return http_response(404)

        self.assert_ends(start(respond).url)

    def test_so_does_a_connection_that_no_server_accepts(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.assert_ends(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def test_so_does_a_tls_handshake_that_never_ends(self, tmp_path: Path) -> None:
        write_certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            self.assert_ends(url, authorities=str(tmp_path / "certificate.pem"))


def listing(row: str) -> bytes:
    """Return a JSON list of *row* as often as the adapter still parses it."""
    marks = 1 + sum(row.count(mark) for mark in ",[{")
    rows = min(replies.MAX_JSON_MARKS // marks, MAX_REPLY_BYTES // (len(row.encode()) + 1)) - 1
    return ("[" + ",".join([row] * rows) + "]").encode()


CHILD = """
import resource, sys, tracemalloc
from contextlib import suppress
from chalicelib.errors import HallpassError
from chalicelib.grants.site import Credentials, Site
from chalicelib.outbound.client import Outbound
from chalicelib.wordpress.client import RestWordPress

url, call = sys.argv[1:]
port = RestWordPress(Outbound("Hallpass", allowed_sites=[url]))
site = Site(url, "Blog", url + "/wp-json/", url + "/wp-login.php")
key = Credentials("admin", "abcdefghijklmnopqrstuvwx")
tracemalloc.start()
with suppress(HallpassError):
    if call == "check":
        port.check(url)
    elif call == "find_user":
        port.find_user(site, key, "nobody")
    else:
        port.snapshot(site, key)
print(tracemalloc.get_traced_memory()[1])
"""


class TestMemory:
    @pytest.mark.parametrize(
        ("call", "row"),
        [
            *(("snapshot", row) for row in ["{}", "[]", '{"":{}}', "0.5", '"😀"']),
            ("snapshot", '{"id":1,"username":"x","keys":[]}'),
            ("find_user", '{"":{}}'),
            ("check", '{"":{}}'),
        ],
    )
    def test_a_few_kilobytes_of_gzip_stay_few(self, start: Start, row: str, call: str) -> None:
        # The gzip of such a list is some KB, and each page is another one.
        packed = gzip.compress(listing(row))
        headers = ("Content-Encoding: gzip", "X-WP-TotalPages: 999")
        server = start(
            lambda *_: http_response(200, packed, *headers, content_type="application/json")
        )

        assert replies.parse_json(listing(row)) is not None
        assert self.peak(server, call) < MAX_PEAK_BYTES

    def test_nor_do_pages_of_users_with_every_field_at_its_longest(self, start: Start) -> None:
        def respond(*_: object) -> bytes:
            page = len(server.requests) * 100
            users = [
                {
                    "id": page + number,
                    "username": "u" * 4000,
                    "name": "n" * 4000,
                    "roles": ["r" * 1000],
                }
                for number in range(100)
            ]
            return as_json(users, 200, "X-WP-TotalPages: 999")

        server = start(respond)

        assert self.peak(server, "snapshot") < MAX_PEAK_BYTES

    def peak(self, server: Server, call: str) -> int:
        """Return the most bytes that Python held during *call*, made in a process of its own."""
        ran = subprocess.run(
            [sys.executable, "-c", CHILD, server.url, call],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31)),
        )
        return int(ran.stdout)


class TestParsing:
    @pytest.mark.parametrize(
        "body",
        [
            "x" + "[1," * 64 + "1," * 600_000,
            "x" + '{"a":[' * 64 + "1," * 600_000,
            "x" + '["' * 64 + "a" * 1_900_000,
            "x" + "[[1]," * 400_000,
            "x" + '{"a":' * 300_000,
        ],
        ids=["numbers", "objects", "string", "many short ones", "deep"],
    )
    def test_lenient_parsing_reads_little(self, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
        read = 0

        class Counting(json.JSONDecoder):
            def raw_decode(self, text: str, idx: int = 0) -> tuple[object, int]:
                nonlocal read
                try:
                    value, end = super().raw_decode(text, idx)
                except ValueError:
                    read += len(text) - idx  # At most: it fails where the text is no JSON.
                    raise
                read += end - idx
                return value, end

        monkeypatch.setattr(json, "JSONDecoder", Counting)

        replies.parse_json(body.encode()[:2_000_000])
        replies.parse_json(body.encode()[: replies.MAX_LENIENT_BYTES])

        assert read <= MAX_PARSED_CHARACTERS

    def test_a_small_reply_is_found_behind_a_page_of_warnings(self) -> None:
        trace = (
            b"PHP Warning: Undefined array key [1] in {closure} #0 [internal function]: {main}\n"
        )

        assert replies.parse_json(trace * 40 + b'{"id": 1}') == {"id": 1}


def test_a_list_that_is_too_long_is_one_part_that_was_not_shown(start: Start) -> None:
    def respond(request: bytes, _: socket.socket) -> bytes:
        if "plugins" in path_of(request):
            return as_json([{"plugin": f"p{n}/p", "name": "P"} for n in range(5000)])
        if "application-passwords" not in path_of(request) and "users" in path_of(request):
            return as_json([{"id": 1, "username": "admin", "roles": ["administrator"]}])
        return as_json([])

    server = start(respond)

    snapshot = port(server.url).snapshot(site(server), KEY)

    assert snapshot.plugins is None
    assert snapshot.themes == ()


def test_no_call_with_a_key_waits_longer_than_the_check() -> None:
    seconds: list[float] = []

    class Patient(Outbound):
        def call(self, *_: object, **options: object) -> object:  # type: ignore[override]
            seconds.append(float(str(options.get("seconds", 20))))
            raise SiteUnavailable("timeout", "…")

    with suppress(HallpassError):
        RestWordPress(Patient(AGENT)).whoami(
            Site("https://a.example", "A", "https://a.example/wp-json/", ""), KEY
        )
    assert seconds == [12]
