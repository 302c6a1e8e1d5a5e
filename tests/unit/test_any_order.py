"""
Whatever happens, in whatever order: once all is well again, an access works or nothing is left.

Each run plays owner, support, the sweep and a site at random, with faults of the site and of our
own services, deaths at random calls, and calls that happen in the middle of others. Then everything
heals and time goes by. A run is its seed, so a failure can be played again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import HallpassError, SiteUnsupported, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.request import RegisterRequest
from chalicelib.grants.site import Credentials
from chalicelib.onetime.model import Secret
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wiring import Hallpass
from tests.fakes import world as owner
from tests.fakes.crash import Died, Process
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SUPPORT, SUPPORT_MAIL, URL, World
from tests.unit.test_crashes import TICKET

RUNS, BATCH = 800, 100
DURATIONS = (0, 1, 30, MINUTE, 10 * MINUTE, HOUR, DAY, 3 * DAY)
CALLS = (
    *("discover", "whoami", "key_id", "check_removable", "create_administrator", "find_user"),
    *("user_by_id", "create_key", "delete_own_key", "delete_self", "delete_user", "snapshot"),
)
STORES = ("MemoryGrants", "MemorySecrets", "MemoryHits", "MemoryTicketLog")


class Rough(Process):
    """A process that may die, be refused by a store, or have something happen in its middle."""

    def __init__(self, chance: random.Random, meanwhile: Callable[[], None] | None) -> None:
        dies_at = chance.randrange(40) if chance.random() < 0.2 else None
        super().__init__(dies_at, after=chance.random() < 0.5)
        self._refused_at = chance.randrange(40) if chance.random() < 0.1 else None
        self._meanwhile, self._at = meanwhile, chance.randrange(30)

    def call(self, name: str, method: Callable[..., object], *args: object, **kw: object) -> object:
        number = len(self.calls)
        if number == self._at and self._meanwhile is not None:
            happens, self._meanwhile = self._meanwhile, None
            happens()
        if number == self._refused_at and name.startswith(STORES):
            self.calls.append(name)
            raise TryAgain
        return super().call(name, method, *args, **kw)


@dataclass
class Kind:
    """Who made the support user; by hand, what its owner typed."""

    typed: str = ""
    real: str = ""


KINDS = [
    *[Kind()] * 6,
    *[Kind("helper", "helper")] * 2,
    Kind("helpr", "helper"),  # mistyped
    Kind("oldie", "oldie"),  # a colleague of many years
    Kind("admin"),  # the owner's own name
]


class Life:
    """One run."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world, self.now = World(), NOW
        self.kind = self.chance.choice(KINDS)
        self.site = self.world.site
        self.site.add_user("partner")
        if self.kind.real:
            made = self.site.add_user(self.kind.real)
            made.registered_at = NOW - (400 * DAY if self.kind.real == "oldie" else HOUR)
        self.request = self.world.request()
        self.is_excused = False  # The owner was told to delete the consent key by hand.
        self.world.grants.replace = self._seen(self.world.grants.replace)  # type: ignore[method-assign]

    @property
    def grant(self) -> Grant | None:
        return self.world.grants.items.get(GRANT)

    @property
    def names(self) -> set[str]:
        return {user.username for user in self.site.users.values()}

    def _seen(self, write: Callable[..., Grant | None]) -> Callable[..., Grant | None]:
        """See every write: an end that WordPress is said to have confirmed is true at that time."""

        def replace(before: Grant, after: Grant) -> Grant | None:
            if before.id not in self.world.grants.items:
                return None  # As the table says of an item that is gone.
            written = write(before, after)
            is_news = written is not None and before.state != after.state
            if is_news and after.state == "ended" and after.timeline[-1].by == "hallpass":
                assert after.username not in self.names, "a false end"
                assert self.kind.typed in {"", self.kind.real}, "an end of nobody's user"
            return written

        return replace

    def act(self, depth: int = 0) -> None:
        """Let somebody do something."""
        name = self.chance.choice(ACTS)
        is_busy = depth < 2 and self.chance.random() < 0.25
        process = Rough(self.chance, (lambda: self.act(depth + 1)) if is_busy else None)
        try:
            ACTIONS[name](self, self.world.start(process))
        except SiteUnsupported as error:
            self.is_excused |= error.key_left or error.reason == "site_unreachable"
        except (HallpassError, Died):
            pass

    def heal(self) -> None:
        self.world.wordpress._faults.clear()
        self.world.sealer.down = False
        self.world.outbox.refusing = set()
        self.site.down = None
        self.site.protects_users = self.site.hides_users = False
        self.site.refuses_creation = self.site.multisite = False

    def goes_by(self, times: int, step: int) -> None:
        for _ in range(times):
            self.now += step
            report = self.world.start(Process()).sweep.sweep(now=self.now)
            assert report.unexpected is None

    def settle(self) -> None:
        """All is well again. What only its owner can end, its owner ends."""
        self.heal()
        self.goes_by(60, DAY)
        grant = self.grant
        if grant is None or grant.state == "ended":
            return
        if grant.not_confirmed_since is None:
            assert grant.schedule.due_at is not None, "given up"
        assert grant.schedule.attempts > 0, "put off without a reason"
        parts = self.world.start(Process())
        consent = Credentials("admin", self.site.consent("admin"))
        with suppress(HallpassError):
            grant = owner.repair(parts, consent, self.now)
        if grant.is_manual and grant.state == "active":
            parts.ending.confirm(GRANT, OWNER, now=self.now)
        self.goes_by(3, 3 * MINUTE)

    def nothing_is_left(self) -> None:
        grant = self.grant
        if grant is not None:
            assert (grant.state, grant.schedule.due_at) == ("ended", None)
            assert (grant.consent, grant.on_site.sealed_removal) == (None, None)
            for secret_id in grant.links.secret_ids:
                secret = self.world.stored.items.get(secret_id)
                assert secret is None or secret.ciphertext is None or secret.opened_at
        others = {self.kind.real} if self.kind.real else set()
        assert {"admin", "partner"} <= self.names <= {"admin", "partner", *others}
        if self.kind.real != self.kind.typed or self.kind.real == "oldie":
            assert others <= self.names, "somebody else was deleted"


