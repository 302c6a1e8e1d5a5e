"""What is recorded on a grant is announced, at least once, and says nothing that is secret."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.aws import event_bus
from chalicelib.aws.dynamodb import to_item
from chalicelib.aws.event_bus import EventBridgeBus, writes_of
from chalicelib.aws.grant_item import to_grant_item
from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import TryAgain
from chalicelib.grants.site import Credentials
from chalicelib.notifications.announcements import SENTENCES, Announcement
from chalicelib.onetime.model import Secret
from chalicelib.wiring import Hallpass
from tests.fakes.crash import Died, Process
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    PASSWORD,
    SECRET,
    SUPPORT,
    SUPPORT_MAIL,
    TICKET,
    World,
    repair,
)

DEADLINE = NOW + 3 * DAY


def announce(world: World, parts: Hallpass | None = None) -> list[str]:
    """Read the stream as Lambda does: what was announced is not read again."""
    while world.grants.stream:
        (parts or world.parts).announcer.announce(world.grants.stream[:3])
        del world.grants.stream[:3]
    return [each.name for each in world.event_bus.taken]


def visit(world: World) -> None:
    """Make an access, send its ticket, and open its link."""
    world.parts.lifecycle.provision(world.request(), now=NOW)
    sealed = Secret(SECRET, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003
    world.parts.secrets.create(sealed, lifetime=DAY, owner_token=OWNER, now=NOW)
    world.parts.tickets.send(TICKET, now=NOW + 1)
    with suppress(Exception):
        world.parts.secrets.open(SECRET, "proof", "claim", now=NOW + 2)


def test_one_access_is_announced_from_its_begin_to_its_end() -> None:
    world = World()
    visit(world)
    world.parts.lifecycle.extend(GRANT, OWNER, days=1, now=NOW + HOUR)
    sweep_and_work(world.parts, now=DEADLINE + DAY)

    names = announce(world)

    assert names == ["access_created", "ticket_sent", "link_opened", "extended", "ended"]
    ended = world.event_bus.taken[-1]
    assert (ended.grant_id, ended.site, ended.by) == (GRANT, "blog.example", "hallpass")
    assert ended.reference.startswith("HP-")
    assert ended.text == "The access to blog.example has ended."


def test_an_end_that_fails_is_announced_when_people_are_asked_for_help() -> None:
    world = World()
    world.parts.lifecycle.provision(world.request(), now=NOW)
    world.site.revoke(world.grants.items[GRANT].username)
    moment = DEADLINE
    for _ in range(5):
        sweep_and_work(world.parts, now=moment)
        moment = world.grants.items[GRANT].schedule.due_at or 0

    assert announce(world) == ["access_created", "overdue"]

    repair(world.parts, Credentials("admin", world.site.consent("admin")), moment)

    assert announce(world)[2:] == ["repaired", "ended"]


def test_a_manual_grant_is_announced_as_one() -> None:
    world = World()
    world.site.add_user("helper")
    world.parts.lifecycle.register(world.manual_request(), now=NOW)
    sweep_and_work(world.parts, now=DEADLINE)
    world.parts.ending.confirm(GRANT, OWNER, now=DEADLINE + 1)

    assert announce(world) == ["access_created", "overdue", "ended"]
    assert all(each.by_hand for each in world.event_bus.taken)


def test_a_set_up_that_is_undone_announces_nothing() -> None:
    world = World()
    world.parts.lifecycle.hold(world.request().hold(), now=NOW)
    sweep_and_work(world.parts, now=NOW + 15 * MINUTE)

    assert announce(world) == []


def test_a_bus_that_is_down_is_asked_again_and_hinders_nothing() -> None:
    world = World()
    world.event_bus.down = True
    visit(world)
    with pytest.raises(TryAgain):
        announce(world)
    assert world.grants.items[GRANT].state == "active"

    world.event_bus.down = False

    assert announce(world) == ["access_created", "ticket_sent", "link_opened"]


JOBS: dict[str, Callable[[Hallpass, World], object]] = {
    "provision": lambda parts, world: parts.lifecycle.provision(world.asked, now=NOW),  # type: ignore[attr-defined]
    "ticket": lambda parts, _: parts.tickets.send(TICKET, now=NOW),
    "extend": lambda parts, _: parts.lifecycle.extend(GRANT, OWNER, days=2, now=NOW),
    "end": lambda parts, _: parts.ending.end(GRANT, SUPPORT, now=NOW),
    "sweep": lambda parts, _: sweep_and_work(parts, now=DEADLINE),
}


@pytest.mark.parametrize("name", JOBS)
def test_whatever_dies_all_that_is_recorded_is_announced(name: str) -> None:
    def begin() -> World:
        world = World()
        world.asked = world.request()  # type: ignore[attr-defined]
        if name != "provision":
            world.parts.lifecycle.provision(world.asked, now=NOW)  # type: ignore[attr-defined]
        return world

    process, world = Process(), begin()
    JOBS[name](world.start(process), world)
    for death in range(2 * len(process.calls)):
        world = begin()
        with pytest.raises(Died):
            JOBS[name](world.start(Process(death // 2, after=bool(death % 2))), world)
        for number in (0, 0, 1):  # The announcer dies as well, before and after it announces.
            with suppress(Died, IndexError):
                announce(world, world.start(Process(0, after=bool(number))))

        announced = set(announce(world))

        timeline = world.grants.items[GRANT].timeline if GRANT in world.grants.items else ()
        recorded = {event.name for event in timeline} & set(SENTENCES)
        assert announced == recorded, (name, death)


def test_an_announcement_has_one_id_however_often_it_comes_and_names_nothing_secret() -> None:
    world = World()
    visit(world)
    sweep_and_work(world.parts, now=DEADLINE)
    stream = list(world.grants.stream)
    announce(world)
    ids = [each.id for each in world.event_bus.taken]
    world.grants.stream = stream
    announce(world)

    assert [each.id for each in world.event_bus.taken] == ids * 2
    assert len(set(ids)) == len(ids)
    client = FakeEvents()
    EventBridgeBus(client, "bus").put(world.event_bus.taken)  # type: ignore[arg-type]
    said = json.dumps(client.entries, default=str)
    grant = world.grants.items[GRANT]
    secrets = [OWNER, SUPPORT, PASSWORD, OWNER_MAIL, SUPPORT_MAIL, SECRET, grant.username]
    secrets += [*grant.tokens.owner_hashes, grant.tokens.support_hash, TICKET.message]
    assert [each for each in secrets if each in said] == []


class FakeEvents:
    """The client of boto3; takes `most` entries of each request."""

    def __init__(self, most: int = 10) -> None:
        self.entries: list[dict[str, Any]] = []
        self.most = most

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803
        assert len(Entries) <= 10
        self.entries += Entries
        return {"FailedEntryCount": max(0, len(Entries) - self.most)}


def some(count: int) -> list[Announcement]:
    one = Announcement("ended", "id", NOW, "owner", GRANT, "blog.example", False, NOW, "HP-1")  # noqa: FBT003
    return [one._replace(id=str(number)) for number in range(count)]


def test_the_bus_gets_tens_and_what_it_does_not_take_is_tried_again() -> None:
    client = FakeEvents()
    EventBridgeBus(client, "bus").put(some(23))  # type: ignore[arg-type]

    assert len(client.entries) == 23
    entry = client.entries[0]
    assert (entry["EventBusName"], entry["Source"]) == ("bus", event_bus.SOURCE)
    assert entry["DetailType"] == "ended"
    assert json.loads(entry["Detail"])["text"] == "The access to blog.example has ended."
    with pytest.raises(TryAgain):
        EventBridgeBus(FakeEvents(most=5), "bus").put(some(6))  # type: ignore[arg-type]


def test_a_record_of_the_stream_is_read_without_its_sealed_keys() -> None:
    world = World()
    world.parts.lifecycle.provision(world.request(), now=NOW)
    change = world.grants.stream[-1]
    assert change.before is not None
    assert change.after is not None
    images = {
        "OldImage": as_stream(to_grant_item(change.before)),
        "NewImage": as_stream(to_grant_item(change.after)),
    }

    (read,) = writes_of([{"eventName": "MODIFY", "dynamodb": images}])

    assert read.after is not None
    assert read.after.on_site.sealed_removal is None
    assert read.after.timeline == change.after.timeline
    assert writes_of([{"dynamodb": {"Keys": to_item({"id": "x"})}}]) == [(None, None)]


def as_stream(item: dict[str, Any]) -> dict[str, Any]:
    """Return *item* as Lambda gets it: as JSON, with bytes in base64."""
    return {name: {"B": "c2VhbGVk"} if "B" in value else value for name, value in item.items()}
