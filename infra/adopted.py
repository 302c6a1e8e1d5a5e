"""
A table of accesses and its key that an earlier stack has left, or that was restored.

A table without its indexes would never be swept, and with another key no account would be removed:
neither shows before the first access falls due, so the deployer looks before it changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.cloudformation import DeployError

KEY_TAG = "hallpass:data-key"
INDEXES = {"due", "overdue"}


def tables_of_earlier_stacks(dynamodb: Any, stack: str) -> list[tuple[str, str]]:  # noqa: ANN401
    """Return the tables that stacks of this name have left, the newest first, each with its key."""
    prefix = f"{stack}-GrantsTable-"
    found = []
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(prefix):
                made_at = dynamodb.describe_table(TableName=name)["Table"]["CreationDateTime"]
                found.append((made_at, name))
    return [(name, key_of(dynamodb, name)) for _, name in sorted(found, reverse=True)]


def key_of(dynamodb: Any, table: str) -> str:  # noqa: ANN401  A client.
    """Return the ARN of the key to what *table* holds, as its tag says; empty if it does not."""
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=arn).get("Tags", [])
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == KEY_TAG), "")


def refuse_what_does_not_work(dynamodb: Any, kms: Any, given: Mapping[str, str]) -> None:  # noqa: ANN401
    """
    Refuse the table and the key that *given* names unless accesses can be ended with them.

    Raises:
        DeployError: Says what is wrong with which.
    """
    table, key = given.get("GrantsTableName", ""), given.get("DataKeyArn", "")
    if table:
        _check_table(dynamodb, table, key)
    if key:
        _check_key(kms, key)


def _check_table(dynamodb: Any, table: str, key: str) -> None:  # noqa: ANN401
    try:
        described = dynamodb.describe_table(TableName=table)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise DeployError(
            f"There is no table {table} in this region; `aws dynamodb list-tables` shows which "
            "there are."
        ) from error
    indexes = {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}
    if missing := sorted(INDEXES - indexes):
        raise DeployError(
            f"The table {table} has no index {' and '.join(missing)}: it holds no accesses, or it "
            "was restored without its indexes. Restore it with them."
        )
    tagged = key_of(dynamodb, table)
    if key and tagged not in {"", key}:
        raise DeployError(f"The table {table} belongs to another key: add DataKeyArn={tagged}.")


def _check_key(kms: Any, key: str) -> None:  # noqa: ANN401
    try:
        state = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            return  # Who may deploy may still not be allowed to see it.
        raise DeployError(f"There is no key {key} in this region.") from error
    if state != "Enabled":
        raise DeployError(
            f"The key {key} is {state}, so no account could be removed: cancel its deletion or "
            "enable it in the KMS console first."
        )


def unprotected(dynamodb: Any, table: str) -> list[str]:  # noqa: ANN401
    """Return what *table* lacks of what a restored one gets only by hand, as sentences."""
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    described = dynamodb.describe_table(TableName=table)["Table"]
    has = {
        "time to live": ttl.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"},
        "point-in-time recovery": recovery.get("PointInTimeRecoveryStatus") == "ENABLED",
        "deletion protection": described.get("DeletionProtectionEnabled") is True,
    }
    return [
        f"The table {table} has no {name}; docs/operating.md, “Restoring”, says how to set it."
        for name, is_on in has.items()
        if not is_on
    ]
