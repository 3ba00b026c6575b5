"""What a client and a gateway say to each other over Socket.IO (protocol 5, namespace ``/``).

**Connecting.** The CONNECT packet's ``auth`` is a `ConnectAuth`. A refusal is a CONNECT_ERROR whose ``data`` is an
`ErrorBody`.

**Client to gateway: commands.** The Socket.IO event is the command's name (`COMMANDS`), its one argument the
command's JSON object, and every command is acknowledged with one object: the command's answer, or
``{"error": ErrorBody}``. A command without an answer of its own is acknowledged with ``{}``.

**Gateway to client.** ``welcome`` (`Welcome`) once per connection, ``events`` (`RoomEvents`) as the room goes on,
``subscriber_offer`` (`SubscriberOffer`) when the node offers a changed set of tracks, ``media_restart``
(`MediaRestart`) when both peer connections must be made anew, ``closing`` (`Closing`) before the gateway
disconnects.

**Versions.** ``RoomEvents`` covers the versions after ``after`` up to ``version``. Versions that concern the
services alone carry no event, so ``events`` may be shorter than the range. A client resumes with the last
``version`` that it has applied.

**Limits.** A WebSocket is for one stay in a meeting and must join within 15 s; a CONNECT has at most 16 KiB, a frame
after it 512 KiB. Commands beyond 60 at once and 20 a second are answered with `rate_limited`; a client that sends more
than 300 frames at once and 100 a second is disconnected, and so is one that does not read. One identity can be in a
meeting eight times at once, lost connections that may yet come back included; the next is refused with `conflict`.

**Media.** Two peer connections per client: a publishing one, offered by the client (`PublishOffer`), and a
subscribing one, offered by the media node (`SubscriberOffer`, answered by `SubscriberAnswer`). The node is
ICE-lite with its candidates in the SDP; client candidates need not be signalled. In the subscribing SDP each
``a=msid:<participant_id> <track_id>`` says whose track an m-line carries.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from contracts.log_events import LeaveReason
from contracts.rooms import (
    ChatMessage,
    Identity,
    MeetingId,
    ParticipantId,
    ParticipantInfo,
    TrackId,
    TrackInfo,
    TrackSource,
)

MAX_SDP_LENGTH = 256 * 1024
MAX_CHAT_LENGTH = 4000
MAX_TRACKS_PER_PARTICIPANT = 8
MAX_TOKEN_LENGTH = 8 * 1024

Sdp = Annotated[str, Meta(min_length=1, max_length=MAX_SDP_LENGTH, description="An SDP (RFC 8866)")]
Mid = Annotated[str, Meta(min_length=1, max_length=32, description="a=mid of an m-line (RFC 5888)")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]


class ErrorBody(Struct, frozen=True, kw_only=True):
    """An error as clients see it: a stable code (see `contracts.error_codes`) and a sentence for people."""

    code: str
    message: str


# ---- connecting ----


class Resume(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks to go on as a participant whose connection was lost, on any gateway."""

    participant_id: Id
    secret: Annotated[str, Meta(max_length=128)]
    version: Annotated[int, Meta(ge=0)]
    """The last version that the client has applied."""


class ConnectAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN_LENGTH)]
    """The meeting token."""
    meeting_id: Id
    """The meeting that the client means; a token for another meeting is refused."""
    resume: Resume | None = None


# ---- commands ----


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a client may ask for."""


class PublishedTrack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names the source of one sending m-line of a `PublishOffer`."""

    mid: Mid
    source: TrackSource
    muted: bool = False


class PublishOffer(Command, frozen=True, kw_only=True):
    """The client's offer for its publishing connection, first and on every renegotiation.

    ``tracks`` lists all tracks that the client publishes from now on, by m-line. An m-line that was listed and no
    longer is (or is inactive in the SDP) is unpublished.
    """

    sdp: Sdp
    tracks: Annotated[tuple[PublishedTrack, ...], Meta(max_length=MAX_TRACKS_PER_PARTICIPANT)]


class SubscriberAnswer(Command, frozen=True, kw_only=True):
    """The client's answer to the `SubscriberOffer` with the same two numbers; an answer to an older one is ignored."""

    generation: Annotated[int, Meta(ge=1)]
    negotiation: Annotated[int, Meta(ge=1)]
    sdp: Sdp


class SubscriptionWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client wants of one track. ``max_height`` in CSS pixels times device pixel ratio; None is the best."""

    track_id: Id
    enabled: bool = True
    max_height: Annotated[int, Meta(ge=1, le=8640)] | None = None


class UpdateSubscriptions(Command, frozen=True, kw_only=True):
    """Wishes for some tracks; a track that is not named keeps the wish it had (at first: enabled, the best)."""

    tracks: Annotated[tuple[SubscriptionWish, ...], Meta(max_length=512)]


class RestartMedia(Command, frozen=True, kw_only=True):
    """Asks for a new `SubscriberOffer` on a fresh transport, after the subscribing connection failed."""


class MuteTrack(Command, frozen=True, kw_only=True):
    """Mutes a track: one's own, or anyone's with the permission to moderate."""

    track_id: Id


class UnmuteTrack(Command, frozen=True, kw_only=True):
    """Unmutes one's own track. Nobody can unmute somebody else."""

    track_id: Id


class SendChat(Command, frozen=True, kw_only=True):
    text: Annotated[str, Meta(min_length=1, max_length=MAX_CHAT_LENGTH)]


