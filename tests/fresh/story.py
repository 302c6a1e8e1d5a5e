"""One whole story against a running `make run`, over HTTP: from the consent to the proof.

It reads the addresses from `.local/run.json`, as any program may that scripts the local run.
"""

from __future__ import annotations

import json
import time
from typing import Any

import requests

from infra.local.ports import bypass_proxies
from infra.local.run import RUN_FILE
from tests.page import Page, basic


def main() -> None:
    """Play the story; an AssertionError says which sentence of it was not true."""
    bypass_proxies()
    addresses = json.loads(RUN_FILE.read_text())
    site = addresses["wordpress"]
    admin = basic(site["user"], site["application_password"])
    consent = _rest(site["url"], admin, "POST", "/users/me/application-passwords", name="Hallpass")
    owner = Page(addresses["app"], site["url"], site["user"], consent["password"])

    status, made = owner.create_user()
    assert (status, made["state"]) == (201, "active"), made
    assert made["username"] in _users(site["url"], admin), "WordPress has the support user"
    _say(f"{made['username']} was made with the owner's consent")

    assert owner.create_secret(made)[0] == 201
    status, ticket = owner.send_ticket()
    assert status == 201, ticket
    mails = [m for m in _mails(addresses["mail"]) if ticket["reference"] in m["subject"]]
    assert any(owner.one_time_link in mail["text"] for mail in mails), "support has the link"
    _say(f"the ticket {ticket['reference']} reached support")

    status, opened = owner.open()
    assert (status, opened["username"]) == (200, made["username"]), opened
    assert owner.open()[0] == 410, "the link opens once"
    signed_in = requests.post(
        opened["login_url"],
        data={"log": opened["username"], "pwd": opened["password"], "testcookie": "1"},
        cookies={"wordpress_test_cookie": "WP Cookie check"},
        allow_redirects=False,
        timeout=60,
    )
    assert signed_in.status_code == 302, "support signs in"
    _say("support opened the link, once, and signed in")

    status, ended = owner.end()
    until = time.monotonic() + 120  # A busy machine's first try may be repeated by the sweep.
    while ended["state"] != "ended" and time.monotonic() < until:
        time.sleep(2)
        ended = owner.grant()
    assert ended["state"] == "ended", ended
    assert made["username"] not in _users(site["url"], admin), "the support user is gone"
    proofs = [m for m in _mails(addresses["mail"]) if made["username"] in m["text"]]
    assert owner.owner_email in [m["to"] for m in proofs if "has ended" in m["subject"]]
    _say("the account is gone from WordPress, and the owner has the proof")


def _say(words: str) -> None:
    print(f"  Story: {words}.", flush=True)


def _rest(site: str, headers: dict[str, str], method: str, route: str, **body: str) -> Any:  # noqa: ANN401  JSON.
    answer = requests.request(
        method, f"{site}/?rest_route=/wp/v2{route}", headers=headers, json=body or None, timeout=60
    )
    answer.raise_for_status()
    return answer.json()


def _users(site: str, headers: dict[str, str]) -> list[str]:
    listed = _rest(site, headers, "GET", "/users&context=edit&per_page=100")
    return [user["username"] for user in listed]


def _mails(address: str) -> list[dict[str, str]]:
    answer = requests.get(address, headers={"Accept": "application/json"}, timeout=60)
    sent: list[dict[str, str]] = answer.json()
    return sent


if __name__ == "__main__":
    main()
