"""
What AWS and the sites of the measurements hold before each request.

Of four sites each has an access with one link, which waits or was opened just now; the last has
none yet. There are two of each kind, because a process writes on top of what it wrote last to the
same grant, and requests that follow one another are hardly ever about the same. What a client of
One Time Secret's API has shared is there, too: a secret, and those that its account's list names.
"""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

from chalicelib.aws.account_table import AccountTable
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.receipt_table import ReceiptTable
from chalicelib.aws.secret_table import SecretTable
from chalicelib.clock import DAY
from chalicelib.grants.request import ProvisionRequest
from chalicelib.grants.site import Credentials
from chalicelib.onetime.accounts import Accounts
from chalicelib.onetime.envelope import encode
from chalicelib.onetime.model import Secret
from chalicelib.onetime.receipts import Receipts
from chalicelib.onetime.shared import SharedSecrets
from chalicelib.outbound.client import Outbound
from chalicelib.values import replace
from chalicelib.wiring import Hallpass, assemble
from chalicelib.wordpress.client import RestWordPress
from tests.bench.slow_sites import OWNER as LOGIN
from tests.bench.slow_sites import SlowSite, SlowSites
from tests.fakes.dynamodb import FakeDynamoDB, Item
from tests.fakes.world import (
    GRANT,
    OWNER,
    OWNER_MAIL,
    PASSWORD,
    SETTINGS,
    SUPPORT,
    World,
)

PROOF, CLAIM = b"p" * 32, "c" * 43  # One opens a secret, the other claims it.
CONSENT = "k" * 24  # The application password that the owner of each site has left.
ACCOUNT, LISTED = "client", 10
NOW = int(time.time())


class Ids(NamedTuple):
    """The grant and the link of an access whose link waits, and of one whose link was opened."""

    grant: str
    waiting: str
    opened_grant: str
    opened: str


ACCESSES = (
    Ids(GRANT, "S" * 22, "h" * 22, "T" * 22),
    Ids("i" * 22, "Q" * 22, "j" * 22, "R" * 22),
)
Tables = dict[str, dict[str, Item]]


class OpenSealer:
    """Seals nothing, as the key service of the measurements does."""

    def seal(self, plaintext: str, *, grant_id: str, purpose: str) -> bytes:
        del grant_id, purpose
        return plaintext.encode()

    def unseal(self, sealed: bytes, *, grant_id: str, purpose: str) -> str:
        del grant_id, purpose
        return sealed.decode()


def _share(tables: FakeDynamoDB) -> tuple[str, str, str]:
    """Share secrets as a client does; return the keys of one, and the token of the account."""
    store = AccountTable(tables, "accounts")  # type: ignore[arg-type] # It stands in for the client.
    receipts = Receipts(ReceiptTable(tables, "secrets"), None)  # type: ignore[arg-type] # No mail.
    shared = SharedSecrets(SecretTable(tables, "secrets"), receipts, store)  # type: ignore[arg-type]
    accounts = Accounts(store)
    token = accounts.add(ACCOUNT, mail_openings=False, now=NOW) or ""
    for number in range(LISTED):
        by = accounts.sign_in(ACCOUNT, token)
        shared.share("a secret", "", None, by, now=NOW - number)
    made = shared.share("a secret", "", None, None, now=NOW)
    return made.secret_key, made.metadata_key, token


_SHARED = FakeDynamoDB()
SECRET_KEY, METADATA_KEY, TOKEN = _share(_SHARED)


def new_sites() -> SlowSites:
    """Return the sites, without an access."""
    sites = SlowSites(2 * len(ACCESSES) + 1)
    for site in sites.sites.values():
        site.add_key(1, CONSENT)
    return sites


def fill(sites: SlowSites) -> Tables:
    """Set up what *sites* are to have, over their REST API, and return the tables' items."""
    tables = FakeDynamoDB({name: items.values() for name, items in _SHARED.tables.items()})
    outbound = Outbound("Hallpass", allowed_sites=(sites.origin,))
    ports = replace(
        World().parts.ports,
        grants=GrantTable(tables, "grants"),  # type: ignore[arg-type] # As above.
        secrets=SecretTable(tables, "secrets"),  # type: ignore[arg-type]
        receipts=ReceiptTable(tables, "secrets"),  # type: ignore[arg-type]
        wordpress=RestWordPress(outbound),
        connections=outbound,
        sealer=OpenSealer(),
    )
    parts = assemble(ports, SETTINGS)
    site = iter(sites.sites.values())
    for ids in ACCESSES:
        _set_up(parts, ids.grant, ids.waiting, next(site))
        _set_up(parts, ids.opened_grant, ids.opened, next(site))
        parts.secrets.open(ids.opened, _sha256(PROOF), _sha256(CLAIM.encode()), now=NOW)
    outbound.close()
    return tables.tables


def _set_up(parts: Hallpass, grant_id: str, secret_id: str, site: SlowSite) -> None:
    key = Credentials(LOGIN, site.add_key(1)["password"])
    request = ProvisionRequest(grant_id, site.url, key, PASSWORD, 3, OWNER, SUPPORT, OWNER_MAIL)
    grant, _ = parts.lifecycle.provision(request, now=NOW)
    if grant.state != "active":
        raise RuntimeError(f"A set-up is not complete: {grant.state}")
    proof = _sha256(PROOF)
    secret = Secret(secret_id, b"c" * 300, proof, False, 0, "f", grant_id)  # noqa: FBT003
    parts.secrets.create(secret, lifetime=DAY, owner_token=OWNER, now=NOW)


def _sha256(value: bytes) -> str:
    return encode(hashlib.sha256(value).digest())
