"""Who is in a meeting on other nodes, and the tracks that come from there, as a room holds them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from msgspec import Struct

from contracts.node_links import RelayedParticipant, RelayedTrack
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


class RelayedTracks:
    """What other nodes announce, and which of it is taken.

    While somebody moves from one node to another both may have their track. One that is published here is taken from
    here; of two other nodes the one that announced it later is right.
    """

    def __init__(self, new_revision: Callable[[], int]) -> None:
        self._new_revision = new_revision
        self._announced: dict[NodeId, dict[TrackId, Relayed]] = {}
        self._elsewhere: dict[NodeId, dict[ParticipantId, RelayedParticipant]] = {}
        self._taken: dict[TrackId, Relayed] = {}

    @property
    def taken(self) -> Iterable[Relayed]:
        return self._taken.values()

    def get(self, track_id: TrackId) -> RoomTrack | None:
        relayed = self._taken.get(track_id)
        return None if relayed is None else relayed.track

    def breakouts(self) -> dict[ParticipantId, str | None]:
        """The participants of other nodes, with the breakout rooms that they are in."""
        latest: dict[ParticipantId, RelayedParticipant] = {}
        for people in self._elsewhere.values():
            for who, where in people.items():
                if who not in latest or latest[who].version < where.version:
                    latest[who] = where
        return {who: where.breakout for who, where in latest.items()}

    def announce(
        self, node_id: NodeId, participants: Iterable[RelayedParticipant], tracks: Iterable[RelayedTrack]
    ) -> bool:
        """All that a node has. Tells whether anybody has changed rooms by it."""
        before = self.breakouts()
        known = self._elsewhere.get(node_id, {})
        people = {each.participant_id: each for each in participants}
        # What the gateways have said of a later version of the log stands.
        self._elsewhere[node_id] = {
            who: known[who] if who in known and known[who].version > each.version else each
            for who, each in people.items()
        }
        former = self._announced.get(node_id, {})
        self._announced[node_id] = {
            track.track_id: same
            if (same := former.get(track.track_id)) is not None and same.ssrcs == track.ssrcs
            else self._relayed(node_id, track)
            for track in tracks
        }
        return self._has_moved(before)

    def move(self, breakouts: Mapping[ParticipantId, str | None], *, version: int) -> bool:
        """Puts participants of other nodes into other breakout rooms; tells whether that changes anything."""
        before = self.breakouts()
        for people in self._elsewhere.values():
            for who in breakouts.keys() & people.keys():
                if people[who].version < version:
                    people[who] = RelayedParticipant(participant_id=who, breakout=breakouts[who], version=version)
        return self._has_moved(before)

    def _has_moved(self, before: Mapping[ParticipantId, str | None]) -> bool:
        now = self.breakouts()
        return any(now[who] != before[who] for who in now.keys() & before.keys())

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
