"""Those who publish by RTMP: what is said to them, in which order, and what of it nobody can break."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_fleet.rtmp.messages import SENT_CHUNK, ChunkReader, Kind, Message, RtmpError, Value, chunks, decoded, encoded
from media_fleet.rtmp.session import (
    MOST_ANSWERS,
    MOST_BEFORE,
    MOST_MESSAGES_BEFORE,
    Event,
    Over,
    Phase,
    Publishing,
    RtmpSession,
    handed_over,
    taken_over,
)

RANDOM = bytes(range(256)) * 6
KEY = "a-key"
HELLO = b"\x03" + bytes(1_536)
ECHO = bytes([9]) * 1_536


def command(name: str, *values: Value, stream: int = 0) -> bytes:
    return chunks(Message(Kind.COMMAND, stream, 0, encoded([name, 1.0, *values])), 3, 128)


WISH = (
    HELLO
    + ECHO
    + command("connect", {"app": "live", "tcUrl": "rtmp://x/live"})
    + command("releaseStream", None, KEY)
    + command("createStream", None)
    + command("publish", None, f"{KEY}?bandwidth=1", "live", stream=1)
)
PIECES = [
    Message(Kind.DATA, 1, 0, encoded(["@setDataFrame", "onMetaData", {"width": 320.0}])),
    Message(Kind.PICTURE, 1, 0, b"\x17\x00" + bytes(500)),
    Message(Kind.SOUND, 1, 21, b"\xaf\x01" + bytes(90)),
    Message(Kind.PICTURE, 1, 40, b"\x27\x01" + bytes(9_000)),
]
STREAM = b"".join(chunks(piece, 4, 128) for piece in PIECES)


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def said_to(data: bytes) -> list[Message]:
    """What a client is told, after the handshake."""
    assert data[0] == 3
    return list(ChunkReader().take(data[1 + 2 * 1_536 :]))


@given(size=st.integers(1, 4_000))
def test_whoever_shows_a_key_is_let_in_whatever_the_pieces(size: int) -> None:
    session, told, events = RtmpSession(), b"", []
    for piece in pieces_of(WISH, size):
        events += list(session.receive(piece, RANDOM))
        told += session.to_send()
    assert events == [Publishing(KEY)]
    assert session.phase is Phase.ASKED
    assert told[1 + 1_536 : 1 + 2 * 1_536] == HELLO[1:], "its own words come back to it"
    answers = [decoded(each.content)[0] for each in said_to(told) if each.kind == Kind.COMMAND]
    assert answers == ["_result", "_result"]
    assert list(session.accept()) == []
    [status] = [each for each in ChunkReader(size=SENT_CHUNK).take(session.to_send()) if each.kind == Kind.COMMAND]
    about = decoded(status.content)[3]
    assert isinstance(about, dict)
    assert about["code"] == "NetStream.Publish.Start"
    came = [each for piece in pieces_of(STREAM, size) for each in session.receive(piece)]
    assert came == PIECES


@given(before=st.integers(0, len(STREAM)))
def test_another_process_goes_on_with_a_connection_wherever_it_was(before: int) -> None:
    """Some clients send on before they are let in."""
    session = RtmpSession()
    assert list(session.receive(WISH + STREAM[:before], RANDOM)) == [Publishing(KEY)]
    session.to_send()
    other = taken_over(handed_over(session))
    came: list[Event] = [*other.accept(), *other.receive(STREAM[before:] + command("deleteStream", None, 1.0))]
    assert came == [*PIECES, Over()]


def test_what_is_sent_before_a_key_is_shown_is_bounded_and_nothing_is_kept_of_it() -> None:
    session = RtmpSession()
    long = chunks(Message(Kind.DATA, 1, 0, bytes(65_000)), 4, 128)[: MOST_BEFORE - 2 * 1_537]
    assert list(session.receive(HELLO + ECHO + long, RANDOM)) == []
    with pytest.raises(RtmpError):
        list(session.receive(bytes(2), RANDOM))
    media_first = RtmpSession()
    assert list(media_first.receive(HELLO + ECHO + STREAM, RANDOM)) == []


def test_one_connects_once() -> None:
    session = RtmpSession()
    list(session.receive(HELLO + ECHO + command("connect", {"app": "live"}), RANDOM))
    with pytest.raises(RtmpError):
        list(session.receive(command("connect", {"app": "live"})))


@pytest.mark.parametrize(
    "message",
    [
        Message(Kind.COMMAND, 0, 0, encoded(["createStream", 2.0, None])),
        Message(Kind.USER_CONTROL, 0, 0, b"\0\6" + b"now!"),
    ],
)
def test_before_a_key_is_shown_few_messages_are_read_and_few_answers_made(message: Message) -> None:
    session = RtmpSession()
    list(session.receive(HELLO + ECHO, RANDOM))
    session.to_send()
    one = chunks(message, 3, 128)
    assert list(session.receive(one * MOST_MESSAGES_BEFORE)) == []
    with pytest.raises(RtmpError):
        list(session.receive(one * 1_000))
    assert len(session.to_send()) < 2_000


def test_what_is_to_be_answered_at_once_is_bounded_beside_a_stream_too() -> None:
    session = RtmpSession()
    list(session.receive(WISH, RANDOM))
    list(session.accept())
    pings = chunks(Message(Kind.USER_CONTROL, 0, 0, b"\0\6" + b"now!"), 3, 128) * 10_000
    with pytest.raises(RtmpError):
        list(session.receive(pings))
    assert len(session.to_send()) <= MOST_ANSWERS + 100


def test_who_is_refused_is_told_and_heard_no_more() -> None:
    session = RtmpSession()
    list(session.receive(WISH, RANDOM))
    session.to_send()
    session.refuse()
    [status] = list(ChunkReader(size=SENT_CHUNK).take(session.to_send()))
    about = decoded(status.content)[3]
    assert isinstance(about, dict)
    assert about["level"] == "error"
    assert list(session.receive(STREAM)) == []


@given(data=st.binary(max_size=400), is_let_in=st.booleans())
def test_what_is_not_rtmp_is_told_as_that_and_as_nothing_else(data: bytes, *, is_let_in: bool) -> None:
    session = RtmpSession()
    list(session.receive(WISH if is_let_in else HELLO + ECHO, RANDOM))
    if is_let_in:
        list(session.accept())
    with contextlib.suppress(RtmpError):
        list(session.receive(data, RANDOM))
        taken_over(handed_over(session))


@given(times=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=8), size=st.sampled_from([64, 128, 5_000]))
def test_times_are_those_that_were_sent(times: list[int], size: int) -> None:
    reader = ChunkReader(size=size)
    data = b"".join(chunks(Message(Kind.SOUND, 1, ms, bytes(300)), 4, size) for ms in times)
    assert [each.ms for each in reader.take(data)] == times


def test_times_that_are_told_by_their_distance_add_up() -> None:
    first = chunks(Message(Kind.SOUND, 1, 1_000, b"ab"), 4, 128)
    by_distance = b"\x44" + (20).to_bytes(3, "big") + (2).to_bytes(3, "big") + bytes([Kind.SOUND]) + b"cd"
    same_length = b"\x84" + (23).to_bytes(3, "big") + b"ef"
    as_before = b"\xc4gh"
    came = list(ChunkReader().take(first + by_distance + same_length + as_before))
    assert [(each.ms, each.content) for each in came] == [
        (1_000, b"ab"),
        (1_020, b"cd"),
        (1_043, b"ef"),
        (1_066, b"gh"),
    ]


def test_a_message_that_was_given_up_is_none() -> None:
    begun = chunks(Message(Kind.PICTURE, 1, 5, bytes(200)), 4, 128)[: 12 + 128]
    given_up = chunks(Message(Kind.ABORT, 0, 0, (4).to_bytes(4, "big")), 2, 128)
    whole = chunks(Message(Kind.PICTURE, 1, 9, b"whole"), 4, 128)
    came = [each for each in ChunkReader().take(begun + given_up + whole) if each.kind == Kind.PICTURE]
    assert [(each.ms, each.content) for each in came] == [(9, b"whole")]
