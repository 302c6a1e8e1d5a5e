"""Delete a deployed Hallpass: `make destroy`.

It refuses while an access is open, because nothing would end it any more. The record of accesses,
the key to it, the pages' bucket and the sender stay; it says how to take them up again.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra.operate import deployed
from infra.operate.deployed import Deployed, OperatorError
from infra.parameters import edge_url

# What the next deployment finds out by itself, or takes from what stays.
FOUND_OUT = {
    "CreateSender",
    "DataKeyArn",
    "GrantsStreamArn",
    "GrantsTableName",
    "ManageApiAccount",
    "ProtectGrants",
    "Runtime",
}
PAIRED = "EventsUrl"  # Where this is set, the key that belongs to it is.


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
    for line in kept(stack):  # First: an interruption does not stop CloudFormation.
        print(line, flush=True)
    stack.client("cloudformation").update_termination_protection(
        EnableTerminationProtection=False, StackName=stack.name
    )
    replace(stack.deployment, progress=lambda line: print(line, flush=True)).delete()
    print(f"Deleted {stack.name}.")


def _refuse_while_open(stack: Deployed, *, abandon: bool) -> None:
    count = sum(1 for _ in stack.open_grants())
    if count and not abandon:
        raise OperatorError(
            f"Accesses are open, {count} of them, and nothing would end them any more. "
            '`make grants ARGS="end-all"` ends them now; then destroy it.'
        )


def kept(stack: Deployed) -> list[str]:
    """Return what stays in the account when the stack goes, and how to take it up again."""
    table, key = stack.outputs["GrantsTableName"], stack.outputs["DataKeyArn"]
    known = _known(stack)
    again = {"GrantsTableName": table, "DataKeyArn": key} | {
        name: value for name, value in stack.parameters.items() if _was_made(stack, known, name)
    }
    words = ["--stack", stack.name, *(f"{name}={value}" for name, value in again.items())]
    secret = [name for name in known if known[name].get("NoEcho") and stack.parameters.get(PAIRED)]
    return [
        "One-time secrets and the accounts of One Time Secret's API go.",
        "This stays, and costs about a dollar a month:",
        f"  {table}: the record of accesses (deletion-protected, with backups)",
        f"  {key}: the key to it",
        f"  {stack.outputs['SiteBucketName']}: the pages",
        f"  {stack.parameters['SenderEmail']}: the sender, as SES knows it",
        *(
            f"  {role}: with it, API Gateway writes the logs of all APIs of the account"
            for name, role in stack.resources("AWS::IAM::Role").items()
            if name == "ApiAccountRole"
        ),
        "To take them up again"
        + "".join(f" (and add {name}=, which nobody can read)" for name in secret)
        + ":",
        f"  make deploy ARGS={shlex.quote(shlex.join(words))}",
    ]


def _known(stack: Deployed) -> dict[str, Any]:
    """Return the parameters of the stack's template by name."""
    summary = stack.client("cloudformation").get_template_summary(StackName=stack.name)
    return {p["ParameterKey"]: p for p in summary["Parameters"]}


def _was_made(stack: Deployed, known: Mapping[str, Any], name: str) -> bool:
    """Return whether a person has set this parameter, as far as its value shows."""
    parameter, value = known.get(name, {"NoEcho": True}), stack.parameters[name]
    if name in FOUND_OUT or parameter.get("NoEcho"):
        return False
    if name == "PublicUrl":
        domain = stack.parameters.get("DomainName")
        return value not in {
            stack.outputs.get("SiteUrl"),
            f"https://{domain}",
            edge_url(stack.outputs),
        }
    return bool(value != parameter.get("DefaultValue", ""))


if __name__ == "__main__":
    deployed.run(main)
