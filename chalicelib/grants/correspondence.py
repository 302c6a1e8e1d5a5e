"""How the mails about a grant are written, and what holds them together as one conversation."""

from __future__ import annotations

from chalicelib.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Correspondence:
    """
    What the mails about one grant have in common.

    `language` and `time_zone` (an IANA name) are the owner's, as her page said them; "" where it
    did not. `subject` and `message_id` are those of the ticket that support got, "" before that;
    later mails to support answer it, so that a help desk keeps one ticket. `passphrase_hint` is
    what the sender wrote about the passphrase of the link. `sealed_message` is what
    the owner wrote, as her page sealed it with her own token, which we do not keep; or None.
    """

    language: str = ""
    time_zone: str = ""
    subject: str = ""
    message_id: str = ""
    passphrase_hint: str = ""
    sealed_message: bytes | None = field(default=None, repr=False)
