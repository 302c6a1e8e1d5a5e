"""
The composition root: the only place that makes clients and joins the parts.

`connect` makes the adapters from the settings, `assemble` joins the parts over whatever adapters it
gets; tests assemble fakes. Nothing here runs at import; the first request of a Lambda instance
builds everything once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Protocol

from chalicelib import __version__
from chalicelib.aws.account_table import AccountTable
from chalicelib.aws.clients import Clients
from chalicelib.aws.counter_table import HitCounterTable, TicketLogTable
from chalicelib.aws.due_index import DueIndexTable
from chalicelib.aws.event_bus import EventBridgeBus
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.kms import KmsSealer
from chalicelib.aws.metrics import emit_limit_metric
from chalicelib.aws.receipt_table import ReceiptTable
from chalicelib.aws.secret_table import SecretTable
from chalicelib.aws.ses import SesOutbox
from chalicelib.aws.sqs import SqsQueues
from chalicelib.clock import TimeBudget
from chalicelib.grants.asking import Asking
from chalicelib.grants.consent_key import ConsentKey
from chalicelib.grants.due_order import DueIndex
from chalicelib.grants.ending import Ending
from chalicelib.grants.lifecycle import Lifecycle
from chalicelib.grants.once_sealer import OnceSealer
from chalicelib.grants.ports import DueQueue, Sealer
from chalicelib.grants.provisioning import Provisioning
from chalicelib.grants.provisioning_steps import StepTools
from chalicelib.grants.removal import Removal
from chalicelib.grants.removal_key import RemovalKey
from chalicelib.grants.renewal import Renewal
from chalicelib.grants.repair import Repair
from chalicelib.grants.site import WordPress
from chalicelib.grants.store import GrantStore
from chalicelib.grants.sweep import Sweep
from chalicelib.grants.worker import Worker
from chalicelib.notifications.announcements import Announcer, EventBus
from chalicelib.notifications.bounces import Bounces
from chalicelib.notifications.message import CountedOutbox, Outbox, SupportTeam
from chalicelib.notifications.notifier import MailNotifier
from chalicelib.notifications.openings import OpeningMails
from chalicelib.notifications.tickets import TicketLog, Tickets
from chalicelib.onetime.accounts import Accounts, AccountStore
from chalicelib.onetime.acknowledging import Acknowledging
from chalicelib.onetime.grant_view import GrantView
from chalicelib.onetime.lifecycle import OneTimeSecrets
from chalicelib.onetime.model import SecretStore
from chalicelib.onetime.receipts import Receipts, ReceiptStore
from chalicelib.onetime.shared import SharedSecrets
from chalicelib.outbound.client import Outbound
from chalicelib.rate_limits.bounds import LimitName
from chalicelib.rate_limits.limits import HitCounter, Limits
from chalicelib.settings import Settings
from chalicelib.values import dataclass
from chalicelib.web.admission import Admission
from chalicelib.web.onetimesecret import OneTimeSecretApi
from chalicelib.wordpress.client import RestWordPress


class Connections(Protocol):
    """The open connections to sites."""

    def keep(self) -> None:
        """Keep nothing of an invocation but what may serve the next; done at the end of each."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The adapters that the parts are joined over. `budget` is the time of this invocation."""

    grants: GrantStore
    due_index: DueIndex
    due_queue: DueQueue
    secrets: SecretStore
    receipts: ReceiptStore
    accounts: AccountStore
    hits: HitCounter
    ticket_log: TicketLog
    sealer: Sealer
    outbox: Outbox
    event_bus: EventBus
    wordpress: WordPress
    connections: Connections
    budget: TimeBudget
    emit_limit_metric: Callable[[LimitName], None]


@dataclass(frozen=True, slots=True)
class Hallpass:
    """The parts that routes, schedule and queues use."""

    ports: Ports
    lifecycle: Lifecycle
    grant_view: GrantView
    ending: Ending
    sweep: Sweep
    worker: Worker
    announcer: Announcer
    bounces: Bounces
    repair: Repair
    renewal: Renewal
    asking: Asking
    secrets: OneTimeSecrets
    acknowledging: Acknowledging
    tickets: Tickets
    one_time_secret_api: OneTimeSecretApi
    admission: Admission
    limits: Limits
    forget_keys: Callable[[], None]
    edge_key: str


