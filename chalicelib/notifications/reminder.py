"""
The text of a reminder that a user made by hand is to be deleted. A pure function.

Any stranger can ask us to remind any mailbox of any site, and name any user. So the mail says what
is known, that a person asked; it holds our own words, a host name and a date, and the reader's
receipt is its only link. Which user was named is on the receipt.
"""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.grants.reminders import MAX_REMINDERS, is_last
from chalicelib.notifications.message import Mail, SupportTeam, when


def reminder(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str) -> Mail:
    """Return the reminder to *reader*, whose receipt is at *receipt_url*; support has none."""
    host = grant.site_name
    asked = (
        f"that an administrator account on {host}, made by hand for {team.name}, is to be deleted "
        f"by {when(grant.deadline)}. That time has come.\n\n"
    )
    if reader == "owner":
        text = (
            f"Somebody asked us to remind you {asked}{_steps(host, receipt_url)}{_outlook(grant)}"
        )
    else:
        text = f"We remind the owner {asked}You do not need to do anything.\n"
    to = grant.owner_email if reader == "owner" else team.email
    subject = f"Reminder: an account on {host} is to be deleted"
    return Mail(to, subject, f"{text}\n{team.name} · {team.public_url}\n")


def _steps(host: str, receipt_url: str) -> str:
    return (
        "Your receipt shows which account that is, and what has happened:\n"
        f"{receipt_url}\n\n"
        "If you know of it, delete it. It takes a minute:\n"
        f"1. Sign in to the WordPress of {host}, and open Users » All Users.\n"
        "2. Hover over the name » Delete.\n"
        "3. Choose “Attribute all content to” yourself » Confirm Deletion.\n"
        "Or press “Approve and delete” on your receipt: we show you who it is, and delete it when "
        "you confirm.\n\n"
        "Is it gone already, or was it never yours? Press “It is gone: I deleted it” on your "
        "receipt, and we stop writing. If you know nothing of it, delete nobody.\n\n"
    )


def _outlook(grant: Grant) -> str:
    """Say whether another reminder comes."""
    if not grant.tokens.is_mailbox_read:
        return "This is the only reminder, unless you open your receipt from this mail.\n"
    if is_last(grant):
        return "This is the last reminder. Your receipt stays for 90 days.\n"
    return (
        f"You get at most {MAX_REMINDERS} reminders, one a day, and none once you say that it is "
        "gone.\n"
    )
