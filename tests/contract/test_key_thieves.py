"""
A site that wants the administrator key of another: two real WordPress sites, and plain requests.

The thief's owner can make it answer anything. The victim approves on its own WordPress, so its key
may go to its own WordPress and nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.outbound.client import Outbound
from chalicelib.wordpress.client import RestWordPress
from infra.local.wordpress import WordPress as LocalWordPress
from tests.contract.sites import AGENT, RealBlog
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import NOW, OWNER, OWNER_MAIL, PASSWORD, SUPPORT, World
from tests.unit.conftest import Api

RECORD = (
    "<?php foreach ( getallheaders() as $name => $value ) { if ( strtolower( $name ) === "
    "'authorization' ) { file_put_contents( WP_CONTENT_DIR . '/stolen.txt', $value . \"\\n\", "
    "FILE_APPEND ); } }"
)
# The REST index of the thief names the approval page of the victim.
POINT_ELSEWHERE = (
    "add_filter( 'rest_index', function ( $response ) {{ $data = $response->get_data(); "
    "$data['authentication']['application-passwords']['endpoints']['authorization'] = '{page}'; "
    "$data['url'] = '{url}'; $response->set_data( $data ); return $response; }}, 99 );"
)


@dataclass
class Stage:
    """The two sites, and Hallpass between them."""

    thief: LocalWordPress
    victim: RealBlog
    world: World
    api: Api
    # Each test has its own, because the support user's name follows from it.
    grant_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def point_elsewhere(self, *, url: str = "") -> None:
        """Let the thief name the victim's approval page and, as its WordPress address, *url*."""
        page = f"{self.victim.url}/wp-admin/authorize-application.php"
        self.thief.mu(RECORD + POINT_ELSEWHERE.format(page=page, url=url or self.victim.url))

    def behave(self) -> None:
        """Let the thief answer as the WordPress that it is."""
        self.thief.mu(RECORD)

    @property
    def stolen(self) -> list[str]:
        """The Authorization headers that the thief has received."""
        file = self.thief.dir / "wp-content/stolen.txt"
        return file.read_text().splitlines() if file.exists() else []

    def approved(self) -> dict[str, str]:
        """Return what the victim's WordPress hands out when its owner approves."""
        key = self.victim.consent()
        return {"user_login": key.username, "application_password": key.password}

    def set_up(self, site_url: str, **changes: object) -> tuple[int, dict[str, Any]]:
        """Request an access to *site_url* with the key that the victim has approved."""
        request = {
            "grant_id": self.grant_id,
            "site_url": site_url,
            **self.approved(),
            "password": PASSWORD,
            "days": 3,
            "owner_token": OWNER,
            "support_token": SUPPORT,
            "owner_email": OWNER_MAIL,
        }
        return self.api("POST", "/users", {**request, **changes})

    def register(self, username: str) -> None:
        """Two requests of a stranger: a manual grant for the thief's site, and its end."""
        request = {
            "grant_id": self.grant_id,
            "site_url": self.thief.url,
            "username": username,
            "days": 3,
            "owner_token": OWNER,
            "support_token": SUPPORT,
            "owner_email": OWNER_MAIL,
        }
        assert self.api("POST", "/grants", request)[0] == 201
        self.api("POST", f"/grants/{self.grant_id}/end", {}, token=OWNER)

    def repair(self, **changes: object) -> tuple[int, dict[str, Any]]:
        """Send the victim's key as the receipt page does after "Approve and delete"."""
        body = {**self.approved(), **changes}
        return self.api("POST", f"/grants/{self.grant_id}/repair", body, token=OWNER)


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[LocalWordPress, LocalWordPress]]:
    with LocalWordPress("7.1") as thief, LocalWordPress("7.1") as victim:
        yield thief, victim


