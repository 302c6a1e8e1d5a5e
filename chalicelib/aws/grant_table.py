"""
Grants in DynamoDB, one item each, with two sparse indexes.

Every write is conditional on the version that was read. The indexes may be a moment behind the
table, which is why the story decides by the table. An item is flat: the parts of a grant are
attributes beside each other, since indexes and TTL read top-level attributes only. `state` repeats
what the API shows, for people who read the table. Items of earlier versions are read for as long
as a grant can live (`grant_upgrade`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.aws.dynamodb import Item, call_if, from_item, get_item, to_item
from chalicelib.aws.grant_upgrade import upgraded
from chalicelib.grants.due_order import Queue, queue_of
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Consent,
    Event,
    Links,
    Notice,
    OnSite,
    Revision,
    Schedule,
    Tokens,
    Visit,
)
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change
from chalicelib.values import asdict, replace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One partition carries about 1000 writes a second (an AWS limit), far more than one support team.
SHARD = "0"
# The index `due` has one partition for each queue; the first one is that of earlier versions.
DUE_SHARDS: dict[Queue, str] = {"first": SHARD, "retry": "retry"}


class GrantTable:
    """Stores grants in one table (`grants.store.GrantStore`)."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table
        self._latest: Grant | None = None

    def add(self, grant: Grant) -> bool:
        """Put *grant* unless its id is taken; False when it is."""
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=_grant_item(grant),
            ConditionExpression="attribute_not_exists(id)",
        )
        self._latest = None if written is None else grant
        return written is not None

    def get(self, grant_id: str) -> Grant | None:
        """Return the grant as it is stored, read consistently, or None."""
        return _grant(get_item(self._client, self._table, grant_id))

    def latest(self, grant_id: str) -> Grant | None:
        """Return the grant of that id if it is the one that this process wrote last."""
        latest = self._latest
        return latest if latest is not None and latest.id == grant_id else None

    def replace(self, before: Grant, after: Grant) -> Grant | None:
        """Put *after* over *before*; None when another caller has written in between."""
        # The mark distinguishes our own write from another's when the SDK repeats a write whose
        # answer was lost: the repetition fails its condition although the first one went through.
        revision = Revision(before.revision.number + 1, secrets.token_hex(8))
        after = replace(after, revision=revision)
        written = call_if(
            self._client.put_item,
            TableName=self._table,
            Item=_grant_item(after),
            ConditionExpression="version = :version AND mark = :mark",
            ExpressionAttributeValues=to_item(
                {":version": before.revision.number, ":mark": before.revision.mark}
            ),
        )
        self._latest = None
        if written is None and self.get(after.id) != after:
            return None
        self._latest = after
        return after

    def delete(self, grant: Grant) -> bool:
        """Delete *grant* if it is still at this version; False when it is not."""
        self._latest = None
        deleted = call_if(
            self._client.delete_item,
            TableName=self._table,
            Key={"id": {"S": grant.id}},
            ConditionExpression="version = :version",
            ExpressionAttributeValues=to_item({":version": grant.revision.number}),
        )
        return deleted is not None

    def due(self, now: int, limit: int, *, queue: Queue) -> list[str]:
        """Query the index `due` for the first *limit* ids of *queue* until *now*."""
        condition = "due_shard = :shard AND due_at <= :now"
        values = {":shard": DUE_SHARDS[queue], ":now": now}
        return [row["id"]["S"] for row in self._query("due", condition, limit, values)]

    def due_since(self) -> int | None:
        """Return the least `due_at` of the index `due`, in epoch seconds, or None."""
        rows = [
            row
            for shard in DUE_SHARDS.values()
            for row in self._query("due", "due_shard = :shard", 1, {":shard": shard})
        ]
        return min((int(row["due_at"]["N"]) for row in rows), default=None)

    def overdue_since(self) -> int | None:
        """Return the least `overdue_since` of its index, in epoch seconds, or None."""
        rows = self._query("overdue", "overdue_shard = :shard", 1, {":shard": SHARD})
        return int(rows[0]["overdue_since"]["N"]) if rows else None

    def _query(
        self, index: str, condition: str, limit: int, values: Mapping[str, Any]
    ) -> list[Item]:
        found = call_if(
            self._client.query,
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            Limit=limit,
        )
        return [] if found is None else list(found["Items"])


