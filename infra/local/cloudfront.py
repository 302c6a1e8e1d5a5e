"""What CloudFront does with a request and with its answer, as the deployed distribution says.

MiniStack 1.5.33 can serve a distribution itself, but not this one: it redirects plain http
to https, the bucket's TLS-only policy refuses MiniStack's own plain fetch, and the API's
host name leads to AWS. So `read` takes the distribution from the emulated account, as the
template made it, and the front door (infra/local/frontdoor.py) asks it for each request:

* `Distribution.behaviour`: which origin a path belongs to;
* `Behaviour.request_headers`: what the origin gets of a visitor's headers. A visitor's own
  x-hallpass-… and x-forwarded-… headers never arrive there. The distribution's function
  is JavaScript for CloudFront only; Python does the same here wherever the distribution
  names it, and tests/stack/test_template.py runs the JavaScript itself;
* `Behaviour.page_at`: which page a path shows, as the function PagePaths decides it;
* `Behaviour.add_headers`: the headers of the behaviour's response headers policy, except
  Strict-Transport-Security, which must not be sent over plain http (RFC 6797, 7.2);
* `compress`: CloudFront Developer Guide, "Serve compressed files".
"""

from __future__ import annotations

import fnmatch
import gzip
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import brotli
from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "host"})
PAGES = frozenset({"/", "/open", "/receipt", "/share", "/team"})
MISSING_PAGE = "/404.html"
SHARE_PAGE = "/share.html"
# What mail programs make of our links; that page mends them.
MANGLED = re.compile(r"/(/|(open|receipt)(?!$|api\.json$|\.(html|css)$))")
DROPPED_PREFIXES = ("x-hallpass-", "x-forwarded-")
# CloudFront's own address is all that API Gateway sees of a visitor.
EDGE_ADDRESS = "127.0.0.1"

MIN_COMPRESSED_BYTES, MAX_COMPRESSED_BYTES = 1_000, 10_000_000
# AWS does not document the quality; servers that compress on the fly commonly use 5.
BROTLI_QUALITY = 5
COMPRESSED_TYPES = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a response headers policy; *override* replaces what the origin sent."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    What the distribution does with the paths that match *pattern*.

    Attributes:
        pattern: Of CloudFront, with `*` and `?`.
        origin: Id of the origin that answers.
        origin_headers: What CloudFront adds to each request to that origin.
        has_function: Whether a function sees each request: for the API, it writes the visitor's
            address into x-hallpass-viewer; for pages, it decides which page a path shows.
        headers: What the response headers policy adds to each answer.
        compress: Whether answers are compressed.
        page: The one page that a function shows at every path of the pattern; "" for no such.
    """

    pattern: str
    origin: str
    origin_headers: Mapping[str, str]
    has_function: bool
    headers: tuple[Header, ...]
    compress: bool
    page: str = ""

    def request_headers(self, sent: Mapping[str, str], viewer: str) -> CIMultiDict[str]:
        """Return what the origin gets when the visitor at *viewer* has *sent* these headers."""
        passed = CIMultiDict(
            (name, value)
            for name, value in sent.items()
            if name.lower() not in HOP_BY_HOP and not name.lower().startswith(DROPPED_PREFIXES)
        )
        passed["X-Forwarded-For"] = EDGE_ADDRESS
        if self.has_function:
            passed["x-hallpass-viewer"] = viewer
        passed.update(self.origin_headers)
        return passed

    def page_at(self, path: str) -> str:
        """
        Return the path of the page that *path* shows.

        That is *path* itself, the path without a slash at its end (a redirection), or the page
        that says that there is none.
        """
        if self.page:
            return self.page
        if not self.has_function:
            return path
        if path != "/" and path.endswith("/") and path[:-1] in PAGES:
            return path[:-1]
        is_missing = "." not in path and path not in PAGES
        return MISSING_PAGE if is_missing or MANGLED.match(path) else path

    def add_headers(self, answer: MutableMapping[str, str]) -> None:
        """Add the policy's headers to those of an origin's *answer*."""
        for header in self.headers:
            if header.override or header.name not in answer:
                answer[header.name] = header.value


@dataclass(frozen=True, slots=True)
class Distribution:
    """The behaviours, in the order in which CloudFront tries them, and the object at `/`."""

    behaviours: tuple[Behaviour, ...]
    root: str

    def behaviour(self, path: str) -> Behaviour:
        """Return the first behaviour that matches *path*; the default one matches all."""
        return next(b for b in self.behaviours if fnmatch.fnmatchcase(path, b.pattern))


def read(cloudfront: Any, distribution_id: str) -> Distribution:  # noqa: ANN401  A boto3 client.
    """Return the distribution as it is deployed."""
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    origin_headers = {
        origin["Id"]: {
            item["HeaderName"]: item["HeaderValue"]
            for item in origin.get("CustomHeaders", {}).get("Items", [])
        }
        for origin in config["Origins"]["Items"]
    }
    behaviours = []
    default = {"PathPattern": "*", **config["DefaultCacheBehavior"]}
    for item in [*config["CacheBehaviors"].get("Items", []), default]:
        policy = cloudfront.get_response_headers_policy(Id=item["ResponseHeadersPolicyId"])
        functions = item.get("FunctionAssociations", {}).get("Items", [])
        behaviours.append(
            Behaviour(
                item["PathPattern"],
                item["TargetOriginId"],
                origin_headers[item["TargetOriginId"]],
                any(function["EventType"] == "viewer-request" for function in functions),
                _headers_of(policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]),
                bool(item.get("Compress")),
                SHARE_PAGE if _runs(functions, "share-page") else "",
            )
        )
    return Distribution(tuple(behaviours), config["DefaultRootObject"])


def compress(body: bytes, headers: MutableMapping[str, str], accepted: str) -> bytes:
    """
    Return *body* as CloudFront sends it to a browser that accepts these encodings.

    It compresses bodies of a listed type and length, with Brotli before gzip, and makes a strong
    ETag a weak one. *headers* are those of the answer and are changed to match; *accepted* is the
    request's Accept-Encoding.
    """
    kind = headers["Content-Type"].partition(";")[0]
    if (
        kind not in COMPRESSED_TYPES
        or not MIN_COMPRESSED_BYTES <= len(body) <= MAX_COMPRESSED_BYTES
    ):
        return body
    headers["Vary"] = "Accept-Encoding"
    names = {part.partition(";")[0].strip() for part in accepted.split(",")}
    encoding = next((name for name in ("br", "gzip") if name in names), None)
    if encoding is None:
        return body
    headers["Content-Encoding"] = encoding
    headers["ETag"] = f"W/{headers['ETag']}"
    return _encoded(body, encoding)


def strong_etag(etag: str) -> str:
    """Return the tag that S3 knows for a tag that `compress` may have made weak."""
    return etag.removeprefix("W/")


def _runs(functions: list[dict[str, str]], name: str) -> bool:
    return any(
        function["EventType"] == "viewer-request" and function["FunctionARN"].endswith(f"-{name}")
        for function in functions
    )


def _headers_of(policy: Mapping[str, Any]) -> tuple[Header, ...]:
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
    found += [Header(item["Header"], item["Value"], item["Override"]) for item in custom]
    return tuple(found)


@lru_cache(maxsize=256)
def _encoded(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        compressed: bytes = brotli.compress(body, quality=BROTLI_QUALITY)
        return compressed
    return gzip.compress(body)
