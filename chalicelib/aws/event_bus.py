"""
EventBridge: takes announcements; and the stream of the grants' table, from which they are made.

A record of the stream is one write, with the item before and after it. Binary attributes are left
out as they come: they are sealed keys, which say nothing about what has happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.grant_item import from_grant_item
from chalicelib.errors import TryAgain
from chalicelib.grants.model import Grant
from chalicelib.notifications.announcements import Announcement, Change

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "hallpass"
BATCH = 10  # Entries of one request, the most that EventBridge takes.


class EventBridgeBus:
    """Puts announcements on one bus (`notifications.announcements.EventBus`)."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client, self._name = client, name

    def put(self, announcements: Sequence[Announcement]) -> None:
        """Put each of *announcements*, ten with each request."""
        for begin in range(0, len(announcements), BATCH):
            entries = [self._entry(each) for each in announcements[begin : begin + BATCH]]
            try:
                answer = self._client.put_events(Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise TryAgain from error
            if answer["FailedEntryCount"]:
                raise TryAgain

    def _entry(self, announcement: Announcement) -> PutEventsRequestEntryTypeDef:
        said = {**announcement._asdict(), "text": announcement.text}
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": said.pop("name"),
            "Time": datetime.fromtimestamp(announcement.at, UTC),
            "Detail": json.dumps(said),
        }


def changes_of(records: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Return the writes of grants that *records* of the table's stream are about."""
    writes = (record["dynamodb"] for record in records)
    return [Change(_grant(w.get("OldImage")), _grant(w.get("NewImage"))) for w in writes]


def _grant(image: Mapping[str, Any] | None) -> Grant | None:
    return from_grant_item({n: v for n, v in (image or {}).items() if "B" not in v})
