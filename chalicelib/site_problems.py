"""
What can be wrong with a site, for its owner: one plain sentence, and what to do about it.

`unsupported` is for what stays so until somebody changes it; `unavailable` for a response that did
not come or could not be used, where trying again may help. The reasons are stable names that
pages and outside programs switch on. No text repeats a part of a site's response, and the
texts for an unknown host and for one that refuses are the same.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.errors import SiteUnavailable, SiteUnsupported


class Explanation(NamedTuple):
    """What an owner reads: the problem in one sentence, and what to do about it."""

    message: str
    fix: str


UNSUPPORTED = {
    "not_wordpress": Explanation(
        "There is no WordPress site at that address.",
        "Check the address. If WordPress lives in a folder, give the whole address, "
        "such as https://example.com/blog.",
    ),
    "site_unreachable": Explanation(
        "We could not reach that site.",
        "Check the spelling, and that the site opens in a private window, "
        "over https and without a certificate warning.",
    ),
    "needs_https": Explanation(
        "This site works without https, so keys to it would travel unencrypted.",
        "Ask your host for a certificate, then let both addresses in Settings » General begin "
        "with https://.",
    ),
    "app_passwords_off": Explanation(
        "Application passwords are switched off on this site, and the approval needs one.",
        "With Wordfence: All Options » Brute Force Protection » untick “Disable WordPress "
        "application passwords”. Other security plugins have a switch like it. If none is active: "
        "WordPress must be 5.6 or newer and must know that it is on https; behind a proxy, "
        "your host has to pass X-Forwarded-Proto on.",
    ),
    "rest_blocked": Explanation(
        "This site keeps its REST API closed, and the approval works through it.",
        "A plugin closes it (for example Disable REST API, Solid Security or All-In-One Security). "
        "Let it allow the REST API, its users part included, to signed-in administrators.",
    ),
    "firewall": Explanation(
        "A firewall in front of the site turned our request away.",
        "Let it pass requests to /wp-json/ whose user agent begins with “Hallpass”. In Cloudflare: "
        "Security » WAF » Custom rules » Skip; with other services or hosts, ask their support.",
    ),
    "basic_auth": Explanation(
        "The site asks for a password before WordPress is reached, as staging sites do.",
        "Switch that protection off while support is in, or use the live site.",
    ),
    "wordpress_com": Explanation(
        "This site is on a WordPress.com plan that has no application passwords.",
        "Invite support at WordPress.com » Users, or make the user yourself and pass it on below.",
    ),
    "multisite": Explanation(
        "This site is part of a WordPress network, where we could not remove the account again.",
        "Ask the network's administrator to make a user for support by hand, and to delete it "
        "afterwards in Network Admin » Users.",
    ),
    "cannot_remove": Explanation(
        "This site does not let users be deleted, so the temporary account would stay.",
        "A security plugin may protect administrators (in Shield: Security Admin). Let it allow "
        "making and deleting administrators while support is in. On a network of sites, only its "
        "network administrator can delete users; ask them to make and delete one for support.",
    ),
    "creation_refused": Explanation(
        "The site refused to make the temporary account.",
        "A plugin that checks new users (security, membership, registration) stopped it. "
        "Pause that plugin, approve again, and switch it back on.",
    ),
    "user_not_found": Explanation(
        "We find no user of that name on the site.",
        "Look at Users » All Users. If the user is there under another name, delete it by hand; "
        "if it is gone, say so on your receipt.",
    ),
    "user_is_older": Explanation(
        "The user of that name has been on the site for long, so we did not delete it.",
        "If it is the one that you made for support, delete it by hand: Users » All Users » hover "
        "» Delete » Confirm Deletion.",
    ),
    "not_ours": Explanation(
        "The user that we find on the site is not the one that we made.",
        "Look at Users » All Users, and delete the temporary account by hand if it is there.",
    ),
    # A hint: the approval works once the owner is signed in.
    "hidden_login": Explanation(
        "This site hides its sign-in page, for example with WPS Hide Login.",
        "Sign in to your site first, in this browser, then come back and approve. "
        "Tell support the address of your sign-in page.",
    ),
}

UNAVAILABLE = {
    "timeout": Explanation(
        "The site did not answer in time.",
        "Try again in a few minutes. If it stays slow, your host can tell why.",
    ),
    "unreachable": UNSUPPORTED["site_unreachable"],
    "server_error": Explanation(
        "The site answered with an error of its own.",
        "Open it in a private window. If it shows a critical error, "
        "your host's error log names the cause.",
    ),
    "maintenance": Explanation(
        "The site is in maintenance mode.",
        "Wait until its update is done, then try again.",
    ),
    "firewall": UNSUPPORTED["firewall"],
    "odd_answer": Explanation(
        "The site gave an answer that is not WordPress' own.",
        "A caching, redirect or security plugin may answer in its place. Pause it and try again.",
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
