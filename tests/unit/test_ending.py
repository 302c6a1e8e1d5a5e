"""The end of an access over fakes: when it comes, how often it is tried, and who gets a notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import NotFound
from chalicelib.grants.model import MAX_NOTICE_ATTEMPTS, Grant
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.schedule import FIRST_RETRY_SECONDS, retry_delay
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SUPPORT, SUPPORT_MAIL, URL, World


@pytest.fixture(autouse=True)
def active(world: World, provision_request: ProvisionRequest) -> None:
    world.parts.lifecycle.provision(provision_request, now=NOW)


class TestEnd:
    def test_the_sweep_ends_it_at_the_deadline_and_not_before(self, world: World) -> None:
        sweep_and_work(world.parts, now=NOW + 3 * DAY - 1)
        assert world.strangers != []

        report = sweep_and_work(world.parts, now=NOW + 3 * DAY)

        assert (report.ended, report.put_off, report.oldest_overdue) == (1, 0, 0)
        assert world.strangers == []
        grant = world.grants.items[GRANT]
        assert (grant.state, grant.schedule.due_at) == ("ended", None)
        assert grant.on_site.sealed_removal is None
        assert grant.schedule.purge_at == NOW + 93 * DAY

    def test_its_content_goes_to_the_owner(self, world: World, site: FakeSite) -> None:
        site.write(world.grants.items[GRANT].username, "By support")

        world.parts.ending.end(GRANT, SUPPORT, now=NOW)

        assert site.content == {"By support": 1}

    def test_another_administrator_gets_its_content_when_the_owner_was_deleted(
        self, world: World, site: FakeSite
    ) -> None:
        other = site.add_user("other")
        site.write(world.grants.items[GRANT].username, "By support")
        del site.users[1]

        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "ended"
        assert site.content == {"By support": other.id}

    def test_ending_twice_deletes_the_user_once(self, world: World) -> None:
        world.parts.ending.end(GRANT, OWNER, now=NOW)
        again = world.parts.ending.end(GRANT, SUPPORT, now=NOW + 1)

        assert again.ended_at == NOW
        assert len(world.wordpress.called("delete_self")) == 1

    def test_a_stranger_cannot_end_it(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.parts.ending.end(GRANT, "x" * 43, now=NOW)

        assert world.strangers != []

    def test_two_sweeps_at_once_delete_the_user_once(self, world: World) -> None:
        world.wordpress.interrupt_next(
            "delete_self", lambda: sweep_and_work(world.parts, now=NOW + 3 * DAY)
        )
        sweep_and_work(world.parts, now=NOW + 3 * DAY)

        assert len(world.wordpress.called("delete_self")) == 1

    def test_an_unexpected_error_stops_no_other_grant(
        self, world: World, site: FakeSite, provision_request: ProvisionRequest
    ) -> None:
        consent = Credentials("admin", site.consent("admin"))
        world.parts.lifecycle.provision(
            replace(provision_request, grant_id="2" * 22, consent=consent), now=NOW + 1
        )
        get = world.grants.get

        def broken(grant_id: str) -> Grant | None:
            if grant_id == GRANT:
                raise ZeroDivisionError
            return get(grant_id)

        world.grants.get = broken  # type: ignore[method-assign]
        report = sweep_and_work(world.parts, now=NOW + 4 * DAY)

        assert (report.ended, report.failed) == (1, 1)
        assert isinstance(report.unexpected, ZeroDivisionError)


class TestRetries:
    @pytest.mark.parametrize("reason", ["timeout", "server_error", "firewall", "maintenance"])
    def test_a_site_that_does_not_respond_is_retried_without_end(
        self, world: World, site: FakeSite, reason: str
    ) -> None:
        site.down = unavailable(reason)
        now = NOW + 3 * DAY
        tried = []
        for _ in range(40):
            report = sweep_and_work(world.parts, now=now)
            assert report.put_off == 1
            assert report.oldest_overdue == now - NOW - 3 * DAY
            due_at = world.grants.items[GRANT].schedule.due_at or 0
            tried.append(due_at - now)
            now = due_at

        assert tried[:5] == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR]
        assert tried[30:] == [DAY] * 10
        assert world.grants.items[GRANT].timeline[-1].detail == reason
        site.down = None
        sweep_and_work(world.parts, now=now)
        assert world.grants.items[GRANT].state == "ended"
        assert world.strangers == []

    def test_no_end_is_recorded_while_kms_is_down(self, world: World) -> None:
        world.sealer.down = True
        world.parts.forget_keys()
        assert world.parts.ending.end(GRANT, OWNER, now=NOW).state == "active"

        world.sealer.down = False
        sweep_and_work(world.parts, now=NOW + MINUTE)
        assert world.grants.items[GRANT].state == "ended"

    def test_repeated_requests_do_not_delay_the_next_retry(
        self, world: World, site: FakeSite
    ) -> None:
        site.down = unavailable("unreachable")
        for second in range(30):
            world.parts.ending.end(GRANT, SUPPORT, now=NOW + second)

        grant = world.grants.items[GRANT]
        assert (grant.schedule.attempts, grant.schedule.due_at) == (1, NOW + MINUTE)
        site.down = None
        assert world.parts.ending.end(GRANT, SUPPORT, now=NOW + 30).state == "ended"

    @pytest.mark.parametrize(
        ("attempts", "delay"),
        [
            (1, MINUTE),
            (2, 5 * MINUTE),
            (3, 15 * MINUTE),
            (4, HOUR),
            (27, HOUR),
            (28, DAY),
            (999, DAY),
        ],
    )
    def test_retries_come_after_1_5_15_60_minutes_then_hourly_then_daily(
        self, attempts: int, delay: int
    ) -> None:
        assert retry_delay(attempts) == delay


class TestNotices:
    def test_owner_and_support_get_one_notice_each(self, world: World) -> None:
        sweep_and_work(world.parts, now=NOW + 3 * DAY)
        sweep_and_work(world.parts, now=NOW + 4 * DAY)

        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1

    def test_the_third_failure_mails_the_owner_how_to_delete_the_user(
        self, world: World, site: FakeSite
    ) -> None:
        site.down = unavailable("server_error")
        now = NOW + 3 * DAY
        for count in (0, 0, 1, 1, 1):
            sweep_and_work(world.parts, now=now)
            assert len(world.outbox.to(OWNER_MAIL)) == count
            now = world.grants.items[GRANT].schedule.due_at or 0

        (mail,) = world.outbox.to(OWNER_MAIL)
        username = world.grants.items[GRANT].username
        assert f"Look for {username}" in mail.text
        assert URL not in mail.text, "nothing that was typed is a link"
        for step in ("Users » All Users", "Hover", "Delete", "Confirm Deletion"):
            assert step in mail.text
        token = mail.text.partition(f"/receipt#{GRANT}.")[2].split()[0]
        assert world.parts.lifecycle.view(GRANT, token)[1] == "owner"

    def test_an_end_whose_mail_failed_stays_an_end_and_the_mail_goes_out_later(
        self, world: World
    ) -> None:
        world.outbox.refusing = {OWNER_MAIL}
        grant = world.parts.ending.end(GRANT, OWNER, now=NOW)
        assert (grant.state, grant.schedule.due_at) == ("ended", NOW + FIRST_RETRY_SECONDS[0])

        world.outbox.refusing = set()
        sweep_and_work(world.parts, now=NOW + FIRST_RETRY_SECONDS[0])

        assert len(world.outbox.to(OWNER_MAIL)) == len(world.outbox.to(SUPPORT_MAIL)) == 1
        assert world.grants.items[GRANT].schedule.due_at is None

    def test_a_dead_mailbox_delays_no_other_reader_and_is_abandoned_after_a_week(
        self, world: World
    ) -> None:
        world.outbox.refusing = {OWNER_MAIL}
        world.parts.ending.end(GRANT, OWNER, now=NOW)
        assert len(world.outbox.to(SUPPORT_MAIL)) == 1

        for day in range(MAX_NOTICE_ATTEMPTS):
            sweep_and_work(world.parts, now=NOW + (1 + day) * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.schedule.due_at, len(world.outbox.to(SUPPORT_MAIL))) == (None, 1)
        assert grant.schedule.purge_at is not None
