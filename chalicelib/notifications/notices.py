"""
The texts of notices: of the end, of an end that fails, of a locked link. Pure functions.

They hold our own words, a host name, dates, counts and the login name that we made, and no link but
the receipt's. What a site reported and what a person typed is on the receipt only: otherwise
a stranger could have us mail his words to any mailbox.
"""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.notifications.message import Mail, SupportTeam, when
from chalicelib.onetime.model import MAX_PASSPHRASE_TRIES


def ended(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str) -> Mail:
    """Return the mail to *reader* that WordPress has confirmed the end."""
    site, moment = grant.site_name, when(grant.ended_at or grant.expires_at)
    if not grant.was_active:
        text = (
            f"Setting up temporary access to {site} was not finished, so we took it back.\n"
            f"There is no temporary account, and we hold no key to your site.\n\n"
            f"To let {team.name} in after all, please start again: {team.public_url}/\n"
        )
        subject = f"Access to {site} was not set up"
    elif grant.ended_on_owner_word:
        text = (
            f"The owner of {site} said that the account for support is deleted: {moment}.\n"
            "The account was made by hand, and we hold no key to that site, so we could not ask "
            "the site itself.\n"
        )
        subject = f"Access to {site} has ended"
    else:
        text = (
            f"The temporary administrator{_name(grant)} on {site} is gone.\n"
            f"We asked the site after deleting it, and the site confirmed it: {moment}.\n\n"
        ) + _afterword(reader, grant, receipt_url)
        subject = f"Access to {site} has ended"
    return _mail(team, grant, reader, subject, text)


def overdue(team: SupportTeam, grant: Grant, reader: Holder, receipt_url: str, *, now: int) -> Mail:
    """Return the mail that says that the account could not be removed, and how to do it by hand."""
    site = grant.site_name
    if not grant.on_site.user_may_exist:
        subject = f"Please check {site}: an approval is left"
        return _mail(team, grant, reader, subject, _key_left(grant))
    text = _failure(grant, site, now) + (
        "Please delete it by hand. It takes a minute:\n"
        f"1. Sign in to WordPress on {site} and open Users » All Users.\n"
        f"2. Look for {grant.username}. Hover over its name » Delete.\n"
        "3. Choose “Attribute all content to” yourself » Confirm Deletion.\n\n"
    )
    if reader == "owner":
        text += (
            "Or let us do it: open your receipt, press “Approve and delete”, and approve once "
            f"more on your site.\n{receipt_url}\n\n"
        )
    text += "We go on trying every day, and tell you when it is gone.\n"
    subject = f"Please check {site}: a temporary account is still there"
    return _mail(team, grant, reader, subject, text)


def locked(team: SupportTeam, grant: Grant, receipt_url: str, *, locked_at: int) -> Mail:
    """Return the mail that says that a passphrase was guessed at, and how to end the access."""
    site = grant.site_name
    text = (
        f"Somebody typed a wrong passphrase {MAX_PASSPHRASE_TRIES} times for the one-time link "
        f"to {site} ({when(locked_at)}).\n"
        "The link is locked for half an hour. Nothing was opened.\n\n"
        f"Most likely {team.name} has mistyped it, or does not have it yet.\n"
        "If that was not support, end the access now on your receipt:\n"
        f"{receipt_url}\n"
    )
    subject = f"Wrong passphrases for the link to {site}"
    return _mail(team, grant, "owner", subject, text)


def _mail(team: SupportTeam, grant: Grant, reader: Holder, subject: str, text: str) -> Mail:
    to = grant.owner_email if reader == "owner" else team.email
    return Mail(to, subject, f"{text}\n{team.name} · {team.public_url}\n")


def _name(grant: Grant) -> str:
    """Return the login name that we made, in quotation marks; "" for one that a person typed."""
    return "" if grant.is_manual else f" “{grant.username}”"


def _key_left(grant: Grant) -> str:
    """Say that no account is there, but the approval is."""
    site = grant.site_name
    done = (
        f"The temporary administrator{_name(grant)} on {site} is gone."
        if grant.was_active
        else f"Setting up temporary access to {site} was not finished. No temporary account is "
        "there."
    )
    return (
        f"{done}\n\n"
        "But the application password that you approved may be there still: we could not delete "
        "it yet. We go on trying. You can delete it yourself:\n"
        "1. Sign in to your WordPress and open Users » Profile.\n"
        "2. Under “Application Passwords”, press “Revoke” beside the one that names us.\n"
    )


def _failure(grant: Grant, site: str, now: int) -> str:
    return (
        f"The temporary administrator “{grant.username}” on {site} should be gone since "
        f"{when(grant.overdue_since or now)}, but the site did not let us delete it "
        f"({grant.schedule.attempts} tries, last {when(now)}). We go on trying.\n\n"
    )


def _afterword(reader: Holder, grant: Grant, receipt_url: str) -> str:
    if reader == "support":
        return "Its user name and password do not work any more. You do not need to do anything.\n"
    return (
        "Its posts, pages and files belong to you now. Keys that support made as this user, such "
        "as application passwords and WooCommerce REST keys, were deleted with it.\n"
        "You do not need to do anything.\n"
        "Your own password and account were never shared with us.\n\n"
        f"{_report(grant)}\n{receipt_url}\n"
    )


def _report(grant: Grant) -> str:
    """Say how many things changed while support was in; which ones is on the receipt."""
    changes = grant.visit.changes
    if changes is None:
        return "What changed on the site while support was in, we could not see. Your receipt:"
    unseen = sum(change.kind == "not_seen" for change in changes)
    seen = len(changes) - unseen
    if not changes:
        return (
            "While support was in: no change of administrators, their application passwords, "
            "plugins, themes or the administration e-mail. Your receipt:"
        )
    parts = [f"changes that we saw: {seen}"]
    if unseen:
        parts.append(f"parts of the site that we could not see: {unseen}")
    return f"While support was in, {'; '.join(parts)}. Your receipt lists them:"
