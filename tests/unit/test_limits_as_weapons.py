"""Who wants to lock others out by using up limits locks out only his own network."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chalicelib.errors import TryAgain
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, SUPPORT_MAIL, World
from tests.unit.bodies import LINK, secret_body, ticket_body, user_body
from tests.unit.conftest import Api
from tests.unit.test_limits import set_factor

OWNER_MAIL = "owner@blog.example"
WRONG = "w" * 43


@pytest.fixture(autouse=True)
def people(world: World) -> None:
    """Limit this world as people are limited."""
    set_factor(world, 1)


def network(number: int) -> dict[str, str]:
    """Return the headers of a request that CloudFront passes on from another network."""
    return {"x-hallpass-edge": "edge-key", "x-hallpass-viewer": f"198.51.100.{number}"}


def number_id(number: int) -> str:
    return f"{number:022d}"


def by_hand(number: int, **changes: object) -> dict[str, object]:
    return {
        "grant_id": number_id(number),
        "site_url": "https://blog.example",
        "username": "helper",
        "days": 3,
        "owner_token": "a" * 43,
        "support_token": "b" * 43,
        "owner_email": f"stranger{number}@else.example",
        **changes,
    }


def guess(world: World, number: int) -> dict[str, object]:
    """Return a set-up with a key that the site refuses."""
    return {
        **user_body(world, grant_id=number_id(number), application_password="stolen"),
        "owner_email": "",
    }


class TestOthersHaveAskedAboutTheSameSite:
    def test_sixty_users_made_by_hand_hold_up_neither_set_up_nor_repair(
        self, world: World, api: Api
    ) -> None:
        set_up = user_body(world)
        for number in range(60):
            api("POST", "/grants", by_hand(number), headers=network(number % 2))

        assert api("POST", "/users", set_up, headers=network(9))[0] == 201
        world.wordpress.sites["https://blog.example"].revoke(
            str(api("GET", f"/grants/{GRANT}", token=OWNER)[1]["username"])
        )
        repair = {
            "user_login": "admin",
            "application_password": user_body(world)["application_password"],
        }
        path = f"/grants/{GRANT}/repair"
        assert api("POST", path, repair, token=OWNER, headers=network(9))[0] == 200

    def test_sixty_checks_and_good_keys_from_elsewhere_hold_up_no_owner(
        self, world: World, api: Api
    ) -> None:
        for number in range(130):
            api("POST", "/sites", {"url": "blog.example"}, headers=network(number % 9))
            made = user_body(world, grant_id=number_id(number), owner_email="")
            assert api("POST", "/users", made, headers=network(number % 9))[0] == 201

        check = api("POST", "/sites", {"url": "blog.example"}, headers=network(10))
        assert check[0] == 200
        assert api("POST", "/users", user_body(world), headers=network(10))[0] == 201

    def test_who_tries_keys_is_held_up_before_all_others_are(self, world: World, api: Api) -> None:
        from_one = [
            api("POST", "/users", guess(world, n), headers=network(1))[0] for n in range(12)
        ]
        from_many = [
            api("POST", "/users", guess(world, 100 + n), headers=network(2 + n % 6))[0]
            for n in range(60)
        ]

        assert from_one == [401] * 10 + [429] * 2
        assert from_many == [401] * 60
        late = user_body(world, grant_id=number_id(999))
        assert api("POST", "/users", late, headers=network(1))[0] == 429
        assert api("POST", "/users", user_body(world), headers=network(20))[0] == 201

    def test_a_site_that_fails_is_not_counted_against(self, world: World, api: Api) -> None:
        site = world.wordpress.add_site("https://blog.example")
        site.multisite = True
        statuses = [
            api("POST", "/users", user_body(world, grant_id=number_id(n)), headers=network(1))[0]
            for n in range(12)
        ]
        site.multisite = False

        assert statuses == [422] * 12
        assert api("POST", "/users", user_body(world), headers=network(1))[0] == 201

    def test_a_site_that_was_down_has_no_check_and_no_key_counted_against_it(
        self, world: World, api: Api
    ) -> None:
        body = user_body(world)
        site = world.wordpress.sites["https://blog.example"]
        for number in range(70):
            visitor = network(number % 7)
            site.down = unavailable("server_error")
            checked = api("POST", "/sites", {"url": "blog.example"}, headers=visitor)
            site.down = None
            world.wordpress.fail_next("whoami", unavailable("server_error"))
            sent = user_body(world, grant_id=number_id(number), owner_email="")
            failed = api("POST", "/users", sent, headers=visitor)
            assert (checked[0], failed[0]) == (200, 422)

        assert api("POST", "/sites", {"url": "blog.example"}, headers=network(1))[0] == 200
        assert api("POST", "/users", body, headers=network(1))[0] == 201


class TestAGoodTokenHasItsOwnBudget:
    @pytest.mark.parametrize("token", [OWNER, LINK.support])
    def test_the_end_comes_although_the_network_has_used_up_its_requests(
        self, world: World, api: Api, token: str
    ) -> None:
        api("POST", "/users", user_body(world))
        end = f"/grants/{GRANT}/end"
        tried = [api("POST", end, {}, token=WRONG)[0] for _ in range(140)]

        assert tried[0] == 404
        assert tried[-1] == 429
        assert api("POST", end, {}, token=token)[0] == 200

    def test_a_repair_comes_although_the_network_has_used_up_its_requests(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user_body(world))
        path = f"/grants/{GRANT}/repair"
        repair = {
            "user_login": "admin",
            "application_password": user_body(world)["application_password"],
        }
        tried = [api("POST", path, repair, token=WRONG)[0] for _ in range(40)]

        assert tried[0] == 404
        assert tried[-1] == 429
        assert api("POST", path, repair, token=OWNER)[0] == 200

    def test_that_budget_ends_too_and_each_side_has_one(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))
        end = f"/grants/{GRANT}/end"
        world.wordpress.sites["https://blog.example"].protects_users = True
        statuses = [api("POST", end, {}, token=LINK.support)[0] for _ in range(300)]

        assert statuses[0] == 202
        assert statuses[-1] == 429
        assert api("POST", end, {}, token=OWNER)[0] == 202

    @pytest.mark.parametrize("token", [OWNER, LINK.support])
    def test_the_end_comes_although_nothing_can_be_counted(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch, token: str
    ) -> None:
        api("POST", "/users", user_body(world))

        def down(*_: object, **__: object) -> int:
            raise TryAgain

        monkeypatch.setattr(world.hits, "hit", down)

        assert api("POST", f"/grants/{GRANT}/end", {}, token=token)[0] == 200
        assert len(world.outbox.to(OWNER_MAIL)) == 1, "a notice that cannot be counted is sent"


class TestAFullMailbox:
    def fill(self, world: World, mailbox: str) -> None:
        for _ in range(20):
            world.parts.limits.admit_mail(mailbox, now=NOW)

    def test_twenty_users_made_by_hand_with_her_address_leave_her_the_set_up(
        self, world: World, api: Api
    ) -> None:
        for number in range(20):
            body = by_hand(number, owner_email=OWNER_MAIL)
            assert api("POST", "/grants", body, headers=network(number % 5))[0] == 201

        assert api("POST", "/users", user_body(world), headers=network(9))[0] == 201

    def test_a_confirmation_that_it_cannot_take_is_dropped_and_shown(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user_body(world))
        self.fill(world, OWNER_MAIL)
        body = ticket_body(grant_id=GRANT, owner_token=OWNER)

        first, again = (api("POST", "/tickets", body) for _ in range(2))

        assert (first[0], first[1]["mail"]) == (201, "dropped")
        assert again == (200, first[1])
        assert [mail.to for mail in world.outbox.sent] == [SUPPORT_MAIL]
        timeline = api("GET", f"/grants/{GRANT}", token=OWNER)[1]["timeline"]
        dropped = [event for event in timeline if event["event"] == "mail_dropped"]
        assert [event["detail"] for event in dropped] == [first[1]["reference"]]

    def test_a_notice_waits_for_room_and_holds_up_no_end(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))
        self.fill(world, OWNER_MAIL)

        assert api("POST", f"/grants/{GRANT}/end", {}, token=OWNER)[1]["state"] == "ended"
        assert [mail.to for mail in world.outbox.sent] == [SUPPORT_MAIL]
        tomorrow = NOW + 86_400
        for hour in range(3):
            sweep_and_work(world.parts, now=tomorrow + hour * 3600)

        assert [mail.to for mail in world.outbox.sent] == [SUPPORT_MAIL, OWNER_MAIL]

    def test_receipt_links_in_earlier_mails_go_on_working(self, world: World, api: Api) -> None:
        api("POST", "/users", user_body(world))
        mine = secret_body(grant_id=GRANT, support_token=LINK.support, owner_token=OWNER)
        api("POST", "/secrets", {**mine, "passphrase": True})
        self.fill(world, OWNER_MAIL)
        before = world.grants.items[GRANT].tokens.owner_hashes
        wrong = {"access": LINK.access[::-1], "claim": "c" * 22}
        wrong["access"] = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
        for _ in range(5):
            api("POST", f"/secrets/{LINK.id}/open", wrong)

        for minute in range(4):
            sweep_and_work(world.parts, now=NOW + minute * 360)

        assert world.outbox.sent == []
        assert world.grants.items[GRANT].tokens.owner_hashes == before


class TestEveryMailIsCounted:
    def tickets(self, api: Api, many: int, **said: object) -> list[int]:
        return [
            api("POST", "/tickets", ticket_body(subject=f"{n}", **said), headers=network(n % 200))[
                0
            ]
            for n in range(many)
        ]

    @pytest.mark.parametrize("tag", ["victim+{}@blog.example", "Victim+{}@BLOG.example"])
    def test_tags_and_capitals_do_not_make_another_mailbox(
        self, world: World, api: Api, tag: str
    ) -> None:
        for number in range(25):
            grant = by_hand(number, owner_email=tag.format(number), site_url=f"s{number}.example")
            assert api("POST", "/grants", grant, headers=network(number % 9))[0] == 201
            body = ticket_body(
                subject=f"{number}", grant_id=grant["grant_id"], owner_token=grant["owner_token"]
            )
            assert api("POST", "/tickets", body, headers=network(number % 9))[0] == 201

        strangers = [mail for mail in world.outbox.sent if mail.to != SUPPORT_MAIL]
        assert len(strangers) == 20

    def test_supports_mailbox_is_counted_too(self, world: World, api: Api) -> None:
        statuses = self.tickets(api, 150)

        assert statuses[0] == 201
        assert statuses[-1] == 429
        assert len(world.outbox.sent) < 100

    def test_notices_are_counted(self, world: World, api: Api) -> None:
        for number in range(25):
            url = f"https://site{number}.example"
            site = world.wordpress.add_site(url)
            body = user_body(
                world,
                grant_id=number_id(number),
                site_url=url,
                application_password=site.consent("admin"),
            )
            assert api("POST", "/users", body, headers=network(number))[0] == 201
            end = api("POST", f"/grants/{number_id(number)}/end", {}, token=OWNER)
            assert (end[0], end[1]["state"]) == (200, "ended")

        assert len(world.outbox.to(OWNER_MAIL)) == 20


# Every route that takes a body or an id, with something that no reader accepts.
ROUTES: list[tuple[str, str, Any]] = [
    ("POST", "/sites", b"{"),
    ("POST", "/users", b"{"),
    ("POST", "/secrets", b"{"),
    ("GET", "/secrets/short", None),
    ("GET", f"/secrets/{'u' * 22}", None),
    ("POST", "/secrets/short/open", b"{"),
    ("POST", "/secrets/short/ack", b"{"),
    ("POST", f"/secrets/{'u' * 22}/burn", None),
    ("POST", "/tickets", b"{"),
    ("POST", "/grants", b"{"),
    ("GET", f"/grants/{'u' * 22}", None),
    ("POST", f"/grants/{'u' * 22}/end", b"{"),
    ("POST", f"/grants/{'u' * 22}/extend", b"{"),
    ("POST", f"/grants/{'u' * 22}/link", b"{"),
    ("POST", f"/grants/{'u' * 22}/ask", b"{"),
    ("POST", f"/grants/{'u' * 22}/repair", b"{"),
]


@pytest.mark.parametrize(("method", "path", "raw"), ROUTES)
def test_every_request_is_counted_before_it_is_read(
    api: Api, method: str, path: str, raw: bytes | None
) -> None:
    for _ in range(1200):
        status, _ = api(method, path, raw=raw or b"")
        if status == 429:
            return
        assert status in {400, 404}
    raise AssertionError("never counted")
