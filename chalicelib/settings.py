"""Settings, read once from the environment; every missing name is reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class SettingsMissing(Exception):
    """The environment lacks names that the template sets."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What one deployment is told. None of it opens anything.

    `public_url` is the one origin of pages and API, without a trailing slash. `allowed_sites` are
    origins that may be asked although they are not public https; empty on AWS. `rate_limits`
    multiplies every limit. `edge_key` is what CloudFront adds to what it passes on; without it,
    the address that the gateway sees is the visitor's.
    """

    secrets_table: str
    grants_table: str
    counters_table: str
    data_key_arn: str
    public_url: str
    sender_email: str
    support_email: str
    support_name: str
    max_days: int
    allowed_sites: tuple[str, ...]
    rate_limits: float
    edge_key: str = ""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """
        Read *environ*.

        Raises:
            SettingsMissing: Names every variable that is missing or empty.
        """
        needed = (
            "SECRETS_TABLE",
            "GRANTS_TABLE",
            "COUNTERS_TABLE",
            "DATA_KEY_ARN",
            "PUBLIC_URL",
            "SENDER_EMAIL",
            "SUPPORT_EMAIL",
            "SUPPORT_NAME",
            "MAX_DAYS",
        )
        missing = [name for name in needed if not environ.get(name)]
        if missing:
            raise SettingsMissing(f"Missing in the environment: {', '.join(missing)}")
        allowed = environ.get("ALLOWED_SITES", "").split(",")
        return cls(
            secrets_table=environ["SECRETS_TABLE"],
            grants_table=environ["GRANTS_TABLE"],
            counters_table=environ["COUNTERS_TABLE"],
            data_key_arn=environ["DATA_KEY_ARN"],
            public_url=environ["PUBLIC_URL"].rstrip("/"),
            sender_email=environ["SENDER_EMAIL"],
            support_email=environ["SUPPORT_EMAIL"],
            support_name=environ["SUPPORT_NAME"],
            max_days=int(environ["MAX_DAYS"]),
            allowed_sites=tuple(site.strip().rstrip("/") for site in allowed if site.strip()),
            rate_limits=float(environ.get("RATE_LIMITS") or "1"),
            edge_key=environ.get("EDGE_KEY", ""),
        )
