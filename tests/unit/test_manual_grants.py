"""Grants whose user the owner made by hand, over fakes: reminders, confirmation and repair."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import ConsentRejected, GrantExists, NotFound, SiteUnsupported
from chalicelib.grants.manual_user import Found
from chalicelib.grants.model import Grant
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import REGISTERED, FakeSite
from tests.fakes.world import (
    GRANT,
    NEW_URL,
    NOW,
    OWNER,
    OWNER_MAIL,
    SUPPORT,
    SUPPORT_MAIL,
    TICKET,
    World,
    repair,
)

OTHER = "t" * 22


@pytest.fixture(autouse=True)
def registered(world: World, site: FakeSite) -> None:
    site.add_user("helper")
    world.parts.lifecycle.register(world.manual_request(), now=NOW)


def approve_repair(world: World, grant_id: str = GRANT) -> Grant:
    consent = Credentials("admin", world.site.consent("admin"))
    return repair(world.parts, consent, NOW + HOUR, grant_id)


class TestReminders:
    def test_at_the_deadline_the_owner_is_asked_to_delete_it(self, world: World) -> None:
        assert world.outbox.sent == []
        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        mail = world.outbox.to(OWNER_MAIL)[-1]
        assert "Confirm Deletion" in mail.text
        assert f"/receipt#{GRANT}." in mail.text

    def test_the_sweep_sends_no_request_to_the_site(self, world: World) -> None:
        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        assert world.wordpress.calls == []

    def test_a_reminder_explains_how_to_stop_it(self, world: World) -> None:
        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        assert (
            "was it never yours? Press “I deleted it myself”" in world.outbox.to(OWNER_MAIL)[0].text
        )
        assert "was it never yours" not in world.outbox.to(SUPPORT_MAIL)[0].text

    def test_repeated_end_requests_send_one_mail(self, world: World) -> None:
        for second in range(60):
            world.parts.ending.end(GRANT, SUPPORT, now=NOW + second)
        assert len(world.outbox.to(OWNER_MAIL)) == 1
        assert len(world.outbox.to(SUPPORT_MAIL)) == 1

    def test_an_overdue_manual_grant_does_not_raise_the_operators_gauge(self, world: World) -> None:
        assert sweep_and_work(world.parts, now=NOW + 9 * DAY).oldest_overdue == 0


class TestConfirmation:
    def test_the_owner_confirms_the_deletion_and_the_timeline_says_so(self, world: World) -> None:
        grant = world.parts.ending.confirm(GRANT, OWNER, now=NOW)

        assert (grant.state, grant.timeline[-1].by) == ("ended", "owner")

    def test_support_cannot_confirm_the_deletion(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.parts.ending.confirm(GRANT, SUPPORT, now=NOW)

    def test_no_notice_says_that_the_site_confirmed_what_its_owner_did(self, world: World) -> None:
        world.parts.ending.confirm(GRANT, OWNER, now=NOW)

        said = {
            OWNER_MAIL: "someone with the receipt told us",
            SUPPORT_MAIL: "The owner of blog.example told us",
        }
        for reader, expected in said.items():
            (mail,) = world.outbox.to(reader)
            assert expected in mail.text
            assert "confirmed" not in mail.text

    def test_the_notices_do_not_wait_for_a_consent_key_that_cannot_be_deleted_now(
        self, world: World, site: FakeSite
    ) -> None:
        key = Credentials("admin", site.consent("admin"))
        world.parts.repair.repair(GRANT, OWNER, key, now=NOW)
        site.down = unavailable("unreachable")

        world.parts.ending.confirm(GRANT, OWNER, now=NOW + MINUTE)

        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1
        assert world.owner_keys == 1
        site.down = None
        sweep_and_work(world.parts, now=NOW + HOUR)
        assert (world.owner_keys, world.grants.items[GRANT].phase) == (0, "closed")
        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1


class TestRepair:
    def test_a_site_that_does_not_count_posts_holds_nothing_up(self, world: World) -> None:
        world.wordpress.fail_next("count_posts", unavailable("server_error"))
        key = Credentials("admin", world.site.consent("admin"))

        found = world.parts.repair.repair(GRANT, OWNER, key, now=NOW)

        assert isinstance(found, Found)
        assert (found.user.username, found.posts) == ("helper", None)

    def test_a_repair_deletes_the_user_with_one_consent_key(
        self, world: World, site: FakeSite
    ) -> None:
        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        key = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, key, NOW + 4 * DAY)

        assert grant.state == "ended"
        assert world.strangers == []
        assert world.owner_keys == 0

    def test_the_owner_of_the_consent_key_is_never_deleted(
        self, world: World, site: FakeSite
    ) -> None:
        own = replace(world.manual_request("admin"), grant_id=OTHER)
        world.parts.lifecycle.register(own, now=NOW)

        with pytest.raises(SiteUnsupported):
            world.parts.repair.repair(
                OTHER, OWNER, Credentials("admin", site.consent("admin")), now=NOW
            )

        assert site.user("admin") is not None

    @pytest.mark.parametrize("method", ["whoami", "key_id", "find_user", "delete_user"])
    def test_a_confirmation_in_its_middle_does_not_stop_it(self, world: World, method: str) -> None:
        world.wordpress.interrupt_next(
            method, lambda: world.parts.ending.confirm(GRANT, OWNER, now=NOW)
        )

        grant = approve_repair(world)
        sweep_and_work(world.parts, now=NOW + DAY)

        assert grant.state == "ended"
        assert world.grants.items[GRANT].phase == "closed"
        assert world.owner_keys == 0

    @pytest.mark.parametrize("typed", ["Helper", "helper@example.test", "HELPER@example.test"])
    def test_the_user_is_found_by_any_name_that_signs_it_in(self, world: World, typed: str) -> None:
        world.parts.lifecycle.register(
            replace(world.manual_request(typed), grant_id=OTHER), now=NOW
        )

        assert approve_repair(world, OTHER).state == "ended"
        assert world.strangers == []
        assert world.owner_keys == 0

    def test_an_unknown_name_is_no_proof_of_an_end(self, world: World) -> None:
        world.parts.lifecycle.register(
            replace(world.manual_request("helpre"), grant_id=OTHER), now=NOW
        )

        with pytest.raises(SiteUnsupported) as refused:
            approve_repair(world, OTHER)

        assert refused.value.reason == "user_not_found"
        assert world.grants.items[OTHER].state == "active"
        assert world.owner_keys == 0

    @pytest.mark.parametrize("registered_at", [REGISTERED - 31 * DAY, None])
    def test_a_user_much_older_than_the_grant_is_not_deleted(
        self, world: World, site: FakeSite, registered_at: int | None
    ) -> None:
        site.add_user("colleague").registered_at = registered_at
        world.parts.lifecycle.register(
            replace(world.manual_request("colleague"), grant_id=OTHER), now=NOW
        )

        with pytest.raises(SiteUnsupported) as refused:
            approve_repair(world, OTHER)

        assert refused.value.reason == "user_is_older"
        assert "colleague" in world.strangers
        assert world.owner_keys == 0

    def test_keys_sent_to_a_redirect_target_count_against_its_host(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.add_site(NEW_URL)
        site.moved_to = NEW_URL
        with pytest.raises(ConsentRejected):
            approve_repair(world)

        counted = world.parts.limits.counter._hits  # type: ignore[attr-defined]
        assert [key for key in counted if "keys www.blog.example" in key] != []


def test_the_same_request_again_returns_the_same_grant(world: World) -> None:
    assert world.parts.lifecycle.register(world.manual_request(), now=NOW + 9)[1] is False
    with pytest.raises(GrantExists):
        world.parts.lifecycle.register(replace(world.manual_request(), days=4), now=NOW)


def test_the_confirmation_of_a_ticket_says_only_what_a_person_typed(world: World) -> None:
    world.parts.lifecycle.register(world.manual_request(), now=NOW)

    world.parts.tickets.send(TICKET, now=NOW)

    mail = world.outbox.to(OWNER_MAIL)[-1]
    assert "You allowed" not in mail.subject
    assert "can sign in" not in mail.text
    assert "Someone told us" in mail.text
