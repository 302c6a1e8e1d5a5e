"""A deployed stack, as the operator's commands see it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from chalicelib.aws.grant_item import DUE_SHARDS, SHARD, from_grant_item
from chalicelib.aws.grant_table import GrantTable
from chalicelib.errors import HallpassError
from chalicelib.grants.model import Grant
from infra import prerequisites
from infra.cloudformation import NEVER_DEPLOYED, DeployError, Deployment
from infra.package import PackageError
from infra.template import ParameterError

POLL_SECONDS = 5.0
MAX_BATCH_GRANTS = 100  # BatchGetItem takes no more.
PLAIN_WIDTH = 160  # Of what goes into a file or a pipe, which has no width of its own.
FAILURES = (
    BotoCoreError,
    Boto3Error,
    ClientError,
    DeployError,
    HallpassError,
    PackageError,
    ParameterError,
)


class OperatorError(DeployError):
    """A command cannot do what it was asked for; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """
    One deployed stack.

    Attributes:
        outputs: What the stack says about itself, by name.
        parameters: The values that it holds, by name.
    """

    session: boto3.Session
    deployment: Deployment
    outputs: dict[str, str]
    parameters: dict[str, str]

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.deployment.stack

    @property
    def grants(self) -> GrantTable:
        """The stack's table of grants."""
        return GrantTable(self.session.client("dynamodb"), self.outputs["GrantsTableName"])

    def client(self, service: str) -> Any:  # noqa: ANN401  One of many boto3 clients.
        """Return the boto3 client of *service*."""
        make: Any = self.session.client
        return make(service)

    def resources(self, kind: str) -> dict[str, str]:
        """Return the physical ids of the stack's resources of type *kind* by logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        found = (
            r for p in pages.paginate(StackName=self.name) for r in p["StackResourceSummaries"]
        )
        return {
            r["LogicalResourceId"]: r["PhysicalResourceId"]
            for r in found
            if r["ResourceType"] == kind and r.get("PhysicalResourceId")
        }

    def open_ids(self, index: str = "due") -> Iterator[str]:
        """
        Yield the ids of all grants that something is left to do for, soonest first in each queue.

        With *index* ``overdue``, only of those whose removal has failed, longest first.
        """
        shards = DUE_SHARDS.values() if index == "due" else (SHARD,)
        for shard in shards:
            yield from self._ids(index, shard)

    def _ids(self, index: str, shard: str) -> Iterator[str]:
        pages = (
            self.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.outputs["GrantsTableName"],
                IndexName=index,
                KeyConditionExpression=f"{index}_shard = :shard",
                ExpressionAttributeValues={":shard": {"S": shard}},
            )
        )
        for page in pages:
            yield from (str(row["id"]["S"]) for row in page["Items"])

    def pending_grants(self) -> Iterator[Grant]:
        """Yield every grant that something is left to do for, a notice or more."""
        ids = list(self.open_ids())
        for start in range(0, len(ids), MAX_BATCH_GRANTS):
            yield from self._read(ids[start : start + MAX_BATCH_GRANTS])

    def open_grants(self) -> Iterator[Grant]:
        """Yield every grant whose access has not ended."""
        return (grant for grant in self.pending_grants() if grant.state != "ended")

    def _read(self, ids: list[str]) -> Iterator[Grant]:
        table = self.outputs["GrantsTableName"]
        asked: Any = {table: {"Keys": [{"id": {"S": i}} for i in ids], "ConsistentRead": True}}
        found: dict[str, Grant] = {}
        while asked:  # A grant has some kilobytes, and an answer at most 16 megabytes.
            answer = self.client("dynamodb").batch_get_item(RequestItems=asked)
            read = (from_grant_item(item) for item in answer["Responses"].get(table, []))
            found |= {grant.id: grant for grant in read if grant is not None}
            asked = answer.get("UnprocessedKeys")
        yield from (found[i] for i in ids if i in found)


def arguments(command: str, description: str) -> argparse.ArgumentParser:
    """Return a parser of what all commands take."""
    parser = argparse.ArgumentParser(prog=f"make {command}", description=description)
    parser.add_argument("--stack", default="hallpass", help="its name; hallpass by default")
    parser.add_argument("--region", help="default: that of your AWS configuration")
    return parser


def connect(options: argparse.Namespace) -> Deployed:
    """
    Return the stack that *options* name.

    Raises:
        OperatorError: There is no such stack, or its first deployment is unfinished.
    """
    prerequisites.refuse_bad_name(options.stack)
    session = boto3.Session(region_name=options.region)
    prerequisites.account(session)
    deployment = Deployment(
        session.client("cloudformation"), session.client("s3"), "", options.stack, POLL_SECONDS
    )
    status = deployment.status()
    outputs = deployment.outputs()
    if status in NEVER_DEPLOYED | {""} or "GrantsTableName" not in outputs:
        said = f"is {status}" if status else "does not exist"
        raise OperatorError(
            f"The stack {options.stack} {said} in {session.region_name}. "
            "Name another one with --stack, or another region with --region."
        )
    return Deployed(session, deployment, outputs, deployment.parameters())


def console() -> Console:
    """Return where tables and progress go; as wide as the terminal, or wide enough for a file."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def plain(text: str) -> Text:
    """Return what a person or a site has typed as a cell that is this text and nothing else."""
    return Text(prerequisites.printable(text))


def typed(question: str) -> str:
    """Ask *question* and return the line that was typed; empty when there is nobody to type."""
    print(question, end="", flush=True)
    return sys.stdin.readline().strip()


def run(command: Callable[[list[str]], None]) -> None:
    """Run *command* with the program's arguments; end with one sentence when it fails."""
    try:
        command(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nInterrupted.")
    except BrokenPipeError:  # Whoever read it, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except FAILURES as error:
        sys.exit(f"Not done: {prerequisites.explain(error)}")
