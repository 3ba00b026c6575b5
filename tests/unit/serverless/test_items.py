"""DynamoDB's item format: what is written is read back."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from functions.serverless.aws import from_item, is_outage, to_attribute, to_item

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**37), 10**37)
    | st.text()
    | st.frozensets(st.text(), min_size=1, max_size=3)
    | st.frozensets(st.integers(-(10**37), 10**37), min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_item_is_read_back_as_it_was_written(values: dict[str, Any]) -> None:
    assert from_item(to_item(values)) == values


@given(VALUES)
def test_attributes_mean_the_same_to_aws_own_library(value: Any) -> None:
    assert TypeDeserializer().deserialize(to_attribute(value)) == value


@pytest.mark.parametrize("value", [1.5, b"x", set(), {1, "x"}, {True}, object()])
def test_value_without_an_attribute_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        to_attribute(value)


def test_own_errors_are_no_outages() -> None:
    assert not is_outage(ValueError("x"))
    assert not is_outage(KeyError("x"))
