"""Settings come from the environment once, and say everything that is missing at once."""

from __future__ import annotations

import pytest

from chalicelib.settings import Settings, SettingsMissing

ENVIRON = {
    "SECRETS_TABLE": "secrets",
    "GRANTS_TABLE": "grants",
    "COUNTERS_TABLE": "counters",
    "DATA_KEY_ARN": "arn:aws:kms:us-east-1:0:key/x",
    "PUBLIC_URL": "https://help.acme.example/",
    "SENDER_EMAIL": "help@acme.example",
    "SUPPORT_EMAIL": "support@acme.example",
    "SUPPORT_NAME": "Acme Support",
    "MAX_DAYS": "14",
}


def test_every_missing_name_is_reported_at_once() -> None:
    with pytest.raises(SettingsMissing) as missing:
        Settings.from_environ({"MAX_DAYS": "14", "PUBLIC_URL": ""})

    assert all(name in str(missing.value) for name in ENVIRON if name != "MAX_DAYS")
    assert "MAX_DAYS" not in str(missing.value)


def test_the_public_url_has_no_trailing_slash_so_links_have_one() -> None:
    assert Settings.from_environ(ENVIRON).public_url == "https://help.acme.example"


def test_nothing_is_exempt_from_the_rules_unless_it_is_named() -> None:
    settings = Settings.from_environ(ENVIRON)

    assert (settings.allowed_sites, settings.rate_limits) == ((), 1.0)


def test_allowed_sites_are_a_list_of_origins() -> None:
    settings = Settings.from_environ(
        {**ENVIRON, "ALLOWED_SITES": " http://127.0.0.1:8081/ ,http://127.0.0.1:8082"}
    )

    assert settings.allowed_sites == ("http://127.0.0.1:8081", "http://127.0.0.1:8082")


def test_importing_the_app_reads_no_environment_and_makes_no_client() -> None:
    import subprocess
    import sys

    code = (
        "import boto3, os\n"
        "boto3.Session = None\n"
        "os.environ.clear()\n"
        "import app\n"
        "from chalicelib import wiring\n"
        "assert wiring.hallpass.cache_info().currsize == 0"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
