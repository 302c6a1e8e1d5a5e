"""
One CloudFormation stack, changed by change set only.

`Deployment.deploy` waits for whatever another caller has begun, repairs what an interrupted or
failed first deployment left, refuses to replace tables and keys, reports each event while it
waits, and ends with CloudFormation's own reasons when it fails. The local run uses the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from infra import package, template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef
    from mypy_boto3_s3 import S3Client

MAX_WAIT_SECONDS = 3600  # A new CloudFront distribution takes up to half an hour.
# A first deployment that failed leaves a stack that can only be deleted.
NEVER_DEPLOYED = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"})
DELETED_STATUSES = frozenset({"", "DELETE_COMPLETE"})
# From these only a person gets a stack out; each needs another remedy.
STUCK = {
    "ROLLBACK_FAILED": "Delete the stack in the CloudFormation console, then deploy again.",
    "DELETE_FAILED": "Delete the stack in the CloudFormation console, then deploy again.",
    "UPDATE_ROLLBACK_FAILED": "Run `aws cloudformation continue-update-rollback` first.",
}
CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# What these hold cannot be made anew: the record of open access, and the key to it.
TYPES_WITH_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::KMS::Key"})
CANCELLED = "Resource creation cancelled"
# CloudFormation drops a change that was prepared before another one.
OVERTAKEN_CODES = {"ChangeSetNotFound", "InvalidChangeSetStatus"}
BEGUN_TWICE = (
    "Another deployment of this stack was begun at the same time, and goes on; this one has "
    "changed nothing. Run the same command again."
)


class DeployError(Exception):
    """Nothing or not everything was deployed; the message says why, and what to do."""


def say_nothing(_: str) -> None:
    """Report nothing, as the local run does."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    Deploys *stack* with these clients.

    `artifacts` is the bucket for zip and template; `poll_seconds` the time between
    two questions to CloudFormation. `replace` names the tables and keys that a
    change may replace or drop; `progress` takes each event while CloudFormation works.
    """

    cloudformation: CloudFormationClient
    s3: S3Client
    artifacts: str
    stack: str
    poll_seconds: float
    replace: Collection[str] = ()
    progress: Callable[[str], None] = say_nothing
    _seen: set[str] = field(default_factory=set)

    def deploy(self, built: package.Package, parameters: Mapping[str, str]) -> dict[str, str]:
        """
        Create or update the stack; return its outputs.

        Raises:
            DeployError: CloudFormation refused the change, or the stack failed.
        """
        template.check_parameters(template.load(built.template), parameters)
        exists = self._settle()
        sha256 = built.sha256
        code = f"{self.stack}/{sha256}.zip"
        self.s3.upload_file(str(built.archive), self.artifacts, code)
        body = built.template.read_text()
        body = body.replace("CodeUri: ./deployment.zip", f"CodeUri: s3://{self.artifacts}/{code}")
        key = f"{self.stack}/{sha256}.yaml"
        self.s3.put_object(Bucket=self.artifacts, Key=key, Body=body.encode())
        endpoint = self.s3.meta.endpoint_url.rstrip("/")
        url = f"{endpoint}/{self.artifacts}/{key}"
        self._change(url, self._values(url, parameters, exists=exists), exists=exists)
        return self.outputs()

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs by name."""
        described: Any = self._described() or {}
        return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Return the values that the stack holds; none when it was never deployed."""
        described: Any = self._described()
        if described is None or described["StackStatus"] in NEVER_DEPLOYED | DELETED_STATUSES:
            return {}
        return {p["ParameterKey"]: p["ParameterValue"] for p in described.get("Parameters", [])}

    def status(self) -> str:
        """Return the status of the stack; empty when there is none."""
        described = self._described()
        return "" if described is None else str(described["StackStatus"])

    def _described(self) -> dict[str, Any] | None:
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return dict(stacks[0])

    def _settle(self) -> bool:
        """Wait for what is under way, delete what cannot be updated; return if a stack exists."""
        status = self.status()
        if not _is_at_rest(status):
            self.progress(f"Another change is under way ({status}); waiting for its end …")
            status = self._wait_until(self._stack_id(), _is_at_rest)
        if status in STUCK:
            raise DeployError(f"The stack {self.stack} is {status}. {STUCK[status]}")
        if status in NEVER_DEPLOYED:
            self.progress("Deleting what a first deployment that failed has left …")
            self.delete()
            return False
        return status not in DELETED_STATUSES

    def delete(self) -> None:
        """
        Delete the stack and wait until it is gone; what the template retains stays.

        Raises:
            DeployError: CloudFormation could not delete all of it.
        """
        stack_id = self._stack_id()
        self._mark()
        self.cloudformation.delete_stack(StackName=stack_id)
        # A moment after the call the status may still be the old one.
        status = self._wait_until(
            stack_id, lambda status: status in DELETED_STATUSES | {"DELETE_FAILED"}
        )
        if status not in DELETED_STATUSES:
            raise DeployError(self._failure(stack_id, status))

    def _change(self, url: str, parameters: list[Any], *, exists: bool) -> None:
        name = f"deploy-{time.time_ns()}"
        try:
            made = self.cloudformation.create_change_set(
                StackName=self.stack,
                ChangeSetName=name,
                ChangeSetType="UPDATE" if exists else "CREATE",
                TemplateURL=url,
                Parameters=parameters,
                Capabilities=CAPABILITIES,
            )
            if not self._change_set_is_ready(name):
                return
            self._refuse_replacements(name, parameters)
        except (ClientError, DeployError):
            if not exists and self.status() == "REVIEW_IN_PROGRESS":
                self.cloudformation.delete_stack(StackName=self.stack)
            raise
        self._mark()
        # What a first deployment made goes when it fails, also what later survives a deletion.
        try:
            self.cloudformation.execute_change_set(
                StackName=self.stack, ChangeSetName=name, RetainExceptOnCreate=True
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in OVERTAKEN_CODES:
                raise DeployError(BEGUN_TWICE) from error
            raise
        self._wait_for_end(made["StackId"], "UPDATE" if exists else "CREATE")

    def _values(self, url: str, given: Mapping[str, str], *, exists: bool) -> list[Any]:
        summary = self.cloudformation.get_template_summary(TemplateURL=url)
        names = {p["ParameterKey"] for p in summary.get("Parameters", [])}
        chosen: list[Any] = [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]
        if exists:
            kept = set(self.parameters()) & names
            chosen += [
                {"ParameterKey": k, "UsePreviousValue": True} for k in sorted(kept - set(given))
            ]
        return chosen

    def _change_set_is_ready(self, name: str) -> bool:
        """Wait for the change set; return False when it would change nothing."""
        waiter = self.cloudformation.get_waiter("change_set_create_complete")
        attempts = int(MAX_WAIT_SECONDS / self.poll_seconds)
        patience: Any = {"Delay": self.poll_seconds, "MaxAttempts": attempts}
        try:
            waiter.wait(StackName=self.stack, ChangeSetName=name, WaiterConfig=patience)
        except WaiterError as error:
            described = error.last_response
            reason = f"{described.get('Status', '')} {described.get('StatusReason', '')}"
            self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=name)
            if any(words in reason for words in NOTHING_TO_CHANGE):
                return False
            if "ChangeSetNotFound" in str(error):
                raise DeployError(BEGUN_TWICE) from error
            said = reason.strip() or error
            raise DeployError(f"CloudFormation refused the change: {said}") from error
        return True

    def _refuse_replacements(self, name: str, parameters: list[Any]) -> None:
        """Refuse a change that would leave a table or a key behind, unless it was asked for."""
        asked = set(self.replace)
        given = {p["ParameterKey"]: p.get("ParameterValue", "") for p in parameters}
        # Another table or key was named instead, so its predecessor stays where it is.
        asked |= {r for r, by in ADOPTED.items() if given.get(by)}
        pages = self.cloudformation.get_paginator("describe_change_set").paginate(
            StackName=self.stack, ChangeSetName=name
        )
        changes: list[Any] = [c["ResourceChange"] for page in pages for c in page["Changes"]]
        lost = sorted(
            change["LogicalResourceId"]
            for change in changes
            if change["ResourceType"] in TYPES_WITH_DATA
            and (
                change["Action"] == "Remove" or change.get("Replacement") in {"True", "Conditional"}
            )
        )
        refused = [resource for resource in lost if resource not in asked]
        if refused:
            self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=name)
            names = " ".join(f"--replace {resource}" for resource in refused)
            raise DeployError(
                f"This change would replace or drop {', '.join(refused)}, and what it holds "
                f"would be lost to Hallpass. Nothing was changed. If you mean it, add {names}."
            )

    def _stack_id(self) -> str:
        """Return the ARN of the stack: by it, CloudFormation also describes a deleted one."""
        described = self._described()
        return self.stack if described is None else str(described["StackId"])

    def _mark(self) -> None:
        """Take all events up to now as seen."""
        if self._described() is not None:
            self._new_events(self.stack)

    def _new_events(self, stack: str) -> list[StackEventTypeDef]:
        """Return what happened since the last call, oldest first."""
        found: list[StackEventTypeDef] = []
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        for page in pages:
            new = [e for e in page["StackEvents"] if e["EventId"] not in self._seen]
            found += new
            if len(new) < len(page["StackEvents"]):
                break
        self._seen.update(event["EventId"] for event in found)
        return found[::-1]

    def _wait_for_end(self, stack_id: str, operation: str) -> None:
        """
        Wait until the change that was just begun has ended, and show its events.

        The stack's status alone may still be that of the change before, so the end is an
        event of the stack itself that came after `_mark`.
        """
        reasons: list[str] = []
        ended = ""
        give_up_at = time.monotonic() + MAX_WAIT_SECONDS
        while not ended:
            for event in self._new_events(stack_id):
                status = event.get("ResourceStatus", "")
                self.progress(_line(event))
                if status.endswith("FAILED") and not _is_cancelled(event):
                    reasons.append(_reason(event))
                if event.get("PhysicalResourceId") == stack_id and _is_end(status):
                    ended = status
            if not ended:
                self._pause(stack_id, give_up_at)
        if ended != f"{operation}_COMPLETE":
            lines = "\n".join(reasons)
            raise DeployError(f"The stack {self.stack} ended in {ended}:\n{lines}")

    def _wait_until(self, stack_id: str, done: Callable[[str], bool]) -> str:
        """Report events until the status of the stack is *done*; return it."""
        give_up_at = time.monotonic() + MAX_WAIT_SECONDS
        while not done(status := self._status_of(stack_id)):
            for event in self._new_events(stack_id):
                self.progress(_line(event))
            self._pause(stack_id, give_up_at)
        return status

    def _status_of(self, stack_id: str) -> str:
        try:
            described = self.cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return ""
            raise
        return str(described[0]["StackStatus"])

    def _pause(self, stack_id: str, give_up_at: float) -> None:
        if time.monotonic() > give_up_at:
            raise DeployError(
                f"The stack {self.stack} is still {self._status_of(stack_id)}. CloudFormation "
                "goes on by itself; "
                "run the same command again to see it end."
            )
        time.sleep(self.poll_seconds)

    def _failure(self, stack_id: str, status: str) -> str:
        pages = self.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
        failed = [e for e in pages if e.get("ResourceStatus", "").endswith("FAILED")]
        lines = "\n".join(_reason(event) for event in reversed(failed))
        remedy = STUCK.get(status, "")
        return f"The stack {self.stack} ended in {status}. {remedy}\n{lines}"


# The parameters that name a table and a key of an earlier deployment, by what they stand for.
ADOPTED = {"GrantsTable": "GrantsTableName", "DataKey": "DataKeyArn"}


def _is_at_rest(status: str) -> bool:
    # A stack of which there is only a change set is in REVIEW_IN_PROGRESS until it is deleted.
    return not status.endswith("_IN_PROGRESS") or status in NEVER_DEPLOYED


def _is_end(status: str) -> bool:
    return status.endswith(("_COMPLETE", "_FAILED"))


def _is_cancelled(event: StackEventTypeDef) -> bool:
    return event.get("ResourceStatusReason", "").startswith(CANCELLED)


def _line(event: StackEventTypeDef) -> str:
    status, resource = event.get("ResourceStatus", ""), event.get("LogicalResourceId", "")
    reason = event.get("ResourceStatusReason", "")
    shown = f"  {reason}" if status.endswith("FAILED") and reason else ""
    return f"  {event['Timestamp']:%H:%M:%S}  {status:<28} {resource}{shown}"


def _reason(event: StackEventTypeDef) -> str:
    return f"  {event.get('LogicalResourceId', '')}: {event.get('ResourceStatusReason', '')}"
