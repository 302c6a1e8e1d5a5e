"""A new link without WordPress, what support asks the owner for, and that it opened the link."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from chalicelib.clock import DAY
from chalicelib.errors import (
    DeliveryFailed,
    GrantEnded,
    NotFound,
    SiteUnavailable,
    SiteUnsupported,
    TooManyRequests,
    TryAgain,
)
from chalicelib.grants.asking import MAX_REQUESTS, MIN_PAUSE_SECONDS
from chalicelib.grants.model import Grant
from chalicelib.grants.store import try_lease
from chalicelib.onetime.envelope import Link, encode
from chalicelib.site_problems import unavailable
from tests.fakes.queue import sweep_and_work
from tests.fakes.wordpress import FakeUser
from tests.fakes.world import (
    GRANT,
    NOW,
    OWNER,
    OWNER_MAIL,
    PUBLIC_URL,
    SUPPORT,
    SUPPORT_MAIL,
    World,
)
from tests.unit.bodies import LINK, manual_body, secret_body, ticket_body, user_body
from tests.unit.conftest import Api

NEW_PASSWORD = "n" * 24
NEW_LINK = Link.derive(bytes(range(1, 33)))
PATH = f"/grants/{GRANT}"


@pytest.fixture
def made(world: World, api: Api) -> World:
    """An access with one link that waits to be opened, and its ticket."""
    assert api("POST", "/users", user_body(world))[0] == 201
    mine = secret_body(grant_id=GRANT, owner_token=OWNER, lifetime_seconds=3 * DAY)
    assert api("POST", "/secrets", mine)[0] == 201
    link = f"{PUBLIC_URL}/open#{'A' * 43}"
    body = ticket_body(link=link, grant_id=GRANT, owner_token=OWNER, email=OWNER_MAIL)
    assert api("POST", "/tickets", body)[0] == 201
    return world


def support_user(world: World) -> FakeUser:
    return next(user for user in world.site.users.values() if user.username != "admin")


def grant(world: World) -> Grant:
    return world.grants.items[GRANT]


def renew(api: Api, token: str = OWNER, **changes: object) -> tuple[int, dict[str, object]]:
    body = {"password": NEW_PASSWORD, "support_token": NEW_LINK.support, **changes}
    return api("POST", f"{PATH}/link", body, token=token)


class TestNewLink:
    def test_the_support_user_has_the_new_password_and_the_earlier_link_is_burned(
        self, made: World, api: Api
    ) -> None:
        status, answer = renew(api)

        assert (status, answer["state"], answer["username"]) == (
            200,
            "active",
            grant(made).username,
        )
        assert support_user(made).password == NEW_PASSWORD
        status, gone = api("GET", f"/secrets/{LINK.id}")
        assert (status, gone["gone"]) == (404, "burned")
        names = [event.name for event in grant(made).timeline]
        assert names[-2:] == ["link_renewed", "link_burned"]
        assert NEW_PASSWORD not in repr(made.grants.items)

    def test_the_owner_can_seal_and_send_it_as_the_first_one(self, made: World, api: Api) -> None:
        renew(api)
        sealed = {
            **secret_body(grant_id=GRANT, owner_token=OWNER),
            "id": NEW_LINK.id,
            "ciphertext": encode(NEW_LINK.seal("{}", bytes(12))),
            "access_sha256": NEW_LINK.access_sha256,
        }
        assert api("POST", "/secrets", sealed)[0] == 201
        link = f"{PUBLIC_URL}/open#{'B' * 43}"
        body = ticket_body(
            link=link, grant_id=GRANT, owner_token=OWNER, message="New", email=OWNER_MAIL
        )
        status, sent = api("POST", "/tickets", body)

        assert (status, sent["reference"]) == (201, grant(made).reference)
        first, second = made.outbox.to(SUPPORT_MAIL)
        assert (second.subject, second.in_reply_to) == (f"Re: {first.subject}", "<1@fake.example>")
        assert "new sign-in link" in second.text
        assert link in second.text
        (_, mail) = made.outbox.to(OWNER_MAIL)
        assert "You sent Acme Support a new sign-in link to blog.example" in mail.subject
        opened = api(
            "POST",
            f"/secrets/{NEW_LINK.id}/open",
            {"access": NEW_LINK.access, "claim": "c" * 22},
        )
        assert opened[0] == 200

    @pytest.mark.usefixtures("made")
    def test_the_holder_of_the_earlier_link_sees_and_ends_nothing_any_more(self, api: Api) -> None:
        assert api("GET", PATH, token=LINK.support)[0] == 200

        renew(api)

        assert api("GET", PATH, token=LINK.support)[0] == 404
        assert api("POST", f"{PATH}/end", {}, token=LINK.support)[0] == 404
        assert api("GET", PATH, token=NEW_LINK.support)[1]["you_are"] == "support"

    @pytest.mark.usefixtures("made")
    def test_without_a_token_the_earlier_one_counts(self, api: Api) -> None:
        assert renew(api, support_token=None)[0] == 200
        assert api("GET", PATH, token=LINK.support)[0] == 200

    def test_the_access_still_ends_at_its_deadline(self, made: World, api: Api) -> None:
        renew(api)

        sweep_and_work(made.parts, now=NOW + 3 * DAY)

        assert made.strangers == []
        assert grant(made).state == "ended"

    @pytest.mark.usefixtures("made")
    def test_the_receipt_offers_it_to_the_owner_alone(self, api: Api) -> None:
        assert "renew" in api("GET", PATH, token=OWNER)[1]["can"]
        assert "renew" not in api("GET", PATH, token=LINK.support)[1]["can"]

    @pytest.mark.parametrize("token", [LINK.support, "x" * 43])
    def test_only_the_owner_can(self, made: World, api: Api, token: str) -> None:
        before = support_user(made).password

        assert renew(api, token)[0] == 404
        assert support_user(made).password == before

    @pytest.mark.usefixtures("made")
    @pytest.mark.parametrize("password", ["short", "back\\slash in it", 7, None])
    def test_a_password_that_wordpress_would_refuse_is_refused(
        self, api: Api, password: object
    ) -> None:
        status, answer = renew(api, password=password)

        assert (status, answer["field"]) == (400, "password")

    def test_a_user_made_by_hand_has_none(self, api: Api) -> None:
        assert api("POST", "/grants", manual_body())[0] == 201

        assert renew(api)[0] == 404
        assert "renew" not in api("GET", PATH, token=OWNER)[1]["can"]

    @pytest.mark.parametrize("later", [3 * DAY, 30 * DAY])
    def test_none_after_the_deadline(self, made: World, later: int) -> None:
        with pytest.raises(GrantEnded):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW + later)
        assert support_user(made).password != NEW_PASSWORD

    def test_none_once_the_end_was_asked_for(self, made: World) -> None:
        made.site.down = unavailable("timeout")
        made.parts.ending.end(GRANT, OWNER, now=NOW)
        made.site.down = None

        with pytest.raises(GrantEnded):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)

    def test_a_site_that_is_down_leaves_the_earlier_link_as_it_is(
        self, made: World, api: Api
    ) -> None:
        made.wordpress.fail_next("set_password", unavailable("timeout"))
        with pytest.raises(SiteUnavailable):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)

        assert api("GET", f"/secrets/{LINK.id}")[0] == 200
        assert api("GET", PATH, token=LINK.support)[0] == 200
        assert renew(api)[0] == 200, "the lease was given back"

    def test_a_lost_answer_and_the_same_request_again(self, made: World, api: Api) -> None:
        made.wordpress.fail_next("set_password", unavailable("timeout"), late=True)
        with pytest.raises(SiteUnavailable):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)

        assert renew(api)[0] == 200
        assert support_user(made).password == NEW_PASSWORD

    def test_a_dead_key_says_what_to_do_and_is_not_sent_again(self, made: World, api: Api) -> None:
        made.site.revoke(grant(made).username)

        status, answer = renew(api)
        sent = len(made.wordpress.calls)

        assert (status, answer["reason"]) == (422, "password_refused")
        assert "allow it again" in str(answer["fix"])
        assert renew(api)[0] == 422
        assert len(made.wordpress.calls) == sent, "plugins count refused keys"
        assert grant(made).schedule.lease_until == 0

    def test_the_password_of_another_user_is_never_changed(self, made: World) -> None:
        """A restored backup gave the id to another, and our key to no user."""
        ours = support_user(made)
        ours.id = 99
        made.site.users[99] = made.site.users.pop(next(i for i in made.site.users if i != 1))
        with pytest.raises(SiteUnsupported):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)
        assert ours.password != NEW_PASSWORD

    def test_while_another_call_has_the_grant_it_waits(self, made: World) -> None:
        assert try_lease(made.grants, grant(made), now=NOW, seconds=60)

        with pytest.raises(TryAgain):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)

    def test_who_ends_it_meanwhile_wins(self, made: World) -> None:
        made.wordpress.interrupt_next(
            "set_password", lambda: made.parts.ending.end(GRANT, OWNER, now=NOW)
        )
        with pytest.raises(GrantEnded):
            made.parts.renewal.renew(GRANT, OWNER, NEW_PASSWORD, now=NOW)
        sweep_and_work(made.parts, now=NOW + 60)

        assert made.strangers == []


class TestAsking:
    def ask(
        self, api: Api, wish: object, token: str = LINK.support
    ) -> tuple[int, dict[str, object]]:
        return api("POST", f"{PATH}/ask", {"for": wish}, token=token)

    @pytest.mark.parametrize(
        ("wish", "event", "words"),
        [
            ("link", "link_asked", "needs a new sign-in link to blog.example"),
            ("time", "time_asked", "asks for more time"),
        ],
    )
    def test_the_owner_gets_one_mail_with_a_button_and_sees_it_on_the_receipt(
        self, made: World, api: Api, wish: str, event: str, words: str
    ) -> None:
        assert self.ask(api, wish) == (204, {})

        mail = made.outbox.to(OWNER_MAIL)[-1]
        assert mail.subject.startswith(f"[{grant(made).reference}] Acme Support asks for")
        assert words in mail.text
        assert mail.reply_to == SUPPORT_MAIL
        token = mail.text.partition(f"/receipt#{GRANT}.")[2].split()[0]
        shown = api("GET", PATH, token=token)[1]
        assert shown["timeline"][-1] == {"at": NOW, "event": event, "by": "support"}

    def test_asking_again_and_again_sends_one(self, made: World, api: Api) -> None:
        self.ask(api, "link")

        status, answer = self.ask(api, "link")

        assert (status, answer["retry_after"]) == (429, MIN_PAUSE_SECONDS)
        assert self.ask(api, "time")[0] == 204, "the other wish is another one"
        assert len(made.outbox.to(OWNER_MAIL)) == 3

    def test_there_is_an_end_to_it(self, made: World) -> None:
        made.grants.items[GRANT] = replace(grant(made), expires_at=NOW + 300 * DAY)
        for time in range(MAX_REQUESTS):
            now = NOW + time * MIN_PAUSE_SECONDS
            made.parts.asking.ask(GRANT, LINK.support, "time", now=now)

        with pytest.raises(TooManyRequests):
            made.parts.asking.ask(GRANT, LINK.support, "link", now=NOW + 200 * DAY)

    @pytest.mark.usefixtures("made")
    @pytest.mark.parametrize("token", [OWNER, "x" * 43])
    def test_only_support_asks(self, api: Api, token: str) -> None:
        assert self.ask(api, "time", token)[0] == 404

    @pytest.mark.usefixtures("made")
    @pytest.mark.parametrize("wish", ["money", "", 7, None, ["link"]])
    def test_only_for_these(self, api: Api, wish: object) -> None:
        status, answer = self.ask(api, wish)
        assert (status, answer["field"]) == (400, "for")

    def test_of_a_user_made_by_hand_more_time_alone(self, api: Api) -> None:
        assert api("POST", "/grants", manual_body())[0] == 201

        assert self.ask(api, "link")[0] == 404
        assert self.ask(api, "time")[0] == 204
        assert api("GET", PATH, token=LINK.support)[1]["can"] == ["end", "ask_time"]

    def test_not_after_the_end(self, made: World, api: Api) -> None:
        made.parts.ending.end(GRANT, OWNER, now=NOW)

        assert self.ask(api, "time")[0] == 410

    def test_a_mail_that_was_not_taken_can_be_asked_for_again(self, made: World) -> None:
        made.outbox.refusing = {OWNER_MAIL}
        with pytest.raises(DeliveryFailed):
            made.parts.asking.ask(GRANT, LINK.support, "time", now=NOW)
        made.outbox.refusing = set()

        made.parts.asking.ask(GRANT, LINK.support, "time", now=NOW)

    def test_a_grant_without_an_address_has_no_owner_to_ask(self, world: World, api: Api) -> None:
        body = user_body(world, owner_email="")
        assert api("POST", "/users", body)[0] == 201

        assert self.ask(api, "time")[0] == 404
        with pytest.raises(NotFound):
            world.parts.asking.ask(GRANT, SUPPORT, "time", now=NOW)


class TestOpened:
    def open(self, api: Api) -> int:
        proof = {"access": LINK.access, "claim": "c" * 22}
        return api("POST", f"/secrets/{LINK.id}/open", proof)[0]

    def test_the_owner_hears_once_that_support_opened_the_link(self, made: World, api: Api) -> None:
        assert self.open(api) == 200
        sweep_and_work(made.parts, now=NOW)
        assert self.open(api) == 200, "the answer was lost"
        for minute in range(5):
            sweep_and_work(made.parts, now=NOW + minute * 60)

        (_, mail) = made.outbox.to(OWNER_MAIL)
        assert "Acme Support opened the sign-in link to blog.example" in mail.subject
        assert f"/receipt#{GRANT}." in mail.text
        assert grant(made).schedule.due_at == NOW + 3 * DAY

    def acknowledge(self, api: Api, claim: str = "c" * 22) -> int:
        return api("POST", f"/secrets/{LINK.id}/ack", {"claim": claim})[0]

    def test_the_owner_hears_as_soon_as_the_opener_has_it(self, made: World, api: Api) -> None:
        self.open(api)
        assert self.acknowledge(api, "x" * 22) == 404
        assert len(made.outbox.to(OWNER_MAIL)) == 1, "a stranger's word sends nothing"

        assert self.acknowledge(api) == 204
        assert self.acknowledge(api) == 204
        sweep_and_work(made.parts, now=NOW + 60)

        (_, mail) = made.outbox.to(OWNER_MAIL)
        assert "Acme Support opened the sign-in link to blog.example" in mail.subject
        assert grant(made).schedule.due_at == NOW + 3 * DAY
        assert grant(made).schedule.lease_until == 0

    def test_a_mail_that_is_not_accepted_costs_the_opener_nothing(
        self, made: World, api: Api
    ) -> None:
        self.open(api)
        made.outbox.refusing = {OWNER_MAIL}
        assert self.acknowledge(api) == 204
        made.outbox.refusing = set()

        sweep_and_work(made.parts, now=NOW + 3600)

        assert len(made.outbox.to(OWNER_MAIL)) == 2

    def test_another_who_is_at_the_grant_sends_the_mail(self, made: World, api: Api) -> None:
        self.open(api)
        assert try_lease(made.grants, grant(made), now=NOW, seconds=60)

        assert self.acknowledge(api) == 204

        assert len(made.outbox.to(OWNER_MAIL)) == 1
        sweep_and_work(made.parts, now=NOW + 61)
        assert len(made.outbox.to(OWNER_MAIL)) == 2

    def test_an_access_whose_time_is_over_is_left_to_the_sweep(self, made: World, api: Api) -> None:
        self.open(api)

        claim_sha256 = encode(sha256(b"c" * 22).digest())
        made.parts.acknowledging.acknowledge(LINK.id, claim_sha256, now=NOW + 3 * DAY)

        assert len(made.outbox.to(OWNER_MAIL)) == 1
        assert support_user(made)

    def test_a_mail_that_was_not_taken_comes_later(self, made: World, api: Api) -> None:
        self.open(api)
        made.outbox.refusing = {OWNER_MAIL}
        sweep_and_work(made.parts, now=NOW)
        made.outbox.refusing = set()

        sweep_and_work(made.parts, now=NOW + 3600)

        assert len(made.outbox.to(OWNER_MAIL)) == 2

    def test_an_access_that_ends_before_the_sweep_comes_says_only_that(
        self, made: World, api: Api
    ) -> None:
        self.open(api)
        made.parts.ending.end(GRANT, OWNER, now=NOW)
        sweep_and_work(made.parts, now=NOW)

        subjects = [mail.subject for mail in made.outbox.to(OWNER_MAIL)]
        assert not any("opened the sign-in link" in subject for subject in subjects)
