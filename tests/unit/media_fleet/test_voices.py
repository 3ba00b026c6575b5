"""Where microphones are heard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from contracts.node_rpc import AssignedTrack
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.domain.effects import Effect, PlaceVoice
from media_fleet.domain.room import Room

ALICE, BOB = ParticipantId("alice"), ParticipantId("bob")


def voices(effects: Iterable[Effect]) -> list[tuple[TrackId, str, str | None]]:
    placed = [effect for effect in effects if isinstance(effect, PlaceVoice)]
    return [(each.track.track_id, each.participant_id, each.breakout) for each in placed]


def test_microphones_are_heard_where_their_people_are_and_nothing_else_is_a_voice(
    new_room: Callable[[], Room], new_client: Any
) -> None:
    room, alice = new_room(), new_client("alice")
    room.join(ALICE, subscribe=True)
    room.join(BOB, subscribe=True)
    sources = (TrackSource.CAMERA, TrackSource.MICROPHONE, TrackSource.SCREEN_AUDIO)
    tracks = [
        AssignedTrack(mid=str(mid), track_id=TrackId(source), source=source) for mid, source in enumerate(sources)
    ]
    sections = [alice.section("0"), alice.section("1", kind="audio"), alice.section("2", kind="audio")]
    published = room.publish(ALICE, alice.description(sections), tuple(tracks), version=1)
    assert voices(published.effects) == [("microphone", ALICE, None)]
    assert voices(room.move({BOB: "b"}, version=2)) == []
    assert voices(room.move({ALICE: "b"}, version=3)) == [("microphone", ALICE, "b")]
    assert (room.tracks.listeners("b"), room.tracks.listeners(None)) == ((ALICE, BOB), ())
    assert voices(room.leave(ALICE)) == []
