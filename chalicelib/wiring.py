"""
The composition root: the only place that makes clients and joins the parts.

Nothing here runs at import; the first request of a Lambda instance builds everything once.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

import boto3
from botocore.config import Config

from chalicelib import __version__
from chalicelib.aws.counter_table import HitCounterTable, TicketLogTable
from chalicelib.aws.grant_table import GrantTable
from chalicelib.aws.kms import KmsSealer
from chalicelib.aws.secret_table import SecretTable
from chalicelib.aws.ses import SesOutbox
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
from chalicelib.outbound.client import Outbound
from chalicelib.rate_limits import Limits
from chalicelib.settings import Settings
from chalicelib.wordpress.client import RestWordPress

# An AWS service in the same region that has not answered in 5 s will not; three tries fit easily.
AWS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
)


@dataclass(frozen=True, slots=True)
class Hallpass:
    """The parts that routes and schedule use."""

    access: Access
    ending: Ending
    repair: Repair
    secrets: OneTimeSecrets
    tickets: Tickets
    limits: Limits
    wordpress: RestWordPress
    outbound: Outbound
    deadline: TimeBudget
    edge_key: str


@functools.cache
def hallpass() -> Hallpass:
    """Build everything from the environment, once for each Lambda instance."""
    settings = Settings.from_environ(os.environ)
    session = boto3.Session()
    dynamodb = session.client("dynamodb", config=AWS)
    grants = GrantTable(dynamodb, settings.grants_table)
    secrets = OneTimeSecrets(SecretTable(dynamodb, settings.secrets_table), grants)
    sealer = KmsSealer(session.client("kms", config=AWS), settings.data_key_arn)
    outbox = SesOutbox(session.client("sesv2", config=AWS), settings.sender_email)
    deadline = TimeBudget()
    outbound = Outbound(
        f"Hallpass/{__version__} (+{settings.public_url})",
        timeout=deadline.left,
        allowed_sites=settings.allowed_sites,
    )
    wordpress = RestWordPress(outbound)
    removal = Removal(grants, wordpress, sealer, settings.support_email)
    support = (settings.support_name, settings.support_email)
    notices = MailNotices(outbox, *support, settings.public_url)
    ending = Ending(grants, removal, secrets, Telling(grants, notices), deadline)
    limits = Limits(HitCounterTable(dynamodb, settings.counters_table), settings.rate_limits)
    steps = Steps(wordpress, sealer, deadline, limits, *support)
    setup = Setup(grants, wordpress, sealer, steps, removal, deadline, limits)
    return Hallpass(
        access=Access(grants, setup, secrets, settings.max_days),
        ending=ending,
        repair=Repair(grants, wordpress, sealer, removal, ending, limits),
        secrets=secrets,
        tickets=Tickets(
            TicketLogTable(dynamodb, settings.counters_table),
            limits,
            grants,
            outbox,
            *support,
            settings.public_url,
        ),
        limits=limits,
        wordpress=wordpress,
        outbound=outbound,
        deadline=deadline,
        edge_key=settings.edge_key,
    )
