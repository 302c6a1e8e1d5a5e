"""Deploy the built package as one CloudFormation stack, and see that it works.

    make deploy ARGS="SenderEmail=… SupportEmail=… [Parameter=value …]"

It checks before it changes anything, says what CloudFormation does while it waits, and ends
with a smoke test of the deployed origin. Run again, it changes what is named and what is new in
the sources, and nothing else (`infra.parameters`); after an interruption it finishes what the
first run began. docs/operating.md says what each parameter means.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from infra import adopted, package, pages, parameters, prerequisites, smoke, team_keys, template
from infra.cloudformation import DeployError, Deployment

POLL_SECONDS = 5.0
FAILURES = (
    BotoCoreError,
    Boto3Error,
    ClientError,
    DeployError,
    package.PackageError,
    smoke.SmokeTestError,
    template.ParameterError,
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of `make deploy`: its options and the account it goes to."""

    options: argparse.Namespace
    session: boto3.Session
    account: str
    deployment: Deployment

    def client(self, service: str) -> Any:  # noqa: ANN401  One of many boto3 clients.
        """Return the boto3 client of *service*."""
        make: Any = self.session.client
        return make(service)


def main(arguments: list[str]) -> None:
    """Check, build, deploy, upload the pages, try them, and say what is left to do."""
    options = _options(arguments)
    given = parameters.parse(options.parameters)
    keys = _keys()
    run = _run(options)
    stored = run.deployment.parameters()
    built = package.build()
    _refuse_other_runtime(given, built.runtime)
    given |= {"Runtime": built.runtime}
    known = template.load(built.template)
    template.check_parameters(known, given)
    parameters.check(given, stored, run.session.region_name)
    parameters.check_workers(given, stored, known["Parameters"])
    prerequisites.refuse_bad_certificate(run.session, given)
    adopted.refuse_what_does_not_work(run.client("dynamodb"), run.client("kms"), given)
    _refuse_to_forget(run, given, stored)
    given |= parameters.sender(run.client("sesv2"), given, stored)
    given |= parameters.concurrency(run.client("lambda"), given, stored, _reserved(built))
    given |= parameters.api_account(run.client("apigateway"), given, exists=bool(stored))
    bucket = prerequisites.artifacts_bucket(
        run.session, options.artifacts, run.account, make=not options.dry_run
    )
    for line in prerequisites.mail_problems(
        run.client("sesv2"), {**stored, **given}["SenderEmail"]
    ):
        print(f"! {line}")
    if options.dry_run:
        return
    given |= parameters.stream(run.client("dynamodb"), given, stored)
    outputs = _deploy(run, built, given, stored)
    values = run.deployment.parameters()
    count = pages.upload(run.session.client("s3"), outputs["SiteBucketName"], values)
    print(f"Uploaded {count} objects to {outputs['SiteBucketName']} (package in {bucket}).")
    _try_it(options, outputs)
    _say(run, values, outputs)
    print("\n".join(team_keys.lines(keys)))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make deploy", description="Deploy Hallpass to AWS.")
    parser.add_argument(
        "--artifacts",
        help="bucket for the zip and the template; hallpass-artifacts-ACCOUNT-REGION by default, "
        "made if it is missing",
    )
    parser.add_argument("--stack", default="hallpass", help="its name; hallpass by default")
    parser.add_argument("--region", help="default: that of your AWS configuration")
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="RESOURCE",
        help="allow this table or key to be replaced or dropped",
    )
    parser.add_argument("--origin", help="where the smoke test asks, when not at CloudFront's own")
    parser.add_argument("--dry-run", action="store_true", help="check, and change nothing")
    parser.add_argument("parameters", nargs="*", metavar="Parameter=value")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace) -> Run:
    prerequisites.refuse_bad_name(options.stack)
    session = boto3.Session(region_name=options.region)
    account = prerequisites.account(session)
    artifacts = options.artifacts or prerequisites.default_bucket(session, account)
    deployment = Deployment(
        session.client("cloudformation"),
        session.client("s3"),
        artifacts,
        options.stack,
        POLL_SECONDS,
        replace=options.replace,
        progress=lambda line: print(line, flush=True),
    )
    return Run(options, session, account, deployment)


def _keys() -> list[str]:
    """Return the team's keys; refuse what no browser can seal to, for then no owner could send."""
    keys = pages.team_keys()
    for place, key in enumerate(keys):
        if not team_keys.is_key(key):
            raise DeployError(
                f"team_keys.{place} in frontend/config.json is no key: copy the line from /team."
            )
    return keys


