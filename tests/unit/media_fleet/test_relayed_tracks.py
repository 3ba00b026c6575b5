"""A room with tracks of other nodes: for those who are in it, as if they were published here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from contracts.client_commands import SubscriptionWish
from contracts.data_messages import Label, Said, encode_said
from contracts.node_links import RelayedParticipant, RelayedTrack, WantedTrack
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import NodeId, ParticipantId, TrackId, TrackSource
from contracts.statistics import ConnectionQuality, QualityLevel
from media_fleet.domain.effects import (
    AddRelayedTrack,
    AddSubscription,
    AddTrack,
    Effect,
    Purpose,
    RecorderRole,
    RecordTrack,
    RemoveSubscription,
    RemoveTrack,
    SendOffer,
    StopRecordingTrack,
    SucceedTrack,
    TellQualities,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.media_formats import VIDEO_ORIENTATION
from media_fleet.domain.relaying import announced
from media_fleet.domain.room import Room
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.recorder.orientation import ORIENTATION

ALICE, BOB, DORA = ParticipantId("alice"), ParticipantId("bob"), ParticipantId("dora")
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def layers_wanted(room: Room, node_id: NodeId) -> dict[str, int]:
    return {each.track_id: each.layers for each in room.tracks.wanted_from(node_id)}


@pytest.fixture
def room(new_room: Callable[[], Room]) -> Room:
    room = new_room()
    for who in (ALICE, BOB):
        assert room.join(who, subscribe=True).offer is None
    return room


@pytest.fixture
def alice(new_client: Any) -> Any:
    return new_client("alice")


@pytest.fixture
def bob(new_client: Any) -> Any:
    return new_client("bob")


def publish_camera(room: Room, client: Any) -> tuple[Effect, ...]:
    camera = AssignedTrack(mid="0", track_id=TrackId("cam"), source=TrackSource.CAMERA)
    return room.publish(ALICE, client.description([client.section("0")]), (camera,), version=1).effects


def offer_to(effects: Iterable[Effect], participant_id: ParticipantId) -> Offer:
    [offer] = [e.offer for e in only(effects, SendOffer) if e.participant_id == participant_id]
    return offer


WEST, EAST = NodeId("west"), NodeId("east")


def relayed(track_id: str = "far", *, ssrcs: tuple[int, ...] = (7, 8, 9), who: ParticipantId = DORA) -> RelayedTrack:
    return RelayedTrack(
        track_id=TrackId(track_id),
        participant_id=who,
        source=TrackSource.CAMERA,
        codec="VP8",
        clock_rate=90_000,
        ssrcs=ssrcs,
        extensions=(VIDEO_ORIENTATION,),
    )


def tell(
    room: Room,
    *tracks: RelayedTrack,
    node_id: NodeId = WEST,
    who: ParticipantId = DORA,
    breakout: str | None = None,
    version: int = 1,
    came: int = 0,
) -> list[Effect]:
    """A node says that somebody is there, and what it relays."""
    there = RelayedParticipant(participant_id=who, breakout=breakout, version=version, came=came)
    return room.relay(node_id, (there,), tracks)


def take_offer(room: Room, client: Any, who: ParticipantId, offer: Offer) -> list[Effect]:
    return room.answer_subscription(who, offer.generation, offer.negotiation, client.answer(offer.sdp))


def test_tracks_of_another_node_are_offered_like_those_of_this_one(room: Room, bob: Any) -> None:
    effects = tell(room, relayed())
    [added] = only(effects, AddRelayedTrack)
    assert (added.node_id, added.media.kind, added.media.codec.codec.name, added.ssrcs) == (
        WEST,
        "video",
        "VP8",
        (7, 8, 9),
    )
    offer = offer_to(effects, BOB)
    assert [track.participant_id for track in offer.tracks] == ["dora"]
    assert VIDEO_ORIENTATION in offer.sdp
    [subscription] = only(take_offer(room, bob, BOB, offer), AddSubscription)
    assert subscription.subscription.track == added.track
    assert tell(room, relayed()) == [], "the same again is nothing new"
    gone = room.relay(WEST, (), ())
    assert [effect.track for effect in only(gone, RemoveTrack)] == [added.track]
    assert offer_to(gone, BOB).tracks == ()


@pytest.mark.parametrize("redundant", [True, False])
def test_it_is_known_of_sound_of_another_node_whether_it_is_redundant(room: Room, *, redundant: bool) -> None:
    track = RelayedTrack(
        track_id=TrackId("voice"),
        participant_id=DORA,
        source=TrackSource.MICROPHONE,
        codec="opus",
        clock_rate=48_000,
        channels=2,
        ssrcs=(7,),
        redundant=redundant,
    )
    [added] = only(tell(room, track), AddRelayedTrack)
    assert added.media.codec.prefers_red is redundant
    told = RoomTrack(
        key=added.track,
        participant_id=DORA,
        source=TrackSource.MICROPHONE,
        media=added.media,
        muted=False,
        muted_version=0,
    )
    assert announced(told, (7,)) == track


def test_another_node_is_told_how_many_layers_somebody_here_wants(room: Room, bob: Any) -> None:
    effects = tell(room, relayed(), relayed("sound", ssrcs=(10,)))
    take_offer(room, bob, BOB, offer_to(effects, BOB))
    assert layers_wanted(room, WEST) == {"far": 3, "sound": 1}
    assert layers_wanted(room, EAST) == {}
    for who, height, layers in ((ALICE, 180, 3), (BOB, 360, 2), (BOB, 180, 1)):
        room.change_subscriptions(who, [SubscriptionWish(track_id="far", max_height=height)])
        assert layers_wanted(room, WEST)[TrackId("far")] == layers
    for who in (ALICE, BOB):
        room.change_subscriptions(who, [SubscriptionWish(track_id="far", enabled=False)])
    assert layers_wanted(room, WEST) == {"sound": 1}


def test_of_one_encoding_another_node_is_told_the_height_that_serves_all(room: Room, bob: Any) -> None:
    effects = tell(room, relayed(ssrcs=(7,)))
    take_offer(room, bob, BOB, offer_to(effects, BOB))
    steps: list[tuple[ParticipantId, int | None, int | None]] = [
        (ALICE, 180, None),  # Bob has said nothing yet.
        (BOB, 360, 360),
        (BOB, 90, 180),
        (ALICE, None, None),
    ]
    for who, height, told in steps:
        room.change_subscriptions(who, [SubscriptionWish(track_id="far", max_height=height)])
        assert room.tracks.wanted_from(WEST) == (WantedTrack(track_id=TrackId("far"), layers=1, height=told),)
    room.recording.begin("r", [RecorderRole.TRACKS])
    room.change_subscriptions(ALICE, [SubscriptionWish(track_id="far", max_height=90)])
    room.recorder_ready(RecorderRole.TRACKS)
    [wanted] = room.tracks.wanted_from(WEST)
    assert wanted.height is None, "a recorder gets the best"


def test_only_who_draws_pictures_is_told_how_they_are_turned(room: Room) -> None:
    tell(room, relayed())
    roles = [RecorderRole.TRACKS, RecorderRole.COMPOSITE, RecorderRole.BROADCAST]
    room.recording.begin("r", roles[:2])
    room.broadcast.begin("b", roles[2:])
    added = [only(room.recorder_ready(role), AddSubscription)[0] for role in roles]
    assert [each.extensions for each in added] == [(), (ORIENTATION,), (ORIENTATION,)]


def test_a_recorder_gets_the_main_rooms_tracks_of_other_nodes_at_their_best(room: Room) -> None:
    tell(room, relayed())
    for who in (ALICE, BOB):
        room.change_subscriptions(who, [SubscriptionWish(track_id="far", enabled=False)])
    assert layers_wanted(room, WEST) == {}
    room.recording.begin("r", [RecorderRole.TRACKS])
    [begun] = only(room.recorder_ready(RecorderRole.TRACKS), RecordTrack)
    assert (begun.track_id, begun.participant_id) == ("far", "dora")
    assert layers_wanted(room, WEST) == {"far": 3}
    [over] = only(room.move({DORA: "b"}, version=5), StopRecordingTrack)
    assert over.ssrc == begun.ssrc
    assert layers_wanted(room, WEST) == {}
    assert len(only(room.move({DORA: None}, version=6), RecordTrack)) == 1
    room.recording.end()
    assert layers_wanted(room, WEST) == {}


def test_breakout_rooms_hold_across_nodes_whoever_tells_of_a_move_first(room: Room, bob: Any) -> None:
    take_offer(room, bob, BOB, offer_to(tell(room, relayed()), BOB))
    moved = room.move({DORA: "b"}, version=5)
    assert len(only(moved, RemoveSubscription)) == 1
    assert layers_wanted(room, WEST) == {}
    assert tell(room, relayed(), version=4) == [], "what the other node knew before does not count"
    assert tell(room, relayed(), breakout="b", version=5) == []
    back = tell(room, relayed(), version=6)
    assert layers_wanted(room, WEST) == {"far": 3}
    assert only(back, SendOffer) or room.outstanding_offers()


def test_a_track_that_moved_with_its_publisher_is_taken_once(room: Room, alice: Any, bob: Any) -> None:
    take_offer(
        room,
        bob,
        BOB,
        offer_to(tell(room, relayed("cam", who=ALICE), who=ALICE), BOB),
    )
    published = publish_camera(room, alice)
    assert len(only(published, RemoveTrack)) == 1, "here it is nearer"
    assert len(only(published, AddTrack)) == 1
    assert [track.track_id for track in offer_to(published, BOB).tracks] == ["cam"]
    [comes_back] = only(room.leave(ALICE), AddRelayedTrack)
    assert comes_back.node_id == WEST, "the other node still has it"
    [other] = only(tell(room, relayed("cam", ssrcs=(20,), who=ALICE), node_id=EAST, who=ALICE), AddRelayedTrack)
    assert other.node_id == EAST, "who announced it later is right"
    assert only(room.relay(WEST, (), ()), RemoveTrack) == []


def moves(room: Room, bob: Any) -> tuple[TrackKey, TrackKey]:
    """Dora's track, which Bob has from the west, is in the east as well, where she has come later. Tells both keys."""
    effects = tell(room, relayed(), came=3)
    take_offer(room, bob, BOB, offer_to(effects, BOB))
    [former] = [effect.track for effect in only(effects, AddRelayedTrack)]
    moved = tell(room, relayed(ssrcs=(17, 18, 19)), node_id=EAST, came=5)
    [come] = only(moved, AddRelayedTrack)
    assert only(moved, SucceedTrack) == [SucceedTrack(former=former, track=come.track)]
    assert only(moved, SendOffer) == [], "nobody negotiates"
    assert only(moved, RemoveTrack) == []
    return former, come.track


