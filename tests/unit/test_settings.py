"""Settings come from the environment once, and name everything missing or wrong at once."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.settings import Settings, SettingsInvalid

TEMPLATE = Path(__file__).parents[2] / "infra/resources.yaml"
ENVIRON = {
    "SECRETS_TABLE": "secrets",
    "GRANTS_TABLE": "grants",
    "COUNTERS_TABLE": "counters",
    "ACCOUNTS_TABLE": "accounts",
    "DUE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/0/due",
    "EVENT_BUS": "hallpass",
    "RETRY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/0/retry",
    "DATA_KEY_ARN": "arn:aws:kms:us-east-1:0:key/x",
    "PUBLIC_URL": "https://help.acme.example/",
    "SENDER_EMAIL": "help@acme.example",
    "SUPPORT_EMAIL": "support@acme.example",
    "SUPPORT_NAME": "Acme Support",
    "MAX_DAYS": "14",
}


def test_every_missing_name_is_reported_at_once() -> None:
    with pytest.raises(SettingsInvalid) as missing:
        Settings.from_environ({"MAX_DAYS": "14", "PUBLIC_URL": ""})

    assert all(name in str(missing.value) for name in ENVIRON if name != "MAX_DAYS")
    assert "MAX_DAYS" not in str(missing.value)


WRONG = {
    "PUBLIC_URL": ["help.acme.example", "https://", "https://a.example/path", "ftp://a.example"],
    "SENDER_EMAIL": ["nobody", "a b@c.example"],
    "SUPPORT_EMAIL": ["@"],
    "MAX_DAYS": ["two", "0", "31", "-1", "1.5", "٣", "1_0"],
    "ALLOWED_SITES": ["http://127.0.0.1:8081/path", "127.0.0.1"],
    "RATE_LIMITS": ["fast", "0", "-1", "nan", "inf"],
    "ONE_TIME_SECRET_API": ["Open", "on", "off "],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as wrong:
        Settings.from_environ({**ENVIRON, name: value})

    assert str(wrong.value).startswith(f"{name} must be ")


def test_no_value_is_repeated() -> None:
    with pytest.raises(SettingsInvalid) as wrong:
        Settings.from_environ(dict.fromkeys(WRONG, "Kanarie 7"))

    assert "Kanarie" not in str(wrong.value)
    assert "Kanarie" not in str(wrong.value.__cause__)


def test_everything_missing_and_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(SettingsInvalid) as both:
        Settings.from_environ({name: values[0] for name, values in WRONG.items()})

    reported = str(both.value)
    assert all(name in reported for name in ENVIRON | WRONG)
    assert reported.count(" must be ") == len(WRONG)


class AnyTag(yaml.SafeLoader):
    """Reads ``!Ref`` and its like, whatever they stand for."""


AnyTag.add_multi_constructor("!", lambda _loader, tag, _node: tag)


def test_the_names_are_those_that_the_template_sets() -> None:
    template: Any = yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=AnyTag)  # noqa: S506
    set_there = template["Globals"]["Function"]["Environment"]["Variables"]

    known = {field.name.upper() for field in fields(Settings)}
    assert known == {name for name in set_there if not name.startswith("POWERTOOLS_")}


def test_an_empty_optional_value_is_the_default() -> None:
    empty = dict.fromkeys(["ALLOWED_SITES", "RATE_LIMITS", "EDGE_KEY"], "")

    assert Settings.from_environ({**ENVIRON, **empty}) == Settings.from_environ(ENVIRON)


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
        "import botocore.session, os\n"
        "botocore.session.get_session = None\n"
        "os.environ.clear()\n"
        "import app\n"
        "from chalicelib import wiring\n"
        "assert wiring.hallpass.cache_info().currsize == 0"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
