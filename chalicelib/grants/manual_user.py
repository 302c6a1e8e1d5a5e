"""
The user of a manual grant: who may be meant by a name that a stranger may have typed.

No caller has proved that the user is theirs to be deleted. So only one that was made for this grant
is offered, and the owner sees who it is before anything happens (`repair`).
"""

from __future__ import annotations

from chalicelib.clock import DAY
from chalicelib.grants.model import Grant
from chalicelib.grants.site import Account
from chalicelib.site_problems import unsupported
from chalicelib.values import dataclass

MAX_USER_AGE_SECONDS = DAY  # A user made by hand was made shortly before the message.


@dataclass(frozen=True, slots=True)
class Found:
    """The user of a manual grant who would be deleted; `posts` is None when the site hides it."""

    grant: Grant
    user: Account
    posts: int | None


def require_made_for_support(grant: Grant, found: Account | None) -> Account:
    """
    Return the user whose name was typed, if it is there, and was made for this grant.

    A name that is mistyped does not prove that a user is deleted, and whoever typed it is not to
    have a colleague's account deleted: neither an older one nor one that came later.

    Raises:
        SiteUnsupported: ``user_not_found``, ``user_is_older`` or ``user_is_newer``.
    """
    if found is None:
        raise unsupported("user_not_found")
    oldest = grant.created_at - MAX_USER_AGE_SECONDS
    if found.registered_at is None or found.registered_at < oldest:
        raise unsupported("user_is_older")
    if found.registered_at > grant.created_at:
        raise unsupported("user_is_newer")
    return found
