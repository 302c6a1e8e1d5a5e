"""One Time Secret's API on the deployed zip: every case, every published client, one reader."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.stack import Stack
from tests.onetimesecret.cases import CASES, over_http, play


@pytest.fixture(scope="module")
def account(stack: Stack) -> tuple[str, str]:
    added = stack.add_account("kit@example.com")
    return added["user"], added["token"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_case(case: dict[str, Any], stack: Stack, account: tuple[str, str]) -> None:
    play(case, over_http(stack.app_url), base=stack.app_url, account=account)
