"""
A smoke test of a deployed origin: its pages, their headers, its version, and one secret.

The secret is made and opened once, as pages do it; nothing else is stored, and no mail is sent.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator

import requests

from chalicelib import __version__
from chalicelib.onetime import envelope

MAX_WAIT_SECONDS = 300.0  # A new distribution's name and certificate reach every resolver late.
POLL_SECONDS = 5.0
PAGES = {
    "": "script-src 'self'",
    "open": "form-action 'self' https:",
    "receipt": "img-src 'self'",
    "team": "img-src 'self'",
}


class SmokeTestError(Exception):
    """What was deployed does not work; the message says what was seen instead."""


def try_out(origin: str, patience: float = MAX_WAIT_SECONDS) -> Iterator[str]:
    """
    Try what stands at *origin*; yield one sentence for each thing that works.

    Raises:
        SmokeTestError: Something does not, also after *patience* seconds.
    """
    origin = origin.rstrip("/")
    give_up_at = time.monotonic() + patience
    with requests.Session() as session:
        for check in (_version, _pages, _secret):
            yield _until(give_up_at, lambda check=check: check(session, origin))  # type: ignore[misc]


def _until(give_up_at: float, check: Callable[[], str]) -> str:
    while True:
        try:
            return check()
        except (requests.RequestException, SmokeTestError) as error:
            if time.monotonic() > give_up_at:
                raise SmokeTestError(
                    f"The stack stands, but what it serves does not work: {error}"
                ) from error
        time.sleep(POLL_SECONDS)


def _version(session: requests.Session, origin: str) -> str:
    answer = session.get(f"{origin}/api/health", timeout=30)
    _expect(answer, 200)
    version = answer.json().get("version")
    if version != __version__:
        raise SmokeTestError(f"The API says version {version}, and {__version__} was deployed.")
    return f"The API answers with version {version}."


def _pages(session: requests.Session, origin: str) -> str:
    for page, directive in PAGES.items():
        answer = session.get(f"{origin}/{page}", timeout=30)
        _expect(answer, 200)
        policy = answer.headers.get("Content-Security-Policy", "")
        if "default-src 'none'" not in policy or directive not in policy:
            raise SmokeTestError(f"/{page} came with the content security policy “{policy}”.")
        if "Strict-Transport-Security" not in answer.headers:
            raise SmokeTestError(f"/{page} came without Strict-Transport-Security.")
    return f"{len(PAGES)} pages come with their security headers."


def _secret(session: requests.Session, origin: str) -> str:
    link = envelope.Link.derive(secrets.token_bytes(envelope.KEY_BYTES))
    ciphertext = link.seal('{"smoke":"test"}', secrets.token_bytes(envelope.IV_BYTES))
    made = session.post(
        f"{origin}/api/secrets",
        json={
            "id": link.id,
            "ciphertext": envelope.encode(ciphertext),
            "access_sha256": link.access_sha256,
            "passphrase": False,
            "lifetime_seconds": 3600,
        },
        timeout=30,
    )
    _expect(made, 201)
    proof = {"access": link.access, "claim": envelope.encode(secrets.token_bytes(16))}
    opened = session.post(f"{origin}/api/secrets/{link.id}/open", json=proof, timeout=30)
    _expect(opened, 200)
    if envelope.decode(opened.json()["ciphertext"]) != ciphertext:
        raise SmokeTestError("The secret came back changed.")
    claim = {"claim": proof["claim"]}
    _expect(session.post(f"{origin}/api/secrets/{link.id}/ack", json=claim, timeout=30), 204)
    again = session.post(f"{origin}/api/secrets/{link.id}/open", json=proof, timeout=30)
    if again.ok:
        raise SmokeTestError("A secret could be opened twice.")
    return "A one-time secret opened once, and not twice."


def _expect(answer: requests.Response, status: int) -> None:
    if answer.status_code != status:
        path = answer.url.rpartition("/api")[2] or "/"
        said = json.dumps(answer.text[:200])
        raise SmokeTestError(f"{path} answered {answer.status_code} instead of {status}: {said}")
