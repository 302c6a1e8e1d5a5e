"""Every phase and transition: allowed, without effect, or refused. The diagram is in `grants`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import product

import pytest

from chalicelib.clock import DAY
from chalicelib.grants.correspondence import Correspondence
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import (
    Consent,
    Event,
    Notice,
    OnSite,
    Tokens,
)
from chalicelib.grants.phases import ALL_PHASES, TRANSITIONS, Phase, WrongPhase
from chalicelib.grants.record import MAX_TIMELINE_EVENTS
from chalicelib.grants.schedule import Schedule
from chalicelib.grants.site import Site
from chalicelib.grants.snapshot import SignInTrial
from tests.fakes.world import GRANT, NOW, URL

SITE = Site(URL, "Blog", f"{URL}/wp-json/", f"{URL}/wp-login.php")
CONSENT = Consent("admin", b"sealed", "uuid")

# What each phase becomes: P(rovisioning), A(ctive), R(evoking), N(otifying), C(losed); lower case
# is "nothing changes at all", "-" is refused.
BECOMES = {
    # transition            P A R N C
    "set_up_requested": "P----",
    "site_discovered": "P-R--",
    "owner_identified": "P-R--",
    "removability_checked": "P-R--",
    "snapshot_taken": "P-R--",
    "user_created": "P-R--",
    "removal_key_created": "P-R--",
    "activated": "A-R--",
    "sign_in_tried": "-ARNC",
    "link_added": "PA---",
    "link_locked": "PARNC",
    "link_opened": "PARNC",
    "link_renewed": "-A---",
    "asked": "PARNC",
    "recorded": "PARNC",
    "ticket_sent": "PARNC",
    "extended": "-A---",
    "waited": "-ARnc",
    "end_requested": "RRRnc",
    "overdue_acknowledged": "PARnc",
    "repair_requested": "RRRN-",
    "repairer_identified": "--RN-",
    "user_found": "--RN-",
    "site_moved": "PAR--",
    "changes_seen": "PARN-",
    "evidence_seen": "PARN-",
    "consent_held": "-ARN-",
    "held_consent_deleted": "-ARnc",
    "rested": "--R--",
    "user_deleted": "PARN-",
    "consent_deleted": "PARNC",
    "removal_failed": "PAR--",
    "revoked": "NNNnc",
    "confirmed_by_owner": "-NNnc",
    "notice_failed": "---N-",
    "closed": "---Cc",
    "leased": "PARN-",
    "released": "PARNC",
    "notice_sent": "PARNC",
    "receipt_mailed": "PARNC",
    "mailbox_read": "PARNC",
}
CALLS: dict[str, Callable[[Grant], Grant]] = {
    "set_up_requested": lambda g: g.set_up_requested(
        "f", 3, "owner@blog.example", NOW, Correspondence("de")
    ),
    "site_discovered": lambda g: g.site_discovered(SITE),
    "owner_identified": lambda g: g.owner_identified(1, "uuid"),
    "removability_checked": lambda g: g.removability_checked(),
    "snapshot_taken": lambda g: g.snapshot_taken(""),
    "user_created": lambda g: g.user_created(2),
    "removal_key_created": lambda g: g.removal_key_created(b"sealed"),
    "activated": lambda g: g.activated(NOW),
    "sign_in_tried": lambda g: g.sign_in_tried(SignInTrial(is_let_in=True)),
    "link_added": lambda g: g.link_added("s" * 22, asks_passphrase=False),
    "link_locked": lambda g: g.link_locked(NOW, "s" * 22, NOW),
    "link_opened": lambda g: g.link_opened(Event(NOW, "link_opened", "support", "s" * 22), NOW),
    "link_renewed": lambda g: g.link_renewed("", NOW),
    "asked": lambda g: g.asked(Event(NOW, "time_asked", "support")),
    "recorded": lambda g: g.recorded(Event(NOW, "link_opened", "support", "s" * 22)),
    "ticket_sent": lambda g: g.ticket_sent("HP-1", "owner@blog.example", NOW),
    "extended": lambda g: g.extended(1, NOW),
    "waited": lambda g: g.waited(NOW),
    "end_requested": lambda g: g.end_requested("owner", NOW),
    "overdue_acknowledged": lambda g: g.overdue_acknowledged(NOW),
    "repair_requested": lambda g: g.repair_requested(CONSENT, NOW + 35, NOW),
    "repairer_identified": lambda g: g.repairer_identified(SITE, 1, "uuid"),
    "user_found": lambda g: g.user_found(2),
    "site_moved": lambda g: g.site_moved(SITE, NOW),
    "changes_seen": lambda g: g.changes_seen(()),
    "evidence_seen": lambda g: g.evidence_seen(Evidence(NOW)),
    "consent_held": lambda g: g.consent_held(CONSENT, NOW + 60),
    "held_consent_deleted": lambda g: g.held_consent_deleted(NOW),
    "rested": lambda g: replace(g, consent=None).rested(NOW),
    "user_deleted": lambda g: g.user_deleted(),
    "consent_deleted": lambda g: g.consent_deleted(CONSENT),
    "removal_failed": lambda g: g.removal_failed("timeout", NOW),
    "revoked": lambda g: g.revoked(NOW),
    "confirmed_by_owner": lambda g: g.confirmed_by_owner(NOW),
    "notice_failed": lambda g: g.notice_failed(NOW),
    "closed": lambda g: g.closed(NOW),
    "leased": lambda g: g.leased(NOW, 60),
    "released": lambda g: g.released(),
    "notice_sent": lambda g: g.notice_sent(Notice("ended", "owner")),
    "receipt_mailed": lambda g: g.receipt_mailed("hash"),
    "mailbox_read": lambda g: g.mailbox_read(),
}
PARTS_OF_TRANSITIONS = {"located", "owned_by", "with_event"}


def in_phase(phase: Phase) -> Grant:
    return Grant(
        id=GRANT,
        site_url=URL,
        username="support1",
        created_at=NOW - DAY,
        expires_at=NOW + DAY,
        tokens=Tokens("f", ("o",), "s"),
        phase=phase,
        on_site=OnSite(SITE, 1, 2, user_may_exist=True, sealed_removal=b"sealed"),
        consent=CONSENT,
        schedule=Schedule(due_at=NOW + DAY, lease_until=NOW + 1, attempts=1),
    )


def test_every_transition_is_in_the_table() -> None:
    assert set(BECOMES) == set(CALLS) == set(TRANSITIONS)


def test_whatever_makes_another_grant_is_a_transition_or_a_part_of_one() -> None:
    makers = {
        name
        for base in Grant.__mro__
        for name, method in vars(base).items()
        if not name.startswith("_")
        and getattr(method, "__annotations__", {}).get("return") in ("Grant", "Self")
    }

    assert makers - PARTS_OF_TRANSITIONS == set(TRANSITIONS)


@pytest.mark.parametrize("name", BECOMES)
def test_a_transition_leads_where_the_table_says_or_is_refused(name: str) -> None:
    for phase, becomes in zip(ALL_PHASES, BECOMES[name], strict=True):
        before = in_phase(phase)
        if becomes == "-":
            with pytest.raises(WrongPhase):
                CALLS[name](before)
        elif becomes.islower():
            assert CALLS[name](before) is before, phase
        else:
            assert CALLS[name](before).phase[0].upper() == becomes, phase


def test_no_transition_leads_back() -> None:
    for name, phase in product(CALLS, ALL_PHASES):
        starts, _ = TRANSITIONS[name]
        if phase in starts:
            assert ALL_PHASES.index(CALLS[name](in_phase(phase)).phase) >= ALL_PHASES.index(
                phase
            ), (name, phase)


def test_a_newer_consent_key_survives_the_deletion_of_an_older_one() -> None:
    newer = Consent("admin", b"sealed later", "another uuid")
    repairing = in_phase("revoking").repair_requested(newer, NOW + 35, NOW)

    assert repairing.consent_deleted(CONSENT) is repairing
    assert repairing.consent_deleted(newer).consent is None


def test_a_full_timeline_keeps_the_event_that_support_got_access() -> None:
    grant = in_phase("provisioning").activated(NOW)
    for number in range(3 * MAX_TIMELINE_EVENTS):
        grant = grant.with_event(Event(NOW, "ticket_sent", "owner", str(number)))

    assert len(grant.timeline) == MAX_TIMELINE_EVENTS
    assert grant.timeline[0].name == "access_created"
    assert grant.timeline[-1].detail == str(3 * MAX_TIMELINE_EVENTS - 1)
    assert grant.was_active


def test_a_grant_has_at_most_20_fields() -> None:
    assert len(fields(Grant)) <= 20


def test_a_lease_at_the_deadline_begins_to_revoke() -> None:
    grant = in_phase("active")

    assert grant.leased(NOW + DAY - 1, 60).phase == "active"
    assert grant.leased(NOW + DAY, 60).phase == "revoking"


def test_the_end_asked_for_during_set_up_survives_its_completion() -> None:
    done = in_phase("provisioning").end_requested("owner", NOW).activated(NOW + 1)

    assert (done.phase, done.state, done.schedule.due_at) == ("revoking", "active", NOW)
    assert done.consent is None


def test_only_a_grant_that_is_closed_or_at_rest_may_be_purged() -> None:
    for name, phase in product(CALLS, ALL_PHASES):
        if phase in TRANSITIONS[name][0]:
            after = CALLS[name](in_phase(phase))
            if after.phase != "closed" and after.schedule.rested_at is None:
                assert after.schedule.purge_at is None, (name, phase)


def test_a_grant_at_rest_that_is_woken_may_not_be_purged() -> None:
    resting = replace(in_phase("revoking"), consent=None).rested(NOW)
    assert (resting.schedule.due_at, resting.schedule.purge_at is None) == (None, False)

    for name in ("repair_requested", "consent_held", "revoked", "confirmed_by_owner"):
        woken = CALLS[name](resting).schedule
        assert (woken.due_at is None, woken.purge_at) == (False, None), name
    assert resting.end_requested("support", NOW) is resting
    assert resting.revoked(NOW).not_confirmed_since is None
    assert resting.confirmed_by_owner(NOW).not_confirmed_since is None
