"""Redundant sound (RED, RFC 2198) in offers and answers: beside Opus, where the client has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
from msgspec.structs import replace

from contracts.node_rpc import AssignedTrack
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain.effects import AddSubscription, AddTrack, Effect, SendOffer
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import Direction, MediaSection, PayloadFormat
from media_fleet.domain.transport_parameters import NodeEnd, Randomness

ALICE, BOB = ParticipantId("alice"), ParticipantId("bob")
MICROPHONE = AssignedTrack(mid="0", track_id=TrackId("mic"), source=TrackSource.MICROPHONE)
OPUS = PayloadFormat(payload_type=111, name="opus", clock_rate=48_000, channels=2)
RED = PayloadFormat(payload_type=63, name="red", clock_rate=48_000, channels=2, parameters=(("111/111", None),))
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> E:
    [effect] = [effect for effect in effects if isinstance(effect, kind)]
    return effect


@pytest.fixture
def room(new_room: Callable[[], Room]) -> Room:
    room = new_room()
    room.join(ALICE, subscribe=False)
    room.join(BOB, subscribe=True)
    return room


def publish(room: Room, client: Any, *formats: PayloadFormat) -> tuple[AddTrack, MediaSection, str]:
    """What the microphone is taken as, the answer to its publisher, and the offer to its subscriber."""
    offer = client.description([client.section("0", "audio", formats=formats)])
    answered = room.publish(ALICE, offer, (MICROPHONE,), version=1)
    return only(answered.effects, AddTrack), parse(answered.sdp).media[0], only(answered.effects, SendOffer).offer.sdp


def written(section: MediaSection) -> list[tuple[str, str]]:
    """Payload types in the order of preference, with codec names."""
    names = {str(each.payload_type): each.name for each in section.formats}
    return [(fmt, names[fmt]) for fmt in section.fmts]


@pytest.mark.parametrize("order", [(OPUS, RED), (RED, OPUS)], ids=["opus first", "red first"])
def test_a_publisher_is_answered_with_redundancy_where_its_offer_has_it(
    room: Room, new_client: Any, order: tuple[PayloadFormat, ...]
) -> None:
    track, section, _ = publish(room, new_client("alice"), *order)
    assert (track.media.codec.payload_type, track.media.codec.red_payload_type) == (111, 63)
    assert written(section) == [(str(each.payload_type), each.name) for each in order]
    answered = next(each for each in section.formats if each.name == "red")
    assert answered.parameters == RED.parameters


@pytest.mark.parametrize("fmts", [("063", "111"), ("111", "063"), ("111",), ("²", "111")])
def test_however_payload_types_are_written_none_is_preferred_by_mistake(
    room: Room, new_client: Any, fmts: tuple[str, ...]
) -> None:
    client = new_client("alice")
    section = replace(client.section("0", "audio", formats=(OPUS, RED)), fmts=fmts)
    answered = room.publish(ALICE, client.description([section]), (MICROPHONE,), version=1)
    assert only(answered.effects, AddTrack).media.codec.red_payload_type == 63


@pytest.mark.parametrize(
    "other",
    [
        replace(RED, parameters=(("111/110", None),)),
        replace(RED, parameters=(("110/110", None),)),
        replace(RED, parameters=()),
        replace(RED, clock_rate=90_000, channels=None),
        replace(RED, channels=None),
    ],
    ids=["two codecs", "of another codec", "of nothing", "of pictures", "of one channel"],
)
def test_what_is_no_redundancy_of_the_chosen_codec_is_not_taken(
    room: Room, new_client: Any, other: PayloadFormat
) -> None:
    track, section, _ = publish(room, new_client("alice"), OPUS, other)
    assert track.media.codec.red_payload_type is None
    assert written(section) == [("111", "opus")]


@pytest.mark.parametrize("published", [(OPUS,), (OPUS, RED)], ids=["without", "with"])
def test_a_subscriber_is_offered_redundancy_whoever_publishes_and_gets_it_if_the_answer_takes_it(
    room: Room, new_client: Any, published: tuple[PayloadFormat, ...]
) -> None:
    *_, offer = publish(room, new_client("alice"), *published)
    bob = new_client("bob")
    [offered] = parse(offer).media
    assert written(offered) == [("96", "opus"), ("97", "red"), ("9", "G722"), ("0", "PCMU")]
    assert offered.formats[1].parameters == (("96/96", None),)
    added = only(room.answer_subscription(BOB, 1, 1, bob.answer(offer)), AddSubscription)
    assert (added.payload_type, added.rtx_payload_type, added.red_payload_type) == (96, None, 97)
    assert added.rtx_ssrc is None


def test_a_subscriber_whose_answer_leaves_redundancy_out_gets_none(room: Room, new_client: Any) -> None:
    *_, offer = publish(room, new_client("alice"), OPUS, RED)
    answer = new_client("bob").answer(offer)
    [section] = answer.media
    plain = replace(section, fmts=section.fmts[:1], formats=section.formats[:1])
    added = only(room.answer_subscription(BOB, 1, 1, replace(answer, media=(plain,))), AddSubscription)
    assert (added.payload_type, added.red_payload_type) == (96, None)


@pytest.mark.parametrize("formats", [(OPUS, RED), (OPUS,)], ids=["with", "without"])
def test_a_player_that_offers_redundancy_is_answered_with_it(
    room: Room,
    new_client: Any,
    node_end: NodeEnd,
    randomness: Randomness,
    formats: tuple[PayloadFormat, ...],
) -> None:
    publish(room, new_client("alice"), OPUS, RED)
    player = new_client("player")
    offer = player.description([player.section("0", "audio", formats=formats, direction=Direction.RECVONLY)])
    room.join(ParticipantId("eve"), subscribe=False)
    eve = room.participant(ParticipantId("eve"))
    answered = eve.watch(
        offer, (TrackId("mic"),), lambda: room.tracks.wanted_by(eve), node=node_end, randomness=randomness
    )
    assert only(answered.effects, AddSubscription).red_payload_type == (63 if RED in formats else None)
    assert written(parse(answered.sdp).media[0]) == [(str(each.payload_type), each.name) for each in formats]
