"""
Puts a mail together: to whom, under which subject, in whose words, as part of which conversation.

Mails to an owner come in the owner's language and time zone and are answered to support; mails to
support come in the team's and are answered to the owner. The subject of each begins with the
reference of the ticket. Mails to support keep the ticket's whole subject and answer it, so that a
help desk files them with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.notifications import layout
from chalicelib.notifications.brand import brand
from chalicelib.notifications.layout import Block
from chalicelib.notifications.message import Mail, SupportTeam
from chalicelib.notifications.words import Words


def words_for(grant: Grant, reader: Holder) -> Words:
    """Return how *reader* is written to about *grant*."""
    written = grant.correspondence
    return brand().words if reader == "support" else Words(written.language, written.time_zone)


def letter(
    team: SupportTeam,
    grant: Grant,
    reader: Holder,
    subject: str,
    blocks: Sequence[Block],
    *,
    title: str = "",
    reference: str = "",
) -> Mail:
    """
    Return the mail about *grant* to *reader*.

    *title* stands above its HTML, the subject unless it is given; *reference* is that of a ticket
    which is not recorded on the grant yet.
    """
    words, written = words_for(grant, reader), grant.correspondence
    is_to_owner = reader == "owner"
    reference = reference or grant.reference
    tagged = f"[{reference}] {subject}" if reference else subject
    is_answer = not is_to_owner and bool(written.message_id)
    return write(
        team,
        words,
        to=grant.owner_email if is_to_owner else team.email,
        subject=f"Re: {written.subject}" if is_answer else tagged,
        title=title or subject,
        blocks=blocks,
        reply_to=team.email if is_to_owner else grant.owner_email,
        footer=[words.say("footer.answer", support=team.name)] if is_to_owner else [],
        in_reply_to=written.message_id if is_answer else "",
        references=conversation(team, reference, written.message_id if is_answer else ""),
        # Help desks put aside what says that it is automatic.
        is_automatic=is_to_owner,
        grant_id=grant.id,
    )


def write(
    team: SupportTeam,
    words: Words,
    *,
    to: str,
    subject: str,
    title: str,
    blocks: Sequence[Block],
    reply_to: str = "",
    footer: Sequence[str] = (),
    in_reply_to: str = "",
    references: tuple[str, ...] = (),
    is_automatic: bool = False,
    grant_id: str = "",
) -> Mail:
    """Return a mail of *team* with the given parts, as plain text and as HTML."""
    foot = [*footer, team.name, team.public_url]
    return Mail(
        to=to,
        subject=subject,
        text=layout.plain(blocks, foot, words),
        html=layout.html(title, blocks, foot, team.name, words),
        reply_to=reply_to,
        sender=team.name,
        in_reply_to=in_reply_to,
        references=references,
        is_automatic=is_automatic,
        grant_id=grant_id,
        logo=brand().logo,
    )


def conversation(team: SupportTeam, reference: str, message_id: str = "") -> tuple[str, ...]:
    """
    Return what the mails of one ticket refer to: a root of ours, and the ticket itself.

    The mail system makes the Message-IDs, and a process may die before it has recorded one. The
    root follows from the reference, so it holds the mails together even then.
    """
    root = f"<{reference}@{urlsplit(team.public_url).hostname}>" if reference else ""
    return tuple(part for part in (root, message_id) if part)
