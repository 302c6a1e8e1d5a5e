"""Check what a deployment needs, before it or at any time: `make doctor`.

It changes nothing. Each line that is not good says what to do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from rich.table import Table
from rich.text import Text

from infra import adopted, package, parameters, prerequisites, template
from infra.cloudformation import STUCK, Deployment
from infra.operate import deployed

Verdict = Literal["good", "warn", "bad"]
STYLES = {"good": "green", "warn": "yellow", "bad": "bold red"}
# The API and the sweep share this; a new account starts with 10.
MIN_CONCURRENT_EXECUTIONS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing, and what to do about it."""

    about: str
    verdict: Verdict
    said: str


def main(words: list[str]) -> None:
    """Print one line for each check; end with 1 when a deployment would fail."""
    parser = deployed.arguments("doctor", "Check what a deployment needs.")
    parser.add_argument("--artifacts", help="bucket for the zip and the template")
    parser.add_argument("parameters", nargs="*", metavar="Parameter=value")
    options = parser.parse_args(words)
    prerequisites.refuse_bad_name(options.stack)
    table = Table("What", "", "Found")
    is_bad = False
    for finding in examine(options.stack, options.region, options.artifacts, options.parameters):
        table.add_row(
            finding.about,
            Text(finding.verdict, style=STYLES[finding.verdict]),
            Text(finding.said),
        )
        is_bad |= finding.verdict == "bad"
    deployed.console().print(table)
    if is_bad:
        sys.exit(1)


def examine(
    stack: str, region: str | None, artifacts: str | None, words: list[str]
) -> Iterator[Finding]:
    """Yield what is found. Without credentials or region, there is nothing further to see."""
    session = boto3.Session(region_name=region)
    try:
        account = prerequisites.account(session)
    except deployed.FAILURES as error:
        yield Finding("credentials and region", "bad", prerequisites.explain(error))
        return
    yield Finding("credentials and region", "good", f"account {account}, {session.region_name}")
    make: Any = session.client
    deployment = Deployment(make("cloudformation"), make("s3"), "", stack, 1)
    given = parameters.parse(words)

    def bucket() -> Iterator[Finding]:
        name = prerequisites.artifacts_bucket(session, artifacts, account, make=False)
        yield Finding("bucket for packages", "good", f"{name} (made when it is missing)")

    def settings() -> Iterator[Finding]:
        stored = deployment.parameters()
        known = template.load(package.build().template)
        template.check_parameters(known, given)
        parameters.check(given, stored, session.region_name)
        parameters.check_workers(given, stored, known["Parameters"])
        prerequisites.refuse_bad_certificate(session, {**stored, **given})
        adopted.refuse_what_does_not_work(make("dynamodb"), make("kms"), {**stored, **given})
        effective = {**stored, **given}
        yield Finding("settings", "good", f"tickets go to {effective['SupportEmail']}")
        problems = prerequisites.mail_problems(make("sesv2"), effective["SenderEmail"])
        yield from (Finding("mail", "warn", problem) for problem in problems)
        if not effective.get("AlarmEmail"):
            yield Finding("alarms", "warn", "go nowhere: pass AlarmEmail=… to make deploy")

    def state() -> Iterator[Finding]:
        status = deployment.status()
        verdict: Verdict = "bad" if status in STUCK else "good"
        said = STUCK.get(status, status or "not deployed yet")
        yield Finding(f"stack {stack}", verdict, said)

    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        (f"stack {stack}", state),
        ("bucket for packages", bucket),
        ("settings", settings),
        ("table of an earlier stack", lambda: _earlier(make("dynamodb"), deployment, given)),
        ("Lambda's quota", lambda: _quota(make("lambda"))),
    ]
    for about, check in checks:
        try:
            yield from check()
        except deployed.FAILURES as error:
            yield Finding(about, "bad", prerequisites.explain(error))


def _earlier(
    dynamodb: Any,  # noqa: ANN401  A client.
    deployment: Deployment,
    given: Mapping[str, str],
) -> Iterator[Finding]:
    if deployment.parameters() or "GrantsTableName" in given:
        return
    for table, key in adopted.tables_of_earlier_stacks(dynamodb, deployment.stack):
        said = f"take it up: GrantsTableName={table} DataKeyArn={key or 'the ARN of its key'}"
        yield Finding("table of an earlier stack", "warn", said)


def _quota(functions: Any) -> Iterator[Finding]:  # noqa: ANN401  A client.
    limit = functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < MIN_CONCURRENT_EXECUTIONS:
        yield Finding(
            "Lambda's quota",
            "warn",
            f"{limit} at once for the whole account: a few slow sites occupy all of them. Ask for "
            "1000 in Service Quotas, “Concurrent executions” of AWS Lambda.",
        )
    else:
        yield Finding("Lambda's quota", "good", f"{limit} at once")


if __name__ == "__main__":
    deployed.run(main)
