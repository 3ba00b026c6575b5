"""The form of messages on data channels, pinned: the web SDK reads and writes the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.data_messages import (
    Answered,
    Heard,
    MalformedDataMessageError,
    Said,
    decode_from_node,
    decode_said,
    encode_answered,
    encode_heard,
    encode_said,
)
from contracts.rooms import ParticipantId

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "data" / "data_messages.json").read_text(encoding="utf-8")
)
ids = st.text(max_size=16).map(ParticipantId)


def ids_of(row: list[str]) -> tuple[ParticipantId, ...]:
    return tuple(ParticipantId(each) for each in row)


@pytest.mark.parametrize("row", GOLDEN["said"])
def test_a_clients_message_keeps_its_form(row: dict[str, Any]) -> None:
    said = Said(number=row["number"], topic=row["topic"], to=ids_of(row["to"]), payload=bytes.fromhex(row["payload"]))
    assert encode_said(said).hex() == row["bytes"]
    assert decode_said(bytes.fromhex(row["bytes"])) == said


@pytest.mark.parametrize("row", GOLDEN["from_node"])
def test_a_nodes_message_keeps_its_form(row: dict[str, Any]) -> None:
    message: Heard | Answered
    if row["type"] == "heard":
        message = Heard(sender=ParticipantId(row["sender"]), topic=row["topic"], payload=bytes.fromhex(row["payload"]))
        encoded = encode_heard(message)
    else:
        message = Answered(number=row["number"], code=row["code"], missed=ids_of(row["missed"]))
        encoded = encode_answered(message)
    assert encoded.hex() == row["bytes"]
    assert decode_from_node(encoded) == message


@given(st.integers(0, 2**32 - 1), st.text(max_size=20), st.lists(ids, max_size=5), st.binary(max_size=50))
def test_what_is_written_is_read(number: int, topic: str, to: list[ParticipantId], payload: bytes) -> None:
    said = Said(number=number, topic=topic, to=tuple(to), payload=payload)
    assert decode_said(encode_said(said)) == said


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x01" + rest))
def test_any_bytes_are_a_message_or_refused(message: bytes) -> None:
    try:
        said = decode_said(message)
    except MalformedDataMessageError:
        return
    assert encode_said(said) == message


def test_a_message_that_is_cut_off_is_refused_by_its_number() -> None:
    whole = encode_said(Said(number=77, topic="topic", payload=b"", to=(ParticipantId("p_1"),)))
    for length in range(7, len(whole)):
        with pytest.raises(MalformedDataMessageError) as refused:
            decode_said(whole[:length])
        assert refused.value.number == 77
