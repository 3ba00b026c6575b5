"""Which cameras are sent, where somebody is to see so many at the most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.domain.effects import AddSubscription, AdjustSubscription, Effect, SendOffer, ShowCameras
from media_fleet.domain.room import Room
from media_fleet.domain.transport_parameters import NodeEnd

VIEWER = ParticipantId("viewer")
PEOPLE = [ParticipantId(name) for name in ("ann", "ben", "cat", "dan")]
ANN, BEN, CAT, DAN = PEOPLE


class Watched:
    """A room in which everybody has a camera named after them, and one who watches, with what reaches them."""

    def __init__(self, room: Room, new_client: Any) -> None:
        self.room = room
        self._client = new_client
        self.flowing: dict[TrackId, bool] = {}
        """Of each track that the viewer has, whether it is sent."""
        self.told: list[tuple[TrackId, ...] | None] = []
        self.version = 1

    def take(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case AddSubscription() | AdjustSubscription() if effect.subscription.transport.participant_id == VIEWER:
                    self.flowing[effect.subscription.track.track_id] = not effect.share.paused
                case ShowCameras(participant_id=who) if who == VIEWER:
                    self.told.append(effect.track_ids)
                case SendOffer(participant_id=who, offer=offer) if who == VIEWER:
                    answer = self._client(VIEWER).answer(offer.sdp)
                    self.take(self.room.answer_subscription(who, offer.generation, offer.negotiation, answer))

    def publish(self, who: ParticipantId, *sources: TrackSource) -> None:
        client = self._client(who)
        tracks = tuple(
            AssignedTrack(mid=str(mid), track_id=TrackId(f"{who}-{source}"), source=source)
            for mid, source in enumerate(sources)
        )
        offer = client.description([client.section(track.mid) for track in tracks])
        self.take(self.room.publish(who, offer, tracks, version=1).effects)

    def wish(self, *wishes: SubscriptionWish, max_cameras: int | None = None) -> None:
        self.take(self.room.change_subscriptions(VIEWER, wishes, max_cameras=max_cameras))

    def mute(self, who: ParticipantId, *, muted: bool) -> None:
        self.version += 1
        self.take(self.room.set_track_muted(who, camera_of(who), muted=muted, version=self.version))

    def heard(self, *speakers: ParticipantId) -> None:
        self.take(self.room.tracks.heard(None, speakers))

    @property
    def seen(self) -> list[str]:
        """Whose cameras are sent to the viewer."""
        return sorted(track.partition("-")[0] for track, sent in self.flowing.items() if sent and "camera" in track)


def camera_of(who: ParticipantId) -> TrackId:
    return TrackId(f"{who}-camera")


@pytest.fixture
def watched(node_end: NodeEnd, randomness: Any, new_client: Any) -> Watched:
    room = Room(MeetingId("m1"), node=node_end, randomness=randomness, last_n_video=2)
    watched = Watched(room, new_client)
    for who in (VIEWER, *PEOPLE):
        watched.take(room.join(who, subscribe=who == VIEWER).effects)
    for who in PEOPLE:
        watched.publish(who, TrackSource.CAMERA)
    return watched


def test_first_those_who_came_first_then_who_speaks_and_then_who_spoke_last(watched: Watched) -> None:
    assert watched.seen == [ANN, BEN]
    watched.heard(DAN)
    assert watched.seen == [ANN, DAN]
    watched.heard(DAN, CAT)
    assert watched.seen == [CAT, DAN]
    watched.heard()
    assert watched.seen == [CAT, DAN], "silence changes nothing"
    watched.heard(ANN)
    assert watched.seen == [ANN, DAN], "of two who spoke at once, the louder one was told first"
    assert watched.told[-1] == (camera_of(ANN), camera_of(DAN))


def test_who_is_seen_already_changes_nothing_by_speaking(watched: Watched) -> None:
    before = len(watched.told)
    watched.heard(BEN, ANN)
    watched.heard(ANN)
    assert len(watched.told) == before


def test_pinned_ones_come_first_whoever_speaks(watched: Watched) -> None:
    watched.wish(SubscriptionWish(track_id=camera_of(CAT), pinned=True))
    watched.heard(DAN, BEN)
    assert watched.seen == [CAT, DAN]
    watched.wish(SubscriptionWish(track_id=camera_of(CAT)))
    assert watched.seen == [BEN, DAN]


def test_who_is_in_the_spotlight_is_seen_whoever_speaks(watched: Watched) -> None:
    watched.take(watched.room.spotlight((CAT,), version=2))
    watched.heard(DAN, BEN)
    assert watched.seen == [CAT, DAN]
    watched.take(watched.room.spotlight((), version=3))
    assert watched.seen == [BEN, DAN]


def test_a_camera_that_is_off_or_not_wanted_takes_no_place(watched: Watched) -> None:
    watched.mute(ANN, muted=True)
    assert watched.seen == [BEN, CAT]
    watched.wish(SubscriptionWish(track_id=camera_of(BEN), enabled=False))
    assert watched.seen == [ANN, CAT, DAN], "hers is off, and sends nothing"
    assert watched.told[-1] is None, "none that is wanted is left out"
    watched.mute(ANN, muted=False)
    assert watched.seen == [ANN, CAT]


def test_a_screen_takes_no_place(watched: Watched) -> None:
    watched.publish(DAN, TrackSource.CAMERA, TrackSource.SCREEN)
    assert watched.flowing[TrackId("dan-screen")]
    assert watched.seen == [ANN, BEN]


def test_clients_ask_for_fewer_but_never_get_more_than_the_node_allows(watched: Watched) -> None:
    watched.wish(max_cameras=1)
    assert watched.seen == [ANN]
    watched.wish(max_cameras=3)
    assert watched.seen == [ANN, BEN]
    watched.wish(SubscriptionWish(track_id=camera_of(ANN), max_height=180))
    watched.wish(max_cameras=0)
    assert watched.seen == [ANN, BEN]


def test_without_a_limit_of_the_node_the_clients_holds_and_can_be_taken_back(
    node_end: NodeEnd, randomness: Any, new_client: Any
) -> None:
    watched = Watched(Room(MeetingId("m1"), node=node_end, randomness=randomness), new_client)
    for who in (VIEWER, *PEOPLE):
        watched.take(watched.room.join(who, subscribe=who == VIEWER).effects)
    for who in PEOPLE:
        watched.publish(who, TrackSource.CAMERA)
    assert (watched.seen, watched.told) == (PEOPLE, [])
    watched.wish(max_cameras=1)
    assert (watched.seen, watched.told) == ([ANN], [(camera_of(ANN),)])
    watched.wish(max_cameras=0)
    assert (watched.seen, watched.told[-1]) == (PEOPLE, None)


def test_who_leaves_makes_room_and_who_moves_is_seen_elsewhere(watched: Watched) -> None:
    watched.take(watched.room.leave(ANN))
    del watched.flowing[camera_of(ANN)]
    assert watched.seen == [BEN, CAT]
    watched.take(watched.room.move({VIEWER: "b", DAN: "b"}, version=2))
    watched.flowing.clear()
    watched.take(watched.room.restart_subscription(VIEWER).effects)
    assert watched.told[-1] is None


def test_who_connects_again_is_told_again(watched: Watched) -> None:
    told = watched.told[-1]
    watched.told.clear()
    watched.take(watched.room.join(VIEWER, subscribe=True).effects)
    assert watched.told == [told]


def test_what_is_left_out_is_not_asked_of_other_nodes(watched: Watched) -> None:
    viewer = watched.room.participant(VIEWER)
    left_out = {track.key.track_id for track in watched.room.tracks.local.values() if viewer.leaves_out(track)}
    assert left_out == {camera_of(CAT), camera_of(DAN)}
    tracks = watched.room.tracks.local
    assert watched.room.tracks.left_out() == 2
    assert [viewer.share_of(tracks[camera_of(who)]).paused for who in PEOPLE] == [False, False, True, True]
