"""Typed values from JSON: every field at fault is named, and nothing that is sent is an error of ours."""

from __future__ import annotations

import contextlib
import json
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from functions.serverless.problems import BadRequestError, FieldError, ServiceError, ValidationFailedError
from functions.serverless.validation import convert_fields, decode_body


class Inner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1)]


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=5)]
    inner: Inner | UnsetType = UNSET
    tags: tuple[str, ...] = ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def faults(data: Any) -> list[FieldError]:
    with pytest.raises(ValidationFailedError) as caught:
        decode_body(json.dumps(data).encode(), Body)
    return list(caught.value.fields)


def test_body_that_fits_is_typed() -> None:
    assert decode_body(b'{"name": "ada", "inner": {"count": 2}}', Body) == Body(name="ada", inner=Inner(count=2))


def test_every_field_at_fault_is_named() -> None:
    named = faults({"name": "", "tags": ["a", 1], "inner": {"count": 0}, "extra": 1})
    assert [fault.field for fault in named] == ["extra", "name", "inner.count", "tags[1]"]
    assert faults({}) == [FieldError(field="name", message="This field is required")]
    assert [fault.field for fault in faults({"name": "x", "inner": {"countt": 1}})] == ["inner"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"{'a': 1}", b"[" * 100_000, b'{"a":' * 50_000, b"nul", b"1e"])
def test_what_is_not_json_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(BadRequestError):
        decode_body(raw, Body)


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"x"', b"1", b"true"])
def test_what_is_no_object_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValidationFailedError, match="JSON object"):
        decode_body(raw, Body)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_is_typed_or_refused(raw: bytes) -> None:
    with contextlib.suppress(ServiceError):
        assert isinstance(decode_body(raw, Body), Body)


@given(st.dictionaries(st.sampled_from(["name", "inner", "tags", "x"]), JSON))
def test_fields_are_named_exactly_when_the_whole_is_refused(data: dict[str, Any]) -> None:
    try:
        whole = msgspec.convert(data, Body)
    except msgspec.ValidationError:
        with pytest.raises(ValidationFailedError) as caught:
            convert_fields(data, Body)
        assert caught.value.fields
    else:
        assert convert_fields(data, Body) == whole


def test_names_may_be_shown_in_another_form() -> None:
    with pytest.raises(ValidationFailedError) as caught:
        convert_fields({}, Body, rename=str.upper)
    assert caught.value.fields[0].field == "NAME"


def test_long_unknown_names_are_cut() -> None:
    assert len(faults({"name": "x", "y" * 10_000: 1})[0].field) == 64
