"""The mail to the sender of a shared secret that it was opened: our own words and times."""

from __future__ import annotations

from chalicelib.notifications.brand import brand
from chalicelib.notifications.layout import Text
from chalicelib.notifications.letter import write
from chalicelib.notifications.message import CountedOutbox, Mail, SupportTeam
from chalicelib.onetime.receipts import Receipt
from chalicelib.values import dataclass


@dataclass(frozen=True, slots=True)
class OpeningMails:
    """Sends it (`onetime.receipts.OpeningMail`)."""

    outbox: CountedOutbox
    team: SupportTeam

    def send(self, receipt: Receipt) -> None:
        """Mail the sender that the secret of *receipt* was opened."""
        self.outbox.send(
            receipt.opening_mail_to, lambda: opened(self.team, receipt), now=receipt.outcome_at
        )


def opened(team: SupportTeam, receipt: Receipt) -> Mail:
    """Return the mail about the opening of the secret that *receipt* is for."""
    words = brand().words
    times = words.say(
        "shared.times",
        made=words.when(receipt.created_at),
        opened=words.when(receipt.outcome_at),
    )
    subject = words.say("shared.subject")
    blocks = [Text(words.say("shared.text", url=team.public_url)), Text(times)]
    blocks.append(Text(words.say("shared.warning")))
    return write(
        team, words, to=receipt.opening_mail_to, subject=subject, title=subject, blocks=blocks
    )