@pytest.fixture
def stage(
    sites: tuple[LocalWordPress, LocalWordPress], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    thief, victim = sites
    (thief.dir / "wp-content/stolen.txt").unlink(missing_ok=True)
    victim.mu("<?php")
    outbound = Outbound(AGENT, allowed_sites=[thief.url, victim.url])
    world = World(wordpress=cast("Any", RestWordPress(outbound)))
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    monkeypatch.setattr(app_module, "now", lambda: NOW)
    with Client(app_module.app) as client:
        yield Stage(thief, RealBlog(victim), world, Api(client))


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class TestALook:
    @pytest.mark.parametrize("url", ["", "own"], ids=["another address", "its own address"])
    def test_what_is_shown_and_where_it_is_approved_are_one_place(
        self, stage: Stage, url: str
    ) -> None:
        stage.point_elsewhere(url=stage.thief.url if url else "")

        status, answer = stage.api("POST", "/sites", {"url": stage.thief.url})

        assert status == 200
        shown = origin(answer["site"]["url"])
        assert origin(answer["site"]["login_url"]) == shown
        if answer["consent_url"] is None:
            assert answer["problem"]["code"] == "two_hosts"
        else:
            assert origin(answer["consent_url"]) == shown


class TestSetUp:
    def test_the_key_goes_to_the_site_that_is_approved_and_not_to_the_one_that_asks(
        self, stage: Stage
    ) -> None:
        stage.point_elsewhere()

        stage.set_up(stage.thief.url, approved_on=stage.victim.url)

        assert stage.stolen == []

    def test_without_a_word_of_where_it_was_approved_either(self, stage: Stage) -> None:
        stage.point_elsewhere()

        stage.set_up(stage.thief.url)

        assert stage.stolen == []

    def test_a_thief_that_changes_its_answer_after_the_check_gets_nothing(
        self, stage: Stage
    ) -> None:
        stage.point_elsewhere()
        stage.api("POST", "/sites", {"url": stage.thief.url})
        stage.behave()

        status, answer = stage.set_up(stage.thief.url, approved_on=stage.victim.url)

        assert (status, answer["code"], answer["reason"]) == (422, "site_unsupported", "two_hosts")
        assert stage.stolen == []
        assert stage.world.grants.items == {}

    def test_the_sweep_gives_the_key_back_to_its_own_site_only(self, stage: Stage) -> None:
        # Set-up never gets an answer, so that the sweep looks for the site itself.
        stage.thief.mu("<?php http_response_code( 500 ); exit;")
        assert stage.set_up(stage.thief.url, approved_on=stage.victim.url)[0] != 201
        stage.behave()

        for _ in range(3):
            sweep_and_work(stage.world.parts, now=NOW + 3600 * 24)

        assert stage.stolen == []


class TestRepair:
    def test_a_genuine_approve_and_delete_link_for_a_hostile_site_sends_it_no_key(
        self, stage: Stage
    ) -> None:
        stage.point_elsewhere()
        stage.register("nobody-here")

        stage.repair(approved_on=stage.victim.url)

        assert stage.stolen == []

    def test_nor_when_the_site_changes_its_answer_after_the_check(self, stage: Stage) -> None:
        stage.point_elsewhere()
        stage.register("nobody-here")
        stage.api("POST", "/sites", {"url": stage.thief.url})
        stage.behave()

        status, answer = stage.repair(approved_on=stage.victim.url)

        assert (status, answer["reason"]) == (422, "two_hosts")
        assert stage.stolen == []
        assert stage.world.grants.items[stage.grant_id].consent is None

    def test_nor_when_an_access_to_the_hostile_site_itself_cannot_be_removed(
        self, stage: Stage
    ) -> None:
        stage.behave()
        own = RealBlog(stage.thief).consent()
        created, _ = stage.set_up(
            stage.thief.url,
            user_login=own.username,
            application_password=own.password,
            approved_on=stage.thief.url,
        )
        assert created == 201
        (stage.thief.dir / "wp-content/stolen.txt").unlink()
        stage.point_elsewhere()

        status, answer = stage.repair(approved_on=stage.victim.url)

        assert (status, answer["reason"]) == (422, "not_ours")
        assert stage.stolen == []


class TestASiteOnTwoHosts:
    """Home and WordPress address of one real site are on two hosts, as some hosts set it up."""

    @pytest.fixture
    def other(self, stage: Stage) -> str:
        """The WordPress address: the same server under another name."""
        other = stage.victim.url.replace("127.0.0.1", "localhost")
        stage.victim.site.mu(
            f"<?php add_filter( 'option_siteurl', fn() => '{other}', 99 );"
            f"add_filter( 'option_home', fn() => '{stage.victim.url}', 99 );"
        )
        outbound = Outbound(AGENT, allowed_sites=[stage.victim.url, other])
        stage.world.wordpress = cast("Any", RestWordPress(outbound))
        stage.world.__post_init__()
        return other

    def test_it_works_below_its_wordpress_address(self, stage: Stage, other: str) -> None:
        _, check = stage.api("POST", "/sites", {"url": stage.victim.url})

        status, answer = stage.set_up(check["site"]["url"], approved_on=other)

        assert origin(check["consent_url"]) == origin(check["site"]["url"]) == other
        assert check["problem"] is None
        assert (status, origin(answer["login_url"])) == (201, other)
        assert stage.api("POST", f"/grants/{stage.grant_id}/end", {}, token=OWNER)[0] == 200

    def test_where_it_does_not_answer_there_it_says_so(self, stage: Stage, other: str) -> None:
        host = origin(other).partition("://")[2]
        stage.victim.site.mu(
            f"<?php add_filter( 'option_siteurl', fn() => '{other}', 99 );"
            f"if ( $_SERVER['HTTP_HOST'] === '{host}' ) {{ http_response_code( 403 ); exit; }}"
        )

        _, check = stage.api("POST", "/sites", {"url": stage.victim.url})
        status, answer = stage.set_up(stage.victim.url)

        assert check["consent_url"] is None
        assert check["problem"]["code"] == "two_hosts"
        assert check["problem"]["fix"].endswith(".")
        assert (status, answer["reason"]) == (422, "two_hosts")
        assert answer["fix"]
        assert stage.world.grants.items == {}
