"""The events that Lambda hands the functions: requests, the schedule, a message."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.aws import sqs
from chalicelib.onetime.envelope import encode
from tests.bench.slow_sites import OWNER as LOGIN
from tests.bench.stored import (
    ACCESSES,
    ACCOUNT,
    CLAIM,
    CONSENT,
    METADATA_KEY,
    PROOF,
    SECRET_KEY,
    TOKEN,
)
from tests.fakes.world import OWNER, OWNER_MAIL, PASSWORD, SUPPORT
from tests.page import basic

SENT_PROOF = encode(PROOF)
SITE = "https://new.example"  # In its place stands the site without an access, once that serves.
Event = dict[str, Any]
IDS = {
    "grant_id": ACCESSES[0].grant,
    "secret_id": ACCESSES[0].waiting,
    "opened": ACCESSES[0].opened,
    "key": SECRET_KEY,
    "receipt": METADATA_KEY,
}
# What a route calls an id that it gets in several states.
PARAMETERS = {"opened": "secret_id", "receipt": "key"}
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

    Where a route has a shared secret's metadata key, *route* has `{receipt}`; where it has the id
    of a secret that was opened, `{opened}`.
    """
    names = [part[1:-1] for part in route.split("/") if part.startswith("{")]
    path = route
    for name in names:
        path = path.replace(f"{{{name}}}", IDS[name])
    values = [IDS[name] for name in names]
    for name, parameter in PARAMETERS.items():
        route = route.replace(f"{{{name}}}", f"{{{parameter}}}")
    names = [PARAMETERS.get(name, name) for name in names]
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
    """Return the event for a request with the token of the owner of `stored`'s grants."""
    return asked(method, route, body, authorization=f"Bearer {OWNER}")


def as_account(method: str, route: str, body: object = None) -> Event:
    """Return the event for a request of the account of One Time Secret's API."""
    return asked(method, route, body, authorization=basic(ACCOUNT, TOKEN)["Authorization"])


def of_each_access(event: Event) -> tuple[Event, ...]:
    """Return *event* as it is about each access; once when it is about none."""
    sent, found = json.dumps(event), []
    for ids in ACCESSES:
        words = sent
        for old, new in zip(ACCESSES[0], ids, strict=True):
            words = words.replace(old, new)
        found += [each for each in [json.loads(words)] if each not in found]
    return tuple(found)


HEALTH = asked("GET", "/health")
CHECK_SITE = asked("POST", "/sites", {"url": SITE})
PROVISION = asked(
    "POST",
    "/users",
    {
        "grant_id": "u" * 22,
        "site_url": SITE,
        "user_login": LOGIN,
        "application_password": CONSENT,
        "password": PASSWORD,
        "days": 3,
        "owner_token": "o" * 22,
        "support_token": "t" * 22,
        "owner_email": OWNER_MAIL,
    },
)
TICKET = asked(
    "POST",
    "/tickets",
    {
        "name": "Olivia",
        "email": OWNER_MAIL,
        "subject": "The shop is broken",
        "message": "The cart is empty.",
        "site_url": SITE,
        "link": f"https://help.example/open#{'l' * 43}",
        "grant_id": ACCESSES[0].grant,
        "owner_token": OWNER,
    },
)
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
END = as_owner("POST", "/grants/{grant_id}/end")
RENEW = as_owner(
    "POST", "/grants/{grant_id}/link", {"password": "q" * 20, "support_token": "t" * 22}
)
ASK = asked("POST", "/grants/{grant_id}/ask", {"for": "time"}, authorization=f"Bearer {SUPPORT}")
REPAIR = as_owner(
    "POST",
    "/grants/{grant_id}/repair",
    {"user_login": LOGIN, "application_password": CONSENT},
)
EXTEND = as_owner("POST", "/grants/{grant_id}/extend", {"days": 1})
ACKNOWLEDGE = asked("POST", "/secrets/{opened}/ack", {"claim": CLAIM})
BURN = as_owner("POST", "/secrets/{secret_id}/burn")
REGISTER = asked(
    "POST",
    "/grants",
    {
        "grant_id": "n" * 22,
        "site_url": SITE,
        "username": "helper",
        "days": 3,
        "owner_token": "o" * 22,
        "support_token": "t" * 22,
        "owner_email": OWNER_MAIL,
    },
)
V1_OPEN = asked("POST", "/v1/secret/{key}")
V1_VIEW = asked("POST", "/v1/private/{receipt}")
V1_BURN = asked("POST", "/v1/private/{receipt}/burn")
V1_STATUS = asked("GET", "/v1/status")
V1_AUTHCHECK = as_account("GET", "/v1/authcheck")
V1_SHARE = asked("POST", "/v1/share", {"secret": "a secret"})
V1_GENERATE = asked("POST", "/v1/generate")
V1_RECENT = as_account("GET", "/v1/private/recent")
MESSAGE: Event = {
    "Records": [
        {
            "messageId": "message",
            "receiptHandle": "handle",
            "body": sqs.write(sqs.Message(ACCESSES[0].grant, "sweep")),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:due",
            "awsRegion": "us-east-1",
        }
    ]
}
