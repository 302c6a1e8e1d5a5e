"""Who queues in front delays no other's deadline: counted in calls and in simulated seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clock import DAY, HOUR, MINUTE, TimeBudget
from chalicelib.errors import SiteUnavailable, TooManyRequests
from chalicelib.grants.due_order import MAX_FIRST_TRIES
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.crash import Process
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeSite
from tests.fakes.workers import Fleet, Seconds
from tests.fakes.world import GRANT, NOW, OWNER, SETTINGS, SUPPORT, URL, World

SLOW, SLOW_SECONDS, HEALTHY_SECONDS = "https://tarpit.example", 30.0, 0.5
END = NOW + 3 * DAY


@pytest.fixture
def world() -> World:
    """A world in which our own work takes time: the time of `seconds`."""
    return World(budget=TimeBudget())


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    ours = Seconds()
    monkeypatch.setattr(clock, "time", ours)
    return ours


def tarpits(world: World, seconds: Seconds, slow: set[str]) -> None:
    """Let every call of the sites at *slow* take its time and bring nothing."""
    call = world.wordpress._call

    @contextmanager
    def slow_call(method: str, url: str, key: Credentials | None = None) -> Iterator[FakeSite]:
        with call(method, url, key) as site:
            if url in slow:
                seconds.now += SLOW_SECONDS
                raise unavailable("timeout")
            seconds.now += HEALTHY_SECONDS
            yield site

    world.wordpress._call = slow_call  # type: ignore[method-assign]


def make(world: World, number: int, url: str, now: int) -> str:
    """Make an active access on the site at *url*, and return its id."""
    grant_id = f"{number:022}"
    site = world.wordpress.add_site(url)
    request = replace(
        world.request(), grant_id=grant_id, site_url=url, consent=consent(site), owner_email=""
    )
    grant, _ = world.parts.lifecycle.provision(request, now=now)
    assert grant.state == "active"
    return grant_id


def consent(site: FakeSite) -> Credentials:
    return Credentials("admin", site.consent("admin"))


def sweep(world: World, now: int) -> None:
    sweep_and_work(world.start(Process()), now=now)


def calls_before(world: World, url: str) -> dict[str, int]:
    """Return how many calls went to each other site before the first one to *url*."""
    before: dict[str, int] = {}
    for call in world.wordpress.calls:
        if call.url == url:
            return before
        before[call.url] = before.get(call.url, 0) + 1
    raise AssertionError(f"{url} was never asked")


class TestTwelveSlowGrantsInFront:
    def delay(self, world: World, seconds: Seconds, slow: set[str]) -> float:
        """Return by how much the slow ones delay the end of an honest access."""
        honest = make(world, 99, URL, NOW)
        alone = self.alone(seconds)
        tarpits(world, seconds, slow)
        world.wordpress.calls.clear()
        fleet = Fleet(world, seconds)
        fleet.sweep(END)
        return fleet.ended[honest] - alone

    def alone(self, seconds: Seconds) -> float:
        """Return how long the same end takes when there is nothing else."""
        world = World(budget=TimeBudget())
        honest = make(world, 99, URL, NOW)
        tarpits(world, seconds, set())
        fleet = Fleet(world, seconds)
        fleet.sweep(END)
        return fleet.ended[honest]

    def test_that_were_tried_before(self, world: World, seconds: Seconds) -> None:
        for number in range(12):
            make(world, number, f"{SLOW[:-8]}{number}.example", NOW - HOUR)
        slow = {url for url in world.wordpress.sites if url != URL}
        for url in slow:
            world.wordpress.sites[url].down = unavailable("timeout")
        sweep_and_work(world.parts, now=END - HOUR)
        for url in slow:
            world.wordpress.sites[url].down = None

        assert self.delay(world, seconds, slow) == 0
        assert calls_before(world, URL) == {}

    @pytest.mark.parametrize("by_hand", [False, True], ids=["of a set-up", "of a user by hand"])
    def test_that_hold_a_consent_and_were_tried_before(
        self, world: World, seconds: Seconds, *, by_hand: bool
    ) -> None:
        """A stranger can hand in any key for any host: that it cannot be given back is a retry."""
        slow, junk, begun = set(), Credentials("admin", "x" * 24), END - HOUR - 14 * MINUTE
        for number in range(12):
            url = f"{SLOW[:-8]}{number}.example"
            world.wordpress.add_site(url).down = unavailable("timeout")
            slow.add(url)
            name = f"h{number:021}"
            if by_hand:
                made = replace(world.manual_request(), grant_id=name, site_url=url, days=10)
                world.parts.lifecycle.register(made, now=begun)
                with pytest.raises(SiteUnavailable):
                    world.parts.repair.repair(name, OWNER, junk, now=begun)
            else:
                asked = replace(world.request(), grant_id=name, site_url=url, consent=junk)
                world.parts.lifecycle.hold(asked.hold(), now=begun)
        for moment in range(begun, END - 15 * MINUTE, MINUTE):
            sweep(world, moment)
        for url in slow:
            world.wordpress.sites[url].down = None
        held = [grant for grant in world.grants.items.values() if grant.consent is not None]
        assert len(held) == 12
        for grant in held:  # Its next retry comes at the same time as the honest end.
            due = replace(grant.schedule, due_at=END - MINUTE)
            world.grants.items[grant.id] = replace(grant, schedule=due)

        assert self.delay(world, seconds, slow) == 0
        assert calls_before(world, URL) == {}

    def test_on_one_host_that_are_due_for_the_first_time(
        self, world: World, seconds: Seconds
    ) -> None:
        for number in range(12):
            make(world, number, SLOW, NOW - HOUR)

        assert self.delay(world, seconds, {SLOW}) == 0
        assert calls_before(world, URL) == {}

    def test_on_twelve_hosts_that_are_due_for_the_first_time(
        self, world: World, seconds: Seconds
    ) -> None:
        slow = {f"{SLOW[:-8]}{number}.example" for number in range(12)}
        for number, url in enumerate(sorted(slow)):
            make(world, number, url, NOW - HOUR)

        assert self.delay(world, seconds, slow) == 0

    def test_of_one_host_a_few_are_first_tries_and_all_are_tried(
        self, world: World, seconds: Seconds
    ) -> None:
        for number in range(12):
            make(world, number, SLOW, NOW - HOUR)
        tarpits(world, seconds, {SLOW})

        world.start(Process()).sweep.sweep(now=END)
        queues = Counter(message.queue for message in world.queue.messages)
        Fleet(world, seconds).sweep(END)

        assert queues == {"first": MAX_FIRST_TRIES, "retry": 12 - MAX_FIRST_TRIES}
        assert all(grant.schedule.attempts == 1 for grant in world.grants.items.values())


class TestFortyGrantsOfADeadHost:
    """Due before forty healthy ones."""

    def world(self, seconds: Seconds, hosts: int, dead: int) -> World:
        world = World(budget=TimeBudget())
        for number in range(dead):
            make(world, number, SLOW, NOW - HOUR)
        for number in range(40):
            make(world, 1000 + number, f"https://healthy{number % hosts}.example", NOW)
        tarpits(world, seconds, {SLOW})
        return world

    @pytest.mark.parametrize("hosts", [40, 8])
    def test_delay_them_by_nothing(self, seconds: Seconds, hosts: int) -> None:
        ends = []
        for dead in (0, 40):
            world = self.world(seconds, hosts, dead)
            fleet = Fleet(world, seconds)
            fleet.sweep(END)
            ends.append(fleet.ended)
            assert len(fleet.ended) == 40
            assert sum(g.schedule.attempts for g in world.grants.items.values()) == dead

        assert ends[0] == ends[1]

    def test_that_an_earlier_sweep_has_handed_out_delay_them_by_less_than_one_try(
        self, seconds: Seconds
    ) -> None:
        alone = Fleet(quiet := self.world(seconds, 40, 0), seconds)
        alone.sweep(END)
        assert quiet.queue.messages == []
        world = self.world(seconds, 40, 40)
        world.start(Process()).sweep.sweep(now=END - 30 * MINUTE)
        assert len(world.queue.messages) == 40
        fleet = Fleet(world, seconds)

        fleet.sweep(END)

        assert max(fleet.ended.values()) - max(alone.ended.values()) <= SLOW_SECONDS / 2


def test_consents_that_go_back_are_few_first_tries_whatever_their_hosts(world: World) -> None:
    """Any stranger can have us hold a key of any host, so they do not queue before deadlines."""
    for number in range(30):
        url = f"{SLOW[:-8]}{number}.example"
        world.wordpress.add_site(url)
        asked = replace(world.request(), grant_id=f"h{number:021}", site_url=url)
        world.parts.lifecycle.hold(asked.hold(), now=END - 14 * MINUTE)
    honest = make(world, 99, URL, NOW)

    world.parts.sweep.sweep(now=END)

    first = [message.body for message in world.queue.messages if message.queue == "first"]
    assert honest in first
    assert len(first) == 1 + MAX_FIRST_TRIES
    assert len(world.queue.messages) == 31


class TestManualGrantsInFront:
    def test_350_of_them_delay_nothing(self, world: World) -> None:
        for number in range(350):
            made = replace(
                world.manual_request(),
                grant_id=f"m{number:021}",
                site_url=f"https://stranger{number}.example",
                owner_email=f"stranger{number}@blog.example",
            )
            world.wordpress.add_site(made.site_url)
            world.parts.lifecycle.register(made, now=NOW - HOUR)
        make(world, 99, URL, NOW)
        process = Process()
        process.calls.clear()

        sweep_and_work(world.start(process), now=END)

        mails = [n for n, name in enumerate(process.calls) if name == "FakeOutbox.send"]
        deleted = process.calls.index("FakeWordPress.delete_self")
        assert mails
        assert deleted < min(mails)
        assert world.grants.items[f"{99:022}"].state == "ended"

    def test_they_come_to_rest_and_never_come_back(self, world: World) -> None:
        for number in range(20):
            made = replace(world.manual_request(), grant_id=f"m{number:021}")
            world.parts.lifecycle.register(made, now=NOW)

        for day in range(3, 40):
            sweep(world, NOW + day * DAY)

        assert all(grant.schedule.due_at is None for grant in world.grants.items.values())
        assert len(world.outbox.sent) == 2 * 20


def test_a_retry_is_done_in_the_same_sweep_when_there_is_time(world: World) -> None:
    first = make(world, 1, URL, NOW - HOUR)
    world.site.down = unavailable("timeout")
    sweep(world, END - HOUR)
    world.site.down = None

    sweep(world, END)

    assert world.grants.items[first].state == "ended"


def test_the_oldest_of_a_host_comes_first(world: World) -> None:
    ids = [make(world, number, URL, NOW + number) for number in range(5)]
    ended: list[str] = []
    replace_ = world.grants.replace

    def watch(before: Any, after: Any) -> Any:  # noqa: ANN401 - whatever is stored
        if after.state == "ended" != before.state:
            ended.append(after.id)
        return replace_(before, after)

    world.grants.replace = watch  # type: ignore[method-assign]
    sweep(world, END + HOUR)

    assert ended == ids


class TestHowManyGrantsOneNetworkMakes:
    def limited(self) -> World:
        world = World(settings=replace(SETTINGS, rate_limits=1))
        world.site  # noqa: B018 - makes it
        return world

    def register(self, world: World, number: int, host: str, ip: str) -> None:
        world.parts.limits.visitor.ip = ip
        made = replace(
            world.manual_request(),
            grant_id=f"m{number:021}",
            site_url=f"https://{host}",
            owner_email=f"owner{number}@{host}",
        )
        world.parts.lifecycle.register(made, now=NOW)

    def register_until_refused(self, world: World) -> None:
        for number in range(20):
            self.register(world, number, "blog.example", "192.0.2.1")
        with pytest.raises(TooManyRequests):
            self.register(world, 20, "blog.example", "192.0.2.1")

    def test_350_from_two_networks_are_refused(self) -> None:
        world, refused = self.limited(), 0
        for number in range(350):
            world.wordpress.add_site(f"https://s{number}.example")
            try:
                self.register(world, number, f"s{number}.example", f"192.0.2.{number % 2}")
            except TooManyRequests:
                refused += 1

        assert len(world.grants.items) <= 120
        assert refused >= 230

    def test_no_network_keeps_another_from_the_same_site(self) -> None:
        world = self.limited()
        self.register_until_refused(world)
        self.register(world, 200, "blog.example", "198.51.100.7")
        world.parts.lifecycle.provision(world.request(), now=NOW)
        assert world.grants.items[GRANT].state == "active"

    def test_a_set_up_and_a_hold_count_too_and_a_repetition_does_not(self) -> None:
        world = self.limited()
        world.parts.limits.visitor.ip = "192.0.2.1"
        request = world.request()
        for _ in range(100):
            world.parts.lifecycle.hold(request.hold(), now=NOW)
        for _ in range(100):
            world.parts.lifecycle.provision(request, now=NOW)
        assert world.grants.items[GRANT].state == "active"

        for number in range(19):
            again = replace(request, grant_id=f"p{number:021}").hold()
            world.parts.lifecycle.hold(again, now=NOW)
        with pytest.raises(TooManyRequests):
            world.parts.lifecycle.hold(replace(request, grant_id="q" * 22).hold(), now=NOW)

    def test_its_own_end_is_never_refused(self) -> None:
        world = self.limited()
        world.parts.limits.visitor.ip = "192.0.2.9"
        world.parts.lifecycle.provision(world.request(), now=NOW)
        self.register_until_refused(world)

        assert world.parts.ending.end(GRANT, SUPPORT, now=NOW).state == "ended"
        assert world.parts.lifecycle.view(GRANT, OWNER)[1] == "owner"
