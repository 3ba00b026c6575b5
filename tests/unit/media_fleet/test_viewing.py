"""A client that offers to receive (WHEP): what its m-lines carry, and when that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from contracts.node_rpc import AssignedTrack
from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.adapters.sdp_parser import parse
from media_fleet.domain.effects import (
    AddSubscription,
    Answered,
    CloseTransport,
    Effect,
    OpenTransport,
    Purpose,
    RemoveSubscription,
    SendOffer,
    StartDtls,
)
from media_fleet.domain.errors import BadSdpError, StaleNegotiationError
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import Direction, IceCredentials, PayloadFormat, Setup
from media_fleet.domain.transport_parameters import NodeEnd, Randomness

ALICE, EVE = ParticipantId("alice"), ParticipantId("eve")
CAMERA, SCREEN, MICROPHONE = TrackId("cam"), TrackId("screen"), TrackId("mic")
SOURCES = {CAMERA: TrackSource.CAMERA, SCREEN: TrackSource.SCREEN, MICROPHONE: TrackSource.MICROPHONE}
H264 = PayloadFormat(
    payload_type=102,
    name="H264",
    clock_rate=90_000,
    parameters=(("packetization-mode", "1"), ("profile-level-id", "42e01f")),
)
VP8_ELSEWHERE = PayloadFormat(payload_type=120, name="VP8", clock_rate=90_000)
E = TypeVar("E")


def only(effects: Iterable[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


class Scene:
    """A room in which Alice sends and Eve watches."""

    def __init__(self, room: Room, client: type[Any], node: NodeEnd, randomness: Randomness) -> None:
        self.room = room
        self.alice, self.eve = client("alice"), client("eve")
        self._node, self._randomness = node, randomness
        room.join(ALICE, subscribe=False)
        room.join(EVE, subscribe=False)

    def publish(self, *tracks: TrackId) -> tuple[Effect, ...]:
        sections = [self.alice.section(str(mid), SOURCES[track].kind) for mid, track in enumerate(SOURCES)]
        assigned = tuple(
            AssignedTrack(mid=str(mid), track_id=track, source=source)
            for mid, (track, source) in enumerate(SOURCES.items())
            if track in tracks
        )
        return self.room.publish(ALICE, self.alice.description(sections), assigned, version=1).effects

    def offer(self, *kinds: str, **section: Any) -> Any:
        section = {"direction": Direction.RECVONLY, **section}
        return self.eve.description([self.eve.section(str(mid), kind, **section) for mid, kind in enumerate(kinds)])

    def watch(self, offer: Any, *chosen: TrackId) -> Answered:
        eve = self.room.participant(EVE)
        wanted = self.room.tracks.wanted_by
        return eve.watch(offer, chosen, lambda: wanted(eve), node=self._node, randomness=self._randomness)

    def choose(self, *chosen: TrackId) -> list[Effect]:
        eve = self.room.participant(EVE)
        return eve.choose(chosen, self.room.tracks.wanted_by(eve))


@pytest.fixture
def scene(new_room: Callable[[], Room], new_client: type[Any], node_end: NodeEnd, randomness: Any) -> Scene:
    return Scene(new_room(), new_client, node_end, randomness)


def carried(effects: Iterable[Effect]) -> list[tuple[str, TrackId]]:
    return [(effect.mid, effect.subscription.track.track_id) for effect in only(effects, AddSubscription)]


def test_an_offer_is_answered_with_the_chosen_tracks_under_its_own_numbers(scene: Scene) -> None:
    scene.publish(CAMERA, MICROPHONE)
    answered = scene.watch(scene.offer("audio", "video"), CAMERA, MICROPHONE)
    assert [type(effect) for effect in answered.effects[:2]] == [OpenTransport, StartDtls]
    assert sorted(carried(answered.effects)) == [("0", MICROPHONE), ("1", CAMERA)]
    audio, video = parse(answered.sdp).media
    assert {audio.direction, video.direction} == {Direction.SENDONLY}
    assert {audio.setup, video.setup} == {Setup.PASSIVE}
    added = next(effect for effect in only(answered.effects, AddSubscription) if effect.mid == "1")
    assert (added.payload_type, added.rtx_payload_type) == (96, 97)
    assert (added.ssrc, added.rtx_ssrc) == video.ssrcs
    assert video.msid == "alice cam"
    assert dict(added.extensions).items() <= {(extension.uri, extension.id) for extension in video.extensions}


def test_the_most_wanted_track_is_on_the_line_and_another_comes_under_another_ssrc(scene: Scene) -> None:
    scene.publish(CAMERA, SCREEN)
    first = scene.watch(scene.offer("video"), SCREEN, CAMERA)
    assert carried(first.effects) == [("0", SCREEN)]
    switched = scene.choose(CAMERA)
    assert [effect.subscription.track.track_id for effect in only(switched, RemoveSubscription)] == [SCREEN]
    assert carried(switched) == [("0", CAMERA)]
    ssrcs = {effect.ssrc for effect in only([*first.effects, *switched], AddSubscription)}
    assert len(ssrcs) == 2
    assert scene.choose(CAMERA, SCREEN) == []


def test_a_track_stays_on_its_line_when_another_becomes_more_wanted(scene: Scene) -> None:
    scene.publish(CAMERA, SCREEN)
    scene.watch(scene.offer("video", "video"), CAMERA, SCREEN)
    assert scene.choose(SCREEN, CAMERA) == []


def test_tracks_that_come_and_go_are_taken_up_and_let_go(scene: Scene) -> None:
    assert carried(scene.watch(scene.offer("video"), CAMERA).effects) == []
    published = scene.publish(CAMERA)
    assert carried(published) == [("0", CAMERA)]
    assert only(published, SendOffer) == []
    gone = scene.publish(SCREEN)
    assert only(gone, RemoveSubscription) == []  # the track took its subscriptions with it
    assert carried(scene.choose(SCREEN)) == [("0", SCREEN)]
    moved = scene.room.move({ALICE: "b1"}, version=5)
    assert [effect.subscription.track.track_id for effect in only(moved, RemoveSubscription)] == [SCREEN]


def test_a_line_carries_only_what_its_codecs_allow_whatever_numbers_they_have(scene: Scene) -> None:
    scene.publish(CAMERA)
    assert carried(scene.watch(scene.offer("video", formats=(H264,)), CAMERA).effects) == []
    elsewhere = scene.watch(scene.offer("video", formats=(H264, VP8_ELSEWHERE)), CAMERA)
    [added] = only(elsewhere.effects, AddSubscription)
    assert (added.payload_type, added.rtx_payload_type, added.rtx_ssrc) == (120, None, None)
    assert [f.payload_type for f in parse(elsewhere.sdp).media[0].formats] == [102, 120]
    assert len(only(elsewhere.effects, CloseTransport)) == 1


def test_the_same_offer_again_has_the_same_answer(scene: Scene) -> None:
    scene.publish(CAMERA)
    offer = scene.offer("video")
    first = scene.watch(offer, CAMERA)
    again = scene.watch(offer, CAMERA)
    assert (again.sdp, again.effects) == (first.sdp, ())


@pytest.mark.parametrize("section", [{"direction": Direction.SENDONLY}, {"formats": ()}, {"port": 0}])
def test_an_offer_that_receives_nothing_is_refused_and_nothing_changes(scene: Scene, section: dict[str, Any]) -> None:
    with pytest.raises(BadSdpError):
        scene.watch(scene.offer("video", **section), CAMERA)
    with pytest.raises(StaleNegotiationError):
        scene.choose(CAMERA)
    assert scene.room.leave(EVE) == []


def test_who_leaves_takes_the_transport_along_and_restarts_its_ice_before(scene: Scene) -> None:
    scene.watch(scene.offer("video"), CAMERA)
    eve = scene.room.participant(EVE)
    own, remote = (IceCredentials(ufrag=name, pwd=name * 22) for name in ("node", "peer"))
    transport = eve.present_transport(Purpose.SUBSCRIBE)
    assert eve.restart_ice(Purpose.SUBSCRIBE, remote=remote, own=own).transport == transport
    assert scene.room.leave(EVE) == [CloseTransport(transport=transport)]
