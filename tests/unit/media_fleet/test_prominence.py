"""Whose pictures come first for a subscriber: those of the spotlight, pinned ones, and those of who speaks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import AssignedTrack
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.domain.effects import AddSubscription, AdjustSubscription, Effect, SendOffer
from media_fleet.domain.room import Room
from media_fleet.domain.transport_parameters import NodeEnd

VIEWER = ParticipantId("viewer")
ANN, BEN, CAT = PEOPLE = [ParticipantId(name) for name in ("ann", "ben", "cat")]


class Watched:
    """A room in which three have a camera and one watches, with what of it is served first."""

    def __init__(self, room: Room, new_client: Any) -> None:
        self.room = room
        self._client = new_client
        self._priorities: dict[TrackId, int] = {}
        self.adjusted = 0
        """So often something was to be served otherwise than before."""

    def take(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case AddSubscription() | AdjustSubscription() if effect.subscription.transport.participant_id == VIEWER:
                    self._priorities[effect.subscription.track.track_id] = effect.share.priority
                    self.adjusted += isinstance(effect, AdjustSubscription)
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

    def wish(self, *wishes: SubscriptionWish) -> None:
        self.take(self.room.change_subscriptions(VIEWER, wishes))

    def heard(self, *speakers: ParticipantId, breakout: str | None = None) -> None:
        self.take(self.room.tracks.heard(breakout, speakers))

    def spotlight(self, *chosen: ParticipantId, version: int) -> None:
        self.take(self.room.spotlight(chosen, version=version))

    @property
    def order(self) -> list[str]:
        """What the viewer is served, what comes first first; of equals in the order of the alphabet."""
        names = sorted(self._priorities)
        return sorted((name.removesuffix("-camera") for name in names), key=lambda name: -self._of(name))

    def _of(self, name: str) -> int:
        return self._priorities[TrackId(name if "-" in name else f"{name}-camera")]


@pytest.fixture
def watched(node_end: NodeEnd, randomness: Any, new_client: Any) -> Watched:
    watched = Watched(Room(MeetingId("m1"), node=node_end, randomness=randomness), new_client)
    for who in (VIEWER, *PEOPLE):
        watched.take(watched.room.join(who, subscribe=who == VIEWER).effects)
    for who in PEOPLE:
        watched.publish(who, TrackSource.CAMERA)
    return watched


def test_who_speaks_comes_before_a_screen_and_who_is_pinned_or_in_the_spotlight_before_all(watched: Watched) -> None:
    watched.publish(CAT, TrackSource.CAMERA, TrackSource.SCREEN)
    assert watched.order == ["cat-screen", ANN, BEN, CAT]
    watched.heard(BEN)
    assert watched.order == [BEN, "cat-screen", ANN, CAT]
    watched.wish(SubscriptionWish(track_id="ann-camera", max_height=90, pinned=True))
    assert watched.order == [ANN, BEN, "cat-screen", CAT]
    watched.spotlight(CAT, version=2)
    assert watched.order == ["cat-screen", CAT, ANN, BEN]
    watched.spotlight(version=3)
    watched.wish(SubscriptionWish(track_id="ann-camera"))
    assert watched.order == [BEN, "cat-screen", ANN, CAT]


def test_of_the_spotlight_the_latest_word_stands_whichever_comes_last(watched: Watched) -> None:
    watched.spotlight(BEN, version=7)
    watched.spotlight(CAT, version=5)
    assert watched.order == [BEN, ANN, CAT]


def test_the_spotlight_falls_on_who_comes_later_too(watched: Watched) -> None:
    dan = ParticipantId("dan")
    watched.spotlight(dan, version=2)
    watched.take(watched.room.join(dan, subscribe=False).effects)
    watched.publish(dan, TrackSource.CAMERA)
    assert watched.order == [dan, ANN, BEN, CAT]


def test_neither_a_pause_nor_a_word_in_between_changes_who_comes_first(watched: Watched) -> None:
    watched.heard(BEN)
    before = watched.adjusted
    watched.heard()
    watched.heard(BEN)
    watched.heard(BEN, CAT)
    watched.heard(BEN)
    assert (watched.order, watched.adjusted) == ([BEN, ANN, CAT], before)
    watched.heard(CAT, BEN)
    assert watched.order == [CAT, ANN, BEN]
    assert watched.adjusted == before + 2, "only of the two whose turn it was and is"


def test_who_speaks_in_another_room_is_nothing_to_those_in_this_one(watched: Watched) -> None:
    watched.heard(BEN)
    watched.heard(CAT, breakout="b")
    assert watched.order == [BEN, ANN, CAT]
    watched.take(watched.room.move(dict.fromkeys([VIEWER, ANN, BEN, CAT], "b"), version=2))
    assert watched.order == [CAT, ANN, BEN], "all went there together, and what flows went on"
