"""Deploy the built package as one CloudFormation stack.

    python -m infra.deploy --artifacts BUCKET SenderEmail=… [Parameter=value …]

It changes the stack by change set only, and waits until CloudFormation is done.
Parameters that are not given keep their value, or their default at the first
deployment; the support team's name and address come from `frontend/config.json`.
Without `PublicUrl` it deploys the stack, reads the address of the distribution
from it, and updates it with that address: the functions mail links, and the
address exists only once the distribution does. The local run uses the same code.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infra import package, pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# Stands in for the address while the first deployment makes it; nothing answers there.
NO_ADDRESS_YET = "https://address-not-known-yet.invalid"
POLL_SECONDS = 5.0
MAX_WAIT_SECONDS = 3600  # A new CloudFront distribution takes up to half an hour.
# A first deployment that failed leaves a stack that can only be deleted.
NEVER_DEPLOYED = frozenset({"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"})
CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")


class DeployError(Exception):
    """CloudFormation refused or failed; the message holds its own reasons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    Deploys *stack* with these clients.

    `artifacts` is the bucket for zip and template; `poll_seconds` the time between
    two questions to CloudFormation.
    """

    cloudformation: CloudFormationClient
    s3: S3Client
    artifacts: str
    stack: str
    poll_seconds: float

    def deploy(self, built: package.Package, parameters: Mapping[str, str]) -> dict[str, str]:
        """
        Create or update the stack; return its outputs.

        Raises:
            DeployError: CloudFormation refused the change, or the stack failed.
        """
        sha256 = built.sha256
        code = f"{self.stack}/{sha256}.zip"
        self.s3.upload_file(str(built.archive), self.artifacts, code)
        body = built.template.read_text()
        body = body.replace("CodeUri: ./deployment.zip", f"CodeUri: s3://{self.artifacts}/{code}")
        key = f"{self.stack}/{sha256}.yaml"
        self.s3.put_object(Bucket=self.artifacts, Key=key, Body=body.encode())
        endpoint = self.s3.meta.endpoint_url.rstrip("/")
        self._change(f"{endpoint}/{self.artifacts}/{key}", parameters)
        return self.outputs()

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs by name."""
        described = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}

    def status(self) -> str:
        """Return the status of the stack; empty when there is none."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return ""
            raise
        return stacks[0]["StackStatus"]

    def _change(self, url: str, parameters: Mapping[str, str]) -> None:
        status = self.status()
        if status in NEVER_DEPLOYED:
            self.cloudformation.delete_stack(StackName=self.stack)
            self._wait("stack_delete_complete")
            status = ""
        exists = status not in {"", "DELETE_COMPLETE"}
        name = f"deploy-{time.time_ns()}"
        self.cloudformation.create_change_set(
            StackName=self.stack,
            ChangeSetName=name,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=url,
            Parameters=self._parameters(url, parameters, exists=exists),
            Capabilities=CAPABILITIES,
        )
        if not self._change_set_is_ready(name):
            return
        self.cloudformation.execute_change_set(StackName=self.stack, ChangeSetName=name)
        self._wait("stack_update_complete" if exists else "stack_create_complete")

    def _parameters(self, url: str, given: Mapping[str, str], *, exists: bool) -> list[Any]:
        summary = self.cloudformation.get_template_summary(TemplateURL=url)
        names = [p["ParameterKey"] for p in summary.get("Parameters", [])]
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise DeployError(f"The template has no parameter {', '.join(unknown)}.")
        chosen: list[Any] = [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()]
        if exists:
            stack = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
            kept = {p["ParameterKey"] for p in stack.get("Parameters", [])} & set(names)
            chosen += [
                {"ParameterKey": k, "UsePreviousValue": True} for k in sorted(kept - set(given))
            ]
        return chosen

    def _change_set_is_ready(self, name: str) -> bool:
        """Wait for the change set; return False when it would change nothing."""
        waiter = self.cloudformation.get_waiter("change_set_create_complete")
        try:
            waiter.wait(StackName=self.stack, ChangeSetName=name, WaiterConfig=self._patience())
        except WaiterError as error:
            described = error.last_response
            reason = f"{described.get('Status', '')} {described.get('StatusReason', '')}"
            if any(words in reason for words in NOTHING_TO_CHANGE):
                self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=name)
                return False
            said = reason.strip() or error
            raise DeployError(f"CloudFormation refused the change: {said}") from error
        return True

    def _wait(self, state: str) -> None:
        """Wait until the stack is in *state*, the name of a boto3 waiter."""
        cloudformation: Any = self.cloudformation
        try:
            cloudformation.get_waiter(state).wait(
                StackName=self.stack, WaiterConfig=self._patience()
            )
        except WaiterError as error:
            stacks: Any = error.last_response.get("Stacks")
            if not stacks:  # CloudFormation refused the question itself; the error says why.
                raise
            status = stacks[0]["StackStatus"]
            ended = "is still" if status.endswith("IN_PROGRESS") else "ended in"
            message = f"The stack {self.stack} {ended} {status}:\n{self._reasons()}"
            raise DeployError(message) from error

    def _patience(self) -> Any:  # noqa: ANN401  The stubs allow whole seconds only.
        attempts = int(MAX_WAIT_SECONDS / self.poll_seconds)
        return {"Delay": self.poll_seconds, "MaxAttempts": attempts}

    def _reasons(self) -> str:
        events = self.cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        failed = [e for e in events if e.get("ResourceStatus", "").endswith("FAILED")]
        lines = [f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in failed]
        return "\n".join(reversed(lines))


def main(arguments: list[str]) -> None:
    """Build, deploy, upload the pages, and print the address."""
    parser = argparse.ArgumentParser(prog="make deploy", description="Deploy Hallpass to AWS.")
    parser.add_argument("--artifacts", required=True, help="bucket for the zip and the template")
    parser.add_argument("--stack", default="hallpass")
    parser.add_argument("--region", default=None, help="default: that of your AWS configuration")
    parser.add_argument("parameters", nargs="*", metavar="Parameter=value")
    options = parser.parse_args(arguments)
    given = dict(text.split("=", 1) for text in options.parameters if "=" in text)
    parameters = pages.support_parameters() | given
    session = boto3.Session(region_name=options.region)
    deployment = Deployment(
        session.client("cloudformation"),
        session.client("s3"),
        options.artifacts,
        options.stack,
        POLL_SECONDS,
    )
    built = package.build()
    first = deployment.status() in {"", *NEVER_DEPLOYED}
    address_unknown = first and "PublicUrl" not in parameters
    if address_unknown:
        parameters["PublicUrl"] = NO_ADDRESS_YET
    print(f"Deploying {built.sha256[:12]} as {options.stack} …")
    outputs = deployment.deploy(built, parameters)
    if address_unknown:
        print(f"Telling the functions their address, {outputs['SiteUrl']} …")
        outputs = deployment.deploy(built, {"PublicUrl": outputs["SiteUrl"]})
    count = pages.upload(session.client("s3"), outputs["SiteBucketName"])
    print(f"Uploaded {count} objects. Hallpass answers at {outputs['SiteUrl']}/")
    if first:
        print("SES has mailed the sender address: open the link in that mail, or no mail goes out.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (BotoCoreError, ClientError, DeployError, package.PackageError) as error:
        sys.exit(f"Not deployed: {error}")
