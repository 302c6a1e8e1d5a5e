"""
Settings, read once from the environment; every missing or wrong name is reported at once.

Each field of `Settings` is the environment variable of the same name in capitals, which
`infra/resources.yaml` sets. A field without a default is required.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Literal, get_args

from chalicelib.patterns import pattern
from chalicelib.values import dataclass, fields

ApiMode = Literal["open", "token", "off"]
MAX_ACCESS_DAYS = 30  # No deployment can allow longer ones.
ORIGIN = pattern(r"https?://[^/\s]+")
EMAIL = pattern(r"[^@\s]+@[^@\s]+")


class SettingsInvalid(Exception):
    """The environment lacks names that the template sets, or has values that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The parameters of one deployment. None of them opens anything.

    `public_url` is the one origin of pages and API, without a trailing slash. `allowed_sites` are
    origins that may be asked although they are not public https; empty on AWS. `rate_limits`
    multiplies every limit. `edge_key` is what CloudFront adds to what it passes on; without it,
    the IP address that the gateway sees is the visitor's. `one_time_secret_api` says who may share
    secrets through One Time Secret's API: any caller or accounts only; or that it is off.
    """

    secrets_table: str
    grants_table: str
    counters_table: str
    accounts_table: str
    due_queue_url: str
    retry_queue_url: str
    event_bus: str
    data_key_arn: str
    public_url: str
    sender_email: str
    support_email: str
    support_name: str
    max_days: int
    allowed_sites: tuple[str, ...] = ()
    rate_limits: float = 1.0
    edge_key: str = ""
    configuration_set: str = ""
    one_time_secret_api: ApiMode = "open"  # noqa: S105 - no password

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """
        Read *environ*. An empty value counts as missing.

        Raises:
            SettingsInvalid: Names every variable that is missing or wrong, and repeats no value.
        """
        values: dict[str, object] = {}
        missing, wrong = [], []
        for field in fields(cls):
            name = field.name.upper()
            text = environ.get(name, "")
            if text:
                try:
                    values[field.name] = READERS.get(field.name, str)(text)
                except ValueError as error:
                    wrong.append(f"{name} must be {error}")
            elif field.default is MISSING:
                missing.append(name)
        problems = [f"Missing in the environment: {', '.join(missing)}"] if missing else []
        if problems or wrong:
            raise SettingsInvalid("; ".join([*problems, *wrong]))
        return cls(**values)  # type: ignore[arg-type] # READERS has a reader for all but str.


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_ACCESS_DAYS):
        raise ValueError(f"a whole number from 1 to {MAX_ACCESS_DAYS}")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not (math.isfinite(factor) and factor > 0):
        raise ValueError("a number above 0")
    return factor


def _origin(text: str) -> str:
    origin = text.strip().rstrip("/")
    if not ORIGIN.fullmatch(origin):
        raise ValueError("an origin such as https://help.example")
    return origin


def _origins(text: str) -> tuple[str, ...]:
    try:
        return tuple(_origin(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("origins such as https://a.example, separated by commas") from None


def _email(text: str) -> str:
    if not EMAIL.fullmatch(text):
        raise ValueError("an e-mail address")
    return text


def _api_mode(text: str) -> ApiMode:
    for mode in get_args(ApiMode):
        if text == mode:
            return text  # type: ignore[return-value] # It is one of them.
    raise ValueError(f"one of {', '.join(get_args(ApiMode))}")


READERS: dict[str, Callable[[str], object]] = {
    "public_url": _origin,
    "sender_email": _email,
    "support_email": _email,
    "max_days": _days,
    "allowed_sites": _origins,
    "rate_limits": _factor,
    "one_time_secret_api": _api_mode,
}
