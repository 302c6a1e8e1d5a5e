"""
A new link to an access that runs: its support user gets a new password, made in the owner's page.

The earlier password is known only behind earlier links, which open nothing any more after that, and
WordPress ends the sessions that were begun with it. The removal key sets the password, so that no
approval is needed. The page then seals the new one and sends its link, as it did for the first one.
"""

from __future__ import annotations

from chalicelib.errors import GrantEnded, KeyRefused, NotFound, TryAgain
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import token_hash
from chalicelib.grants.phases import WrongPhase
from chalicelib.grants.ports import OneTimeLinks
from chalicelib.grants.removal_key import RemovalKey
from chalicelib.grants.site import WordPress
from chalicelib.grants.store import GrantStore, require_owner, try_lease, update
from chalicelib.site_problems import unsupported
from chalicelib.values import dataclass

ACCESS_IS_OVER = "This access is over, so there can be no new link to it."
RENEWAL_LEASE_SECONDS = 40  # Longer than the calls to the site may take.


@dataclass(frozen=True, slots=True)
class Renewal:
    """Makes new links possible, for owners."""

    grants: GrantStore
    wordpress: WordPress
    removal_key: RemovalKey
    links: OneTimeLinks

    def renew(
        self, grant_id: str, token: str, password: str, *, support_token: str = "", now: int
    ) -> Grant:
        """
        Give the support user *password*, and revoke the links before.

        With *support_token*, which derives from the new link, the one of the earlier link may view
        and end nothing any more. The same request again is safe.

        Raises:
            NotFound: Unknown grant, not its owner's token, or a manual grant.
            GrantEnded: It has ended, or its end was asked for or is due.
            SiteUnsupported: ``password_refused``: the site takes no new password from the account.
            SiteUnavailable: No usable answer this time.
            TryAgain: Another call is at this grant at the moment.
        """
        grant = _require_running(require_owner(self.grants.get(grant_id), token), now)
        leased = try_lease(self.grants, grant, now=now, seconds=RENEWAL_LEASE_SECONDS)
        if leased is None:
            raise TryAgain("We are talking to your site at this moment. Please wait a minute.")
        try:
            self._set_password(_require_running(leased, now), password, now)
            support_hash = token_hash(support_token) if support_token else ""
            renewed = update(self.grants, grant_id, lambda g: g.link_renewed(support_hash, now))
        except WrongPhase:  # The end was asked for while the site was answering.
            raise GrantEnded(ACCESS_IS_OVER) from None
        finally:
            update(self.grants, grant_id, Grant.released)
        self.links.burn_links(renewed.links.secret_ids, renewed, now)
        return renewed

    def _set_password(self, grant: Grant, password: str, now: int) -> None:
        site = grant.on_site.site
        if site is None or not self.removal_key.is_sendable(grant, now):
            raise unsupported("password_refused")
        try:
            key, account = self.removal_key.sign_in(grant, site, now)
            # A restored backup may have given the id, or the name, to another.
            if account.id != grant.on_site.user_id:
                raise unsupported("password_refused")
            self.wordpress.set_password(site, key, password)
        except KeyRefused:
            raise unsupported("password_refused") from None


def _require_running(grant: Grant, now: int) -> Grant:
    if grant.is_manual:
        raise NotFound("We hold no key to an account that was made by hand.")
    if grant.phase != "active" or grant.deadline <= now:
        raise GrantEnded(ACCESS_IS_OVER)
    return grant
