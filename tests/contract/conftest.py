"""The real things that the contracts run against, each started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from infra.local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """MiniStack with the deployed template: the tables, the key and the mail identity."""
    with Stack(front_door=False) as stack:
        yield stack


T = TypeVar("T")
Either = Callable[[Callable[[], T], Callable[[Any, str], T], str], T]
"""Makes a store in memory, or one over the table whose name the stack has under that output."""


@pytest.fixture(params=["memory", "dynamodb"])
def either(request: pytest.FixtureRequest) -> Either[Any]:
    """Each test of a store runs twice: with the fake in memory, and with the table."""

    def store(memory: Callable[[], T], table: Callable[[Any, str], T], output: str) -> T:
        if request.param == "memory":
            return memory()
        stack = request.getfixturevalue("stack")
        return table(stack.client("dynamodb"), stack.outputs[output])

    return store
