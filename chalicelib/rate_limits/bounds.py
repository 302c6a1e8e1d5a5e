"""How much of what is too much: the bounds that `limits` keeps, and their names."""

from __future__ import annotations

from typing import Literal, NamedTuple

from chalicelib.clock import DAY, HOUR, MINUTE

Action = Literal[
    "sites",
    "users",
    "register",
    "secrets",
    "open",
    "tickets",
    "end",
    "change",
    "link",
    "ask",
    "repair",
    "read",
]
# What makes nothing and protects an owner: it goes on when the counter is down.
UNHINDERED: frozenset[Action] = frozenset({"end", "change", "read"})
# What is counted so many at a time: each process forgets fewer than that.
COUNTED_IN_STEPS: dict[Action, int] = {"read": 10, "change": 5, "sites": 2}
MAIL_STEP = 5  # The same of the deployment's mails, far below what `BY_DEPLOYMENT` allows.
# What a metric calls a limit that was reached.
LimitName = Literal["network", "account", "grant", "key", "mailbox", "support", "deployment"]
OtsAction = Literal["ots_create", "ots_reveal", "ots_receipt", "ots_sign_in"]


class Limit(NamedTuple):
    """At most *hits* in each window of *seconds*."""

    hits: int
    seconds: int


BY_NETWORK: dict[Action, Limit] = {
    "sites": Limit(40, 10 * MINUTE),
    "users": Limit(30, 10 * MINUTE),  # A slow site needs several calls for one access.
    "register": Limit(30, 10 * MINUTE),
    "secrets": Limit(30, 10 * MINUTE),
    "open": Limit(60, 10 * MINUTE),
    "tickets": Limit(20, 10 * MINUTE),
    "end": Limit(120, 10 * MINUTE),
    "change": Limit(120, 10 * MINUTE),
    "repair": Limit(30, 10 * MINUTE),
    "link": Limit(30, 10 * MINUTE),
    "ask": Limit(30, 10 * MINUTE),
    "read": Limit(900, 10 * MINUTE),  # A team's open pages ask once a minute, from one address.
}
# Of good tokens, one budget for each grant and each side, once their network has none left.
BY_GRANT: dict[Action, Limit] = {
    "end": Limit(60, HOUR),
    "repair": Limit(20, HOUR),
    "link": Limit(20, HOUR),
    "ask": Limit(20, HOUR),
}
# One Time Secret's API. An account has the limit of upstream; its network is not counted, too.
OTS_BY_NETWORK: dict[OtsAction, Limit] = {
    "ots_create": Limit(30, 10 * MINUTE),
    "ots_reveal": Limit(60, 10 * MINUTE),
    "ots_receipt": Limit(120, 10 * MINUTE),
    "ots_sign_in": Limit(20, 10 * MINUTE),  # Those that failed.
}
OTS_BY_ACCOUNT = Limit(1000, 20 * MINUTE)
# Keys that a site refused: of one network, and of all.
KEYS_BY_NETWORK = Limit(10, HOUR)
KEYS_BY_SITE = Limit(120, HOUR)

# New grants of one network: in all, and for one host. Never of a host by itself, or strangers could
# use up the grants of another person's site.
GRANTS_BY_NETWORK = Limit(60, DAY)
GRANTS_BY_NETWORK_AND_HOST = Limit(20, DAY)

BY_MAILBOX = Limit(20, DAY)  # Strangers can type any e-mail address.
BY_SUPPORT_MAILBOX = Limit(60, 10 * MINUTE)  # Short: who fills it locks others out as long.
BY_DEPLOYMENT = Limit(300, 10 * MINUTE)  # Mails in all: what an accident or a flood may cost.
