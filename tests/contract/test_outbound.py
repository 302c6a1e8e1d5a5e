"""Calls to addresses that strangers typed: which are made, and what a hostile server cannot do."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from chalicelib.errors import InvalidInput, SiteUnavailable
from chalicelib.outbound import lines
from chalicelib.outbound.client import MAX_BODY_BYTES, Outbound
from chalicelib.outbound.connections import AddressInfo
from infra.local.ports import free_port
from infra.local.wordpress.tls import write_certificate
from tests.fakes.servers import Server, drip, header_of, http_response

AGENT = "Hallpass/0.0 (+https://help.example)"
SECRET = "Basic c2VjcmV0OnNlY3JldA=="
PUBLIC = "93.184.215.14"


def resolved(*addresses: str, port: int = 443) -> list[AddressInfo]:
    """Return a resolver's answer; *port* may be a test server's instead of the one requested."""
    return [
        (
            socket.AF_INET6 if ":" in each else socket.AF_INET,
            socket.SOCK_STREAM,
            6,
            "",
            (each, port),
        )
        for each in addresses
    ]


def outbound(*servers: Server, seconds: float = 10) -> Outbound:
    return Outbound(
        AGENT, seconds_left=lambda: seconds, allowed_sites=[each.url for each in servers]
    )


def reason(client: Outbound, url: str, *, truncate: bool = False) -> str:
    """Call *url*, which must fail, and return the reason."""
    with pytest.raises(SiteUnavailable) as raised:
        client.call("GET", url, truncate=truncate)
    return raised.value.reason


@pytest.fixture
def start() -> Iterator[ExitStack]:
    with ExitStack() as servers:
        yield servers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and 127.0.0.1, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    files = directory / "certificate.pem", directory / "key.pem"
    write_certificate(*files)
    return files


class TestConnections:
    def test_an_address_of_the_wrong_kind_is_refused_without_a_connection(
        self, start: ExitStack
    ) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))

        with pytest.raises(InvalidInput):
            outbound().call("GET", server.url)

        assert server.connections == 0

    @pytest.mark.parametrize(
        "addresses",
        [("127.0.0.1",), (PUBLIC, "127.0.0.1"), ("::1",), ("fe80::1%lo",), ("169.254.169.254",)],
    )
    def test_a_name_that_resolves_to_a_private_address_is_not_connected_to(
        self, start: ExitStack, addresses: tuple[str, ...]
    ) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))
        client = Outbound(AGENT, resolver=lambda *_: resolved(*addresses, port=server.port))

        assert reason(client, "https://site.example/") == "unreachable"
        assert server.connections == 0

    def test_unknown_private_and_refusing_hosts_give_the_same_error(self) -> None:
        def unknown(*_: object) -> list[AddressInfo]:
            raise socket.gaierror(-2, "Name or service not known")

        closed = f"http://127.0.0.1:{free_port()}"
        errors = set()
        for client, url in [
            (Outbound(AGENT, resolver=unknown), "https://site.example/"),
            (Outbound(AGENT, resolver=lambda *_: []), "https://site.example/"),
            (Outbound(AGENT, resolver=lambda *_: resolved("10.0.0.1")), "https://site.example/"),
            (Outbound(AGENT, allowed_sites=[closed]), closed),
        ]:
            with pytest.raises(SiteUnavailable) as raised:
                client.call("GET", url)
            errors.add((raised.value.reason, raised.value.message))

        assert len(errors) == 1

    def test_a_name_is_resolved_once_and_that_address_is_connected_to(
        self, start: ExitStack
    ) -> None:
        server = start.enter_context(Server(lambda *_: http_response(200, "here")))
        requested = []

        def resolve(host: str, port: int) -> list[AddressInfo]:
            requested.append((host, port))
            return resolved("127.0.0.1" if len(requested) == 1 else "127.0.0.2", port=server.port)

        site = f"http://site.example:{server.port}"
        client = Outbound(AGENT, allowed_sites=[site], resolver=resolve)

        assert client.call("GET", f"{site}/").body == b"here"
        assert requested == [("site.example", server.port)]
        assert header_of(server.requests[0], "Host") == f"site.example:{server.port}"

    def test_the_next_address_is_tried_when_one_does_not_accept(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response(200, "here")))
        site = f"http://site.example:{server.port}"
        client = Outbound(
            AGENT,
            allowed_sites=[site],
            resolver=lambda *_: resolved("::1", "127.0.0.1", port=server.port),
        )

        assert client.call("GET", site).body == b"here"

    def test_a_name_that_never_resolves_ends_in_a_timeout(self) -> None:
        never, outlasted = threading.Event(), threading.Event()

        def resolve(*_: object) -> list[AddressInfo]:
            if not never.wait(10):
                outlasted.set()
            return []

        client = Outbound(AGENT, seconds_left=lambda: 0.2, resolver=resolve)

        assert reason(client, "https://site.example") == "timeout"
        assert not outlasted.is_set()
        never.set()


class TestTls:
    def test_the_host_name_is_sent_as_sni_and_checked(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(
            Server(lambda *_: http_response(200, "here"), certificate=certificate)
        )
        site = f"https://localhost:{server.port}"
        client = Outbound(AGENT, allowed_sites=[site], authorities=str(certificate[0]))

        assert client.call("GET", site).body == b"here"
        assert server.names == ["localhost"]

    def test_a_certificate_for_another_name_is_refused(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(Server(lambda *_: http_response(), certificate=certificate))
        site = f"https://site.example:{server.port}"
        client = Outbound(
            AGENT,
            allowed_sites=[site],
            authorities=str(certificate[0]),
            resolver=lambda *_: resolved("127.0.0.1", port=server.port),
        )

        assert reason(client, site) == "unreachable"
        assert server.requests == []

    def test_a_certificate_of_an_unknown_authority_is_refused(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(Server(lambda *_: http_response(), certificate=certificate))

        assert reason(outbound(server), server.url) == "unreachable"
        assert server.requests == []

    def test_a_certificate_without_the_one_that_signed_it_is_named(
        self, start: ExitStack, tmp_path: Path
    ) -> None:
        files = tmp_path / "leaf.pem", tmp_path / "key.pem"
        root = trustme.CA()
        issued = root.create_child_ca().issue_cert("127.0.0.1")
        files[0].write_bytes(issued.cert_chain_pems[0].bytes())
        issued.private_key_pem.write_to_path(files[1])
        root.cert_pem.write_to_path(tmp_path / "root.pem")
        server = start.enter_context(Server(lambda *_: http_response(), certificate=files))
        client = Outbound(AGENT, allowed_sites=[server.url], authorities=str(tmp_path / "root.pem"))

        assert reason(client, server.url) == "incomplete_certificate"
        assert server.requests == []

    def test_a_server_that_never_finishes_the_handshake_ends_in_a_timeout(
        self, start: ExitStack
    ) -> None:
        # The server speaks no TLS, and waits for a plain request that never ends.
        server = start.enter_context(Server(lambda *_: http_response()))
        site = server.url.replace("http:", "https:")
        client = Outbound(AGENT, seconds_left=lambda: 0.3, allowed_sites=[site])

        assert reason(client, site) == "timeout"


class TestTimeLimits:
    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"", b" "),
            (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
        ids=["status", "header", "body", "chunks", "continue"],
    )
    def test_a_response_that_drips_ends_in_a_timeout(
        self, start: ExitStack, head: bytes, piece: bytes
    ) -> None:
        outlasted = threading.Event()
        server = start.enter_context(Server(lambda _, to: drip(to, head, piece, outlasted)))

        assert reason(outbound(server, seconds=0.4), server.url) == "timeout"
        assert not outlasted.is_set()

    def test_a_response_that_drips_over_tls_ends_in_a_timeout(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        outlasted = threading.Event()
        server = start.enter_context(
            Server(lambda _, to: drip(to, head, b"x", outlasted), certificate=certificate)
        )
        client = Outbound(
            AGENT,
            seconds_left=lambda: 0.6,
            allowed_sites=[server.url],
            authorities=str(certificate[0]),
        )

        assert reason(client, server.url) == "timeout"
        assert not outlasted.is_set()

    def test_without_time_left_no_connection_is_opened(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))

        assert reason(outbound(server, seconds=0), server.url) == "timeout"
        assert server.connections == 0

    def test_each_call_asks_for_the_time_that_is_left(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))
        left = iter([5.0, 0.0])
        client = Outbound(AGENT, seconds_left=lambda: next(left), allowed_sites=[server.url])

        assert client.call("GET", server.url).status == 200
        assert reason(client, server.url) == "timeout"


class TestBodies:
    def test_a_body_over_the_limit_is_refused(self, start: ExitStack) -> None:
        server = start.enter_context(
            Server(lambda *_: http_response(200, b"x" * (MAX_BODY_BYTES + 1)))
        )

        assert reason(outbound(server), server.url) == "odd_answer"

    def test_a_body_of_exactly_the_limit_is_read(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response(200, b"x" * MAX_BODY_BYTES)))

        assert len(outbound(server).call("GET", server.url).body) == MAX_BODY_BYTES

    def test_a_body_over_the_limit_is_cut_off_on_request(self, start: ExitStack) -> None:
        server = start.enter_context(
            Server(lambda *_: http_response(200, b"x" * (MAX_BODY_BYTES + 1)))
        )

        assert len(outbound(server).call("GET", server.url, truncate=True).body) == MAX_BODY_BYTES

    def test_a_compressed_body_is_decompressed(self, start: ExitStack) -> None:
        packed = gzip.compress(b"hello")
        server = start.enter_context(
            Server(lambda *_: http_response(200, packed, "Content-Encoding: gzip"))
        )

        assert outbound(server).call("GET", server.url).body == b"hello"

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_decompression_bomb_is_never_held_in_memory(
        self, start: ExitStack, *, chunked: bool
    ) -> None:
        bomb = gzip.compress(bytes(200 * MAX_BODY_BYTES // 4), 9)
        if chunked:
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            sent = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb)
        else:
            sent = http_response(200, bomb, "Content-Encoding: gzip")
        server = start.enter_context(Server(lambda *_: sent))
        client = outbound(server)
        tracemalloc.start()

        assert reason(client, server.url) == "odd_answer"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * MAX_BODY_BYTES

    @pytest.mark.parametrize(
        "sent",
        [
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000,
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\noops",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"",
        ],
        ids=["many headers", "long header", "cut short", "not gzip", "not http", "hangs up"],
    )
    def test_a_response_that_breaks_the_protocol_is_unreachable(
        self, start: ExitStack, sent: bytes
    ) -> None:
        def respond(_: bytes, connection: socket.socket) -> bytes:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b""

        server = start.enter_context(Server(respond))

        assert reason(outbound(server), server.url) == "unreachable"


class TestCalls:
    def test_a_call_sends_our_user_agent_and_accepts_json(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))

        outbound(server).call("GET", server.url)

        (request,) = server.requests
        assert header_of(request, "User-Agent") == AGENT
        assert header_of(request, "Accept") == "application/json"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_call_never_follows_a_redirect(self, start: ExitStack, status: int) -> None:
        other = start.enter_context(Server(lambda *_: http_response()))
        server = start.enter_context(
            Server(lambda *_: http_response(status, "", f"Location: {other.url}"))
        )

        response = outbound(server, other).call(
            "POST", server.url, headers={"Authorization": SECRET}
        )

        assert (response.status, response.headers["location"]) == (status, other.url)
        assert other.connections == 0

    def test_a_call_takes_neither_proxy_nor_credentials_from_the_environment(
        self, start: ExitStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        proxy = start.enter_context(Server(lambda *_: http_response(200, "proxy")))
        server = start.enter_context(Server(lambda *_: http_response(200, "here")))
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert outbound(server).call("GET", server.url).body == b"here"
        assert header_of(server.requests[0], "Authorization") is None
        assert proxy.connections == 0

    def test_calls_to_one_site_share_a_connection_and_cookies(self, start: ExitStack) -> None:
        server = start.enter_context(
            Server(lambda *_: http_response(200, "", "Set-Cookie: seen=1"))
        )
        client = outbound(server)

        client.call("GET", server.url)
        client.call("GET", server.url)

        assert server.connections == 1
        assert [header_of(request, "Cookie") for request in server.requests] == [None, "seen=1"]

    def test_calls_to_another_site_share_neither_cookies_nor_credentials(
        self, start: ExitStack
    ) -> None:
        # Cookies alone do not distinguish ports; these two are the same host to them.
        server = start.enter_context(
            Server(lambda *_: http_response(200, "", "Set-Cookie: seen=1"))
        )
        other = start.enter_context(Server(lambda *_: http_response()))
        client = outbound(server, other)

        client.call("GET", server.url, headers={"Authorization": SECRET})
        client.call("GET", other.url)

        assert header_of(other.requests[0], "Cookie") is None
        assert header_of(other.requests[0], "Authorization") is None

    def test_closing_drops_connections_and_cookies(self, start: ExitStack) -> None:
        server = start.enter_context(
            Server(lambda *_: http_response(200, "", "Set-Cookie: seen=1"))
        )
        client = outbound(server)

        client.call("GET", server.url)
        client.close()
        client.call("GET", server.url)

        assert server.connections == 2
        assert header_of(server.requests[1], "Cookie") is None

    def test_a_key_is_sent_with_its_own_call_only(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))
        client = outbound(server)

        client.call("GET", server.url, headers={"Authorization": SECRET})
        client.call("GET", server.url)

        assert header_of(server.requests[1], "Authorization") is None

    def test_an_error_holds_neither_address_nor_header_nor_body(self, start: ExitStack) -> None:
        flood = b"private words " * MAX_BODY_BYTES
        server = start.enter_context(
            Server(lambda *_: http_response(200, flood[: MAX_BODY_BYTES + 1]))
        )
        closed = f"http://127.0.0.1:{free_port()}"
        client = Outbound(AGENT, allowed_sites=[server.url, closed])
        for site in (closed, server.url):
            with pytest.raises(SiteUnavailable) as raised:
                client.call("GET", f"{site}/?q=secret", headers={"Authorization": SECRET})
            error = raised.value

            assert error.__cause__ is None
            assert error.__context__ is None
            text = f"{error!r} {error.args} {vars(error)}"
            assert not any(word in text for word in ("secret", SECRET, "127.0.0.1", "words"))


class Flaky:
    """Answers each request, but those whose number is in *lost*: there it closes the connection."""

    def __init__(self, *lost: int) -> None:
        self._lost, self._number = lost, 0

    def __call__(self, _: bytes, connection: socket.socket) -> bytes:
        self._number += 1
        if self._number in self._lost:
            connection.shutdown(socket.SHUT_RDWR)
            raise OSError
        return http_response(200, "", "Set-Cookie: seen=1")


class TestLinesBetweenInvocations:
    def test_a_connection_serves_the_next_invocation_and_a_cookie_does_not(
        self, start: ExitStack
    ) -> None:
        server = start.enter_context(Server(Flaky()))
        client = outbound(server)

        client.call("GET", server.url)
        client.keep()
        client.call("GET", server.url)

        assert server.connections == 1
        assert header_of(server.requests[1], "Cookie") is None

    def test_a_connection_that_has_rested_too_long_is_not_used(
        self, start: ExitStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = start.enter_context(Server(Flaky()))
        clock = [1000.0]
        monkeypatch.setattr(time, "time", lambda: clock[0])
        client = outbound(server)
        for later in (lines.KEPT_SECONDS + 1, -60.0):  # The second: somebody set the clock.
            before = server.connections
            client.call("GET", server.url)
            client.keep()
            clock[0] += later
            client.call("GET", server.url)

            assert server.connections == before + (2 if before == 0 else 1)

    def test_a_kept_connection_that_the_site_has_closed_costs_no_get(
        self, start: ExitStack
    ) -> None:
        server = start.enter_context(Server(Flaky(2)))
        client = outbound(server)

        client.call("GET", server.url)
        client.keep()

        assert client.call("GET", server.url).status == 200
        assert server.connections == 2

    def test_what_changes_something_never_goes_over_a_kept_connection(
        self, start: ExitStack
    ) -> None:
        server = start.enter_context(Server(Flaky()))
        client = outbound(server)

        client.call("GET", server.url)
        client.keep()
        client.call("DELETE", server.url)
        client.call("DELETE", server.url)

        assert server.connections == 2

    def test_nothing_is_sent_twice_but_a_get_over_a_kept_connection(self, start: ExitStack) -> None:
        for method, lost in (("GET", 2), ("POST", 2)):
            server = start.enter_context(Server(Flaky(lost)))
            client = outbound(server)
            client.call("GET", server.url)
            if method == "POST":
                client.keep()
            with pytest.raises(SiteUnavailable):
                client.call(method, server.url)

            assert len(server.requests) == 2


class TestCallsThatOverlap:
    def test_each_has_a_connection_and_a_time_of_its_own(self, start: ExitStack) -> None:
        both = threading.Barrier(2)

        def together(*_: object) -> bytes:
            both.wait(timeout=10)
            return http_response()

        server = start.enter_context(Server(together))
        client = outbound(server)
        seen: list[int] = []
        threads = [
            threading.Thread(target=lambda: seen.append(client.call("GET", server.url).status))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert seen == [200, 200]
        assert server.connections == 2

    def test_their_lines_are_used_again(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: http_response()))
        client = outbound(server)
        for _ in range(3):
            thread = threading.Thread(target=client.call, args=("GET", server.url))
            thread.start()
            thread.join()

        assert server.connections == 1

    def test_no_more_connections_rest_than_the_limit(self, start: ExitStack) -> None:
        servers = [
            start.enter_context(Server(lambda *_: http_response()))
            for _ in range(lines.MAX_IDLE_LINES + 1)
        ]
        client = outbound(*servers)
        for server in (*servers, servers[-1], servers[0]):
            client.call("GET", server.url)

        assert servers[-1].connections == 1
        assert servers[0].connections == 2
