"""The adapter on servers that are no WordPress, pretend to be one, or stand in front of one."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.grants.site import Account, Credentials, NewUser, Site
from chalicelib.outbound.client import Outbound
from chalicelib.site_problems import UNAVAILABLE, UNSUPPORTED
from chalicelib.wordpress.client import RestWordPress
from infra.local.ports import free_port
from infra.local.wordpress.tls import write_certificate
from tests.fakes.servers import Server, header_of, http_response, path_of

AGENT = "Hallpass/0.0 (+https://help.example)"
KEY = Credentials("admin", "abcdefghijklmnopqrstuvwx")
WORDPRESS_PAGE = '<html><link rel="stylesheet" href="/wp-content/themes/x.css"></html>'

Respond = Callable[[bytes, socket.socket], bytes]


def port(*origins: str, authorities: str | None = None) -> RestWordPress:
    return RestWordPress(Outbound(AGENT, allowed_sites=origins, authorities=authorities))


def reason(call: Callable[..., object], *args: object) -> str:
    with pytest.raises((SiteUnavailable, SiteUnsupported)) as raised:
        call(*args)
    return str(raised.value.details()["reason"])


def as_json(data: object, status: int = 200, *headers: str) -> bytes:
    return http_response(status, json.dumps(data), *headers, content_type="application/json")


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


class TestThieves:
    """A site that names another's approval page is offered no approval, however it says so."""

    @pytest.mark.parametrize("kind", ["does not say", "uses the look up", "sends there", "is shut"])
    def test_no_approval_is_offered_on_another_host(self, start: Start, kind: str) -> None:
        def respond(request: bytes, _: socket.socket) -> bytes:
            path = path_of(request)
            is_index = "wp-json" in path
            hops = int(path.rpartition("hop=")[2]) if "hop=" in path else 0
            if kind == "uses the look up" and hops < 4:
                place = "/wp-json/" if is_index else "/"
                return http_response(302, "", f"Location: {place}?hop={hops + 1}")
            if kind in {"sends there", "is shut"}:
                if not is_index:
                    return http_response(302, "", f"Location: {victim.url}/wp-login.php")
                if kind == "is shut":
                    return as_json({"message": "No."}, 403)
                return as_json({"code": "rest_forbidden", "data": {"status": 401}}, 401)
            if is_index:
                says = {"home": thief.url, "url": victim.url, "namespaces": ["wp/v2"]}
                return as_json(says)
            return http_response(200, WORDPRESS_PAGE)

        def answer(request: bytes, _: socket.socket) -> bytes:
            if "rest_route" not in path_of(request):
                return http_response(200, WORDPRESS_PAGE)
            is_open = kind == "uses the look up"
            return index(victim.url) if is_open else http_response(403, "<html>")

        thief, victim = start(respond), start(answer)
        wordpress = port(thief.url, victim.url)

        assert wordpress.check(thief.url).consent_url is None
        assert reason(wordpress.discover, thief.url) == "two_hosts"


