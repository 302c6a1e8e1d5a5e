"""What the owner's and the agent's pages do, over plain HTTP: for tests of the real stack."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from chalicelib.onetime.envelope import Link, decode, encode


def token(size: int = 32) -> str:
    """Return random base64url, as the page makes its ids and tokens."""
    return encode(os.urandom(size))


@dataclass
class Page:
    """One owner with one site, talking to one deployment. It makes every secret itself."""

    api: str
    site_url: str
    user_login: str
    application_password: str = field(repr=False)
    days: int = 1
    passphrase: str | None = None
    owner_email: str = "owner@blog.example"
    grant_id: str = field(default_factory=lambda: token(16))
    owner_token: str = field(default_factory=token, repr=False)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    link_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def __post_init__(self) -> None:
        self.link = Link.derive(self.link_key, self.passphrase)
        self.http = requests.Session()

    def call(
        self, method: str, path: str, body: object = None, bearer: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Make one call; return the status and the JSON, empty when there is none."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        answer = self.http.request(
            method, f"{self.api}/api{path}", json=body, headers=headers, timeout=60
        )
        return answer.status_code, answer.json() if answer.content else {}

    @property
    def user(self) -> dict[str, object]:
        """The body of ``POST /api/users``."""
        return {
            "grant_id": self.grant_id,
            "site_url": self.site_url,
            "user_login": self.user_login,
            "application_password": self.application_password,
            "password": self.password,
            "days": self.days,
            "owner_token": self.owner_token,
            "support_token": self.link.support,
            "owner_email": self.owner_email,
        }

    @property
    def one_time_link(self) -> str:
        return f"{self.api}/open#{encode(self.link_key)}"

    def create_user(self, patience: float = 120) -> tuple[int, dict[str, Any]]:
        """Create the access, asking again while it is being prepared, as the page does."""
        until = time.monotonic() + patience
        while True:
            status, body = self.call("POST", "/users", self.user)
            if status != 202 or time.monotonic() > until:
                return status, body
            time.sleep(0.5)

    def create_secret(self, made: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Seal what support needs, and store it."""
        plain = {
            "site": made["site"]["url"],
            "name": made["site"]["name"],
            "login_url": made["login_url"],
            "username": made["username"],
            "password": self.password,
            "expires_at": made["expires_at"],
        }
        return self.call(
            "POST",
            "/secrets",
            {
                "id": self.link.id,
                "ciphertext": encode(self.link.seal(json.dumps(plain), os.urandom(12))),
                "access_sha256": self.link.access_sha256,
                "passphrase": self.passphrase is not None,
                "lifetime_seconds": self.days * 86_400,
                "grant_id": self.grant_id,
                "owner_token": self.owner_token,
            },
        )

    def send_ticket(self, **changes: object) -> tuple[int, dict[str, Any]]:
        """Send the ticket with the one-time link."""
        return self.call(
            "POST",
            "/tickets",
            {
                "name": "Olivia Owner",
                "email": self.owner_email,
                "site_url": self.site_url,
                "subject": "Help",
                "message": "It is broken.",
                "link": self.one_time_link,
                "grant_id": self.grant_id,
                "owner_token": self.owner_token,
                **changes,
            },
        )

    def open(self, claim: str | None = None) -> tuple[int, dict[str, Any]]:
        """Open the link as the agent; on success return what was sealed."""
        opening = {"access": self.link.access, "claim": claim or token()}
        status, body = self.call("POST", f"/secrets/{self.link.id}/open", opening)
        if status == 200:
            return status, json.loads(self.link.open(decode(body["ciphertext"])))
        return status, body

    def grant(self, bearer: str | None = None) -> dict[str, Any]:
        """Return the grant as its owner sees it."""
        return self.call("GET", f"/grants/{self.grant_id}", bearer=bearer or self.owner_token)[1]

    def end(self, bearer: str | None = None) -> tuple[int, dict[str, Any]]:
        """Press "end access now"."""
        path = f"/grants/{self.grant_id}/end"
        return self.call("POST", path, {}, bearer=bearer or self.owner_token)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header that signs a REST call in; UTF-8, as WordPress reads it."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
