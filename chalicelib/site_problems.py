"""
What can be wrong with a site, for its owner: one plain sentence, and what to do about it.

`unsupported` is for what stays so until its owner changes it; `unavailable` for a response that did
not come or could not be used, where trying again may help. The reasons are stable names that pages
and outside programs switch on. This is the only English source of these sentences: `make contract`
writes them into the pages' catalogue, which has the translations beside them. No text repeats a
part of a site's response, and the texts for an unknown host and for one that refuses are the same.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.errors import HallpassError, SiteUnavailable, SiteUnsupported

# What a site's old address answers once it has moved: a redirect, another page, nothing at all.
# With `two_hosts`, the owner has approved on another host than the recorded one.
MOVED_REASONS = frozenset({"odd_answer", "unreachable", "rest_blocked", "two_hosts"})


class Explanation(NamedTuple):
    """What an owner reads: the problem in one sentence, and what to do about it."""

    message: str
    fix: str


UNSUPPORTED = {
    "not_wordpress": Explanation(
        "We found no WordPress at this address.",
        "Check the address. If WordPress is in a folder, give the whole address, such as "
        "example.com/blog.",
    ),
    "site_unreachable": Explanation(
        "We could not reach that site.",
        "Check the spelling, and that the site opens in a private window without a certificate "
        "warning.",
    ),
    "incomplete_certificate": Explanation(
        "The certificate of this site comes without the one that signed it: browsers mend that, "
        "programs cannot.",
        "Ask your host to install the whole certificate chain (“full chain”, with the intermediate "
        "certificate). Then check again, or use another way.",
    ),
    "needs_https": Explanation(
        "This site works without https, so keys to it would travel unprotected.",
        "Ask your host for a certificate, and let both addresses in Settings, General begin "
        "with https://.",
    ),
    "app_passwords_off": Explanation(
        "Application passwords are switched off on this site, and the approval needs one.",
        "With Wordfence: All Options, Brute Force Protection, untick “Disable WordPress "
        "application passwords”. Other security plugins have a switch like it. Then check "
        "again, or use another way.",
    ),
    "rest_blocked": Explanation(
        "This site keeps its REST API closed, and the approval works through it.",
        "A plugin closes it, for example Disable REST API, Solid Security or All-In-One "
        "Security. Let it allow the REST API, its users part included, to signed-in "
        "administrators, or use another way.",
    ),
    "firewall": Explanation(
        "A firewall in front of the site turned us away.",
        "Let it pass requests to /wp-json/ whose user agent begins with “Hallpass”, or ask your"
        " host to. Then try again, or use another way.",
    ),
    "basic_auth": Explanation(
        "The site asks for a password before WordPress is reached, as test sites do.",
        "Switch that protection off while support is in, or use the live site.",
    ),
    "wordpress_com": Explanation(
        "This site is on a WordPress.com plan that cannot let us in this way.",
        "Invite support at WordPress.com under Users, or choose “I created a user for you myself”.",
    ),
    "two_hosts": Explanation(
        "This site asks for the approval on one host and would use it on another, so we do not ask "
        "for it.",
        "Give the address at which you sign in to WordPress. If that is what you gave, let both "
        "addresses in Settings, General name the same host, or use another way.",
    ),
    "multisite": Explanation(
        "This site is part of a WordPress network, where we could not delete the account again.",
        "Ask the network’s administrator to make a user for support, and choose “I made a user "
        "for you myself”.",
    ),
    "password_refused": Explanation(
        "Your site does not take a new password for the temporary account.",
        "End this access, and allow it again. That makes a new account and a new link.",
    ),
    "cannot_remove": Explanation(
        "This site does not let users be deleted, so the temporary account would stay.",
        "A security plugin may protect administrators: let it allow making and deleting them "
        "while support is in. On a network, ask its administrator.",
    ),
    "creation_refused": Explanation(
        "The site refused to make the temporary account.",
        "A plugin that checks new users stopped it. Pause that plugin and try again, or use "
        "another way.",
    ),
    "user_not_found": Explanation(
        "We find no user of that name on the site.",
        "Look under Users, All Users. If it has another name, delete it by hand. If it is gone,"
        " press “I deleted it myself”.",
    ),
    "user_is_newer": Explanation(
        "The user of that name was made after you told us about it, so we did not delete it.",
        "Look under Users, All Users. If it is the one for support, delete it by hand: point at "
        "the name, Delete, Confirm Deletion.",
    ),
    "user_is_older": Explanation(
        "The user of that name had been on the site for more than a day when you told us about "
        "it, so we did not delete it.",
        "If you made it for support, delete it by hand: Users, All Users, point at the name, "
        "Delete, Confirm Deletion.",
    ),
    "not_ours": Explanation(
        "The user that we find on the site is not the one that we made.",
        "Look in your WordPress under Users, All Users. If the temporary account is there, "
        "delete it by hand.",
    ),
    # A hint: the approval works once the owner is signed in.
    "hidden_login": Explanation(
        "This site hides its sign-in page.",
        "Sign in to your site first, in this browser. Then come back and check again.",
    ),
}

UNAVAILABLE = {
    "timeout": Explanation(
        "The site did not answer in time.",
        "Please try again in a few minutes. Nothing happens twice.",
    ),
    "unreachable": UNSUPPORTED["site_unreachable"],
    "incomplete_certificate": UNSUPPORTED["incomplete_certificate"],
    "server_error": Explanation(
        "The site answered with an error of its own.",
        "Open it in a private window. If it shows a critical error, your host can tell why.",
    ),
    "maintenance": Explanation(
        "The site is in maintenance mode.",
        "Wait until its update is done, then try again.",
    ),
    "firewall": UNSUPPORTED["firewall"],
    "odd_answer": Explanation(
        "The site gave an answer that is not WordPress’ own.",
        "A caching or security plugin may answer in its place. Pause it and try again, or use "
        "another way.",
    ),
    "unconfirmed": Explanation(
        "We asked the site to delete the account, its answer got lost, and since then it does not "
        "say whether the account is there.",
        "Look in your WordPress under Users, All Users. If the account is there, delete it by "
        "hand. To have the end confirmed, press “Approve and delete”.",
    ),
}


def unsupported(reason: str) -> SiteUnsupported:
    """
    Return the error for *reason*, with its sentence and its fix.

    Raises:
        KeyError: *reason* is not one of `UNSUPPORTED`.
    """
    return SiteUnsupported(reason, *UNSUPPORTED[reason])


def unavailable(reason: str) -> SiteUnavailable:
    """
    Return the error for *reason*, with its sentence.

    Raises:
        KeyError: *reason* is not one of `UNAVAILABLE`.
    """
    return SiteUnavailable(reason, UNAVAILABLE[reason].message)


def may_have_moved(problem: HallpassError) -> bool:
    """Return whether *problem* is what the old address of a site gives once it has moved."""
    return problem.details().get("reason") in MOVED_REASONS
