"""The real things that the contracts run against, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """MiniStack with the deployed template: the tables, the key and the mail identity."""
    with Stack(front_door=False) as stack:
        yield stack
