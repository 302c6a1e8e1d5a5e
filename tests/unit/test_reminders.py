"""A stranger's word writes one mail; the owner of the mailbox decides about the next six."""

from __future__ import annotations

import re

import pytest

from chalicelib.clock import DAY, HOUR, MINUTE
from chalicelib.grants.site import Credentials
from chalicelib.notifications.message import Mail
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, SUPPORT, SUPPORT_MAIL, World
from tests.unit.conftest import Api

RECEIPT = re.compile(r"/receipt#([\w-]{22})\.([\w-]+)")
END = NOW + 3 * DAY


def days(world: World, first: int, last: int) -> None:
    """Let the sweep run every hour from the *first* day after the deadline to the *last*."""
    for hour in range(first * 24, last * 24):
        sweep_and_work(world.parts, now=END + hour * HOUR)


def open_receipt(world: World, mail: Mail) -> None:
    """Follow the link in *mail*, as its reader does."""
    found = RECEIPT.search(mail.text)
    assert found is not None
    world.parts.lifecycle.view(found[1], found[2])


@pytest.fixture
def manual(world: World) -> World:
    world.parts.lifecycle.register(world.manual_request(), now=NOW)
    return world


class TestHowMany:
    def test_one_and_no_more_while_no_reader_opens_the_receipt_from_it(self, manual: World) -> None:
        days(manual, 0, 60)

        (mail,) = manual.outbox.to(OWNER_MAIL)
        assert "only reminder" in mail.text
        assert len(manual.outbox.to(SUPPORT_MAIL)) == 1

    def test_the_token_of_who_asked_for_the_reminders_opens_nothing(self, manual: World) -> None:
        days(manual, 0, 1)
        for token in (OWNER, SUPPORT):
            manual.parts.lifecycle.view(GRANT, token)

        days(manual, 1, 60)

        assert len(manual.outbox.to(OWNER_MAIL)) == 1

    def test_seven_at_most_once_it_is_opened_and_the_last_says_so(self, manual: World) -> None:
        days(manual, 0, 1)
        open_receipt(manual, manual.outbox.to(OWNER_MAIL)[0])

        days(manual, 1, 60)

        mails = manual.outbox.to(OWNER_MAIL)
        assert len(mails) == 7
        assert ["last reminder" in mail.text for mail in mails] == [False] * 6 + [True]
        assert len(manual.outbox.to(SUPPORT_MAIL)) <= 2

    def test_a_mail_that_was_not_taken_is_sent_the_next_day(self, manual: World) -> None:
        days(manual, 0, 1)
        open_receipt(manual, manual.outbox.to(OWNER_MAIL)[0])
        days(manual, 1, 6)
        manual.outbox.refusing = {OWNER_MAIL}
        days(manual, 6, 7)
        manual.outbox.refusing = set()

        days(manual, 7, 60)

        mails = manual.outbox.to(OWNER_MAIL)
        assert len(mails) == 7
        assert "last reminder" in mails[-1].text

    def test_a_dead_mailbox_keeps_no_grant_awake(self, manual: World) -> None:
        manual.outbox.refusing = {OWNER_MAIL, SUPPORT_MAIL}

        days(manual, 0, 30)

        assert manual.grants.items[GRANT].schedule.due_at is None

    def test_asking_for_the_end_again_and_again_writes_no_more(self, manual: World) -> None:
        for minute in range(300):
            manual.parts.ending.end(GRANT, SUPPORT, now=NOW + minute * MINUTE)
            sweep_and_work(manual.parts, now=NOW + minute * MINUTE)

        assert len(manual.outbox.to(OWNER_MAIL)) == 1


class TestWhatItSays:
    def test_no_mail_claims_of_a_person_what_we_cannot_know(self, manual: World) -> None:
        days(manual, 0, 1)

        (mail,) = manual.outbox.to(OWNER_MAIL)
        assert "Someone asked us to remind you" in mail.text
        assert "You made" not in mail.text

    def test_nothing_that_was_typed_is_in_it(self, world: World) -> None:
        typed = "Call0555now"
        world.parts.lifecycle.register(world.manual_request(typed), now=NOW)
        days(world, 0, 1)

        for mail in world.outbox.sent:
            assert typed not in mail.text + mail.subject
            assert {
                address.split("/")[2] for address in re.findall(r"https?://\S+", mail.text)
            } == {"help.acme.example"}


