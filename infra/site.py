"""The static pages in their bucket.

Every page is stored under its file name and without `.html`, because links say
`/open#…` and `/receipt#…`. File names carry no fingerprint, so that every copy
is revalidated (`no-cache` with an ETag). What left the sources leaves the bucket.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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
# Tests and the tools that run them live beside the pages, but are nobody's pages.
PRIVATE = frozenset({"node_modules", "package.json", "package-lock.json", "test", "tests"})


def files(frontend: Path = FRONTEND) -> dict[str, Path]:
    """Return the file to store under each key of the bucket."""
    found: dict[str, Path] = {}
    for file in sorted(frontend.rglob("*")):
        path = file.relative_to(frontend)
        private = PRIVATE.intersection(path.parts) or any(p.startswith(".") for p in path.parts)
        if private or ".test." in file.name or file.suffix not in CONTENT_TYPES:
            continue
        found[path.as_posix()] = file
        if file.suffix == ".html":
            found[path.with_suffix("").as_posix()] = file
    return found


def upload(s3: S3Client, bucket: str, frontend: Path = FRONTEND) -> int:
    """Make *bucket* hold exactly the pages; return how many objects it holds."""
    wanted = files(frontend)
    for key, file in wanted.items():
        s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=file.read_bytes(),
            ContentType=CONTENT_TYPES[file.suffix],
            CacheControl="no-cache",
        )
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            if item["Key"] not in wanted:
                s3.delete_object(Bucket=bucket, Key=item["Key"])
    return len(wanted)


def support(frontend: Path = FRONTEND) -> dict[str, str]:
    """Return the stack's parameters that the pages' `config.json` decides, so both agree."""
    config = json.loads((frontend / "config.json").read_text())
    names = {
        "SupportName": "support_name",
        "SupportEmail": "support_email",
        "MaxDays": "max_days",
    }
    return {name: str(config[key]) for name, key in names.items() if config.get(key)}
