"""
Mails that came back: who never gets what we send, as the mail system says afterwards.

A mail that is accepted may still reach nobody. Each mail about a grant carries its id, so a bounce
is noted on the grant, and its owner reads it on the receipt. That mails to support come back is for
the operator: its tickets are lost.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from chalicelib.errors import NotFound
from chalicelib.grants.parts import Event
from chalicelib.grants.store import GrantStore, update
from chalicelib.notifications.message import SupportTeam
from chalicelib.values import dataclass

Outcome = Literal["noted", "support", "unknown"]


@dataclass(frozen=True, slots=True)
class Bounces:
    """Notes mails that came back."""

    grants: GrantStore
    team: SupportTeam

    def note(self, grant_id: str, mailboxes: Collection[str], *, now: int) -> Outcome:
        """
        Note that a mail about the grant of that id, "" for none, came back from *mailboxes*.

        Returns ``support`` when it was for support; else ``noted``, or ``unknown`` without a grant.
        """
        if self.team.email.casefold() in {mailbox.casefold() for mailbox in mailboxes}:
            return "support"
        if not grant_id:
            return "unknown"
        try:
            update(self.grants, grant_id, lambda grant: grant.recorded(Event(now, "mail_bounced")))
        except NotFound:
            return "unknown"
        return "noted"
