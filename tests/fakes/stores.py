"""In-memory stores that keep the same promises as the DynamoDB tables, proven by one contract."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chalicelib.grants.due_order import (
    Due,
    Queue,
    address_of,
    held_since,
    host_of,
    is_hold_over_first,
    queue_of,
)
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Revision
from chalicelib.notifications.announcements import GrantWrite
from chalicelib.onetime.accounts import Account, Listed
from chalicelib.onetime.model import (
    CLAIM_SECONDS,
    LOCK_SECONDS,
    MAX_PASSPHRASE_TRIES,
    Revocation,
    Secret,
)
from chalicelib.onetime.receipts import Outcome, Receipt, Receipts


class MemoryGrants:
    """A `grants.store.GrantStore` in a dict."""

    def __init__(self) -> None:
        self.items: dict[str, Grant] = {}
        self.stream: list[GrantWrite] = []  # Every write, as the table's stream has it.
        self._lock = threading.Lock()

    def add(self, grant: Grant) -> bool:
        with self._lock:
            if self.items.setdefault(grant.id, grant) is not grant:
                return False
            self.stream.append(GrantWrite(None, grant))
            return True

    def get(self, grant_id: str) -> Grant | None:
        return self.items.get(grant_id)

    def latest(self, _: str) -> Grant | None:
        return None

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        with self._lock:
            known = self.items.get(before.id)
            if known is None or known.revision != before.revision:
                return None
            revision = Revision(before.revision.number + 1, secrets.token_hex(8))
            self.items[after.id] = replace(after, revision=revision)
            self.stream.append(GrantWrite(known, self.items[after.id]))
            return self.items[after.id]

    def delete(self, grant: Grant) -> bool:
        with self._lock:
            known = self.items.get(grant.id)
            if known is None or known.revision != grant.revision:
                return False
            del self.items[grant.id]
            self.stream.append(GrantWrite(known, None))
            return True


class MemoryDueIndex:
    """A `grants.due_order.DueIndex` over grants in a dict."""

    MAX_PAGE_ITEMS = 100

    def __init__(self, grants: MemoryGrants) -> None:
        self._grants = grants

    def due(self, now: int, *, queue: Queue) -> Iterator[list[Due]]:
        found = [
            due
            for grant in self._grants.items.values()
            if queue_of(grant) == queue and (due := _due(grant, now)) is not None
        ]
        found.sort(key=lambda due: due.due_at)
        for begin in range(0, len(found), self.MAX_PAGE_ITEMS):
            yield found[begin : begin + self.MAX_PAGE_ITEMS]

    def hand_out(self, due: Sequence[Due], *, until: int) -> None:
        for each in due:
            grant = self._grants.items.get(each.grant_id)
            if grant is not None and grant.schedule.due_at == each.due_at:
                handed_out = replace(grant, schedule=grant.schedule.handed_out(until))
                self._grants.items[grant.id] = handed_out

    def waiting_since(self) -> int | None:
        waiting = [g for g in self._grants.items.values() if g.alarming_since is None]
        since = [g.schedule.waiting_since for g in waiting]
        return min((at for at in since if at is not None), default=None)

    def overdue_since(self) -> int | None:
        since = [g.alarming_since for g in self._grants.items.values()]
        return min((at for at in since if at is not None), default=None)


def _due(grant: Grant, now: int) -> Due | None:
    schedule = grant.schedule
    if schedule.due_at is None or schedule.due_at > now:
        return None
    return Due(
        grant.id,
        schedule.due_at,
        queue_of(grant),
        host_of(address_of(grant)),
        is_hold_over_first(held_since(grant), schedule.due_since),
        schedule.lease_until > now,
    )


class MemorySecrets:
    """An `onetime.model.SecretStore` in a dict."""

    def __init__(self) -> None:
        self.items: dict[str, Secret] = {}
        self._lock = threading.Lock()

    def add(self, secret: Secret) -> bool:
        with self._lock:
            return self.items.setdefault(secret.id, secret) is secret

    def get(self, secret_id: str) -> Secret | None:
        return self.items.get(secret_id)

    def spend_try(self, secret_id: str, *, now: int) -> Secret | None:
        with self._lock:
            secret = self._unread(secret_id, now)
            if secret is None:
                return None
            if secret.tries_left > 0:
                left = secret.tries_left - 1
            elif secret.last_try_at <= now - LOCK_SECONDS:
                left = MAX_PASSPHRASE_TRIES - 1
            else:
                return None
            return self._put(replace(secret, tries_left=left, last_try_at=now))

    def open(
        self, secret_id: str, access_sha256: str, claim_sha256: str, *, now: int
    ) -> Secret | None:
        with self._lock:
            secret = self._unread(secret_id, now)
            if secret is None or secret.access_sha256 != access_sha256:
                return None
            opened = replace(secret, opened_at=now, claim_sha256=claim_sha256)
            return self._put(replace(opened, purge_at=now + CLAIM_SECONDS))

    def take(self, secret_id: str, access_sha256: str, *, now: int, purge_at: int) -> Secret | None:
        with self._lock:
            secret = self._unread(secret_id, now)
            if secret is None or secret.access_sha256 != access_sha256:
                return None
            opened = replace(secret, ciphertext=None, opened_at=now)
            return self._put(replace(opened, purge_at=purge_at))

    def acknowledge(self, secret_id: str, claim_sha256: str, *, purge_at: int) -> Secret | None:
        with self._lock:
            secret = self.items.get(secret_id)
            if secret is None or secret.opened_at is None or secret.claim_sha256 != claim_sha256:
                return None
            return self._put(replace(secret, ciphertext=None, purge_at=purge_at))

    def revoke(
        self, secret_id: str, grant_id: str, reason: Revocation, *, now: int, purge_at: int
    ) -> None:
        with self._lock:
            secret = self._waiting(secret_id)
            if secret is not None and secret.grant_id == grant_id:
                trace = replace(secret, ciphertext=None, revoked_for=reason, revoked_at=now)
                self._put(replace(trace, purge_at=purge_at))

    def extend(self, secret_id: str, grant_id: str, *, old_end: int, new_end: int) -> None:
        with self._lock:
            secret = self._waiting(secret_id)
            if secret is not None and (secret.grant_id, secret.expires_at) == (grant_id, old_end):
                self._put(replace(secret, expires_at=new_end, purge_at=new_end))

    def _waiting(self, secret_id: str) -> Secret | None:
        secret = self.items.get(secret_id)
        if secret is None or secret.ciphertext is None or secret.opened_at is not None:
            return None
        return secret

    def _unread(self, secret_id: str, now: int) -> Secret | None:
        secret = self._waiting(secret_id)
        return secret if secret is not None and secret.expires_at > now else None

    def _put(self, secret: Secret) -> Secret:
        self.items[secret.id] = secret
        return secret


class MemoryTicketLog:
    """A `notifications.tickets.TicketLog` in two dicts."""

    def __init__(self) -> None:
        self._mailed: dict[str, set[str]] = {}
        self._lease: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, ticket_id: str, *, now: int) -> frozenset[str] | None:
        with self._lock:
            if self._lease.get(ticket_id, 0) > now:
                return None
            self._lease[ticket_id] = now + 60
            return frozenset(self._mailed.get(ticket_id, set()))

    def record(self, ticket_id: str, reader: str) -> None:
        self._mailed.setdefault(ticket_id, set()).add(reader)

    def finish(self, ticket_id: str, reader: str) -> None:
        self.record(ticket_id, reader)
        self.release(ticket_id)

    def release(self, ticket_id: str) -> None:
        self._lease[ticket_id] = 0


class MemoryHits:
    """A `rate_limits.HitCounter` in a dict."""

    def __init__(self) -> None:
        self._hits: dict[str, int] = {}
        self._lock = threading.Lock()

    def hit(self, key: str, *, purge_at: int, by: int = 1) -> int:
        del purge_at
        with self._lock:
            self._hits[key] = self._hits.get(key, 0) + by
            return self._hits[key]

    def hit_parts(
        self, key: str, parts: Sequence[str], *, purge_at: int, by: int = 1, own: bool = True
    ) -> tuple[int, ...]:
        keys = [key] if own else []
        keys += [f"{key} of {part}" for part in parts]
        return tuple(self.hit(each, purge_at=purge_at, by=by) for each in keys)


class MemoryReceipts:
    """An `onetime.receipts.ReceiptStore` in a dict."""

    def __init__(self) -> None:
        self.items: dict[str, Receipt] = {}
        self._lock = threading.Lock()

    def add(self, receipt: Receipt) -> bool:
        with self._lock:
            return self.items.setdefault(receipt.secret_id, receipt) is receipt

    def get(self, secret_id: str) -> Receipt | None:
        return self.items.get(secret_id)

    def get_all(self, secret_ids: list[str]) -> dict[str, Receipt]:
        return {name: self.items[name] for name in secret_ids if name in self.items}

    def record(self, secret_id: str, outcome: Outcome, at: int) -> Receipt | None:
        with self._lock:
            receipt = self.items.get(secret_id)
            if receipt is None or receipt.outcome:
                return None
            self.items[secret_id] = replace(receipt, outcome=outcome, outcome_at=at)
            return self.items[secret_id]


class MemoryAccounts:
    """An `onetime.accounts.AccountStore` in two dicts."""

    def __init__(self) -> None:
        self.items: dict[str, Account] = {}
        self.lists: dict[str, list[Listed]] = {}

    def add(self, account: Account) -> bool:
        return self.items.setdefault(account.name, account) is account

    def get(self, name: str) -> Account | None:
        return self.items.get(name)

    def delete(self, name: str) -> bool:
        return self.items.pop(name, None) is not None

    def all(self) -> list[Account]:
        return sorted(self.items.values(), key=lambda account: account.name)

    def list_receipt(self, name: str, listed: Listed) -> None:
        self.lists.setdefault(name, []).append(listed)

    def recent(self, name: str, limit: int) -> list[Listed]:
        lines = sorted(self.lists.get(name, []), key=lambda line: line.created_at)
        return lines[-limit:]


class NoMail:
    """An `onetime.receipts.OpeningMail` for receipts that ask for none."""

    def send(self, receipt: Receipt) -> None:
        raise AssertionError(receipt.secret_id)


def no_receipts() -> Receipts:
    """Return receipts in a dict, without mails."""
    return Receipts(MemoryReceipts(), NoMail())
