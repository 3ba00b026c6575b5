"""The recording of a meeting's main room: which tracks its recorder receives.

A recorder is a subscriber that answers no offers: it takes every track at its best, without RTX and without header
extensions. What it needs to know of a track it is told apart from the packets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from contracts.rooms import ParticipantId
from media_fleet.domain.effects import (
    AddSubscription,
    CloseTransport,
    Effect,
    FinishRecording,
    MuteRecorded,
    Purpose,
    RecordTrack,
    RemoveSubscription,
    Share,
    StopRecordingTrack,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transport_parameters import Randomness

RECORDER = ParticipantId("~recorder")
"""Stands where a subscriber's id does. No participant's id has this form."""
_ALL = Share(layer=None, height=None, frame_rate=None, priority=0, paused=False)
_PAYLOAD_TYPE = 96
"""One for all: the SSRC tells a recorder what a packet is."""


class RoomRecording:
    """Who records the room, if anybody does. A recorder receives nothing before it is ready."""

    def __init__(self, randomness: Randomness) -> None:
        self.id: str | None = None
        """The recording's; None: there is none."""
        self.is_ready = False
        self._randomness = randomness
        self._generation = 0
        self._ssrcs: dict[TrackKey, int] = {}
        self._muted: dict[TrackKey, bool] = {}

    @property
    def transport(self) -> TransportKey:
        """The recorder's."""
        return TransportKey(participant_id=RECORDER, purpose=Purpose.RECORD, generation=self._generation)

    def begin(self, recording_id: str) -> None:
        """A recorder is on its way; there is none yet."""
        self.id, self.is_ready = recording_id, False
        self._generation += 1

    def end(self) -> list[Effect]:
        """The recorder gets nothing any more; there being none is fine."""
        if self.id is None:
            return []
        ended = FinishRecording(recording_id=self.id)
        self.id, self.is_ready = None, False
        self._ssrcs.clear()
        self._muted.clear()
        return [CloseTransport(transport=self.transport), ended]

    def follow(self, there: Set[TrackKey], wanted: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """What brings the recorder to ``wanted``. ``there``: all tracks that the room has."""
        if not self.is_ready:
            return
        for key in [key for key in self._ssrcs if key not in wanted]:
            if key in there:  # a track that is gone has taken its subscriptions with it
                yield RemoveSubscription(subscription=SubscriptionKey(transport=self.transport, track=key))
            del self._muted[key]
            yield StopRecordingTrack(ssrc=self._ssrcs.pop(key))
        for key, track in wanted.items():
            if key not in self._ssrcs:
                yield from self._begin(track)
            elif self._muted[key] != track.muted:
                self._muted[key] = track.muted
                yield MuteRecorded(ssrc=self._ssrcs[key], muted=track.muted)

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """The recorder gets another track in the former one's place, under the same SSRC."""
        if former in self._ssrcs:
            self._ssrcs[track], self._muted[track] = self._ssrcs.pop(former), self._muted.pop(former)

    def _begin(self, track: RoomTrack) -> Iterator[Effect]:
        ssrc = self._new_ssrc()
        self._ssrcs[track.key], self._muted[track.key] = ssrc, track.muted
        codec = track.media.codec.codec
        # The recorder is told first, so that it knows the packets when they come.
        yield RecordTrack(
            ssrc=ssrc,
            track_id=track.key.track_id,
            participant_id=track.participant_id,
            source=track.source,
            codec=codec.name,
            clock_rate=codec.clock_rate,
            muted=track.muted,
        )
        yield AddSubscription(
            subscription=SubscriptionKey(transport=self.transport, track=track.key),
            mid="0",
            ssrc=ssrc,
            rtx_ssrc=None,
            payload_type=_PAYLOAD_TYPE,
            rtx_payload_type=None,
            cname=track.participant_id,
            extensions=(),
            share=_ALL,
            continuous=True,
        )

    def _new_ssrc(self) -> int:
        while (ssrc := self._randomness.ssrc()) in self._ssrcs.values():
            pass
        return ssrc
