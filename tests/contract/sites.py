"""Blogs that a contract runs on, one in memory and real ones, with the same methods for tests."""

from __future__ import annotations

import base64
import secrets
from typing import Any, Protocol

import requests

from chalicelib.grants.site import Credentials, WordPress
from chalicelib.outbound.client import Outbound
from chalicelib.wordpress.client import RestWordPress
from infra.local.wordpress import WordPress as LocalWordPress
from tests.fakes.wordpress import FakeSite, FakeWordPress

AGENT = "Hallpass/0.0 (+https://help.example)"


class Blog(Protocol):
    """A site with an administrator ``admin``, and the port to it."""

    url: str

    @property
    def port(self) -> WordPress: ...

    def consent(self, username: str = "admin") -> Credentials:
        """Give *username* a new application password."""

    def add_user(self, role: str = "administrator") -> tuple[int, str]:
        """Create a user with *role*; return its id and name."""

    def change_email(self, username: str, email: str) -> None:
        """Give *username* another e-mail address."""

    def write(self, username: str) -> str:
        """Create content by *username*; return its title."""

    def author(self, title: str) -> int:
        """Return the user id of the author of *title*."""

    def empower(self, username: str, capability: str) -> None:
        """Give *username* a right that its roles do not have."""


class FakeBlog:
    """A site in memory."""

    def __init__(self) -> None:
        self.url = "https://blog.example"
        self.port = FakeWordPress()
        self.site: FakeSite = self.port.add_site(self.url)

    def consent(self, username: str = "admin") -> Credentials:
        return Credentials(username, self.site.consent(username))

    def add_user(self, role: str = "administrator") -> tuple[int, str]:
        user = self.site.add_user(new_name(), role)
        return user.id, user.username

    def change_email(self, username: str, email: str) -> None:
        user = self.site.user(username)
        if user is not None:
            user.email = email

    def write(self, username: str) -> str:
        title = new_name()
        self.site.write(username, title)
        return title

    def author(self, title: str) -> int:
        return self.site.content[title]

    def empower(self, username: str, capability: str) -> None:
        user = self.site.user(username)
        if user is not None:
            user.extra_rights.add(capability)


class RealBlog:
    """
    A real WordPress. Tests prepare and inspect it over REST with the administrator's own key.

    Args:
        site: The running site.
        seconds: What each call of the port has left.
        authorities: File of certificate authorities that the port trusts.
    """

    def __init__(
        self, site: LocalWordPress, *, seconds: float = 20, authorities: str | None = None
    ) -> None:
        self.site, self.url, self._authorities = site, site.url, authorities
        self.outbound = Outbound(
            AGENT,
            seconds_left=lambda: seconds,
            allowed_sites=[origin(site.url)],
            authorities=authorities,
        )
        self.port = RestWordPress(self.outbound)

    def consent(self, username: str = "admin") -> Credentials:
        route = f"users/{self._id(username)}/application-passwords"
        created = self.request("POST", route, {"name": new_name()})
        return Credentials(username, created["password"])

    def add_user(self, role: str = "administrator") -> tuple[int, str]:
        name = new_name()
        email = f"{name}@example.test"
        user = {"username": name, "email": email, "password": new_name(), "roles": [role]}
        return self.request("POST", "users", user)["id"], name

    def change_email(self, username: str, email: str) -> None:
        self.request("POST", f"users/{self._id(username)}", {"email": email})

    def write(self, username: str) -> str:
        title = new_name()
        self.request("POST", "posts", {"title": title, "author": self._id(username)})
        return title

    def author(self, title: str) -> int:
        found = self.request("GET", f"posts?search={title}&status=draft")
        return int(found[0]["author"])

    def empower(self, username: str, capability: str) -> None:
        # As a plugin of rights does, which may be deleted afterwards.
        self.site.mu(
            f"<?php add_action( 'init', fn() => get_user_by( 'login', '{username}' )"
            f"->add_cap( '{capability}' ) );"
        )
        self.request("GET", "users/me")
        self.site.mu("<?php")

    def request(self, method: str, route: str, body: object = None) -> Any:  # noqa: ANN401  JSON.
        """Call a route below wp/v2 as the administrator, on any permalinks; return the JSON."""
        path, _, query = route.partition("?")
        pair = base64.b64encode(":".join(self.site.auth).encode()).decode()
        response = requests.request(
            method,
            f"{self.url}/index.php?rest_route=/wp/v2/{path}&{query}",
            headers={"Authorization": f"Basic {pair}"},
            json=body,
            timeout=30,
            verify=self._authorities or True,
        )
        response.raise_for_status()
        return response.json()

    def _id(self, username: str) -> int:
        found = self.request("GET", f"users?search={username}&context=edit&_fields=id,username")
        return next(int(user["id"]) for user in found if user["username"] == username)


def new_name() -> str:
    """Return a name that fits every WordPress and that no other test uses."""
    return f"hp{secrets.token_hex(8)}"


def origin(url: str) -> str:
    """Return scheme, host and port of *url*."""
    return "/".join(url.split("/")[:3])
