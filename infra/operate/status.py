"""Say how a deployed Hallpass is: `make status`."""

from __future__ import annotations

import time
from collections import Counter

from rich.table import Table
from rich.text import Text

from infra import prerequisites
from infra.operate import deployed
from infra.operate.deployed import Deployed

GOOD, BAD = "green", "bold red"


def main(words: list[str]) -> None:
    """Print the stack, its mail, its alarms, and the open accesses."""
    options = deployed.arguments("status", "Say how a deployed Hallpass is.").parse_args(words)
    stack = deployed.connect(options)
    table = Table(show_header=False)
    for name, value, style in (*_stack(stack), *_mail(stack), *_alarms(stack), *_accesses(stack)):
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
    ]


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
        said = ", ".join(heard) or "nobody: pass AlarmEmail=… to make deploy"
        rows.append(("alarms are heard by", said, GOOD if heard else BAD))
        rows += [("", f"{address} has not opened SNS's link yet", BAD) for address in pending]
    return rows


def _accesses(stack: Deployed) -> list[Row]:
    open_ids, overdue = list(stack.open_ids()), set(stack.open_ids("overdue"))
    rows = [
        ("open accesses", str(len(open_ids)), ""),
        ("overdue", str(len(overdue)), BAD if overdue else GOOD),
    ]
    oldest = stack.grants.get(open_ids[0]) if open_ids else None
    if oldest is not None and oldest.schedule.due_at is not None:
        late = int(time.time()) - oldest.schedule.due_at
        said = f"{late} s ago" if late > 0 else f"in {-late} s"
        rows.append(("next is due", said, BAD if late > prerequisites.MAX_LATE_SECONDS else ""))
    return rows


if __name__ == "__main__":
    deployed.run(main)
