"""Say how a deployed Hallpass is: `make status`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import requests
from rich.table import Table
from rich.text import Text

from infra import pages, prerequisites, team_keys
from infra.operate import deployed, grants
from infra.operate.deployed import Deployed

MAX_CONFIG_SECONDS = 20.0
GOOD, BAD = "green", "bold red"


def main(words: list[str]) -> None:
    """Print the stack, its mail, its alarms, and the open accesses."""
    options = deployed.arguments("status", "Say how a deployed Hallpass is.").parse_args(words)
    stack = deployed.connect(options)
    table = Table(show_header=False)
    for name, value, style in (
        *_stack(stack),
        *_team(stack.parameters["PublicUrl"]),
        *_mail(stack),
        *_alarms(stack),
        *_accesses(stack, now=int(time.time())),
    ):
        table.add_row(name, Text(value, style=style))
    deployed.console().print(table)


Row = tuple[str, str, str]


def _stack(stack: Deployed) -> list[Row]:
    status = stack.deployment.status()
    style = GOOD if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} else BAD
    return [
        ("stack", f"{stack.name} in {stack.session.region_name}: {status}", style),
        ("version", stack.outputs.get("Version", "0.1.0 or older"), ""),
        ("address", stack.parameters["PublicUrl"], ""),
        ("record of accesses", stack.outputs["GrantsTableName"], ""),
        ("key to it", stack.outputs["DataKeyArn"], ""),
    ]


def _team(url: str) -> list[Row]:
    """
    Compare the keys that browsers get with those of the sources.

    Whoever changes the published ones changes what owners' browsers seal to.
    """
    here = pages.team_keys()
    try:
        config = requests.get(f"{url}/{pages.CONFIG}", timeout=MAX_CONFIG_SECONDS).json()
        published = [str(key) for key in config.get("team_keys", [])]
    except (requests.RequestException, ValueError, AttributeError, TypeError) as error:
        return [("team's key", f"{url}/{pages.CONFIG} cannot be read: {type(error).__name__}", BAD)]
    if published == here:
        return [("team's key", line, GOOD) for line in team_keys.lines(published)]
    return [
        (
            "team's key",
            f"the pages name {_words(published)}, frontend/config.json {_words(here)}",
            BAD,
        ),
        ("", "make deploy publishes the latter; if you did not change it, find out who did", BAD),
    ]


def _words(keys: Iterable[str]) -> str:
    known = (
        team_keys.fingerprint(k) if team_keys.is_key(k) else f"{k[:8]}… (no key)" for k in keys
    )
    return ", ".join(known) or "none"


def _mail(stack: Deployed) -> list[Row]:
    sender = stack.parameters["SenderEmail"]
    problems = prerequisites.mail_problems(stack.client("sesv2"), sender)
    rows = [("tickets go to", stack.parameters["SupportEmail"], "")]
    rows.append(("mails come from", sender, BAD if problems else GOOD))
    return rows + [("", problem, BAD) for problem in problems]


def _alarms(stack: Deployed) -> list[Row]:
    names = list(stack.resources("AWS::CloudWatch::Alarm").values())
    alarms = stack.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    states = Counter(alarm["StateValue"] for alarm in alarms)
    rows = [("alarms", ", ".join(f"{count} {state}" for state, count in states.items()), "")]
    rows += [
        ("ringing", f"{alarm['AlarmName']}: {alarm.get('AlarmDescription', '')}", BAD)
        for alarm in alarms
        if alarm["StateValue"] == "ALARM"
    ]
    for topic in stack.resources("AWS::SNS::Topic").values():
        found = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        heard = [s["Endpoint"] for s in found if s["SubscriptionArn"].startswith("arn:")]
        pending = [s["Endpoint"] for s in found if not s["SubscriptionArn"].startswith("arn:")]
        readers = ", ".join(heard) or "no one: pass AlarmEmail=… to make deploy"
        rows.append(("alarms go to", readers, GOOD if heard else BAD))
        rows += [("", f"{address} has not opened SNS's link yet", BAD) for address in pending]
    return rows


def _accesses(stack: Deployed, *, now: int) -> list[Row]:
    open_count = overdue_count = known_count = 0
    due: list[int] = []
    for grant in stack.pending_grants():
        open_count += grant.state != "ended"
        overdue_count += grants.is_overdue(grant, now)
        known_count += grants.is_overdue(grant, now) and grant.schedule.acknowledged_at is not None
        if grant.schedule.due_since is not None:
            due.append(grant.schedule.due_since)
    rows = [
        ("open accesses", str(open_count), ""),
        (
            "overdue",
            f"{overdue_count}, of which {known_count} acknowledged"
            if known_count
            else str(overdue_count),
            BAD if overdue_count > known_count else GOOD,
        ),
    ]
    if due:
        late = now - min(due)
        said = f"{late} s ago" if late > 0 else f"in {-late} s"
        rows.append(("next is due", said, BAD if late > prerequisites.MAX_LATE_SECONDS else ""))
    return rows


if __name__ == "__main__":
    deployed.run(main)
