"""
One access from the check of its site to its end, over fakes that count the AWS calls of each step.

The routes, the tables' code and the sweep are the real ones.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
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


@dataclass(frozen=True, slots=True)
class Calls:
    """The AWS calls of each step, of each kind, and the events that go to the bus."""

    of_steps: dict[str, int]
    of_kinds: Counter[str]
    announced: int


def counting(counts: Counter[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        counts[name] += 1
        return call(*arguments, **named)

    return counted


def count(patch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a counter of all calls from now on, by name."""
    counts: Counter[str] = Counter()
    for owner, names in (
        (MemoryQueue, ("send",)),
        (FakeDynamoDB, READS + WRITES),
        (FakeSealer, ("seal", "unseal")),
        (FakeOutbox, ("send",)),
    ):
        for name in names:
            kind = f"queue_{name}" if owner is MemoryQueue else name
            patch.setattr(owner, name, counting(counts, kind, getattr(owner, name)))
    return counts


def play(patch: pytest.MonkeyPatch) -> Calls:
    """Play one access and return what it called."""
    counts = count(patch)
    here = Deployment(patch, int(time.time()))
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
            if status >= HTTPStatus.BAD_REQUEST:
                raise RuntimeError(f"{name}: {status} {answer}")
        spent[name] = counts.total() - before
    before = counts.total()
    here.sweep()
    spent["sweep that finds nothing"] = counts.total() - before
    before = counts.total()
    here.clock += 4 * 86400
    here.sweep()
    if here.item("grants", grant_id)["phase"]["S"] != "closed":
        raise RuntimeError("The access has not ended.")
    spent["end by sweep and worker"] = counts.total() - before
    timeline = here.parts.ports.grants.get(grant_id).timeline  # type: ignore[union-attr]
    announced = sum(event.name in OF_TIMELINE for event in timeline)
    return Calls(spent, counts, announced)
