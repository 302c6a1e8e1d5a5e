"""
Sends each notice about a grant to each reader at least once, and records it on the grant.

A notice is recorded after its mail was accepted, so a crash in between repeats one mail and
loses none. A notice whose mailbox is full is sent later, as one that was not accepted is. The owner
gets every notice. Support gets those of the end and of a failing end, and only of accesses that it
could have used.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial

from chalicelib.errors import DeliveryFailed, HallpassError, TooManyRequests
from chalicelib.grants.model import Grant
from chalicelib.grants.parts import Holder, Notice, NoticeKind, token_hash
from chalicelib.grants.ports import Wish
from chalicelib.grants.reminders import due_reminder, is_last
from chalicelib.grants.store import GrantStore, Unrecorded, update
from chalicelib.notifications import notices
from chalicelib.notifications.message import CountedOutbox, Mail, SupportTeam
from chalicelib.notifications.reminder import reminder
from chalicelib.values import dataclass

MIN_FAILURES_BEFORE_NOTICE = 3  # Of the removal, before the owner is asked to help.


@dataclass(frozen=True, slots=True)
class MailNotifier:
    """Sends notices by mail (`grants.ports.Notifier`)."""

    grants: GrantStore
    outbox: CountedOutbox
    team: SupportTeam

    def add_receipt(self, unrecorded: Unrecorded) -> str:
        """Return one more owner token, if the owner gets mails; "" otherwise."""
        if not unrecorded.grant.owner_email:
            return ""
        token = secrets.token_urlsafe(32)
        mailed = token_hash(token)
        unrecorded.add(lambda stored: stored.receipt_mailed(mailed))
        return token

    def send_ended(self, unrecorded: Unrecorded, receipt: str, now: int) -> None:
        """Mail the end to owner and support; a failed mail does not stop the other."""
        failure: HallpassError | None = None
        grant = unrecorded.grant
        for notice in _unsent(grant, "ended"):
            try:
                write = partial(notices.ended, self.team, grant, notice.reader)
                self._send(grant, notice.reader, write, now, receipt)
            except (DeliveryFailed, TooManyRequests) as error:
                failure = error  # One dead or full mailbox keeps no other reader waiting.
            else:
                unrecorded.add(partial(_with_notice, notice))
        if failure is not None:
            raise failure

    def send_overdue(self, grant: Grant, now: int) -> Grant:
        """Mail the request for help, or of a manual grant the reminder; skip a failed mail."""
        min_failures = 1 if grant.is_manual else MIN_FAILURES_BEFORE_NOTICE
        if grant.state == "ended" or grant.schedule.attempts < min_failures:
            return grant
        for notice in _unsent_help(grant):
            if notice.reader != "owner" and not grant.on_site.user_may_exist:
                continue  # The user is deleted; that the owner's approval is not, is theirs alone.
            try:
                write = (
                    partial(reminder, self.team, grant, notice.reader)
                    if notice.kind == "reminder"
                    else partial(notices.overdue, self.team, grant, notice.reader, now=now)
                )
                self._send(grant, notice.reader, write, now)
            except HallpassError:
                continue
            grant = self._record(grant, notice)
        return grant

    def send_locked(self, unrecorded: Unrecorded, now: int) -> None:
        """Mail the newest unsent lock to the owner."""
        grant = unrecorded.grant
        locked_at = grant.unsent_lock
        if locked_at is not None:
            write = partial(notices.locked, self.team, grant, locked_at=locked_at)
            notice = Notice("locked", "owner", str(locked_at))
            self._send_news(unrecorded, write, notice, now)

    def send_opened(self, unrecorded: Unrecorded, now: int) -> None:
        """Mail the newest opening to the owner, once for each link."""
        grant = unrecorded.grant
        opening = grant.unsent_opening
        if opening is not None:
            write = partial(notices.opened, self.team, grant, opened_at=opening.at)
            notice = Notice("opened", "owner", opening.detail)
            self._send_news(unrecorded, write, notice, now)

    def _send_news(
        self, unrecorded: Unrecorded, write: Callable[[str], Mail], notice: Notice, now: int
    ) -> None:
        self._send(unrecorded.grant, "owner", write, now)
        unrecorded.add(partial(_with_notice, notice))

    def send_asked(self, grant: Grant, wish: Wish, now: int) -> None:
        """Mail the owner what support asks for."""
        self._send(grant, "owner", partial(notices.asked, self.team, grant, wish), now)

    def _send(
        self,
        grant: Grant,
        reader: Holder,
        write: Callable[[str], Mail],
        now: int,
        receipt: str = "",
    ) -> None:
        """Send what *write* makes of the receipt's address to *reader*, if the mailbox has room."""
        to = grant.owner_email if reader == "owner" else self.team.email
        self.outbox.send(to, lambda: write(self._receipt_url(grant, reader, receipt)), now=now)

    def _receipt_url(self, grant: Grant, reader: Holder, receipt: str) -> str:
        """
        Return a receipt link for the owner, with one more owner token; "" for support.

        Only hashes are kept, so a mail that is to have a working link needs a token of its own:
        *receipt*, or if that is "", a new one.
        """
        if reader != "owner":
            return ""
        if not receipt:
            unrecorded = Unrecorded(self.grants, grant)
            receipt = self.add_receipt(unrecorded)
            unrecorded.write()
        return self.team.receipt_url(grant.id, receipt)

    def _record(self, grant: Grant, notice: Notice) -> Grant:
        return update(self.grants, grant.id, lambda stored: stored.notice_sent(notice))


def _with_notice(notice: Notice, grant: Grant) -> Grant:
    return grant.notice_sent(notice)


def _unsent(grant: Grant, kind: NoticeKind, key: str = "") -> list[Notice]:
    """Return the notices of *kind* that were not sent, support's only if it could have got in."""
    readers: list[Holder] = ["owner"] if grant.owner_email else []
    readers += ["support"] if grant.was_active else []
    wanted = [Notice(kind, reader, key) for reader in readers]
    return [notice for notice in wanted if notice not in grant.notices]


def _unsent_help(grant: Grant) -> list[Notice]:
    """
    Return the unsent requests for help.

    The user of a manual grant is deleted only when its owner acts, so the owner is reminded
    (`grants.reminders`). Support hears of the first reminder and of the last.
    """
    if not grant.is_manual:
        return _unsent(grant, "overdue")
    reminder = due_reminder(grant)
    if reminder is None:
        return []
    is_first = all(sent.kind != "reminder" for sent in grant.notices)
    to_both = _unsent(grant, "reminder", reminder.key)
    return [n for n in to_both if n.reader == "owner" or is_first or is_last(grant)]
