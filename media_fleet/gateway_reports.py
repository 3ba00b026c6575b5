"""What a node tells gateways without being asked: each participant's news goes to the gateway that holds them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from contracts.node_rpc import (
    ActiveSpeakers,
    CamerasShown,
    GatewayMessage,
    LayersWanted,
    Offer,
    QualitiesChanged,
    SubscriptionChanged,
    TrackStarved,
    TransportFailed,
)
from contracts.rooms import GatewayId, MeetingId, NodeId, ParticipantId, TrackId
from contracts.sound_work import SoundChanged
from contracts.statistics import ConnectionQuality
from media_fleet.domain.effects import SubscriptionKey, TellPlayable, TellSound, TransportKey
from media_fleet.metrics import STARVED, TRANSCODINGS_REFUSED, TRANSPORT_FAILURES

logger = logging.getLogger(__name__)

Emit = Callable[[GatewayId, GatewayMessage], None]


class Holder(Struct, frozen=True, kw_only=True):
    """Which gateway holds a participant's connection, and at which version of the log that began."""

    gateway_id: GatewayId
    connection: int


class GatewayReports:
    """``holders`` is kept by the node. News of those whom nobody holds is dropped."""

    def __init__(
        self, node_id: NodeId, *, holders: Mapping[tuple[MeetingId, ParticipantId], Holder], emit: Emit
    ) -> None:
        self._node_id = node_id
        self._holders = holders
        self._emit = emit

    def offer(self, meeting_id: MeetingId, participant_id: ParticipantId, offer: Offer) -> None:
        """An offer for the participant, who is held."""
        message = SubscriptionChanged(
            node_id=self._node_id, meeting_id=meeting_id, participant_id=participant_id, offer=offer
        )
        self._emit(self._holders[meeting_id, participant_id].gateway_id, message)

    def qualities(
        self,
        meeting_id: MeetingId,
        who: Iterable[ParticipantId],
        qualities: tuple[ConnectionQuality, ...],
        *,
        to_all: bool,
    ) -> None:
        """How connections are, for ``who``, or with ``to_all`` for everybody at their gateways."""
        for gateway_id, theirs in self._by_gateway(meeting_id, who).items():
            message = QualitiesChanged(
                node_id=self._node_id,
                meeting_id=meeting_id,
                qualities=qualities,
                only_for=None if to_all else tuple(theirs),
            )
            self._emit(gateway_id, message)

    def speakers(
        self, meeting_id: MeetingId, who: Iterable[ParticipantId], speakers: tuple[ParticipantId, ...]
    ) -> None:
        """Who speaks where ``who`` are."""
        for gateway_id, theirs in self._by_gateway(meeting_id, who).items():
            message = ActiveSpeakers(
                node_id=self._node_id, meeting_id=meeting_id, speakers=speakers, receivers=tuple(theirs)
            )
            self._emit(gateway_id, message)

    def _by_gateway(self, meeting_id: MeetingId, who: Iterable[ParticipantId]) -> dict[GatewayId, list[ParticipantId]]:
        receivers: dict[GatewayId, list[ParticipantId]] = {}
        for participant_id in who:
            holder = self._holders.get((meeting_id, participant_id))
            if holder is not None:
                receivers.setdefault(holder.gateway_id, []).append(participant_id)
        return receivers

    def starved(self, meeting_id: MeetingId, subscription: SubscriptionKey, *, starved: bool) -> None:
        """The participant's path does not carry a track any more, or does again."""
        participant_id = subscription.transport.participant_id
        holder = self._holders.get((meeting_id, participant_id))
        if holder is None:
            return
        STARVED.labels("starved" if starved else "fed").inc()
        message = TrackStarved(
            node_id=self._node_id,
            meeting_id=meeting_id,
            participant_id=participant_id,
            track_id=subscription.track.track_id,
            starved=starved,
        )
        self._emit(holder.gateway_id, message)

    def playable(self, meeting_id: MeetingId, told: TellPlayable) -> None:
        """The participant cannot be given a track in a codec that they take, or can again."""
        holder = self._holders.get((meeting_id, told.participant_id))
        if holder is None:
            return
        if not told.playable:
            TRANSCODINGS_REFUSED.inc()
        message = TrackStarved(
            node_id=self._node_id,
            meeting_id=meeting_id,
            participant_id=told.participant_id,
            track_id=told.track_id,
            starved=not told.playable,
            reason=told.reason,
        )
        self._emit(holder.gateway_id, message)

    def cameras_shown(
        self, meeting_id: MeetingId, participant_id: ParticipantId, track_ids: tuple[TrackId, ...] | None
    ) -> None:
        """Of the cameras that the participant wants these alone are sent; None: all."""
        holder = self._holders.get((meeting_id, participant_id))
        if holder is not None:
            message = CamerasShown(
                node_id=self._node_id, meeting_id=meeting_id, participant_id=participant_id, track_ids=track_ids
            )
            self._emit(holder.gateway_id, message)

    def sound(self, meeting_id: MeetingId, told: TellSound) -> None:
        """The participant is sent sound in another form than before."""
        holder = self._holders.get((meeting_id, told.participant_id))
        if holder is not None:
            message = SoundChanged(
                node_id=self._node_id,
                meeting_id=meeting_id,
                participant_id=told.participant_id,
                form=told.form,
                reason=told.reason,
            )
            self._emit(holder.gateway_id, message)

    def layers_wanted(self, meeting_id: MeetingId, publisher: ParticipantId, track_id: TrackId, layers: int) -> None:
        """Of the participant's track, so many layers are of use."""
        holder = self._holders.get((meeting_id, publisher))
        if holder is not None:
            message = LayersWanted(
                node_id=self._node_id, meeting_id=meeting_id, participant_id=publisher, track_id=track_id, layers=layers
            )
            self._emit(holder.gateway_id, message)

    def failed(self, meeting_id: MeetingId, transport: TransportKey, reason: str) -> None:
        """One of the participant's transports is no more."""
        holder = self._holders.get((meeting_id, transport.participant_id))
        if holder is None:
            return
        TRANSPORT_FAILURES.labels(transport.purpose).inc()
        names = {"meeting_id": meeting_id, "participant_id": transport.participant_id}
        logger.warning("transport failed", extra=names | {"transport": transport.purpose, "reason": reason})
        message = TransportFailed(
            node_id=self._node_id,
            meeting_id=meeting_id,
            participant_id=transport.participant_id,
            transport=transport.purpose,
            reason=reason,
        )
        self._emit(holder.gateway_id, message)
