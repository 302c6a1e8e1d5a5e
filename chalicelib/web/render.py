"""From the story's values to the JSON of responses. Times stay integers, in epoch seconds."""

from __future__ import annotations

from typing import Literal

from chalicelib.grants.asking import possible_wishes
from chalicelib.grants.environment import Environment, environment_of
from chalicelib.grants.manual_user import Found
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Event, Holder
from chalicelib.grants.ports import Wish
from chalicelib.grants.site import SiteCheck
from chalicelib.notifications.tickets import Delivery
from chalicelib.onetime.envelope import encode
from chalicelib.onetime.model import Secret

Json = dict[str, object]
SecretState = Literal["waiting", "opened", "locked", "gone"]
Ability = Literal["ask_link", "ask_time", "burn", "end", "extend", "renew", "repair", "say_gone"]


_ASK: dict[Wish, Ability] = {"link": "ask_link", "time": "ask_time"}


def grant_summary(grant: Grant) -> Json:
    """Return what the page needs to seal the sign-in details; never a key."""
    return {
        "grant_id": grant.id,
        "state": grant.state,
        "site": site_of(grant),
        "username": grant.username,
        "login_url": login_url(grant),
        "expires_at": grant.expires_at,
        # Another name to sign in with, and whether the sign-in page refused the user when we tried.
        **({"email": grant.on_site.user_email} if grant.on_site.user_email else {}),
        **({"sign_in": "refused"} if grant.on_site.is_let_in is False else {}),
        # Of a consent that waits for its owner's confirmation: then it is deleted.
        **({"held_until": grant.expires_at} if grant.is_held else {}),
    }


def made(grant: Grant) -> Json:
    """Return what the page seals: as `grant_summary`, with what runs on the site."""
    known = environment_of(grant)
    shown: Json = {
        "wordpress": known.wordpress,
        "php": known.php,
        "theme": known.theme,
        "plugins": list(known.plugins),
        "more": known.more,
        "obstacles": dict(known.obstacles),
    }
    return {**grant_summary(grant), **({"environment": shown} if known != Environment() else {})}


def grant(grant: Grant, holder: Holder, secret: Secret | None, *, now: int) -> Json:
    """Return a grant as *holder* may see it, with its timeline."""
    shown: Json = {
        **grant_summary(grant),
        "you_are": holder,
        "overdue": grant.overdue_since is not None and grant.deadline <= now,
        "by_hand": grant.is_manual,
        "created_at": grant.created_at,
        "owner_email": grant.owner_email if holder == "owner" else "",
        "timeline": [event(entry) for entry in grant.timeline],
        "can": _can(grant, holder, secret, now),
    }
    if grant.ended_at is not None:
        shown["ended_at"] = grant.ended_at
    if grant.not_confirmed_since is not None:
        shown["not_confirmed_since"] = grant.not_confirmed_since
    if grant.end_requested_at is not None:
        shown["end_requested_at"] = grant.end_requested_at
    if grant.links.secret_ids:
        shown["secret"] = {
            "id": grant.links.secret_ids[-1],
            "state": _newest_state(grant, secret, now),
        }
    if grant.visit.changes is not None:
        shown["report"] = [
            {"change": change.kind, "name": change.name, "detail": change.detail}
            for change in grant.visit.changes
        ]
    if holder == "support" and grant.links.asks_passphrase and grant.correspondence.passphrase_hint:
        shown["passphrase_hint"] = grant.correspondence.passphrase_hint
    if holder == "owner":
        shown["user_admin_url"] = grant.user_admin_url
        if grant.correspondence.sealed_message:
            shown["sealed_message"] = encode(grant.correspondence.sealed_message)
    return shown


def found(found: Found) -> Json:
    """Return who would be deleted, for the owner to confirm."""
    user = found.user
    return {
        **end(found.grant),
        "found": {
            "id": user.id,
            "username": user.username,
            "name": user.name,
            "email": user.email,
            "roles": list(user.roles),
            "registered_at": user.registered_at,
            "posts": found.posts,
        },
    }


def end(grant: Grant) -> Json:
    """Return whether the end is confirmed, and since when."""
    if grant.ended_at is None:
        return {"grant_id": grant.id, "state": grant.state}
    return {"grant_id": grant.id, "state": grant.state, "ended_at": grant.ended_at}


def delivery(delivery: Delivery) -> Json:
    """Return what came of a ticket; of the owner's confirmation only that it is dropped."""
    shown: Json = {"reference": delivery.reference}
    return {**shown, "mail": "dropped"} if delivery.is_confirmation_dropped else shown


def secret(secret: Secret, *, now: int) -> Json:
    """Return what any caller with the id may know of a secret; nothing that helps to open it."""
    unlocks_at = secret.unlocks_at(now)
    shown: Json = {
        "state": _state(secret, now),
        "passphrase": secret.passphrase,
        "expires_at": secret.expires_at,
        "tries_left": secret.tries(now),
    }
    if secret.opened_at is not None:
        shown["opened_at"] = secret.opened_at
    if unlocks_at is not None:
        shown["unlocks_at"] = unlocks_at
    if secret.grant_id:
        shown["grant_id"] = secret.grant_id
    return shown


def site_check(check: SiteCheck) -> Json:
    """Return whether a site can be used, and if not, why and what to do."""
    site, problem = check.site, check.problem
    return {
        "site": None
        if site is None
        else {
            "name": site.name,
            "url": site.url,
            "login_url": site.login_url,
            "icon_url": site.icon_url,
        },
        "consent_url": check.consent_url,
        "problem": None
        if problem is None
        else {"code": problem.code, "message": problem.message, "fix": problem.fix},
    }


def event(event: Event) -> Json:
    """Return one line of a timeline."""
    line: Json = {"at": event.at, "event": event.name, "by": event.by}
    return {**line, "detail": event.detail} if event.detail else line


def site_of(grant: Grant) -> Json:
    """Return the site as its owner knows it, found yet or not."""
    site = grant.on_site.site
    if site is None:
        return {"name": "", "url": grant.site_url, "login_url": None}
    return {"name": site.name, "url": site.url, "login_url": site.login_url}


def login_url(grant: Grant) -> str | None:
    """Return where the support user signs in, once the site has been found."""
    return grant.on_site.site.login_url if grant.on_site.site else None


def _state(secret: Secret | None, now: int) -> SecretState:
    if secret is None or secret.is_unreadable(now):
        return "gone"
    if secret.opened_at is not None:
        return "opened"
    return "locked" if secret.unlocks_at(now) is not None else "waiting"


def _newest_state(grant: Grant, secret: Secret | None, now: int) -> SecretState:
    return "opened" if grant.is_newest_link_opened else _state(secret, now)


def _can(grant: Grant, holder: Holder, secret: Secret | None, now: int) -> list[Ability]:
    """Return what *holder* can do now."""
    if grant.state == "ended":
        return []
    can: list[Ability] = ["end"]
    is_running = grant.phase == "active" and grant.deadline > now
    if holder == "owner":
        if is_running:
            can.append("extend")
        if _state(secret, now) in ("waiting", "locked"):
            can.append("burn")
        if grant.schedule.attempts > 0 or grant.is_manual:
            can.append("repair")
        if grant.is_manual:
            can.append("say_gone")
        if is_running and not grant.is_manual:
            can.append("renew")
    elif is_running and grant.owner_email:
        can += [_ASK[wish] for wish in possible_wishes(grant)]
    return can
