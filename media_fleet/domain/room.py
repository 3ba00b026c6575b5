"""A meeting on this node: who is in it, who publishes what, who receives what.

Pure: each method takes a request that has been parsed, changes the room, and returns the answer together with the
effects to be carried out. A method that raises has changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.client_commands import SubscriptionWish
from contracts.node_links import RelayedParticipant, RelayedTrack
from contracts.node_rpc import AssignedTrack, Offer
from contracts.rooms import MeetingId, NodeId, ParticipantId, TrackId
from contracts.statistics import ConnectionQuality
from media_fleet.domain.data_relay import DataRelay
from media_fleet.domain.effects import (
    Answered,
    CloseTransport,
    Effect,
    Offered,
    OpenTransport,
    Purpose,
    RecorderRole,
    SendOffer,
    StartDtls,
    TellQualities,
    TrackKey,
    TransportKey,
)
from media_fleet.domain.errors import (
    ParticipantNotFoundError,
    StaleNegotiationError,
)
from media_fleet.domain.participant import Participant
from media_fleet.domain.publications import Publications
from media_fleet.domain.recording import RoomRecording
from media_fleet.domain.room_tracks import RoomTracks
from media_fleet.domain.seeing import told_again
from media_fleet.domain.session_description import SessionDescription
from media_fleet.domain.subscribing import SubscribingSession
from media_fleet.domain.transcoder_places import TranscoderPlaces
from media_fleet.domain.transport_parameters import NodeEnd, Randomness


class Room:
    """All participants and tracks of one meeting."""

    def __init__(
        self,
        meeting_id: MeetingId,
        *,
        node: NodeEnd,
        randomness: Randomness,
        last_n_video: int = 0,
        transcoder_places: TranscoderPlaces | None = None,
    ) -> None:
        """``transcoder_places``: of all rooms together; None: nothing is transcoded."""
        self.meeting_id = meeting_id
        self._node = node
        self.randomness = randomness
        self._participants: dict[ParticipantId, Participant] = {}
        self.tracks = RoomTracks(
            self._participants,
            last_n_video=last_n_video,
            randomness=randomness,
            transcoder_places=transcoder_places or TranscoderPlaces(video=0, sound=0),
        )
        self.data = DataRelay(meeting_id, self._participants, self.tracks.relayed.people)
        self._publications = Publications(self._participants, self.tracks, self.data, node=node, randomness=randomness)
        self.recording = RoomRecording(randomness)
        self.broadcast = RoomRecording(randomness, is_broadcast=True)
        self.tracks.recordings = (self.recording, self.broadcast)
        self.tracks.mixing.offer = self._brought_up

    @property
    def participant_ids(self) -> Sequence[ParticipantId]:
        return tuple(self._participants)

    # ---- recording ----

    def recorder_ready(self, role: RecorderRole) -> list[Effect]:
        """A recorder gets what the main room publishes, and from now on what comes."""
        (self.broadcast if role is RecorderRole.BROADCAST else self.recording).ready(role)
        return self._followed([])

    # ---- transcoders ----

    def transcoder_ready(self, transport: TransportKey) -> list[Effect]:
        """A transcoder takes packets; who waits for what it makes gets that."""
        return self.tracks.transcoder_ready(transport)

    def transcoder_lost(self, transport: TransportKey, now: float) -> list[Effect]:
        """A transcoder has ended by itself. ``now``: a monotonic clock's seconds."""
        effects = self.tracks.transcoder_lost(transport, now)
        for participant in self._participants.values():
            self._send_next_offer(participant, effects)
        return effects

    def follow_transcoders(self, now: float) -> list[Effect]:
        """Ends transcoders that nobody needs, and begins those that had no place. ``now``: as above."""
        return self.tracks.follow_transcoders(now)

    def _followed(self, effects: list[Effect]) -> list[Effect]:
        """``effects``, with what follows from them for voices and for the recorder."""
        return [*effects, *self.tracks.follow()]

    # ---- coming and going ----

    def join(
        self,
        participant_id: ParticipantId,
        *,
        subscribe: bool,
        anew: bool = False,
        breakout: str | None = None,
        version: int = 0,
    ) -> Offered:
        """Makes the participant known. Again: at most moves it, and repeats the offer that awaits an answer.

        ``anew``: whoever is known already has another connection to receive on, and is offered all for that one.
        """
        known = self._participants.get(participant_id)
        if known is not None:
            known.came = max(known.came, version)
            effects = known.stop_receiving() if anew else []
            effects += self.move({participant_id: breakout}, version=version)
            offer = known.subscribing.outstanding if known.subscribing is not None else None
            if anew and offer is None:
                offer = self._next_offer(known, effects)
            tracks = self.tracks
            told = (*told_again(known), *tracks.transcoding.told_again(known), *tracks.mixing.told_again(known))
            return Offered(offer=offer, effects=(*effects, *told))
        participant = Participant(
            participant_id,
            subscribe=subscribe,
            prominence=self.tracks.prominence,
            breakout=breakout,
            version=version,
        )
        self._participants[participant_id] = participant
        effects = []
        offer = self._next_offer(participant, effects)
        return Offered(offer=offer, effects=tuple(self._followed(effects)))

    def leave(self, participant_id: ParticipantId) -> list[Effect]:
        """Closes all that belongs to the participant; not being there is fine."""
        participant = self._participants.pop(participant_id, None)
        if participant is None:
            return []
        effects: list[Effect] = []
        if participant.publishing is not None:
            self._publications.unpublish(list(participant.publishing.tracks.values()), effects)
            effects.append(CloseTransport(transport=participant.transport(Purpose.PUBLISH)))
        if participant.receives_on_transport:
            effects.append(CloseTransport(transport=participant.transport(Purpose.SUBSCRIBE)))
        self._offer_to_others(participant_id, effects)
        return self._followed(effects)

    def move(self, breakouts: Mapping[ParticipantId, str | None], *, version: int) -> list[Effect]:
        """Puts participants into other breakout rooms: what they may not receive there stops at once.

        Who is not known is left out, and so is whoever's place is known as of a later version of the log.
        """
        moved = self.tracks.relayed.move(breakouts, version=version)
        for participant_id, breakout in breakouts.items():
            participant = self._participants.get(participant_id)
            if participant is not None and participant.breakout_version < version:
                moved = moved or participant.breakout != breakout
                participant.breakout, participant.breakout_version = breakout, version
        effects: list[Effect] = []
        if moved:
            self._regroup(effects)
        return self._followed(effects)

    def _regroup(self, effects: list[Effect]) -> None:
        for participant in self._participants.values():
            effects += self._brought_up(participant)
        # Who goes along with another sees them on, in a room in which they may not be the one who speaks.
        effects += self.tracks.rank_anew(self.tracks.prominence.speakers)

    def spotlight(self, chosen: Iterable[ParticipantId], *, version: int) -> list[Effect]:
        """Everybody is to see these before others from now on, unless something later is known."""
        return list(self.tracks.spotlight(chosen, version=version))

    def _brought_up(self, participant: Participant) -> list[Effect]:
        """What somebody is not to receive any more stops, and what they are to is offered."""
        effects: list[Effect] = []
        self._stop_unwanted(participant, effects)
        self._send_next_offer(participant, effects)
        return effects

    def _stop_unwanted(self, participant: Participant, effects: list[Effect]) -> None:
        if participant.subscribing is None or not (participant.flowing or participant.transcoded):
            return
        received = participant.flowing | participant.transcoded.keys()
        for key in received - self.tracks.wanted_by(participant).keys():
            participant.subscribing.stop(key)
            effects += participant.stop(key)

    def close(self) -> list[Effect]:
        """Closes everything, without telling anybody."""
        effects = [*self.recording.end(), *self.broadcast.end(is_over=False), *self.tracks.end_transcoders()]
        effects += self.tracks.mixing.end()
        for participant in self._participants.values():
            if participant.publishing is not None:
                effects.append(CloseTransport(transport=participant.transport(Purpose.PUBLISH)))
            if participant.receives_on_transport:
                effects.append(CloseTransport(transport=participant.transport(Purpose.SUBSCRIBE)))
        effects += self.tracks.clear()
        self._participants.clear()
        return effects

    # ---- other nodes ----

    def whereabouts(self) -> tuple[RelayedParticipant, ...]:
        """Who is in the room on this node."""
        return tuple(each.whereabouts for each in self._participants.values())

    def rated(self, qualities: Iterable[ConnectionQuality]) -> None:
        """Connections of participants here are better or worse than before; other nodes are told."""
        for quality in qualities:
            if (participant := self._participants.get(quality.participant_id)) is not None:
                participant.quality = quality

    def relay(
        self, node_id: NodeId, participants: Iterable[RelayedParticipant], tracks: Iterable[RelayedTrack]
    ) -> list[Effect]:
        """All who are on another node, and all that it relays, from now on; what changed is offered."""
        effects: list[Effect] = []
        before = self.tracks.relayed.qualities()
        moved = self.tracks.relayed.announce(node_id, participants, tracks)
        if changed := tuple(each for each in self.tracks.relayed.qualities() if each not in before):
            effects.append(TellQualities(qualities=changed))
        self.tracks.settle(effects)
        if moved:
            self._regroup(effects)
        else:
            for participant in self._participants.values():
                self._send_next_offer(participant, effects)
        return self._followed(effects)

    def left(self, key: TrackKey) -> list[Effect]:
        """Everybody has gone over from a track to the one in its place."""
        effects: list[Effect] = []
        self.tracks.left(key, effects)
        return effects

    # ---- publishing ----

    def publish(
        self,
        participant_id: ParticipantId,
        offer: SessionDescription,
        tracks: tuple[AssignedTrack, ...],
        *,
        version: int,
    ) -> Answered:
        """Answers a publishing offer and offers what changed to the others.

        Raises:
            MediaNodeError: `BadSdpError`, `NoCommonCodecError`, `TooManyTracksError`, `BadRequestError` or
                `ParticipantNotFoundError`; nothing has changed.
        """
        participant = self.participant(participant_id)
        answered = self._publications.publish(participant, offer, tracks, version=version)
        effects = list(answered.effects)
        self._offer_to_others(participant_id, effects)
        return Answered(sdp=answered.sdp, effects=tuple(self._followed(effects)))

    def association_ended(self, transport: TransportKey) -> None:
        """The transport's DTLS association failed or was closed: the next publishing offer begins a new one."""
        participant = self._participants.get(transport.participant_id)
        session = participant.publishing if participant is not None else None
        if session is None or transport.purpose is not Purpose.PUBLISH or transport.generation != session.generation:
            return
        session.is_dead = True

    def outstanding_offers(self) -> list[tuple[ParticipantId, Offer]]:
        """The offers that await an answer."""
        return [
            (participant.id, offer)
            for participant in self._participants.values()
            if participant.subscribing is not None and (offer := participant.subscribing.outstanding) is not None
        ]

    def set_track_muted(
        self, participant_id: ParticipantId, track_id: TrackId, *, muted: bool, version: int
    ) -> list[Effect]:
        """Mutes or unmutes a track of the participant, unless something later is known.

        Raises:
            TrackNotFoundError: the participant does not publish it.
        """
        effects: list[Effect] = []
        self._publications.set_track_muted(participant_id, track_id, muted=muted, version=version, effects=effects)
        return self._followed(effects)

    # ---- subscribing ----

    def expects_answer(self, participant_id: ParticipantId, generation: int, negotiation: int) -> bool:
        """Whether an answer to this offer would change anything. A repeated one, or one to an older offer, does not.

        Raises:
            ParticipantNotFoundError, StaleNegotiationError: there is nobody, or no offer, that it could be for.
        """
        return self._session_of(self.participant(participant_id)).expects(generation, negotiation)

    def answer_subscription(
        self, participant_id: ParticipantId, generation: int, negotiation: int, answer: SessionDescription
    ) -> list[Effect]:
        """Takes the client's answer; offers at once what changed since the offer.

        Raises:
            ParticipantNotFoundError, StaleNegotiationError, BadSdpError: nothing has changed.
        """
        participant = self.participant(participant_id)
        session = self._session_of(participant)
        if not session.expects(generation, negotiation):
            return []
        wanted = self.tracks.wanted_by(participant)
        applied = session.apply_answer(answer, wanted)
        effects: list[Effect] = []
        if applied.remote is not None:
            transport = participant.transport(Purpose.SUBSCRIBE)
            effects.append(StartDtls(transport=transport, fingerprints=applied.remote.fingerprints))
        for key in applied.stopped:
            effects += participant.stop(key)
        for accepted in applied.accepted:
            effects += participant.begin_subscription(accepted, wanted[accepted.feed.track])
        self._send_next_offer(participant, effects)
        return [*effects, *self.tracks.mixing.settle(), *self.tracks.transcode()]

    def change_subscriptions(
        self, participant_id: ParticipantId, wishes: Iterable[SubscriptionWish], *, max_cameras: int | None = None
    ) -> list[Effect]:
        """Remembers the wishes and adjusts what flows already. ``max_cameras``: 0 for any number, None as before.

        Raises:
            ParticipantNotFoundError
        """
        participant = self.participant(participant_id)
        if max_cameras is not None:
            participant.max_cameras = max_cameras
        effects = [adjusted for wish in wishes for adjusted in participant.adjusted(wish, self.tracks.get)]
        return [*effects, *self.tracks.follow_cameras(), *self.tracks.transcode()]

    def restart_subscription(self, participant_id: ParticipantId) -> Offered:
        """A fresh transport of the next generation, with all tracks offered anew.

        Raises:
            ParticipantNotFoundError
        """
        participant = self.participant(participant_id)
        effects = participant.stop_receiving()
        return Offered(offer=self._next_offer(participant, effects), effects=tuple(effects))

    def _next_offer(self, participant: Participant, effects: list[Effect]) -> Offer | None:
        wanted = self.tracks.wanted_by(participant)
        session = participant.subscribing
        if session is None:
            if not wanted or participant.viewing is not None:
                return None
            participant.subscribing_generation += 1
            session = SubscribingSession(
                generation=participant.subscribing_generation,
                node=self._node,
                ice=self.randomness.ice_credentials(),
                randomness=self.randomness,
            )
            participant.subscribing = session
            effects.append(OpenTransport(transport=participant.transport(Purpose.SUBSCRIBE), ice=session.ice))
        return session.offer(wanted)

    def _send_next_offer(self, participant: Participant, effects: list[Effect]) -> None:
        effects += participant.arranged(self.tracks.wanted_by(participant))
        offer = self._next_offer(participant, effects)
        if offer is not None:
            effects.append(SendOffer(participant_id=participant.id, offer=offer))

    def _offer_to_others(self, participant_id: ParticipantId, effects: list[Effect]) -> None:
        self.tracks.settle(effects)
        for participant in self._participants.values():
            if participant.id != participant_id:
                self._send_next_offer(participant, effects)

    @staticmethod
    def _session_of(participant: Participant) -> SubscribingSession:
        if participant.subscribing is None:
            raise StaleNegotiationError("No offer has been made.")
        return participant.subscribing

    def participant(self, participant_id: ParticipantId) -> Participant:
        participant = self._participants.get(participant_id)
        if participant is None:
            raise ParticipantNotFoundError(
                f"Participant {participant_id} is not in meeting {self.meeting_id} on this node."
            )
        return participant
