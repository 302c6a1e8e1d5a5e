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
from chalicelib.notifications.announcements import Announcement, GrantWrite

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "hallpass"
MAX_BATCH_ENTRIES = 10  # EventBridge takes no more in one request.


class EventBridgeBus:
    """Puts announcements on one bus (`notifications.announcements.EventBus`)."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client, self._name = client, name

    def put(self, announcements: Sequence[Announcement]) -> None:
        """Put each of *announcements*, ten with each request."""
        for begin in range(0, len(announcements), MAX_BATCH_ENTRIES):
            batch = announcements[begin : begin + MAX_BATCH_ENTRIES]
            entries = [self._entry(each) for each in batch]
            try:
                answer = self._client.put_events(Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise TryAgain from error
            if answer["FailedEntryCount"]:
                raise TryAgain

    def _entry(self, announcement: Announcement) -> PutEventsRequestEntryTypeDef:
        detail = {**announcement._asdict(), "text": announcement.text}
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": detail.pop("name"),
            "Time": datetime.fromtimestamp(announcement.at, UTC),
            "Detail": json.dumps(detail),
        }


def writes_of(records: Sequence[Mapping[str, Any]]) -> list[GrantWrite]:
    """Return the writes of grants that *records* of the table's stream are about."""
    images = (record["dynamodb"] for record in records)
    return [GrantWrite(_grant(i.get("OldImage")), _grant(i.get("NewImage"))) for i in images]


def _grant(image: Mapping[str, Any] | None) -> Grant | None:
    return from_grant_item({n: v for n, v in (image or {}).items() if "B" not in v})
