"""A whole access on a real WordPress, with plugins that behave like real ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from chalicelib.clock import DAY, TimeBudget
from chalicelib.grants.model import Grant
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.outbound.client import Outbound
from chalicelib.wiring import Ports, assemble
from chalicelib.wordpress.client import RestWordPress
from infra.local.wordpress import WordPress as LocalWordPress
from tests.contract.sites import AGENT, RealBlog, origin
from tests.fakes.queue import MemoryQueue, sweep_and_work
from tests.fakes.services import FakeEventBus, FakeOutbox, FakeSealer
from tests.fakes.stores import (
    MemoryAccounts,
    MemoryDueIndex,
    MemoryGrants,
    MemoryHits,
    MemoryReceipts,
    MemorySecrets,
    MemoryTicketLog,
)
from tests.fakes.world import NOW, OWNER, OWNER_MAIL, SETTINGS, SUPPORT

# Plugins' own code is not in this repository: `make test-plugins PLUGINS=folder` names where it is.
collect_ignore = [] if os.environ.get("HALLPASS_PLUGINS") else ["test_real_plugins.py"]
PHP = Path(__file__).with_name("php")
DAYS = 3


@dataclass
class Owner:
    """The owner of one real site, and Hallpass over it; everything of AWS is a fake."""

    site: LocalWordPress
    grants: MemoryGrants = field(default_factory=MemoryGrants)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)

    def __post_init__(self) -> None:
        outbound = Outbound(AGENT, allowed_sites=[origin(self.site.url)])
        self.wordpress = RestWordPress(outbound)
        ports = Ports(
            grants=self.grants,
            due_index=MemoryDueIndex(self.grants),
            due_queue=MemoryQueue(),
            secrets=MemorySecrets(),
            receipts=MemoryReceipts(),
            accounts=MemoryAccounts(),
            hits=MemoryHits(),
            ticket_log=MemoryTicketLog(),
            sealer=FakeSealer(),
            outbox=self.outbox,
            event_bus=FakeEventBus(),
            wordpress=self.wordpress,
            connections=outbound,
            budget=TimeBudget(),
            emit_limit_metric=lambda _: None,
        )
        self.parts = assemble(ports, replace(SETTINGS, allowed_sites=(origin(self.site.url),)))

    def install(self, *plugins: str) -> None:
        """Run *plugins* from the next request on, beside the one that counts."""
        parts = [(PHP / f"{name}.php").read_text() for name in ("count-failures", *plugins)]
        self.site.mu("<?php\n" + "\n".join(part.removeprefix("<?php") for part in parts))

    def consent(self) -> Credentials:
        """Approve, as WordPress' own page does."""
        blog = RealBlog(self.site)
        return blog.consent(self.site.user)

    def provision(self, *, now: int = NOW, consent: Credentials | None = None) -> Grant:
        """Ask for the access until it is made, as the page does."""
        request = ProvisionRequest(
            f"{now:022}",
            self.site.url,
            consent or self.consent(),
            "p" * 20,
            DAYS,
            OWNER,
            SUPPORT,
            OWNER_MAIL,
        )
        grant, _ = self.parts.lifecycle.provision(request, now=now)
        return grant

    def end(self, *, now: int = NOW) -> Grant:
        """Let the deadline of the newest grant come; return the grant after one sweep."""
        sweep_and_work(self.parts, now=now + DAYS * DAY)
        return self.grants.items[f"{now:022}"]

    @property
    def users(self) -> set[str]:
        """The login names on the site, read with its own administrator's key."""
        found = RealBlog(self.site).request("GET", "users?context=edit&per_page=100")
        return {user["username"] for user in found}

    def site_request(self, method: str, route: str) -> object:
        """Call a route below wp/v2 as the administrator."""
        return RealBlog(self.site).request(method, route)

    def count(self, log: str) -> int:
        """Return how many lines the counting plugin has written, and begin anew."""
        file = self.site.dir / f"{log}.log"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return len(lines)


@pytest.fixture(scope="module")
def version(request: pytest.FixtureRequest) -> str:
    """The version of WordPress; the stories ask for each that is supported."""
    return str(getattr(request, "param", "7.1"))


@pytest.fixture(scope="module")
def local(version: str) -> Iterator[LocalWordPress]:
    with LocalWordPress(version) as site:
        yield site


@pytest.fixture
def owner(local: LocalWordPress) -> Iterator[Owner]:
    owner = Owner(local)
    owner.install()
    yield owner
    local.mu("<?php")
