"""
Which links a ticket may hold: our own sign-in link, and a one-time link that the sender made.

The first is a line of ours. Where config.json names a key of the team, it holds no link key but a
box that only the team's browsers open. The second may lead anywhere, so it stands among the
sender's words; we never open it, for that would use it up. It is recognised by its form, whatever
service made it: https, no sign-in, and a key of at least ten characters in path or fragment.
"""

from __future__ import annotations

import re

from chalicelib.errors import InvalidInput
from chalicelib.patterns import pattern

LINK_KEY = pattern(r"[A-Za-z0-9_-]{43}")
# In its place: the link key, sealed to the team (HPKE). We cannot open it.
TEAM_BOX = pattern(r"t\.[A-Za-z0-9_-]{151}")
ONE_TIME_LINK = pattern(
    r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[!-~]*[a-z0-9_-]{10}[!-~]*", re.IGNORECASE
)


def check_links(link: str, password_link: str, public_url: str) -> None:
    """
    Let only our own sign-in links pass as *link*, and only one-time links as *password_link*.

    Raises:
        InvalidInput: Field ``link`` or ``password_link``.
    """
    prefix = f"{public_url}/open#"
    fragment = link.removeprefix(prefix)
    is_ours = link.startswith(prefix) and (LINK_KEY.fullmatch(fragment) or is_sealed(link))
    if link and not is_ours:
        raise InvalidInput("link", "That is not a one-time link of this page.")
    # The pages of a local run have no https.
    spelled = password_link.replace(f"{public_url}/", "https://own.example/", 1)
    if password_link and not ONE_TIME_LINK.fullmatch(spelled):
        raise InvalidInput("password_link", "That is not a link that opens once.")


def is_sealed(link: str) -> bool:
    """Return whether a sign-in link is sealed to the team."""
    return TEAM_BOX.fullmatch(link.partition("#")[2]) is not None
