"""DynamoDB, KMS or SES fail or throttle: what is left, who gets a mail, and when it is retried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.aws import sqs
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from tests.fakes.queue import VISIBILITY_SECONDS, sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import NOW, OWNER, OWNER_MAIL, SUPPORT_MAIL, URL, World

DEADLINE = NOW + 3 * DAY
FIRST, SECOND = "1" * 22, "2" * 22


@pytest.fixture
def provision(world: World, site: FakeSite) -> Callable[[str], ProvisionRequest]:
    def provision(grant_id: str) -> ProvisionRequest:
        consent = Credentials("admin", site.consent("admin"))
        request = ProvisionRequest(
            grant_id, URL, consent, "p" * 20, 3, OWNER, f"{grant_id}{grant_id}", OWNER_MAIL
        )
        world.parts.lifecycle.provision(request, now=NOW)
        return request

    return provision


def throttle(world: World, *grant_ids: str) -> None:
    """Let every write of these grants fail."""
    write = world.grants.replace

    def failing(before: Grant, after: Grant) -> Grant | None:
        if before.id in grant_ids:
            raise TryAgain
        return write(before, after)

    world.grants.replace = failing  # type: ignore[method-assign]


def test_a_grant_that_cannot_be_written_stops_no_other(
    world: World, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    provision(SECOND)
    throttle(world, FIRST)

    report = sweep_and_work(world.parts, now=DEADLINE)

    assert (report.ended, report.put_off, report.failed) == (1, 0, 1)
    assert world.grants.items[SECOND].state == "ended"
    assert world.grants.items[FIRST].schedule.due_since == DEADLINE, "it is due all the time"


def test_what_could_not_be_written_is_delivered_again(
    world: World, site: FakeSite, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    write = world.grants.replace
    throttle(world, FIRST)
    sweep_and_work(world.parts, now=DEADLINE)
    world.grants.replace = write  # type: ignore[method-assign]

    assert sweep_and_work(world.parts, now=DEADLINE + VISIBILITY_SECONDS).ended == 1
    assert list(site.users) == [1]


def test_an_end_that_could_not_be_recorded_is_recorded_by_a_later_sweep(
    world: World, site: FakeSite, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    write = world.grants.replace

    def failing(before: Grant, after: Grant) -> Grant | None:
        if after.state == "ended":
            raise TryAgain
        return write(before, after)

    world.grants.replace = failing  # type: ignore[method-assign]
    assert sweep_and_work(world.parts, now=DEADLINE).put_off == 1
    assert list(site.users) == [1], "deleted on the site, and no mail was sent"
    assert world.outbox.sent == []

    world.grants.replace = write  # type: ignore[method-assign]
    assert sweep_and_work(world.parts, now=DEADLINE + HOUR).ended == 1
    assert len(world.outbox.sent) == 2


def test_a_worker_that_could_not_record_is_an_error_to_lambda_so_it_is_delivered_again(
    world: World,
    provision: Callable[[str], ProvisionRequest],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    provision(FIRST)
    provision(SECOND)
    caplog.set_level("INFO")
    throttle(world, FIRST)
    monkeypatch.setattr(app_module, "hallpass", lambda: world.parts)
    monkeypatch.setattr(app_module, "now", lambda: DEADLINE)

    def work(client: Client, grant_id: str) -> None:
        body = sqs.write(sqs.Message(grant_id, "the-sweep"))
        client.lambda_.invoke("end_due", client.events.generate_sqs_event([body]))

    with Client(app_module.app) as client:
        with pytest.raises(TryAgain):
            work(client, FIRST)
        assert "Ended" not in capsys.readouterr().out
        work(client, SECOND)
        work(client, SECOND)

    assert '"Ended":[1.0]' in capsys.readouterr().out
    lines = [(each.message, vars(each)["grant_id"]) for each in caplog.records]
    assert lines == [("failed", FIRST), ("tried", SECOND), ("nothing to do", SECOND)]
    assert app_module.logger.get_current_keys()["correlation_id"] == "the-sweep"


def test_a_queue_that_takes_nothing_hides_nothing_and_the_next_sweep_hands_it_out(
    world: World, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    world.queue.down = True

    with pytest.raises(TryAgain):
        sweep_and_work(world.parts, now=DEADLINE)

    assert world.grants.items[FIRST].schedule.due_at == DEADLINE
    world.queue.down = False
    assert sweep_and_work(world.parts, now=DEADLINE + MINUTE).ended == 1


def test_a_set_up_without_kms_leaves_neither_grant_nor_user(
    world: World, provision: Callable[[str], ProvisionRequest]
) -> None:
    world.sealer.down = True

    with pytest.raises(TryAgain):
        provision(FIRST)

    assert world.grants.items == {}
    assert world.wordpress.calls == []


def test_an_end_without_kms_is_retried_without_end_and_reported_once(
    world: World, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    world.sealer.down = True
    moment, delays = DEADLINE, []
    for _ in range(6):
        report = sweep_and_work(world.parts, now=moment)
        assert (report.put_off, report.oldest_overdue) == (1, moment - DEADLINE)
        delays.append((world.grants.items[FIRST].schedule.due_at or 0) - moment)
        moment += delays[-1]

    assert delays == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR]
    assert world.grants.items[FIRST].timeline[-1].detail == "try_again"
    assert [mail.to for mail in world.outbox.sent] == [OWNER_MAIL, SUPPORT_MAIL]
    world.sealer.down = False
    assert sweep_and_work(world.parts, now=moment).ended == 1


def test_the_request_for_help_is_sent_when_mail_works_again(
    world: World, site: FakeSite, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    site.revoke(world.grants.items[FIRST].username)
    world.outbox.refusing = {OWNER_MAIL, SUPPORT_MAIL}
    moment = DEADLINE
    for _ in range(5):
        sweep_and_work(world.parts, now=moment)
        moment = world.grants.items[FIRST].schedule.due_at or 0
    assert world.outbox.sent == []

    world.outbox.refusing = {SUPPORT_MAIL}
    sweep_and_work(world.parts, now=moment)
    world.outbox.refusing = set()
    sweep_and_work(world.parts, now=moment + HOUR)

    assert [mail.to for mail in world.outbox.sent] == [OWNER_MAIL, SUPPORT_MAIL]


def test_unsent_notices_never_make_an_ended_grant_overdue(
    world: World, provision: Callable[[str], ProvisionRequest]
) -> None:
    provision(FIRST)
    world.outbox.refusing = {OWNER_MAIL}

    report = sweep_and_work(world.parts, now=DEADLINE)

    assert (report.ended, report.oldest_overdue) == (1, 0)
    assert world.grants.items[FIRST].schedule.due_at == DEADLINE + MINUTE
    assert world.grants.items[FIRST].schedule.purge_at is None, "it is stored until it is sent"
