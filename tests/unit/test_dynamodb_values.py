"""Values on their way to DynamoDB and back: the same marks as boto3's own, and our types again."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.aws.dynamodb import from_item, to_item

NAMES = some.text(min_size=1, max_size=5)
LEAVES = (
    some.text(max_size=20)
    | some.booleans()
    | some.integers(-(10**37), 10**37)
    | some.binary(max_size=20)
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: (
        some.lists(inner | some.none(), max_size=4).map(tuple)
        | some.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=12,
)
ITEMS = some.dictionaries(NAMES, VALUES, max_size=5)


def as_lists(value: object) -> Any:  # noqa: ANN401
    """Return *value* as boto3 takes it, which knows no tuples."""
    if isinstance(value, dict):
        return {name: as_lists(part) for name, part in value.items()}
    return [as_lists(part) for part in value] if isinstance(value, tuple) else value


@given(ITEMS)
def test_the_marks_are_those_of_boto3(values: dict[str, Any]) -> None:
    serialize = TypeSerializer().serialize

    assert to_item(values) == {name: serialize(as_lists(value)) for name, value in values.items()}


@given(ITEMS)
def test_what_was_written_comes_back(values: dict[str, Any]) -> None:
    assert from_item(to_item(values)) == values


def test_what_is_none_is_left_out_of_items_and_maps() -> None:
    assert to_item({"a": None, "b": {"c": None, "d": 1}}) == {"b": {"M": {"d": {"N": "1"}}}}


def test_sets_of_texts_are_read() -> None:
    assert from_item({"told": {"SS": ["owner", "support"]}}) == {"told": {"owner", "support"}}


@pytest.mark.parametrize("value", [1.5, object(), {"owner"}])
def test_any_other_value_is_a_mistake_of_ours(value: object) -> None:
    with pytest.raises(TypeError):
        to_item({"a": value})
