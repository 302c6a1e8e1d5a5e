"""The main job on the real zip, with IAM enforced, against a real WordPress."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import requests
from boto3.dynamodb.types import TypeDeserializer

from infra.local.stack import SENDER, Stack
from infra.local.wordpress import WordPress
from tests.page import Page, basic

Names = Callable[[], list[str]]
Mails = Callable[[], list[dict[str, str]]]


def test_from_consent_to_the_deleted_user(  # noqa: PLR0917 - fixtures
    stack: Stack,
    wordpress: WordPress,
    owner: Page,
    users: Names,
    owner_keys: Names,
    mails: Mails,
    turn_clock: Callable[[str, int], None],
    events: Callable[[str, int], list[dict[str, Any]]],
) -> None:
    keys_before, users_before = set(owner_keys()), set(users())
    status, made = owner.create_user()
    assert (status, made["state"]) == (201, "active")
    assert set(users()) - users_before == {made["username"]}
    assert len(keys_before - set(owner_keys())) == 1, "the consent key is gone"
    refused = requests.get(
        f"{wordpress.url}/?rest_route=/wp/v2/users/me",
        headers=basic(owner.user_login, owner.application_password),
        timeout=30,
    )
    assert refused.status_code == 401

    assert owner.create_secret(made)[0] == 201
    status, sent = owner.send_ticket()
    assert status == 201
    to_support, to_owner = [m for m in mails() if sent["reference"] in m["subject"]]
    assert owner.one_time_link in to_support["text"]
    assert to_support["reply_to"] == owner.owner_email
    assert f"/receipt#{owner.grant_id}.{owner.owner_token}" in to_owner["text"]

    status, opened = owner.open()
    assert status == 200
    signed_in = requests.post(
        opened["login_url"],
        data={"log": opened["username"], "pwd": opened["password"], "testcookie": "1"},
        cookies={"wordpress_test_cookie": "WP Cookie check"},
        allow_redirects=False,
        timeout=30,
    )
    assert signed_in.status_code == 302, "support can sign in"
    assert owner.open()[0] == 410

    turn_clock(owner.grant_id, int(time.time()) - 5)
    stack.sweep()
    shown = owner.grant()
    assert shown["state"] == "ended"
    assert [e["event"] for e in shown["timeline"]] == [
        "access_created",
        "ticket_sent",
        "link_opened",
        "ended",
    ]
    assert set(users()) == users_before
    announced = events(owner.grant_id, 4)
    assert [e["event"] for e in announced] == [
        "access_created",
        "ticket_sent",
        "link_opened",
        "ended",
    ]
    assert {e["reference"] for e in announced[1:]} == {sent["reference"]}
    ours = [m for m in mails() if made["username"] in m["text"]]
    (to_her,) = [m for m in ours if "has ended" in m["subject"]]
    assert to_her["to"] == owner.owner_email
    assert to_her["subject"].startswith(f"[{sent['reference']}] ")
    (to_us,) = [m for m in ours if m["subject"] == f"Re: {to_support['subject']}"]
    assert to_us["in_reply_to"] == to_support["message_id"]
    assert to_us["references"].split() == [to_support["references"], to_support["message_id"]]
    for mail in (to_support, to_owner, to_her, to_us):
        assert mail["from"] == f"Acme Support <{SENDER}>"
        assert mail["html"].startswith("<!doctype html>")


def test_what_needs_no_body_may_come_without_one(owner: Page) -> None:
    made = owner.create_user()[1]
    owner.create_secret(made)
    bearer = {"Authorization": f"Bearer {owner.owner_token}"}
    for path, status in (
        (f"/secrets/{owner.link.id}/burn", 204),
        (f"/grants/{owner.grant_id}/end", 200),
    ):
        # Neither a body nor a word about its kind, as any HTTP client sends it.
        answer = requests.post(f"{owner.api}/api{path}", headers=bearer, timeout=60)
        assert answer.status_code == status, answer.text


def test_the_same_request_again_changes_nothing(owner: Page, users: Names) -> None:
    first = owner.create_user()
    count = len(users())

    again = owner.create_user()

    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert len(users()) == count
    owner.end()


def as_support(owner: Page) -> Callable[[str, dict[str, object]], dict[str, Any]]:
    """Sign in with the support user's password, as in a browser; return what then makes things."""
    shown = owner.grant()
    session = requests.Session()
    session.post(
        shown["login_url"],
        data={"log": shown["username"], "pwd": owner.password, "testcookie": "1"},
        cookies={"wordpress_test_cookie": "WP Cookie check"},
        timeout=30,
    )
    site = shown["site"]["url"]
    nonce = session.get(f"{site}/wp-admin/admin-ajax.php?action=rest-nonce", timeout=30).text

    def make(route: str, what: dict[str, object]) -> dict[str, Any]:
        address, headers = f"{site}/?rest_route={route}", {"X-WP-Nonce": nonce}
        answer = session.post(address, json=what, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make


def test_a_visitor_who_leaves_an_administrator_or_a_key_behind_is_caught(
    wordpress: WordPress, owner: Page, mails: Mails
) -> None:
    owner.owner_email = f"caught-{owner.grant_id.lower().replace('_', '')}@blog.example"
    owner.create_user()
    make = as_support(owner)
    evil = make(
        "/wp/v2/users",
        {
            "username": "evil",
            "email": "evil@x.example",
            "password": "x" * 20,
            "roles": ["administrator"],
        },
    )
    key = make("/wp/v2/users/1/application-passwords", {"name": "backdoor"})

    owner.end()

    changes = {(c["change"], c["name"], c["detail"]) for c in owner.grant()["report"]}
    assert changes == {
        ("administrator_added", "evil", ""),
        ("key_added", wordpress.user, "backdoor"),
    }
    (mail,) = [m for m in mails() if m["to"] == owner.owner_email]
    assert (
        "Changes that we saw while the access lasted: 2. Your receipt lists them." in mail["text"]
    )
    assert "evil" not in mail["text"], "what a site reports is on the receipt only"
    root, with_key = f"{wordpress.url}/?rest_route=/wp/v2/users", basic(*wordpress.auth)
    requests.delete(f"{root}/{evil['id']}&force=true&reassign=1", headers=with_key, timeout=30)
    requests.delete(f"{root}/1/application-passwords/{key['uuid']}", headers=with_key, timeout=30)


def test_what_support_wrote_belongs_to_the_owner_afterwards(
    wordpress: WordPress, owner: Page
) -> None:
    owner.create_user()
    post = as_support(owner)("/wp/v2/posts", {"title": "By support", "status": "publish"})

    status, ended = owner.end(owner.link.support)

    assert (status, ended["state"]) == (200, "ended")
    kept = requests.get(f"{wordpress.url}/?rest_route=/wp/v2/posts/{post['id']}", timeout=30)
    assert kept.json()["author"] == 1


def test_nothing_at_rest_is_a_key_or_a_link(stack: Stack, owner: Page) -> None:
    made = owner.create_user()[1]
    owner.create_secret(made)
    owner.send_ticket()

    read = TypeDeserializer().deserialize
    stored = repr(
        [
            {name: read(value) for name, value in item.items()}
            for table in ("SecretsTableName", "GrantsTableName", "CountersTableName")
            for item in stack.client("dynamodb").scan(TableName=stack.outputs[table])["Items"]
        ]
    )

    for secret in (owner.password, owner.application_password, owner.owner_token):
        assert secret not in stored
        assert secret.replace(" ", "") not in stored
    assert owner.link.support not in stored
    assert owner.link.access not in stored
    owner.end()


def test_the_rule_itself_ends_what_is_due(
    owner: Page, users: Names, turn_clock: Callable[[str, int], None]
) -> None:
    made = owner.create_user()[1]
    turn_clock(owner.grant_id, int(time.time()) - 5)

    # EventBridge fires the rule each minute; this test does not call the sweep.
    until = time.monotonic() + 150
    while owner.grant()["state"] != "ended" and time.monotonic() < until:
        time.sleep(2)

    assert owner.grant()["state"] == "ended"
    assert made["username"] not in users()
