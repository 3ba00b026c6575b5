"""Whom a message on a data channel goes to, and what it may cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from contracts.data_messages import MAX_PAYLOAD, MAX_RECEIVERS, Heard, Label, Said, encode_heard, encode_said
from contracts.error_codes import ErrorCode
from contracts.node_links import (
    MAX_RELAYED_DATA,
    RelayedData,
    RelayedParticipant,
    decode_data,
    encode_data,
)
from contracts.rooms import MeetingId, NodeId, ParticipantId
from media_fleet.domain.data_relay import DELIVERIES_AT_ONCE, DataRefusedError, Relayed
from media_fleet.domain.effects import OpenData, OpenTransport, Purpose, SctpEnd, StartDtls, TransportKey
from media_fleet.domain.participant import BYTES_AT_ONCE, MESSAGES_AT_ONCE, MESSAGES_PER_S
from media_fleet.domain.room import Room

MEETING = MeetingId("m")
ALICE, BOB, CAROL = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("carol")


def transport_of(participant_id: ParticipantId, generation: int = 1) -> TransportKey:
    return TransportKey(participant_id=participant_id, purpose=Purpose.PUBLISH, generation=generation)


def said(payload: bytes = b"x", *to: ParticipantId, number: int = 1, topic: str = "t") -> bytes:
    return encode_said(Said(number=number, topic=topic, payload=payload, to=to))


def relay(room: Room, message: bytes, *, label: Label = Label.RELIABLE, now: float = 0.0) -> Relayed:
    return room.data.relay(transport_of(ALICE), label, message, now)


def refusal(room: Room, message: bytes, *, label: Label = Label.RELIABLE, now: float = 0.0) -> ErrorCode:
    with pytest.raises(DataRefusedError) as refused:
        relay(room, message, label=label, now=now)
    return refused.value.code


def reached(relayed: Relayed) -> set[ParticipantId]:
    return {transport.participant_id for transport in relayed.receivers}


@pytest.fixture
def room(new_room: Callable[[], Room], new_client: Any) -> Room:
    """Alice, Bob and Carol, with data channels."""
    room = new_room()
    for participant_id in (ALICE, BOB, CAROL):
        room.join(participant_id, subscribe=True)
        room.data.permit(participant_id, permitted=True, version=1)
        open_data(room, participant_id, new_client(participant_id))
    return room


def open_data(room: Room, participant_id: ParticipantId, client: Any) -> tuple[Any, ...]:
    return room.publish(participant_id, client.description([client.data_section("0")]), (), version=1).effects


def test_a_connection_may_carry_data_alone(new_room: Callable[[], Room], client: Any) -> None:
    room = new_room()
    room.join(ALICE, subscribe=True)
    effects = open_data(room, ALICE, client)
    assert [type(effect) for effect in effects] == [OpenTransport, StartDtls, OpenData]
    assert effects[2].remote == SctpEnd(port=5000, max_message_size=262_144)
    again = client.description([client.data_section("0"), client.section("1", "audio")])
    assert not [e for e in room.publish(ALICE, again, (), version=2).effects if isinstance(e, OpenData)]


def test_all_others_in_the_room_are_reached(room: Room) -> None:
    relayed = relay(room, said(b"hello", topic="greeting"))
    assert reached(relayed) == {BOB, CAROL}
    assert relayed.heard == encode_heard(Heard(sender=ALICE, topic="greeting", payload=b"hello"))
    assert relayed.missed == ()


def test_a_breakout_room_is_a_room_of_its_own(room: Room) -> None:
    room.move({BOB: "b1"}, version=2)
    assert reached(relay(room, said())) == {CAROL}
    assert refusal(room, said(b"x", BOB)) is ErrorCode.PARTICIPANT_NOT_FOUND
    room.move({ALICE: "b1"}, version=3)
    assert reached(relay(room, said())) == {BOB}


def test_whoever_has_no_channel_is_named(room: Room) -> None:
    room.association_ended(transport_of(BOB))
    dave = ParticipantId("dave")
    room.join(dave, subscribe=True)
    relayed = relay(room, said())
    assert reached(relayed) == {CAROL}
    assert set(relayed.missed) == {BOB, dave}
    assert relay(room, said(b"x", dave, CAROL)).missed == (dave,)


def test_a_transport_that_has_been_replaced_says_nothing_any_more(room: Room, new_client: Any) -> None:
    client = new_client(ALICE)
    client.connection = 2
    open_data(room, ALICE, client)
    assert refusal(room, said()) is ErrorCode.PARTICIPANT_NOT_FOUND
    assert reached(room.data.relay(transport_of(ALICE, 2), Label.LOSSY, said(), 0.0)) == {BOB, CAROL}


def test_the_permission_counts_as_of_the_latest_version(room: Room) -> None:
    room.data.permit(ALICE, permitted=False, version=7)
    room.data.permit(ALICE, permitted=True, version=6)
    assert refusal(room, said()) is ErrorCode.PERMISSION_DENIED
    room.data.permit(ALICE, permitted=True, version=8)
    assert reached(relay(room, said())) == {BOB, CAROL}


@pytest.mark.parametrize("label", Label)
def test_each_channel_has_its_longest_message(room: Room, label: Label) -> None:
    relay(room, said(bytes(MAX_PAYLOAD[label])), label=label)
    assert refusal(room, said(bytes(MAX_PAYLOAD[label] + 1)), label=label) is ErrorCode.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", ErrorCode.BAD_REQUEST),
        (b"\x02\x00\x00", ErrorCode.BAD_REQUEST),
        (said(topic=""), ErrorCode.VALIDATION_FAILED),
        (said(topic="é" * 33), ErrorCode.VALIDATION_FAILED),
        (said(b"x", *[BOB] * (MAX_RECEIVERS + 1)), ErrorCode.VALIDATION_FAILED),
    ],
)
def test_what_is_no_good_message_is_refused(room: Room, message: bytes, code: ErrorCode) -> None:
    assert refusal(room, message) is code


def test_one_person_may_send_so_many_a_second(room: Room) -> None:
    for _ in range(MESSAGES_AT_ONCE):
        relay(room, said())
    assert refusal(room, said()) is ErrorCode.RATE_LIMITED
    for _ in range(MESSAGES_PER_S):
        relay(room, said(), now=1.0)
    assert refusal(room, said(), now=1.0) is ErrorCode.RATE_LIMITED
    room.data.relay(transport_of(BOB), Label.RELIABLE, said(), 1.0)


def test_one_person_may_send_so_many_bytes_a_second(room: Room) -> None:
    message = said(bytes(MAX_PAYLOAD[Label.RELIABLE]))
    for _ in range(BYTES_AT_ONCE // len(message)):
        relay(room, message)
    assert refusal(room, message) is ErrorCode.RATE_LIMITED


def test_bad_messages_count_as_well(room: Room) -> None:
    for _ in range(MESSAGES_AT_ONCE):
        refusal(room, b"")
    assert refusal(room, said()) is ErrorCode.RATE_LIMITED


def test_a_meeting_may_have_so_many_deliveries_a_second(new_room: Callable[[], Room], new_client: Any) -> None:
    room, people = new_room(), [ParticipantId(f"p{number}") for number in range(101)]
    for person in people:
        room.join(person, subscribe=True)
        room.data.permit(person, permitted=True, version=1)
        open_data(room, person, new_client(person))
    for number in range(20):
        room.data.relay(transport_of(people[number]), Label.LOSSY, said(), 0.0)
    with pytest.raises(DataRefusedError) as refused:
        room.data.relay(transport_of(people[20]), Label.LOSSY, said(), 0.0)
    assert refused.value.code is ErrorCode.RATE_LIMITED
    room.data.relay(transport_of(people[20]), Label.LOSSY, said(), 0.1)


WEST = NodeId("west")


def tell(room: Room, *people: tuple[str, str | None]) -> None:
    """Who is at another node, with their breakout rooms."""
    known = (RelayedParticipant(participant_id=ParticipantId(who), breakout=at, version=1) for who, at in people)
    room.relay(WEST, known, ())


def crossing(room: Room, message: bytes, label: Label = Label.LOSSY, now: float = 0.0) -> list[tuple[str, ...]]:
    return [data.to for node_id, data in relay(room, message, label=label, now=now).crossing if node_id == WEST]


def test_a_lossy_message_crosses_once_to_a_node_where_it_is_for_somebody(room: Room) -> None:
    tell(room, ("dora", None), ("emil", "b1"), ("bob", None))
    assert crossing(room, said()) == [()]
    assert crossing(room, said(b"x", ParticipantId("dora"), BOB)) == [("dora",)], "Bob moves, and is served here"
    assert crossing(room, said(b"x", CAROL)) == crossing(room, said(), Label.RELIABLE) == []
    room.move({ALICE: "b2"}, version=2)
    assert crossing(room, said()) == []


def test_what_crosses_is_bounded_as_deliveries_are(room: Room) -> None:
    tell(room, ("dora", None))
    room.leave(BOB)
    room.leave(CAROL)
    refused = 0
    for second in range(60):
        for _ in range(MESSAGES_PER_S):
            refused += crossing(room, said(), now=float(second)) != [()]
    assert refused == 0
    data = RelayedData(meeting_id=MEETING, sender=ParticipantId("dora"), to=(), topic="t", payload=b"")
    for _ in range(DELIVERIES_AT_ONCE):
        room.data.arrive(WEST, data, 100.0)
    with pytest.raises(DataRefusedError):
        room.data.arrive(WEST, data, 100.0)


def test_what_has_crossed_reaches_those_of_the_senders_room_who_are_here_alone(room: Room) -> None:
    tell(room, ("dora", None), ("bob", None))
    data = RelayedData(meeting_id=MEETING, sender=ParticipantId("dora"), to=(), topic="t", payload=b"hello")
    arrived = room.data.arrive(WEST, data, 0.0)
    assert arrived.heard == encode_heard(Heard(sender=ParticipantId("dora"), topic="t", payload=b"hello"))
    assert reached(arrived) == {ALICE, CAROL}, "Bob moves: the other node serves him"
    assert not arrived.crossing, "nothing goes in circles"
    assert reached(room.data.arrive(WEST, msgspec.structs.replace(data, to=(CAROL,)), 0.0)) == {CAROL}
    room.move({CAROL: "b1"}, version=2)
    assert reached(room.data.arrive(WEST, data, 0.0)) == {ALICE}
    for stranger in ("alice", "nobody"):
        with pytest.raises(DataRefusedError):
            room.data.arrive(WEST, msgspec.structs.replace(data, sender=ParticipantId(stranger)), 0.0)


def test_a_message_for_many_takes_as_many_packets_as_it_needs() -> None:
    ids = tuple(ParticipantId(f"{number:064}") for number in range(MAX_RECEIVERS))
    data = RelayedData(
        meeting_id=MeetingId("m" * 64), sender=ids[0], to=ids, topic="t" * 64, payload=bytes(MAX_PAYLOAD[Label.LOSSY])
    )
    packets = encode_data(data)
    assert all(len(packet) <= MAX_RELAYED_DATA for packet in packets)
    assert tuple(who for packet in packets for who in decode_data(packet).to) == ids
    assert len(encode_data(msgspec.structs.replace(data, to=ids[:1]))) == 1
