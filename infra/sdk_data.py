"""
What botocore reads about AWS, cut to what the functions may call.

botocore describes every operation of some 400 services in JSON. To make a client it reads all of
its service, and before that all endpoints of all services. A cold start waits for it.
What the functions call is in the template already: a function can call what its role allows, and
nothing else. So what is kept here follows the roles, without a second list.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra import template

# What botocore calls the API whose actions IAM calls so. Lambda itself writes the logs.
CLIENTS = {"dynamodb": "dynamodb", "kms": "kms", "ses": "sesv2", "sqs": "sqs", "events": "events"}
WITHOUT_CLIENT = frozenset({"logs"})
# What IAM calls otherwise than the API does.
BATCHES = {"sqs:SendMessage": "SendMessageBatch"}
# What Lambda itself calls, to receive from a queue or a stream.
OF_EVENT_SOURCES = frozenset(
    {
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        *("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"),
        "dynamodb:ListStreams",
    }
)
KEPT = ("service-2", "endpoint-rule-set-1")  # Of each API; the rest: pages, waiters, examples.

Json = dict[str, Any]
Operations = Mapping[str, frozenset[str]]


class UnknownActionError(Exception):
    """A role allows an action of which no client is known; the message names it."""


def operations_of(built: Json) -> Operations:
    """
    Return the operations that the functions of the template *built* may call, by botocore's API.

    Raises:
        UnknownActionError: A role of a function allows an action that is in no table above.
    """
    found: dict[str, set[str]] = {}
    for action in _actions(built):
        prefix, _, operation = action.partition(":")
        if prefix in WITHOUT_CLIENT or action in OF_EVENT_SOURCES:
            continue
        operation = BATCHES.get(action, operation)
        if prefix not in CLIENTS or not operation.isalnum():
            raise UnknownActionError(f"infra/sdk_data.py knows no client for {action}.")
        found.setdefault(CLIENTS[prefix], set()).add(operation)
    return {service: frozenset(operations) for service, operations in found.items()}


def thin(data: Path, operations: Operations) -> None:
    """Delete from botocore's directory *data* what no client of *operations* reads."""
    prefixes = set()
    for service in [entry for entry in data.iterdir() if entry.is_dir()]:
        if service.name not in operations:
            shutil.rmtree(service)
            continue
        *old, newest = sorted(service.iterdir())
        for version in old:
            shutil.rmtree(version)
        prefixes.add(_thin_service(newest, operations[service.name]))
    _thin_endpoints(data / "endpoints.json", prefixes)


def _actions(built: Json) -> Iterator[str]:
    functions = template.resources(built, "AWS::Serverless::Function").values()
    for role in {function["Properties"]["Role"]["Fn::GetAtt"][0] for function in functions}:
        for policy in built["Resources"][role]["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                action = statement["Action"]
                yield from [action] if isinstance(action, str) else action


def _thin_service(directory: Path, operations: frozenset[str]) -> str:
    """Keep *operations* and the shapes that they reach; return the API's prefix of endpoints."""
    for file in directory.iterdir():
        if file.name.partition(".")[0] not in KEPT:
            file.unlink()
    for packed in directory.glob("*.json.gz"):  # The zip packs them anyway.
        _write(packed.with_suffix(""), json.loads(gzip.decompress(packed.read_bytes())))
        packed.unlink()
    path = directory / "service-2.json"
    described: Json = json.loads(path.read_text())
    described["operations"] = {
        name: _undocumented(described["operations"][name]) for name in sorted(operations)
    }
    shapes: Json = described["shapes"]
    reached: dict[str, Json] = {}
    waiting = list(_shapes_of(described["operations"]))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _undocumented(shapes[name])
            waiting += _shapes_of(reached[name])
    described["shapes"] = dict(sorted(reached.items()))
    _write(path, _undocumented(described))
    return str(described["metadata"]["endpointPrefix"])


def _thin_endpoints(file: Path, prefixes: set[str]) -> None:
    endpoints: Json = json.loads(file.read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    _write(file, endpoints)


def _shapes_of(described: object) -> Iterator[str]:
    """Yield the names of the shapes that *described* refers to."""
    if isinstance(described, dict):
        if isinstance(described.get("shape"), str):
            yield described["shape"]
        for part in described.values():
            yield from _shapes_of(part)
    elif isinstance(described, list):
        for part in described:
            yield from _shapes_of(part)


def _undocumented(described: Json) -> Json:
    """Return *described* without the texts for people."""
    return {
        name: _undocumented(part) if isinstance(part, dict) else part
        for name, part in described.items()
        if not (name == "documentation" and isinstance(part, str))
    }


def _write(file: Path, value: Json) -> None:
    file.write_text(json.dumps(value, separators=(",", ":")))
