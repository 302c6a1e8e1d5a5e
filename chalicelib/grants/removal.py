"""
Taking an access off its site: the support user first, then, if set-up left it, the consent key.

`Removal.clear` returns only when WordPress has confirmed that the account is gone: it said so when
it deleted, and a second question showed it. In every other case it raises, and the caller tries
again later.

Nobody's account is touched but the one that this grant made. A site restored from a backup may have
given its id to another, so the id alone proves nothing:

* Whoever our removal key signs in is our account, if the id is the one recorded as well: the key
  was made for that account and is nowhere else. Its login name may have been changed in the
  database since, so its e-mail address signs it in too.
* With the owner's key, the login name or the e-mail address must be ours besides the id.

A site that has moved is looked for again by bare GETs from the address that its owner typed. It is
taken for the same site only if our key signs in our account there, id and login name alike.

What nobody can tell from outside: whether the WordPress that now answers at the same address, does
not take our key and knows no user of that id is the one on which the account was made. And whoever
controls the site's address gets to see the removal key, as the site itself does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.clock import DAY
from chalicelib.errors import HallpassError, KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.grants.model import Grant, GrantStore, change
from chalicelib.grants.ports import Sealer
from chalicelib.grants.request import plus_address
from chalicelib.grants.site import Account, Credentials, Site, Snapshot, WordPress
from chalicelib.site_problems import unsupported

UNSEEN_UNTIL = 7 * DAY
# How a site looks at its old address once it has moved: a redirect, another page, nobody there.
ELSEWHERE = frozenset({"odd_answer", "unreachable", "rest_blocked"})
FIRST_USER = 1


@dataclass(frozen=True, slots=True)
class Removal:
    """Removes what a grant has made on its site. Its mail goes to `support_email`, as in set-up."""

    grants: GrantStore
    wordpress: WordPress
    sealer: Sealer
    support_email: str

    def clear(self, grant: Grant, *, now: int) -> Grant:
        """
        Take everything of *grant* off the site, and return it as it is stored. Safe to repeat.

        That the user is gone is recorded before the consent key goes: without that key, nobody
        could ask the site again whether a user is there whose id was never known.

        Raises:
            KeyRefused: No key of ours is accepted, and the site does not say that the user is gone.
            SiteUnsupported: The site refuses, or the user of that id is not ours.
            SiteUnavailable: No usable answer this time.
        """
        if not grant.checked and grant.site is None:
            self._clear_unseen(grant, now)
            return grant
        if grant.by_hand and grant.checked and None in (grant.sealed_consent, grant.user_id):
            # Nobody but its owner can tell, and a repair that never got to know the user has
            # nothing to finish but to give its consent back.
            self.give_back(grant)
            raise KeyRefused("There is no key to a user that was made by hand.")
        site = grant.site or self.wordpress.discover(grant.site_url)
        recorded = grant
        # The check comes before the first request to make a user, so without it there is none.
        if grant.checked:
            self._require_user_gone(grant, site)
            if grant.sealed_consent is not None:
                recorded = change(self.grants, grant.id, _without_user)
        self._drop_consent(grant, site)
        return recorded

    def find_again(self, grant: Grant, problem: HallpassError) -> Site | None:
        """
        Return where the site of *grant* lives now, if it has moved and our account is seen there.

        *problem* is what the recorded address gave. No key goes along a redirect: it is sent only
        to where bare GETs have found a WordPress.
        """
        if not is_elsewhere(problem) or grant.site is None or grant.sealed_removal is None:
            return None
        try:
            site = self.wordpress.discover(grant.site_url)
            if site.rest_root == grant.site.rest_root:
                return None
            account = self.wordpress.whoami(site, self._removal_key(grant))
        except HallpassError:
            return None
        is_ours = (account.id, account.username) == (grant.user_id, grant.username)
        return site if is_ours else None

    def look_around(self, grant: Grant) -> Snapshot:
        """
        Return what the site looks like now, as the support user or else the owner sees it.

        Raises:
            KeyRefused, SiteUnavailable: Nobody can look.
        """
        if grant.site is None:
            raise KeyRefused("The site was never found.")
        if grant.sealed_removal is not None:
            try:
                return self.wordpress.snapshot(grant.site, self._removal_key(grant))
            except KeyRefused:
                if grant.sealed_consent is None:
                    raise
        if grant.sealed_consent is None:
            raise KeyRefused("We hold no key to that site any more.")
        return self.wordpress.snapshot(grant.site, self.consent(grant))

    def give_back(self, grant: Grant) -> Grant:
        """
        Let the owner's consent key delete itself, and forget it; one that came since stays.

        Raises:
            SiteUnavailable, SiteUnsupported: It has to wait.
        """
        if grant.sealed_consent is None:
            return grant
        self._drop_consent(grant, grant.site or self.wordpress.discover(grant.site_url))

        def without(known: Grant) -> Grant:
            if known.sealed_consent != grant.sealed_consent:
                return known
            return replace(known, sealed_consent=None, consent_key_id=None)

        return change(self.grants, grant.id, without)

    def consent(self, grant: Grant) -> Credentials:
        """Return the owner's consent key that is kept while a set-up or a repair is unfinished."""
        sealed = grant.sealed_consent or b""
        plain = self.sealer.unseal(sealed, grant_id=grant.id, purpose="consent")
        return Credentials(grant.owner_login, plain)

    def _require_user_gone(self, grant: Grant, site: Site) -> None:
        """Take the user off the site, or raise why it may be there still."""
        try:
            if self._user_is_gone(grant, site):
                return
        except SiteUnsupported:
            if grant.state == "active":  # It stays so, and the owner's key is not ours to keep.
                self.give_back(grant)
            raise
        raise KeyRefused("The site does not accept our key any more.")

    def _user_is_gone(self, grant: Grant, site: Site) -> bool:
        if grant.sealed_removal is not None:
            try:
                if self._removed_by_itself(grant, site):
                    return True
            except SiteUnsupported:
                # A support user that was demoted cannot delete itself; the owner still can.
                if grant.sealed_consent is None:
                    raise
        if grant.sealed_consent is not None:
            return self._removed_by_owner(grant, site)
        return self._is_said_to_be_gone(grant, site)

    def _removed_by_itself(self, grant: Grant, site: Site) -> bool:
        """Let the support user delete its own account, and see that it is gone."""
        try:
            key, account = self._sign_in(grant, site)
            if account.id != grant.user_id or account.id == grant.owner_id:
                raise unsupported("not_ours")
            self.wordpress.delete_self(site, key, account, _known(grant.owner_id))
        except KeyRefused:
            return self._is_said_to_be_gone(grant, site)
        return self._is_refused(site, key) or self._is_said_to_be_gone(grant, site)

    def _sign_in(self, grant: Grant, site: Site) -> tuple[Credentials, Account]:
        """Return the support user's key with the name that it works with, and whose it is."""
        key = self._removal_key(grant)
        try:
            return key, self.wordpress.whoami(site, key)
        except KeyRefused:
            key = Credentials(self._email(grant), key.password)
            return key, self.wordpress.whoami(site, key)

    def _removed_by_owner(self, grant: Grant, site: Site) -> bool:
        """Delete the support user with the owner's consent key."""
        consent = self.consent(grant)
        try:
            account = self._found_by_owner(grant, site, consent)
            if account is None:
                return True
            owner_id = grant.owner_id or self.wordpress.whoami(site, consent).id
            if account.id == owner_id or grant.user_id not in {None, account.id}:
                raise unsupported("not_ours")
            self.wordpress.delete_user(site, consent, account, owner_id)
            return self._found_by_owner(grant, site, consent) is None
        except KeyRefused:
            return self._is_said_to_be_gone(grant, site)

    def _found_by_owner(self, grant: Grant, site: Site, consent: Credentials) -> Account | None:
        """
        Return our account as the owner sees it, under the login name it was given or another.

        A search may be made to hide it, so it is asked for by its id as well. A user of that id
        with neither our login name nor our address is another: a new one after a backup was
        restored. Should it be ours after all, changed in the database, then the after-visit report
        shows it as an administrator who was added.
        """
        account = self.wordpress.find_user(site, consent, grant.username)
        if account is not None or grant.user_id is None:
            return account
        account = self.wordpress.user_by_id(site, consent, grant.user_id)
        if account is None:
            return None
        same_name = account.username.casefold() == grant.username.casefold()
        same_email = account.email.casefold() == self._email(grant).casefold()
        return account if same_name or same_email else None

    def _is_said_to_be_gone(self, grant: Grant, site: Site) -> bool:
        """
        Tell whether the site says to strangers that our user does not exist.

        Some plugins say so of every user; then it is no proof.
        """
        if grant.user_id is None or not self.wordpress.is_missing(site, grant.user_id):
            return False
        others = {grant.owner_id or FIRST_USER, FIRST_USER} - {grant.user_id}
        return not all(self.wordpress.is_missing(site, other) for other in others)

    def _clear_unseen(self, grant: Grant, now: int) -> None:
        """Take the consent key off a site from which set-up never got an answer."""
        try:
            self._drop_consent(grant, self.wordpress.discover(grant.site_url))
        except HallpassError:
            # No account was made there. After a week the site is no longer expected to answer.
            if now < grant.created_at + UNSEEN_UNTIL:
                raise

    def _drop_consent(self, grant: Grant, site: Site) -> None:
        """Let the consent key delete itself, unless it is dead already."""
        if grant.sealed_consent is None:
            return
        consent = self.consent(grant)
        try:
            key_id = grant.consent_key_id or self.wordpress.key_id(site, consent)
        except KeyRefused:
            return
        self.wordpress.delete_own_key(site, consent, key_id)

    def _is_refused(self, site: Site, key: Credentials) -> bool:
        try:
            self.wordpress.whoami(site, key)
        except KeyRefused:
            return True
        return False

    def _removal_key(self, grant: Grant) -> Credentials:
        sealed = grant.sealed_removal or b""
        plain = self.sealer.unseal(sealed, grant_id=grant.id, purpose="removal")
        return Credentials(grant.username, plain)

    def _email(self, grant: Grant) -> str:
        return plus_address(self.support_email, grant.username)


def is_elsewhere(problem: HallpassError) -> bool:
    """Tell whether an address gave what it gives when the site is not there any more."""
    return isinstance(problem, SiteUnavailable | SiteUnsupported) and problem.reason in ELSEWHERE


def _without_user(grant: Grant) -> Grant:
    """Return *grant* as one whose user is confirmed gone, should the rest be tried again."""
    return replace(grant, checked=False, user_id=None, sealed_removal=None)


def _known(number: int | None) -> int:
    if number is None:
        raise AssertionError("Set-up records this id before the state that needs it.")
    return number
