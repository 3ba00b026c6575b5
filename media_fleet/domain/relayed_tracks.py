"""Tracks of a meeting that come from other nodes, as a room holds them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from msgspec import Struct

from contracts.node_links import RelayedTrack
from contracts.rooms import NodeId, ParticipantId, TrackId
from media_fleet.domain.effects import PublishedMedia, TrackKey
from media_fleet.domain.media_formats import ChosenCodec, MediaCodec
from media_fleet.domain.subscribing import RoomTrack


class Relayed(Struct, frozen=True, kw_only=True):
    """A track and whence it comes."""

    track: RoomTrack
    node_id: NodeId
    ssrcs: tuple[int, ...]


class Changes(Struct, frozen=True, kw_only=True):
    gone: tuple[Relayed, ...]
    come: tuple[Relayed, ...]


class _Elsewhere(Struct, frozen=True, kw_only=True):
    """The breakout room of a participant of another node, and as of which version of the log."""

    breakout: str | None
    version: int


class RelayedTracks:
    """What other nodes announce, and which of it is taken.

    While somebody moves from one node to another both may have their track. One that is published here is taken from
    here; of two other nodes the one that announced it later is right.
    """

    def __init__(self, new_revision: Callable[[], int]) -> None:
        self._new_revision = new_revision
        self._announced: dict[NodeId, dict[TrackId, Relayed]] = {}
        self._elsewhere: dict[ParticipantId, _Elsewhere] = {}
        self._taken: dict[TrackId, Relayed] = {}

    @property
    def taken(self) -> Iterable[Relayed]:
        return self._taken.values()

    def get(self, track_id: TrackId) -> RoomTrack | None:
        relayed = self._taken.get(track_id)
        return None if relayed is None else relayed.track

    def breakout_of(self, participant_id: ParticipantId) -> str | None:
        """The breakout room of a participant of another node."""
        known = self._elsewhere.get(participant_id)
        return None if known is None else known.breakout

    def announce(self, node_id: NodeId, tracks: Iterable[RelayedTrack]) -> bool:
        """All that a node has. Tells whether anybody has changed rooms by it."""
        before = self._announced.get(node_id, {})
        now: dict[TrackId, Relayed] = {}
        moved = False
        for track in tracks:
            known = before.get(track.track_id)
            is_same = known is not None and known.ssrcs == track.ssrcs
            now[track.track_id] = known if known is not None and is_same else self._relayed(node_id, track)
            moved = self._move(track.participant_id, track.breakout, track.breakout_version) or moved
        self._announced[node_id] = now
        named = {each.track.participant_id for tracks_of in self._announced.values() for each in tracks_of.values()}
        self._elsewhere = {who: where for who, where in self._elsewhere.items() if who in named}
        return moved

    def move(self, breakouts: Mapping[ParticipantId, str | None], *, version: int) -> bool:
        """Puts participants of other nodes into other breakout rooms; tells whether that changes anything."""
        moved = [self._move(who, breakouts[who], version) for who in breakouts if who in self._elsewhere]
        return any(moved)

    def settle(self, local: Container[TrackId]) -> Changes:
        """Takes what is to be taken. ``local``: the tracks that are published on this node."""
        wanted: dict[TrackId, Relayed] = {}
        for tracks in self._announced.values():
            for track_id, relayed in tracks.items():
                other = wanted.get(track_id)
                is_later = other is None or other.track.key.revision < relayed.track.key.revision
                if is_later and track_id not in local:
                    wanted[track_id] = relayed
        gone = tuple(each for track_id, each in self._taken.items() if wanted.get(track_id) != each)
        come = tuple(each for track_id, each in wanted.items() if self._taken.get(track_id) != each)
        self._taken = wanted
        return Changes(gone=gone, come=come)

    def _move(self, participant_id: ParticipantId, breakout: str | None, version: int) -> bool:
        known = self._elsewhere.get(participant_id)
        if known is not None and version <= known.version:
            return False
        self._elsewhere[participant_id] = _Elsewhere(breakout=breakout, version=version)
        return known is None or known.breakout != breakout

    def _relayed(self, node_id: NodeId, track: RelayedTrack) -> Relayed:
        codec = MediaCodec(
            name=track.codec, clock_rate=track.clock_rate, channels=track.channels, parameters=track.parameters
        )
        layers = len(track.ssrcs)
        media = PublishedMedia(
            kind=track.source.kind,
            mid="",
            codec=ChosenCodec(codec=codec, payload_type=0, rtx_payload_type=None, feedback=()),
            rids=tuple(str(layer) for layer in range(layers)) if layers > 1 else (),
            ssrc=None,
            rtx_ssrc=None,
            extensions=tuple((uri, 0) for uri in track.extensions),
        )
        room_track = RoomTrack(
            key=TrackKey(track_id=track.track_id, revision=self._new_revision()),
            participant_id=track.participant_id,
            source=track.source,
            media=media,
            muted=False,  # what is muted does not leave its own node
            muted_version=0,
        )
        return Relayed(track=room_track, node_id=node_id, ssrcs=track.ssrcs)
