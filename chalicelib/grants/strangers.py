"""What a site says to strangers: questions without a key, which no plugin counts against us."""

from __future__ import annotations

from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.site import Site, WordPress

FIRST_USER_ID = 1


def is_missing_to_strangers(wordpress: WordPress, grant: Grant, site: Site) -> bool:
    """
    Return whether *site* says, without a key, that the user of *grant* does not exist.

    Some plugins say so of every user; then it is no proof.

    Raises:
        SiteUnavailable, SiteUnsupported: It says nothing.
    """
    user_id = grant.on_site.user_id
    if user_id is None or not wordpress.is_missing(site, user_id):
        return False
    others = {grant.on_site.owner_id or FIRST_USER_ID, FIRST_USER_ID} - {user_id}
    return not all(wordpress.is_missing(site, other) for other in others)


def may_be_deleted(grant: Grant) -> bool:
    """
    Return whether an earlier try may have deleted the user, and its removal key with it.

    Then strangers are asked before the key is sent. Of a first try nothing is known before.
    """
    has_failed = grant.schedule.attempts > 0 or grant.schedule.was_cut_off
    return has_failed or grant.on_site.evidence != Evidence()
