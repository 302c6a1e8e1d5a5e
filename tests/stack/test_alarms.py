"""
Every alarm rings for what it is about, evaluated against recorded metrics.

The emulator has no metrics of Lambda, DynamoDB and SES and ignores dimensions and missing data, so
the rule of CloudWatch for one period is written here: docs, “Evaluating an alarm”.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.aws.metrics import emit_mail_refused
from infra import package, template

Points = list[list[float]]  # The values of each period, oldest first; an empty one is missing data.
STATISTICS: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max}
RINGS: dict[str, Points] = {
    "SweepMissingAlarm": [[]],
    "OverdueAlarm": [[60.0, 3700.0]],
    "SweepErrorsAlarm": [[0.0, 1.0]],
    "ApiErrorsAlarm": [[1.0]],
    "MailRefusedAlarm": [[1.0]],
    "SupportMailFailedAlarm": [[1.0]],
    "UnexpectedErrorsAlarm": [[1.0]],
    "SweepThrottledAlarm": [[1.0], [2.0], [1.0]],
    "WorkerErrorsAlarm": [[1.0]],
    "WorkersThrottledAlarm": [[1.0], [2.0], [1.0]],
    "DeadLettersAlarm": [[0.0, 1.0]],
    "AnnouncementsLateAlarm": [[10.0, 3_700_000.0]],
    "EventsDeadLettersAlarm": [[1.0]],
    "GrantsReadThrottledAlarm": [[5.0], [2.0], [1.0]],
    "GrantsWriteThrottledAlarm": [[5.0], [2.0], [1.0]],
    "BouncedMailAlarm": [[0.06]],
    "ComplaintsAlarm": [[0.002]],
}
QUIET: dict[str, Points] = {
    "SweepMissingAlarm": [[1.0] * 15],
    "OverdueAlarm": [[0.0, 60.0]],
    "SweepErrorsAlarm": [[0.0] * 5],
    "ApiErrorsAlarm": [[]],
    "MailRefusedAlarm": [[]],
    "SupportMailFailedAlarm": [[]],
    "UnexpectedErrorsAlarm": [[0.0]],
    "SweepThrottledAlarm": [[1.0], [0.0], [1.0]],
    "WorkerErrorsAlarm": [[0.0]],
    "WorkersThrottledAlarm": [[1.0], [0.0], [1.0]],
    "DeadLettersAlarm": [[0.0] * 5],
    "AnnouncementsLateAlarm": [[900.0]],
    "EventsDeadLettersAlarm": [[]],
    "GrantsReadThrottledAlarm": [[], [2.0], []],
    "GrantsWriteThrottledAlarm": [[], [2.0], []],
    "BouncedMailAlarm": [[0.01]],
    "ComplaintsAlarm": [[0.0]],
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = template.expanded(package.build().template)["Resources"]
    return found


def rings(alarm: dict[str, Any], points: Points) -> bool:
    """Evaluate *alarm* over its last periods, as CloudWatch does."""

    def breaches(values: list[float]) -> bool:
        if not values:
            return bool(alarm["TreatMissingData"] == "breaching")
        value = STATISTICS[alarm["Statistic"]](values)
        if alarm["ComparisonOperator"] == "LessThanThreshold":
            return bool(value < alarm["Threshold"])
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        return bool(value > alarm["Threshold"])

    recent = points[-alarm["EvaluationPeriods"] :]
    assert len(recent) == alarm["EvaluationPeriods"]
    return all(map(breaches, recent))


def alarms(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_every_alarm_was_seen_to_ring(resources: dict[str, Any]) -> None:
    assert alarms(resources).keys() == RINGS.keys() == QUIET.keys()
    for name, alarm in alarms(resources).items():
        assert rings(alarm, RINGS[name]), name
        assert not rings(alarm, QUIET[name]), name


def test_no_stranger_can_ring_one(resources: dict[str, Any]) -> None:
    """What the API answers depends on what strangers ask for, and on sites that they name."""
    for name, alarm in alarms(resources).items():
        assert alarm["Namespace"] != "AWS/ApiGateway", name
        # Whoever asks often enough reaches a limit; the dashboard shows how often that happens.
        assert alarm["MetricName"] != "LimitReached", name
        if str(alarm["MetricName"]) in {"Throttles", "ConcurrentExecutions", "Duration"}:
            # SQS never asks for more workers than are reserved (`test_template.TestQueues`).
            assert alarm["Dimensions"][0]["Value"] in ({"Ref": "Sweep"}, {"Ref": "EndDue"}), name


def test_mails_that_ses_refuses_ring_by_the_metric_that_the_code_writes(
    resources: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "the-stack")
    emit_mail_refused()
    written = json.loads(capsys.readouterr().out)
    (metrics,) = written["_aws"]["CloudWatchMetrics"]
    alarm = resources["MailRefusedAlarm"]["Properties"]

    assert alarm["Namespace"] == metrics["Namespace"]
    assert alarm["MetricName"] == metrics["Metrics"][0]["Name"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert (metrics["Dimensions"], written["service"]) == ([["service"]], "the-stack")


def test_the_dashboard_shows_each_metric_of_ours_that_rings(resources: dict[str, Any]) -> None:
    body = json.dumps(resources["Dashboard"]["Properties"]["DashboardBody"])
    for name, alarm in alarms(resources).items():
        if alarm["Namespace"] == "Hallpass" and isinstance(alarm["MetricName"], str):
            assert alarm["MetricName"] in body, name


def test_whoever_endangers_the_key_is_reported(resources: dict[str, Any]) -> None:
    rule = resources["KeyInDanger"]["Properties"]

    assert rule["EventPattern"]["detail"]["eventName"] == ["DisableKey", "ScheduleKeyDeletion"]
    assert rule["Targets"][0]["Arn"] == {"Ref": "AlarmTopic"}
    (allowed,) = resources["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    services = {"cloudwatch.amazonaws.com", "events.amazonaws.com"}
    assert set(allowed["Principal"]["Service"]) == services
