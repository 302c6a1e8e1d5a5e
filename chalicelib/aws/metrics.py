"""
CloudWatch metrics, written to the log in its embedded format: no call, and no right to make one.

The dimensions have few values, because CloudWatch bills each combination.
"""

from __future__ import annotations

import os

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from chalicelib.rate_limits.bounds import LimitName


def emit_limit_metric(limit: LimitName) -> None:
    """Count that *limit* was reached, as ``LimitReached`` of the namespace ``Hallpass``."""
    with single_metric(
        name="LimitReached", unit=MetricUnit.Count, value=1, namespace="Hallpass"
    ) as metric:
        metric.add_dimension("limit", limit)
        # Each stack has alarms of its own: the template sets its name.
        metric.add_dimension("service", os.environ.get("POWERTOOLS_SERVICE_NAME", "hallpass"))
