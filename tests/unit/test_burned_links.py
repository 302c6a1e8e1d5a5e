"""Only the owner adds a link to an access, and burning one burns all of them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.clock import DAY
from chalicelib.errors import TryAgain
from chalicelib.grants.site import Account, Credentials, Site
from chalicelib.onetime.envelope import Link, encode
from chalicelib.onetime.model import Revocation, Secret
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, PASSWORD, URL, World
from tests.unit.conftest import Api

REAL, OTHER = Link.derive(bytes(range(32))), Link.derive(bytes(range(1, 33)))
CLAIM = "c" * 22
MANUAL = ("grant_id", "site_url", "days", "owner_token", "support_token", "owner_email")


def user(world: World) -> dict[str, Any]:
    return {
        "grant_id": GRANT,
        "site_url": URL,
        "user_login": "admin",
        "application_password": world.site.consent("admin"),
        "password": PASSWORD,
        "days": 3,
        "owner_token": OWNER,
        "support_token": REAL.support,
        "owner_email": "owner@blog.example",
    }


def body_of(link: Link, **changes: object) -> dict[str, Any]:
    return {
        "id": link.id,
        "ciphertext": encode(link.seal("{}", bytes(12))),
        "access_sha256": link.access_sha256,
        "passphrase": False,
        "lifetime_seconds": 3600,
        "grant_id": GRANT,
        "owner_token": OWNER,
        "support_token": REAL.support,
        **changes,
    }


def opened(api: Api, link: Link) -> int:
    return api("POST", f"/secrets/{link.id}/open", {"access": link.access, "claim": CLAIM})[0]


@pytest.fixture
def active(world: World, api: Api) -> World:
    assert api("POST", "/users", user(world))[0] == 201
    assert api("POST", "/secrets", body_of(REAL))[0] == 201
    return world


@pytest.mark.usefixtures("active")
class TestDecoys:
    def test_who_holds_the_link_cannot_add_another(self, world: World, api: Api) -> None:
        decoy = body_of(OTHER, owner_token=REAL.support)

        assert api("POST", "/secrets", decoy)[0] == 404
        assert OTHER.id not in world.stored.items
        assert world.grants.items[GRANT].links.secret_ids == (REAL.id,)

    def test_a_new_link_revokes_the_one_before_it(self, world: World, api: Api) -> None:
        assert api("POST", "/secrets", body_of(OTHER))[0] == 201

        assert opened(api, REAL) == 404
        assert world.stored.items[REAL.id].ciphertext is None
        assert opened(api, OTHER) == 200

    def test_a_new_link_leaves_an_opened_one_as_it_is(self, api: Api) -> None:
        assert opened(api, REAL) == 200

        assert api("POST", "/secrets", body_of(OTHER))[0] == 201

        assert opened(api, REAL) == 200  # The winner's own retry, within its 60 seconds.

    def test_burning_burns_every_link_of_the_access(self, world: World, api: Api) -> None:
        # As an earlier version left them: two links wait at once.
        second = world.stored.items[REAL.id]
        api("POST", "/secrets", body_of(OTHER))
        world.stored.items[REAL.id] = second

        assert api("POST", f"/secrets/{OTHER.id}/burn", {}, token=OWNER)[0] == 204

        assert (opened(api, REAL), opened(api, OTHER)) == (404, 404)
        events = [e.detail for e in world.grants.items[GRANT].timeline if e.name == "link_burned"]
        assert sorted(events) == sorted([REAL.id, OTHER.id])

    def test_the_same_request_for_an_earlier_link_brings_it_not_back(self, api: Api) -> None:
        assert api("POST", "/secrets", body_of(OTHER))[0] == 201

        assert api("POST", "/secrets", body_of(REAL))[0] == 200

        assert opened(api, REAL) == 404
        assert opened(api, OTHER) == 200

    def test_of_two_links_made_at_once_the_later_one_opens(self, world: World, api: Api) -> None:
        # The first request joins the grant and is held up before it stores its secret.
        late, latest = (Link.derive(bytes([n]) * 32) for n in (7, 8))
        add, waiting = world.stored.add, [True]

        def held_up(secret: Secret) -> bool:
            if waiting.pop() if waiting else False:
                assert api("POST", "/secrets", body_of(latest))[0] == 201
            return add(secret)

        world.stored.add = held_up  # type: ignore[method-assign]
        api("POST", "/secrets", body_of(late))

        assert (opened(api, late), opened(api, latest)) == (404, 200)


ENDS = {"owner": ("end", OWNER), "support": ("end", REAL.support), "repair": ("repair", OWNER)}


@pytest.mark.usefixtures("active")
class TestEndNow:
    @pytest.mark.parametrize("end", ENDS)
    def test_a_link_is_revoked_although_the_site_refuses(
        self, world: World, api: Api, end: str
    ) -> None:
        consent = {"user_login": "admin", "application_password": world.site.consent("admin")}
        world.site.down = unavailable("timeout")
        act, token = ENDS[end]

        api("POST", f"/grants/{GRANT}/{act}", consent if act == "repair" else {}, token=token)

        assert world.grants.items[GRANT].state == "active"
        assert world.strangers
        assert opened(api, REAL) == 404
        assert world.stored.items[REAL.id].ciphertext is None

    def test_a_link_is_revoked_before_the_site_is_asked(self, world: World, api: Api) -> None:
        seen: list[int] = []
        whoami = world.wordpress.whoami

        def asked(site: Site, key: Credentials) -> Account:
            seen.append(opened(api, REAL))
            return whoami(site, key)

        world.wordpress.whoami = asked  # type: ignore[method-assign]
        api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)

        assert seen
        assert set(seen) == {404}

    def test_and_while_another_call_is_at_the_grant(self, world: World, api: Api) -> None:
        grant = world.grants.items[GRANT]
        world.grants.replace(grant, grant.leased(NOW, 120))

        assert api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)[0] == 202

        assert opened(api, REAL) == 404

    def test_a_secret_that_is_stored_after_the_end_was_asked_for_never_opens(
        self, world: World, api: Api
    ) -> None:
        world.site.down = unavailable("timeout")
        add = world.stored.add

        def held_up(secret: Secret) -> bool:
            api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)
            return add(secret)

        world.stored.add = held_up  # type: ignore[method-assign]

        assert api("POST", "/secrets", body_of(OTHER))[0] == 404
        assert opened(api, OTHER) == 404

    def test_an_end_goes_on_although_the_links_cannot_be_revoked_now(
        self, world: World, api: Api
    ) -> None:
        revoke, refusals = world.stored.revoke, [1, 2]

        def refused(
            secret_id: str, grant_id: str, reason: Revocation, *, now: int, purge_at: int
        ) -> None:
            if refusals and refusals.pop():
                raise TryAgain
            revoke(secret_id, grant_id, reason, now=now, purge_at=purge_at)

        world.stored.revoke = refused  # type: ignore[method-assign]
        api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)

        assert world.strangers == []
        sweep_and_work(world.parts, now=NOW + DAY)
        assert opened(api, REAL) == 404


def test_saying_that_a_user_made_by_hand_is_deleted_revokes_its_link_at_once(
    world: World, api: Api
) -> None:
    said = user(world)
    made = {"username": "hal", **{name: said[name] for name in MANUAL}}
    assert api("POST", "/grants", made)[0] == 201
    assert api("POST", "/secrets", body_of(REAL))[0] == 201
    grant = world.grants.items[GRANT]
    world.grants.replace(grant, grant.leased(NOW, 120))

    api("POST", f"/grants/{GRANT}/end", {"gone": True}, token=OWNER)

    assert opened(api, REAL) == 404


@pytest.mark.usefixtures("active")
def test_support_is_not_shown_the_owners_address(api: Api) -> None:
    assert api("GET", f"/grants/{GRANT}", token=OWNER)[1]["owner_email"] == "owner@blog.example"
    assert api("GET", f"/grants/{GRANT}", token=REAL.support)[1]["owner_email"] == ""