def test_who_receives_a_track_goes_over_when_its_publisher_moves(room: Room, bob: Any) -> None:
    former, track = moves(room, bob)
    assert layers_wanted(room, WEST) == layers_wanted(room, EAST) == {"far": 3}, "the former goes on"
    [left] = only(room.left(former), RemoveTrack)
    assert left.track == former
    assert layers_wanted(room, WEST) == {}
    assert only(room.relay(WEST, (), ()), RemoveTrack) == []
    [over] = only(room.relay(EAST, (), ()), RemoveTrack)
    assert over.track == track


def test_what_the_former_node_stops_sending_is_left(room: Room, bob: Any) -> None:
    former, _ = moves(room, bob)
    assert [effect.track for effect in only(room.relay(WEST, (), ()), RemoveTrack)] == [former]
    assert room.left(former) == []


def test_a_link_that_begins_anew_takes_nobody_back_to_a_node_that_was_left(room: Room, bob: Any) -> None:
    former, _ = moves(room, bob)
    room.left(former)
    assert tell(room, relayed(ssrcs=(27, 28, 29)), came=3) == []


def test_who_goes_back_is_received_from_where_they_were(room: Room, bob: Any) -> None:
    former, track = moves(room, bob)
    back = tell(room, relayed(), came=8)
    assert only(back, SucceedTrack) == [SucceedTrack(former=track, track=former)]
    assert only(back, AddRelayedTrack) == []
    assert [effect.track for effect in only(room.left(track), RemoveTrack)] == [track]


