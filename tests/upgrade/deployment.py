"""
The whole of Hallpass over the tables, the sites and the mailbox that a stored state left.

Only this module joins the parts and builds the fakes. The tests beside it send requests, run the
sweep, and compare sites, mails and items.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import pytest
from chalice.test import Client

import app as app_module
from chalicelib.aws import sqs
from chalicelib.aws.account_table import AccountTable
from chalicelib.aws.counter_table import HitCounterTable, TicketLogTable
from chalicelib.aws.due_index import DueIndexTable
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.receipt_table import ReceiptTable
from chalicelib.aws.secret_table import SecretTable
from chalicelib.grants.due_order import QUEUES
from chalicelib.grants.snapshot import Plugin, Theme
from chalicelib.wiring import Hallpass, Ports, assemble
from tests.fakes.dynamodb import FakeDynamoDB, Item
from tests.fakes.queue import MemoryQueue
from tests.fakes.services import FakeEventBus, FakeOutbox, FakeSealer, StillBudget
from tests.fakes.wordpress import FakeSite, FakeUser, FakeWordPress
from tests.fakes.world import SETTINGS, NoConnections

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Json = dict[str, Any]

RECEIPT_LINK = re.compile(r"(/receipt#[\w-]{22,}\.)([\w-]{22,})")


class FiveMinutes:
    """What Lambda says about an invocation that has just begun."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def joined(
    client: FakeDynamoDB, wordpress: FakeWordPress, sealer: FakeSealer, outbox: FakeOutbox
) -> Hallpass:
    """Join the parts over the tables' own adapters and the fakes of everything else."""
    dynamodb = cast("DynamoDBClient", client)
    ports = Ports(
        grants=GrantTable(dynamodb, "grants"),
        due_index=DueIndexTable(dynamodb, "grants"),
        due_queue=MemoryQueue(),
        secrets=SecretTable(dynamodb, "secrets"),
        receipts=ReceiptTable(dynamodb, "secrets"),
        accounts=AccountTable(dynamodb, "accounts"),
        hits=HitCounterTable(dynamodb, "counters"),
        ticket_log=TicketLogTable(dynamodb, "counters"),
        sealer=sealer,
        outbox=outbox,
        event_bus=FakeEventBus(),
        wordpress=wordpress,
        connections=NoConnections(),
        budget=StillBudget(),
        emit_limit_metric=lambda _: None,
    )
    return assemble(ports, SETTINGS)


class Deployment:
    """
    A running Hallpass. `clock` is its time in epoch seconds; a test turns it.

    Attributes:
        dynamodb: The tables ``grants``, ``secrets`` and ``counters``.
        wordpress: The sites of the owners.
        outbox: The mails that went out.
    """

    def __init__(self, patch: pytest.MonkeyPatch, clock: int) -> None:
        self.clock = clock
        self.dynamodb, self.wordpress = FakeDynamoDB(), FakeWordPress()
        self.sealer, self.outbox = FakeSealer(), FakeOutbox()
        self.parts = joined(self.dynamodb, self.wordpress, self.sealer, self.outbox)
        patch.setattr(app_module, "hallpass", lambda: self.parts)
        patch.setattr(app_module, "now", lambda: self.clock)
        self._client = Client(app_module.app, stage_name="hallpass")

    def load(self, state: Json) -> None:
        """Put the items of a stored state into the tables, and its sites behind their addresses."""
        stored = FakeDynamoDB(items_from(state["tables"]))
        for table, items in stored.tables.items():
            self.dynamodb.tables.setdefault(table, {}).update(items)
        for site in state["sites"]:
            self.wordpress.sites[site["url"]] = _site(site)
        self.clock = max(self.clock, state["now"])

    def call(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Make one request as a page does; return the status and the JSON of the answer."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        sent = b"" if body is None else json.dumps(body).encode()
        answer = self._client.http.request(method, path, headers=headers, body=sent)
        return answer.status_code, json.loads(answer.body) if answer.body else None

    def sweep(self) -> None:
        """Let the schedule and the workers run once; an error that they report is raised."""
        event = self._client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
        app_module.sweep(event, FiveMinutes())
        queue = cast("MemoryQueue", self.parts.ports.due_queue)
        for which in QUEUES:
            while (message := queue.receive(self.clock, which)) is not None:
                body = sqs.write(sqs.Message(message.body, "sweep"))
                app_module.end_due(
                    self._client.events.generate_sqs_event([body], which), FiveMinutes()
                )
                queue.delete(message)

    def write_back(self, grant_id: str) -> None:
        """Read the stored grant and write it unchanged, as any step of the story may."""
        grant = self.parts.ports.grants.get(grant_id)
        assert grant is not None
        assert self.parts.ports.grants.replace(grant, grant) is not None

    def item(self, table: str, key: str) -> Item:
        """Return what is stored under *key*, empty when nothing is."""
        return self.dynamodb.tables.get(table, {}).get(key, {})

    def consent(self, url: str, username: str) -> Json:
        """Approve once more on the site; return what WordPress hands to the page."""
        password = self.wordpress.sites[url].consent(username)
        return {"user_login": username, "application_password": password}

    def users(self, url: str) -> dict[str, int]:
        """Return the number of application passwords of each user on the site."""
        return {user.username: len(user.keys) for user in self.wordpress.sites[url].users.values()}

    def mails(self, *, texts: bool) -> list[Json]:
        """Return the mails sent; tokens in them are random and are left out."""
        return [
            {
                "to": mail.to,
                "subject": mail.subject,
                **({"text": RECEIPT_LINK.sub(r"\1…", mail.text)} if texts else {}),
            }
            for mail in self.outbox.sent
        ]

    def mailed_tokens(self) -> list[str]:
        """Return the owner tokens that went out in mails, oldest first."""
        texts = [mail.text for mail in self.outbox.sent]
        return [token for text in texts for _, token in RECEIPT_LINK.findall(text)]


def items_from(tables: dict[str, list[Item]]) -> dict[str, Iterable[Item]]:
    """Return stored items with their binary values, which are base64 in JSON, as bytes."""
    return {table: [_bytes(item) for item in items] for table, items in tables.items()}


def _bytes(value: Any) -> Any:  # noqa: ANN401 - what JSON held
    if isinstance(value, dict):
        if value.keys() == {"B"}:
            return {"B": base64.b64decode(value["B"])}
        return {name: _bytes(part) for name, part in value.items()}
    return [_bytes(part) for part in value] if isinstance(value, list) else value


def _site(stored: Json) -> FakeSite:
    """Return the site as it was when the state was stored."""
    stored = {**stored, "content": dict(stored["content"])}
    users = [
        FakeUser(
            **{
                **user,
                "roles": set(user["roles"]),
                "keys": {uuid: tuple(key) for uuid, key in user["keys"].items()},
            }
        )
        for user in stored.pop("users")
    ]
    for name, kind in (("plugins", Plugin), ("themes", Theme)):
        if name in stored:
            stored[name] = tuple(kind(**row) for row in stored[name])
    return FakeSite(**stored, users={user.id: user for user in users})
