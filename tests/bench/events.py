"""The events that Lambda hands the functions: requests, the schedule, a message."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.aws import sqs
from chalicelib.onetime.envelope import encode
from tests.bench.stored import CLAIM, GRANT_ID, OWNER_TOKEN, PROOF, SECRET_ID, SHARED

SENT_PROOF = encode(PROOF)
Event = dict[str, Any]
IDS = {
    "grant_id": GRANT_ID,
    "secret_id": SECRET_ID,
    "key": SHARED.secret_key,
    "receipt": SHARED.metadata_key,
}
SCHEDULED: Event = {
    "version": "0",
    "id": "event",
    "account": "123456789012",
    "region": "us-east-1",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "time": "2026-01-01T00:00:00Z",
    "resources": [],
    "detail": {},
}


def asked(method: str, route: str, body: object = None, **headers: str) -> Event:
    """
    Return API Gateway's event for a request to *route*, with ids of `stored` in its path.

    Where a route has a shared secret's metadata key, *route* has `{receipt}`.
    """
    names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
    path = route
    for name in names:
        path = path.replace(f"{{{name}}}", IDS[name])
    route, values = route.replace("{receipt}", "{key}"), [IDS[name] for name in names]
    names = ["key" if name == "receipt" else name for name in names]
    sent = {"content-type": "application/json", **headers}
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(zip(names, values, strict=True)) or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": method,
            "requestId": "request",
            "identity": {"sourceIp": "192.0.2.1"},
            "path": path,
            "stage": "api",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def as_owner(method: str, route: str, body: object = None) -> Event:
    """Return the event for a request with the token of the owner of `stored`'s grant."""
    return asked(method, route, body, authorization=f"Bearer {OWNER_TOKEN}")


HEALTH = asked("GET", "/health")
LOOK = asked("GET", "/secrets/{secret_id}")
OPEN = asked("POST", "/secrets/{secret_id}/open", {"access": SENT_PROOF, "claim": CLAIM})
STORE = asked(
    "POST",
    "/secrets",
    {
        "id": "N" * 22,
        "ciphertext": "A" * 400,
        "access_sha256": SENT_PROOF,
        "passphrase": False,
        "lifetime_seconds": 86_400,
    },
)
VIEW = as_owner("GET", "/grants/{grant_id}")
EXTEND = as_owner("POST", "/grants/{grant_id}/extend", {"days": 1})
ACKNOWLEDGE = asked("POST", "/secrets/{secret_id}/ack", {"claim": CLAIM})
BURN = as_owner("POST", "/secrets/{secret_id}/burn")
REGISTER = asked(
    "POST",
    "/grants",
    {
        "grant_id": "n" * 22,
        "site_url": "https://blog.example",
        "username": "helper",
        "days": 3,
        "owner_token": "o" * 22,
        "support_token": "t" * 22,
        "owner_email": "owner@blog.example",
    },
)
V1_OPEN = asked("POST", "/v1/secret/{key}")
V1_VIEW = asked("POST", "/v1/private/{receipt}")
V1_STATUS = asked("GET", "/v1/status")
V1_SHARE = asked("POST", "/v1/share", {"secret": "a secret"})
MESSAGE: Event = {
    "Records": [
        {
            "messageId": "message",
            "receiptHandle": "handle",
            "body": sqs.write(sqs.Message(GRANT_ID, "sweep")),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:due",
            "awsRegion": "us-east-1",
        }
    ]
}
