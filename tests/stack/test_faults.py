"""
Faults of real sites on the real stack: what is left, who gets mail, the next try, the end.

The clock is turned where the grant is stored. The rule is switched off, so that each sweep here is
the one that the test ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from chalicelib.clock import DAY, HOUR, MINUTE
from infra.local.one_sweep import StackFailedError
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.fakes.servers import Server, header_of, http_response
from tests.page import Page, basic, token
from tests.stack import fronts
from tests.stack.due_accesses import LATE, OVER, REMINDER, STUCK, DueAccess, Place
from tests.stack.fronts import MANY_NAMES, Fault, Front


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as running:
        wordpress = running.enter_context(WordPress("7.1", mu=MANY_NAMES))
        other = running.enter_context(WordPress("7.1"))
        front, new = (running.enter_context(Front(wordpress.port)) for _ in range(2))
        stranger = running.enter_context(
            Server(lambda *_: http_response(200, "<html>Parked</html>"))
        )
        allowed = (front.url, new.url, other.url, stranger.url)
        stack = running.enter_context(Stack(allowed_sites=allowed))
        events = stack.client("events")
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])
        yield Place(stack, wordpress, front, new, other, stranger)


@pytest.fixture
def access(place: Place) -> Iterator[Callable[..., DueAccess]]:
    """Let support in. What a test leaves is ended after it, so that nothing is overdue."""
    begun: list[DueAccess] = []

    def begin(owner: str = "admin", owner_id: int = 1) -> DueAccess:
        page = Page(place.stack.app_url, place.front.url, owner, place.consent(owner_id))
        page.owner_email = f"{token(6).lower().strip('-_')}@blog.example"
        status, made = page.create_user()
        assert status == 201, made
        rows = {user["username"]: user for user in place.rest("GET", "")}
        begun.append(DueAccess(place, page, rows[made["username"]], username=made["username"]))
        return begun[-1]

    yield begin
    place.front.fault = place.new.fault = None
    for each in begun:
        if each.grant.state != "ended":
            each.repairs()


FAULTS: list[tuple[Fault, str]] = [
    (fronts.down, "unreachable"),
    (fronts.failing, "server_error"),
    (fronts.in_maintenance, "maintenance"),
    (fronts.walled, "firewall"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_site_that_fails_at_the_deadline_is_tried_until_it_ends(
    place: Place, access: Callable[[], DueAccess], fault: Fault, reason: str
) -> None:
    one = access()
    place.front.fault = fault
    for count, delay in enumerate([1 * MINUTE, 5 * MINUTE, 15 * MINUTE]):
        assert place.mails(STUCK, one.page) == [], "a short failure causes no mail"
        one.fails(reason)
        assert (one.grant.schedule.attempts, one.delay) == (count + 1, delay)
    assert one.page.grant()["overdue"]
    assert one.is_there
    (to_owner, *_) = place.mails(STUCK, one.page)
    assert one.page.owner_email == to_owner["to"]
    assert f"Look for {one.username}" in to_owner["text"]

    place.front.fault = None
    one.ends()


def test_it_is_tried_hourly_for_a_day_and_then_daily_and_the_gauge_rises(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.down
    seen = []
    for attempts, late in ((3, HOUR), (4, 2 * HOUR), (26, DAY), (27, 2 * DAY), (400, 300 * DAY)):
        one.late = late
        seen.append(one.sweep(attempts=attempts)["OldestOverdueSeconds"] >= late)
        assert one.delay == (HOUR if attempts < 27 else DAY)
    assert seen == [True] * 5

    place.front.fault = None
    one.ends()


def test_a_site_that_blocks_delete_is_asked_in_another_way(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.without_delete

    one.ends()


def test_a_deletion_whose_connection_was_cut_is_confirmed_by_the_same_try(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.losing_the_answer

    metrics = one.sweep()

    assert (metrics["Ended"], metrics["PutOff"]) == (1, 0)
    assert not one.is_there
    place.front.fault = None
    one.is_over()


def test_a_deletion_that_was_never_answered_is_confirmed_by_the_next_try(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.never_answering

    metrics = one.sweep()
    assert (metrics["Ended"], metrics["PutOff"]) == (0, 1)
    assert (one.grant.state, one.grant.timeline[-1].detail) == ("active", "timeout")
    assert not one.is_there
    assert place.mails(OVER, one.page) == [], "an end is mailed when it is confirmed"

    place.front.fault = None
    one.ends()


def test_a_deletion_whose_answer_is_cut_short_is_confirmed_by_asking_again_at_once(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.cutting_the_answer

    one.ends()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_site_that_has_moved_is_found_again_and_no_key_follows_a_redirect(
    place: Place, access: Callable[[], DueAccess], status: int
) -> None:
    one = access()
    place.front.fault = fronts.redirecting(place.new.url, status)
    before = len(place.new.requests)

    one.ends()

    assert one.page.grant()["site"]["url"] == place.new.url
    assert [e["event"] for e in one.page.grant()["timeline"]][-2:] == ["site_moved", "ended"]
    arrived = [header_of(r, "Authorization") for r in place.new.requests[before:]]
    assert arrived[:2] == [None, None], "what was asked along the redirects carried no key"
    assert any(arrived)


def test_a_redirect_to_a_stranger_gives_it_no_key(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.front.fault = fronts.redirecting(place.stranger.url)

    one.fails("odd_answer")
    assert place.stranger.requests
    assert [r for r in place.stranger.requests if header_of(r, "Authorization")] == []
    assert place.mails(OVER, one.page) == []

    place.front.fault = None
    one.ends()


def test_a_redirect_to_another_wordpress_deletes_no_user_and_ends_no_grant(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    users = [u["id"] for u in place.rest("GET", "", site=place.other)]
    place.front.fault = fronts.redirecting(place.other.url)

    one.fails("odd_answer")
    status, said = one.page.call(
        "POST",
        f"/grants/{one.page.grant_id}/repair",
        {"user_login": "admin", "application_password": place.consent(site=place.other)},
        bearer=one.page.owner_token,
    )

    assert (status, said["reason"]) == (422, "not_ours")
    assert [u["id"] for u in place.rest("GET", "", site=place.other)] == users
    keys = place.rest("GET", "/1/application-passwords", site=place.other)
    assert len(keys) == 1, "the consent was given back"
    assert one.grant.on_site.site is not None
    assert one.grant.on_site.site.url == place.front.url
    place.front.fault = None
    one.ends()


def test_repair_finds_a_site_that_has_moved(place: Place, access: Callable[[], DueAccess]) -> None:
    one = access()
    place.rest("DELETE", f"/{one.user['id']}/application-passwords")
    place.front.fault = fronts.redirecting(place.new.url)
    one.fails("odd_answer")

    status, said = one.repairs()

    assert (status, said["state"]) == (200, "ended")
    one.is_over()


def test_a_restored_backup_never_deletes_another_user(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    user_id = one.user["id"]
    place.rest("DELETE", f"/{user_id}&force=true&reassign=1")
    place.sql("UPDATE sqlite_sequence SET seq = ? WHERE name = 'wp_users'", user_id - 1)
    name = f"bob{token(6).lower().strip('-_')}"
    bob = {"username": name, "email": f"{name}@x.example", "password": "x" * 20}
    assert place.rest("POST", "", {**bob, "roles": ["administrator"]})["id"] == user_id

    one.fails("key_refused")
    status, said = one.repairs()

    assert (status, said["state"]) == (200, "ended")
    assert place.rest("GET", f"/{user_id}")["username"] == name
    (mail, *_) = place.mails(OVER, one.page)
    assert "while the access lasted: 1. Your receipt lists them." in mail["text"]
    assert ("administrator_added", name) in {
        (change["change"], change["name"]) for change in one.page.grant()["report"]
    }
    place.rest("DELETE", f"/{user_id}&force=true&reassign=1")


def test_another_administrator_gets_the_content_when_the_owner_was_deleted(
    place: Place, access: Callable[..., DueAccess]
) -> None:
    name = f"olivia{token(6).lower().strip('-_')}"
    olivia = {"username": name, "email": f"{name}@x.example", "password": "x" * 20}
    owner = place.rest("POST", "", {**olivia, "roles": ["administrator"]})
    one = access(name, owner["id"])
    post = requests.post(
        f"{place.wordpress.url}/?rest_route=/wp/v2/posts",
        headers=basic(*place.wordpress.auth),
        json={"title": "By support", "status": "publish", "author": one.user["id"]},
        timeout=60,
    ).json()
    place.rest("DELETE", f"/{owner['id']}&force=true&reassign=1")

    one.ends()

    url = f"{place.wordpress.url}/?rest_route=/wp/v2/posts/{post['id']}"
    assert requests.get(url, timeout=60).json()["author"] == 1


def test_new_names_and_a_new_address_of_the_support_user_hide_nothing(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    names = {"name": "Nobody", "slug": token(4).lower(), "nickname": "n", "first_name": "N"}
    place.rest("POST", f"/{one.user['id']}", {**names, "email": f"{one.username}@x.example"})

    one.ends()


def test_a_login_name_changed_in_the_database_hides_nothing(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.sql("UPDATE wp_users SET user_login = 'renamed' WHERE ID = ?", one.user["id"])

    one.ends()

    assert one.user["id"] not in {user["id"] for user in place.rest("GET", "")}


def test_a_demoted_support_user_stays_overdue_until_the_owner_consents_again(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.rest("POST", f"/{one.user['id']}", {"roles": ["subscriber"]})
    for _ in range(3):
        one.fails("cannot_remove")
    assert one.page.owner_email in {m["to"] for m in place.mails(STUCK, one.page)}

    status, said = one.repairs()

    assert (status, said["state"]) == (200, "ended")
    one.is_over()


def test_a_user_deleted_by_hand_is_an_end(place: Place, access: Callable[[], DueAccess]) -> None:
    one = access()
    place.rest("DELETE", f"/{one.user['id']}&force=true&reassign=1")

    one.ends()


def test_a_revoked_removal_key_is_mailed_and_the_receipt_repairs_it(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    place.rest("DELETE", f"/{one.user['id']}/application-passwords")
    for _ in range(3):
        one.fails("key_refused")
    (mail,) = [m for m in place.mails(STUCK, one.page) if m["to"] == one.page.owner_email]
    mailed = mail["text"].partition(f"/receipt#{one.page.grant_id}.")[2].split()[0]

    status, said = one.repairs(mailed)

    assert (status, said["state"]) == (200, "ended")
    one.is_over()
    keys = [key["name"] for key in place.rest("GET", "/1/application-passwords")]
    assert keys == ["Local run"]


def test_without_the_vault_nothing_is_claimed_and_it_ends_when_the_vault_is_back(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    with place.without_right("Keys"):
        one.fails("try_again")
    assert one.delay == MINUTE

    one.ends()


def test_without_mail_it_ends_all_the_same_and_the_notice_comes_later(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    with place.without_right("Mail"):
        metrics = one.sweep()
    assert (metrics["Ended"], metrics["OldestOverdueSeconds"]) == (1, 0)
    grant = one.grant
    assert (grant.state, grant.notices, grant.schedule.attempts) == ("ended", frozenset(), 1)
    assert (grant.schedule.due_at or 0) - (grant.ended_at or 0) == MINUTE
    assert not one.is_there

    one.sweep()
    one.is_over()


def test_without_the_table_the_sweep_fails_aloud_and_the_next_one_ends_it(
    place: Place, access: Callable[[], DueAccess]
) -> None:
    one = access()
    with place.without_right("Grants"), pytest.raises(StackFailedError):
        one.sweep()
    assert one.grant.state == "active"
    assert one.is_there

    one.ends()


@pytest.mark.parametrize("sid", ["Due", "Grants", "Queues"])
def test_a_sweep_that_cannot_see_or_send_what_is_due_fails_aloud(
    place: Place, access: Callable[[], DueAccess], sid: str
) -> None:
    one = access()
    with place.without_right(sid, "SweepRole", "sweep"), pytest.raises(StackFailedError):
        one.sweep()
    assert one.grant.schedule.waiting_since is None

    one.ends()


def test_a_user_made_by_hand_is_asked_about_once_and_daily_when_that_mail_is_read(
    place: Place,
) -> None:
    name = f"helper{token(6).lower().strip('-_')}"
    made = {"username": name, "email": f"{name}@x.example", "password": "x" * 20}
    user = place.rest("POST", "", {**made, "roles": ["administrator"]})
    page = Page(place.stack.app_url, place.front.url, "admin", "")
    page.owner_email = f"{token(6).lower().strip('-_')}@blog.example"
    kept = ("grant_id", "site_url", "days", "owner_token", "support_token", "owner_email")
    body = {field: page.user[field] for field in kept}
    assert page.call("POST", "/grants", {**body, "username": name.upper()})[0] == 201
    one = DueAccess(place, page, user, username=name)

    for day, mails in enumerate([1, 1, 2, 3]):
        one.late = LATE + day * DAY
        metrics = one.sweep()
        assert (metrics["Ended"], metrics["OldestOverdueSeconds"]) == (0, 0)
        assert one.delay == DAY
        asked = [m for m in place.mails(REMINDER, page) if m["to"] == page.owner_email]
        assert len(asked) == mails
        assert "Confirm Deletion" in asked[-1]["text"]
        if day == 1:
            token_in_mail = asked[0]["text"].partition(f"/receipt#{page.grant_id}.")[2].split()[0]
            assert page.grant(token_in_mail)["you_are"] == "owner"
    assert one.is_there

    status, said = one.repairs()
    assert (status, said["state"]) == (200, "ended")
    one.is_over()


class TestWhenAServiceOfOursFailsThePages:
    """The same failures under the API: the caller gets an error, and sending again is safe."""

    API = ("ApiHandlerRole", "api")

    @pytest.fixture
    def page(self, place: Place) -> Iterator[Page]:
        page = Page(place.stack.app_url, place.front.url, "admin", place.consent())
        yield page
        page.call("POST", f"/grants/{page.grant_id}/end", {}, bearer=page.owner_token)

    @pytest.mark.parametrize("sid", ["Keys", "Grants", "Counters"])
    def test_no_access_is_made_and_the_same_request_later_makes_it(
        self, place: Place, page: Page, sid: str
    ) -> None:
        before = [user["id"] for user in place.rest("GET", "")]
        with place.without_right(sid, *self.API):
            status, said = page.create_user()
        assert (status, said["code"]) == (503, "try_again")
        assert [user["id"] for user in place.rest("GET", "")] == before

        assert page.create_user()[0] == 201

    def test_without_mail_the_ticket_is_not_claimed_and_sending_again_sends_it(
        self, place: Place, page: Page
    ) -> None:
        page.create_user()
        with place.without_right("Mail", *self.API):
            status, said = page.send_ticket()
        assert (status, said["code"]) == (502, "delivery_failed")

        assert page.send_ticket()[0] == 201

    def test_an_access_ends_even_when_nothing_can_be_counted(
        self, place: Place, access: Callable[[], DueAccess]
    ) -> None:
        one = access()
        with place.without_right("Counters", *self.API):
            assert one.page.end()[0] == 200

        one.is_over()
