"""The HTTP contract: statuses, bodies and headers of every route (design §7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from chalice.test import Client

import app as app_module
from chalicelib import __version__, errors
from chalicelib.onetime.envelope import Link, encode
from chalicelib.rate_limits.limits import BY_MAILBOX
from chalicelib.web import endpoint as web
from tests.fakes.world import NOW, PUBLIC_URL, World
from tests.unit.conftest import Api

LINK = Link.derive(bytes(range(32)))
GRANT_ID, OWNER = "g" * 22, "o" * 43


def user(world: World, **changes: object) -> dict[str, object]:
    site = world.wordpress.add_site("https://blog.example")
    return {
        "grant_id": GRANT_ID,
        "site_url": "https://blog.example",
        "user_login": "admin",
        "application_password": site.consent("admin"),
        "password": "correct horse battery",
        "days": 3,
        "owner_token": OWNER,
        "support_token": LINK.support,
        "owner_email": "owner@blog.example",
        **changes,
    }


def secret(**changes: object) -> dict[str, object]:
    return {
        "id": LINK.id,
        "ciphertext": encode(LINK.seal("{}", bytes(12))),
        "access_sha256": LINK.access_sha256,
        "passphrase": False,
        "lifetime_seconds": 3600,
        **changes,
    }


def ticket(**changes: object) -> dict[str, object]:
    return {
        "name": "Olivia Owner",
        "email": "olivia@blog.example",
        "subject": "Help",
        "message": "It is broken.\nPlease look.",
        **changes,
    }


class TestAnswers:
    def test_every_error_has_one_status(self) -> None:
        raised = {
            kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, errors.HallpassError)
        }

        inner = {errors.HallpassError, errors.KeyRefused}
        assert raised - inner == set(web.STATUS)

    def test_health_says_ok_and_the_version(self, api: Api) -> None:
        assert api("GET", "/health") == (200, {"status": "ok", "version": __version__})

    def test_no_answer_may_be_kept(self, world: World, api: Api) -> None:
        del world
        with Client(app_module.app) as client:
            answers = [
                client.http.get("/health"),
                client.http.get("/secrets/unknown-unknown-unknown"),
                client.http.post("/secrets", body=b"{", headers={"Content-Type": "text/plain"}),
            ]
        assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
        assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
        assert api("GET", "/health")[0] == 200

    def test_chalices_own_answers_have_our_shape(self, api: Api) -> None:
        not_json = api("POST", "/secrets", headers={"Content-Type": "text/plain"})
        wrong_method = api("PUT", "/health")

        assert not_json[0] == 415
        assert not_json[1]["code"] == "not_json"
        assert wrong_method[0] == 405
        assert wrong_method[1]["code"] == "method_not_allowed"

    def test_an_unexpected_failure_tells_nothing(
        self, world: World, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("the password is hunter2")

        monkeypatch.setattr(world.stored, "get", broken)
        status, body = api("GET", f"/secrets/{LINK.id}")

        assert (status, body["code"]) == (500, "internal_error")
        assert "hunter2" not in json.dumps(body)

    @pytest.mark.parametrize(
        "raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"url": NaN}', b"[" * 100_000]
    )
    def test_a_body_that_is_no_json_object_names_the_body(self, api: Api, raw: bytes) -> None:
        for path in ("/sites", "/users", "/secrets", "/tickets"):
            status, body = api("POST", path, raw=raw)
            assert (status, body["code"], body["field"]) == (400, "invalid_input", "body")

    def test_a_body_over_64_kb_is_refused(self, api: Api) -> None:
        status, body = api("POST", "/tickets", ticket(message="x" * 70_000))

        assert (status, body["field"]) == (400, "body")


class TestUsers:
    def test_the_whole_answer_and_the_same_again(self, world: World, api: Api) -> None:
        body = user(world)
        status, made = api("POST", "/users", body)

        assert status == 201
        assert made["state"] == "active"
        assert made["grant_id"] == GRANT_ID
        assert made["site"]["url"] == "https://blog.example"
        assert made["expires_at"] == NOW + 3 * 86_400
        assert made["login_url"].startswith("https://blog.example/")
        assert api("POST", "/users", body) == (200, made)

    def test_another_body_under_the_same_id_is_409(self, world: World, api: Api) -> None:
        body = user(world)
        api("POST", "/users", body)

        assert api("POST", "/users", {**body, "days": 4})[1]["code"] == "grant_exists"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("grant_id", "short"),
            ("grant_id", None),
            ("grant_id", 7),
            ("grant_id", "g" * 129),
            ("grant_id", "../" * 10),
            ("site_url", ""),
            ("site_url", ["https://blog.example"]),
            ("site_url", "x" * 2001),
            ("user_login", ""),
            ("user_login", "a\nb"),
            ("application_password", "x" * 101),
            ("password", "short"),
            ("password", "with a \\ backslash"),
            ("days", 0),
            ("days", 15),
            ("days", 31),
            ("days", "3"),
            ("days", True),
            ("days", 2.5),
            ("owner_token", "o" * 21),
            ("support_token", ""),
            ("owner_email", "not an address"),
            ("owner_email", "a@b.example\r\nBcc: c@d.example"),
        ],
    )
    def test_a_bad_field_is_named_and_nothing_is_stored(
        self, world: World, api: Api, field: str, value: object
    ) -> None:
        status, body = api("POST", "/users", user(world, **{field: value}))

        assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
        assert world.grants.items == {}


class TestSites:
    @pytest.mark.parametrize(
        "url", ["http://blog.example", "https://10.0.0.1", "ftp://x.example", 7]
    )
    def test_a_bad_address_names_the_field_of_this_request(self, api: Api, url: object) -> None:
        status, body = api("POST", "/sites", {"url": url})

        assert (status, body["code"], body["field"]) == (400, "invalid_input", "url")


class TestSecrets:
    def test_create_look_open_acknowledge(self, api: Api) -> None:
        assert api("POST", "/secrets", secret()) == (
            201,
            {"id": LINK.id, "expires_at": NOW + 3600},
        )
        assert api("POST", "/secrets", secret())[0] == 200
        assert api("GET", f"/secrets/{LINK.id}") == (
            200,
            {"state": "waiting", "passphrase": False, "expires_at": NOW + 3600, "tries_left": 5},
        )
        opening = {"access": LINK.access, "claim": "c" * 22}
        status, opened = api("POST", f"/secrets/{LINK.id}/open", opening)
        assert (status, opened) == (200, {"ciphertext": secret()["ciphertext"]})
        assert api("POST", f"/secrets/{LINK.id}/ack", {"claim": "c" * 22}) == (204, {})
        assert api("GET", f"/secrets/{LINK.id}")[1]["opened_at"] == NOW
        status, gone = api("POST", f"/secrets/{LINK.id}/open", {**opening, "claim": "d" * 22})
        assert (status, gone["code"], gone["opened_at"]) == (410, "already_opened", NOW)

    def test_the_same_id_with_another_body_is_409(self, api: Api) -> None:
        api("POST", "/secrets", secret())

        status, body = api("POST", "/secrets", secret(lifetime_seconds=60))
        assert (status, body["code"]) == (409, "secret_exists")

    def test_a_wrong_passphrase_is_403_with_the_tries_left(self, api: Api) -> None:
        guarded = Link.derive(bytes(range(32)), "horse")
        body = secret(access_sha256=guarded.access_sha256, passphrase=True)
        api("POST", "/secrets", body)

        wrong = {"access": LINK.access, "claim": "c" * 22}
        status, answer = api("POST", f"/secrets/{LINK.id}/open", wrong)
        assert (status, answer["code"], answer["tries_left"]) == (403, "wrong_passphrase", 4)
        for _ in range(4):
            api("POST", f"/secrets/{LINK.id}/open", wrong)
        status, answer = api("POST", f"/secrets/{LINK.id}/open", wrong)
        assert (status, answer["code"], answer["unlocks_at"]) == (423, "locked", NOW + 1800)
        assert api("GET", f"/secrets/{LINK.id}")[1]["state"] == "locked"

    def test_when_a_lock_is_over_all_tries_are_back(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guarded = Link.derive(bytes(range(32)), "horse")
        api("POST", "/secrets", secret(access_sha256=guarded.access_sha256, passphrase=True))
        for _ in range(5):
            api("POST", f"/secrets/{LINK.id}/open", {"access": LINK.access, "claim": "c" * 22})
        assert api("GET", f"/secrets/{LINK.id}")[1]["tries_left"] == 0

        monkeypatch.setattr(app_module, "now", lambda: NOW + 1800)
        _, shown = api("GET", f"/secrets/{LINK.id}")

        assert (shown["state"], shown["tries_left"]) == ("waiting", 5)

    @pytest.mark.parametrize("path_id", ["x" * 22, "short", "a%2Fb", "%00" * 8])
    def test_an_unknown_id_is_404(self, api: Api, path_id: str) -> None:
        assert api("GET", f"/secrets/{path_id}")[0] == 404

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", ""),
            ("ciphertext", "AA"),
            ("ciphertext", "A" * 20_000),
            ("ciphertext", encode(bytes(32)) + "="),
            ("ciphertext", None),
            ("access_sha256", encode(bytes(31))),
            ("passphrase", "yes"),
            ("passphrase", None),
            ("lifetime_seconds", 0),
            ("lifetime_seconds", 30 * 86_400 + 1),
            ("grant_id", "short"),
            ("grant_id", {}),
        ],
    )
    def test_a_bad_field_is_named_and_nothing_is_stored(
        self, world: World, api: Api, field: str, value: object
    ) -> None:
        status, body = api("POST", "/secrets", secret(**{field: value}))

        assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
        assert world.stored.items == {}

    def test_a_grants_secret_needs_the_owners_token(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))

        assert api("POST", "/secrets", secret(grant_id=GRANT_ID))[1]["field"] == "owner_token"
        for token in ("x" * 43, LINK.support):
            stranger = secret(grant_id=GRANT_ID, owner_token=token)
            assert api("POST", "/secrets", stranger)[0] == 404
        mine = secret(grant_id=GRANT_ID, owner_token=OWNER)
        assert api("POST", "/secrets", mine)[0] == 201
        assert api("GET", f"/secrets/{LINK.id}")[1]["grant_id"] == GRANT_ID

    def test_burning_needs_the_owner(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))
        api("POST", "/secrets", secret(grant_id=GRANT_ID, owner_token=OWNER))

        burn = f"/secrets/{LINK.id}/burn"
        assert api("POST", burn, {})[0] == 404
        assert api("POST", burn, {}, token=LINK.support)[0] == 404
        assert api("POST", burn, {}, token=OWNER) == (204, {})
        assert world.stored.items[LINK.id].ciphertext is None

    def test_a_link_that_is_gone_says_why_and_an_unknown_one_nothing(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user(world))
        api("POST", "/secrets", secret(grant_id=GRANT_ID, owner_token=OWNER))
        api("POST", f"/grants/{GRANT_ID}/end", {}, token=OWNER)
        opening = {"access": LINK.access, "claim": "c" * 22}

        for status, body in (
            api("GET", f"/secrets/{LINK.id}"),
            api("POST", f"/secrets/{LINK.id}/open", opening),
        ):
            assert (status, body["code"]) == (404, "not_found")
            assert (body["gone"], body["at"]) == ("ended", NOW)
        for status, body in (
            api("GET", f"/secrets/{'u' * 22}"),
            api("POST", f"/secrets/{'u' * 22}/open", opening),
        ):
            assert (status, set(body)) == (404, {"code", "message"})


class TestTickets:
    def test_support_gets_it_with_reply_to_the_owner(self, world: World, api: Api) -> None:
        status, body = api("POST", "/tickets", ticket())

        assert status == 201
        (mail,) = world.outbox.sent
        assert (mail.to, mail.reply_to) == ("support@acme.example", "olivia@blog.example")
        assert body["reference"] in mail.subject
        assert "It is broken." in mail.text

    def test_what_the_caller_says_of_our_name_is_in_no_mail(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))
        names = ("Host", "X-Forwarded-Host", "Forwarded", "Origin", "Referer")
        forged = dict.fromkeys(names, "https://evil.example")
        body = ticket(grant_id=GRANT_ID, owner_token=OWNER)

        assert api("POST", "/tickets", body, headers=forged)[0] == 201
        api("POST", f"/grants/{GRANT_ID}/end", {}, token=OWNER, headers=forged)

        assert len(world.outbox.sent) == 4
        for mail in world.outbox.sent:
            assert "evil.example" not in mail.text + mail.subject + mail.to + mail.reply_to

    def test_the_mailbox_that_is_counted_is_the_one_that_gets_the_mail(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user(world))
        object.__setattr__(world.parts.limits, "factor", 1)
        for _ in range(BY_MAILBOX.hits):
            world.parts.limits.admit_mail("owner@blog.example", now=NOW)

        body = ticket(email="somebody@else.example", grant_id=GRANT_ID, owner_token=OWNER)
        status, answer = api("POST", "/tickets", body)

        assert (status, answer["mail"]) == (201, "dropped")
        assert world.outbox.to("somebody@else.example") == []

    def test_a_link_from_elsewhere_is_refused(self, world: World, api: Api) -> None:
        for link in (
            "https://evil.example/open#" + "A" * 43,
            PUBLIC_URL + "/open#short",
            PUBLIC_URL + "/open#" + "A" * 43 + " https://evil.example",
        ):
            status, body = api("POST", "/tickets", ticket(link=link))
            assert (status, body["field"]) == (400, "link")
        assert world.outbox.sent == []

    @pytest.mark.parametrize(
        "link",
        [
            "https://onetimesecret.com/secret/9k9id865g8eex3094q880m3s5byz0qg",
            "https://eu.onetimesecret.com/secret/9k9id865g8eex3094q880m3s5byz0qg/",
            "https://send.bitwarden.example/#HTUK9y5mS0ipGrGvAKNmag/rFGiVPsvxq3C8lqK3UjAGA",
            "https://pwpush.example/p/fbkq2bvvh0bmi8/r",
            "https://share.1password.example/s#HpPVMk8S4kJJ1rgSpDOjXJCn2o3Pqf0mx5pVbMYR1F8",
            f"{PUBLIC_URL}/secret#9k9id865g8eex3094q880m3s5byz0qg",
            f"{PUBLIC_URL}/secret/9k9id865g8eex3094q880m3s5byz0qg",
        ],
    )
    def test_a_senders_own_one_time_link_is_passed_on_as_the_senders(
        self, world: World, api: Api, link: str
    ) -> None:
        sent = ticket(password_link=link, passphrase_hint="I call you")

        assert api("POST", "/tickets", sent)[0] == 201
        (mail,) = world.outbox.sent
        ours, _, theirs = mail.text.partition("The sender wrote:")
        assert "one-time link" in ours
        assert link not in ours
        assert f"One-time link: {link}" in " ".join(theirs.replace("> ", "").split())
        assert "> About the passphrase: I call you" in theirs

    @pytest.mark.parametrize(
        "link",
        [
            "http://onetimesecret.com/secret/9k9id865g8eex3094q880m3s5byz0qg",
            "https://user:pw@evil.example/secret/9k9id865g8eex3094q880m3s5byz0qg",
            "javascript:alert(1)//secret/9k9id865g8eex3094q880m3s5byz0qg",
            "https://evil.example/ a/secret/9k9id865g8eex3094q880m3s5byz0qg",
            "https://evil.example/",
            "hunter2hunter2",
        ],
    )
    def test_what_is_no_one_time_link_is_not_passed_on_as_one(self, api: Api, link: str) -> None:
        status, body = api("POST", "/tickets", ticket(password_link=link))

        assert (status, body["field"]) == (400, "password_link")

    def test_with_a_grant_the_owner_gets_the_receipt_link(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))
        link = f"{PUBLIC_URL}/open#{'A' * 43}"

        api("POST", "/tickets", ticket(link=link, grant_id=GRANT_ID, owner_token=OWNER))

        to_support, to_owner = world.outbox.sent
        assert link in to_support.text
        assert to_owner.to == "owner@blog.example"
        assert f"{PUBLIC_URL}/receipt#{GRANT_ID}.{OWNER}" in to_owner.text
        assert link not in to_owner.text
        assert OWNER not in to_support.text

    @pytest.mark.parametrize(
        ("hint", "expected"),
        [("", "which you get from them another way"), ("I will call you", "I will call you")],
    )
    def test_support_is_told_that_a_passphrase_is_needed(
        self, world: World, api: Api, hint: str, expected: str
    ) -> None:
        api("POST", "/users", user(world))
        mine = secret(grant_id=GRANT_ID, owner_token=OWNER, passphrase=True)
        assert api("POST", "/secrets", mine)[0] == 201

        body = ticket(grant_id=GRANT_ID, owner_token=OWNER, passphrase_hint=hint)
        api("POST", "/tickets", body)

        assert expected in world.outbox.sent[0].text
        assert "asks for a passphrase" in world.outbox.sent[0].text
        assert "passphrase" not in world.outbox.sent[1].text

    def test_the_owners_mail_holds_nothing_that_the_sender_typed(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user(world))
        typed = {"name": "SPAM1", "subject": "SPAM2", "message": "SPAM3"}

        api("POST", "/tickets", ticket(grant_id=GRANT_ID, owner_token=OWNER, **typed))

        assert "SPAM" not in world.outbox.sent[1].text + world.outbox.sent[1].subject

    def test_a_grant_needs_its_owners_token(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))

        for token in (LINK.support, "x" * 43):
            body = ticket(grant_id=GRANT_ID, owner_token=token)
            assert api("POST", "/tickets", body)[0] == 404
        assert world.outbox.sent == []

    def test_a_failed_delivery_is_told_and_sending_again_sends_it_once(
        self, world: World, api: Api
    ) -> None:
        world.outbox.refusing = {"support@acme.example"}
        status, body = api("POST", "/tickets", ticket())
        assert (status, body["code"]) == (502, "delivery_failed")

        world.outbox.refusing = set()
        assert api("POST", "/tickets", ticket())[0] == 201
        assert api("POST", "/tickets", ticket())[0] == 200
        assert len(world.outbox.sent) == 1

    def test_when_only_the_confirmation_failed_support_is_not_told_twice(
        self, world: World, api: Api
    ) -> None:
        api("POST", "/users", user(world))
        body = ticket(grant_id=GRANT_ID, owner_token=OWNER)
        world.outbox.refusing = {"owner@blog.example"}
        assert api("POST", "/tickets", body)[0] == 502

        world.outbox.refusing = set()
        assert api("POST", "/tickets", body)[0] == 201
        assert [m.to for m in world.outbox.sent] == ["support@acme.example", "owner@blog.example"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "a\r\nBcc: x@y.example"),
            ("email", "nobody"),
            ("email", "a@b.example, c@d.example"),
            ("email", "a@b.example\nBcc: c@d.example"),
            ("subject", None),
            ("subject", "a\nb"),
            ("message", " "),
            ("message", "x" * 10_001),
            ("message", "nul \x00"),
            ("message", "\ud800"),
            ("grant_id", 5),
        ],
    )
    def test_a_bad_field_is_named_and_nothing_is_sent(
        self, world: World, api: Api, field: str, value: object
    ) -> None:
        status, body = api("POST", "/tickets", ticket(**{field: value}))

        assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
        assert world.outbox.sent == []


class TestGrants:
    def test_owner_and_support_see_it_and_a_stranger_does_not(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))

        owner = api("GET", f"/grants/{GRANT_ID}", token=OWNER)
        support = api("GET", f"/grants/{GRANT_ID}", token=LINK.support)

        assert (owner[0], owner[1]["can"]) == (200, ["end", "extend"])
        assert (support[0], support[1]["can"]) == (200, ["end"])
        assert [e["event"] for e in owner[1]["timeline"]] == ["access_created"]
        for token in ("x" * 43, "short", None):
            assert api("GET", f"/grants/{GRANT_ID}", token=token)[0] == 404
        assert api("GET", f"/grants/{'h' * 22}", token=OWNER)[0] == 404

    @pytest.mark.parametrize("token", [OWNER, LINK.support])
    def test_either_side_can_end_it(self, world: World, api: Api, token: str) -> None:
        api("POST", "/users", user(world))

        status, body = api("POST", f"/grants/{GRANT_ID}/end", {}, token=token)

        assert (status, body["state"], body["ended_at"]) == (200, "ended", NOW)
        assert api("POST", f"/grants/{GRANT_ID}/end", {}, token=token) == (status, body)
        assert api("GET", f"/grants/{GRANT_ID}", token=OWNER)[1]["state"] == "ended"

    def test_extending_twice_by_mistake_extends_once(self, world: World, api: Api) -> None:
        _, made = api("POST", "/users", user(world))
        body = {"days": 2, "expires_at": made["expires_at"]}
        ends = [
            api("POST", f"/grants/{GRANT_ID}/extend", body, token=OWNER)[1]["expires_at"]
            for _ in range(2)
        ]

        assert ends == [made["expires_at"] + 2 * 86400] * 2

    def test_only_the_owner_extends_and_only_up_to_the_cap(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))
        extend = f"/grants/{GRANT_ID}/extend"

        assert api("POST", extend, {"days": 2}, token=LINK.support)[0] == 404
        status, body = api("POST", extend, {"days": 2}, token=OWNER)
        assert (status, body["expires_at"]) == (200, NOW + 5 * 86_400)
        status, body = api("POST", extend, {"days": 10}, token=OWNER)
        assert (status, body["field"]) == (400, "days")

    def test_an_ended_access_cannot_be_extended(self, world: World, api: Api) -> None:
        api("POST", "/users", user(world))
        api("POST", f"/grants/{GRANT_ID}/end", {}, token=OWNER)

        status, body = api("POST", f"/grants/{GRANT_ID}/extend", {"days": 2}, token=OWNER)
        assert (status, body["code"]) == (410, "grant_ended")


class TestHandMade:
    BODY: ClassVar[dict[str, object]] = {
        "grant_id": GRANT_ID,
        "site_url": "https://blog.example",
        "username": "helper",
        "days": 3,
        "owner_token": OWNER,
        "support_token": LINK.support,
        "owner_email": "owner@blog.example",
    }

    def test_it_is_watched_and_the_same_again_is_the_same(self, api: Api) -> None:
        status, made = api("POST", "/grants", self.BODY)

        assert (status, made["state"], made["expires_at"]) == (201, "active", NOW + 3 * 86_400)
        assert api("POST", "/grants", self.BODY) == (200, made)
        assert api("POST", "/grants", {**self.BODY, "days": 4})[0] == 409
        shown = api("GET", f"/grants/{GRANT_ID}", token=OWNER)[1]
        assert shown["by_hand"]
        assert {"repair", "say_gone"} <= set(shown["can"])

    @pytest.mark.parametrize("username", ["https://spam.example", "<b>", "a/b", "", "x" * 61])
    def test_a_user_name_cannot_be_an_address_or_a_tag(self, api: Api, username: str) -> None:
        status, body = api("POST", "/grants", {**self.BODY, "username": username})

        assert (status, body["field"]) == (400, "username")

    def test_the_owner_says_that_it_is_gone(self, api: Api) -> None:
        api("POST", "/grants", self.BODY)
        end = f"/grants/{GRANT_ID}/end"

        assert api("POST", end, {"gone": True}, token=LINK.support)[0] == 404
        status, body = api("POST", end, {"gone": True}, token=OWNER)
        assert (status, body["state"]) == (200, "ended")


def test_the_routes_are_those_of_the_design() -> None:
    routes = {(method, path) for path, by in app_module.app.routes.items() for method in by}
    listed = Path(__file__).parents[1].joinpath("routes.json")

    expected: list[list[Any]] = json.loads(listed.read_text())
    assert routes == {(method, path) for method, path in expected}
