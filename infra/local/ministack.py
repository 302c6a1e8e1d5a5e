"""MiniStack, the AWS emulator, as one process on loopback.

IAM is enforced, everything is in memory, and the administrator's key is made up
at each start. It lives in a virtual environment of its own (`.venv-aws`),
because it pins another botocore than the one that ships. `patches/` adds what it
lacks. Emulated functions run in the Python of that environment, whatever runtime the
template names, so both environments must have the same minor version.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from infra.local.ports import HOST, free_port
from infra.local.processes import Processes, Server, ServerFailedError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

PYTHON = Path(__file__).resolve().parents[2] / ".venv-aws" / "bin" / "python"
EMULATOR = Path(__file__).with_name("patches") / "emulator.py"
REGION = "us-east-1"
# No proxy settings: every call of the emulator and its functions goes to loopback.
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE")


class MiniStack:
    """
    One emulated AWS account.

    Attributes: `endpoint_url`, `access_key_id`, `secret_access_key`, `region`,
    `session` (boto3, with the administrator's key), `process`.
    """

    process: Server
    # What Python runs; the tests of the patches run MiniStack without them.
    program: tuple[str, ...] = (str(EMULATOR),)

    def __init__(
        self, directory: Path, port: int | None = None, processes: Processes | None = None
    ) -> None:
        self._processes = processes or Processes()
        self.port = port or free_port()
        self.directory = directory
        self.endpoint_url = f"http://{HOST}:{self.port}"
        self.region = REGION
        # MiniStack takes twelve digits for an account's own root key, so these are not digits.
        self.access_key_id = "LKIA" + secrets.token_hex(8).upper()
        self.secret_access_key = secrets.token_urlsafe(30)
        self.session = boto3.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=REGION,
        )

    @property
    def credentials(self) -> dict[str, str]:
        """The environment with which any AWS tool reaches this account as administrator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
        }

    def client(self, service: str) -> Any:  # noqa: ANN401  One of many boto3 clients.
        """Return the administrator's boto3 client of *service*."""
        config = Config(retries={"mode": "standard"}, max_pool_connections=64)
        make: Any = self.session.client
        return make(service, endpoint_url=self.endpoint_url, config=config)

    @property
    def cloudformation(self) -> CloudFormationClient:
        """The administrator's client of CloudFormation."""
        client: CloudFormationClient = self.client("cloudformation")
        return client

    def physical_ids(self, stack: str) -> dict[str, str]:
        """Return the physical id of each resource of *stack* by its logical id."""
        found = self.cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found}

    def __enter__(self) -> Self:
        if not PYTHON.exists():
            raise ServerFailedError("MiniStack is not installed. Run `make setup`.")
        temporary = self.directory / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        environment |= {
            "AUTH": "true",
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            # Both would listen on every interface.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(temporary),
        }
        # -P: MiniStack imports none of the modules beside that file, whatever their names.
        self.process = self._processes.start(
            "MiniStack",
            [str(PYTHON), "-P", *self.program],
            port=self.port,
            log=self.directory / "ministack.log",
            env=environment,
            cwd=temporary,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.end(self.process)
