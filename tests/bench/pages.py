"""
Every page on a slow phone: what it weighs, when it is there, and how it answers a finger.

    python -m tests.bench.pages

Chromium with an empty cache, a line of 1.6 Mbit/s with 150 ms of round trip and a processor four
times slower, the settings that Lighthouse has for a phone. LCP is when the largest part is painted,
blocking time what tasks over 50 ms take beyond that, INP the slowest answer to a key or a click.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.tools.lighthouse import pages

RUNS = 3
PHONE: ViewportSize = {"width": 412, "height": 823}
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}
CPU = {"rate": 4}
SHORTEST_MILLISECONDS = 16  # Of an event that the browser reports.
OBSERVE = """
window.seen = {lcp: 0, blocking: 0, inp: 0};
const watch = (type, note, more = {}) => new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) note(entry);
}).observe({type, buffered: true, ...more});
watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
watch("longtask", (entry) => { seen.blocking += Math.max(0, entry.duration - 50); });
watch("event", (entry) => {
    if (entry.interactionId) seen.inp = Math.max(seen.inp, entry.duration);
}, {durationThreshold: 16});
"""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one page: bytes as sent, requests, and milliseconds."""

    name: str
    size: float
    requests: float
    lcp: float
    blocking: float
    inp: float


def measure(runs: int = RUNS) -> list[Row]:
    """Return a row for each page."""
    rows = []
    with (
        sync_playwright() as playwright,
        WordPress("7.1", title="Bella's Bakery") as wordpress,
        Stack(allowed_sites=(wordpress.url,)) as stack,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, address in pages(stack, wordpress):
            seen = [_look(browser, address) for _ in range(runs)]
            rows.append(Row(name, *(statistics.median(each) for each in zip(*seen, strict=True))))
        browser.close()
    return rows


def _look(browser: Browser, address: str) -> tuple[float, ...]:
    """Open *address* once as a slow phone would; return what `Row` holds after its name."""
    with browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        sizes: list[float] = []

        def loaded(event: Any) -> None:  # noqa: ANN401 - as DevTools has it
            sizes.append(event["encodedDataLength"])

        devtools.on("Network.loadingFinished", loaded)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", LINE)
        devtools.send("Emulation.setCPUThrottlingRate", CPU)
        page.add_init_script(OBSERVE)
        page.goto(address, wait_until="networkidle")
        size, requests = sum(sizes), len(sizes)
        loaded_at: dict[str, float] = page.evaluate("({...seen})")
        for _ in range(4):
            page.keyboard.press("Tab")
        for field in page.locator("textarea:visible, input[type=text]:visible").all()[:1]:
            field.press_sequentially("Help")
        page.mouse.click(5, 5)
        page.wait_for_timeout(300)  # Events are reported after the next paint.
        inp = max(float(page.evaluate("seen.inp")), SHORTEST_MILLISECONDS)
        return size, requests, loaded_at["lcp"], loaded_at["blocking"], inp


def table(rows: list[Row]) -> list[str]:
    """Return *rows* as a Markdown table."""
    return [
        "| page | KiB | requests | LCP | blocking time | INP |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {row.name} | {row.size / 1024:.1f} | {row.requests:.0f} | {row.lcp:.0f} ms"
            f" | {row.blocking:.0f} ms | {row.inp:.0f} ms |"
            for row in rows
        ),
    ]


if __name__ == "__main__":
    print("\n".join(table(measure())))
