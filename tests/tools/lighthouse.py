"""Measure every page with Lighthouse, as a phone on a slow line would see it.

    python -m tests.tools.lighthouse

Five runs of each page through the real front door; the table shows medians. It fails under the
targets: 100 in all four categories, largest paint within 1.2 s, nothing moves.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.page import Page
from tests.team_key import TeamKey

TOOLS = Path(__file__).resolve().parent
LIGHTHOUSE = TOOLS / "node_modules" / ".bin" / "lighthouse"
RUNS = 5  # Their median is twice as steady as one run (Lighthouse, "Score variability").
TRIES = 3  # Now and then a run does not see the page start ("NO_NAVSTART").
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
LCP, CLS = 1200.0, 0.0
HEAD = ("page", "perf", "a11y", "best", "seo", "LCP ms", "CLS", "KiB", "requests")


def pages(stack: Stack, wordpress: WordPress) -> Iterator[tuple[str, str]]:
    """Go through the pages, with a real access behind them."""
    yield "form", f"{stack.app_url}/"
    yield "share", f"{stack.app_url}/share"
    owner = Page(stack.app_url, wordpress.url, *wordpress.auth)
    _, made = owner.create_user()
    owner.create_secret(made)
    yield "receipt", f"{stack.app_url}/receipt#{owner.grant_id}.{owner.owner_token}"
    yield "link", owner.one_time_link
    owner.open()
    yield "opened link", owner.one_time_link
    yield "team's key", f"{stack.app_url}/team"
    yield "sealed link", f"{stack.app_url}/open#{TeamKey.make().seal(owner.link_key)}"


def measure(address: str) -> dict[str, float]:
    """Run Lighthouse once."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "report.json"
        command = [
            str(LIGHTHOUSE),
            address,
            "--quiet",
            "--no-enable-error-reporting",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
            "--output=json",
            f"--output-path={path}",
        ]
        for _ in range(TRIES):
            environment = {**os.environ, "CHROME_PATH": CHROMIUM}
            subprocess.run(command, env=environment, check=False, capture_output=True)
            report: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
            if report and "runtimeError" not in report:
                return _numbers(report)
    raise SystemExit(f"Lighthouse could not measure {address.partition('#')[0]}")


def _numbers(report: dict[str, Any]) -> dict[str, float]:
    audits = report["audits"]
    requests = audits["network-requests"]["details"]["items"]
    scores = {name: report["categories"][name]["score"] * 100 for name in CATEGORIES}
    for name in CATEGORIES:
        for reference in report["categories"][name]["auditRefs"]:
            audit = audits[reference["id"]]
            if reference["weight"] and audit["score"] not in (None, 1) and name != "performance":
                print(f"  {name}: {audit['title']}")
    return {
        **scores,
        "lcp": audits["largest-contentful-paint"]["numericValue"],
        "cls": audits["cumulative-layout-shift"]["numericValue"],
        "kib": sum(item.get("transferSize", 0) for item in requests) / 1024,
        "requests": len([item for item in requests if item["url"].startswith("http")]),
    }


def main() -> None:
    """Print the table; exit 1 when a median misses its target."""
    fine = True
    rows = []
    with (
        WordPress("7.1", title="Bella's Bakery") as wordpress,
        Stack(allowed_sites=(wordpress.url,)) as stack,
    ):
        for name, address in pages(stack, wordpress):
            runs = [measure(address) for _ in range(RUNS)]
            median = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            fine = fine and all(median[category] >= 100 for category in CATEGORIES)
            fine = fine and median["lcp"] <= LCP and round(median["cls"], 3) <= CLS
            scores = [f"{median[category]:.0f}" for category in CATEGORIES]
            rest = [f"{median['lcp']:.0f}", f"{median['cls']:.3f}", f"{median['kib']:.1f}"]
            rows.append((name, *scores, *rest, f"{median['requests']:.0f}"))
    for row in (HEAD, *rows):
        print("".join(cell.ljust(12) for cell in row))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
