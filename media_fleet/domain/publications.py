"""What the participants of a room publish on this node. Pure, as `media_fleet.domain.room` is, which it serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from contracts.node_rpc import AssignedTrack
from contracts.rooms import ParticipantId, TrackId
from media_fleet.domain import publishing
from media_fleet.domain.data_relay import DataRelay
from media_fleet.domain.effects import (
    AddTrack,
    Answered,
    CloseTransport,
    Effect,
    MuteTrack,
    OpenTransport,
    PublishedMedia,
    Purpose,
    RestartIce,
    StartDtls,
    TrackKey,
)
from media_fleet.domain.errors import BadRequestError, TrackNotFoundError
from media_fleet.domain.participant import Participant, PublishingSession
from media_fleet.domain.room_tracks import RoomTracks
from media_fleet.domain.sdp_writer import write
from media_fleet.domain.session_description import SessionDescription, Setup
from media_fleet.domain.subscribing import RoomTrack
from media_fleet.domain.transport_parameters import NodeEnd, Randomness, RemoteEnd, remote_end


class Publications:
    """All publishing connections of a room. ``participants`` and ``tracks`` are the room's."""

    def __init__(
        self,
        participants: Mapping[ParticipantId, Participant],
        tracks: RoomTracks,
        data: DataRelay,
        *,
        node: NodeEnd,
        randomness: Randomness,
    ) -> None:
        self._participants = participants
        self._tracks = tracks
        self._data = data
        self._node = node
        self._randomness = randomness

    def publish(
        self,
        participant: Participant,
        offer: SessionDescription,
        tracks: tuple[AssignedTrack, ...],
        *,
        version: int,
    ) -> Answered:
        """Answers a publishing offer.

        Raises:
            MediaNodeError: as `Room.publish`; nothing has changed.
        """
        session = participant.publishing
        if session is not None and session.last_request == (offer, tracks) and not session.is_dead:
            return Answered(sdp=session.last_answer, effects=())
        remote = remote_end(offer, (Setup.ACTPASS, Setup.ACTIVE, Setup.PASSIVE))
        planned = publishing.plan(offer, tracks)
        for track_id in planned:
            holder = self._tracks.local.get(track_id)
            if holder is not None and holder.participant_id != participant.id:
                raise BadRequestError(f"Track {track_id} belongs to another participant.")
        effects: list[Effect] = []
        session = self._publishing_session(participant, remote, effects)
        effects += self._data.offered(participant, publishing.data_end(offer))
        self._publish_tracks(participant, session, planned, tracks, effects, version=version)
        session.version += 1
        answer = publishing.answer(
            offer,
            planned,
            node=self._node,
            ice=session.ice,
            session_id=session.session_id,
            session_version=session.version,
            setup=session.setup,
        )
        session.last_request, session.last_answer = (offer, tracks), write(answer)
        return Answered(sdp=session.last_answer, effects=tuple(effects))

    def _publishing_session(
        self, participant: Participant, remote: RemoteEnd, effects: list[Effect]
    ) -> PublishingSession:
        """The session that the offer goes on with; a new one for a new peer connection."""
        session = participant.publishing
        if session is not None and session.remote.same_association(remote) and not session.is_dead:
            if session.remote.ice != remote.ice:  # the offer restarts ICE (RFC 8839, 4.4.1.1.1)
                session.ice = self._randomness.ice_credentials()
                effects.append(RestartIce(transport=participant.transport(Purpose.PUBLISH), ice=session.ice))
            session.remote = remote
            return session
        if session is not None:
            self.unpublish(list(session.tracks.values()), effects)
            effects.append(CloseTransport(transport=participant.transport(Purpose.PUBLISH)))
        participant.publishing_generation += 1
        session = PublishingSession(
            generation=participant.publishing_generation,
            remote=remote,
            ice=self._randomness.ice_credentials(),
            session_id=self._randomness.session_id(),
        )
        participant.publishing = session
        transport = participant.transport(Purpose.PUBLISH)
        effects.append(OpenTransport(transport=transport, ice=session.ice))
        as_client = session.setup is Setup.ACTIVE
        effects.append(StartDtls(transport=transport, fingerprints=remote.fingerprints, as_client=as_client))
        return session

    def _publish_tracks(
        self,
        participant: Participant,
        session: PublishingSession,
        planned: dict[TrackId, PublishedMedia],
        tracks: tuple[AssignedTrack, ...],
        effects: list[Effect],
        *,
        version: int,
    ) -> None:
        changed = [t for i, t in session.tracks.items() if i in planned and t.media != planned[i]]
        self.unpublish([t for i, t in session.tracks.items() if i not in planned], effects)
        self.unpublish(changed, effects)
        for assigned in tracks:
            media = planned.get(assigned.track_id)
            if media is None:
                continue
            known = session.tracks.get(assigned.track_id)
            if known is not None:
                self._set_muted(known, muted=assigned.muted, version=version, effects=effects)
                continue
            track = RoomTrack(
                key=TrackKey(track_id=assigned.track_id, revision=self._tracks.new_revision()),
                participant_id=participant.id,
                source=assigned.source,
                media=media,
                muted=assigned.muted,
                muted_version=version,
            )
            session.tracks[assigned.track_id] = self._tracks.local[assigned.track_id] = track
            transport = participant.transport(Purpose.PUBLISH)
            effects.append(AddTrack(track=track.key, transport=transport, media=media, muted=assigned.muted))

    def unpublish(self, tracks: Iterable[RoomTrack], effects: list[Effect]) -> None:
        """Tracks are published no more."""
        for track in tracks:
            publisher = self._participants.get(track.participant_id)
            if publisher is not None and publisher.publishing is not None:
                publisher.publishing.tracks.pop(track.key.track_id, None)
            self._tracks.unpublish(track, effects)

    def set_track_muted(
        self, participant_id: ParticipantId, track_id: TrackId, *, muted: bool, version: int, effects: list[Effect]
    ) -> None:
        """Mutes or unmutes a track of the participant, unless something later is known.

        Raises:
            TrackNotFoundError: the participant does not publish it.
        """
        track = self._tracks.local.get(track_id)
        if track is None or track.participant_id != participant_id:
            raise TrackNotFoundError(f"Participant {participant_id} publishes no track {track_id}.")
        self._set_muted(track, muted=muted, version=version, effects=effects)

    def _set_muted(self, track: RoomTrack, *, muted: bool, version: int, effects: list[Effect]) -> None:
        if version < track.muted_version:
            return
        changed = replace(track, muted=muted, muted_version=version)
        self._tracks.local[track.key.track_id] = changed
        session = self._participants[track.participant_id].publishing
        if session is not None:
            session.tracks[track.key.track_id] = changed
        if track.muted != muted:
            if session is not None:
                session.last_request = None  # the same offer again would say something new about muting
            effects.append(MuteTrack(track=track.key, muted=muted))