class RemoveParticipant(Command, frozen=True, kw_only=True):
    """Takes someone out of the room; needs the permission to moderate."""

    participant_id: Id


class StartRecording(Command, frozen=True, kw_only=True):
    """Starts server-side recording; needs the permission to record."""


class StopRecording(Command, frozen=True, kw_only=True):
    """Stops server-side recording; needs the permission to record."""


class LeaveMeeting(Command, frozen=True, kw_only=True):
    """Leaves for good. The connection is closed by the gateway after the acknowledgement."""


class EndMeeting(Command, frozen=True, kw_only=True):
    """Ends the meeting for all; needs the permission to moderate."""


COMMANDS: dict[str, type[Command]] = {
    "publish_offer": PublishOffer,
    "subscriber_answer": SubscriberAnswer,
    "update_subscriptions": UpdateSubscriptions,
    "restart_media": RestartMedia,
    "mute_track": MuteTrack,
    "unmute_track": UnmuteTrack,
    "send_chat": SendChat,
    "remove_participant": RemoveParticipant,
    "start_recording": StartRecording,
    "stop_recording": StopRecording,
    "leave_meeting": LeaveMeeting,
    "end_meeting": EndMeeting,
}


class TrackAssigned(Struct, frozen=True, kw_only=True):
    mid: str
    track_id: TrackId


class PublishAnswer(Struct, frozen=True, kw_only=True):
    """Acknowledges a `PublishOffer`."""

    sdp: str
    tracks: tuple[TrackAssigned, ...]


class ChatAccepted(Struct, frozen=True, kw_only=True):
    """Acknowledges a `SendChat`: the message stands in the log."""

    message_id: str


# ---- gateway to client ----


class RoomSnapshot(Struct, frozen=True, kw_only=True):
    """The whole room, as of a version."""

    meeting_id: MeetingId
    started_at: int
    participants: tuple[ParticipantInfo, ...]
    """In the order in which they joined."""
    tracks: tuple[TrackInfo, ...]
    chat: tuple[ChatMessage, ...]


class Welcome(Struct, frozen=True, kw_only=True):
    """The first message on every connection.

    After a fresh join, ``room`` is the room with oneself in it. After a resume, ``resumed`` is true, and
    ``room`` is the room as of ``version``: the client replaces what it had, so that nothing is missed.
    """

    participant_id: ParticipantId
    resume_secret: str
    grace_ms: int
    """How long the participant is kept after the connection is lost."""
    version: int
    resumed: bool
    room: RoomSnapshot


class PublicEvent(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """What clients are told of a log event."""

    version: int
    at: int


class ParticipantJoinedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_joined"):
    participant: ParticipantInfo


class ParticipantDisconnectedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_disconnected"):
    participant_id: ParticipantId


class ParticipantResumedEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_resumed"):
    participant_id: ParticipantId


class ParticipantLeftEvent(PublicEvent, frozen=True, kw_only=True, tag="participant_left"):
    """The participant's tracks are gone with it."""

    participant_id: ParticipantId
    reason: LeaveReason


class TrackPublishedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_published"):
    track: TrackInfo


class TrackUnpublishedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_unpublished"):
    track_id: TrackId
    participant_id: ParticipantId


class TrackMutedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_muted"):
    track_id: TrackId
    participant_id: ParticipantId
    by: ParticipantId


class TrackUnmutedEvent(PublicEvent, frozen=True, kw_only=True, tag="track_unmuted"):
    track_id: TrackId
    participant_id: ParticipantId


class ChatSentEvent(PublicEvent, frozen=True, kw_only=True, tag="chat_sent"):
    message: ChatMessage


class MeetingEndedEvent(PublicEvent, frozen=True, kw_only=True, tag="meeting_ended"):
    by: Identity | None


AnyPublicEvent: TypeAlias = (
    ParticipantJoinedEvent
    | ParticipantDisconnectedEvent
    | ParticipantResumedEvent
    | ParticipantLeftEvent
    | TrackPublishedEvent
    | TrackUnpublishedEvent
    | TrackMutedEvent
    | TrackUnmutedEvent
    | ChatSentEvent
    | MeetingEndedEvent
)


class RoomEvents(Struct, frozen=True, kw_only=True):
    """What happened in the room after version ``after``, up to ``version``."""

    after: int
    version: int
    events: tuple[AnyPublicEvent, ...]


class OfferedTrack(Struct, frozen=True, kw_only=True):
    mid: str
    track_id: TrackId
    participant_id: ParticipantId


class SubscriberOffer(Struct, frozen=True, kw_only=True):
    """The node's offer for the subscribing connection. ``negotiation`` counts up within a ``generation``.

    A new ``generation`` means a new transport: the client makes a new peer connection for it.
    """

    generation: int
    negotiation: int
    sdp: str
    tracks: tuple[OfferedTrack, ...]


class MediaRestart(Struct, frozen=True, kw_only=True):
    """Both peer connections are void (the node is gone): publish again; a new offer follows by itself."""

    reason: str


class Closing(Struct, frozen=True, kw_only=True):
    """The gateway is about to disconnect. ``code`` as in `ErrorBody`; ``retry`` says whether resuming makes sense."""

    code: str
    message: str
    retry: bool


SERVER_MESSAGES: dict[str, Any] = {
    "welcome": Welcome,
    "events": RoomEvents,
    "subscriber_offer": SubscriberOffer,
    "media_restart": MediaRestart,
    "closing": Closing,
}
