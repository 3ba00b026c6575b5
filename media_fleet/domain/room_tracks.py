"""All tracks of a room: those that are published on this node, and those that others relay to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from contracts.node_links import WantedTrack
from contracts.rooms import NodeId, ParticipantId, TrackId
from media_fleet.domain.effects import (
    AddRelayedTrack,
    AdjustSubscription,
    Effect,
    RemoveTrack,
    SucceedTrack,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.layer_making import LAYER_MAKER, LayerMaking
from media_fleet.domain.participant import Participant
from media_fleet.domain.prominence import Prominence
from media_fleet.domain.recording import RoomRecording
from media_fleet.domain.relayed_tracks import RelayedTracks
from media_fleet.domain.seeing import Seeing
from media_fleet.domain.sound_mixing import SoundMixing
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transcoding import Transcoding
from media_fleet.domain.transport_parameters import Randomness
from media_fleet.domain.voices import Voices


class RoomTracks:
    """``participants``: who is in the room on this node, as the room knows them now."""

    def __init__(
        self,
        participants: Mapping[ParticipantId, Participant],
        *,
        last_n_video: int,
        randomness: Randomness,
        transcoder_places: TranscoderPlaces,
    ) -> None:
        self._participants = participants
        self._revision = 0
        self.local: dict[TrackId, RoomTrack] = {}
        """What is published on this node."""
        self.recordings: tuple[RoomRecording, ...] = ()
        self.relayed = RelayedTracks(self.new_revision)
        self._voices = Voices()
        self.seeing = Seeing(last_n_video)
        self.prominence = Prominence()
        self.transcoding = Transcoding(participants, self.new_revision, randomness=randomness, places=transcoder_places)
        self.mixing = SoundMixing(
            participants, self._placed, self.new_revision, randomness=randomness, places=transcoder_places
        )
        self._encryption_version = -1
        """The version of the meeting's log as of which it is known whether media is encrypted."""
        self.layers = LayerMaking(randomness=randomness, places=transcoder_places)
        self._current: dict[TrackId, RoomTrack] = {}
        """Of tracks that are here twice, because their publisher moves, those that are received."""

    def new_revision(self) -> int:
        self._revision += 1
        return self._revision

    def get(self, track_id: TrackId) -> RoomTrack | None:
        """The track as it is received here."""
        return self.relayed.get(track_id) or self.local.get(track_id)

    def wanted_by(self, participant: Participant) -> dict[TrackKey, RoomTrack]:
        """The tracks of everyone else in the same breakout room, in the order in which they were published, and what
        their sound is mixed into for this participant."""
        if not participant.receives:
            return {}
        elsewhere = self.relayed.breakouts()
        mixed = {} if participant.mix is None else {participant.mix.key: participant.mix}
        return {
            track.key: track
            for track in self._all()
            if track.participant_id != participant.id
            and self._breakout_of(track.participant_id, elsewhere) == participant.breakout
        } | mixed

    def in_main_room(self) -> dict[TrackKey, RoomTrack]:
        """What is published in the main room, on whichever node."""
        elsewhere = self.relayed.breakouts()
        return {track.key: track for track in self._all() if self._breakout_of(track.participant_id, elsewhere) is None}

    def follow(self) -> Iterator[Effect]:
        """What follows from a change: microphones are heard in other rooms, and others get other tracks."""
        yield from self._voices.follow(self._placed())
        yield from self.follow_cameras()
        for recording in self.recordings:
            yield from recording.follow(self.there(), self.in_main_room())
        yield from self.transcode()
        yield from self.mixing.follow()

    def transcode(self) -> Iterator[Effect]:
        """What follows for transcoders."""
        there = self.by_key()
        yield from self.transcoding.follow(there)
        yield from self.layers.follow(there)

    def change_encryption(self, *, encrypted: bool, version: int) -> list[Effect]:
        """Media is encrypted from end to end from now on, or is not, unless something later is known."""
        if version <= self._encryption_version:
            return []
        self._encryption_version = version
        self.transcoding.is_encrypted = self.layers.is_encrypted = encrypted
        return list(self.transcode())

    def transcoder_ready(self, transport: TransportKey) -> list[Effect]:
        """A transcoder, or what makes a smaller picture, takes packets from now on."""
        maker = self.layers if transport.participant_id == LAYER_MAKER else self.transcoding
        return list(maker.ready(transport, self.by_key()))

    def transcoder_lost(self, transport: TransportKey, now: float) -> list[Effect]:
        """One has ended by itself. ``now``: a monotonic clock's seconds."""
        maker = self.layers if transport.participant_id == LAYER_MAKER else self.transcoding
        return list(maker.lost(transport, now, self.by_key()))

    def follow_transcoders(self, now: float) -> list[Effect]:
        """Ends transcoders that nobody needs, and begins what had no place. ``now``: as above."""
        effects = list(self.layers.tick())
        if self.transcoding.is_in_use:
            effects += self.transcoding.tick(now, self.by_key())
        return effects

    def end_transcoders(self) -> list[Effect]:
        """Ends all."""
        return [*self.transcoding.end(), *self.layers.end()]

    def layer_needed(self, key: TrackKey, *, needed: bool) -> list[Effect]:
        """Somebody here needs a smaller picture of a track, or nobody does any more."""
        track = self.by_key().get(key)
        if track is None:
            return []
        return list(self.layers.needed(track) if needed else self.layers.unneeded(key))

    def by_key(self) -> dict[TrackKey, RoomTrack]:
        """All that is published, on whichever node."""
        return {track.key: track for track in self._all()}

    def heard(self, breakout: str | None, speakers: Sequence[ParticipantId]) -> list[Effect]:
        """These speak now in one of the rooms, the loudest first.

        Their pictures come before others on a path that is too narrow, and whoever sees only some cameras may see
        others.
        """
        self.seeing.heard(speakers)
        effects: list[Effect] = list(self.rank_anew(self.prominence.heard(breakout, speakers)))
        if not self.seeing.shows(speakers, self._participants.values(), self._placed()):
            effects += self.follow_cameras()
        return effects

    def spotlight(self, chosen: Iterable[ParticipantId], *, version: int) -> Iterator[Effect]:
        """The spotlight is on these from now on, unless something later is known: their pictures come first."""
        changed = self.prominence.spotlight(chosen, version=version)
        if changed:
            yield from self.rank_anew(changed)
            yield from self.follow_cameras()

    def rank_anew(self, publishers: Collection[ParticipantId]) -> Iterator[AdjustSubscription]:
        """What follows for those who receive their pictures when they matter more, or less, than before."""
        if not publishers:
            return
        pictures = [each for each in self._all() if each.participant_id in publishers and each.media.kind == "video"]
        for participant in self._participants.values():
            for track in pictures:
                if track.key in participant.flowing:
                    yield AdjustSubscription(
                        subscription=participant.subscription(track.key), share=participant.share_of(track)
                    )

    def follow_cameras(self) -> Iterator[Effect]:
        """What follows for those who are to see so many cameras at the most."""
        yield from self.seeing.follow(self._participants.values(), self._placed())

    def left_out(self) -> int:
        """How many cameras are wanted and not sent, of all participants together."""
        limited = [each for each in self._participants.values() if each.shown is not None]
        on = [track for track in self._all() if not track.muted] if limited else []
        return sum(
            each.leaves_out(track) and track.key in each.flowing and each.wish(track.key.track_id).enabled
            for each in limited
            for track in on
        )

    def _placed(self) -> Iterator[tuple[RoomTrack, str | None]]:
        elsewhere = self.relayed.breakouts()
        return ((each, self._breakout_of(each.participant_id, elsewhere)) for each in self._all())

    def listeners(self, breakout: str | None) -> tuple[ParticipantId, ...]:
        """Who is in a breakout room, or in the main room, on this node."""
        return tuple(each.id for each in self._participants.values() if each.breakout == breakout)

    def there(self) -> set[TrackKey]:
        """All that is published, on whichever node."""
        return {track.key for track in self._all()}

    def _all(self) -> Iterator[RoomTrack]:
        yield from (each for track_id, each in self.local.items() if self.relayed.get(track_id) is None)
        yield from (each.track for each in self.relayed.taken)

    def wanted_from(self, node_id: NodeId) -> tuple[WantedTrack, ...]:
        """How much somebody here wants of each track that a node relays."""
        wanted: dict[TrackId, WantedTrack] = {}
        relayed = self.relayed.track_ids(node_id)
        for participant in self._participants.values() if relayed else ():
            for key, track in self.wanted_by(participant).items():
                if key.track_id in relayed and not (share := participant.share_of(track)).paused:
                    layers = max(1, len(track.media.rids))
                    needed = layers if share.layer is None else share.layer + 1
                    wish = WantedTrack(track_id=key.track_id, layers=needed, height=share.height)
                    wanted[key.track_id] = _more_of(wish, wanted.get(key.track_id))
        if any(each.is_ready for each in self.recordings):
            pictures = any(each.takes_pictures for each in self.recordings)
            recorded = (
                track
                for key, track in self.in_main_room().items()
                if key.track_id in relayed and (pictures or track.media.kind == "audio")
            )
            wanted |= {
                each.key.track_id: WantedTrack(track_id=each.key.track_id, layers=max(1, len(each.media.rids)))
                for each in recorded
            }
        mixed = (each.track for each in self.relayed.taken if self.mixing.takes(each.track.key))
        wanted |= {each.key.track_id: WantedTrack(track_id=each.key.track_id, layers=1) for each in mixed}
        return tuple(wanted[track_id] for track_id in sorted(wanted) if track_id in relayed)

    def settle(self, effects: list[Effect]) -> None:
        """Takes of other nodes' tracks what is to be taken now. Who gets a track that is here twice goes over."""
        changes = self.relayed.settle(self.local, self._came)
        effects += [
            AddRelayedTrack(track=come.track.key, node_id=come.node_id, media=come.track.media, ssrcs=come.ssrcs)
            for come in changes.come
        ]
        before, self._current = self._current, {track.key.track_id: track for track in self._all()}
        for track_id, former in before.items():
            track = self._current.get(track_id)
            if track is not None and track.key != former.key and former.is_like(track):
                self._succeed(former.key, track.key)
                effects.append(SucceedTrack(former=former.key, track=track.key))
        for gone in changes.gone:
            self._remove(gone.track.key, effects)

    def unpublish(self, track: RoomTrack, effects: list[Effect]) -> None:
        """A track is no longer published here."""
        track_id = track.key.track_id
        self.local.pop(track_id, None)
        if (current := self._current.get(track_id)) is not None and current.key == track.key:
            del self._current[track_id]
        self._remove(track.key, effects)

    def left(self, key: TrackKey, effects: list[Effect]) -> None:
        """Everybody has gone over from a track to the one in its place."""
        if self.relayed.left(key):
            self._remove(key, effects)

    def _remove(self, key: TrackKey, effects: list[Effect]) -> None:
        for participant in self._participants.values():
            participant.removed(key)
        effects.append(RemoveTrack(track=key))

    def _succeed(self, former: TrackKey, track: TrackKey) -> None:
        for participant in self._participants.values():
            participant.succeed(former, track)
        for recording in self.recordings:
            recording.succeed(former, track)
        self.transcoding.succeed(former, track)
        self.mixing.succeed(former, track)

    def _came(self, participant_id: ParticipantId) -> int:
        publisher = self._participants.get(participant_id)
        return 0 if publisher is None else publisher.came

    def clear(self) -> Iterable[Effect]:
        """Forgets all; what is published goes with its transports."""
        effects = [RemoveTrack(track=each.track.key) for each in self.relayed.received]
        self.local.clear()
        self._current.clear()
        self.relayed = RelayedTracks(self.new_revision)
        return effects

    def _breakout_of(self, participant_id: ParticipantId, elsewhere: Mapping[ParticipantId, str | None]) -> str | None:
        here = self._participants.get(participant_id)
        return elsewhere.get(participant_id) if here is None else here.breakout


def _more_of(wish: WantedTrack, other: WantedTrack | None) -> WantedTrack:
    """What serves both."""
    if other is None:
        return wish
    return WantedTrack(
        track_id=wish.track_id,
        layers=max(wish.layers, other.layers),
        height=None if wish.height is None or other.height is None else max(wish.height, other.height),
    )
