"""
The steps of a set-up, in order. Each asks the site for one thing and returns what to record.

A step that was done before does nothing, so any step may be the first after an interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from chalicelib.clock import TimeBudget
from chalicelib.errors import KeyRefused, NotAdministrator, SiteUnavailable, SiteUnsupported
from chalicelib.grants import visit_report as report
from chalicelib.grants.model import ACCESS_CREATED, Event, Grant
from chalicelib.grants.ports import RateGate, Sealer
from chalicelib.grants.request import AccessRequest, plus_address
from chalicelib.grants.site import Account, Credentials, NewUser, Site, WordPress
from chalicelib.site_problems import unsupported

LOOK_SECONDS = 10.0
NOT_ADMINISTRATOR = (
    "That account is not an administrator of the site. "
    "Please sign in as an administrator and approve again."
)

Change = Callable[[Grant], Grant]
Step = Callable[[Grant, AccessRequest, int], Change]


@dataclass(frozen=True, slots=True)
class Steps:
    """
    What set-up does on the site.

    Mail to a support user goes to `support_email` with the user name as a plus-address, so that no
    two accounts share one.
    """

    wordpress: WordPress
    sealer: Sealer
    deadline: TimeBudget
    door: RateGate
    support_name: str
    support_email: str

    def __iter__(self) -> Iterator[Step]:
        yield self.discover
        yield self.identify
        yield self.check
        yield self.look_around
        yield self.create
        yield self.arm
        yield self.prove
        yield self.let_go

    def discover(self, grant: Grant, request: AccessRequest, _: int) -> Change:
        if grant.site is not None:
            return _as_it_is
        try:
            site = self.wordpress.discover(request.site_url)
        except SiteUnavailable as error:
            if error.reason != "unreachable":
                raise
            raise unsupported("site_unreachable") from None  # Most likely a typing mistake.
        return lambda grant: replace(grant, site=site)

    def identify(self, grant: Grant, request: AccessRequest, now: int) -> Change:
        if grant.owner_id is not None:
            return _as_it_is
        typed = self.wordpress.normalise(request.site_url)
        self.door.admit_redirect_target(typed, _site(grant).rest_root, now=now)
        owner = self.wordpress.whoami(_site(grant), request.consent)
        key_id = self.wordpress.key_id(_site(grant), request.consent)
        if not (owner.is_administrator and owner.may_manage_users):
            raise NotAdministrator(NOT_ADMINISTRATOR)
        return lambda grant: replace(
            grant, owner_id=owner.id, consent_key_id=key_id, own_key_ids=(key_id,)
        )

    def check(self, grant: Grant, request: AccessRequest, _: int) -> Change:
        if grant.checked:
            return _as_it_is
        owner = Account(_known(grant.owner_id), request.consent.username)
        self.wordpress.check_removable(_site(grant), request.consent, owner)
        return lambda grant: replace(grant, checked=True)

    def look_around(self, grant: Grant, request: AccessRequest, _: int) -> Change:
        """See what the site looks like before support comes in. Once, and only if it tells."""
        if grant.looked:
            return _as_it_is
        before = ""
        try:
            with self.deadline.within(LOOK_SECONDS):
                before = report.write(self.wordpress.snapshot(_site(grant), request.consent))
        except SiteUnavailable:
            pass  # The report will say that nobody could look; the access is not held up for it.
        return lambda grant: replace(grant, looked=True, before=before)

    def create(self, grant: Grant, request: AccessRequest, now: int) -> Change:
        if grant.user_id is not None:
            return _as_it_is
        user = self.wordpress.create_administrator(
            _site(grant),
            request.consent,
            NewUser(
                username=grant.username,
                email=plus_address(self.support_email, grant.username),
                password=request.password,
                display_name=f"{self.support_name} (temporary, removes itself)",
            ),
            # An earlier request may have made it, and then a slow site is not asked to again.
            may_exist=now > grant.created_at,
        )
        return lambda grant: replace(grant, user_id=user.id)

    def arm(self, grant: Grant, request: AccessRequest, _: int) -> Change:
        """Give the support user its removal key."""
        if grant.sealed_removal is not None:
            return _as_it_is
        user, owner_id = Account(_known(grant.user_id), grant.username), _known(grant.owner_id)
        key = self.wordpress.create_key(
            _site(grant), request.consent, user, "Hallpass removal key", holder_id=owner_id
        )
        sealed = self.sealer.seal(key.password, grant_id=grant.id, purpose="removal")
        return lambda grant: replace(grant, sealed_removal=sealed)

    def prove(self, grant: Grant, request: AccessRequest, _: int) -> Change:
        """See that the removal key can do its one job."""
        del request
        password = self.sealer.unseal(
            grant.sealed_removal or b"", grant_id=grant.id, purpose="removal"
        )
        user = Account(_known(grant.user_id), grant.username)
        try:
            self.wordpress.check_removable(
                _site(grant), Credentials(grant.username, password), user
            )
        except KeyRefused:
            raise SiteUnsupported(
                "cannot_remove",
                "Your site does not let the temporary account remove itself, so it was not made.",
                "A security plugin may block application passwords for new users; allow them "
                "and try again.",
            ) from None
        return _as_it_is

    def let_go(self, grant: Grant, request: AccessRequest, now: int) -> Change:
        self.wordpress.delete_own_key(_site(grant), request.consent, grant.consent_key_id or "")
        event = Event(now, ACCESS_CREATED, "owner")
        return lambda grant: replace(
            # The deadline may have come already: somebody may have said "end now" meanwhile.
            grant,
            state="active",
            sealed_consent=None,
            due_at=grant.deadline,
        ).with_event(event)


def _as_it_is(grant: Grant) -> Grant:
    """Change nothing: the step was done before."""
    return grant


def _site(grant: Grant) -> Site:
    if grant.site is None:
        raise AssertionError("Discovery is the first step and records the site.")
    return grant.site


def _known(number: int | None) -> int:
    if number is None:
        raise AssertionError("An earlier step records this id.")
    return number
