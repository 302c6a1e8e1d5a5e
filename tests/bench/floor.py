"""The least that a function does which reads items: the floor of a cold start and of a request."""

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


def handler(event: dict[str, int], context: object) -> dict[str, object]:
    """Read as many items as *event* says, and answer."""
    del context
    for _ in range(event.get("reads", 1)):
        client.get_item(TableName="secrets", Key={"id": {"S": "x"}}, ConsistentRead=True)
    return {"statusCode": 200, "body": "{}"}
