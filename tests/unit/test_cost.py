"""How many AWS calls one access costs: this fails when they grow. docs/cost.md has the prices."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.notifications.announcements import OF_TIMELINE
from chalicelib.onetime import envelope
from tests.fakes.dynamodb import FakeDynamoDB
from tests.fakes.queue import MemoryQueue
from tests.fakes.services import FakeOutbox, FakeSealer
from tests.upgrade.deployment import Deployment

URL = "https://blog.example"
READS, WRITES = ("get_item", "batch_get_item", "query"), ("put_item", "update_item", "delete_item")
# AWS calls of each step, in the order of the story.
LIMITS = {
    "check the site, three times": 1,
    "set up": 11,
    "make the secret": 5,
    "send the ticket": 10,
    "peek at the secret": 1,
    "open": 4,
    "acknowledge, and mail that it was opened": 6,
    "view the receipt, five times": 5,
    "sweep that finds nothing": 4,
    "end by sweep and worker": 18,
}
# With the announcements, without what every sweep reads anyway, and without the mail of an opening.
MAX_CALLS = 56
MAIL_OF_AN_OPENING = 5
QUERIES_OF_A_SWEEP = 4  # Also of one that finds nothing.
MAX_WRITES_OF_GRANTS = 14  # Each rewrites the whole item, of some 3 KB.


def counting(counts: Counter[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        counts[name] += 1
        return call(*arguments, **named)

    return counted


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    counts: Counter[str] = Counter()
    for owner, names in (
        (MemoryQueue, ("send",)),
        (FakeDynamoDB, READS + WRITES),
        (FakeSealer, ("seal", "unseal")),
        (FakeOutbox, ("send",)),
    ):
        for name in names:
            kind = f"queue_{name}" if owner is MemoryQueue else name
            monkeypatch.setattr(owner, name, counting(counts, kind, getattr(owner, name)))
    return counts


def test_one_access(counts: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    here = Deployment(monkeypatch, int(time.time()))
    site = here.wordpress.add_site(URL)
    link = envelope.Link.derive(secrets.token_bytes(32))
    owner, grant_id, claim = (secrets.token_urlsafe(24) for _ in range(3))
    ciphertext = envelope.encode(link.seal("{}", secrets.token_bytes(12)))
    user = {
        "grant_id": grant_id,
        "site_url": URL,
        "user_login": "admin",
        "application_password": site.consent("admin"),
        "password": secrets.token_urlsafe(20),
        "days": 3,
        "owner_token": owner,
        "support_token": link.support,
        "owner_email": "owner@blog.example",
    }
    secret = {
        "id": link.id,
        "ciphertext": ciphertext,
        "access_sha256": link.access_sha256,
        "passphrase": False,
        "lifetime_seconds": 86400,
        "grant_id": grant_id,
        "owner_token": owner,
    }
    ticket = {
        "name": "Olivia Owner",
        "email": "owner@blog.example",
        "site_url": URL,
        "subject": "The shop is broken",
        "message": "The cart is empty.",
        "link": f"https://help.acme.example/open#{secrets.token_urlsafe(32)}",
        "grant_id": grant_id,
        "owner_token": owner,
    }
    steps: list[tuple[str, str, str, Any, str | None]] = [
        ("check the site, three times", "POST", "/sites", {"url": URL}, None),
        ("set up", "POST", "/users", user, None),
        ("make the secret", "POST", "/secrets", secret, None),
        ("send the ticket", "POST", "/tickets", ticket, None),
        ("peek at the secret", "GET", f"/secrets/{link.id}", None, None),
        ("open", "POST", f"/secrets/{link.id}/open", {"access": link.access, "claim": claim}, None),
        (
            "acknowledge, and mail that it was opened",
            "POST",
            f"/secrets/{link.id}/ack",
            {"claim": claim},
            None,
        ),
        ("view the receipt, five times", "GET", f"/grants/{grant_id}", None, owner),
    ]
    spent: dict[str, int] = {}
    for name, method, path, body, token in steps:
        before = counts.total()
        for _ in range(3 if "three times" in name else 5 if "five times" in name else 1):
            status, answer = here.call(method, path, body, token)[:2]
            assert status < 300, (name, answer)
        spent[name] = counts.total() - before
    before = counts.total()
    here.sweep()
    spent["sweep that finds nothing"] = counts.total() - before
    before = counts.total()
    here.clock += 4 * 86400
    here.sweep()
    assert here.item("grants", grant_id)["phase"]["S"] == "closed"
    spent["end by sweep and worker"] = counts.total() - before
    assert spent == LIMITS, "fewer is welcome: write it here and in docs/cost.md"
    assert counts["query"] == 2 * QUERIES_OF_A_SWEEP
    timeline = here.parts.ports.grants.get(grant_id).timeline  # type: ignore[union-attr]
    announced = [event for event in timeline if event.name in OF_TIMELINE]
    calls = sum(spent.values()) - 2 * QUERIES_OF_A_SWEEP + len(announced)
    assert calls - MAIL_OF_AN_OPENING <= MAX_CALLS
    assert counts["put_item"] - 1 <= MAX_WRITES_OF_GRANTS, "one is that of the secret"
    assert counts["send"] == 5
