"""The HTTP contract of tickets: statuses and bodies, and the mails that they cause."""

from __future__ import annotations

import pytest

from chalicelib.onetime.envelope import encode
from chalicelib.rate_limits.bounds import BY_MAILBOX
from tests.fakes.world import GRANT, NOW, OWNER, OWNER_MAIL, PUBLIC_URL, SUPPORT_MAIL, World
from tests.unit.bodies import LINK, secret_body, ticket_body, user_body
from tests.unit.conftest import Api


def test_support_gets_it_with_reply_to_the_owner(world: World, api: Api) -> None:
    status, body = api("POST", "/tickets", ticket_body())

    assert status == 201
    (mail,) = world.outbox.sent
    assert (mail.to, mail.reply_to) == (SUPPORT_MAIL, "olivia@blog.example")
    assert body["reference"] in mail.subject
    assert "It is broken." in mail.text


def test_no_mail_contains_a_host_name_from_the_headers(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    names = ("Host", "X-Forwarded-Host", "Forwarded", "Origin", "Referer")
    forged = dict.fromkeys(names, "https://evil.example")
    body = ticket_body(grant_id=GRANT, owner_token=OWNER)

    assert api("POST", "/tickets", body, headers=forged)[0] == 201
    api("POST", f"/grants/{GRANT}/end", {}, token=OWNER, headers=forged)

    assert len(world.outbox.sent) == 4
    for mail in world.outbox.sent:
        assert "evil.example" not in mail.text + mail.subject + mail.to + mail.reply_to


def test_the_mailbox_that_is_counted_is_the_one_that_gets_the_mail(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    object.__setattr__(world.parts.limits, "factor", 1)
    for _ in range(BY_MAILBOX.hits):
        world.parts.limits.admit_mail(OWNER_MAIL, now=NOW)

    body = ticket_body(email="somebody@else.example", grant_id=GRANT, owner_token=OWNER)
    status, answer = api("POST", "/tickets", body)

    assert (status, answer["mail"]) == (201, "dropped")
    assert world.outbox.to("somebody@else.example") == []


def test_a_link_from_elsewhere_is_refused(world: World, api: Api) -> None:
    for link in (
        "https://evil.example/open#" + "A" * 43,
        PUBLIC_URL + "/open#short",
        PUBLIC_URL + "/open#t." + "A" * 150,
        PUBLIC_URL + "/open#t." + "A" * 152,
        PUBLIC_URL + "/open#u." + "A" * 151,
        PUBLIC_URL + "/open#" + "A" * 153,
        "https://evil.example/open#t." + "A" * 151,
        PUBLIC_URL + "/open#" + "A" * 43 + " https://evil.example",
    ):
        status, body = api("POST", "/tickets", ticket_body(link=link))
        assert (status, body["field"]) == (400, "link")
    assert world.outbox.sent == []


def test_a_link_that_is_sealed_to_the_team_says_what_opens_it(world: World, api: Api) -> None:
    link = f"{PUBLIC_URL}/open#t.{'A' * 151}"

    assert api("POST", "/tickets", ticket_body(link=link))[0] == 201

    (to_support,) = world.outbox.sent
    assert link in to_support.text
    assert f"{PUBLIC_URL}/team" in to_support.text


def test_a_link_that_is_not_sealed_names_no_key(world: World, api: Api) -> None:
    api("POST", "/tickets", ticket_body(link=f"{PUBLIC_URL}/open#{'A' * 43}"))

    assert "/team" not in world.outbox.sent[0].text


def test_with_a_grant_the_owner_gets_the_receipt_link(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    link = f"{PUBLIC_URL}/open#{'A' * 43}"

    api("POST", "/tickets", ticket_body(link=link, grant_id=GRANT, owner_token=OWNER))

    to_support, to_owner = world.outbox.sent
    assert link in to_support.text
    assert to_owner.to == OWNER_MAIL
    assert f"{PUBLIC_URL}/receipt#{GRANT}.{OWNER}" in to_owner.text
    assert link not in to_owner.text
    assert OWNER not in to_support.text


@pytest.mark.parametrize(
    ("hint", "expected"),
    [("", "which you get from the owner another way"), ("I will call you", "I will call you")],
)
def test_the_ticket_says_to_support_that_a_passphrase_is_needed(
    world: World, api: Api, hint: str, expected: str
) -> None:
    api("POST", "/users", user_body(world))
    mine = secret_body(grant_id=GRANT, owner_token=OWNER, passphrase=True)
    assert api("POST", "/secrets", mine)[0] == 201

    body = ticket_body(grant_id=GRANT, owner_token=OWNER, passphrase_hint=hint)
    api("POST", "/tickets", body)

    assert expected in world.outbox.sent[0].text
    assert "asks for a passphrase" in world.outbox.sent[0].text
    assert "passphrase" not in world.outbox.sent[1].text


def test_the_owners_mail_holds_nothing_that_the_sender_typed(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    typed = {"name": "SPAM1", "subject": "SPAM2", "message": "SPAM3"}

    api("POST", "/tickets", ticket_body(grant_id=GRANT, owner_token=OWNER, **typed))

    assert "SPAM" not in world.outbox.sent[1].text + world.outbox.sent[1].subject


def test_the_page_of_the_link_shows_support_the_hint_for_its_passphrase(
    world: World, api: Api
) -> None:
    api("POST", "/users", user_body(world))
    mine = {"grant_id": GRANT, "owner_token": OWNER}
    api("POST", "/secrets", secret_body(passphrase=True, **mine))
    api("POST", "/tickets", ticket_body(passphrase_hint="I will call you", **mine))

    assert api("GET", f"/grants/{GRANT}", token=LINK.support)[1]["passphrase_hint"] == (
        "I will call you"
    )
    assert "passphrase_hint" not in api("GET", f"/grants/{GRANT}", token=OWNER)[1]


def test_the_owner_gets_her_own_words_back_as_she_sealed_them(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))
    sealed = encode(bytes(range(40)))
    mine = {"grant_id": GRANT, "owner_token": OWNER}

    for seal in (sealed, encode(bytes(50))):  # Each try seals anew, and the first one stays.
        api("POST", "/tickets", ticket_body(sealed_message=seal, **mine))

    shown = api("GET", f"/grants/{GRANT}", token=OWNER)[1]
    assert shown["sealed_message"] == sealed
    assert "sealed_message" not in api("GET", f"/grants/{GRANT}", token=LINK.support)[1]
    assert len(world.outbox.to(SUPPORT_MAIL)) == 1, "the same message is the same ticket"
    for bad in ("!", encode(bytes(20_000)), 7):
        status, answer = api("POST", "/tickets", ticket_body(sealed_message=bad, **mine))
        assert (status, answer["field"]) == (400, "sealed_message")


def test_a_grant_needs_its_owners_token(world: World, api: Api) -> None:
    api("POST", "/users", user_body(world))

    for token in (LINK.support, "x" * 43):
        body = ticket_body(grant_id=GRANT, owner_token=token)
        assert api("POST", "/tickets", body)[0] == 404
    assert world.outbox.sent == []


def test_a_failed_delivery_is_an_error_and_the_same_request_retries_it(
    world: World, api: Api
) -> None:
    world.outbox.refusing = {SUPPORT_MAIL}
    status, body = api("POST", "/tickets", ticket_body())
    assert (status, body["code"]) == (502, "delivery_failed")

    world.outbox.refusing = set()
    assert api("POST", "/tickets", ticket_body())[0] == 201
    assert api("POST", "/tickets", ticket_body())[0] == 200
    assert len(world.outbox.sent) == 1


def test_when_only_the_confirmation_failed_support_gets_no_second_ticket(
    world: World, api: Api
) -> None:
    api("POST", "/users", user_body(world))
    body = ticket_body(grant_id=GRANT, owner_token=OWNER)
    world.outbox.refusing = {OWNER_MAIL}
    assert api("POST", "/tickets", body)[0] == 502

    world.outbox.refusing = set()
    assert api("POST", "/tickets", body)[0] == 201
    assert [m.to for m in world.outbox.sent] == [SUPPORT_MAIL, OWNER_MAIL]


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
    world: World, api: Api, field: str, value: object
) -> None:
    status, body = api("POST", "/tickets", ticket_body(**{field: value}))

    assert (status, body["code"], body["field"]) == (400, "invalid_input", field)
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
    world: World, api: Api, link: str
) -> None:
    sent = ticket_body(password_link=link, passphrase_hint="I call you")

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
def test_what_is_no_one_time_link_is_not_passed_on_as_one(api: Api, link: str) -> None:
    status, body = api("POST", "/tickets", ticket_body(password_link=link))

    assert (status, body["field"]) == (400, "password_link")
