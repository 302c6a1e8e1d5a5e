"""
Hallpass dies at every call to the outside, one point at a time, on real WordPress.

The calls are found by running each job once, so a new call cannot be forgotten. After each death
the same request again, or else the sweep, must bring the access to exactly one of two ends: it
works, or nothing is left. `tests/unit/test_crashes.py` does the same over fakes, at every port.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from chalicelib.access_request import AccessRequest
from chalicelib.grant_table import GrantTable
from chalicelib.grants import DAY, HOUR, Grant
from chalicelib.secret import Secret
from chalicelib.secret_table import SecretTable
from chalicelib.setup import SETUP_TIMEOUT
from chalicelib.sites import Key
from chalicelib.wiring import Hallpass
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import basic, token
from tests.stack.crash import DIED, DONE, Job, parts_of, run

OWNER_MAIL = "owner@blog.example"


@dataclass
class Outside:
    """The real world, which survives every death; one grant of it."""

    stack: Stack
    wordpress: WordPress
    parts: Hallpass
    grant_id: str
    owner: str
    support: str
    now: int

    def rest(self, method: str, route: str, **more: object) -> requests.Response:
        return requests.request(
            method,
            f"{self.wordpress.url}/?rest_route=/wp/v2/users{route}&context=edit&per_page=100",
            headers=basic(*self.wordpress.auth),
            timeout=60,
            **more,  # type: ignore[arg-type]
        )

    def consent(self) -> Key:
        """Approve, as the owner does."""
        made = self.rest("POST", "/me/application-passwords", json={"name": f"H {token(6)}"})
        return Key(self.wordpress.user, made.json()["password"].replace(" ", ""))

    def request(self) -> AccessRequest:
        return AccessRequest(
            self.grant_id,
            self.wordpress.url,
            self.consent(),
            "p" * 20,
            3,
            self.owner,
            self.support,
            OWNER_MAIL,
        )

    @property
    def grant(self) -> Grant | None:
        table = self.stack.outputs["GrantsTableName"]
        return GrantTable(self.stack.client("dynamodb"), table).get(self.grant_id)

    @property
    def strangers(self) -> list[str]:
        return [user["username"] for user in self.rest("GET", "").json() if user["id"] != 1]

    @property
    def owner_keys(self) -> int:
        return len(self.rest("GET", "/me/application-passwords").json()) - 1

    def lives(self, job: Job, now: int | None = None) -> list[str]:
        """Run *job* to its end and return its calls."""
        code, calls = run(self.parts, job, self.now if now is None else now)
        assert code == DONE, calls
        return calls

    def dies(self, job: Job, after: int) -> None:
        """Run *job* until it has made *after* calls."""
        code, calls = run(self.parts, job, self.now, die_after=after)
        assert code == DIED, calls

    def nothing_is_left(self) -> None:
        grant = self.grant
        assert self.strangers == []
        assert self.owner_keys == 0
        if grant is not None:
            assert (grant.state, grant.sealed_consent, grant.sealed_removal, grant.due_at) == (
                "ended",
                None,
                None,
                None,
            )


@pytest.fixture(scope="module")
def parts(stack: Stack) -> Iterator[Hallpass]:
    """Wire it, with the rule switched off: no other sweep may finish what a test is about."""
    events = stack.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"]]
    for rule in rules:
        events.disable_rule(Name=rule)
    yield parts_of(stack)
    for rule in rules:
        events.enable_rule(Name=rule)


@pytest.fixture
def outside(stack: Stack, wordpress: WordPress, parts: Hallpass) -> Callable[[], Outside]:
    def new() -> Outside:
        return Outside(stack, wordpress, parts, token(16), token(), token(), int(time.time()))

    return new


def prepared(outside: Outside) -> Job:
    request = outside.request()
    return lambda parts, now: parts.access.prepare(request, now=now)


def swept(parts: object, now: int) -> object:
    return parts.ending.sweep(now=now)  # type: ignore[attr-defined]


def ends(world: Outside) -> Job:
    return lambda parts, now: parts.ending.end(world.grant_id, world.owner, now=now)


def every_point(outside: Callable[[], Outside], before: Callable[[Outside], Job]) -> int:
    """Run the job once, alive; return how many calls it makes, and tidy up."""
    world = outside()
    calls = world.lives(before(world))
    world.lives(ends(world))
    assert world.strangers == []
    return len(calls)


@pytest.mark.parametrize("by", ["the same request", "the sweep"])
def test_a_set_up_that_died_anywhere(outside: Callable[[], Outside], by: str) -> None:
    points = every_point(outside, prepared)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = outside()
        job = prepared(world)
        world.dies(job, point)

        if by == "the same request":
            world.lives(job, world.now + 60)
            grant = world.grant
            assert grant is not None
            assert grant.state == "active", point
            assert world.strangers == [grant.username], point
            assert world.owner_keys == 0, point
            world.lives(ends(world), world.now + 60)
        elif world.grant is None:
            assert world.owner_keys == 1, "nobody was told of the consent key yet"
            world.rest("DELETE", "/me/application-passwords/" + _key_id(world))
        else:
            world.lives(swept, world.now + SETUP_TIMEOUT + HOUR)
            if world.grant is not None and world.grant.state == "active":
                # It died after its last step: the access works, and ends like any other.
                world.lives(swept, world.now + 4 * DAY)
        world.nothing_is_left()


def _ready(outside: Outside) -> None:
    """Bring one access to life, with a secret waiting."""
    secret = Secret(outside.grant_id, b"sealed" * 9, "proof", False, 0, "f", outside.grant_id)  # noqa: FBT003

    def set_up(parts: object, now: int) -> None:
        parts.access.prepare(request, now=now)  # type: ignore[attr-defined]
        parts.secrets.create(  # type: ignore[attr-defined]
            secret, lifetime=DAY, support_token=outside.support, now=now
        )

    request = outside.request()
    outside.lives(set_up)


def ended(outside: Outside) -> Job:
    _ready(outside)
    return ends(outside)


def swept_at_the_deadline(outside: Outside) -> Job:
    _ready(outside)
    return lambda parts, now: parts.ending.sweep(now=now + 3 * DAY)


def repaired(outside: Outside) -> Job:
    _ready(outside)
    grant = outside.grant
    assert grant is not None
    outside.rest("DELETE", f"/{grant.user_id}/application-passwords")
    consent = outside.consent()
    return lambda parts, now: parts.repair.repair(outside.grant_id, outside.owner, consent, now=now)


@pytest.mark.parametrize(
    ("before", "by"),
    [
        (ended, "the sweep"),
        (ended, "the same request"),
        (swept_at_the_deadline, "the sweep"),
        (repaired, "the sweep"),
        (repaired, "the same request"),
    ],
)
def test_an_end_or_a_repair_that_died_anywhere_is_finished(
    outside: Callable[[], Outside], before: Callable[[Outside], Job], by: str
) -> None:
    points = every_point(outside, before)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = outside()
        job = before(world)
        world.dies(job, point)
        grant = world.grant
        assert grant is not None
        if grant.state == "ended":
            assert world.strangers == [], f"a false end at {point}"

        is_kept = grant.sealed_consent is not None or grant.state == "ended"
        if by == "the same request":
            world.lives(job, world.now + HOUR)
        else:
            world.lives(swept, world.now + 4 * DAY)
            if before is repaired and not is_kept and world.strangers != []:
                # It died before the new consent was recorded, so the sweep has no key that works.
                assert world.grant is not None
                assert world.grant.state == "active"
                world.lives(job, world.now + 5 * DAY)
        world.lives(swept, world.now + 6 * DAY)

        world.nothing_is_left()


def test_an_opening_that_died_anywhere_has_one_reader(outside: Callable[[], Outside]) -> None:
    def opened(claim: str) -> Callable[[Outside], Job]:
        return lambda world: (
            lambda parts, now: parts.secrets.open(world.grant_id, "proof", claim, now=now)
        )

    def ready(world: Outside) -> Job:
        _ready(world)
        return opened("claim")(world)

    points = every_point(outside, ready)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = outside()
        job = ready(world)
        world.dies(job, point)
        table = SecretTable(world.stack.client("dynamodb"), world.stack.outputs["SecretsTableName"])
        secret = table.get(world.grant_id)
        assert secret is not None
        if secret.opened_at is not None:
            other = run(world.parts, opened("another claim")(world), world.now + 1)
            assert "AlreadyOpened" in other[1][-1]
        world.lives(job, world.now + 1)
        assert world.grant is not None
        events = [event.name for event in world.grant.timeline]
        assert events.count("link_opened") == 1
        world.lives(swept, world.now + 5 * DAY)
        world.nothing_is_left()


def test_an_extension_that_died_anywhere_happened_or_did_not(
    outside: Callable[[], Outside],
) -> None:
    def extended(world: Outside) -> Job:
        _ready(world)
        return lambda parts, now: parts.access.extend(world.grant_id, world.owner, days=2, now=now)

    points = every_point(outside, extended)
    print(f"{points + 1} deaths")
    for point in range(points + 1):
        world = outside()
        world.dies(extended(world), point)
        grant = world.grant
        assert grant is not None
        assert grant.expires_at in (world.now + 3 * DAY, world.now + 5 * DAY)
        assert grant.due_at == grant.expires_at
        world.lives(swept, world.now + 6 * DAY)
        world.nothing_is_left()


def _key_id(world: Outside) -> str:
    """Return the id of the one consent key that is left on the owner's account."""
    keys = world.rest("GET", "/me/application-passwords").json()
    uuids = [str(key["uuid"]) for key in keys if key["name"].startswith("H ")]
    assert len(uuids) == 1
    return uuids[0]
