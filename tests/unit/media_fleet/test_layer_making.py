"""When a node makes a smaller picture of what comes as one encoding, and what a room wants done for that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

from contracts.node_rpc import AssignedTrack
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.domain.effects import (
    AddMadeLayer,
    AddSubscription,
    AddTrack,
    AllowMadeLayer,
    CloseTransport,
    Effect,
    StartTranscoder,
    StopTranscoder,
    TrackKey,
)
from media_fleet.domain.layer_making import RESTARTS, RESTARTS_WITHIN_S
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import PayloadFormat
from media_fleet.domain.transcoder_places import LAYER, TranscoderPlaces
from media_fleet.domain.transport_parameters import NodeEnd
from tests.unit.media_fleet.conftest import VP8, CountingRandomness

ALICE, BOB = ParticipantId("alice"), ParticipantId("bob")
H264 = PayloadFormat(
    payload_type=102,
    name="H264",
    clock_rate=90_000,
    parameters=(("packetization-mode", "1"), ("profile-level-id", "42e01f")),
    feedback=("nack", "nack pli"),
)
VP9 = PayloadFormat(payload_type=98, name="VP9", clock_rate=90_000, feedback=("nack", "nack pli"))
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


class Meeting:
    """A room in which somebody publishes cameras."""

    def __init__(self, node: NodeEnd, new_client: Any, *, places: int) -> None:
        self.places = TranscoderPlaces(video=places, sound=1)
        self.room = Room(MeetingId("m"), node=node, randomness=CountingRandomness(), transcoder_places=self.places)
        for each in (ALICE, BOB):
            self.room.join(each, subscribe=True)
        self._new_client = new_client

    def publish(
        self, who: ParticipantId = ALICE, codec: PayloadFormat = VP8, rids: tuple[str, ...] = ()
    ) -> tuple[TrackKey, list[Effect]]:
        client = self._new_client(who)
        track = AssignedTrack(mid="0", track_id=TrackId(f"{who}-track"), source=TrackSource.CAMERA)
        offer = client.description([client.section("0", formats=(codec,), rids=rids)])
        effects = list(self.room.publish(who, offer, (track,), version=1).effects)
        return only(effects, AddTrack)[0].track, effects

    def needed(self, key: TrackKey, *, needed: bool = True) -> list[Effect]:
        return self.room.tracks.layer_needed(key, needed=needed)


@pytest.fixture
def meeting(node_end: NodeEnd, new_client: Any) -> Meeting:
    return Meeting(node_end, new_client, places=2)


@pytest.mark.parametrize("codec", [VP8, H264], ids=["VP8", "H264"])
def test_what_is_needed_is_made_of_the_track_in_its_codec_until_nobody_needs_it(
    meeting: Meeting, codec: PayloadFormat
) -> None:
    key, effects = meeting.publish(codec=codec)
    assert only(effects, AllowMadeLayer) == [AllowMadeLayer(track=key, allowed=True)]
    [started] = meeting.needed(key)
    assert isinstance(started, StartTranscoder)
    assert (started.is_smaller, started.taken, started.made) == (True, started.made, started.taken)
    assert started.taken.name == codec.name
    assert meeting.needed(key) == [], "there is one"
    taken, made = meeting.room.transcoder_ready(started.transport)
    assert isinstance(taken, AddSubscription)
    assert (taken.subscription.transport, taken.subscription.track) == (started.transport, key)
    assert (taken.ssrc, taken.share.height, taken.share.paused) == (started.ssrc_in, None, False)
    assert made == AddMadeLayer(track=key, transport=started.transport, ssrc=started.ssrc_out)
    assert meeting.needed(key, needed=False) == [
        CloseTransport(transport=started.transport),
        StopTranscoder(transport=started.transport, kind=LAYER),
    ]
    assert meeting.needed(key, needed=False) == []


@pytest.mark.parametrize(("codec", "rids"), [(VP8, ("q", "f")), (VP9, ())], ids=["simulcast", "VP9"])
def test_of_what_has_layers_of_its_own_nothing_is_made(
    meeting: Meeting, codec: PayloadFormat, rids: tuple[str, ...]
) -> None:
    key, effects = meeting.publish(codec=codec, rids=rids)
    assert only(effects, AllowMadeLayer) == []
    assert meeting.needed(key) == []


def test_where_there_is_no_place_nobody_waits_for_it_until_there_is_one(meeting: Meeting) -> None:
    alices, bobs = meeting.publish()[0], meeting.publish(BOB)[0]
    [started] = only(meeting.needed(alices), StartTranscoder)
    assert meeting.needed(bobs) == [AllowMadeLayer(track=bobs, allowed=False)]
    meeting.needed(alices, needed=False)
    assert meeting.room.follow_transcoders(1.0) == [], "a place is free when the process has ended"
    meeting.places.give_back(LAYER)
    assert meeting.room.follow_transcoders(2.0) == [AllowMadeLayer(track=bobs, allowed=True)]
    [another] = only(meeting.needed(bobs), StartTranscoder)
    assert another.transport != started.transport


def test_half_of_the_places_are_for_those_who_would_see_nothing(node_end: NodeEnd, new_client: Any) -> None:
    places = TranscoderPlaces(video=5, sound=1)
    assert [places.take(LAYER) for _ in range(3)] == [True, True, False]
    assert [places.take("video") for _ in range(4)] == [True, True, True, False]
    places.give_back("video")
    assert not places.has_place(LAYER)
    places.give_back(LAYER)
    assert places.has_place(LAYER)
    alone = Meeting(node_end, new_client, places=1)
    assert only(alone.publish()[1], AllowMadeLayer) == [], "the only place is never for a layer"


def test_another_one_goes_on_for_one_that_is_lost_and_not_without_end(meeting: Meeting) -> None:
    key, _ = meeting.publish()
    [started] = only(meeting.needed(key), StartTranscoder)
    for now in range(RESTARTS):
        effects = meeting.room.transcoder_lost(started.transport, float(now))
        assert only(effects, CloseTransport) == [CloseTransport(transport=started.transport)]
        [started] = only(effects, StartTranscoder)
    effects = meeting.room.transcoder_lost(started.transport, RESTARTS_WITHIN_S - 1)
    assert only(effects, StartTranscoder) == []
    assert only(effects, AllowMadeLayer) == [AllowMadeLayer(track=key, allowed=False)]
    assert only(effects, StopTranscoder) == [StopTranscoder(transport=started.transport, kind=LAYER)]
    assert meeting.room.follow_transcoders(100.0) == []
    assert meeting.needed(key) == []


def test_it_ends_with_its_track_and_with_the_meeting(meeting: Meeting) -> None:
    key, _ = meeting.publish()
    [started] = only(meeting.needed(key), StartTranscoder)
    stopped = StopTranscoder(transport=started.transport, kind=LAYER)
    assert only(meeting.room.leave(ALICE), StopTranscoder) == [stopped]
    assert meeting.room.transcoder_ready(started.transport) == []
    meeting.places.give_back(LAYER)
    key, _ = meeting.publish(BOB)
    [started] = only(meeting.needed(key), StartTranscoder)
    assert [each.transport for each in only(meeting.room.close(), StopTranscoder)] == [started.transport]


def test_of_what_is_encrypted_nothing_is_made(meeting: Meeting) -> None:
    key, _ = meeting.publish()
    [started] = only(meeting.needed(key), StartTranscoder)
    effects = meeting.room.tracks.change_encryption(encrypted=True, version=2)
    assert effects == [
        CloseTransport(transport=started.transport),
        StopTranscoder(transport=started.transport, kind=LAYER),
        AllowMadeLayer(track=key, allowed=False),
    ]
    assert meeting.needed(key) == [], "what was told before it was known"
    assert only(meeting.publish(BOB)[1], AllowMadeLayer) == []
    meeting.places.give_back(LAYER)
    effects = meeting.room.tracks.change_encryption(encrypted=False, version=3)
    assert {each.track.track_id for each in only(effects, AllowMadeLayer)} == {"alice-track", "bob-track"}
