"""
The parts of a grant: values that are always used together.

All times are epoch seconds.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal, NamedTuple

from chalicelib.grants.evidence import Evidence
from chalicelib.grants.site import Site
from chalicelib.grants.visit_report import Change
from chalicelib.values import dataclass, field, replace

Holder = Literal["owner", "support"]
EventName = Literal[
    "access_created",
    "consent_held",
    "end_requested",
    "ended",
    "extended",
    "link_asked",
    "link_burned",
    "link_locked",
    "link_opened",
    "link_renewed",
    "mail_bounced",
    "mail_dropped",
    "not_confirmed",
    "removal_failed",
    "repair_requested",
    "setup_undone",
    "site_moved",
    "ticket_sent",
    "time_asked",
]
NoticeKind = Literal["ended", "overdue", "reminder", "locked", "opened"]

MAX_MAILED_TOKENS = 3  # The links in the last three mails work; the owner's own always does.


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a grant. `by` is who did it: owner, support or hallpass."""

    at: int
    name: EventName
    by: str = "hallpass"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    What proves who is asking.

    `fingerprint` distinguishes a repeated request from another one under the same id,
    `hold_fingerprint` a repeated ``hold`` and the request that completes it, until which
    `fingerprint` is "". The hashes are SHA-256 of the tokens' text, in hex. The first owner hash is
    that of the owner's own token, the others are those of receipt links in mails.
    `is_mailbox_read`: a reader has opened one of those, so the mailbox is not just any that a
    stranger typed.
    """

    fingerprint: str = field(repr=False)
    owner_hashes: tuple[str, ...]
    support_hash: str
    hold_fingerprint: str = field(default="", repr=False)
    is_mailbox_read: bool = False

    def holder(self, token: str) -> Holder | None:
        """Return whose token *token* is, or None. Compares in constant time."""
        shown = token_hash(token)
        for known in self.owner_hashes:
            if hmac.compare_digest(shown, known):
                return "owner"
        return "support" if hmac.compare_digest(shown, self.support_hash) else None

    def is_mailed(self, token: str) -> bool:
        """Return whether *token* is one that only went out in a mail to the owner."""
        shown = token_hash(token)
        return any(hmac.compare_digest(shown, known) for known in self.owner_hashes[1:])

    def with_owner_hash(self, added: str) -> Tokens:
        """Return these with one more owner token, as the oldest of too many mailed ones goes."""
        own, *mailed = self.owner_hashes
        kept = (*mailed, added)[-MAX_MAILED_TOKENS:]
        return replace(self, owner_hashes=(own, *kept))


@dataclass(frozen=True, slots=True)
class OnSite:
    """
    What a grant has on its WordPress site.

    `owner_id` and `user_id` are WordPress' ids of the owner and of the support user.
    `user_may_exist` is true from just before we first ask the site to create the support user
    until the site confirms that it is deleted. `sealed_removal` is the removal key, KMS-sealed.
    `user_email` is the support user's address there; `is_let_in` whether the sign-in page let it in
    when set-up tried, None where that did not show. `wordpress` and `php` are the versions that it
    showed then, or "".
    """

    site: Site | None = None
    owner_id: int | None = None
    user_id: int | None = None
    user_may_exist: bool = False
    sealed_removal: bytes | None = field(default=None, repr=False)
    evidence: Evidence = field(default_factory=Evidence)
    user_email: str = ""
    is_let_in: bool | None = None
    wordpress: str = ""
    php: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """
    The owner's consent key, while a set-up or a repair is unfinished.

    `sealed` is the application password, KMS-sealed; `key_id` its UUID, once the site named it. One
    that is held, since `held_since`, waits for its owner's confirmation: nothing is done with it on
    the sweep's own account but to delete it. `approved_on` is as in `site.Credentials`.
    """

    login: str
    sealed: bytes = field(repr=False)
    key_id: str | None = None
    approved_on: str = ""
    held_since: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether its owner has not said yet what to do with it."""
        return self.held_since is not None


@dataclass(frozen=True, slots=True)
class Links:
    """The one-time secrets of a grant, oldest first; `asks_passphrase` is of the newest."""

    secret_ids: tuple[str, ...] = ()
    asks_passphrase: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What the visit report is made from.

    `before` is the snapshot from before the support user existed (`visit_report.write`): None
    until it was taken, "" when the site showed none that could be kept. `consent_key_ids` are the
    UUIDs of our own keys, which are no change. `changes` is None until two snapshots were compared.
    """

    before: str | None = None
    consent_key_ids: tuple[str, ...] = ()
    changes: tuple[Change, ...] | None = None

    def with_consent_key(self, key_id: str) -> Visit:
        """Return this visit with one more key of ours."""
        return replace(self, consent_key_ids=(*self.consent_key_ids, key_id))


class Notice(NamedTuple):
    """A sent notice. `key` distinguishes those of a kind: a day's number, the time of a lock."""

    kind: NoticeKind
    reader: Holder
    key: str = ""


class Revision(NamedTuple):
    """
    Which write of the grant this is; the store sets it.

    `number` counts writes. `mark` is random: it distinguishes our own write from another's when the
    SDK repeats a write whose answer was lost.
    """

    number: int = 0
    mark: str = ""


def token_hash(token: str) -> str:
    """Return what is kept of an owner or support token: SHA-256 of its text, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
