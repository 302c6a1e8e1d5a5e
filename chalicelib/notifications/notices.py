"""
The texts of notices: of the end, of an end that fails, of a link opened, locked or asked for.

Pure functions. What they return holds our own words, a host name, dates, counts and the login name
that we made, and no link but the receipt's. What a site reported and what a person typed is on the
receipt only: otherwise a stranger could have us mail his words to any mailbox.
"""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.grants.ports import Wish
from chalicelib.notifications.layout import Block, Button, Steps, Text
from chalicelib.notifications.letter import letter, words_for
from chalicelib.notifications.message import Mail, SupportTeam
from chalicelib.notifications.words import Words
from chalicelib.onetime.model import MAX_PASSPHRASE_TRIES


def ended(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str) -> Mail:
    """Return the mail that tells *reader* that WordPress has confirmed the end."""
    words, site = words_for(grant, reader), grant.site_name
    date = words.when(grant.ended_at or grant.expires_at)
    if not grant.was_active:
        blocks: list[Block] = [
            Text(words.say("not_set_up.text", site=site)),
            Text(words.say("not_set_up.next", support=team.name)),
            Button(words.say("not_set_up.button"), f"{team.public_url}/"),
        ]
        return letter(team, grant, reader, words.say("not_set_up.subject", site=site), blocks)
    if grant.ended_on_owner_word:
        blocks = [Text(words.say(f"said.{reader}", site=site, date=date))]
    else:
        facts = {"site": site, "date": date, "username": grant.username}
        key = "ended.by_hand" if grant.is_manual else "ended.text"
        blocks = [Text(words.say(key, **facts)), Text(_who_ended(team, grant, reader, words))]
        blocks += (
            [Text(words.say("ended.support"))] if reader == "support" else _afterword(grant, words)
        )
    if reader == "owner":
        blocks.append(Button(words.say("receipt.button"), receipt_url))
    subject = words.say("ended.subject", site=site)
    return letter(team, grant, reader, subject, blocks, title=words.say("ended.title"))


def overdue(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str, *, now: int) -> Mail:
    """Return the mail that says that the account could not be removed, and how to do it by hand."""
    words, site = words_for(grant, reader), grant.site_name
    if not grant.on_site.user_may_exist:
        subject = words.say("key_left.subject", site=site)
        return letter(team, grant, reader, subject, _key_left(grant, words))
    failed = words.say(
        "overdue.text",
        username=grant.username,
        site=site,
        date=words.when(grant.overdue_since or now),
        n=grant.schedule.attempts,
        last=words.when(now),
    )
    blocks: list[Block] = [Text(failed)]
    if reader == "owner":
        steps = (
            words.say("step.users", site=site),
            words.say("step.find", username=grant.username),
            words.say("step.confirm"),
        )
        blocks += [Text(words.say("overdue.by_hand")), Steps(steps), Text(words.say("overdue.or"))]
        blocks += [Button(words.say("receipt.button"), receipt_url)]
        blocks += [Text(words.say("overdue.promise"))]
    else:
        blocks += [Text(words.say("overdue.support"))]
    return letter(team, grant, reader, words.say("overdue.subject", site=site), blocks)


def locked(team: SupportTeam, grant: Grant, receipt_url: str, *, locked_at: int) -> Mail:
    """Return the mail that says that a passphrase was guessed at, and how to end the access."""
    words, site = words_for(grant, "owner"), grant.site_name
    otherwise = "locked.otherwise_by_hand" if grant.is_manual else "locked.otherwise"
    blocks: list[Block] = [
        Text(
            words.say("locked.text", site=site, n=MAX_PASSPHRASE_TRIES, date=words.when(locked_at))
        ),
        Text(words.say("locked.likely", support=team.name)),
        Text(words.say(otherwise)),
        Button(words.say("receipt.button"), receipt_url),
    ]
    return letter(team, grant, "owner", words.say("locked.subject", site=site), blocks)


def opened(team: SupportTeam, grant: Grant, receipt_url: str, *, opened_at: int) -> Mail:
    """Return the mail that tells the owner that support has opened the sign-in link."""
    words, site = words_for(grant, "owner"), grant.site_name
    key = "opened.by_hand" if grant.is_manual else "opened.text"
    doubt = "opened.doubt_by_hand" if grant.is_manual else "opened.doubt"
    date, end = words.when(opened_at), words.when(grant.expires_at)
    facts = {"support": team.name, "site": site, "date": date, "end": end}
    blocks: list[Block] = [
        Text(words.say(key, **facts, username=grant.username)),
        Text(words.say(doubt, support=team.name)),
        Button(words.say("receipt.button"), receipt_url),
    ]
    subject = words.say("opened.subject", support=team.name, site=site)
    return letter(team, grant, "owner", subject, blocks)


def asked(team: SupportTeam, grant: Grant, wish: Wish, receipt_url: str) -> Mail:
    """Return the mail in which support asks the owner for a new link, or for more time."""
    words, site = words_for(grant, "owner"), grant.site_name
    date = words.when(grant.expires_at)
    text = (
        words.say("asked.link", support=team.name, site=site)
        if wish == "link"
        else words.say("asked.time", support=team.name, site=site, date=date)
    )
    blocks: list[Block] = [
        Text(text),
        Button(words.say(f"asked.{wish}_button"), receipt_url),
        Text(words.say("asked.doubt", support=team.name)),
    ]
    subject = words.say(f"asked.{wish}_subject", support=team.name, site=site)
    return letter(team, grant, "owner", subject, blocks)


def _key_left(grant: Grant, words: Words) -> list[Block]:
    """Say that no account is there, but the approval is."""
    site = grant.site_name
    key = "key_left.none"
    if grant.was_active:
        key = "key_left.by_hand" if grant.is_manual else "key_left.deleted"
    return [
        Text(words.say(key, site=site, username=grant.username)),
        Text(words.say("key_left.but")),
        Steps((words.say("key_left.profile", site=site), words.say("key_left.revoke"))),
    ]


def _who_ended(team: SupportTeam, grant: Grant, reader: Holder, words: Words) -> str:
    """Say who ended it: either side, or the time."""
    asked = [event.by for event in grant.timeline if event.name == "end_requested"]
    repaired = any(event.name == "repair_requested" for event in grant.timeline)
    by = asked[0] if asked else "owner" if repaired else "time"
    key = "you" if by == reader else by
    return words.say(f"ended.by_{key}", support=team.name)


def _afterword(grant: Grant, words: Words) -> list[Block]:
    """Tell the owner what is hers now, what changed meanwhile, and what we never had."""
    # The password was only behind the link, and the link opens once.
    is_unused = not grant.is_manual and not grant.was_link_opened
    blocks: list[Block] = [Text(words.say("ended.unused" if is_unused else "ended.yours"))]
    blocks.append(Text(_report(grant, words)))
    if not grant.is_manual:
        blocks.append(Text(words.say("ended.key"), is_faint=True))
    return blocks


def _report(grant: Grant, words: Words) -> str:
    """Say how many things changed while support was in; which ones is on the receipt."""
    changes = grant.visit.changes
    if changes is None:
        return words.say("report.unknown")
    unseen = sum(change.kind == "not_seen" for change in changes)
    seen = len(changes) - unseen
    if not changes:
        return words.say("report.nothing")
    parts = [words.say("report.changes", n=seen)]
    if unseen:
        parts.append(words.say("report.unseen", n=unseen))
    return " ".join(parts)
