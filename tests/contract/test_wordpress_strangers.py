"""Servers that are no WordPress, pretend to be one, or stand in front of one."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.outbound import Outbound
from chalicelib.problems import UNAVAILABLE, UNSUPPORTED
from chalicelib.sites import Account, Key, NewUser, Site
from chalicelib.wordpress import RestWordPress
from infra.local.ports import free_port
from infra.local.wordpress.tls import write_certificate
from tests.fakes.servers import Server, answer, header_of, path_of

AGENT = "Hallpass/0.0 (+https://help.example)"
KEY = Key("admin", "abcdefghijklmnopqrstuvwx")
WORDPRESS_PAGE = '<html><link rel="stylesheet" href="/wp-content/themes/x.css"></html>'

Respond = Callable[[bytes, socket.socket], bytes]


def port(*origins: str, authorities: str | None = None) -> RestWordPress:
    return RestWordPress(Outbound(AGENT, allowed_sites=origins, authorities=authorities))


def reason(call: Callable[..., object], *args: object) -> str:
    with pytest.raises((SiteUnavailable, SiteUnsupported)) as raised:
        call(*args)
    return str(raised.value.details()["reason"])


def as_json(data: object, status: int = 200, *headers: str) -> bytes:
    return answer(status, json.dumps(data), *headers, content_type="application/json")


def index(url: str, /, **changes: object) -> bytes:
    """Return the index of a WordPress at *url*, with *changes*."""
    page = f"{url}/wp-admin/authorize-application.php"
    offer = {"application-passwords": {"endpoints": {"authorization": page}}}
    return as_json(
        {
            "name": "Blog",
            "url": url,
            "home": url,
            "namespaces": ["oembed/1.0", "wp/v2"],
            "authentication": offer,
            **changes,
        }
    )


def site(server: Server) -> Site:
    return Site(server.url, "Blog", f"{server.url}/wp-json/", f"{server.url}/wp-login.php")


@pytest.fixture
def start() -> Iterator[Callable[[Respond], Server]]:
    with ExitStack() as running:
        yield lambda respond: running.enter_context(Server(respond))


Start = Callable[[Respond], Server]


class TestRedirects:
    def test_are_followed_to_the_site_and_the_key_goes_only_there(self, start: Start) -> None:
        real = start(lambda *_: index(real.url))
        typed = start(lambda *_: answer(301, "", f"Location: {real.url}/"))
        wordpress = port(real.url, typed.url)

        found = wordpress.discover(typed.url)

        assert found.rest_root == f"{real.url}/wp-json/"
        reason(wordpress.whoami, found, KEY)
        sent = [header_of(request, "Authorization") for request in typed.requests]
        assert set(sent) == {None}
        assert header_of(real.requests[-1], "Authorization") is not None

    @pytest.mark.parametrize(("hops", "is_found"), [(5, True), (6, False)])
    def test_are_followed_five_times(self, start: Start, hops: int, *, is_found: bool) -> None:
        def respond(request: bytes, _: socket.socket) -> bytes:
            path = path_of(request)
            if "wp-json" in path:
                return index(server.url)
            left = int(path.strip("/") or hops)
            return answer(302, "", f"Location: /{left - 1}/") if left else answer()

        server = start(respond)
        wordpress = port(server.url)

        if is_found:
            assert wordpress.discover(server.url).url == server.url
        else:
            assert reason(wordpress.discover, server.url) == "odd_answer"

    def test_in_a_circle_end(self, start: Start) -> None:
        server = start(lambda *_: answer(302, "", "Location: /"))

        assert reason(port(server.url).discover, server.url) == "odd_answer"

    @pytest.mark.parametrize(
        "target",
        ["http://127.0.0.1:{port}/", "https://localhost/", "file:///etc/passwd", "//[::1]/"],
    )
    def test_to_what_is_never_called_end_as_unreachable(self, start: Start, target: str) -> None:
        inner = start(lambda *_: answer())
        location = target.format(port=inner.port)
        server = start(lambda *_: answer(302, "", f"Location: {location}"))

        assert reason(port(server.url).discover, server.url) == "unreachable"
        assert inner.connections == 0

    def test_from_https_to_http_are_never_followed(self, tmp_path: Path) -> None:
        files = tmp_path / "certificate.pem", tmp_path / "key.pem"
        write_certificate(*files)

        def respond(*_: object) -> bytes:
            return answer(301, "", f"Location: http://127.0.0.1:{server.port}/")

        with Server(respond, certificate=files) as server:
            wordpress = port(server.url, authorities=str(files[0]))

            assert reason(wordpress.discover, server.url) == "needs_https"
            problem = wordpress.look(server.url).problem
            assert problem is not None
            assert problem.code == "needs_https"

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_get_neither_key_nor_password(self, start: Start, status: int) -> None:
        other = start(lambda *_: as_json({"id": 7}))
        server = start(lambda *_: answer(status, "", f"Location: {other.url}/"))
        wordpress = port(server.url, other.url)
        user = NewUser("hp0123456789", "a@example.test", "secret", "Support")

        assert reason(wordpress.create_administrator, site(server), KEY, user) == "odd_answer"
        assert (
            reason(wordpress.delete_user, site(server), KEY, Account(7, "hp7"), 1) == "odd_answer"
        )
        assert reason(wordpress.is_gone, site(server), 7) == "odd_answer"
        assert other.connections == 0


class TestNoWordPress:
    @pytest.mark.parametrize(
        ("front", "inner", "expected"),
        [
            ((200, "<html>Shop</html>"), (404, "<html>"), "not_wordpress"),
            ((200, "<html>Shop</html>"), (200, "<html>Shop</html>"), "not_wordpress"),
            ((200, "<html>Shop</html>"), (403, "<xml>AccessDenied</xml>"), "not_wordpress"),
            ((200, "<html>Shop</html>"), (500, "<html>"), "not_wordpress"),
            ((404, "<html>"), (404, "<html>"), "not_wordpress"),
            ((200, "{}"), (200, '{"hello": "world"}'), "not_wordpress"),
            ((200, "{}"), (401, '{"code": "denied"}'), "not_wordpress"),
            ((200, "{}"), (200, '{"namespaces": 3, "name": [], "url": {}}'), "not_wordpress"),
            ((200, WORDPRESS_PAGE), (404, "<html>"), "rest_blocked"),
            ((200, WORDPRESS_PAGE), (200, "<html>"), "rest_blocked"),
            ((200, WORDPRESS_PAGE), (403, "<html>"), "firewall"),
            ((403, "<title>Just a moment...</title>"), (403, "<title>Just"), "firewall"),
            ((503, "<html>Wordfence"), (503, "<html>Wordfence"), "firewall"),
            ((500, "<html>"), (500, "<html>"), "server_error"),
            ((200, WORDPRESS_PAGE), (500, "<html>"), "server_error"),
        ],
    )
    def test_is_told_from_one_that_does_not_answer(
        self, start: Start, front: tuple[int, str], inner: tuple[int, str], expected: str
    ) -> None:
        server = start(lambda request, _: answer(*(front if path_of(request) == "/" else inner)))
        wordpress = port(server.url)

        assert reason(wordpress.discover, server.url) == expected
        problem = wordpress.look(server.url).problem
        assert problem is not None
        assert problem.code == expected
        assert problem.message.endswith(".")
        assert problem.fix.endswith(".")

    def test_a_password_before_everything_is_staging(self, start: Start) -> None:
        server = start(lambda *_: answer(401, "", 'WWW-Authenticate: Basic realm="Staging"'))

        assert reason(port(server.url).discover, server.url) == "basic_auth"
        assert reason(port(server.url).whoami, site(server), KEY) == "basic_auth"

    def test_wordpress_com_is_named(self, start: Start) -> None:
        server = start(lambda *_: answer(404, WORDPRESS_PAGE, "Host-Header: WordPress.com"))

        assert reason(port(server.url).discover, server.url) == "wordpress_com"

    def test_nobody_there_is_told_without_a_site(self) -> None:
        closed = f"http://127.0.0.1:{free_port()}"

        assert reason(port(closed).discover, closed) == "unreachable"
        check = port(closed).look(closed)
        assert (check.site, check.consent_url) == (None, None)
        assert check.problem is not None
        assert check.problem.code == "site_unreachable"

    def test_every_problem_has_a_sentence_and_a_fix(self) -> None:
        for words in (*UNSUPPORTED.values(), *UNAVAILABLE.values()):
            assert words.message.endswith(".")
            assert words.fix.endswith(".")
            assert "Hallpass" not in words.message


class TestFalseWordPress:
    @pytest.mark.parametrize(
        "bad",
        ["javascript:alert(1)", "http://10.0.0.1/x", "https://localhost/x", "ftp://a.b", 7, None],
    )
    def test_addresses_in_its_index_are_checked(self, start: Start, bad: object) -> None:
        offer = {"application-passwords": {"endpoints": {"authorization": bad}}}
        server = start(
            lambda *_: index(server.url, url=bad, home=bad, site_icon_url=bad, authentication=offer)
        )

        check = port(server.url).look(server.url)

        assert check.site is not None
        assert check.consent_url is None
        assert check.problem is not None
        assert check.site.url == server.url
        assert check.site.login_url == f"{server.url}/wp-login.php"
        assert check.site.icon_url is None

    def test_http_addresses_of_a_site_on_https_become_https(self, tmp_path: Path) -> None:
        files = tmp_path / "certificate.pem", tmp_path / "key.pem"
        write_certificate(*files)

        def respond(request: bytes, _: socket.socket) -> bytes:
            plain = f"http://127.0.0.1:{server.port}"
            link = f'Link: <{plain}/api/>; rel="https://api.w.org/"'
            return index(plain) if path_of(request).startswith("/api/") else answer(200, "", link)

        with Server(respond, certificate=files) as server:
            found = port(server.url, authorities=str(files[0])).discover(server.url)

            assert found.rest_root == f"{server.url}/api/"
            assert found.url == server.url
            assert found.login_url == f"{server.url}/wp-login.php"
            assert found.authorize_url == f"{server.url}/wp-admin/authorize-application.php"

    def test_a_home_elsewhere_is_not_believed(self, start: Start) -> None:
        server = start(lambda *_: index(server.url, home="https://bank.example"))

        assert port(server.url).discover(server.url).url == server.url

    def test_a_name_is_text_and_short(self, start: Start) -> None:
        server = start(lambda *_: index(server.url, name="Tom &amp; Co " + "x" * 1000))

        name = port(server.url).discover(server.url).name

        assert name.startswith("Tom & Co x")
        assert len(name) == 200

    def test_a_page_made_to_slow_a_search_does_not(self, start: Start) -> None:
        page = "<link " * 300_000
        server = start(
            lambda request, _: (
                index(server.url) if "rest_route" in path_of(request) else answer(200, page)
            )
        )

        assert port(server.url).discover(server.url).rest_root == f"{server.url}/?rest_route=/"

    @pytest.mark.parametrize("user_id", [0, -1, True, "1", 1.5, None, [1]])
    def test_an_id_that_cannot_be_one_is_an_odd_answer(self, start: Start, user_id: object) -> None:
        account = {"id": user_id, "username": "admin", "email": "", "roles": []}
        server = start(lambda *_: as_json(account))

        assert reason(port(server.url).whoami, site(server), KEY) == "odd_answer"

    @pytest.mark.parametrize("user_id", [0, -1, True])
    def test_an_id_of_ours_that_cannot_be_one_is_never_sent(
        self, start: Start, user_id: int
    ) -> None:
        server = start(lambda *_: as_json({"deleted": True}))
        wordpress = port(server.url)

        assert reason(wordpress.user_by_id, site(server), KEY, user_id) == "odd_answer"
        assert (
            reason(wordpress.delete_user, site(server), KEY, Account(user_id, "hp7"), 1)
            == "odd_answer"
        )
        assert reason(wordpress.is_gone, site(server), user_id) == "odd_answer"
        assert (
            reason(wordpress.check_removable, site(server), KEY, Account(user_id, "admin"))
            == "odd_answer"
        )
        assert server.requests == []

    @pytest.mark.parametrize("uuid", ["", "../1", None, 3, "0" * 36])
    def test_an_id_of_a_key_that_cannot_be_one_is_an_odd_answer(
        self, start: Start, uuid: object
    ) -> None:
        server = start(lambda *_: as_json({"uuid": uuid}))

        assert reason(port(server.url).key_id, site(server), KEY) == "odd_answer"

    def test_pages_without_end_are_not_read_without_end(self, start: Start) -> None:
        many = as_json([{"id": 5, "username": "x"}], 200, f"X-WP-TotalPages: {'9' * 5000}")
        server = start(lambda *_: many)

        assert port(server.url).find_user(site(server), KEY, "admin") is None
        assert len(server.requests) == 50

    def test_a_deletion_that_is_not_confirmed_is_not_believed(self, start: Start) -> None:
        def respond(request: bytes, _: socket.socket) -> bytes:
            body: dict[str, Any] = {"id": 7, "username": "hp7", "email": "", "roles": []}
            return as_json(body, 200 if request.startswith(b"GET") else 202)

        server = start(respond)

        assert (
            reason(port(server.url).delete_user, site(server), KEY, Account(7, "hp7"), 1)
            == "odd_answer"
        )

    def test_a_key_that_dies_on_the_way_proves_no_end(self, start: Start) -> None:
        # To a dead key, `me` is nobody, and WordPress says that there is no such user.
        def respond(request: bytes, _: socket.socket) -> bytes:
            if request.startswith(b"GET"):
                return as_json({"id": 7, "username": "hp7", "email": "", "roles": []})
            return as_json({"code": "rest_user_invalid_id", "data": {"status": 404}}, 404)

        server = start(respond)

        with pytest.raises(KeyRefused):
            port(server.url).delete_self(site(server), KEY, Account(7, "hp7"), 1)

    @pytest.mark.parametrize("status", [401, 404, 410, 200])
    def test_gone_is_only_what_wordpress_itself_calls_gone(self, start: Start, status: int) -> None:
        server = start(lambda *_: as_json({"code": "rest_no_route", "id": 7}, status))

        assert port(server.url).is_gone(site(server), 7) is False
