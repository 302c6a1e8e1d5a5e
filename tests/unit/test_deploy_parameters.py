"""What the deployer finds out about the account by itself."""

from __future__ import annotations

import pytest

from infra import parameters

DEFAULTS = {"ApiConcurrency": 100, "SweepConcurrency": 2, "WorkerConcurrency": 35}
NONE_RESERVED = dict.fromkeys(DEFAULTS, "0")


class Lambda:
    """The client of boto3, for an account with that quota."""

    def __init__(self, quota: int) -> None:
        self._quota = quota

    def get_account_settings(self) -> dict[str, dict[str, int]]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._quota}}


@pytest.mark.parametrize(
    ("quota", "stored", "found"),
    [
        (1000, {}, {}),
        (237, {}, {}),
        (236, {}, {**NONE_RESERVED, "DueConcurrency": "3", "RetryConcurrency": "2"}),
        (10, {"DueConcurrency": "5"}, {**NONE_RESERVED, "RetryConcurrency": "2"}),
        (10, dict.fromkeys(DEFAULTS, "0"), {}),
        # An upgrade of a stack whose reservations are taken off what the account has left.
        (900, {"ApiConcurrency": "100", "SweepConcurrency": "10"}, {}),
    ],
)
def test_an_account_that_is_too_small_reserves_nothing_and_has_few_workers(
    quota: int, stored: dict[str, str], found: dict[str, str]
) -> None:
    assert parameters.concurrency(Lambda(quota), {}, stored, DEFAULTS) == found
