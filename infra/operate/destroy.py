"""Delete a deployed Hallpass: `make destroy`.

It refuses while an access is open, because nothing would end it any more. The record of accesses,
the key to it, the pages' bucket and the sender stay; it says how to take them up again.
"""

from __future__ import annotations

from infra.operate import deployed
from infra.operate.deployed import Deployed, OperatorError


def main(words: list[str]) -> None:
    """Delete the stack, once its name was typed."""
    parser = deployed.arguments("destroy", "Delete a deployed Hallpass.")
    parser.add_argument(
        "--abandon-open-access",
        action="store_true",
        help="delete it although accounts on other people's sites stay",
    )
    options = parser.parse_args(words)
    stack = deployed.connect(options)
    _refuse_while_open(stack, abandon=options.abandon_open_access)
    question = f"To delete {stack.name} in {stack.session.region_name}, type its name: "
    if deployed.typed(question) != stack.name:
        raise OperatorError("That is not its name, so nothing was deleted.")
    stack.client("cloudformation").update_termination_protection(
        EnableTerminationProtection=False, StackName=stack.name
    )
    stack.deployment.delete()
    for line in kept(stack):
        print(line)


def _refuse_while_open(stack: Deployed, *, abandon: bool) -> None:
    count = sum(1 for _ in stack.open_grants())
    if count and not abandon:
        raise OperatorError(
            f"{count} accesses are open, and nothing would end them any more. "
            '`make grants ARGS="end-all"` ends them now; then destroy it.'
        )


def kept(stack: Deployed) -> list[str]:
    """Return what stays in the account, and how to take it up again."""
    table, key = stack.outputs["GrantsTableName"], stack.outputs["DataKeyArn"]
    parameters = " ".join(
        f"{name}='{value}'" if " " in value else f"{name}={value}"
        for name, value in stack.parameters.items()
        if name in {"SenderEmail", "SupportEmail", "SupportName", "MaxDays", "AlarmEmail"} and value
    )
    again = f"--stack {stack.name} GrantsTableName={table} DataKeyArn={key} {parameters}"
    return [
        f"Deleted {stack.name}. This stays, and costs about a dollar a month:",
        f"  {table}: the record of accesses (deletion-protected, with backups)",
        f"  {key}: the key to it",
        f"  {stack.outputs['SiteBucketName']}: the pages",
        f"  {stack.parameters['SenderEmail']}: the sender, as SES knows it",
        "To take them up again:",
        f'  make deploy ARGS="{again}"',
    ]


if __name__ == "__main__":
    deployed.run(main)
