"""Limits on the deployed stack: for each visitor and each site, whatever a visitor writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from chalicelib.rate_limits.bounds import BY_NETWORK, KEYS_BY_SITE
from infra.local.stack import Stack
from infra.local.wordpress import WordPress
from tests.page import token

# The counters begin anew with each window; a run that begins at the end of one sees two.
WINDOWS = 2
SPOOFED = [
    {"X-Forwarded-For": "198.51.100.7"},
    {"X-Forwarded-For": "198.51.100.7, 198.51.100.8"},
    {"Forwarded": "for=198.51.100.7", "X-Real-IP": "198.51.100.7"},
    {"x-hallpass-viewer": "198.51.100.7"},
    {"X-Hallpass-Viewer": "198.51.100.7", "X-Hallpass-Edge": "guess"},
]


class From(HTTPAdapter):
    """Calls from another address of loopback, as another visitor."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002  The signature of requests.
        **more: Any,  # noqa: ANN401
    ) -> None:
        more["source_address"] = (self._address, 0)
        super().init_poolmanager(connections, maxsize, block, **more)


@pytest.fixture(scope="module")
def limited(wordpress: WordPress) -> Iterator[Stack]:
    with Stack(allowed_sites=(wordpress.url,), parameters={"RateLimits": "0.1"}) as stack:
        yield stack


def visitor(address: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", From(address))
    return session


def ask(
    session: requests.Session, base: str, headers: dict[str, str] | None = None
) -> requests.Response:
    """Ask for something that is counted, and then found to be nothing."""
    body = {"access": token(), "claim": token()}
    return session.post(
        f"{base}/api/secrets/{token(16)}/open", json=body, headers=headers, timeout=60
    )


def use_up(session: requests.Session, base: str) -> requests.Response:
    """Ask until it is too much; return that answer."""
    most = int(BY_NETWORK["open"].hits * 0.1) * WINDOWS + 1
    for _ in range(most):
        answer = ask(session, base)
        if answer.status_code == 429:
            return answer
        assert answer.status_code == 404
    raise AssertionError("never limited")


def test_one_too_many_is_429_with_the_time_to_wait(limited: Stack) -> None:
    said = use_up(visitor("127.0.0.11"), limited.app_url).json()

    assert said["code"] == "too_many_requests"
    assert 0 < said["retry_after"] <= BY_NETWORK["open"].seconds


def test_headers_that_a_visitor_writes_do_not_help(limited: Stack) -> None:
    session = visitor("127.0.0.12")
    use_up(session, limited.app_url)

    for headers in SPOOFED:
        assert ask(session, limited.app_url, headers).status_code == 429, headers


def test_another_visitor_is_not_held_up(limited: Stack) -> None:
    use_up(visitor("127.0.0.13"), limited.app_url)

    assert ask(visitor("127.0.0.14"), limited.app_url).status_code == 404


def test_a_direct_call_of_the_gateway_cannot_claim_another_address(limited: Stack) -> None:
    gateway = f"{limited.aws['endpoint_url']}/_aws/execute-api/{limited.outputs['RestAPIId']}"
    session = visitor("127.0.0.15")
    use_up(session, gateway)

    for headers in SPOOFED[3:]:
        assert ask(session, gateway, headers).status_code == 429, headers
    assert ask(visitor("127.0.0.16"), limited.app_url).status_code == 404


def test_a_stolen_password_can_be_tried_only_so_often_on_one_site(
    limited: Stack, wordpress: WordPress
) -> None:
    statuses = []
    for number in range(int(KEYS_BY_SITE.hits * 0.1) * WINDOWS + 1):
        body = {
            "grant_id": token(16),
            # Spelled in another way each time, and from another address each time.
            "site_url": f"{wordpress.url.replace('http', 'HTTP')}/wp-admin/{number}",
            "user_login": "admin",
            "application_password": token(),
            "password": token(),
            "days": 1,
            "owner_token": token(),
            "support_token": token(),
        }
        session = visitor(f"127.0.1.{number + 1}")
        answer = session.post(f"{limited.app_url}/api/users", json=body, timeout=60)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            break

    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {401}, "those that failed were counted"
