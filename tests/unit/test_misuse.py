"""What hasty, mistaken and hostile people try, over fakes: nothing false, lost, or not theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.errors import (
    ConsentRejected,
    GrantEnded,
    InvalidInput,
    NotFound,
    SecretExists,
    SiteUnsupported,
)
from chalicelib.grants.model import MAX_NOTICE_ATTEMPTS, Grant
from chalicelib.grants.parts import Event, Links, Schedule
from chalicelib.grants.record import MAX_TIMELINE
from chalicelib.grants.request import ProvisionRequest, RegisterRequest
from chalicelib.grants.set_up import SETUP_SECONDS
from chalicelib.grants.site import Credentials
from chalicelib.onetime.model import MAX_SECRETS_PER_GRANT, Secret
from chalicelib.site_problems import unavailable, unsupported
from tests.fakes.wordpress import REGISTERED, FakeSite
from tests.fakes.world import NOW, World, repair

URL, NEW_URL = "https://blog.example", "https://www.blog.example"
GRANT, BY_HAND = "g" * 22, "h" * 22
OWNER, SUPPORT = "o" * 43, "s" * 43
SUPPORT_MAIL, OWNER_MAIL = "support@acme.example", "owner@blog.example"
SECRET = Secret("i" * 22, b"sealed", "proof", False, 0, "f", GRANT)  # noqa: FBT003
MADE = RegisterRequest(BY_HAND, URL, "helper", 3, OWNER, SUPPORT, OWNER_MAIL)


@pytest.fixture
def site(world: World) -> FakeSite:
    return world.wordpress.add_site(URL)


@pytest.fixture
def request_(site: FakeSite) -> ProvisionRequest:
    consent = Credentials("admin", site.consent("admin"))
    return ProvisionRequest(GRANT, URL, consent, "p" * 20, 3, OWNER, SUPPORT, OWNER_MAIL)


def names(site: FakeSite) -> set[str]:
    return {user.username for user in site.users.values()}


def keys(site: FakeSite) -> int:
    return len(site.users[1].keys)


def during(world: World, method: str, act: Callable[[], object]) -> None:
    """Let *act* happen once, in the middle of the next call of *method*."""
    original = getattr(world.wordpress, method)

    def meanwhile(*args: object, **options: object) -> object:
        setattr(world.wordpress, method, original)
        act()
        return original(*args, **options)

    setattr(world.wordpress, method, meanwhile)


class TestAnEndThatIsAskedForInTheMiddleOfSetUp:
    @pytest.mark.parametrize("method", ["create_administrator", "create_key", "delete_own_key"])
    def test_it_is_not_lost(
        self, world: World, site: FakeSite, request_: ProvisionRequest, method: str
    ) -> None:
        during(world, method, lambda: world.parts.ending.end(GRANT, OWNER, now=NOW))
        world.parts.lifecycle.provision(request_, now=NOW)

        world.parts.sweep.sweep(now=NOW + MINUTE)

        assert world.grants.items[GRANT].state == "ended"
        assert names(site) == {"admin"}
        assert keys(site) == 0

    def test_the_same_request_again_makes_nothing(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        during(world, "create_administrator", lambda: world.parts.ending.end(GRANT, OWNER, now=NOW))
        world.parts.lifecycle.provision(request_, now=NOW)

        with pytest.raises(GrantEnded):
            world.parts.lifecycle.provision(request_, now=NOW + 1)
        world.parts.sweep.sweep(now=NOW + MINUTE)
        assert names(site) == {"admin"}


class TestSecretsOfOthers:
    @pytest.fixture(autouse=True)
    def ours(self, world: World, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)
        world.parts.secrets.create(SECRET, lifetime=DAY, owner_token=OWNER, now=NOW)

    def test_a_known_id_is_not_taken_into_another_grant_and_does_not_end_with_it(
        self, world: World
    ) -> None:
        theirs = replace(MADE, owner_token="x" * 43, support_token="y" * 43)
        world.parts.lifecycle.register(theirs, now=NOW)
        copy = replace(SECRET, grant_id=BY_HAND, fingerprint="other")

        with pytest.raises(SecretExists):
            world.parts.secrets.create(copy, lifetime=DAY, owner_token="x" * 43, now=NOW)
        assert world.grants.items[BY_HAND].links.secret_ids == ()

        # Even had it been listed there, by a race, the secret is not its to revoke.
        forged = replace(world.grants.items[BY_HAND], links=Links((SECRET.id,)))
        world.parts.secrets.revoke(forged, now=NOW)
        world.parts.secrets.extend(replace(forged, expires_at=NOW + 9 * DAY), old_end=NOW + DAY)
        assert world.parts.secrets.peek(SECRET.id, now=NOW).expires_at == NOW + DAY

    def test_the_same_request_after_the_end_gets_the_same_answer(self, world: World) -> None:
        world.parts.ending.end(GRANT, OWNER, now=NOW)

        stored, is_new = world.parts.secrets.create(
            SECRET, lifetime=DAY, owner_token=OWNER, now=NOW
        )

        assert (stored.id, is_new, stored.ciphertext) == (SECRET.id, False, None)

    def test_a_grant_has_so_many_links_and_no_more(self, world: World) -> None:
        for number in range(1, MAX_SECRETS_PER_GRANT):
            another = replace(SECRET, id=f"{number:022}")
            world.parts.secrets.create(another, lifetime=DAY, owner_token=OWNER, now=NOW)

        with pytest.raises(InvalidInput) as refused:
            world.parts.secrets.create(
                replace(SECRET, id="z" * 22), lifetime=DAY, owner_token=OWNER, now=NOW
            )

        assert refused.value.field == "grant_id"
        assert "z" * 22 not in world.stored.items


class TestExtending:
    @pytest.fixture(autouse=True)
    def active(self, world: World, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)

    @pytest.mark.parametrize(("lifetime", "longer"), [(3 * DAY, 5 * DAY), (DAY, DAY)])
    def test_an_unopened_link_that_ends_with_the_access_lives_longer_and_a_shorter_one_does_not(
        self, world: World, lifetime: int, longer: int
    ) -> None:
        world.parts.secrets.create(SECRET, lifetime=lifetime, owner_token=OWNER, now=NOW)

        world.parts.lifecycle.extend(GRANT, OWNER, days=2, now=NOW)

        assert world.parts.secrets.peek(SECRET.id, now=NOW).expires_at == NOW + longer
        assert world.stored.items[SECRET.id].purge_at == NOW + longer

    def test_the_same_request_again_extends_once(self, world: World) -> None:
        for _ in range(2):
            grant = world.parts.lifecycle.extend(GRANT, OWNER, days=2, seen=NOW + 3 * DAY, now=NOW)
            assert grant.expires_at == NOW + 5 * DAY

    def test_a_mail_that_is_due_stays_due(self, world: World) -> None:
        grant = world.grants.items[GRANT]
        world.grants.replace(grant, replace(grant, schedule=Schedule(due_at=NOW)))

        assert world.parts.lifecycle.extend(GRANT, OWNER, days=2, now=NOW).schedule.due_at == NOW


class TestAskingOften:
    def test_asking_for_the_end_puts_the_next_try_off_by_nothing(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)
        site.down = unavailable("unreachable")
        for second in range(30):
            world.parts.ending.end(GRANT, SUPPORT, now=NOW + second)

        grant = world.grants.items[GRANT]
        assert (grant.schedule.attempts, grant.schedule.due_at) == (1, NOW + MINUTE)
        site.down = None
        assert world.parts.ending.end(GRANT, SUPPORT, now=NOW + 30).state == "ended"

    def test_asking_for_the_end_of_a_user_made_by_hand_writes_one_mail(self, world: World) -> None:
        world.parts.lifecycle.register(MADE, now=NOW)
        for second in range(60):
            world.parts.ending.end(BY_HAND, SUPPORT, now=NOW + second)
        assert len(world.outbox.to(OWNER_MAIL)) == 1
        assert len(world.outbox.to(SUPPORT_MAIL)) == 1


class TestMadeByHand:
    @pytest.fixture(autouse=True)
    def watched(self, world: World, site: FakeSite) -> None:
        site.add_user("helper")
        world.parts.lifecycle.register(MADE, now=NOW)

    def repair(self, world: World, site: FakeSite, grant_id: str = BY_HAND) -> Grant:
        consent = Credentials("admin", site.consent("admin"))
        return repair(world.parts, consent, NOW + HOUR, grant_id)

    def test_the_site_is_not_asked_what_it_cannot_tell(self, world: World) -> None:
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        assert world.wordpress.calls == []

    def test_nobody_is_told_that_the_site_confirmed_what_its_owner_said(self, world: World) -> None:
        world.parts.ending.confirm(BY_HAND, OWNER, now=NOW)

        for reader in (OWNER_MAIL, SUPPORT_MAIL):
            (mail,) = world.outbox.to(reader)
            assert "The owner of blog.example said" in mail.text
            assert "confirmed" not in mail.text

    def test_a_reminder_says_how_to_stop_it(self, world: World) -> None:
        world.parts.sweep.sweep(now=NOW + 3 * DAY)

        assert "was it never yours? Press “It is gone" in world.outbox.to(OWNER_MAIL)[0].text
        assert "was it never yours" not in world.outbox.to(SUPPORT_MAIL)[0].text

    @pytest.mark.parametrize("typed", ["Helper", "helper@example.test", "HELPER@example.test"])
    def test_the_name_is_found_as_wordpress_would_sign_it_in(
        self, world: World, site: FakeSite, typed: str
    ) -> None:
        world.parts.lifecycle.register(replace(MADE, grant_id="t" * 22, username=typed), now=NOW)

        assert self.repair(world, site, "t" * 22).state == "ended"
        assert names(site) == {"admin"}
        assert keys(site) == 0

    def test_a_name_that_is_not_there_is_no_proof_of_an_end(
        self, world: World, site: FakeSite
    ) -> None:
        world.parts.lifecycle.register(replace(MADE, grant_id="t" * 22, username="helpre"), now=NOW)

        with pytest.raises(SiteUnsupported) as refused:
            self.repair(world, site, "t" * 22)

        assert refused.value.reason == "user_not_found"
        assert world.grants.items["t" * 22].state == "active"
        assert keys(site) == 0

    @pytest.mark.parametrize("registered_at", [REGISTERED - 31 * DAY, None])
    def test_an_old_colleague_is_not_deleted_by_it(
        self, world: World, site: FakeSite, registered_at: int | None
    ) -> None:
        site.add_user("colleague").registered_at = registered_at
        world.parts.lifecycle.register(
            replace(MADE, grant_id="t" * 22, username="colleague"), now=NOW
        )

        with pytest.raises(SiteUnsupported) as refused:
            self.repair(world, site, "t" * 22)

        assert refused.value.reason == "user_is_older"
        assert "colleague" in names(site)
        assert keys(site) == 0

    def test_it_does_not_hold_up_the_operators_gauge(self, world: World) -> None:
        assert world.parts.sweep.sweep(now=NOW + 9 * DAY).oldest_overdue == 0

    def test_keys_to_a_site_found_by_redirects_are_counted_for_that_site(
        self, world: World, site: FakeSite
    ) -> None:
        world.wordpress.add_site(NEW_URL)
        site.moved_to = NEW_URL
        with pytest.raises(ConsentRejected):
            self.repair(world, site)

        counted = world.parts.limits.counter._hits  # type: ignore[attr-defined]
        assert [key for key in counted if "keys www.blog.example" in key] != []


class TestRepair:
    @pytest.fixture(autouse=True)
    def stuck(self, world: World, site: FakeSite, request_: ProvisionRequest) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)
        site.revoke(world.grants.items[GRANT].username)

    def test_a_second_consent_leaves_nothing_of_the_first(
        self, world: World, site: FakeSite
    ) -> None:
        first = Credentials("admin", site.consent("admin"))
        world.wordpress.fail_next("find_user", unavailable("timeout"))
        world.wordpress.fail_next("delete_own_key", unavailable("timeout"))
        with pytest.raises(Exception, match="in time"):
            repair(world.parts, first, NOW)
        assert world.grants.items[GRANT].consent is not None

        second = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, second, NOW + HOUR)

        assert grant.state == "ended"
        assert keys(site) == 0

    def test_a_user_that_hides_from_the_search_is_found_by_its_id(
        self, world: World, site: FakeSite
    ) -> None:
        user = site.users[world.grants.items[GRANT].on_site.user_id or 0]
        user.email = "visitor@evil.example"
        world.wordpress.find_user = lambda *_: None  # type: ignore[method-assign]

        consent = Credentials("admin", site.consent("admin"))
        repair(world.parts, consent, NOW + HOUR)

        assert names(site) == {"admin"}

    def test_the_report_is_made_however_often_the_removal_failed(
        self, world: World, site: FakeSite
    ) -> None:
        for attempt in range(4):
            world.parts.sweep.sweep(now=NOW + (4 + attempt) * DAY)
        site.add_user("mallory")

        consent = Credentials("admin", site.consent("admin"))
        grant = repair(world.parts, consent, NOW + 9 * DAY)

        assert [(c.kind, c.name) for c in grant.visit.changes or ()] == [
            ("administrator_added", "mallory")
        ]


class TestWhatIsTold:
    def test_of_a_set_up_without_an_account_only_the_approval_is_told(
        self, world: World, site: FakeSite, request_: ProvisionRequest
    ) -> None:
        world.wordpress.fail_next("check_removable", unavailable("server_error"))
        with pytest.raises(Exception, match="error of its own"):
            world.parts.lifecycle.provision(request_, now=NOW)
        site.down = unavailable("server_error")
        for hour in range(3):
            world.parts.sweep.sweep(now=NOW + SETUP_SECONDS + hour * HOUR)

        (mail,) = world.outbox.sent
        assert mail.to == OWNER_MAIL
        assert mail.subject == "Please check blog.example: an approval is left"
        assert "No temporary account is there" in mail.text
        assert "Revoke" in mail.text
        assert world.parts.sweep.sweep(now=NOW + DAY).oldest_overdue == 0

    def test_one_dead_mailbox_keeps_nobody_else_from_being_told_and_is_given_up(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        world.parts.lifecycle.provision(request_, now=NOW)
        world.outbox.refusing = {OWNER_MAIL}
        world.parts.ending.end(GRANT, OWNER, now=NOW)
        assert len(world.outbox.to(SUPPORT_MAIL)) == 1

        for day in range(MAX_NOTICE_ATTEMPTS):
            world.parts.sweep.sweep(now=NOW + (1 + day) * DAY)

        grant = world.grants.items[GRANT]
        assert (grant.schedule.due_at, len(world.outbox.to(SUPPORT_MAIL))) == (None, 1)
        assert grant.schedule.purge_at is not None

    def test_however_much_happens_it_is_known_that_support_was_in(
        self, world: World, request_: ProvisionRequest
    ) -> None:
        grant, _ = world.parts.lifecycle.provision(request_, now=NOW)
        for number in range(3 * MAX_TIMELINE):
            grant = grant.with_event(Event(NOW, "ticket_sent", "owner", str(number)))

        assert len(grant.timeline) == MAX_TIMELINE
        assert grant.timeline[0].name == "access_created"
        assert grant.timeline[-1].detail == str(3 * MAX_TIMELINE - 1)
        assert grant.was_active


def test_a_key_that_only_its_owner_can_take_back_is_named(
    world: World, request_: ProvisionRequest
) -> None:
    world.wordpress.fail_next("whoami", unsupported("rest_blocked"))
    world.wordpress.fail_next("key_id", unsupported("rest_blocked"))

    with pytest.raises(SiteUnsupported) as refused:
        world.parts.lifecycle.provision(request_, now=NOW)

    assert refused.value.details()["key_left"] is True
    assert "Application Passwords" in refused.value.fix


def test_a_site_that_is_asked_again_is_searched_before_it_makes_anything(
    world: World, request_: ProvisionRequest
) -> None:
    world.wordpress.fail_next("create_administrator", unavailable("timeout"), late=True)
    world.parts.lifecycle.provision(request_, now=NOW)
    world.parts.lifecycle.provision(request_, now=NOW + MINUTE)

    assert world.wordpress.may_exist_arguments == [False, True]
    assert world.grants.items[GRANT].state == "active"


def test_an_error_that_nobody_expects_stops_no_other_grant(
    world: World, site: FakeSite, request_: ProvisionRequest
) -> None:
    world.parts.lifecycle.provision(request_, now=NOW)
    consent = Credentials("admin", site.consent("admin"))
    world.parts.lifecycle.provision(
        replace(request_, grant_id="2" * 22, consent=consent), now=NOW + 1
    )
    get = world.grants.get

    def broken(grant_id: str) -> Grant | None:
        if grant_id == GRANT:
            raise ZeroDivisionError
        return get(grant_id)

    world.grants.get = broken  # type: ignore[method-assign]
    report = world.parts.sweep.sweep(now=NOW + 4 * DAY)

    assert (report.ended, report.failed) == (1, 1)
    assert isinstance(report.unexpected, ZeroDivisionError)


def test_a_stranger_is_still_a_stranger(world: World, request_: ProvisionRequest) -> None:
    world.parts.lifecycle.provision(request_, now=NOW)

    with pytest.raises(NotFound):
        world.parts.lifecycle.extend(GRANT, SUPPORT, days=1, seen=0, now=NOW)
