"""What support has to know of an account before it signs in. Pure functions."""

from __future__ import annotations

from chalicelib.grants.model import Grant

SIGN_IN_REFUSED = (
    "Attention: we tried the sign-in page once, and the site refused the new account. Sign in "
    "with its e-mail address, {email}, in place of the user name. If that is refused, too, ask "
    "the owner to approve the account: Users » All Users, or the settings of the plugin that lets "
    "new users wait for approval (such as New User Approve)."
)
LEFT_BEHIND = (
    "What belongs to the account goes with it: application passwords and WooCommerce REST keys "
    "that you make as this user stop working. Let the owner make those that are to stay."
)


def account_notes(grant: Grant) -> list[str]:
    """Return the paragraphs for support, each followed by an empty line."""
    if grant.is_manual:
        return []
    refused = SIGN_IN_REFUSED.format(email=grant.on_site.user_email)
    return [LEFT_BEHIND, "", *([refused, ""] if grant.on_site.is_let_in is False else [])]
