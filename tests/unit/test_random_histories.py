"""
Whatever happens, in whatever order: once all is well again, an access works or nothing is left.

Hypothesis plays owner, support, the sweep and a site in an order of its choice, with faults of the
site and of AWS, processes that die at any call, and acts in the middle of others. Then everything
heals and time passes. A history that breaks a rule is shrunk to a short one that breaks it as well,
and printed. `tests/conftest.py` says how to search further than every run does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import HallpassError, SiteUnsupported, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.site import Credentials
from chalicelib.onetime.model import Secret
from chalicelib.site_problems import unavailable, unsupported
from chalicelib.wiring import Hallpass
from tests.fakes.crash import Died, Process
from tests.fakes.queue import sweep_and_work
from tests.fakes.services import FakeSealer
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    SUPPORT,
    SUPPORT_MAIL,
    TICKET,
    World,
    repair,
)

MAX_DEPTH = 2  # An act may happen in the middle of another, and one in the middle of that.
CALL_NUMBERS = st.integers(0, 39)
SECRET_NUMBERS = st.integers(0, 8)
DURATIONS = (0, 1, 30, MINUTE, 10 * MINUTE, HOUR, DAY, 3 * DAY)
CALLS = (
    *("discover", "whoami", "key_id", "check_removable", "create_administrator", "find_user"),
    *("user_by_id", "create_key", "delete_own_key", "delete_self", "delete_user", "snapshot"),
)
FAULTS = ("timeout", "server_error", "unreachable", "rest_blocked")
USER_CHANGES = ("revoke", "demote", "delete")
SWITCHES = ("protects_users", "hides_users", "refuses_creation", "multisite")
STORES = ("MemoryGrants", "MemorySecrets", "MemoryHits", "MemoryTicketLog")
COLLEAGUE = "oldie"

Strategies = dict[str, Any]
AnyRule = TypeVar("AnyRule", bound=Callable[..., None])


class SupportUser(NamedTuple):
    """The user that a grant is about. Of a manual grant: the name that its owner typed and made."""

    typed: str = ""
    made: str = ""

    @property
    def is_manual(self) -> bool:
        return bool(self.typed)


SUPPORT_USERS = (
    *[SupportUser()] * 6,
    *[SupportUser("helper", "helper")] * 2,
    SupportUser("helpr", "helper"),  # mistyped
    SupportUser(COLLEAGUE, COLLEAGUE),  # a colleague who has been there for years
    SupportUser("admin"),  # the owner's own name
)


class Act(NamedTuple):
    """An act: the name of its rule, and the arguments of that."""

    rule: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """
    How the process of an act fares. The number of a call counts the calls to the outside.

    At `dies_at` the process dies, before the call or after it, at `refused_at` a table refuses to
    write, and at `interrupted_at` another act happens.
    """

    dies_at: int | None = None
    dies_after: bool = False
    refused_at: int | None = None
    interrupted_at: int = 0
    meanwhile: Act | None = None


class RoughProcess(Process):
    """A process that fares as *run* says; *play* plays the act in its middle."""

    def __init__(self, run: Run, play: Callable[[Act], None]) -> None:
        super().__init__(run.dies_at, after=run.dies_after)
        self._run, self._play = run, play
        self.is_disturbed = False

    def call(self, name: str, method: Callable[..., object], *args: object, **kw: object) -> object:
        number, act = len(self.calls), self._run.meanwhile
        self.is_disturbed |= number == self._run.dies_at
        if number == self._run.interrupted_at and act is not None:
            self.is_disturbed = True
            self._play(act)
        if number == self._run.refused_at and name.startswith(STORES):
            self.is_disturbed = True
            self.calls.append(name)
            raise TryAgain
        return super().call(name, method, *args, **kw)


def one_in(number: int) -> st.SearchStrategy[bool]:
    """Draw true about once in *number* times; shrinks to false."""
    return st.integers(1, number).map(lambda drawn: drawn == number)


@st.composite
def runs(draw: st.DrawFn, depth: int) -> Run:
    dies_at = draw(CALL_NUMBERS) if draw(one_in(5)) else None
    dies_after = dies_at is not None and draw(st.booleans())
    refused_at = draw(CALL_NUMBERS) if draw(one_in(10)) else None
    if depth == 0 or not draw(one_in(3)):
        return Run(dies_at, dies_after, refused_at)
    return Run(dies_at, dies_after, refused_at, draw(CALL_NUMBERS), draw(acts(depth - 1)))


@st.composite
def acts(draw: st.DrawFn, depth: int) -> Act:
    name = draw(st.sampled_from([*PEOPLE, *SURROUNDINGS]))
    return Act(name, draw(st.fixed_dictionaries(arguments_of(name, depth))))


def arguments_of(name: str, depth: int) -> Strategies:
    """Return what to draw for the rule *name*; what people do runs in a process."""
    if name in PEOPLE:
        return {**PEOPLE[name], "run": runs(depth)}
    return SURROUNDINGS[name]


PEOPLE: dict[str, Strategies] = {
    "hold": {},
    "request": {},
    "sweep": {},
    "end": {"token": st.sampled_from([OWNER, SUPPORT])},
    "confirm": {},
    "extend": {},
    "repair": {"is_refused": one_in(5), "is_confirmed": st.booleans()},
    "create_secret": {"number": SECRET_NUMBERS},
    "open_secret": {"number": SECRET_NUMBERS, "guesses": st.integers(0, 6)},
    "burn_secret": {"number": SECRET_NUMBERS},
    "send_ticket": {},
}
SURROUNDINGS: dict[str, Strategies] = {
    "wait": {"seconds": st.sampled_from(DURATIONS)},
    "wait_until_due": {},
    "fail_next": {
        "method": st.sampled_from(CALLS),
        "reason": st.sampled_from(FAULTS),
        "late": st.booleans(),
    },
    "go_down_or_up": {"what": st.sampled_from(["KMS", "the site", OWNER_MAIL, SUPPORT_MAIL])},
    "change_site": {"what": st.sampled_from([*SWITCHES, *USER_CHANGES])},
}


def act(method: AnyRule) -> AnyRule:
    """Make *method* a rule that draws what `PEOPLE` or `SURROUNDINGS` say."""
    return cast("AnyRule", rule(**arguments_of(method.__name__, MAX_DEPTH))(method))


class History(RuleBasedStateMachine):
    """One history: what people do, and what happens around them."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.now = World(), NOW
        self.site = self.world.site
        self.site.add_user("partner")
        self.consent_keys: set[str] = set()  # All that were ever recorded.
        self.violations: list[str] = []
        self.has_failed = False
        self.is_key_left = False  # The owner was asked to delete a consent key by hand.
        self.is_user_changed = False  # So only a repair can delete it.
        self.repeatable = 0  # How many mails a disturbed process sent, maybe without recording it.
        self._add, self._replace = self.world.grants.add, self.world.grants.replace
        self.world.grants.add = self._add_seen  # type: ignore[method-assign]
        self.world.grants.replace = self._replace_seen  # type: ignore[method-assign]

    @initialize(
        support_user=st.sampled_from(SUPPORT_USERS), is_held=st.booleans(), run=runs(MAX_DEPTH)
    )
    def begin(self, support_user: SupportUser, run: Run, *, is_held: bool) -> None:
        self.support_user = support_user
        if support_user.made:
            made = self.site.add_user(support_user.made)
            made.registered_at = NOW - (400 * DAY if support_user.made == COLLEAGUE else HOUR)
        if not support_user.is_manual:
            self.provision_request = self.world.request()
        if is_held:
            self.hold(run)
        else:
            self.request(run)

    # What people do.

    @act
    def request(self, run: Run) -> None:
        if self.support_user.is_manual:
            made = self.world.manual_request(self.support_user.typed)
            self._run(run, lambda parts: parts.lifecycle.register(made, now=self.now))
        else:
            self._run(
                run, lambda parts: parts.lifecycle.provision(self.provision_request, now=self.now)
            )

    @act
    def hold(self, run: Run) -> None:
        """Bring the consent key to Hallpass before the form is sent."""
        if not self.support_user.is_manual:
            held = self.provision_request.hold()
            self._run(run, lambda parts: parts.lifecycle.hold(held, now=self.now))

    @act
    def sweep(self, run: Run) -> None:
        self._run(run, self._sweep)

    @act
    def end(self, token: str, run: Run) -> None:
        self._run(run, lambda parts: parts.ending.end(GRANT, token, now=self.now))

    @act
    def confirm(self, run: Run) -> None:
        self._run(run, lambda parts: parts.ending.confirm(GRANT, OWNER, now=self.now))

    @act
    def extend(self, run: Run) -> None:
        self._run(run, lambda parts: parts.lifecycle.extend(GRANT, OWNER, days=2, now=self.now))

    @act
    def repair(self, run: Run, *, is_refused: bool, is_confirmed: bool) -> None:
        """Approve once more; of a manual grant, see who would be deleted, and maybe confirm it."""
        if self.grant is not None and self.grant.state == "preparing":
            # It deletes the only key that there is; when the answer to that is lost, another repair
            # has to follow.
            self.is_user_changed = True
        key = self._consent()
        if is_refused:
            key = Credentials(key.username, "a key that never was")
        if is_confirmed:
            self._run(run, lambda parts: repair(parts, key, self.now))
        else:
            self._run(run, lambda parts: parts.repair.repair(GRANT, OWNER, key, now=self.now))

    @act
    def create_secret(self, number: int, run: Run) -> None:
        asks_passphrase = bool(number % 2)
        secret = Secret(secret_id(number), b"sealed", "proof", asks_passphrase, 0, "f", GRANT)
        self._run(
            run,
            lambda parts: parts.secrets.create(
                secret, lifetime=DAY, owner_token=OWNER, now=self.now
            ),
        )

    @act
    def open_secret(self, number: int, guesses: int, run: Run) -> None:
        def guess_and_open(parts: Hallpass) -> None:
            for proof in [*["a guess"] * guesses, "proof"]:
                with suppress(HallpassError):
                    parts.secrets.open(secret_id(number), proof, "claim", now=self.now)
                    parts.acknowledging.acknowledge(secret_id(number), "claim", now=self.now)

        self._run(run, guess_and_open)

    @act
    def burn_secret(self, number: int, run: Run) -> None:
        self._run(run, lambda parts: parts.secrets.burn(secret_id(number), OWNER, now=self.now))

    @act
    def send_ticket(self, run: Run) -> None:
        self._run(run, lambda parts: parts.tickets.send(TICKET, now=self.now))

    # What happens around them.

    @act
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @act
    def wait_until_due(self) -> None:
        if self.grant is not None:
            self.now = max(self.now, self.grant.schedule.due_at or 0)

    @act
    def fail_next(self, method: str, reason: str, *, late: bool) -> None:
        error = unsupported(reason) if reason == "rest_blocked" else unavailable(reason)
        self.world.wordpress.fail_next(method, error, late=late)

    @act
    def go_down_or_up(self, what: str) -> None:
        if what == "KMS":
            self.world.sealer.down = not self.world.sealer.down
        elif what == "the site":
            self.site.down = None if self.site.down else unavailable("unreachable")
        else:
            self.world.outbox.refusing ^= {what}

    @act
    def change_site(self, what: str) -> None:
        """An administrator switches a plugin or revokes the support user, its key or its rights."""
        if what in SWITCHES:
            setattr(self.site, what, not getattr(self.site, what))
            return
        is_ours = not self.support_user.is_manual
        user = self.site.user(self.grant.username) if self.grant and is_ours else None
        if user is None:
            return
        self.is_user_changed = True
        if what == "revoke":
            user.keys.clear()
        elif what == "demote":
            user.roles = {"subscriber"}
        else:
            del self.site.users[user.id]

    # The rules that nothing breaks.

    @invariant()
    def nothing_false_is_recorded(self) -> None:
        self.has_failed = self.has_failed or bool(self.violations)
        assert self.violations == []

    def teardown(self) -> None:
        if not self.has_failed and hasattr(self, "support_user"):
            self._heal()
            self._settle()
            self._check_what_is_left()

    def _add_seen(self, grant: Grant) -> bool:
        self._see_consent(grant)
        return self._add(grant)

    def _see_consent(self, grant: Grant) -> None:
        if grant.consent is not None:
            sealed = grant.consent.sealed
            self.consent_keys.add(FakeSealer().unseal(sealed, grant_id=GRANT, purpose="consent"))

    def _replace_seen(self, before: Grant, after: Grant) -> Grant | None:
        """See every write: what it records is true, and nothing recorded is forgotten."""
        written = self._replace(before, after)
        if written is None:
            return None
        self._see_consent(after)
        if before.end_requested_at and not after.end_requested_at:
            self.violations.append("a requested end was forgotten")
        is_end = before.state != "ended" == after.state
        if is_end and after.timeline[-1].by == "hallpass":
            if after.username in self.names:
                self.violations.append("an end was recorded while the user was there")
            if self.support_user.typed not in ("", self.support_user.made):
                self.violations.append("an end was recorded of a user that was never there")
        return written

    def _heal(self) -> None:
        self.world.wordpress.forget_faults()
        self.world.sealer.down = False
        self.world.outbox.refusing = set()
        self.site.down = None
        for switch in SWITCHES:
            setattr(self.site, switch, False)

    def _settle(self) -> None:
        """Let time pass. What only its owner can end, its owner ends."""
        self._sweep_again(60, DAY)
        grant = self.grant
        if grant is None or grant.state == "ended":
            return
        if grant.not_confirmed_since is None:
            assert grant.schedule.due_at is not None, "it is no longer tried"
        assert grant.schedule.attempts > 0, "it was put off without a failure"
        assert grant.is_manual or self.is_user_changed, "it should need no help of its owner"
        parts = self.world.start(Process())
        with suppress(HallpassError):
            grant = repair(parts, self._consent(), self.now)
        if grant.is_manual and grant.state == "active":
            parts.ending.confirm(GRANT, OWNER, now=self.now)
        self._sweep_again(3, 3 * MINUTE)

    def _check_what_is_left(self) -> None:
        user, grant = self.support_user, self.grant
        if grant is not None:
            assert (grant.state, grant.schedule.due_at) == ("ended", None)
            assert (grant.consent, grant.on_site.sealed_removal) == (None, None)
            for each in grant.links.secret_ids:
                secret = self.world.stored.items.get(each)
                assert secret is None or secret.ciphertext is None or secret.opened_at
        made_by_owner = {user.made} if user.made else set()
        assert {"admin", "partner"} <= self.names <= {"admin", "partner", *made_by_owner}
        if user.made != user.typed or user.made == COLLEAGUE:
            assert made_by_owner <= self.names, "another user was deleted"
        ends = Counter(mail.to for mail in self.world.outbox.sent if "Access to" in mail.subject)
        repeated = max(ends.values(), default=1) - 1
        assert repeated <= self.repeatable, "a notice of the end was sent again without a reason"
        left = {password for _, password in self.site.users[1].keys.values()}
        assert self.is_key_left or not self.consent_keys & left, "a consent key is left"

    # How they act.

    @property
    def grant(self) -> Grant | None:
        return self.world.grants.items.get(GRANT)

    @property
    def names(self) -> set[str]:
        return {user.username for user in self.site.users.values()}

    def _consent(self) -> Credentials:
        return Credentials("admin", self.site.consent("admin"))

    def _run(self, run: Run, job: Callable[[Hallpass], object]) -> None:
        """Run *job* in a process of its own; only errors that a caller knows, and death, end it."""
        process = RoughProcess(run, self._play)
        try:
            job(self.world.start(process))
        except SiteUnsupported as error:
            self.is_key_left |= error.key_left or error.reason == "site_unreachable"
        except (HallpassError, Died):
            pass
        except BaseException:
            self.has_failed = True
            raise
        finally:
            if process.is_disturbed:
                self.repeatable += process.calls.count("FakeOutbox.send")

    def _play(self, act: Act) -> None:
        getattr(self, act.rule)(**act.arguments)

    def _sweep(self, parts: Hallpass) -> None:
        unexpected = sweep_and_work(parts, now=self.now).unexpected
        if unexpected is not None:
            raise unexpected

    def _sweep_again(self, times: int, seconds: int) -> None:
        for _ in range(times):
            self.now += seconds
            self._sweep(self.world.start(Process()))


def secret_id(number: int) -> str:
    return f"{number:022}"


TestRandomHistories = History.TestCase
TestRandomHistories.settings = settings(
    max_examples=10 * settings().max_examples,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
