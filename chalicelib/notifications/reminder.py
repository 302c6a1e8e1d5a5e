"""
The reminder to delete a user that was made by hand. Pure.

Who named that user may be a stranger, so the mail says only what we know ourselves, and
that it is no order: it names no user, and nothing that was typed but the host name of a site. The
receipt is its only link. Which user was named is on the receipt.
"""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.grants.reminders import MAX_REMINDERS, is_last
from chalicelib.notifications.layout import Block, Button, Steps, Text
from chalicelib.notifications.letter import letter, words_for
from chalicelib.notifications.message import Mail, SupportTeam
from chalicelib.notifications.words import Words


def reminder(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str) -> Mail:
    """Return the reminder to *reader*, whose receipt is at *receipt_url*; support has none."""
    words, site = words_for(grant, reader), grant.site_name
    subject = words.say("reminder.subject", site=site)
    facts = {"site": site, "support": team.name, "date": words.when(grant.deadline)}
    if reader == "support":
        text = words.say("reminder.support", **facts)
        return letter(team, grant, reader, subject, [Text(text)])
    is_done = any((e.name, e.by) == ("end_requested", "support") for e in grant.timeline)
    blocks: list[Block] = [
        Text(words.say("reminder.done" if is_done else "reminder.due", **facts)),
        Text(words.say("reminder.receipt")),
        Button(words.say("receipt.button"), receipt_url),
        Text(words.say("reminder.known")),
        Steps(
            (
                words.say("step.users", site=site),
                words.say("step.hover"),
                words.say("step.confirm"),
            )
        ),
        Text(words.say("reminder.or")),
        Text(words.say("reminder.gone")),
        Text(_outlook(grant, words), is_faint=True),
    ]
    return letter(team, grant, reader, subject, blocks)


def _outlook(grant: Grant, words: Words) -> str:
    """Say whether another reminder comes."""
    if not grant.tokens.is_mailbox_read:
        return words.say("reminder.only")
    if is_last(grant):
        return words.say("reminder.last")
    return words.say("reminder.more", n=MAX_REMINDERS)
