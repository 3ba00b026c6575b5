"""The live room as its log tells it, at one version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from contracts.error_codes import ErrorCode
from contracts.rooms import (
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    TrackId,
    TrackInfo,
)
from signaling_gateway.errors import Refusal

CHAT_HISTORY = 500
"""How many of the latest chat messages a joining client is given."""


class Stay(Struct, frozen=True, kw_only=True):
    """One participant, with what only the gateways know of it."""

    info: ParticipantInfo
    gateway_id: GatewayId
    """The gateway that holds its connection, or watches over its grace period."""
    resume_hash: str
    connection: int
    """The version at which its present (or last) connection began: tells one connection from the next."""
    disconnected_at: int | None = None
    """When the connection was lost, milliseconds since the epoch; None while it stands."""


class PublishedTrack(Struct, frozen=True, kw_only=True):
    """A track of the room, with the m-line (``mid``) of its publisher's SDP that carries it."""

    info: TrackInfo
    mid: str


class RoomState(Struct, frozen=True, kw_only=True):
    """Everything that decisions depend on. ``version`` is that of the last event applied; 0 is before the first."""

    version: int = 0
    meeting_id: MeetingId | None = None
    started_at: int = 0
    updated_at: int = 0
    """The latest time in the log. Decided times never go back behind it, whatever the gateways' clocks say."""
    ended: bool = False
    node_id: NodeId | None = None
    stays: Mapping[ParticipantId, Stay] = field(default_factory=dict)
    """In the order of joining."""
    tracks: Mapping[TrackId, PublishedTrack] = field(default_factory=dict)
    chat: tuple[ChatMessage, ...] = ()
    """The latest `CHAT_HISTORY` messages."""
    removed: frozenset[Identity] = frozenset()
    """Who was taken out and may not come back."""

    def stay_of(self, participant_id: ParticipantId) -> Stay:
        """The participant's stay.

        Raises:
            Refusal: nobody by this id is in the room (``participant_not_found``).
        """
        stay = self.stays.get(participant_id)
        if stay is None:
            raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This participant is not in the meeting.")
        return stay

    def track_of(self, track_id: TrackId) -> PublishedTrack:
        """The track.

        Raises:
            Refusal: there is none by this id (``track_not_found``).
        """
        track = self.tracks.get(track_id)
        if track is None:
            raise Refusal(ErrorCode.TRACK_NOT_FOUND, "This track is not published.")
        return track

    def tracks_of(self, participant_id: ParticipantId) -> Iterator[PublishedTrack]:
        """The participant's tracks, oldest first."""
        return (track for track in self.tracks.values() if track.info.participant_id == participant_id)
