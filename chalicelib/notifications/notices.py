"""The texts of notices: of the end, of an end that fails, of a locked link. Pure functions."""

from __future__ import annotations

from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder
from chalicelib.notifications.message import Mail, SupportTeam, when
from chalicelib.onetime.model import MAX_TRIES

# What each kind of change is called; `0` is the `report.Change`.
WORDS = {
    "administrator_added": "A new administrator, “{0.name}”, was added.",
    "administrator_removed": "The administrator “{0.name}” was removed.",
    "key_added": "The account “{0.name}” got a new application password, “{0.detail}”.",
    "email_changed": "The account “{0.name}” has another e-mail address.",
    "key_removed": "The application password “{0.detail}” of “{0.name}” was deleted.",
    "plugin_added": "The plugin {0.name} was added ({0.detail}).",
    "plugin_removed": "The plugin {0.name} was removed.",
    "plugin_updated": "The plugin {0.name} is now version {0.detail}.",
    "plugin_switched": "The plugin {0.name} is now {0.detail}.",
    "theme_added": "The theme {0.name} was added ({0.detail}).",
    "theme_removed": "The theme {0.name} was removed.",
    "theme_updated": "The theme {0.name} is now version {0.detail}.",
    "theme_switched": "The theme {0.name} is now {0.detail}.",
    "admin_email_changed": "The administration e-mail is now {0.name}.",
    "not_seen": "We could not see this part: {0.name}. {0.detail}",
    "more": "… and {0.name} more changes.",
}


def ended(team: SupportTeam, grant: Grant, reader: Holder) -> Mail:
    """Return the mail that tells *reader* that WordPress has confirmed the end."""
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
            f"The owner of {site} said that the user “{grant.username}” is deleted: {moment}.\n"
            "The user was made by hand, and we hold no key to that site, so we could not ask "
            "the site itself.\n\n"
        )
        subject = f"Access to {site} has ended"
    else:
        text = (
            f"The temporary administrator “{grant.username}” on {site} is gone.\n"
            f"We asked the site after deleting it, and the site confirmed it: {moment}.\n\n"
        ) + _afterword(reader, grant)
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
        f"1. Open {grant.user_admin_url}\n"
        f"   (Users » All Users, and look for “{grant.username}”)\n"
        "2. Hover over the name » Delete.\n"
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
        f"Somebody typed a wrong passphrase {MAX_TRIES} times for the one-time link to {site} "
        f"({when(locked_at)}).\nThe link is locked for half an hour. Nothing was opened.\n\n"
        f"Most likely {team.name} has mistyped it, or does not have it yet.\n"
        "If that was not support, end the access now on your receipt:\n"
        f"{receipt_url}\n"
    )
    subject = f"Wrong passphrases for the link to {site}"
    return _mail(team, grant, "owner", subject, text)


def _mail(team: SupportTeam, grant: Grant, reader: Holder, subject: str, text: str) -> Mail:
    to = grant.owner_email if reader == "owner" else team.email
    return Mail(to, subject, f"{text}\n{team.name} · {team.public_url}\n")


def _key_left(grant: Grant) -> str:
    """Say that no account is there, but the approval is."""
    site = grant.site_name
    done = (
        f"The temporary administrator “{grant.username}” on {site} is gone."
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


def _afterword(reader: Holder, grant: Grant) -> str:
    if reader == "support":
        return "Its user name and password do not work any more. You do not need to do anything.\n"
    return (
        "Everything it wrote belongs to you now. You do not need to do anything.\n"
        "Your own password and account were never shared with us.\n\n" + _report(grant)
    )


def _report(grant: Grant) -> str:
    """Say what changed while support was in, one line each."""
    if grant.visit.changes is None:
        return "What changed on the site while support was in, we could not see.\n"
    if not grant.visit.changes:
        return (
            "While support was in: no change of administrators, their application passwords, "
            "plugins, themes or the administration e-mail.\n"
        )
    lines = [f"- {WORDS[change.kind].format(change)}" for change in grant.visit.changes]
    return "What changed while support was in:\n" + "\n".join(lines) + "\n"
