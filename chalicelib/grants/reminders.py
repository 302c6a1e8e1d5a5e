"""
How often the owner of a manual grant is reminded: the rules.

A stranger can have us remind any mailbox of any site. So there is one mail, until a reader opens
the receipt from it; then there are at most seven, one a day, and the last one says so. After that
the grant rests: its owner has not confirmed that the user is deleted, and we send no further
reminder.
"""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Notice

MAX_REMINDERS = 7
MAX_REMINDER_ATTEMPTS = 14  # One a day: a last mail that is not accepted is tried until then.


def due_reminder(grant: Grant) -> Notice | None:
    """Return the notice that the owner of a manual grant is to get at this failure, or None."""
    day = grant.schedule.attempts
    if grant.schedule.rested_at is not None or not grant.owner_email:
        return None
    if not grant.tokens.is_mailbox_read and _was_reminded(grant):
        return None
    return Notice("reminder", "owner", str(day))


def is_last(grant: Grant) -> bool:
    """Return whether the reminder at this failure is the last one."""
    return grant.schedule.attempts >= MAX_REMINDERS


def may_rest(grant: Grant) -> bool:
    """Return whether a manual grant that is to be ended has nothing to wait for any more."""
    notice = due_reminder(grant)
    is_sent = notice is None or notice in grant.notices or not grant.tokens.is_mailbox_read
    return is_last(grant) and (is_sent or grant.schedule.attempts >= MAX_REMINDER_ATTEMPTS)


def _was_reminded(grant: Grant) -> bool:
    return any((sent.kind, sent.reader) == ("reminder", "owner") for sent in grant.notices)