@functools.cache
def hallpass() -> Hallpass:
    """Build everything from the environment, once for each Lambda instance."""
    settings = Settings.from_environ(os.environ)
    return assemble(connect(settings), settings)


def connect(settings: Settings) -> Ports:
    """Return the adapters to AWS and to the sites."""
    clients = Clients()
    dynamodb = clients.make("dynamodb")
    budget = TimeBudget()
    outbound = Outbound(
        f"Hallpass/{__version__} (+{settings.public_url})",
        seconds_left=budget.left,
        allowed_sites=settings.allowed_sites,
    )
    return Ports(
        grants=GrantTable(dynamodb, settings.grants_table),
        due_index=DueIndexTable(dynamodb, settings.grants_table),
        due_queue=SqsQueues(
            clients.late("sqs"),
            {"first": settings.due_queue_url, "retry": settings.retry_queue_url},
        ),
        secrets=SecretTable(dynamodb, settings.secrets_table),
        receipts=ReceiptTable(dynamodb, settings.secrets_table),
        accounts=AccountTable(dynamodb, settings.accounts_table),
        hits=HitCounterTable(dynamodb, settings.counters_table),
        ticket_log=TicketLogTable(dynamodb, settings.counters_table),
        sealer=KmsSealer(clients.late("kms"), settings.data_key_arn),
        outbox=SesOutbox(clients.late("sesv2"), settings.sender_email, settings.configuration_set),
        event_bus=EventBridgeBus(clients.late("events"), settings.event_bus),
        wordpress=RestWordPress(outbound),
        connections=outbound,
        budget=budget,
        emit_limit_metric=emit_limit_metric,
    )


def assemble(ports: Ports, settings: Settings) -> Hallpass:
    """Join the parts over *ports*, for one deployment's *settings*."""
    grants, wordpress, budget = ports.grants, ports.wordpress, ports.budget
    sealer = OnceSealer(ports.sealer)
    team = SupportTeam(settings.support_name, settings.support_email, settings.public_url)
    limits = Limits(ports.hits, settings.rate_limits, team.email, ports.emit_limit_metric)
    outbox = CountedOutbox(ports.outbox, limits)
    receipts = Receipts(ports.receipts, OpeningMails(outbox, team))
    secrets = OneTimeSecrets(ports.secrets, grants, receipts)
    shared = SharedSecrets(ports.secrets, receipts, ports.accounts)
    notifier = MailNotifier(grants, outbox, team)
    consent_key = ConsentKey(grants, wordpress, sealer)
    removal_key = RemovalKey(grants, wordpress, sealer, team.email)
    removal = Removal(grants, wordpress, consent_key, removal_key)
    tools = StepTools(wordpress, sealer, budget, limits, team.name, team.email)
    provisioning = Provisioning(grants, tools, consent_key, removal)
    ending = Ending(grants, removal, consent_key, secrets, notifier, budget)
    lifecycle = Lifecycle(grants, wordpress, provisioning, secrets, limits, settings.max_days)
    return Hallpass(
        ports=ports,
        lifecycle=lifecycle,
        grant_view=GrantView(lifecycle, ports.secrets),
        ending=ending,
        sweep=Sweep(ports.due_index, ports.due_queue, budget),
        worker=Worker(ending),
        announcer=Announcer(ports.event_bus),
        bounces=Bounces(grants, team),
        repair=Repair(grants, wordpress, consent_key, removal, ending, limits),
        renewal=Renewal(grants, wordpress, removal_key, secrets),
        asking=Asking(grants, notifier),
        secrets=secrets,
        acknowledging=Acknowledging(secrets, grants, ending),
        tickets=Tickets(ports.ticket_log, grants, outbox, team, wordpress.normalise),
        one_time_secret_api=OneTimeSecretApi(
            shared,
            Accounts(ports.accounts),
            limits,
            settings.one_time_secret_api,
            settings.public_url,
        ),
        admission=Admission(limits, lifecycle, settings.edge_key),
        limits=limits,
        forget_keys=sealer.forget,
        edge_key=settings.edge_key,
    )
