"""
What One Time Secret's API answers: receipts with upstream's fields and types, JSON, and the log.

The fields stand in upstream's order, those of 0.23 before those that 0.24 added.
"""

from __future__ import annotations

import hashlib
import json
import logging

from chalice.app import Response

from chalicelib.onetime.accounts import SignedIn
from chalicelib.onetime.shared import Shared
from chalicelib.web.endpoint import HEADERS

# Each new name of a field stands beside the old one whose value it has.
NEW_NAMES = {
    "identifier": "metadata_key",
    "secret_identifier": "secret_key",
    "has_passphrase": "passphrase_required",
    "recipients": "recipient",
    "receipt_ttl": "metadata_ttl",
    "receipt_url": "metadata_url",
    "secret_value": "value",
}
Json = dict[str, object]
log = logging.getLogger("hallpass")


def receipt(
    made: Shared, by: SignedIn | None, origin: str, now: int, *, value: str | None = None
) -> Json:
    """Return a receipt; `custid` is the caller's, links begin with *origin*."""
    stored, is_new, is_read = made.receipt, made.state == "new", made.state == "received"
    shown: Json = {
        "custid": by.name if by is not None else "anon",
        "metadata_key": made.metadata_key,
        "secret_key": made.secret_key,
        "ttl": stored.lifetime,
        "metadata_ttl": max(stored.created_at + 2 * stored.lifetime - now, 0),
        "secret_ttl": stored.expires_at - now if is_new else None,
        "metadata_url": f"{origin}/private/{made.metadata_key}",
        "state": made.state,
        "updated": made.since,
        "created": stored.created_at,
        "received": made.since,
        "recipient": [],
        "share_domain": "",
        "value": value,
        "passphrase_required": stored.passphrase,
    }
    left_out = {"secret_key", "secret_ttl"} if is_read else {"received"}
    left_out |= set() if is_new else {"passphrase_required"}
    left_out |= set() if value is not None else {"value"}
    shown = {name: shown[name] for name in shown if name not in left_out}
    return {**shown, **{new: shown[old] for new, old in NEW_NAMES.items() if old in shown}}


def listed(made: Shared, by: SignedIn, origin: str, now: int) -> Json:
    """Return a receipt as the list of an account has it: without a key that opens."""
    shown = receipt(made, by, origin, now)
    for name in ("secret_key", "secret_identifier", "passphrase_required", "has_passphrase"):
        shown.pop(name, None)
    return {**shown, "secret_ttl": None} if "secret_ttl" in shown else shown


def as_json(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return *body* as an answer that no cache may store."""
    # Without the charset, Windows PowerShell 5 reads JSON as ISO-8859-1.
    kind = {"Content-Type": "application/json; charset=utf-8"}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status_code=status, headers={**HEADERS, **kind, **(headers or {})})


def meant(status: int) -> dict[str, str]:
    """Return the header with the status that upstream means by a 404."""
    return {"X-OTS-Intended-Status": str(status)}


def log_event(event: str, secret_id: str, size: int, passphrase: bool, by: SignedIn | None) -> None:  # noqa: FBT001
    """Log what an operator counts; *size* in bytes is rounded up to a step of 1,000."""
    extra = {
        "secret": hashlib.sha256(secret_id.encode()).hexdigest()[:8],
        "size_step": -(-size // 1000),
        "passphrase": passphrase,
        "signed_in": by is not None,
    }
    log.info("ots_%s", event, extra=extra)
