"""What a cold start does not load: it takes time, and most first requests need none of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.unit.test_settings import ENVIRON

LATER = (
    *("aws_lambda_powertools", "boto3", "s3transfer", "requests", "http.cookiejar"),
    *("zoneinfo", "ctypes", "chalicelib.onetime.aes_gcm", "chalicelib.outbound.connections"),
)


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that a process has loaded which has built everything and called nothing."""
    code = (
        "import sys, app, gc\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 10_000\n"
        "app.hallpass()\n"
        "print('\\n'.join(sys.modules))"
    )
    environment = {**os.environ, **ENVIRON, "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", LATER)
def test_a_cold_start_does_not_load(name: str, loaded: set[str]) -> None:
    assert "botocore.client" in loaded
    assert name not in loaded
