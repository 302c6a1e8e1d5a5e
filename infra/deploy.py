"""Deploy the built package as one CloudFormation stack.

    python -m infra.deploy --artifacts BUCKET SenderEmail=… [Parameter=value …]

The stack changes by change set only, and waits until CloudFormation is done.
Parameters that are not given keep their value, or their default at the first
deployment; the support team's name and address come from `frontend/config.json`.
Without `PublicUrl` the stack is deployed, asked for its address, and updated
with it: the functions mail links, and their address exists only once the site
does. The local run deploys through the same code.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import package, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# Stands in for the address while the first deployment makes it; nothing answers there.
NO_ADDRESS_YET = "https://address-not-known-yet.invalid"
PAUSE_SECONDS = 5.0
CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
NOTHING_TO_CHANGE = ("didn't contain changes", "No updates are to be performed")


class DeployError(Exception):
    """CloudFormation refused or failed; the message holds its own reasons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """
    Deploys *stack* with these clients.

    `artifacts` is the bucket for zip and template; `pause` the seconds between
    two questions to CloudFormation.
    """

    cloudformation: CloudFormationClient
    s3: S3Client
    artifacts: str
    stack: str
    pause: float

    def deploy(self, built: package.Package, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create or update the stack; return its outputs."""
        sha256 = built.sha256
        code = f"{self.stack}/{sha256}.zip"
        self.s3.upload_file(str(built.archive), self.artifacts, code)
        body = built.template.read_text()
        body = body.replace("CodeUri: ./deployment.zip", f"CodeUri: s3://{self.artifacts}/{code}")
        key = f"{self.stack}/{sha256}.yaml"
        self.s3.put_object(Bucket=self.artifacts, Key=key, Body=body.encode())
        endpoint = self.s3.meta.endpoint_url.rstrip("/")
        self._change(f"{endpoint}/{self.artifacts}/{key}", body, parameters)
        return self.outputs()

    def outputs(self) -> dict[str, str]:
        """Return what the stack says about itself."""
        described = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}

    def status(self) -> str:
        """Return the state of the stack; empty when there is none."""
        try:
            stacks = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return ""
            raise
        return stacks[0]["StackStatus"]

    def _change(self, url: str, body: str, parameters: Mapping[str, str]) -> None:
        status = self.status()
        if status in {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}:
            # A first deployment that failed leaves a stack that can only be deleted.
            self.cloudformation.delete_stack(StackName=self.stack)
            self._wait(lambda: self.status() or "gone", until=("gone", "DELETE_COMPLETE"))
            status = ""
        exists = status not in {"", "DELETE_COMPLETE"}
        name = f"deploy-{time.time_ns()}"
        self.cloudformation.create_change_set(
            StackName=self.stack,
            ChangeSetName=name,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=url,
            Parameters=self._parameters(body, parameters, exists=exists),
            Capabilities=CAPABILITIES,
        )
        if not self._change_set_is_ready(name):
            return
        self.cloudformation.execute_change_set(StackName=self.stack, ChangeSetName=name)
        done = self._wait(self.status, until=("_COMPLETE", "_FAILED"))
        if done not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise DeployError(f"The stack {self.stack} ended in {done}:\n{self._reasons()}")

    def _parameters(self, body: str, given: Mapping[str, str], *, exists: bool) -> list[Any]:
        summary = self.cloudformation.get_template_summary(TemplateBody=body)
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

        def described() -> str:
            change = self.cloudformation.describe_change_set(
                StackName=self.stack, ChangeSetName=name
            )
            return f"{change['Status']} {change.get('StatusReason', '')}"

        status = self._wait(described, until=("CREATE_COMPLETE", "FAILED"))
        if not status.startswith("FAILED"):
            return True
        if any(words in status for words in NOTHING_TO_CHANGE):
            self.cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=name)
            return False
        raise DeployError(f"CloudFormation refused the change: {status}")

    def _wait(self, ask: Callable[[], str], *, until: tuple[str, ...]) -> str:
        while True:
            answer = ask()
            settled = "CLEANUP" not in answer and "IN_PROGRESS" not in answer
            if settled and any(word in answer for word in until):
                return answer
            time.sleep(self.pause)

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
        PAUSE_SECONDS,
    )
    built = package.build()
    first = deployment.status() in {"", "ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"}
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