class TestRedirects:
    def test_redirects_are_followed_and_the_key_goes_only_to_their_end(self, start: Start) -> None:
        real = start(lambda *_: index(real.url))
        typed = start(lambda *_: http_response(301, "", f"Location: {real.url}/"))
        wordpress = port(real.url, typed.url)

        found = wordpress.discover(typed.url)

        assert found.rest_root == f"{real.url}/wp-json/"
        reason(wordpress.whoami, found, KEY)
        sent = [header_of(request, "Authorization") for request in typed.requests]
        assert set(sent) == {None}
        assert header_of(real.requests[-1], "Authorization") is not None

    @pytest.mark.parametrize(("hops", "is_found"), [(5, True), (6, False)])
    def test_five_redirects_are_followed_and_no_more(
        self, start: Start, hops: int, *, is_found: bool
    ) -> None:
        def respond(request: bytes, _: socket.socket) -> bytes:
            path = path_of(request)
            if "wp-json" in path:
                return index(server.url)
            left = int(path.strip("/") or hops)
            return http_response(302, "", f"Location: /{left - 1}/") if left else http_response()

        server = start(respond)
        wordpress = port(server.url)

        if is_found:
            assert wordpress.discover(server.url).url == server.url
        else:
            assert reason(wordpress.discover, server.url) == "odd_answer"

    def test_redirects_in_a_circle_end(self, start: Start) -> None:
        server = start(lambda *_: http_response(302, "", "Location: /"))

        assert reason(port(server.url).discover, server.url) == "odd_answer"

    @pytest.mark.parametrize(
        "target",
        ["http://127.0.0.1:{port}/", "https://localhost/", "file:///etc/passwd", "//[::1]/"],
    )
    def test_a_redirect_to_an_address_that_is_never_called_is_unreachable(
        self, start: Start, target: str
    ) -> None:
        inner = start(lambda *_: http_response())
        location = target.format(port=inner.port)
        server = start(lambda *_: http_response(302, "", f"Location: {location}"))

        assert reason(port(server.url).discover, server.url) == "unreachable"
        assert inner.connections == 0

    def test_a_redirect_from_https_to_http_is_never_followed(self, tmp_path: Path) -> None:
        files = tmp_path / "certificate.pem", tmp_path / "key.pem"
        write_certificate(*files)

        def respond(*_: object) -> bytes:
            return http_response(301, "", f"Location: http://127.0.0.1:{server.port}/")

        with Server(respond, certificate=files) as server:
            wordpress = port(server.url, authorities=str(files[0]))

            assert reason(wordpress.discover, server.url) == "needs_https"
            problem = wordpress.check(server.url).problem
            assert problem is not None
            assert problem.code == "needs_https"

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_gets_neither_key_nor_password(self, start: Start, status: int) -> None:
        other = start(lambda *_: as_json({"id": 7}))
        server = start(lambda *_: http_response(status, "", f"Location: {other.url}/"))
        wordpress = port(server.url, other.url)
        user = NewUser("hp0123456789", "a@example.test", "secret", "Support")

        assert reason(wordpress.create_administrator, site(server), KEY, user) == "odd_answer"
        assert (
            reason(wordpress.delete_user, site(server), KEY, Account(7, "hp7"), 1) == "odd_answer"
        )
        assert reason(wordpress.is_missing, site(server), 7) == "odd_answer"
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
    def test_no_wordpress_and_a_wordpress_in_trouble_have_different_names(
        self, start: Start, front: tuple[int, str], inner: tuple[int, str], expected: str
    ) -> None:
        server = start(
            lambda request, _: http_response(*(front if path_of(request) == "/" else inner))
        )
        wordpress = port(server.url)

        assert reason(wordpress.discover, server.url) == expected
        problem = wordpress.check(server.url).problem
        assert problem is not None
        assert problem.code == expected
        assert problem.message.endswith(".")
        assert problem.fix.endswith(".")

    def test_a_site_behind_basic_authentication_is_named(self, start: Start) -> None:
        server = start(lambda *_: http_response(401, "", 'WWW-Authenticate: Basic realm="Staging"'))

        assert reason(port(server.url).discover, server.url) == "basic_auth"
        assert reason(port(server.url).whoami, site(server), KEY) == "basic_auth"

    def test_wordpress_com_is_named(self, start: Start) -> None:
        server = start(lambda *_: http_response(404, WORDPRESS_PAGE, "Host-Header: WordPress.com"))

        assert reason(port(server.url).discover, server.url) == "wordpress_com"

    def test_a_check_of_an_unreachable_address_returns_a_problem_and_no_site(self) -> None:
        closed = f"http://127.0.0.1:{free_port()}"

        assert reason(port(closed).discover, closed) == "unreachable"
        check = port(closed).check(closed)
        assert (check.site, check.consent_url) == (None, None)
        assert check.problem is not None
        assert check.problem.code == "site_unreachable"

    def test_every_problem_has_a_sentence_and_a_fix(self) -> None:
        for words in (*UNSUPPORTED.values(), *UNAVAILABLE.values()):
            assert words.message.endswith(".")
            assert words.fix.endswith(".")
            assert "Hallpass" not in words.message


