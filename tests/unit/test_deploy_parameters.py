"""What the deployer finds out about the account by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import parameters

TABLE = "hallpass-GrantsTable-1ABC"
STREAM = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{TABLE}/stream/2026-01-01T00:00:00.000"

DEFAULTS = {"ApiConcurrency": 100, "SweepConcurrency": 2, "WorkerConcurrency": 35}
NONE_RESERVED = dict.fromkeys(DEFAULTS, "0")


class Lambda:
    """The client of boto3, for an account with that quota."""

    def __init__(self, quota: int) -> None:
        self._quota = quota

    def get_account_settings(self) -> dict[str, dict[str, int]]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._quota}}


@pytest.mark.parametrize(
    ("quota", "stored", "found"),
    [
        (1000, {}, {}),
        (237, {}, {}),
        (236, {}, {**NONE_RESERVED, "DueConcurrency": "3", "RetryConcurrency": "2"}),
        (10, {"DueConcurrency": "5"}, {**NONE_RESERVED, "RetryConcurrency": "2"}),
        (10, dict.fromkeys(DEFAULTS, "0"), {}),
        # An upgrade of a stack whose reservations are taken off what the account has left.
        (900, {"ApiConcurrency": "100", "SweepConcurrency": "10"}, {}),
    ],
)
def test_an_account_that_is_too_small_reserves_nothing_and_has_few_workers(
    quota: int, stored: dict[str, str], found: dict[str, str]
) -> None:
    assert parameters.concurrency(Lambda(quota), {}, stored, DEFAULTS) == found


@pytest.fixture
def dynamodb() -> Iterator[tuple[Any, Stubber]]:
    """A client that checks each call against the model of DynamoDB, and the answers it gets."""
    client = boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def test_the_stream_of_an_adopted_table_is_switched_on_where_it_is_off(
    dynamodb: tuple[Any, Stubber],
) -> None:
    client, aws = dynamodb
    aws.add_response("describe_table", {"Table": {"TableName": TABLE}}, {"TableName": TABLE})
    on = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    aws.add_response(
        "update_table",
        {"TableDescription": {"StreamSpecification": on, "LatestStreamArn": STREAM}},
        {"TableName": TABLE, "StreamSpecification": on},
    )

    found = parameters.stream(client, {"GrantsTableName": TABLE}, {})

    assert found == {"GrantsStreamArn": STREAM}


def test_a_stream_that_is_on_already_is_taken_as_it_is(dynamodb: tuple[Any, Stubber]) -> None:
    client, aws = dynamodb
    on = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table = {"TableName": TABLE, "StreamSpecification": on, "LatestStreamArn": STREAM}
    aws.add_response("describe_table", {"Table": table}, {"TableName": TABLE})

    assert parameters.stream(client, {}, {"GrantsTableName": TABLE}) == {"GrantsStreamArn": STREAM}


def test_the_stream_of_a_table_that_was_switched_off_since_is_switched_on_again(
    dynamodb: tuple[Any, Stubber],
) -> None:
    client, aws = dynamodb
    # DynamoDB goes on to name the stream that was, for a day.
    table = {"TableName": TABLE, "LatestStreamArn": STREAM}
    aws.add_response("describe_table", {"Table": table})
    newer = STREAM.replace("01T", "02T")
    aws.add_response("update_table", {"TableDescription": {"LatestStreamArn": newer}})

    stored = {"GrantsTableName": TABLE, "GrantsStreamArn": STREAM}
    assert parameters.stream(client, {}, stored) == {"GrantsStreamArn": newer}


def test_a_table_of_the_stacks_own_is_not_asked_for_its_stream(
    dynamodb: tuple[Any, Stubber],
) -> None:
    client, _ = dynamodb

    assert parameters.stream(client, {}, {}) == {}
    stored = {"GrantsTableName": TABLE, "GrantsStreamArn": STREAM}
    assert parameters.stream(client, {"GrantsTableName": ""}, stored) == {"GrantsStreamArn": ""}
