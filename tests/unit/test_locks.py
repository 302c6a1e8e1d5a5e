"""A locked link sends its owner one mail for each lock, and never delays the end of the access."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.clock import DAY, MINUTE
from chalicelib.errors import Locked, TryAgain, WrongPassphrase
from chalicelib.grants.model import Grant
from chalicelib.onetime.model import LOCK_SECONDS, MAX_PASSPHRASE_TRIES, Secret
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SECRET, World

SEALED = Secret(SECRET, b"sealed", "right", True, 0, "f", GRANT)  # noqa: FBT003


@pytest.fixture(autouse=True)
def site(world: World) -> FakeSite:
    """A site with an active access, whose link has a passphrase."""
    world.parts.lifecycle.provision(world.request(), now=NOW)
    world.parts.secrets.create(SEALED, lifetime=3 * DAY, owner_token=OWNER, now=NOW)
    return world.site


def guess(world: World, *, now: int = NOW, times: int = MAX_PASSPHRASE_TRIES) -> None:
    for _ in range(times):
        with pytest.raises(WrongPassphrase):
            world.parts.secrets.open(SECRET, "wrong", "claim", now=now)


def grant(world: World) -> Grant:
    return world.grants.items[GRANT]


def locks(world: World) -> list[int]:
    return [event.at for event in grant(world).timeline if event.name == "link_locked"]


def test_four_wrong_passphrases_send_no_mail(world: World) -> None:
    guess(world, times=MAX_PASSPHRASE_TRIES - 1)
    sweep_and_work(world.parts, now=NOW)

    assert locks(world) == []
    assert world.outbox.sent == []


def test_the_next_sweep_mails_the_owner_about_the_last_one(world: World) -> None:
    guess(world)
    report = sweep_and_work(world.parts, now=NOW)

    (mail,) = world.outbox.sent
    assert mail.to == OWNER_MAIL
    assert "Nothing was opened" in mail.text
    token = mail.text.partition(f"/receipt#{GRANT}.")[2].split()[0]
    assert world.parts.lifecycle.view(GRANT, token)[1] == "owner"
    assert locks(world) == [NOW]
    assert (report.ended, report.put_off, report.oldest_overdue) == (0, 0, 0)


def test_the_access_runs_on_and_ends_at_its_deadline(world: World, site: FakeSite) -> None:
    guess(world)
    sweep_and_work(world.parts, now=NOW)

    assert (grant(world).state, grant(world).schedule.due_at) == ("active", NOW + 3 * DAY)
    assert len(site.users) == 2
    assert sweep_and_work(world.parts, now=NOW + 3 * DAY).ended == 1


def test_each_lock_sends_one_mail(world: World) -> None:
    guess(world)
    sweep_and_work(world.parts, now=NOW)
    with pytest.raises(Locked):
        world.parts.secrets.open(SECRET, "wrong", "claim", now=NOW + MINUTE)
    assert grant(world).schedule.due_at == NOW + 3 * DAY, "the same lock is no news"
    sweep_and_work(world.parts, now=NOW + MINUTE)
    assert len(world.outbox.sent) == 1

    guess(world, now=NOW + LOCK_SECONDS)
    sweep_and_work(world.parts, now=NOW + LOCK_SECONDS)

    assert len(world.outbox.sent) == 2
    assert len([notice for notice in grant(world).notices if notice.kind == "locked"]) == 1


def test_locks_in_a_row_do_not_push_the_story_out_of_the_timeline(world: World) -> None:
    for number in range(70):
        guess(world, now=NOW + number * LOCK_SECONDS)

    assert [event.name for event in grant(world).timeline] == ["access_created", "link_locked"]


def test_a_mail_that_failed_goes_out_later(world: World) -> None:
    guess(world)
    world.outbox.refusing = {OWNER_MAIL}
    sweep_and_work(world.parts, now=NOW)
    assert grant(world).schedule.due_at == NOW + 5 * MINUTE
    assert grant(world).schedule.attempts == 0, "a mail is no failed removal"

    world.outbox.refusing = set()
    sweep_and_work(world.parts, now=NOW + 5 * MINUTE)

    assert len(world.outbox.sent) == 1
    assert grant(world).schedule.due_at == NOW + 3 * DAY


def test_a_lock_that_could_not_be_noted_is_noted_by_the_next_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(world, times=MAX_PASSPHRASE_TRIES - 1)
    with monkeypatch.context() as broken:
        broken.setattr(world.grants, "replace", lambda *_: None)
        with pytest.raises(TryAgain):
            world.parts.secrets.open(SECRET, "wrong", "claim", now=NOW)

    with pytest.raises(Locked):
        world.parts.secrets.open(SECRET, "right", "claim", now=NOW + 1)

    assert locks(world) == [NOW]


def test_the_right_passphrase_at_the_last_try_is_no_lock(world: World) -> None:
    guess(world, times=MAX_PASSPHRASE_TRIES - 1)

    assert world.parts.secrets.open(SECRET, "right", "claim", now=NOW) == b"sealed"
    assert locks(world) == []


def test_an_end_is_not_held_up_by_a_lock(world: World, site: FakeSite) -> None:
    guess(world)
    world.outbox.refusing = {OWNER_MAIL}

    assert world.parts.ending.end(GRANT, OWNER, now=NOW + 1).state == "ended"
    assert len(site.users) == 1


def test_a_lock_does_not_disturb_a_set_up(world: World) -> None:
    world.grants.items[GRANT] = replace(grant(world), phase="provisioning")
    due_at = grant(world).schedule.due_at

    guess(world)

    assert grant(world).schedule.due_at == due_at
    assert locks(world) == [NOW]


def test_a_lock_of_a_link_without_an_access_sends_no_mail(world: World) -> None:
    lone = Secret("l" * 22, b"sealed", "right", True, 0, "f")  # noqa: FBT003
    world.parts.secrets.create(lone, lifetime=DAY, owner_token=None, now=NOW)
    for _ in range(MAX_PASSPHRASE_TRIES):
        with pytest.raises(WrongPassphrase):
            world.parts.secrets.open(lone.id, "wrong", "claim", now=NOW)

    assert locks(world) == []