class TestAtRest:
    @pytest.fixture
    def rested(self, manual: World) -> World:
        days(manual, 0, 30)
        return manual

    def test_it_is_not_due_any_more_and_is_kept_for_its_receipt(self, rested: World) -> None:
        schedule = rested.grants.items[GRANT].schedule
        assert schedule.due_at is None
        assert schedule.purge_at is not None
        assert schedule.purge_at >= END + 90 * DAY

    def test_the_api_says_that_it_is_not_confirmed_and_never_that_it_ended(
        self, rested: World, api: Api
    ) -> None:
        for token in (OWNER, SUPPORT):
            shown = api("GET", f"/grants/{GRANT}", token=token)[1]
            assert shown["state"] == "active"
            assert shown["not_confirmed_since"] >= END + 6 * DAY
            assert "ended_at" not in shown
            assert shown["timeline"][-1]["event"] == "not_confirmed"
            assert {"ended", "setup_undone"}.isdisjoint(e["event"] for e in shown["timeline"])
        assert not [mail for mail in rested.outbox.sent if "has ended" in mail.subject]
        assert rested.due_index.overdue_since() is None

    def test_one_that_is_not_at_rest_says_nothing_of_it(self, manual: World, api: Api) -> None:
        days(manual, 0, 2)
        assert "not_confirmed_since" not in api("GET", f"/grants/{GRANT}", token=OWNER)[1]

    def test_nothing_wakes_it_but_its_owners_word(self, rested: World, api: Api) -> None:
        mails = len(rested.outbox.sent)
        for token in (OWNER, SUPPORT):
            assert api("POST", f"/grants/{GRANT}/end", {}, token=token)[0] == 202
        days(rested, 30, 40)
        assert rested.grants.items[GRANT].schedule.due_at is None
        assert len(rested.outbox.sent) == mails

        status, answer = api("POST", f"/grants/{GRANT}/end", {"gone": True}, token=OWNER)

        assert (status, answer["state"]) == (200, "ended")
        shown = api("GET", f"/grants/{GRANT}", token=OWNER)[1]
        assert (shown["timeline"][-1]["event"], shown["timeline"][-1]["by"]) == ("ended", "owner")
        assert "not_confirmed_since" not in shown

    def test_its_owner_can_still_have_the_user_deleted(self, rested: World, api: Api) -> None:
        rested.site.add_user("helper").registered_at = NOW - HOUR
        consent = {"user_login": "admin", "application_password": rested.site.consent("admin")}
        path = f"/grants/{GRANT}/repair"
        found = api("POST", path, consent, token=OWNER)[1]["found"]

        status, answer = api("POST", path, {**consent, "confirm": found["id"]}, token=OWNER)

        assert (status, answer["state"]) == (200, "ended")
        assert (rested.strangers, rested.owner_keys) == ([], 0)

    def test_a_request_that_is_not_confirmed_leaves_it_at_rest(self, rested: World) -> None:
        rested.site.add_user("helper").registered_at = NOW - HOUR
        before = rested.grants.items[GRANT].schedule
        consent = Credentials("admin", rested.site.consent("admin"))
        rested.parts.repair.repair(GRANT, OWNER, consent, now=END + 31 * DAY)
        assert rested.grants.items[GRANT].schedule.purge_at is None

        sweep_and_work(rested.parts, now=END + 31 * DAY + 15 * MINUTE)

        assert (rested.strangers, rested.owner_keys) == (["helper"], 0)
        after = rested.grants.items[GRANT].schedule
        assert (after.due_at, after.purge_at) == (None, before.purge_at)

    def test_a_repair_that_fails_ends_in_rest_again_without_a_mail(
        self, rested: World, api: Api
    ) -> None:
        rested.site.add_user("helper").registered_at = NOW - HOUR
        mails = len(rested.outbox.sent)
        consent = Credentials("admin", rested.site.consent("admin"))
        rested.parts.repair.repair(GRANT, OWNER, consent, now=END + 31 * DAY)
        rested.wordpress.fail_next("delete_user", unavailable("server_error"))
        with pytest.raises(Exception, match="error of its own"):
            rested.parts.repair.repair(GRANT, OWNER, consent, confirm=2, now=END + 31 * DAY)

        days(rested, 31, 35)

        assert rested.owner_keys == 0
        assert rested.grants.items[GRANT].schedule.due_at is None
        assert len(rested.outbox.sent) == mails
        shown = api("GET", f"/grants/{GRANT}", token=OWNER)[1]
        assert shown["state"] == "active"


def test_a_view_whose_record_fails_is_shown_all_the_same(
    manual: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(manual, 0, 1)

    def busy(*_: object) -> None:
        return None

    monkeypatch.setattr(manual.grants, "replace", busy)
    open_receipt(manual, manual.outbox.to(OWNER_MAIL)[0])
