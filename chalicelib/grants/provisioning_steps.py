"""
The steps of a set-up, in order. Each asks the site for one thing and returns what to record.

A step that was done before is skipped, so any step may be the first after an interruption.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal, NamedTuple

from chalicelib.clock import TimeBudget
from chalicelib.errors import KeyRefused, NotAdministrator, SiteUnavailable, SiteUnsupported
from chalicelib.grants.model import Grant
from chalicelib.grants.ports import RateGate, Sealer
from chalicelib.grants.request import ProvisionRequest, plus_address
from chalicelib.grants.site import Account, Credentials, NewUser, Site, WordPress
from chalicelib.grants.snapshot import SignInTrial
from chalicelib.grants.visit_report import write
from chalicelib.site_problems import unsupported
from chalicelib.values import dataclass

MAX_SNAPSHOT_SECONDS = 10.0
MAX_SIGN_IN_SECONDS = 8.0
NOT_ADMINISTRATOR = (
    "That account is not an administrator of the site. "
    "Please sign in as an administrator and approve again."
)


@dataclass(frozen=True, slots=True)
class StepTools:
    """
    What the steps work with.

    Mail to a support user goes to `support_email` with the user name as a plus-address, so that no
    two accounts share one. `done_now` are the steps that this very request has done: what it made
    need not be searched for, and no earlier request can have left a part of it.
    """

    wordpress: WordPress
    sealer: Sealer
    budget: TimeBudget
    gate: RateGate
    support_name: str
    support_email: str
    done_now: frozenset[str] = frozenset()


Record = Callable[[Grant], Grant]
Run = Callable[[StepTools, Grant, ProvisionRequest, int], Record]


class Step(NamedTuple):
    """
    One step: its name, whether a grant shows it done, and what does it.

    `recorded` says when: with a later one, since what only asks can be asked again; with all
    before it, ``before`` it begins; or ``at once``, before the next one begins.
    """

    name: str
    is_done: Callable[[Grant], bool]
    run: Run
    recorded: Literal["later", "before", "at once"] = "later"


def discover(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    Find the site behind the typed address.

    Raises:
        SiteUnsupported: Also ``site_unreachable``: most likely the address is mistyped.
            ``incomplete_certificate``: until its host mends it, no program reaches the site.
    """
    del grant, now
    try:
        site = tools.wordpress.discover(request.site_url)
    except SiteUnavailable as error:
        if error.reason == "unreachable":
            raise unsupported("site_unreachable") from None
        if error.reason == "incomplete_certificate":
            raise unsupported(error.reason) from None
        raise
    return lambda grant: grant.site_discovered(site)


