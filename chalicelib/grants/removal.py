"""
Removal: the support user first, then, if set-up or a repair left it, the consent key.

`Removal.remove_from_site` returns only when two words say that the account is deleted. In every
other case it raises, and the caller tries again later. These pairs count:

| first word                              | second word                                     |
|-----------------------------------------|-------------------------------------------------|
| ``deleted: true`` with our user's id    | to strangers: there is no user of that id       |
| ``deleted: true`` with our user's id    | any refusal of the key that worked a moment ago |
| ``deleted: true``, or no user found     | the owner's key finds no such user, by name, id |
| to strangers: there is no user of the id| to strangers: there is another (the owner, or 1)|

The first word is recorded with its time before the second is asked for, and is not doubted later.
Strangers' questions come before keys where a key may be dead; a refused removal key is sent once a
day at most, because plugins that count refused keys block the address that sends them.

Only the account that this grant made is touched. A site restored from a backup may have given its
id to another, so the id alone proves nothing:

* Whoever our removal key signs in is our account, if the id is the one recorded as well: the key
  was made for that account and is nowhere else. Its login name may have been changed in the
  database since, so its e-mail address signs it in too.
* With the owner's key, the login name or the e-mail address must be ours besides the id.

A site that has moved is searched for by bare GETs from its recorded address, whose holder alone can
name a new one. It is the same site only if our key signs in our account, id and login name alike.

What cannot be seen from outside: whether the WordPress that now answers at the same address, does
not take our key and knows no user of that id is the one on which the account was made. And whoever
controls the site's address gets to see the removal key, as the site itself does.
"""

from __future__ import annotations

from chalicelib.clock import DAY
from chalicelib.errors import HallpassError, KeyRefused, SiteUnavailable, SiteUnsupported
from chalicelib.grants.consent_key import ConsentKey
from chalicelib.grants.evidence import Evidence
from chalicelib.grants.model import Grant
from chalicelib.grants.removal_key import RemovalKey
from chalicelib.grants.site import Account, Credentials, Site, WordPress
from chalicelib.grants.snapshot import Snapshot
from chalicelib.grants.store import GrantStore, update
from chalicelib.grants.strangers import is_missing_to_strangers, may_be_deleted
from chalicelib.site_problems import may_have_moved, unavailable, unsupported
from chalicelib.values import dataclass

MAX_UNREACHED_SECONDS = 7 * DAY


