"""MiniStack's CloudFormation makes tables without native TTL; this switches it on.

Native TTL deletes secrets, counters and grants that are over. The attribute of each table
comes from the same template that AWS gets.

Missing in MiniStack 1.5.33: `_ddb_create` in `services/cloudformation/provisioners.py` ignores
`TimeToLiveSpecification`. No longer needed once it does not: `test_patches.py` then fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra import template as templates

if TYPE_CHECKING:
    from collections.abc import Mapping


def apply(dynamodb: Any, names: Mapping[str, str], template: dict[str, Any]) -> None:  # noqa: ANN401
    """
    Switch TTL on for every table for which *template* does, where it is off.

    Args:
        dynamodb: A boto3 client.
        names: Physical id by logical id of the deployed stack.
        template: The built template (infra/template.py).
    """
    for logical, attribute in templates.time_to_live(template).items():
        table = names.get(logical)
        if table is None:  # The stack uses a table of an earlier one, and made none.
            continue
        described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if described.get("TimeToLiveStatus") != "ENABLED":
            dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute},
            )
