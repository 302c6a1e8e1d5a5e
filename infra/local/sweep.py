"""`make sweep`: sweep the running stack once, now, and wait for the workers."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local import one_sweep
from infra.local.ports import bypass_proxies
from infra.local.run import RUN_FILE

MAX_SWEEP_SECONDS = 60  # A little more than the function's own timeout.


def main() -> None:
    """Sweep and print the metrics."""
    bypass_proxies()
    if not RUN_FILE.exists():
        sys.exit("Nothing runs here. Start it with `make run`.")
    aws = json.loads(RUN_FILE.read_text())["aws"]
    session = boto3.Session(aws["access_key_id"], aws["secret_access_key"], None, aws["region"])
    # A retry would start a second sweep beside the first.
    patient = Config(read_timeout=MAX_SWEEP_SECONDS, retries={"total_max_attempts": 1})
    make: Any = session.client

    def client(service: str) -> Any:  # noqa: ANN401  One of many boto3 clients.
        return make(service, endpoint_url=aws["endpoint_url"], config=patient)

    started = time.monotonic()
    try:
        described = client("cloudformation").describe_stacks(StackName=aws["stack"])["Stacks"][0]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}
        metrics = one_sweep.run(client, outputs)
    except (BotoCoreError, ClientError, one_sweep.StackFailedError) as error:
        sys.exit(f"The sweep did not run: {error}")
    said = ", ".join(f"{name} {value:g}" for name, value in metrics.items())
    print(f"Swept in {time.monotonic() - started:.1f} s. {said}")


if __name__ == "__main__":
    main()
