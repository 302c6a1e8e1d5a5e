"""The two people of the story, and what they do on the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page, expect

from infra.local.wordpress import WordPress

SUBJECT = "The shop shows an error"
MESSAGE = f"{SUBJECT}\nWhen I press “Buy”, a white page comes. I expected the basket."
SENDER = {"name": "Bella Baker", "email": "bella@bakery.example"}


@dataclass
class Owner:
    """The owner of a WordPress site, at the support form and at the receipt."""

    page: Page
    wordpress: WordPress
    passphrase: str = field(default="", init=False)

    def describe(self) -> None:
        """Open the form, and say what is wrong and who asks."""
        self.page.goto("/")
        for name, value in {"message": MESSAGE, **SENDER}.items():
            self.page.fill(f"#{name}", value)
        self.page.click("#what button")
        expect(self.page.locator("#site")).to_be_visible()

    def let_in(self, address: str | None = None) -> None:
        """Have the site checked, and come to the choice of the time."""
        self.page.fill("#url", address or self.wordpress.url)
        self.page.click("#check")
        expect(self.page.locator("#time")).to_be_visible()

    def leave(self) -> None:
        """Press "Approve on my WordPress", and sign in there."""
        self.page.click("text=Approve on my WordPress >> visible=true")
        self.page.wait_for_url(re.compile(r"/wp-(login|admin)"))
        if self.page.locator("#user_pass").is_visible():
            # WordPress moves to the first field a moment after loading.
            expect(self.page.locator("#user_login")).to_be_focused()
            self.page.fill("#user_login", self.wordpress.user)
            self.page.fill("#user_pass", self.wordpress.password)
            self.page.click("#wp-submit")
        expect(self.page.locator("#approve")).to_be_visible()
        self.page.wait_for_load_state("networkidle")

    def approve(self) -> None:
        """Choose, go to WordPress, approve, and come back to the last step."""
        self.leave()
        self.page.click("#approve")
        expect(self.page.locator("#send h2")).to_be_focused()
        # The page goes on after three seconds; from now on the server holds the approval.
        expect(self.page.locator("#send-lead")).to_contain_text("on your site after 15 minutes")

    def protect(self) -> None:
        """Let the page make a passphrase."""
        self.page.check("#protect")
        expect(self.page.locator("#passphrase")).not_to_be_empty()
        self.passphrase = self.page.text_content("#passphrase") or ""

    def send(self) -> str:
        """Press "Send", wait for the receipt, and return the ticket's reference."""
        self.page.click("#send-now")
        if self.passphrase:
            expect(self.page.locator("#sent-words output")).to_have_text(self.passphrase)
            self.page.click("#to-receipt")
        self.page.wait_for_url("**/receipt")
        return self.reference("#sent")

    def reference(self, selector: str) -> str:
        """Return the reference that the page shows."""
        said = self.page.locator(selector)
        expect(said).to_contain_text("HP-")
        found = re.search(r"HP-\w+", said.text_content() or "")
        assert found is not None
        return found[0]

    def held(self) -> dict[str, str]:
        """Return what the receipt keeps in its history entry: grant and token."""
        state: dict[str, str] = self.page.evaluate("history.state")
        return state

    @property
    def state(self) -> Locator:
        """The receipt's headline."""
        return self.page.locator("#state")


@dataclass
class Agent:
    """A member of the support team, at the one-time page."""

    page: Page

    def go_to(self, link: str) -> None:
        """Follow a link, as from the ticket."""
        self.page.goto(link)

    def open(self, passphrase: str = "") -> None:
        """Press the button."""
        expect(self.page.locator("#waiting")).to_be_visible()
        if passphrase:
            self.page.fill("#passphrase", passphrase)
        self.page.click("#open")

    def value(self, name: str) -> str:
        """Return a value; only the password has to be shown first."""
        row = self.page.locator(f"#values div:has(#value-{name})")
        if name == "password":
            row.locator("button").first.click()
        return row.locator("output").text_content() or ""

    def end(self) -> None:
        """Press "end access now", and say yes."""
        self.page.click("#end-now")
        self.page.click("#confirm button[value=yes]")
        expect(self.page.locator("#ended h2")).to_have_text("The access has ended")

    @property
    def gone(self) -> Locator:
        """The headline that says why there is nothing to open."""
        return self.page.locator("#gone h2")