def identify(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    Find out whose the consent key is, and its UUID.

    Raises:
        KeyRefused: WordPress knows no user for the key.
        NotAdministrator: Its holder may not create and delete users.
        TooManyRequests: The host that the key would go to has refused too many.
    """
    site = _site(grant)
    with tools.gate.admit_key(site.rest_root, now=now):
        owner = tools.wordpress.whoami(site, request.consent)
    key_id = tools.wordpress.key_id(site, request.consent)
    if not (owner.is_administrator and owner.may_manage_users):
        raise NotAdministrator(NOT_ADMINISTRATOR)
    return lambda grant: grant.owner_identified(owner.id, key_id)


def check_removable(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    Ask, without changing anything, whether users of this site can be deleted.

    Raises:
        SiteUnsupported: ``multisite`` or ``cannot_remove``.
    """
    del now
    owner = Account(_known(grant.on_site.owner_id), request.consent.username)
    tools.wordpress.check_removable(_site(grant), request.consent, owner)
    return Grant.removability_checked


def take_snapshot(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    Record the site's snapshot before support comes in, if the site shows it in time.

    A site that shows nothing does not hold the access up: the visit report then says so.
    """
    del now
    before = ""
    try:
        with tools.budget.within(MAX_SNAPSHOT_SECONDS):
            before = write(tools.wordpress.snapshot(_site(grant), request.consent))
    except SiteUnavailable:
        pass
    return lambda grant: grant.snapshot_taken(before)


def create_user(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    Create the support user as an administrator.

    Raises:
        SiteUnsupported: ``creation_refused``, ``rest_blocked``, …
    """
    del now
    email = plus_address(tools.support_email, grant.username)
    user = tools.wordpress.create_administrator(
        _site(grant),
        request.consent,
        NewUser(
            username=grant.username,
            email=email,
            password=request.password,
            display_name=f"{tools.support_name} (temporary, removes itself)",
        ),
        # An earlier request may have made it, and then a slow site is not asked to again.
        may_exist="check_removable" not in tools.done_now,
    )
    return lambda grant: grant.user_created(user.id, email)


def create_removal_key(
    tools: StepTools, grant: Grant, request: ProvisionRequest, now: int
) -> Record:
    """Give the support user an application password of its own, and seal it."""
    del now
    user = Account(_known(grant.on_site.user_id), grant.username)
    is_new = {"check_removable", "create_user"} <= tools.done_now
    key = tools.wordpress.create_key(
        _site(grant),
        request.consent,
        user,
        "Hallpass removal key",
        holder_id=_known(grant.on_site.owner_id),
        is_new=is_new,
    )
    sealed = tools.sealer.seal(key.password, grant_id=grant.id, purpose="removal")
    return lambda grant: grant.removal_key_created(sealed)


def verify_removal_key(
    tools: StepTools, grant: Grant, request: ProvisionRequest, now: int
) -> Record:
    """
    Ask the site, without changing anything, whether the removal key may delete its user.

    Raises:
        SiteUnsupported: ``cannot_remove``.
    """
    del request, now
    sealed = grant.on_site.sealed_removal or b""
    password = tools.sealer.unseal(sealed, grant_id=grant.id, purpose="removal")
    user = Account(_known(grant.on_site.user_id), grant.username)
    removal_key = Credentials(grant.username, password)
    try:
        tools.wordpress.check_removable(_site(grant), removal_key, user)
    except KeyRefused:
        raise SiteUnsupported(
            "cannot_remove",
            "Your site does not let the temporary account remove itself, so it was not made.",
            "A security plugin may block application passwords for new users; allow them "
            "and try again.",
        ) from None
    return lambda grant: grant


def delete_consent_key(
    tools: StepTools, grant: Grant, request: ProvisionRequest, now: int
) -> Record:
    """Delete the owner's consent key with itself, and see it refused. Set-up is complete then."""
    key_id = grant.consent.key_id if grant.consent else None
    tools.wordpress.delete_own_key(_site(grant), request.consent, key_id or "")
    return lambda grant: grant.activated(now)


def try_sign_in(tools: StepTools, grant: Grant, request: ProvisionRequest, now: int) -> Record:
    """
    See whether the sign-in page lets the support user in, so that support hears at once if not.

    It comes when nothing depends on it any more, once, and only in the request that completed the
    set-up: a plugin may count what it refuses.
    """
    del now
    trial = SignInTrial()
    with suppress(SiteUnavailable), tools.budget.within(MAX_SIGN_IN_SECONDS):
        trial = tools.wordpress.try_sign_in(_site(grant), grant.username, request.password)
    return lambda grant: grant.sign_in_tried(trial)


STEPS = (
    Step("discover", lambda grant: grant.on_site.site is not None, discover),
    Step("identify", lambda grant: grant.on_site.owner_id is not None, identify),
    Step("check_removable", lambda grant: grant.on_site.user_may_exist, check_removable),
    Step("take_snapshot", lambda grant: grant.visit.before is not None, take_snapshot),
    Step("create_user", lambda grant: grant.on_site.user_id is not None, create_user, "before"),
    # Until then the user is found again by its name, and a stray key of it dies with it.
    Step(
        "create_removal_key",
        lambda g: bool(g.on_site.sealed_removal),
        create_removal_key,
        "at once",
    ),
    # Not recorded: an interrupted set-up asks again, and asking changes nothing.
    Step("verify_removal_key", lambda grant: grant.was_active, verify_removal_key),
    Step("delete_consent_key", lambda grant: grant.was_active, delete_consent_key),
    # The request that completed the set-up is the last to get here; both are recorded together.
    Step("try_sign_in", lambda grant: grant.on_site.is_let_in is not None, try_sign_in),
)


def _site(grant: Grant) -> Site:
    if grant.on_site.site is None:
        raise AssertionError("Discovery is the first step and records the site.")
    return grant.on_site.site


def _known(number: int | None) -> int:
    if number is None:
        raise AssertionError("An earlier step records this id.")
    return number
