"""Smaller pictures that a node makes of tracks that come as one encoding: a layer beneath the publisher's own.

The packet core says when somebody needs one (their path carries no more, or they show the track no larger), and
switches its subscribers to and fro as between a publisher's own layers. Here is decided whether it is made: where there
is a place, and nothing is encrypted. What makes it is a transcoder to the same codec. Whoever gets none gets what they
get without: the picture as it is sent, or nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from contracts.rooms import ParticipantId
from media_fleet.domain.effects import (
    AddMadeLayer,
    AddSubscription,
    AllowMadeLayer,
    CloseTransport,
    Effect,
    PublishedMedia,
    Purpose,
    Share,
    StartTranscoder,
    StopTranscoder,
    SubscriptionKey,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transcoder_places import LAYER, TranscoderPlaces
from media_fleet.domain.transport_parameters import Randomness

LAYER_MAKER = ParticipantId("~layers")
"""Stands where a participant's id does. No participant's id has this form."""
RESTARTS, RESTARTS_WITHIN_S = 3, 60.0
"""So often in so many seconds another one goes on in the place of one that was lost. Then nothing is made of the track
any more."""
_CODECS = frozenset({"VP8", "H264"})
_AS_SENT = Share(layer=None, height=None, frame_rate=None, priority=0, paused=False)


def may_have_made_layer(media: PublishedMedia) -> bool:
    """Whether a smaller picture could be made of it. Layers within an encoding (SVC) come in other codecs."""
    return media.kind == "video" and len(media.rids) < 2 and media.codec.codec.name in _CODECS


class _Maker:
    """What makes one, or is about to."""

    def __init__(self, transport: TransportKey, randomness: Randomness) -> None:
        self.transport = transport
        self.ice = randomness.ice_credentials()
        self.ssrc_in, self.ssrc_out = randomness.ssrc(), randomness.ssrc()
        self.is_ready = False
        self.lost_at: deque[float] = deque(maxlen=RESTARTS)


class LayerMaking:
    """Of one room."""

    def __init__(self, *, randomness: Randomness, places: TranscoderPlaces) -> None:
        self._randomness = randomness
        self._places = places
        self._generation = 0
        self._allowed: set[TrackKey] = set()
        """Of which the packet core knows that one would be made."""
        self._waiting: set[TrackKey] = set()
        """Those of which somebody needed one and there was no place."""
        self._failed: set[TrackKey] = set()
        """Of which none is made any more."""
        self._makers: dict[TrackKey, _Maker] = {}
        self.is_encrypted = False
        """Media is encrypted from end to end: there is nothing that could be decoded."""

    def follow(self, there: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """What follows when other tracks than before are in the room, or media is encrypted."""
        for known in (self._allowed, self._waiting, self._failed):
            known.intersection_update(there)
        for key in [key for key in self._makers if self.is_encrypted or key not in there]:
            yield from self._end(key)
        if self.is_encrypted:
            yield from self._forbid(*self._allowed)
            self._waiting.clear()
            return
        for key, track in there.items() if self._places.has_any(LAYER) else ():
            is_known = key in self._allowed or key in self._waiting or key in self._failed
            if not is_known and may_have_made_layer(track.media):
                yield from self._allow(key)

    def needed(self, track: RoomTrack) -> Iterator[Effect]:
        """Somebody needs a smaller picture of a track."""
        key = track.key
        if key in self._makers or key not in self._allowed:
            return
        if not self._places.take(LAYER):
            self._waiting.add(key)
            yield from self._forbid(key)
            return
        self._makers[key] = self._new_maker()
        yield self._start(track)

    def unneeded(self, key: TrackKey) -> Iterator[Effect]:
        """Nobody has needed it for a while."""
        if key in self._makers:
            yield from self._end(key)

    def tick(self) -> Iterator[Effect]:
        """What had no place is tried again when there is one."""
        if self._waiting and self._places.has_place(LAYER):
            waiting, self._waiting = self._waiting, set()
            for key in waiting:
                yield from self._allow(key)

    def ready(self, transport: TransportKey, there: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """A maker takes packets from now on, and sends some."""
        key = self.made_of(transport)
        track = None if key is None else there.get(key)
        if track is None:
            return
        maker = self._makers[track.key]
        maker.is_ready = True
        yield AddSubscription(
            subscription=SubscriptionKey(transport=transport, track=track.key),
            mid="0",
            ssrc=maker.ssrc_in,
            rtx_ssrc=None,
            payload_type=track.media.codec.payload_type,
            rtx_payload_type=None,
            cname=track.participant_id,
            extensions=(),
            share=_AS_SENT,
        )
        yield AddMadeLayer(track=track.key, transport=transport, ssrc=maker.ssrc_out)

    def lost(self, transport: TransportKey, now: float, there: Mapping[TrackKey, RoomTrack]) -> Iterator[Effect]:
        """A maker has ended by itself. ``now``: a monotonic clock's seconds."""
        key = self.made_of(transport)
        if key is None:
            return
        lost = self._makers[key]
        if key not in there or (len(lost.lost_at) == RESTARTS and now - lost.lost_at[0] < RESTARTS_WITHIN_S):
            yield from self._end(key)
            self._failed.add(key)
            yield from self._forbid(key)
            return
        another = self._makers[key] = self._new_maker()
        another.lost_at = lost.lost_at
        another.lost_at.append(now)
        yield CloseTransport(transport=lost.transport)
        yield self._start(there[key])

    def end(self) -> list[Effect]:
        """Ends all."""
        return [effect for key in list(self._makers) for effect in self._end(key)]

    def made_of(self, transport: TransportKey) -> TrackKey | None:
        """Of which track a maker makes a layer; None: it is gone."""
        return next((key for key, maker in self._makers.items() if maker.transport == transport), None)

    # ---- inside ----

    def _new_maker(self) -> _Maker:
        self._generation += 1
        key = TransportKey(participant_id=LAYER_MAKER, purpose=Purpose.TRANSCODE, generation=self._generation)
        return _Maker(key, self._randomness)

    def _start(self, track: RoomTrack) -> StartTranscoder:
        maker, codec = self._makers[track.key], track.media.codec
        return StartTranscoder(
            transport=maker.transport,
            ice=maker.ice,
            track_id=track.key.track_id,
            taken=codec.codec,
            ssrc_in=maker.ssrc_in,
            made=codec.codec,
            ssrc_out=maker.ssrc_out,
            payload_type=codec.payload_type,
            is_smaller=True,
        )

    def _end(self, key: TrackKey) -> Iterator[Effect]:
        maker = self._makers.pop(key)
        yield CloseTransport(transport=maker.transport)
        yield StopTranscoder(transport=maker.transport, kind=LAYER)

    def _allow(self, key: TrackKey) -> Iterator[Effect]:
        self._allowed.add(key)
        yield AllowMadeLayer(track=key, allowed=True)

    def _forbid(self, *keys: TrackKey) -> Iterator[Effect]:
        for key in keys:
            self._allowed.discard(key)
            yield AllowMadeLayer(track=key, allowed=False)
