"""Calls to addresses that strangers typed: which are made, and what a hostile server can do."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chalicelib.errors import InvalidInput, SiteUnavailable
from chalicelib.guard import Found
from chalicelib.outbound import MOST_BYTES, Outbound
from infra.local.ports import free_port
from infra.local.wordpress.tls import write_certificate
from tests.fakes.servers import Server, answer, drip, header_of

AGENT = "Hallpass/0.0 (+https://help.example)"
SECRET = "Basic c2VjcmV0OnNlY3JldA=="
PUBLIC = "93.184.215.14"


def found(*addresses: str, port: int = 443) -> list[Found]:
    """What a resolver says; the port may be another than was asked for, to reach a test server."""
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
    return Outbound(AGENT, timeout=lambda: seconds, allowed_sites=[each.url for each in servers])


def reason(client: Outbound, url: str, *, cut: bool = False) -> str:
    """Call *url*, which has to fail, and return why it did."""
    with pytest.raises(SiteUnavailable) as raised:
        client.call("GET", url, cut=cut)
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


class TestNames:
    def test_of_the_wrong_kind_are_refused_when_they_are_called(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer()))

        with pytest.raises(InvalidInput):
            outbound().call("GET", server.url)

        assert server.connections == 0

    @pytest.mark.parametrize(
        "addresses",
        [("127.0.0.1",), (PUBLIC, "127.0.0.1"), ("::1",), ("fe80::1%lo",), ("169.254.169.254",)],
    )
    def test_that_lead_to_a_private_address_are_not_connected_to(
        self, start: ExitStack, addresses: tuple[str, ...]
    ) -> None:
        server = start.enter_context(Server(lambda *_: answer()))
        client = Outbound(AGENT, resolve=lambda *_: found(*addresses, port=server.port))

        assert reason(client, "https://site.example/") == "unreachable"
        assert server.connections == 0

    def test_unknown_private_and_refused_are_told_in_the_same_words(self) -> None:
        def unknown(*_: object) -> list[Found]:
            raise socket.gaierror(-2, "Name or service not known")

        closed = f"http://127.0.0.1:{free_port()}"
        said = set()
        for client, url in [
            (Outbound(AGENT, resolve=unknown), "https://site.example/"),
            (Outbound(AGENT, resolve=lambda *_: []), "https://site.example/"),
            (Outbound(AGENT, resolve=lambda *_: found("10.0.0.1")), "https://site.example/"),
            (Outbound(AGENT, allowed_sites=[closed]), closed),
        ]:
            with pytest.raises(SiteUnavailable) as raised:
                client.call("GET", url)
            said.add((raised.value.reason, raised.value.message))

        assert len(said) == 1

    def test_are_looked_up_once_and_that_answer_is_connected_to(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, "here")))
        asked = []

        def resolve(host: str, port: int) -> list[Found]:
            asked.append((host, port))
            return found("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port=server.port)

        site = f"http://site.example:{server.port}"
        client = Outbound(AGENT, allowed_sites=[site], resolve=resolve)

        assert client.call("GET", f"{site}/").body == b"here"
        assert asked == [("site.example", server.port)]
        assert header_of(server.requests[0], "Host") == f"site.example:{server.port}"

    def test_fall_back_to_the_address_that_answers(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, "here")))
        site = f"http://site.example:{server.port}"
        client = Outbound(
            AGENT,
            allowed_sites=[site],
            resolve=lambda *_: found("::1", "127.0.0.1", port=server.port),
        )

        assert client.call("GET", site).body == b"here"

    def test_that_never_resolve_do_not_outlast_the_time(self) -> None:
        never, outlasted = threading.Event(), threading.Event()

        def resolve(*_: object) -> list[Found]:
            if not never.wait(10):
                outlasted.set()
            return []

        client = Outbound(AGENT, timeout=lambda: 0.2, resolve=resolve)

        assert reason(client, "https://site.example") == "timeout"
        assert not outlasted.is_set()
        never.set()


class TestTls:
    def test_the_name_is_asked_for_and_checked(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(
            Server(lambda *_: answer(200, "here"), certificate=certificate)
        )
        site = f"https://localhost:{server.port}"
        client = Outbound(AGENT, allowed_sites=[site], authorities=str(certificate[0]))

        assert client.call("GET", site).body == b"here"
        assert server.names == ["localhost"]

    def test_a_certificate_for_another_name_is_refused(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(Server(lambda *_: answer(), certificate=certificate))
        site = f"https://site.example:{server.port}"
        client = Outbound(
            AGENT,
            allowed_sites=[site],
            authorities=str(certificate[0]),
            resolve=lambda *_: found("127.0.0.1", port=server.port),
        )

        assert reason(client, site) == "unreachable"
        assert server.requests == []

    def test_a_certificate_that_nobody_vouches_for_is_refused(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        server = start.enter_context(Server(lambda *_: answer(), certificate=certificate))

        assert reason(outbound(server), server.url) == "unreachable"
        assert server.requests == []

    def test_a_server_that_does_not_shake_hands_does_not_outlast_the_time(
        self, start: ExitStack
    ) -> None:
        # It speaks no TLS, and waits for a plain request that never ends.
        server = start.enter_context(Server(lambda *_: answer()))
        site = server.url.replace("http:", "https:")
        client = Outbound(AGENT, timeout=lambda: 0.3, allowed_sites=[site])

        assert reason(client, site) == "timeout"


class TestTime:
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
    def test_a_slow_drip_ends_when_the_time_is_up(
        self, start: ExitStack, head: bytes, piece: bytes
    ) -> None:
        outlasted = threading.Event()
        server = start.enter_context(Server(lambda _, to: drip(to, head, piece, outlasted)))

        assert reason(outbound(server, seconds=0.4), server.url) == "timeout"
        assert not outlasted.is_set()

    def test_a_drip_over_tls_ends_too(
        self, start: ExitStack, certificate: tuple[Path, Path]
    ) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        outlasted = threading.Event()
        server = start.enter_context(
            Server(lambda _, to: drip(to, head, b"x", outlasted), certificate=certificate)
        )
        client = Outbound(
            AGENT,
            timeout=lambda: 0.6,
            allowed_sites=[server.url],
            authorities=str(certificate[0]),
        )

        assert reason(client, server.url) == "timeout"
        assert not outlasted.is_set()

    def test_without_time_nothing_is_called(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer()))

        assert reason(outbound(server, seconds=0), server.url) == "timeout"
        assert server.connections == 0

    def test_each_call_gets_its_own_share(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer()))
        left = iter([5.0, 0.0])
        client = Outbound(AGENT, timeout=lambda: next(left), allowed_sites=[server.url])

        assert client.call("GET", server.url).status == 200
        assert reason(client, server.url) == "timeout"


class TestBodies:
    def test_longer_than_the_limit_are_refused(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, b"x" * (MOST_BYTES + 1))))

        assert reason(outbound(server), server.url) == "odd_answer"

    def test_of_exactly_the_limit_are_read(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, b"x" * MOST_BYTES)))

        assert len(outbound(server).call("GET", server.url).body) == MOST_BYTES

    def test_may_be_cut_off_instead(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, b"x" * (MOST_BYTES + 1))))

        assert len(outbound(server).call("GET", server.url, cut=True).body) == MOST_BYTES

    def test_that_are_compressed_are_read(self, start: ExitStack) -> None:
        packed = gzip.compress(b"hello")
        server = start.enter_context(
            Server(lambda *_: answer(200, packed, "Content-Encoding: gzip"))
        )

        assert outbound(server).call("GET", server.url).body == b"hello"

    @pytest.mark.parametrize("chunked", [False, True])
    def test_that_unfold_to_a_flood_are_never_held(
        self, start: ExitStack, *, chunked: bool
    ) -> None:
        bomb = gzip.compress(bytes(200 * MOST_BYTES // 4), 9)
        if chunked:
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            sent = head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(bomb), bomb)
        else:
            sent = answer(200, bomb, "Content-Encoding: gzip")
        server = start.enter_context(Server(lambda *_: sent))
        client = outbound(server)
        tracemalloc.start()

        assert reason(client, server.url) == "odd_answer"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 * MOST_BYTES

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
    def test_that_break_the_protocol_are_unreachable(self, start: ExitStack, sent: bytes) -> None:
        def respond(_: bytes, connection: socket.socket) -> bytes:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b""

        server = start.enter_context(Server(respond))

        assert reason(outbound(server), server.url) == "unreachable"


class TestCalls:
    def test_say_who_we_are_and_what_we_read(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer()))

        outbound(server).call("GET", server.url)

        (request,) = server.requests
        assert header_of(request, "User-Agent") == AGENT
        assert header_of(request, "Accept") == "application/json"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_never_follow_a_redirect(self, start: ExitStack, status: int) -> None:
        other = start.enter_context(Server(lambda *_: answer()))
        server = start.enter_context(
            Server(lambda *_: answer(status, "", f"Location: {other.url}"))
        )

        got = outbound(server, other).call("POST", server.url, headers={"Authorization": SECRET})

        assert (got.status, got.headers["location"]) == (status, other.url)
        assert other.connections == 0

    def test_take_nothing_from_the_environment(
        self, start: ExitStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        proxy = start.enter_context(Server(lambda *_: answer(200, "proxy")))
        server = start.enter_context(Server(lambda *_: answer(200, "here")))
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert outbound(server).call("GET", server.url).body == b"here"
        assert header_of(server.requests[0], "Authorization") is None
        assert proxy.connections == 0

    def test_to_one_site_share_a_connection_and_cookies(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, "", "Set-Cookie: seen=1")))
        client = outbound(server)

        client.call("GET", server.url)
        client.call("GET", server.url)

        assert server.connections == 1
        assert [header_of(request, "Cookie") for request in server.requests] == [None, "seen=1"]

    def test_to_another_site_share_nothing(self, start: ExitStack) -> None:
        # Cookies alone do not tell ports apart; these two are the same host to them.
        server = start.enter_context(Server(lambda *_: answer(200, "", "Set-Cookie: seen=1")))
        other = start.enter_context(Server(lambda *_: answer()))
        client = outbound(server, other)

        client.call("GET", server.url, headers={"Authorization": SECRET})
        client.call("GET", other.url)

        assert header_of(other.requests[0], "Cookie") is None
        assert header_of(other.requests[0], "Authorization") is None

    def test_after_closing_start_afresh(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer(200, "", "Set-Cookie: seen=1")))
        client = outbound(server)

        client.call("GET", server.url)
        client.close()
        client.call("GET", server.url)

        assert server.connections == 2
        assert header_of(server.requests[1], "Cookie") is None

    def test_send_a_key_once_only(self, start: ExitStack) -> None:
        server = start.enter_context(Server(lambda *_: answer()))
        client = outbound(server)

        client.call("GET", server.url, headers={"Authorization": SECRET})
        client.call("GET", server.url)

        assert header_of(server.requests[1], "Authorization") is None

    def test_that_fail_tell_no_secret(self, start: ExitStack) -> None:
        flood = b"private words " * MOST_BYTES
        server = start.enter_context(Server(lambda *_: answer(200, flood[: MOST_BYTES + 1])))
        closed = f"http://127.0.0.1:{free_port()}"
        client = Outbound(AGENT, allowed_sites=[server.url, closed])
        for site in (closed, server.url):
            with pytest.raises(SiteUnavailable) as raised:
                client.call("GET", f"{site}/?q=secret", headers={"Authorization": SECRET})
            error = raised.value

            assert error.__cause__ is None
            assert error.__context__ is None
            said = f"{error!r} {error.args} {vars(error)}"
            assert not any(word in said for word in ("secret", SECRET, "127.0.0.1", "words"))
