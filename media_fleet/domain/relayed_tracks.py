"""Who is in a meeting on other nodes, and the tracks that come from there, as a room holds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from contracts.node_links import RelayedParticipant, RelayedTrack
from contracts.rooms import NodeId, ParticipantId, TrackId
from contracts.statistics import ConnectionQuality
from media_fleet.domain.effects import PublishedMedia, TrackKey
from media_fleet.domain.media_formats import ChosenCodec, MediaCodec
from media_fleet.domain.subscribing import RoomTrack


class Relayed(Struct, frozen=True, kw_only=True):
    """A track and whence it comes."""

    track: RoomTrack
    node_id: NodeId
    ssrcs: tuple[int, ...]


class Changes(Struct, frozen=True, kw_only=True):
    """What is no longer in the packet core, and what is from now on."""

    gone: tuple[Relayed, ...]
    come: tuple[Relayed, ...]


Rank = tuple[int, int]
"""Of two registrations of one track that with the greater rank counts: whose publisher came to its node later (by the
version of the meeting's log, the same on all nodes), and which of two such this node has known for less long."""


class RelayedTracks:
    """What other nodes announce, and which of it is taken.

    While somebody moves from one node to another both have their track. It is taken from where they came later.
    What was taken before stays until it has been succeeded, if its node still has it: so nobody misses anything.
    """

    def __init__(self, new_revision: Callable[[], int]) -> None:
        self._new_revision = new_revision
        self._announced: dict[NodeId, dict[TrackId, Relayed]] = {}
        self._elsewhere: dict[NodeId, dict[ParticipantId, RelayedParticipant]] = {}
        self._taken: dict[TrackId, Relayed] = {}
        self._leaving: dict[TrackKey, Relayed] = {}

    @property
    def taken(self) -> Iterable[Relayed]:
        return self._taken.values()

    @property
    def received(self) -> Iterable[Relayed]:
        """What is taken, and what was and has not been left yet."""
        return (*self._taken.values(), *self._leaving.values())

    def get(self, track_id: TrackId) -> RoomTrack | None:
        relayed = self._taken.get(track_id)
        return None if relayed is None else relayed.track

    def track_ids(self, node_id: NodeId) -> set[TrackId]:
        """The tracks of a node that are received, or still are."""
        return {each.track.key.track_id for each in self.received if each.node_id == node_id}

    def breakouts(self) -> dict[ParticipantId, str | None]:
        """The participants of other nodes, with the breakout rooms that they are in."""
        latest: dict[ParticipantId, RelayedParticipant] = {}
        for people in self._elsewhere.values():
            for who, where in people.items():
                if who not in latest or latest[who].version < where.version:
                    latest[who] = where
        return {who: where.breakout for who, where in latest.items()}

    def people(self) -> dict[NodeId, dict[ParticipantId, str | None]]:
        """The participants of each other node, with the breakout rooms that they are in. Who moves is at two."""
        return {
            node_id: {who: each.breakout for who, each in people.items()} for node_id, people in self._elsewhere.items()
        }

    def qualities(self) -> tuple[ConnectionQuality, ...]:
        """How connections to other nodes are, as far as these have told."""
        people = (each for there in self._elsewhere.values() for each in there.values())
        return tuple(each.quality for each in people if each.quality is not None)

    def announce(
        self, node_id: NodeId, participants: Iterable[RelayedParticipant], tracks: Iterable[RelayedTrack]
    ) -> bool:
        """All that a node has. Tells whether anybody has changed rooms by it."""
        before = self.breakouts()
        known = self._elsewhere.get(node_id, {})
        people = {each.participant_id: each for each in participants}
        # What the gateways have said of a later version of the log stands.
        self._elsewhere[node_id] = {
            who: replace(each, breakout=known[who].breakout, version=known[who].version)
            if who in known and known[who].version > each.version
            else each
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
                    people[who] = replace(people[who], breakout=breakouts[who], version=version)
        return self._has_moved(before)

    def _has_moved(self, before: Mapping[ParticipantId, str | None]) -> bool:
        now = self.breakouts()
        return any(now[who] != before[who] for who in now.keys() & before.keys())

    def settle(self, local: Mapping[TrackId, RoomTrack], came: Callable[[ParticipantId], int]) -> Changes:
        """Takes what is to be taken.

        ``local``: the tracks that are published on this node. ``came``: at which version of the log somebody came here.
        """
        ranks: dict[TrackId, Rank] = {
            track_id: (came(track.participant_id), track.key.revision) for track_id, track in local.items()
        }
        current = dict(local)
        wanted: dict[TrackId, Relayed] = {}
        for node_id, tracks in self._announced.items():
            for track_id, relayed in tracks.items():
                rank = (self._came(node_id, relayed.track.participant_id), relayed.track.key.revision)
                if track_id not in ranks or ranks[track_id] < rank:
                    ranks[track_id], wanted[track_id], current[track_id] = rank, relayed, relayed.track
        held = {each.track.key: each for each in self.received}
        needed = {each.track.key: each for each in wanted.values()}
        self._leaving = {
            key: each for key, each in held.items() if key not in needed and self._is_succeeded(each, current)
        }
        self._taken = wanted
        return Changes(
            gone=tuple(each for key, each in held.items() if key not in needed and key not in self._leaving),
            come=tuple(each for key, each in needed.items() if key not in held),
        )

    def left(self, key: TrackKey) -> bool:
        """Nobody needs a track any more that was received before another one: whether it was."""
        return self._leaving.pop(key, None) is not None

    def _is_succeeded(self, former: Relayed, current: Mapping[TrackId, RoomTrack]) -> bool:
        """Whether a track is still sent by its node, while another one takes its place."""
        track_id = former.track.key.track_id
        is_sent = self._announced.get(former.node_id, {}).get(track_id) == former
        return is_sent and track_id in current and former.track.is_like(current[track_id])

    def _came(self, node_id: NodeId, participant_id: ParticipantId) -> int:
        there = self._elsewhere.get(node_id, {}).get(participant_id)
        return 0 if there is None else there.came

    def _relayed(self, node_id: NodeId, track: RelayedTrack) -> Relayed:
        codec = MediaCodec(
            name=track.codec, clock_rate=track.clock_rate, channels=track.channels, parameters=track.parameters
        )
        layers = len(track.ssrcs)
        media = PublishedMedia(
            kind=track.source.kind,
            mid="",
            codec=ChosenCodec(
                codec=codec, payload_type=0, rtx_payload_type=None, prefers_red=track.redundant, feedback=()
            ),
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