class TestHostileWordPress:
    @pytest.mark.parametrize(
        "bad",
        ["javascript:alert(1)", "http://10.0.0.1/x", "https://localhost/x", "ftp://a.b", 7, None],
    )
    def test_addresses_in_an_index_are_checked(self, start: Start, bad: object) -> None:
        offer = {"application-passwords": {"endpoints": {"authorization": bad}}}
        server = start(
            lambda *_: index(server.url, url=bad, home=bad, site_icon_url=bad, authentication=offer)
        )

        check = port(server.url).check(server.url)

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
            return (
                index(plain)
                if path_of(request).startswith("/api/")
                else http_response(200, "", link)
            )

        with Server(respond, certificate=files) as server:
            found = port(server.url, authorities=str(files[0])).discover(server.url)

            assert found.rest_root == f"{server.url}/api/"
            assert found.url == server.url
            assert found.login_url == f"{server.url}/wp-login.php"
            assert found.authorize_url == f"{server.url}/wp-admin/authorize-application.php"

    def test_a_home_on_another_host_is_ignored(self, start: Start) -> None:
        server = start(lambda *_: index(server.url, home="https://bank.example"))

        assert port(server.url).discover(server.url).url == server.url

    def test_a_name_is_unescaped_and_cut_off(self, start: Start) -> None:
        server = start(lambda *_: index(server.url, name="Tom &amp; Co " + "x" * 1000))

        name = port(server.url).discover(server.url).name

        assert name.startswith("Tom & Co x")
        assert len(name) == 200

    def test_a_page_built_to_slow_down_the_search_for_links_does_not(self, start: Start) -> None:
        page = "<link " * 300_000
        server = start(
            lambda request, _: (
                index(server.url) if "rest_route" in path_of(request) else http_response(200, page)
            )
        )

        assert port(server.url).discover(server.url).rest_root == f"{server.url}/?rest_route=/"

    @pytest.mark.parametrize("user_id", [0, -1, True, "1", 1.5, None, [1]])
    def test_a_malformed_user_id_in_a_response_is_an_odd_answer(
        self, start: Start, user_id: object
    ) -> None:
        account = {"id": user_id, "username": "admin", "email": "", "roles": []}
        server = start(lambda *_: as_json(account))

        assert reason(port(server.url).whoami, site(server), KEY) == "odd_answer"

    @pytest.mark.parametrize("user_id", [0, -1, True])
    def test_a_malformed_user_id_of_ours_is_never_sent(self, start: Start, user_id: int) -> None:
        server = start(lambda *_: as_json({"deleted": True}))
        wordpress = port(server.url)

        assert reason(wordpress.user_by_id, site(server), KEY, user_id) == "odd_answer"
        assert (
            reason(wordpress.delete_user, site(server), KEY, Account(user_id, "hp7"), 1)
            == "odd_answer"
        )
        assert reason(wordpress.is_missing, site(server), user_id) == "odd_answer"
        assert (
            reason(wordpress.check_removable, site(server), KEY, Account(user_id, "admin"))
            == "odd_answer"
        )
        assert server.requests == []

    @pytest.mark.parametrize("uuid", ["", "../1", None, 3, "0" * 36])
    def test_a_malformed_key_id_in_a_response_is_an_odd_answer(
        self, start: Start, uuid: object
    ) -> None:
        server = start(lambda *_: as_json({"uuid": uuid}))

        assert reason(port(server.url).key_id, site(server), KEY) == "odd_answer"

    def test_a_collection_with_endless_pages_is_read_up_to_the_limit(self, start: Start) -> None:
        many = as_json([{"id": 5, "username": "x"}], 200, f"X-WP-TotalPages: {'9' * 5000}")
        server = start(lambda *_: many)

        assert port(server.url).find_user(site(server), KEY, "admin") is None
        assert len(server.requests) == 50

    def test_a_deletion_without_confirmation_is_an_odd_answer(self, start: Start) -> None:
        def respond(request: bytes, _: socket.socket) -> bytes:
            body: dict[str, Any] = {"id": 7, "username": "hp7", "email": "", "roles": []}
            return as_json(body, 200 if request.startswith(b"GET") else 202)

        server = start(respond)

        assert (
            reason(port(server.url).delete_user, site(server), KEY, Account(7, "hp7"), 1)
            == "odd_answer"
        )

    def test_a_key_that_dies_during_a_deletion_is_no_proof_of_it(self, start: Start) -> None:
        # To a dead key, `me` is the user 0, which WordPress does not find.
        def respond(request: bytes, _: socket.socket) -> bytes:
            if request.startswith(b"GET"):
                return as_json({"id": 7, "username": "hp7", "email": "", "roles": []})
            return as_json({"code": "rest_user_invalid_id", "data": {"status": 404}}, 404)

        server = start(respond)

        with pytest.raises(KeyRefused):
            port(server.url).delete_self(site(server), KEY, Account(7, "hp7"), 1)

    @pytest.mark.parametrize("status", [401, 404, 410, 200])
    def test_only_wordpress_own_code_proves_that_a_user_is_missing(
        self, start: Start, status: int
    ) -> None:
        server = start(lambda *_: as_json({"code": "rest_no_route", "id": 7}, status))

        assert port(server.url).is_missing(site(server), 7) is False
