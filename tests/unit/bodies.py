"""The bodies of good requests; a test changes the field that it is about."""

from __future__ import annotations

from chalicelib.onetime.envelope import Link, encode
from tests.fakes.world import GRANT, OWNER, OWNER_MAIL, URL, World

LINK = Link.derive(bytes(range(32)))


def user_body(world: World, **changes: object) -> dict[str, object]:
    return {
        "grant_id": GRANT,
        "site_url": URL,
        "user_login": "admin",
        "application_password": world.site.consent("admin"),
        "password": "correct horse battery",
        "days": 3,
        "owner_token": OWNER,
        "support_token": LINK.support,
        "owner_email": OWNER_MAIL,
        **changes,
    }


def manual_body(**changes: object) -> dict[str, object]:
    return {
        "grant_id": GRANT,
        "site_url": URL,
        "username": "helper",
        "days": 3,
        "owner_token": OWNER,
        "support_token": LINK.support,
        "owner_email": OWNER_MAIL,
        **changes,
    }


def secret_body(**changes: object) -> dict[str, object]:
    return {
        "id": LINK.id,
        "ciphertext": encode(LINK.seal("{}", bytes(12))),
        "access_sha256": LINK.access_sha256,
        "passphrase": False,
        "lifetime_seconds": 3600,
        **changes,
    }


def ticket_body(**changes: object) -> dict[str, object]:
    return {
        "name": "Olivia Owner",
        "email": "olivia@blog.example",
        "subject": "Help",
        "message": "It is broken.\nPlease look.",
        **changes,
    }
