"""
Everything that is measured, in one run; writes it into docs/performance.md. `make bench` runs this.

    python -m tests.bench [PART …]     cold, warm, flow, calls, endings, pages; by default all
    python -m tests.bench queue        300 endings through the emulated queues, in six minutes

Numbers depend on the machine and on what else it does, so no test asserts on them; what is counted
(calls, requests, bytes, modules that are loaded) has tests. Without parts it writes the document.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra import package
from tests.bench import calls, cold_start, endings, flow, pages, queue, warm

DOCUMENT = package.ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- What follows is written by `make bench`. -->", "<!-- It ends here. -->"
PARTS: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "cold": ("Cold start", lambda: cold_start.table(cold_start.measure())),
    "warm": ("Warm request", lambda: warm.table(warm.measure())),
    "flow": ("One access", lambda: flow.table(flow.measure())),
    "calls": ("AWS calls of one access", lambda: calls.table(calls.measure())),
    "endings": ("Endings in a minute", lambda: endings.table(endings.measure())),
    "pages": ("Pages on a slow phone", lambda: pages.table(pages.measure())),
}
# Measured only when it is named: it takes as long as all of the others.
BY_NAME: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "queue": ("Endings through the queues", lambda: queue.table(queue.measure())),
}


def main() -> None:
    """Measure the parts that are named, or all and write the document."""
    chosen = sys.argv[1:] or list(PARTS)
    known = PARTS | BY_NAME
    if unknown := [part for part in chosen if part not in known]:
        sys.exit(f"There is no part {', '.join(unknown)}. Name some of: {', '.join(known)}.")
    load = os.getloadavg()[0]
    if load > 1:
        print(f"Other programs are at work (load {load:.1f}): the numbers will be too large.")
    begun = time.monotonic()
    built = package.build()
    lines = [f"Measured on {_machine()}, on {_moment()}, of commit {_commit()}, load {load:.1f}."]
    lines += ["", f"The zip weighs {built.archive.stat().st_size / 1e6:.1f} MB."]
    print("\n".join(lines))
    for part in chosen:
        title, measure = known[part]
        section = ["", f"### {title}", "", *measure()]
        print("\n".join(section), flush=True)
        lines += section
    print(f"\n{time.monotonic() - begun:.0f} s")
    if chosen == list(PARTS):
        _write(lines)


def _write(lines: list[str]) -> None:
    text = DOCUMENT.read_text()
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    block = "\n".join([BEGIN, "", *lines, "", END])
    DOCUMENT.write_text(pattern.sub(lambda _: block, text))
    print(f"Written to {DOCUMENT.relative_to(package.ROOT)}")


def _machine() -> str:
    names = re.findall(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = names[0].strip() if names else platform.machine()
    return (
        f"{os.cpu_count()} cores of {processor}, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}"
    )


def _moment() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever there is
        cwd=package.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
