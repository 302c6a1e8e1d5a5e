"""A DynamoDB in memory that many threads may call, and in which a test chooses who comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import FakeDynamoDB, Item


class RacingDynamoDB(FakeDynamoDB):
    """
    Each call is atomic, as on AWS.

    `on_refused` is called in the caller's thread after an update whose condition failed: a test
    stops callers there, or lets another caller act. The contract of the stores runs over this
    client and over the emulated service alike.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_refused: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def get_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        with self._lock:
            return super().get_item(**request)

    def put_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        with self._lock:
            return super().put_item(**request)

    def update_item(self, **request: Any) -> Item:  # noqa: ANN401 - as boto3 has it
        try:
            with self._lock:
                return super().update_item(**request)
        except ClientError:
            self.on_refused()
            raise
