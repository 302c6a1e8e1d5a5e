"""
The transitions of a grant that have to do with its mails, and notes in its timeline.

See `model`, which has the others.
"""

from __future__ import annotations

from typing import Self

from chalicelib.grants.parts import Event, Notice
from chalicelib.grants.phases import ALL_PHASES, transition
from chalicelib.grants.set_up import GrantInSetUp
from chalicelib.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class GrantWithMails(GrantInSetUp):
    """A grant, and which of its people have had which mail."""

    @transition(*ALL_PHASES)
    def recorded(self, event: Event) -> Self:
        """Record *event* once, however often the answer to it was lost."""
        known = any((e.name, e.detail) == (event.name, event.detail) for e in self.timeline)
        return self if known else self.with_event(event)

    @transition(*ALL_PHASES)
    def ticket_sent(
        self,
        reference: str,
        owner_email: str,
        now: int,
        *,
        subject: str = "",
        message_id: str = "",
        sealed_message: bytes = b"",
        passphrase_hint: str = "",
    ) -> Self:
        """
        Record the ticket, once, and where its owner can be reached if that is not known.

        Of the first ticket *subject* and *message_id* are kept, which later mails to support
        answer, and *sealed_message*, which its owner's receipt shows. *passphrase_hint* is for
        the page of the link.
        """
        grant = self.recorded(Event(now, "ticket_sent", "owner", reference))
        written = grant.correspondence
        if message_id and not written.message_id:
            written = replace(written, subject=subject, message_id=message_id)
        kept = written.sealed_message or sealed_message or None
        hint = passphrase_hint or written.passphrase_hint
        written = replace(written, sealed_message=kept, passphrase_hint=hint)
        email = grant.owner_email or owner_email
        return replace(grant, owner_email=email, correspondence=written)

    @transition(*ALL_PHASES)
    def link_opened(self, opened: Event, now: int) -> Self:
        """Record, once, that a link was opened; its owner is to be mailed now."""
        grant = self.recorded(opened)
        schedule = self.schedule
        if grant is self or self.phase != "active" or schedule.due_at is None:
            return grant
        return replace(grant, schedule=schedule.at(min(schedule.due_at, now)))

    @transition(*ALL_PHASES)
    def asked(self, asked: Event) -> Self:
        """Record that support asked the owner for something; each time counts."""
        return self.with_event(asked)

    @transition("active")
    def link_renewed(self, support_hash: str, now: int) -> Self:
        """Record that there is a new password, and whose token counts from now on."""
        hashed = support_hash or self.tokens.support_hash
        grant = replace(self, tokens=replace(self.tokens, support_hash=hashed))
        return grant.with_event(Event(now, "link_renewed", "owner"))

    @transition(*ALL_PHASES)
    def notice_sent(self, notice: Notice) -> Self:
        """Record *notice*; of each kind and reader the last one is kept."""
        kept = {n for n in self.notices if (n.kind, n.reader) != (notice.kind, notice.reader)}
        return replace(self, notices=frozenset({*kept, notice}))

    @transition(*ALL_PHASES)
    def mailbox_read(self) -> Self:
        """Record that a receipt link was opened that went out in a mail only."""
        return replace(self, tokens=replace(self.tokens, is_mailbox_read=True))

    @transition(*ALL_PHASES)
    def receipt_mailed(self, owner_hash: str) -> Self:
        """Record the hash of one more owner token, for the receipt link in a mail."""
        return replace(self, tokens=self.tokens.with_owner_hash(owner_hash))
