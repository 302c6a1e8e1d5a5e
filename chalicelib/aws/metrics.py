"""
CloudWatch metrics, written to the log in its embedded format: no call, and no right to make one.

The dimensions have few values, because CloudWatch bills each combination. Powertools is loaded with
the first metric, because most requests have none.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from chalicelib.rate_limits.bounds import LimitName

if TYPE_CHECKING:
    from aws_lambda_powertools import Metrics

NAMESPACE = "Hallpass"


class LateMetrics:
    """The metrics of one invocation; the stack's name is their service: see resources.yaml."""

    @functools.cached_property
    def _metrics(self) -> Metrics:
        from aws_lambda_powertools import Metrics  # noqa: PLC0415 - see above

        return Metrics(namespace=NAMESPACE)

    def add_metric(self, name: str, unit: Literal["Seconds", "Count"], value: float) -> None:
        """Add one value of the metric *name*."""
        self._metrics.add_metric(name, unit, value)

    def flush_metrics(self) -> None:
        """Write what was added."""
        self._metrics.flush_metrics()


def emit_limit_metric(limit: LimitName) -> None:
    """Count that *limit* was reached, as ``LimitReached`` of the namespace ``Hallpass``."""
    _count("LimitReached", {"limit": limit})


def emit_mail_refused() -> None:
    """Count a mail that SES refused for a reason of the deployment's own, as ``MailRefused``."""
    _count("MailRefused", {})


def _count(name: str, dimensions: Mapping[str, str]) -> None:
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415 - see above

    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(dimension, value)
        # Each stack has alarms of its own: the template sets its name.
        metric.add_dimension("service", os.environ.get("POWERTOOLS_SERVICE_NAME", "hallpass"))
