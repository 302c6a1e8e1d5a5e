"""`make sweep`: one sweep now, by the deployed function of the running stack."""

from __future__ import annotations

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.ports import bypass_proxies
from infra.local.run import RUN
from infra.local.stack import StackFailedError, invoke_sweep


def main() -> None:
    """Invoke the sweep and say what it did."""
    bypass_proxies()
    if not RUN.exists():
        sys.exit("Nothing runs here. Start it with `make run`.")
    aws = json.loads(RUN.read_text())["aws"]
    session = boto3.Session(aws["access_key_id"], aws["secret_access_key"], None, aws["region"])
    # A sweep may take minutes, and must not be sent twice.
    patient = Config(read_timeout=310, retries={"total_max_attempts": 1})
    endpoint = {"endpoint_url": aws["endpoint_url"], "config": patient}
    started = time.monotonic()
    try:
        described = session.client("cloudformation", **endpoint).describe_stacks(
            StackName=aws["stack"]
        )["Stacks"][0]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}
        metrics = invoke_sweep(session.client("lambda", **endpoint), outputs["SweepName"])
    except (BotoCoreError, ClientError, StackFailedError) as error:
        sys.exit(f"The sweep did not run: {error}")
    said = ", ".join(f"{name} {value:g}" for name, value in metrics.items())
    print(f"Swept in {time.monotonic() - started:.1f} s. {said}")


if __name__ == "__main__":
    main()
