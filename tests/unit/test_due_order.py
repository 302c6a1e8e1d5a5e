"""Who queues in front delays no other's deadline: counted in calls and in simulated seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clock import DAY, HOUR, MINUTE, TimeBudget
from chalicelib.errors import SiteUnavailable, TooManyRequests
from chalicelib.grants.site import Credentials
from chalicelib.site_problems import unavailable
from tests.fakes.crash import Process
from tests.fakes.wordpress import FakeSite
from tests.fakes.world import GRANT, NOW, OWNER, SETTINGS, SUPPORT, URL, World

SLOW, SLOW_SECONDS = "https://tarpit.example", 30.0
END = NOW + 3 * DAY


class Seconds:
    """A monotonic clock that only calls of slow sites move on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


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
    """Let a fresh process sweep for the 15 minutes that a Lambda has."""
    parts = world.start(Process())
    parts.ports.budget.start(14 * MINUTE)
    parts.sweep.sweep(now=now)


def calls_before(world: World, url: str) -> dict[str, int]:
    """Return how many calls went to each other site before the first one to *url*."""
    before: dict[str, int] = {}
    for call in world.wordpress.calls:
        if call.url == url:
            return before
        before[call.url] = before.get(call.url, 0) + 1
    raise AssertionError(f"{url} was never asked")


class TestTwelveSlowGrantsInFront:
    def honest_end(self, world: World, seconds: Seconds, slow: set[str]) -> float:
        """Return how long after the begin of its sweep the honest access has ended."""
        honest = make(world, 99, URL, NOW)
        tarpits(world, seconds, slow)
        world.wordpress.calls.clear()
        start = seconds.now
        ended: list[float] = []
        revoked = world.grants.replace

        def watch(before: Any, after: Any) -> Any:  # noqa: ANN401 - whatever is stored
            if after.id == honest and after.state == "ended" and not ended:
                ended.append(seconds.now)
            return revoked(before, after)

        world.grants.replace = watch  # type: ignore[method-assign]
        sweep(world, END)
        assert ended, "the honest access was not ended at all"
        return ended[0] - start

    def test_that_were_tried_before(self, world: World, seconds: Seconds) -> None:
        for number in range(12):
            make(world, number, f"{SLOW[:-8]}{number}.example", NOW - HOUR)
        slow = {url for url in world.wordpress.sites if url != URL}
        for url in slow:
            world.wordpress.sites[url].down = unavailable("timeout")
        world.parts.sweep.sweep(now=END - HOUR)
        for url in slow:
            world.wordpress.sites[url].down = None

        assert self.honest_end(world, seconds, slow) == 0
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

        assert self.honest_end(world, seconds, slow) == 0
        assert calls_before(world, URL) == {}

    def test_on_one_host_that_are_due_for_the_first_time(
        self, world: World, seconds: Seconds
    ) -> None:
        for number in range(12):
            make(world, number, SLOW, NOW - HOUR)

        assert self.honest_end(world, seconds, {SLOW}) == 0
        assert calls_before(world, URL) == {}

    def test_one_host_has_one_share_of_a_sweep_and_comes_again(
        self, world: World, seconds: Seconds
    ) -> None:
        for number in range(12):
            make(world, number, SLOW, NOW - HOUR)
        tarpits(world, seconds, {SLOW})
        start = seconds.now

        sweep(world, END)

        assert seconds.now - start <= 2 * 60
        tried = [g for g in world.grants.items.values() if g.schedule.attempts]
        assert 0 < len(tried) < 12
        for minute in range(1, 30):
            sweep(world, END + minute * MINUTE)
        assert all(grant.schedule.attempts for grant in world.grants.items.values())


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

        world.start(process).sweep.sweep(now=END)

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
