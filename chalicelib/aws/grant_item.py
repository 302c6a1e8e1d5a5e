"""
What a grant's item holds, and the grant of an item.

An item is flat: the parts of a grant are attributes beside each other, since indexes and TTL read
top-level attributes only. `state` repeats what the API shows, for people who read the table. Items
of earlier versions are read for as long as a grant can live (`grant_upgrade`).
"""

from __future__ import annotations

from typing import Any

from chalicelib.aws.dynamodb import Item, from_item, to_item
from chalicelib.aws.grant_upgrade import upgraded
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.due_order import Queue, address_of, host_of, queue_of
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Consent,
    Event,
    Links,
    Notice,
    OnSite,
    Revision,
    Tokens,
    Visit,
)
from chalicelib.grants.schedule import Schedule
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change
from chalicelib.values import asdict

# One partition carries about 1000 writes a second (an AWS limit), far more than one support team.
SHARD = "0"
# The index `due` has one partition for each queue; the first one is that of earlier versions.
DUE_SHARDS: dict[Queue, str] = {"first": SHARD, "retry": "retry"}
# The index `overdue` has the grants whose removal failed, and apart from them what is handed out.
WAITING_SHARD = "waiting"


def to_grant_item(grant: Grant) -> Item:
    """Return *grant* as an item, with the keys of the indexes that it belongs in."""
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
        "wordpress": on_site.wordpress,
        "php": on_site.php,
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
        "mails": asdict(grant.correspondence),
        "notices": [notice._asdict() for notice in sorted(grant.notices)],
        "due_at": schedule.due_at,
        "lease_until": schedule.lease_until,
        "attempts": schedule.attempts,
        "purge_at": schedule.purge_at,
        "rested_at": schedule.rested_at,
        "waiting_since": schedule.waiting_since,
        "acknowledged_at": schedule.acknowledged_at,
        "cut_off": schedule.was_cut_off or None,
        "version": grant.revision.number,
        "mark": grant.revision.mark,
    }
    return to_item(values | _index_keys(grant))


def _index_keys(grant: Grant) -> dict[str, Any]:
    """Return the attributes that put a grant into the indexes, and whom its worker will ask."""
    schedule = grant.schedule
    keys: dict[str, Any] = {"host": host_of(address_of(grant)) or None}
    if schedule.due_at is not None:
        keys["due_shard"] = DUE_SHARDS[queue_of(grant)]
    if grant.alarming_since is not None:
        keys |= {"overdue_shard": SHARD, "overdue_since": grant.alarming_since}
    elif schedule.waiting_since is not None:
        keys |= {"overdue_shard": WAITING_SHARD, "overdue_since": schedule.waiting_since}
    return keys


def from_grant_item(item: Item) -> Grant | None:
    """Return the grant of *item*, of this version or an earlier one; None for an empty item."""
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
            wordpress=get("wordpress", ""),
            php=get("php", ""),
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
        correspondence=Correspondence(**get("mails", {})),
        schedule=Schedule(
            due_at=get("due_at"),
            lease_until=values["lease_until"],
            attempts=values["attempts"],
            purge_at=get("purge_at"),
            rested_at=get("rested_at"),
            waiting_since=get("waiting_since"),
            acknowledged_at=get("acknowledged_at"),
            was_cut_off=get("cut_off", False),
        ),
        revision=Revision(values["version"], values["mark"]),
    )
