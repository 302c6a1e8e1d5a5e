"""The static pages: which files of `frontend/` go into the bucket, and how.

`upload` stores every page under its file name and also without `.html`, because
links say `/open#…` and `/receipt#…`. File names carry no fingerprint, so browsers
revalidate every copy (`no-cache` with an ETag). A file that `frontend/` no longer
has is deleted from the bucket.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The page for a path without a page. CloudFront's function turns its metadata into the status.
MISSING_PAGE = "404.html"
FRONTEND = Path(__file__).resolve().parent.parent / "frontend"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
CONFIG = "config.json"
# What pages show and functions use has one source, the parameter of the stack.
SHOWN = {"SupportName": "support_name", "SupportEmail": "support_email", "MaxDays": "max_days"}
# Tests and the tools that run them may stand beside the pages; they are not published.
UNPUBLISHED = frozenset({"node_modules", "package.json", "package-lock.json", "test", "tests"})


def files(frontend: Path = FRONTEND) -> dict[str, Path]:
    """Return bucket key → file of everything that is published."""
    found: dict[str, Path] = {}
    for file in sorted(frontend.rglob("*")):
        path = file.relative_to(frontend)
        names = path.parts
        unpublished = UNPUBLISHED.intersection(names) or any(n.startswith(".") for n in names)
        if unpublished or ".test." in file.name or file.suffix not in CONTENT_TYPES:
            continue
        found[path.as_posix()] = file
        if file.suffix == ".html" and file.name != MISSING_PAGE:
            found[path.with_suffix("").as_posix()] = file
    return found


def upload(
    s3: S3Client,
    bucket: str,
    parameters: Mapping[str, str] = MappingProxyType({}),
    frontend: Path = FRONTEND,
) -> int:
    """
    Put every page into *bucket* and delete all else there; return the number of objects.

    What the *parameters* of the stack say about support goes into the published `config.json`.
    """
    wanted = files(frontend)
    for key, file in wanted.items():
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=_config(file, parameters) if key == CONFIG else file.read_bytes(),
            ContentType=CONTENT_TYPES[file.suffix],
            CacheControl="no-cache",
            Metadata={"status": "404"} if key == MISSING_PAGE else {},
        )
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            if item["Key"] not in wanted:
                s3.delete_object(Bucket=bucket, Key=item["Key"])
    return len(wanted)


def example_parameters(frontend: Path = FRONTEND) -> dict[str, str]:
    """Return the stack's parameters as the example `config.json` has them, for the local run."""
    config = json.loads((frontend / CONFIG).read_text())
    return {name: str(config[key]) for name, key in SHOWN.items() if config.get(key)}


def team_keys(frontend: Path = FRONTEND) -> list[str]:
    """Return the public keys of the team in `config.json`, newest first."""
    keys: list[str] = json.loads((frontend / CONFIG).read_text()).get("team_keys", [])
    return keys


def _config(file: Path, parameters: Mapping[str, str]) -> bytes:
    """Return `config.json` with the team and the longest access that the functions know."""
    config = json.loads(file.read_text())
    said = {key: parameters[name] for name, key in SHOWN.items() if name in parameters}
    config |= said | ({"max_days": int(said["max_days"])} if "max_days" in said else {})
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
