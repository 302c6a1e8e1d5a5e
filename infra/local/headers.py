"""The response headers that the deployed CloudFront distribution adds, by path.

Read from the distribution itself, as the template made it, so that the local
run serves what AWS serves. One header is left out: Strict-Transport-Security
must not be sent over plain http (RFC 6797, 7.2), and loopback has no https.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


@dataclass(frozen=True, slots=True)
class Header:
    """One header; *override* replaces what the origin said."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the distribution does with the paths that match *pattern*."""

    pattern: str
    origin: str
    headers: tuple[Header, ...]
    compress: bool

    def apply(self, headers: MutableMapping[str, str]) -> None:
        """Change an origin's *headers* as CloudFront would."""
        for header in self.headers:
            if header.override or header.name not in headers:
                headers[header.name] = header.value


@dataclass(frozen=True, slots=True)
class Distribution:
    """The behaviours, in the order in which CloudFront tries them."""

    behaviours: tuple[Behaviour, ...]
    root: str

    def behaviour(self, path: str) -> Behaviour:
        """Return the first behaviour that matches *path*; the default one matches all."""
        return next(b for b in self.behaviours if fnmatch.fnmatchcase(path, b.pattern))


def read(cloudfront: Any, distribution_id: str) -> Distribution:  # noqa: ANN401  A boto3 client.
    """Return the distribution as it is deployed."""
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    listed = config["CacheBehaviors"].get("Items", [])
    listed.append({"PathPattern": "*", **config["DefaultCacheBehavior"]})
    behaviours = []
    for item in listed:
        policy = cloudfront.get_response_headers_policy(Id=item["ResponseHeadersPolicyId"])
        headers = headers_of(policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"])
        compress = bool(item.get("Compress"))
        behaviours.append(
            Behaviour(item["PathPattern"], item["TargetOriginId"], tuple(headers), compress)
        )
    return Distribution(tuple(behaviours), config["DefaultRootObject"])


def headers_of(policy: Mapping[str, Any]) -> list[Header]:
    """Return the headers of a response headers policy, those of https apart."""
    security = policy["SecurityHeadersConfig"]
    names = {
        "ContentSecurityPolicy": ("Content-Security-Policy", "ContentSecurityPolicy"),
        "FrameOptions": ("X-Frame-Options", "FrameOption"),
        "ReferrerPolicy": ("Referrer-Policy", "ReferrerPolicy"),
    }
    found = [
        Header(name, security[key][value], security[key]["Override"])
        for key, (name, value) in names.items()
        if key in security
    ]
    if "ContentTypeOptions" in security:
        override = security["ContentTypeOptions"]["Override"]
        found.append(Header("X-Content-Type-Options", "nosniff", override))
    custom = policy.get("CustomHeadersConfig", {}).get("Items", [])
    return found + [Header(item["Header"], item["Value"], item["Override"]) for item in custom]