def test_the_recorder_goes_over_as_well(room: Room, bob: Any) -> None:
    room.recording.begin("r", [RecorderRole.TRACKS])
    room.recorder_ready(RecorderRole.TRACKS)
    former, _ = moves(room, bob)
    assert only(room.left(former), StopRecordingTrack) == []
    assert only(room.relay(WEST, (), ()), StopRecordingTrack) == []
    assert len(only(room.relay(EAST, (), ()), StopRecordingTrack)) == 1


def test_who_comes_to_this_node_is_received_here_and_who_leaves_it_there(room: Room, alice: Any, bob: Any) -> None:
    far = relayed("cam", ssrcs=(7,), who=ALICE)
    take_offer(room, bob, BOB, offer_to(tell(room, far, who=ALICE, came=3), BOB))
    room.join(ALICE, subscribe=True, version=5)
    published = publish_camera(room, alice)
    [comes] = only(published, SucceedTrack)
    assert comes.track == only(published, AddTrack)[0].track
    room.left(comes.former)
    there = relayed("cam", ssrcs=(9,), who=ALICE)
    [goes] = only(tell(room, there, node_id=EAST, who=ALICE, came=8), SucceedTrack)
    assert goes.former == comes.track
    left = room.leave(ALICE)
    assert [effect.track for effect in only(left, RemoveTrack)] == [comes.track]
    assert only(left, SendOffer) == []