def _grant_item(grant: Grant) -> Item:
    on_site, consent, schedule = grant.on_site, grant.consent, grant.schedule
    values: dict[str, Any] = {
        "id": grant.id,
        "phase": grant.phase,
        "state": grant.state,
        "site_url": grant.site_url,
        "username": grant.username,
        "by_hand": grant.is_manual,
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "end_requested_at": grant.end_requested_at,
        "ended_at": grant.ended_at,
        "owner_email": grant.owner_email,
        "fingerprint": grant.tokens.fingerprint,
        "owner_hashes": grant.tokens.owner_hashes,
        "support_hash": grant.tokens.support_hash,
        "hold_fingerprint": grant.tokens.hold_fingerprint,
        "mailbox_read": grant.tokens.is_mailbox_read,
        "site": None if on_site.site is None else asdict(on_site.site),
        "owner_id": on_site.owner_id,
        "user_id": on_site.user_id,
        "user_may_exist": on_site.user_may_exist,
        "sealed_removal": on_site.sealed_removal,
        "deleted_at": on_site.evidence.deleted_at,
        "user_email": on_site.user_email,
        "let_in": on_site.is_let_in,
        "key_refused_at": on_site.evidence.key_refused_at,
        "key_by_email": on_site.evidence.is_by_email,
        "answer_lost": on_site.evidence.is_answer_lost or None,
        "owner_login": consent and consent.login,
        "consent_key_id": consent and consent.key_id,
        "sealed_consent": consent and consent.sealed,
        "approved_on": consent and consent.approved_on,
        "consent_held_since": consent and consent.held_since,
        "secret_ids": grant.links.secret_ids,
        "asks_passphrase": grant.links.asks_passphrase,
        "before": grant.visit.before,
        "own_key_ids": grant.visit.consent_key_ids,
        "report": grant.visit.changes and [asdict(change) for change in grant.visit.changes],
        "timeline": [asdict(event) for event in grant.timeline],
        "notices": [notice._asdict() for notice in sorted(grant.notices)],
        "due_at": schedule.due_at,
        "lease_until": schedule.lease_until,
        "attempts": schedule.attempts,
        "purge_at": schedule.purge_at,
        "rested_at": schedule.rested_at,
        "cut_off": schedule.was_cut_off or None,
        "version": grant.revision.number,
        "mark": grant.revision.mark,
    }
    if schedule.due_at is not None:
        values["due_shard"] = DUE_SHARDS[queue_of(grant)]
    if grant.alarming_since is not None:
        values |= {"overdue_shard": SHARD, "overdue_since": grant.alarming_since}
    return to_item(values)


def _grant(item: Item) -> Grant | None:
    if not item:
        return None
    values = from_item(item)
    if "phase" not in values:
        values |= upgraded(values)
    get = values.get
    return Grant(
        id=values["id"],
        phase=values["phase"],
        site_url=values["site_url"],
        username=values["username"],
        is_manual=values["by_hand"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        end_requested_at=get("end_requested_at"),
        ended_at=get("ended_at"),
        owner_email=values["owner_email"],
        tokens=Tokens(
            fingerprint=values["fingerprint"],
            owner_hashes=values["owner_hashes"],
            support_hash=values["support_hash"],
            hold_fingerprint=get("hold_fingerprint", ""),
            is_mailbox_read=get("mailbox_read", False),
        ),
        on_site=OnSite(
            site=Site(**values["site"]) if "site" in values else None,
            owner_id=get("owner_id"),
            user_id=get("user_id"),
            user_may_exist=values["user_may_exist"],
            sealed_removal=get("sealed_removal"),
            evidence=Evidence(
                get("deleted_at"),
                get("key_refused_at"),
                is_by_email=get("key_by_email", False),
                is_answer_lost=get("answer_lost", False),
            ),
            user_email=get("user_email", ""),
            is_let_in=get("let_in"),
        ),
        consent=Consent(
            login=values["owner_login"],
            sealed=values["sealed_consent"],
            key_id=get("consent_key_id"),
            held_since=get("consent_held_since"),
            approved_on=get("approved_on", ""),
        )
        if "sealed_consent" in values
        else None,
        links=Links(values["secret_ids"], values["asks_passphrase"]),
        visit=Visit(
            before=get("before"),
            consent_key_ids=values["own_key_ids"],
            changes=tuple(Change(**change) for change in values["report"])
            if "report" in values
            else None,
        ),
        timeline=tuple(Event(**event) for event in values["timeline"]),
        notices=frozenset(Notice(**notice) for notice in values["notices"]),
        schedule=Schedule(
            due_at=get("due_at"),
            lease_until=values["lease_until"],
            attempts=values["attempts"],
            purge_at=get("purge_at"),
            rested_at=get("rested_at"),
            was_cut_off=get("cut_off", False),
        ),
        revision=Revision(values["version"], values["mark"]),
    )
