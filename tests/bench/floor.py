"""The least that a function does which reads one item: the floor of a cold start."""

from __future__ import annotations

import boto3
from botocore.config import Config

client = boto3.client(
    "dynamodb",
    config=Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "max_attempts": 3},
        tcp_keepalive=True,
    ),
)


def handler(event: object, context: object) -> dict[str, object]:  # noqa: ARG001  Lambda's names.
    """Read one item and answer."""
    client.get_item(TableName="secrets", Key={"id": {"S": "x"}}, ConsistentRead=True)
    return {"statusCode": 200, "body": "{}"}