def test_how_connections_to_another_node_are_is_told_here_when_it_changes(room: Room) -> None:
    def says(level: QualityLevel | None) -> list[TellQualities]:
        quality = None if level is None else ConnectionQuality(participant_id=DORA, level=level, score=4.0)
        there = RelayedParticipant(participant_id=DORA, breakout=None, version=1, quality=quality)
        return only(room.relay(WEST, (there,), ()), TellQualities)

    assert says(None) == []
    [told] = says(QualityLevel.GOOD)
    assert [each.level for each in told.qualities] == [QualityLevel.GOOD]
    assert says(QualityLevel.GOOD) == []
    assert len(says(QualityLevel.POOR)) == 1
    mine = ConnectionQuality(participant_id=ALICE, level=QualityLevel.POOR, score=2.0)
    room.rated([mine])
    assert [each.quality for each in room.whereabouts()] == [mine, None]


def test_wishes_outlive_the_registrations_of_a_track(room: Room, alice: Any, bob: Any) -> None:
    tell(room, relayed())
    room.change_subscriptions(BOB, [SubscriptionWish(track_id="far", enabled=False)])
    room.change_subscriptions(ALICE, [SubscriptionWish(track_id="far", max_height=180)])
    room.relay(WEST, (), ())
    tell(room, relayed(ssrcs=(17, 18, 19)))
    assert layers_wanted(room, WEST) == {"far": 1}
    publish_camera(room, alice)
    room.change_subscriptions(BOB, [SubscriptionWish(track_id="cam", enabled=False)])
    room.leave(ALICE)
    room.join(ALICE, subscribe=True)
    publish_camera(room, alice)
    assert not room.participant(BOB).wish(TrackId("cam")).enabled


def test_a_track_in_another_form_is_another_track(room: Room) -> None:
    [first] = only(tell(room, relayed()), AddRelayedTrack)
    changed = tell(room, relayed(ssrcs=(17, 18, 19)))
    [second] = only(changed, AddRelayedTrack)
    assert second.track.track_id == first.track.track_id
    assert second.track.revision > first.track.revision
    assert [effect.track for effect in only(changed, RemoveTrack)] == [first.track]


def test_a_closed_room_leaves_nothing_of_other_nodes(room: Room) -> None:
    [added] = only(tell(room, relayed()), AddRelayedTrack)
    assert [effect.track for effect in only(room.close(), RemoveTrack)] == [added.track]


def test_data_does_not_cross_and_its_sender_learns_whom_it_missed(room: Room, alice: Any) -> None:
    publish_camera(room, alice)
    tell(room)
    sender = TransportKey(participant_id=ALICE, purpose=Purpose.PUBLISH, generation=1)
    room.data.permit(ALICE, permitted=True, version=1)

    def missed(*to: ParticipantId) -> set[ParticipantId]:
        message = encode_said(Said(number=1, topic="t", payload=b"x", to=to))
        return set(room.data.relay(sender, Label.RELIABLE, message, 0.0).missed)

    assert (missed(), missed(DORA), missed(BOB)) == ({BOB, DORA}, {DORA}, {BOB})
    room.move({DORA: "b"}, version=2)
    assert missed() == {BOB}
