"""The recording of a meeting's main room, or its broadcast: which tracks its recorders receive.

A recorder is a subscriber that answers no offers: it takes every track at its best, without RTX, and without header
extensions but that by which who draws a picture turns it. What else it needs to know of a track it is told apart from
the packets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set

from contracts.rooms import ParticipantId
from media_fleet.domain.effects import (
    AddSubscription,
    CloseTransport,
    Effect,
    FinishBroadcast,
    FinishRecording,
    MuteRecorded,
    Purpose,
    RecorderRole,
    RecordTrack,
    RemoveSubscription,
    Share,
    StopRecordingTrack,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.media_formats import SUBSCRIBER_EXTENSION_IDS, VIDEO_ORIENTATION
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transport_parameters import Randomness

RECORDERS = {
    RecorderRole.TRACKS: ParticipantId("~recorder"),
    RecorderRole.COMPOSITE: ParticipantId("~composer"),
    RecorderRole.AUDIO: ParticipantId("~mixer"),
    RecorderRole.BROADCAST: ParticipantId("~broadcaster"),
}
"""Stand where a subscriber's id does. No participant's id has this form."""
_DRAWING = frozenset({RecorderRole.COMPOSITE, RecorderRole.BROADCAST})
_ALL = Share(layer=None, height=None, frame_rate=None, priority=0, paused=False)
_PAYLOAD_TYPE = 96
"""One for all: the SSRC tells a recorder what a packet is."""


class RoomRecording:
    """Who records the room, or streams it out, if anybody does. A recorder receives nothing before it is ready."""

    def __init__(self, randomness: Randomness, *, is_broadcast: bool = False) -> None:
        self.id: str | None = None
        """The recording's, or the broadcast's; None: there is none."""
        self._randomness = randomness
        self._is_broadcast = is_broadcast
        self._generation = 0
        self._recorders: dict[RecorderRole, _Recorder] = {}

    @property
    def is_ready(self) -> bool:
        """Whether a recorder receives."""
        return any(each.is_ready for each in self._recorders.values())

    @property
    def takes_pictures(self) -> bool:
        """Whether a recorder that receives takes pictures."""
        return any(each.is_ready for role, each in self._recorders.items() if role is not RecorderRole.AUDIO)

    @property
    def are_all_ready(self) -> bool:
        """Whether all that there are to be do."""
        return bool(self._recorders) and all(each.is_ready for each in self._recorders.values())

    def begin(self, recording_id: str, roles: Collection[RecorderRole]) -> Mapping[RecorderRole, TransportKey]:
        """Recorders are on their way; there is none yet. Their transports."""
        self.id = recording_id
        self._generation += 1
        self._recorders = {role: _Recorder(role, self._generation, self._randomness) for role in roles}
        return {role: each.transport for role, each in self._recorders.items()}

    def begin_anew(self, role: RecorderRole) -> tuple[TransportKey, list[Effect]]:
        """One recorder is lost, and another on its way, which makes the same: its transport. Raises `KeyError`: none
        makes that."""
        lost = self._recorders[role].transport
        self._generation += 1
        self._recorders[role] = _Recorder(role, self._generation, self._randomness)
        return self._recorders[role].transport, [CloseTransport(transport=lost)]

    def ready(self, role: RecorderRole) -> None:
        """A recorder takes packets from now on."""
        if role in self._recorders:
            self._recorders[role].is_ready = True

    def end(self, *, is_over: bool = True) -> list[Effect]:
        """The recorders get nothing any more; there being none is fine. ``is_over``: of a broadcast, as in
        `FinishBroadcast`."""
        if self.id is None:
            return []
        closed: list[Effect] = [CloseTransport(transport=each.transport) for each in self._recorders.values()]
        ended: Effect = FinishRecording(recording_id=self.id)
        if self._is_broadcast:
            ended = FinishBroadcast(broadcast_id=self.id, is_over=is_over)
        self.id = None
        self._recorders = {}
        return [*closed, ended]

    def end_role(self, role: RecorderRole) -> list[Effect]:
        """One recorder gets nothing any more, and the others go on; the last one ends the recording, as `end` does."""
        if role not in self._recorders:
            return []
        if len(self._recorders) == 1:
            return self.end()
        return [CloseTransport(transport=self._recorders.pop(role).transport)]

    def follow(self, there: Set[TrackKey], wanted: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """What brings the recorders to ``wanted``. ``there``: all tracks that the room has."""
        for recorder in self._recorders.values():
            yield from recorder.follow(there, wanted)

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        """The recorders get another track in the former one's place, under the same SSRC."""
        for recorder in self._recorders.values():
            recorder.succeed(former, track)


class _Recorder:
    def __init__(self, role: RecorderRole, generation: int, randomness: Randomness) -> None:
        self.is_ready = False
        self.transport = TransportKey(participant_id=RECORDERS[role], purpose=Purpose.RECORD, generation=generation)
        self._role = role
        self._randomness = randomness
        self._ssrcs: dict[TrackKey, int] = {}
        self._muted: dict[TrackKey, bool] = {}

    def follow(self, there: Set[TrackKey], wanted: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        if not self.is_ready:
            return
        if self._role is RecorderRole.AUDIO:
            wanted = {key: track for key, track in wanted.items() if track.media.kind == "audio"}
        for key in [key for key in self._ssrcs if key not in wanted]:
            if key in there:  # a track that is gone has taken its subscriptions with it
                yield RemoveSubscription(subscription=SubscriptionKey(transport=self.transport, track=key))
            del self._muted[key]
            yield StopRecordingTrack(role=self._role, ssrc=self._ssrcs.pop(key))
        for key, track in wanted.items():
            if key not in self._ssrcs:
                yield from self._begin(track)
            elif self._muted[key] != track.muted:
                self._muted[key] = track.muted
                yield MuteRecorded(role=self._role, ssrc=self._ssrcs[key], muted=track.muted)

    def succeed(self, former: TrackKey, track: TrackKey) -> None:
        if former in self._ssrcs:
            self._ssrcs[track], self._muted[track] = self._ssrcs.pop(former), self._muted.pop(former)

    def _begin(self, track: RoomTrack) -> Iterator[Effect]:
        ssrc = self._new_ssrc()
        self._ssrcs[track.key], self._muted[track.key] = ssrc, track.muted
        codec = track.media.codec.codec
        # The recorder is told first, so that it knows the packets when they come.
        yield RecordTrack(
            role=self._role,
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
            extensions=self._extensions_of(track),
            share=_ALL,
            continuous=True,
        )

    def _extensions_of(self, track: RoomTrack) -> tuple[tuple[str, int], ...]:
        published = {uri for uri, _ in track.media.extensions}
        is_turned = self._role in _DRAWING and VIDEO_ORIENTATION in published
        return ((VIDEO_ORIENTATION, SUBSCRIBER_EXTENSION_IDS[VIDEO_ORIENTATION]),) if is_turned else ()

    def _new_ssrc(self) -> int:
        while (ssrc := self._randomness.ssrc()) in self._ssrcs.values():
            pass
        return ssrc
