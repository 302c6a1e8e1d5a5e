"""The mail to the sender of a shared secret that it was opened: our own words and times."""

from __future__ import annotations

from chalicelib.notifications.message import CountedOutbox, Mail, SupportTeam, when
from chalicelib.onetime.receipts import Receipt
from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class OpeningMails:
    """Sends it (`onetime.receipts.OpeningMail`)."""

    outbox: CountedOutbox
    team: SupportTeam

    def send(self, receipt: Receipt) -> None:
        """Mail the sender that the secret of *receipt* was opened."""
        mail = opened(self.team, receipt)
        self.outbox.send(receipt.opening_mail_to, lambda: mail, now=receipt.outcome_at)


def opened(team: SupportTeam, receipt: Receipt) -> Mail:
    """Return the mail about the opening of the secret that *receipt* is for."""
    text = f"""\
The secret that you shared through {team.public_url} was opened.

Made     {when(receipt.created_at)}
Opened   {when(receipt.outcome_at)}

Nobody can open it again. If the person that you meant it for has not opened it, what was in it is
no longer secret: change it.
"""
    return Mail(to=receipt.opening_mail_to, subject="Your one-time secret was opened", text=text)