def hold(life: Life, parts: Hallpass) -> None:
    if not life.kind.typed:
        parts.lifecycle.hold(life.request.hold(), now=life.now)


def prepare(life: Life, parts: Hallpass) -> None:
    if life.kind.typed:
        made = RegisterRequest(GRANT, URL, life.kind.typed, 3, OWNER, SUPPORT, OWNER_MAIL)
        parts.lifecycle.register(made, now=life.now)
    else:
        parts.lifecycle.provision(life.request, now=life.now)


def repair(life: Life, parts: Hallpass) -> None:
    good = life.chance.random() < 0.8
    key = Credentials("admin", life.site.consent("admin") if good else "a key that never was")
    owner.repair(parts, key, life.now)


def send(life: Life, parts: Hallpass) -> None:
    number = life.chance.randrange(9)
    secret = Secret(f"{number:022}", b"sealed", "proof", bool(number % 2), 0, "f", GRANT)
    parts.secrets.create(secret, lifetime=DAY, owner_token=OWNER, now=life.now)


def read(life: Life, parts: Hallpass) -> None:
    proof = life.chance.choice(["proof", "a guess"])
    for _ in range(life.chance.randint(1, 6)):
        with suppress(HallpassError):
            number = life.chance.randrange(9)
            parts.secrets.open(f"{number:022}", proof, "claim", now=life.now)


def fail(life: Life, _: Hallpass) -> None:
    error: Any = life.chance.choice(
        [
            *(unavailable(reason) for reason in ("timeout", "server_error", "unreachable")),
            unsupported("rest_blocked"),
        ]
    )
    late = life.chance.random() < 0.5
    life.world.wordpress.fail_next(life.chance.choice(CALLS), error, late=late)


def go_down(life: Life, _: Hallpass) -> None:
    what = life.chance.randrange(3)
    if what == 0:
        life.world.sealer.down = not life.world.sealer.down
    elif what == 1:
        life.world.outbox.refusing ^= {life.chance.choice([OWNER_MAIL, SUPPORT_MAIL])}
    else:
        life.site.down = None if life.site.down else unavailable("unreachable")


def meddle(life: Life, _: Hallpass) -> None:
    """Somebody changes the site: a plugin is switched, the support user's rights are taken."""
    switch = life.chance.choice(["protects_users", "hides_users", "refuses_creation", "multisite"])
    user = life.site.user(life.grant.username) if life.grant and not life.kind.typed else None
    what = life.chance.randrange(6)
    if user is None or what > 2:
        setattr(life.site, switch, not getattr(life.site, switch))
    elif what == 0:
        user.keys.clear()
    elif what == 1:
        user.roles = {"subscriber"}
    else:
        del life.site.users[user.id]


def wait(life: Life, _: Hallpass) -> None:
    life.now += life.chance.choice(DURATIONS)


ACTIONS: dict[str, Callable[[Life, Hallpass], object]] = {
    "hold": hold,
    "prepare": prepare,
    "sweep": lambda life, parts: parts.sweep.sweep(now=life.now),
    "the owner ends": lambda life, parts: parts.ending.end(GRANT, OWNER, now=life.now),
    "support ends": lambda life, parts: parts.ending.end(GRANT, SUPPORT, now=life.now),
    "extend": lambda life, parts: parts.lifecycle.extend(GRANT, OWNER, days=2, now=life.now),
    "repair": repair,
    "send": send,
    "read": read,
    "burn": lambda life, parts: parts.secrets.burn("0" * 22, OWNER, now=life.now),
    "tell": lambda life, parts: parts.tickets.send(TICKET, now=life.now),
    "fail": fail,
    "go down": go_down,
    "meddle": meddle,
    "wait": wait,
}
ACTS = [*ACTIONS, "prepare", "sweep", "sweep", "repair", "repair", "fail", "fail", "wait"]


@pytest.mark.parametrize("batch", range(RUNS // BATCH))
def test_all_ends_well(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        life = Life(seed)
        recorded = life.request.consent.password
        try:
            begin = life.chance.choice([hold, prepare])
            begin(life, life.world.start(Process()))
            for _ in range(life.chance.randint(2, 25)):
                life.act()
            life.settle()
            life.nothing_is_left()
            left = {password for _, password in life.site.users[1].keys.values()}
            assert life.kind.typed or life.is_excused or recorded not in left
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
