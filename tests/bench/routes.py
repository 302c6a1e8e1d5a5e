"""
Each route of the app, with a request that it answers with success, as often as it is made.

Old and new names of a route of One Time Secret's API lead to one function; it stands here once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.bench import events
from tests.bench.events import Event


@dataclass(frozen=True, slots=True)
class Function:
    """
    One handler of the zip (or `floor`'s), and the events that it gets, over and over.

    Each request must be answered with *status*.
    """

    name: str
    handler: str
    events: tuple[Event, ...]
    status: int = 200


def route(event: Event, status: int = 200) -> Function:
    """Return the API, asked as *event* says about each access in turn."""
    path = re.sub(r"\{\w+_id\}", "{id}", event["resource"])
    name = f"{event['httpMethod']} {path}"
    return Function(name, "app.app", events.of_each_access(event), status)


ROUTES = (
    route(events.HEALTH),
    route(events.CHECK_SITE),
    route(events.PROVISION, 201),
    route(events.STORE, 201),
    route(events.LOOK),
    route(events.OPEN),
    route(events.ACKNOWLEDGE, 204),
    route(events.BURN, 204),
    route(events.TICKET, 201),
    route(events.REGISTER, 201),
    route(events.VIEW),
    route(events.END),
    route(events.EXTEND),
    route(events.RENEW),
    route(events.ASK, 204),
    route(events.REPAIR),
    route(events.V1_STATUS),
    route(events.V1_AUTHCHECK),
    route(events.V1_SHARE),
    route(events.V1_GENERATE),
    route(events.V1_OPEN),
    route(events.V1_RECENT),
    route(events.V1_VIEW),
    route(events.V1_BURN),
)