@dataclass(frozen=True, slots=True)
class Removal:
    """Removes what a grant has made on its site."""

    grants: GrantStore
    wordpress: WordPress
    consent_key: ConsentKey
    removal_key: RemovalKey

    def remove_from_site(self, grant: Grant, *, now: int) -> Grant:
        """
        Delete the support user and any consent key left; return the stored grant. Idempotent.

        That the user is deleted is recorded before the consent key is: without that key, no caller
        could ask the site again whether a user is there whose id was never known.

        Raises:
            KeyRefused: No key of ours is accepted, and the site does not say that the user is gone.
            SiteUnsupported: The site refuses, or the user of that id is not ours.
            SiteUnavailable: No usable answer this time.
        """
        on_site = grant.on_site
        if not on_site.user_may_exist and on_site.site is None:
            self._delete_consent_key_of_unreached(grant, now)
            return grant
        if grant.is_manual and on_site.user_may_exist:
            self._require_repairable(grant)
        site = on_site.site or self.wordpress.discover(grant.site_url)
        stored = grant
        # The check comes before the first request to make a user, so without it there is none.
        if on_site.user_may_exist:
            self._require_user_deleted(grant, site, now)
            if grant.consent is not None:
                stored = update(self.grants, grant.id, Grant.user_deleted)
        self.consent_key.delete_on_site(grant, site)
        return stored

    def find_moved_site(self, grant: Grant, problem: HallpassError) -> Site | None:
        """
        Return where the site of *grant* lives now, if it has moved and our account is seen there.

        *problem* is what the recorded address gave. No key goes along a redirect: it is sent only
        to where bare GETs have found a WordPress.
        """
        recorded = grant.on_site.site
        if not may_have_moved(problem) or recorded is None or grant.on_site.sealed_removal is None:
            return None
        try:
            # The typed address may be another's, which once redirected to the site.
            site = self.wordpress.discover(recorded.url)
            if site.rest_root == recorded.rest_root:
                return None
            account = self.wordpress.whoami(site, self.removal_key.unseal(grant))
        except HallpassError:
            return None
        is_ours = (account.id, account.username) == (grant.on_site.user_id, grant.username)
        return site if is_ours else None

    def take_snapshot(self, grant: Grant, *, now: int) -> Snapshot:
        """
        Return the site's snapshot with the owner's key, or else to the support user.

        Raises:
            KeyRefused, SiteUnavailable: It cannot be seen.
        """
        site = grant.on_site.site
        if site is None:
            raise KeyRefused("The site was never found.")
        ours = grant.on_site.user_id
        can_ask_user = self.removal_key.is_sendable(grant, now)
        if grant.consent is not None or not can_ask_user:
            try:
                consent = self.consent_key.unseal(grant)
                return self.wordpress.snapshot(site, consent, our_user_id=ours)
            except KeyRefused:
                if not can_ask_user:
                    raise
        if may_be_deleted(grant) and is_missing_to_strangers(self.wordpress, grant, site):
            raise KeyRefused("To strangers, the site says that there is no such user.")
        try:
            return self.wordpress.snapshot(site, self.removal_key.unseal(grant), our_user_id=ours)
        except KeyRefused:
            self.removal_key.record_refusal(grant, now)
            raise

    def _require_repairable(self, grant: Grant) -> None:
        """Raise `KeyRefused` unless a repair of this manual grant got to know its user."""
        if grant.consent is None or grant.is_consent_held or grant.on_site.user_id is None:
            # Only its owner knows, and a repair that never got to know the user has nothing to
            # finish but to delete its consent key.
            self.consent_key.delete(grant)
            raise KeyRefused("There is no key to a user that was made by hand.")

    def _require_user_deleted(self, grant: Grant, site: Site, now: int) -> None:
        """Delete the user on the site, or raise why it may be there still."""
        try:
            if self._is_user_deleted(grant, site, now):
                return
        except SiteUnsupported:
            if grant.was_active:  # It stays so, and the owner's key is not ours to keep.
                self.consent_key.delete(grant)
            raise
        if grant.on_site.evidence.is_answer_lost and grant.consent is None:
            raise unavailable("unconfirmed")
        raise KeyRefused("The site does not accept our key any more.")

    def _is_user_deleted(self, grant: Grant, site: Site, now: int) -> bool:
        try:
            if self._is_deleted_without_owner(grant, site, now):
                return True
        except (SiteUnavailable, SiteUnsupported):
            # A user that was demoted cannot delete itself, and a word may come too late; the
            # owner's key deletes and asks all the same.
            if grant.consent is None:
                raise
        if grant.consent is not None:
            return self._delete_by_owner(grant, site, now)
        return not may_be_deleted(grant) and is_missing_to_strangers(self.wordpress, grant, site)

    def _is_deleted_without_owner(self, grant: Grant, site: Site, now: int) -> bool:
        if may_be_deleted(grant) and is_missing_to_strangers(self.wordpress, grant, site):
            return True
        if grant.on_site.evidence.deleted_at is not None:
            if grant.on_site.sealed_removal is None:
                return False
            if self.wordpress.refuses(site, self.removal_key.unseal(grant)):
                return True
            # A key that still works disproves the deletion, which is done again.
            grant = self.removal_key.record(grant, Evidence.deletion_disproved)
        return self.removal_key.is_sendable(grant, now) and self._delete_by_itself(grant, site, now)

    def _delete_by_itself(self, grant: Grant, site: Site, now: int) -> bool:
        """Let the support user delete its own account, and see that it is deleted."""
        try:
            key, account = self.removal_key.sign_in(grant, site, now)
            if account.id != grant.on_site.user_id or account.id == grant.on_site.owner_id:
                raise unsupported("not_ours")
            heir_id = _known(grant.on_site.owner_id)
            try:
                deleted = self.wordpress.delete_self(site, key, account, heir_id, is_seen=True)
            except SiteUnavailable:
                self.removal_key.record(grant, Evidence.answer_lost)
                raise
        except KeyRefused:
            return is_missing_to_strangers(self.wordpress, grant, site)
        if not deleted:
            return is_missing_to_strangers(self.wordpress, grant, site)
        self.removal_key.record_deletion(grant, now)
        return self.wordpress.is_missing(site, account.id) or self.wordpress.refuses(site, key)

    def _delete_by_owner(self, grant: Grant, site: Site, now: int) -> bool:
        """Delete the support user with the owner's consent key, and see that it is deleted."""
        consent = self.consent_key.unseal(grant)
        try:
            account = self._find_as_owner(grant, site, consent)
            if account is None:
                return True
            owner_id = grant.on_site.owner_id or self.wordpress.whoami(site, consent).id
            if account.id == owner_id or grant.on_site.user_id not in {None, account.id}:
                raise unsupported("not_ours")
            if self.wordpress.delete_user(site, consent, account, owner_id):
                self.removal_key.record_deletion(grant, now)
            return self._find_as_owner(grant, site, consent) is None
        except KeyRefused:
            return is_missing_to_strangers(self.wordpress, grant, site)

    def _find_as_owner(self, grant: Grant, site: Site, consent: Credentials) -> Account | None:
        """
        Return our account as the owner sees it, under the login name it was given or another.

        A search may be made to hide it, so it is asked for by its id as well. A user of that id
        with neither our login name nor our address is another: a new one after a backup was
        restored. Should it be ours after all, changed in the database, then the visit report shows
        it as an administrator who was added.
        """
        user_id = grant.on_site.user_id
        account = self.wordpress.find_user(site, consent, grant.username)
        if account is not None or user_id is None:
            return account
        account = self.wordpress.user_by_id(site, consent, user_id)
        if account is None:
            return None
        same_name = account.username.casefold() == grant.username.casefold()
        same_email = account.email.casefold() == self.removal_key.email(grant).casefold()
        return account if same_name or same_email else None

    def _delete_consent_key_of_unreached(self, grant: Grant, now: int) -> None:
        """Delete the consent key on a site from which set-up never got an answer."""
        try:
            self.consent_key.delete_on_site(grant, self.wordpress.discover(grant.site_url))
        except HallpassError as error:
            # No account was made there. After a week the site is no longer expected to answer.
            is_elsewhere = error.details().get("reason") == "two_hosts"
            if not is_elsewhere and now < grant.created_at + MAX_UNREACHED_SECONDS:
                raise


def _known(number: int | None) -> int:
    if number is None:
        raise AssertionError("Set-up records this id before the phase that needs it.")
    return number
