"""The real stack on loopback: MiniStack with the deployed package, and the front door.

    with Stack() as stack:
        requests.get(stack.app_url + "/api/health")
        stack.client("dynamodb").scan(TableName=stack.outputs["GrantsTableName"])

It deploys the template and the zip that AWS gets, with IAM enforced, in about
three seconds; several may run at once. `front_door=False` leaves that out,
for tests of one adapter against one table.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from infra import package, pages, template
from infra.cloudformation import Deployment
from infra.local import events, one_sweep
from infra.local.ministack import MiniStack
from infra.local.patches import gateway_responses, time_to_live
from infra.local.ports import HOST, free_port
from infra.local.processes import Processes
from infra.operate.tokens import accounts_of
from infra.parameters import stream

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = package.ROOT
ARTIFACTS = "hallpass-artifacts"
NAME = "hallpass-local"
POLL_SECONDS = 0.05  # Between two questions to the emulated CloudFormation.
SENDER = "hallpass@example.com"
# One developer on one machine: a test reaches a limit only when it is about limits.
NO_LIMITS = {"RateLimits": "1000", "ThrottleRate": "10000", "ThrottleBurst": "10000"}


class Stack:
    """
    One deployed stack.

    Args:
        allowed_sites: Origins of local WordPress sites that the API may call.
        parameters: Further parameters of the template.
        port: Of the front door; a free one by default.
        aws_port: Of MiniStack; a free one by default.
        front_door: Whether to start one.
        directory: For logs and temporary files; a temporary directory by default.
        processes: Starts and records the servers.

    Attributes, while it runs: `app_url`, `mail_url`, `events_url`, `aws` (endpoint_url,
    region, access_key_id, secret_access_key, stack), `outputs` of the stack
    (table names, `DataKeyArn`, `SweepName`, …).
    """

    outputs: dict[str, str]

    def __init__(
        self,
        *,
        allowed_sites: tuple[str, ...] = (),
        parameters: Mapping[str, str] | None = None,
        port: int | None = None,
        aws_port: int | None = None,
        front_door: bool = True,
        directory: Path | None = None,
        processes: Processes | None = None,
    ) -> None:
        self._processes = processes or Processes()
        self.port = port or free_port()
        self.app_url = f"http://{HOST}:{self.port}"
        self.mail_url = f"{self.app_url}/_mail"
        self.events_url = f"{self.app_url}/_events"
        self._front_door = front_door
        self._open = ExitStack()
        self.directory = directory or Path(tempfile.mkdtemp(prefix="hallpass-stack-"))
        if directory is None:
            self._open.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ministack = MiniStack(self.directory, aws_port, self._processes)
        self._parameters = {
            **NO_LIMITS,
            **pages.example_parameters(),
            "SenderEmail": SENDER,
            "PublicUrl": self.app_url,
            **_allowing(allowed_sites),
            **(parameters or {}),
        }

    @property
    def aws(self) -> dict[str, str]:
        """An administrator's access to the emulated account."""
        return {
            "endpoint_url": self.ministack.endpoint_url,
            "region": self.ministack.region,
            "access_key_id": self.ministack.access_key_id,
            "secret_access_key": self.ministack.secret_access_key,
            "stack": NAME,
        }

    def client(self, service: str) -> Any:  # noqa: ANN401  One of many boto3 clients.
        """Return an administrator's boto3 client of *service*."""
        return self.ministack.client(service)

    def __enter__(self) -> Self:
        with self._open:  # Ends what has started when a later step fails.
            self.start_aws()
            self.deploy()
            if self._front_door:
                self.start_front_door()
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def start_aws(self) -> None:
        """Start the emulated account."""
        self._open.enter_context(self.ministack)
        self.client("s3").create_bucket(Bucket=ARTIFACTS)

    def deploy(self) -> None:
        """Build where needed, deploy, and upload the pages."""
        built = package.build()
        s3 = self.client("s3")
        deployment = Deployment(self.ministack.cloudformation, s3, ARTIFACTS, NAME, POLL_SECONDS)
        parameters = {**self._parameters, "Runtime": built.runtime}
        parameters |= stream(self.client("dynamodb"), parameters, {})
        self.outputs = deployment.deploy(built, parameters)
        names, built_template = self.ministack.physical_ids(NAME), template.load(built.template)
        time_to_live.apply(self.client("dynamodb"), names, built_template)
        gateway_responses.apply(self.client("apigateway"), names, built_template)
        events.listen(self.client("events"), self.client("sqs"), self.outputs["EventBusName"])
        pages.upload(s3, self.outputs["SiteBucketName"], deployment.parameters())

    def update(self, **parameters: str) -> None:
        """Deploy again with other *parameters*; the functions start afresh."""
        self._parameters |= parameters
        self.deploy()

    def allow(self, *sites: str) -> None:
        """Allow the API to call these local sites from now on."""
        self.update(**_allowing(sites))

    def start_front_door(self) -> None:
        """Start the front door on its port."""
        log = self.directory / "front-door.log"
        command = [sys.executable, "-m", "infra.local.frontdoor"]
        command += ["--port", str(self.port), "--stack", NAME, "--log", str(log)]
        server = self._processes.start(
            "front door",
            command,
            port=self.port,
            log=self.directory / "front-door.err",
            env={**os.environ, **self.ministack.credentials},
            cwd=ROOT,
        )
        self._open.callback(self._processes.end, server)

    def add_account(self, name: str) -> dict[str, str]:
        """Add an account of One Time Secret's API; return its user name and token."""
        accounts = accounts_of(self.client("dynamodb"), self.outputs)
        token = accounts.add(name, mail_openings=True, now=int(time.time()))
        if token is None:
            raise one_sweep.StackFailedError(f"The account {name} exists already.")
        return {"user": name, "token": token}

    def sweep(self) -> dict[str, float]:
        """Sweep now, as the rule does, and wait for the workers; see `one_sweep`."""
        return one_sweep.run(self.client, self.outputs)


def _allowing(sites: tuple[str, ...]) -> dict[str, str]:
    return {"AllowedSites": ",".join(sites), "SignInOrigins": " ".join(sites)}
