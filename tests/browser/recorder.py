"""What a browser sends and complains about."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote_plus

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request, WebError

VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    console.error(`CSP ${violatedDirective} ${blockedURI} ${sample}`))
"""


class Recorder:
    """
    Listens to every page of *context*.

    `complaints` holds console errors and warnings, uncaught errors and violations of the content
    security policy on pages of *app_url*. That the browser notes a failed API call is no complaint:
    the page deals with it.
    """

    def __init__(self, context: BrowserContext, app_url: str, wire_log: Path) -> None:
        self.app_url = app_url
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        self.addresses: list[str] = []
        self._wire_log = wire_log
        self._listening = True
        context.add_init_script(VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("page", self._follow)
        context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108  Playwright marks its handlers.

    def stop(self) -> None:
        """Listen no longer; what happens while pages are closed is no error of a page."""
        self._listening = False

    def brought_back(self, name: str) -> str:
        """Return a value that WordPress brought in the fragment of the address that it called."""
        fragments = [address.partition("#")[2] for address in self.addresses]
        found = [parse_qs(each.replace("?", "&")) for each in fragments if "site_url=" in each]
        return found[-1][name][0]

    def assert_never_sent(self, secret: str, *, but_in_bodies_of: tuple[str, ...] = ()) -> None:
        """
        Check that *secret* is in no address, no header, and no body but those.

        An address is compared without its fragment, which is not sent; what reached the server is
        checked once more in the server's own log.
        """
        assert secret
        for request in self.requests:
            address, _, _ = request.url.partition("#")
            assert secret not in unquote_plus(address), "in an address"
            headers = {**request.headers, **_all_headers(request)}
            assert secret not in unquote_plus("\n".join(headers.values())), "in a header"
            path = address.removeprefix(self.app_url)
            if not any(path.endswith(allowed) for allowed in but_in_bodies_of):
                assert secret not in unquote_plus(request.post_data or ""), f"in a body to {path}"
        assert secret not in unquote_plus(self._wire_log.read_text()), "in the server's log"

    def _console(self, message: ConsoleMessage) -> None:
        page = message.page
        ours = page is not None and page.url.startswith(self.app_url)
        answered = "/api/" in message.location["url"] and "Failed to load" in message.text
        if self._listening and ours and message.type in ("error", "warning") and not answered:
            self.complaints.append(f"{message.type}: {message.text}")

    def _follow(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self.addresses.append(frame.url))

    def _error(self, error: WebError) -> None:
        page = error.page
        if self._listening and page is not None and page.url.startswith(self.app_url):
            self.complaints.append(f"uncaught: {error.error}")


def _all_headers(request: Request) -> dict[str, str]:
    """Return the headers as they went out; those of a request that was cut off are not known."""
    try:
        return request.all_headers()
    except Error:
        return {}
