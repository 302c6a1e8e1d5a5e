"""
The whole of Hallpass over fakes: the outside world, which survives every process, and its people.

`World.start` assembles a process as the Lambda does (`wiring.assemble`), over fakes that may make
it die; `World.parts` is a process that lives.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.clock import TimeBudget
from chalicelib.grants.manual_user import Found
from chalicelib.grants.model import Grant
from chalicelib.grants.request import ProvisionRequest, RegisterRequest
from chalicelib.grants.site import Credentials
from chalicelib.notifications.ticket import Ticket
from chalicelib.rate_limits.bounds import LimitName
from chalicelib.settings import Settings
from chalicelib.wiring import Hallpass, Ports, assemble
from tests.fakes.crash import Process
from tests.fakes.queue import MemoryQueue
from tests.fakes.services import FakeEventBus, FakeOutbox, FakeSealer, StillBudget
from tests.fakes.stores import (
    MemoryAccounts,
    MemoryDueIndex,
    MemoryGrants,
    MemoryHits,
    MemoryReceipts,
    MemorySecrets,
    MemoryTicketLog,
)
from tests.fakes.wordpress import FakeSite, FakeWordPress

NOW = 1_800_000_000
URL, PUBLIC_URL = "https://blog.example", "https://help.acme.example"
NEW_URL = "https://www.blog.example"  # Where the site moves.
GRANT, SECRET = "g" * 22, "i" * 22
OWNER, SUPPORT = "o" * 43, "s" * 43
SUPPORT_NAME, SUPPORT_MAIL, OWNER_MAIL = (
    "Acme Support",
    "support@acme.example",
    "owner@blog.example",
)
PASSWORD = "p" * 20
TICKET = Ticket("Olivia", OWNER_MAIL, "Help", "Broken", URL, "", GRANT, OWNER)
SETTINGS = Settings(
    secrets_table="secrets",
    grants_table="grants",
    counters_table="counters",
    accounts_table="accounts",
    due_queue_url="due",
    retry_queue_url="retry",
    event_bus="hallpass",
    data_key_arn="arn",
    public_url=PUBLIC_URL,
    sender_email="hallpass@acme.example",
    support_email=SUPPORT_MAIL,
    support_name=SUPPORT_NAME,
    max_days=14,
    allowed_sites=(),
    rate_limits=1000,
    edge_key="edge-key",
)


class NoConnections:
    """Has no connections to keep."""

    def keep(self) -> None: ...


@dataclass
class World:
    """Everything that a test looks at, and a living process over it."""

    wordpress: FakeWordPress = field(default_factory=FakeWordPress)
    grants: MemoryGrants = field(default_factory=MemoryGrants)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    stored: MemorySecrets = field(default_factory=MemorySecrets)
    receipts: MemoryReceipts = field(default_factory=MemoryReceipts)
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    hits: MemoryHits = field(default_factory=MemoryHits)
    log: MemoryTicketLog = field(default_factory=MemoryTicketLog)
    sealer: FakeSealer = field(default_factory=FakeSealer)
    event_bus: FakeEventBus = field(default_factory=FakeEventBus)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    budget: TimeBudget = field(default_factory=StillBudget)
    reached: list[LimitName] = field(default_factory=list)
    settings: Settings = SETTINGS

    def __post_init__(self) -> None:
        self.due_index = MemoryDueIndex(self.grants)
        self.parts = self.start(Process())

    def start(self, process: Process) -> Hallpass:
        """Assemble a process whose calls to the outside *process* counts, and may refuse."""
        ports = Ports(
            grants=process.wrap(self.grants),
            due_index=process.wrap(self.due_index),
            due_queue=process.wrap(self.queue),
            secrets=process.wrap(self.stored),
            receipts=process.wrap(self.receipts),
            accounts=process.wrap(self.accounts),
            hits=process.wrap(self.hits),
            ticket_log=process.wrap(self.log),
            sealer=process.wrap(self.sealer),
            outbox=process.wrap(self.outbox),
            event_bus=process.wrap(self.event_bus),
            wordpress=process.wrap(self.wordpress),
            connections=NoConnections(),
            budget=self.budget,
            emit_limit_metric=self.reached.append,
        )
        return assemble(ports, self.settings)

    @property
    def site(self) -> FakeSite:
        """The owner's site."""
        return self.wordpress.sites.get(URL) or self.wordpress.add_site(URL)

    @property
    def strangers(self) -> list[str]:
        """The login names on the site beside the owner's."""
        return [user.username for user in self.site.users.values() if user.username != "admin"]

    @property
    def owner_keys(self) -> int:
        """How many application passwords the owner has."""
        return len(self.site.users[1].keys)

    def move_site(self) -> FakeSite:
        """Move the owner's site to `NEW_URL`; the old address redirects everything."""
        old, new = self.site, self.wordpress.add_site(NEW_URL)
        new.users = old.users
        old.moved_to = NEW_URL
        return new

    def restore_backup(self) -> FakeSite:
        """Bring back a backup from before the access; the id of its user goes to a new one, bob."""
        user_id = self.grants.items[GRANT].on_site.user_id or 0
        del self.site.users[user_id]
        self.site.last_id = user_id - 1
        self.site.add_user("bob")
        return self.site

    def request(self) -> ProvisionRequest:
        """Return what the owner's page asks for after an approval."""
        consent = Credentials("admin", self.site.consent("admin"))
        return ProvisionRequest(GRANT, URL, consent, PASSWORD, 3, OWNER, SUPPORT, OWNER_MAIL)

    def manual_request(self, username: str = "helper") -> RegisterRequest:
        """Return what the page asks for when the owner has made the user."""
        return RegisterRequest(GRANT, URL, username, 3, OWNER, SUPPORT, OWNER_MAIL)


def repair(parts: Hallpass, consent: Credentials, now: int, grant_id: str = GRANT) -> Grant:
    """Repair as the owner's page does: confirm whom the first request shows."""
    done = parts.repair.repair(grant_id, OWNER, consent, now=now)
    if isinstance(done, Found):
        done = parts.repair.repair(grant_id, OWNER, consent, confirm=done.user.id, now=now)
    assert isinstance(done, Grant)
    return done
