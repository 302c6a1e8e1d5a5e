"""The whole of Hallpass over fakes, and a client that drives the real routes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.clock import TimeBudget
from chalicelib.grants.ending import Ending
from chalicelib.grants.lifecycle import Access
from chalicelib.grants.provisioning import Setup
from chalicelib.grants.provisioning_steps import Steps
from chalicelib.grants.removal import Removal
from chalicelib.grants.repair import Repair
from chalicelib.notifications.notices import MailNotices
from chalicelib.notifications.notifier import Telling
from chalicelib.notifications.tickets import Tickets
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.rate_limits import Limits
from tests.fakes.services import FakeOutbox, FakeSealer
from tests.fakes.stores import MemoryGrants, MemoryHits, MemorySecrets, MemoryTicketLog
from tests.fakes.wordpress import FakeWordPress

SUPPORT = ("Acme Support", "support@acme.example")
PUBLIC_URL = "https://help.acme.example"
NOW = 1_800_000_000


class FakeOutbound:
    """Has no connections to close."""

    def close(self) -> None: ...


@dataclass
class World:
    """Everything a test wants to look at, and the parts that the routes use."""

    wordpress: FakeWordPress
    grants: MemoryGrants
    stored: MemorySecrets
    sealer: FakeSealer
    outbox: FakeOutbox
    access: Access
    ending: Ending
    repair: Repair
    secrets: OneTimeSecrets
    tickets: Tickets
    limits: Limits
    deadline: TimeBudget
    outbound: FakeOutbound
    edge_key: str = "edge-key"


@pytest.fixture
def world() -> World:
    wordpress, grants, stored = FakeWordPress(), MemoryGrants(), MemorySecrets()
    sealer, outbox, deadline = FakeSealer(), FakeOutbox(), TimeBudget()
    removal = Removal(grants, wordpress, sealer, SUPPORT[1])
    secrets = OneTimeSecrets(stored, grants)
    notices = MailNotices(outbox, *SUPPORT, PUBLIC_URL)
    ending = Ending(grants, removal, secrets, Telling(grants, notices), deadline)
    limits = Limits(MemoryHits(), 1000)
    steps = Steps(wordpress, sealer, deadline, limits, *SUPPORT)
    setup = Setup(grants, wordpress, sealer, steps, removal, deadline, limits)
    access = Access(grants, setup, secrets, max_days=14)
    repair = Repair(grants, wordpress, sealer, removal, ending, limits)
    tickets = Tickets(MemoryTicketLog(), limits, grants, outbox, *SUPPORT, PUBLIC_URL)
    return World(
        wordpress,
        grants,
        stored,
        sealer,
        outbox,
        access,
        ending,
        repair,
        secrets,
        tickets,
        limits,
        deadline,
        FakeOutbound(),
    )


class Api:
    """Calls the routes as API Gateway does."""

    def __init__(self, client: Client) -> None:
        self._http = client.http

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        token: str | None = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = json.dumps(body).encode() if raw is None else raw
        answer = self._http.request(method, path, headers=sent, body=content)
        return answer.status_code, json.loads(answer.body) if answer.body else {}


@pytest.fixture
def api(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(app_module, "hallpass", lambda: world)
    monkeypatch.setattr(app_module, "now", lambda: NOW)
    with Client(app_module.app) as client:
        yield Api(client)
