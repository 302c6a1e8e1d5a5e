"""
The consent key: the application password that WordPress makes when the owner approves.

It is a key to the owner's own account, so it is stored, sealed, only while a set-up or a repair is
unfinished. It deletes itself, and is deleted only when the site refuses it afterwards. One that was
approved on another host than the one that it would go to is sent nowhere, and forgotten.
"""

from __future__ import annotations

from chalicelib.errors import ConsentRejected, KeyRefused, SiteUnsupported
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Consent
from chalicelib.grants.ports import Sealer
from chalicelib.grants.site import Credentials, Site, WordPress
from chalicelib.grants.store import GrantStore, update
from chalicelib.patterns import pattern
from chalicelib.site_problems import unsupported
from chalicelib.values import dataclass

KEY_LEFT = (
    "Please also delete the application password that you have just approved: Users » Profile » "
    "Application Passwords » Revoke."
)
# To WordPress, a key that is wrong and one that never arrives are the same.
HEADER_DROPPED = (
    "your web server drops the Authorization header on the way to WordPress: on Apache, add the "
    'line SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1 at the top of .htaccess; on other '
    f"servers, ask your host to pass that header to PHP. {KEY_LEFT}"
)
CONSENT_REFUSED = (
    "Your site did not accept the approval. Please approve once more. If it happens again, "
    f"{HEADER_DROPPED}"
)
MISTYPED = (
    "Your site did not accept the approval: the password or the user name may be mistyped. "
    "Please copy both once more; the password has 24 letters and digits. If they are right, "
    f"{HEADER_DROPPED}"
)
LOGIN_NOT_TAKEN = (
    "WordPress takes no user name with a colon, a quotation mark, an apostrophe or a backslash "
    "together with an application password. Please paste an application password with the e-mail "
    "address of that account instead of its name, or approve as another administrator. "
    f"{KEY_LEFT}"
)
CHECKED_BY_PLUGIN = (
    "A plugin of your site, such as WP-API Basic Authentication, checks the approval in WordPress’ "
    "place and takes it for your own password. Please switch that plugin off while support is in, "
    f"and approve again. {KEY_LEFT}"
)
LOGIN_NOT_TAKEN_SIGNS = frozenset(":'\"\\")
APPLICATION_PASSWORD = pattern(r"[A-Za-z0-9]{24}")  # As every WordPress makes it.


@dataclass(frozen=True, slots=True)
class ConsentKey:
    """Seals, unseals and deletes the consent key of a grant."""

    grants: GrantStore
    wordpress: WordPress
    sealer: Sealer

    def seal(self, key: Credentials, *, grant_id: str, held_since: int | None = None) -> Consent:
        """Return *key* as it is stored on the grant of that id; it may be held."""
        sealed = self.sealer.seal(key.password, grant_id=grant_id, purpose="consent")
        return Consent(key.username, sealed, held_since=held_since, approved_on=key.approved_on)

    def unseal(self, grant: Grant) -> Credentials:
        """
        Return the consent key that is stored on *grant*.

        Raises:
            KeyRefused: None is stored.
        """
        if grant.consent is None:
            raise KeyRefused("We hold no key of the owner's.")
        sealed = grant.consent.sealed
        password = self.sealer.unseal(sealed, grant_id=grant.id, purpose="consent")
        return Credentials(grant.consent.login, password, grant.consent.approved_on)

    def is_stored(self, grant: Grant, key: Credentials) -> bool:
        """Return whether the consent key stored on *grant* is *key*."""
        return grant.consent is not None and self.unseal(grant) == key

    def delete_on_site(self, grant: Grant, site: Site) -> None:
        """
        Let the stored consent key, if there is one, delete itself. A dead key is no error.

        Raises:
            SiteUnavailable, SiteUnsupported: The key may be alive; with ``two_hosts``, on another
                site than *site*.
        """
        if grant.consent is None:
            return
        if not site.has_one_origin and grant.consent.key_id is None:
            raise unsupported("two_hosts")  # The key was never there, and is not to get there now.
        key = self.unseal(grant)
        try:
            key_id = grant.consent.key_id or self.wordpress.key_id(site, key)
        except KeyRefused:
            return
        self.wordpress.delete_own_key(site, key, key_id)

    def delete_given(self, grant: Grant, key: Credentials) -> None:
        """
        Delete *key*, which its owner gave for *grant*: on the site, and if it is stored, forget it.

        Raises:
            KeyRefused, SiteUnavailable, SiteUnsupported: It may be alive.
        """
        if self.is_stored(grant, key):
            self.delete(grant)
        elif grant.consent is not None:  # That one could not be replaced, and this one is no use.
            site = grant.on_site.site or self.wordpress.discover(grant.site_url)
            self.wordpress.delete_own_key(site, key, self.wordpress.key_id(site, key))

    def delete(self, grant: Grant) -> Grant:
        """
        Delete the stored consent key on the site, then from the grant; one that came since stays.

        Raises:
            SiteUnavailable, SiteUnsupported: It has to wait.
        """
        consent = grant.consent
        if consent is None:
            return grant
        try:
            site = grant.on_site.site or self.wordpress.discover(grant.site_url)
            self.delete_on_site(grant, site)
        except SiteUnsupported as error:
            if error.reason != "two_hosts":
                raise
        return update(self.grants, grant.id, lambda stored: stored.consent_deleted(consent))


def rejected(consent: Credentials, refused: KeyRefused, *, is_pasted: bool) -> ConsentRejected:
    """
    Return why *consent* is of no use: the cause that shows, or the likeliest.

    *is_pasted*: a person may have typed it; WordPress itself mistypes nothing.
    """
    if LOGIN_NOT_TAKEN_SIGNS & set(consent.username):
        return ConsentRejected(LOGIN_NOT_TAKEN, reason="login_not_taken")
    if is_pasted and not APPLICATION_PASSWORD.fullmatch(consent.password.replace(" ", "")):
        return ConsentRejected(MISTYPED, reason="mistyped")
    if refused.by_plugin:
        return ConsentRejected(CHECKED_BY_PLUGIN, reason="checked_by_plugin")
    if is_pasted:
        return ConsentRejected(MISTYPED, reason="mistyped")
    return ConsentRejected(CONSENT_REFUSED)
