"""What support has to know of an account before it signs in. Pure functions."""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.notifications.words import Words


def account_notes(grant: Grant, words: Words) -> list[str]:
    """Return the paragraphs for support."""
    if grant.is_manual:
        return []
    notes = [words.say("account.left_behind")]
    if grant.on_site.is_let_in is False:
        notes.append(words.say("account.refused", email=grant.on_site.user_email))
    return notes