def _refuse_other_runtime(given: Mapping[str, str], runtime: str) -> None:
    """Refuse to name another Python than that for which the package was built."""
    asked = given.get("Runtime", runtime)
    if asked != runtime:
        raise DeployError(
            f"The package is built for {runtime}. To have {asked}, which must be installed here, "
            f"run RUNTIME={asked} make deploy."
        )


def _refuse_to_forget(run: Run, given: Mapping[str, str], stored: Mapping[str, str]) -> None:
    """Refuse a new stack beside the table of an earlier one, which nothing would sweep again."""
    if stored or "GrantsTableName" in given:
        return
    left = adopted.tables_of_earlier_stacks(run.client("dynamodb"), run.options.stack)
    if not left:
        return
    table, key = left[0]
    others = ", ".join(name for name, _ in left[1:])
    older = f" Older ones stay as they are: {others}." if others else ""
    raise DeployError(
        f"An earlier stack of this name has left the table {table}. The access that it records "
        "ends only if the new stack takes the table up: add "
        f"GrantsTableName={table} DataKeyArn={key or 'the ARN of its key'} "
        f"(or GrantsTableName= to begin with an empty one and forget that access).{older}"
    )


def _reserved(built: package.Package) -> dict[str, int]:
    """
    Return how many executions the template reserves by default, by parameter.

    Of the others with such a name, none may be 0: they say how many workers there are at most.
    """
    known = template.load(built.template)["Parameters"]
    reserved = {n: p for n, p in known.items() if n.endswith("Concurrency") and p["MinValue"] == 0}
    return {name: parameter["Default"] for name, parameter in reserved.items()}


def _deploy(
    run: Run, built: package.Package, given: Mapping[str, str], stored: Mapping[str, str]
) -> dict[str, str]:
    """Deploy in one pass, or in two when the address is known only after the first."""
    deployment = run.deployment
    outputs = deployment.outputs() if stored else {}
    url = parameters.public_url(given, stored, outputs)
    first = {**given, **({"PublicUrl": url} if url else {})}
    if not stored:  # A table that is protected would outlive a first deployment that fails.
        first.setdefault("ProtectGrants", "no")
    if (before := stored.get("Runtime", built.runtime)) != built.runtime:
        print(
            f"The functions change from {before} to {built.runtime}, the Python of this machine; "
            f"RUNTIME={before} make deploy keeps it."
        )
    print(f"Deploying {built.sha256[:12]} as {run.options.stack} to {run.session.region_name} …")
    outputs = deployment.deploy(built, first)
    held = deployment.parameters()
    second = {}
    if url := parameters.public_url({}, held, outputs):
        second["PublicUrl"] = url
    if held.get("ProtectGrants") == "no" and "ProtectGrants" not in given:
        second["ProtectGrants"] = "yes"
    if second:
        print(f"Giving the functions their address, {outputs['SiteUrl']} …")
        outputs = deployment.deploy(built, second)
    deployment.cloudformation.update_termination_protection(
        EnableTerminationProtection=True, StackName=run.options.stack
    )
    return outputs


def _try_it(options: argparse.Namespace, outputs: Mapping[str, str]) -> None:
    origin = options.origin or parameters.edge_url(outputs)
    if not options.origin and "AWS_ENDPOINT_URL" in os.environ:
        print("Not tried: AWS_ENDPOINT_URL names an emulator, which has no CloudFront.")
        return
    print(f"Trying {origin} …")
    for line in smoke.try_out(origin):
        print(f"  {line}")


def _say(run: Run, values: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Print where everything goes, and what is left for the operator to do."""
    print(f"Hallpass answers at {values['PublicUrl']}/")
    print(f"Tickets go to {values['SupportEmail']} ({values['SupportName']}).")
    print(f"Mails come from {values['SenderEmail']}.")
    for line in prerequisites.mail_problems(run.client("sesv2"), values["SenderEmail"]):
        print(f"! {line}")
    if values.get("GrantsTableName"):
        for line in adopted.unprotected(run.client("dynamodb"), values["GrantsTableName"]):
            print(f"! {line}")
    if values.get("DomainName"):
        print(f"DNS: {values['DomainName']} needs a CNAME record to {outputs['EdgeDomainName']}.")
    if values.get("AlarmEmail"):
        print(f"Alarms go to {values['AlarmEmail']}, once the link in SNS's mail to it is opened.")
    else:
        print("! ALARMS GO NOWHERE: no person learns that access is not removed. Add AlarmEmail=…")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; CloudFormation goes on by itself. Run the same command again.")
    except FAILURES as error:
        sys.exit(f"Not deployed: {prerequisites.explain(error)}")
