"""What a client and a gateway say to each other over Socket.IO (protocol 5, namespace ``/``).

**Connecting.** The CONNECT packet's ``auth`` is a `ConnectAuth`. A refusal is a CONNECT_ERROR whose ``data`` is an
`ErrorBody`.

**Client to gateway: commands.** The Socket.IO event is the command's name (`COMMANDS`), its one argument the
command's JSON object, and every command is acknowledged with one object: the command's answer, or
``{"error": ErrorBody}``. A command without an answer of its own is acknowledged with ``{}``.

**Gateway to client.** ``welcome`` (`Welcome`) once per connection (in a room with a lobby perhaps after ``waiting``
(`Waiting`)), ``events`` (`RoomEvents`) as the room goes on,
``subscriber_offer`` (`SubscriberOffer`) when the node offers a changed set of tracks, ``track_starved``
(`TrackStarved`) when a track cannot be sent to the client or can again, ``connection_quality``
(`ConnectionQualities`) when somebody's connection becomes better or worse, ``cameras_shown``
(`CamerasShown`) when other cameras are sent than before, where not all are, ``sound_changed``
(`SoundChanged`) when sound is sent mixed or separately, ``active_speakers`` (`ActiveSpeakers`)
when others speak than before, ``layers_wanted`` (`LayersWanted`) when others need more or less of
what the client sends, ``media_restart`` (`MediaRestart`) when both peer connections must be made
anew, ``reconnect`` (`Reconnect`) when the gateway is about to stop, ``closing`` (`Closing`) before it disconnects.

**Versions.** ``RoomEvents`` covers the versions after ``after`` up to ``version``. Versions that concern the
services alone carry no event, so ``events`` may be shorter than the range. A client resumes with the last
``version`` that it has applied.

**Limits.** A WebSocket is for one stay in a meeting and must join within 15 s; a CONNECT has at most 16 KiB, a frame
after it 512 KiB. Commands beyond 60 at once and 20 a second are answered with `rate_limited`, and so are
``publish_offer`` and ``restart_media`` beyond 20 at once and 2 a second, ``send_chat`` and ``edit_chat`` beyond 10 at
once and 1 a second, ``send_reaction`` beyond 10 at once and 2 a second, ``edit_notes`` beyond 10 at once and 3 a
second, or 16,000 characters at once and 1,000 a second, ``enter_breakout`` beyond 5 at once and one in 2 seconds,
``start_broadcast``, ``stop_broadcast`` and ``start_ingress`` beyond 5 at once and one in 10 seconds each, and
``signal_peer`` beyond 10 at once and one in 2 seconds. A client that sends more than 300 frames at once and 100 a
second is disconnected, and so is
one that does not read. One identity can be in a meeting eight times at once, lost connections that may yet come back
included, or connected fewer times where the operator has said so; the next is refused with `already_in_meeting`, or
takes the place of the oldest, as the operator has said: that one leaves (``participant_left`` with the reason
``replaced``), is told so (``closing`` with the code `replaced`), and cannot resume. A meeting has 2,000 participants at
most (`meeting_full`).

**Accounts.** Whoever's account is suspended or deleted, or whose session has ended (that of the access token which
their meeting token was issued for), is disconnected at once (`closing` with the code `account_suspended`,
`account_deleted` or `session_expired`) and does not get in with a token that they still have. Others are told
`participant_left` with the reason `access_lost`, and not why.

**Media.** Two peer connections per client: a publishing one, offered by the client (`PublishOffer`), and a
subscribing one, offered by the media node (`SubscriberOffer`, answered by `SubscriberAnswer`). The node is
ICE-lite with its candidates in the SDP; client candidates need not be signalled. In the subscribing SDP each
``a=msid:<participant_id> <track_id>`` says whose track an m-line carries.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from contracts.client_commands import Id
from contracts.public_events import AnyPublicEvent
from contracts.room_broadcast import BroadcastInfo
from contracts.room_ingress import IngressInfo
from contracts.rooms import (
    BannedPerson,
    Breakouts,
    ChatMessage,
    LobbyGuest,
    MeetingId,
    ParticipantId,
    ParticipantInfo,
    PollInfo,
    RecordingInfo,
    RecordingKind,
    RolePermissions,
    RoomPolicy,
    SeparateReason,
    SoundForm,
    StarvedReason,
    TrackId,
    TrackInfo,
)
from contracts.statistics import ConnectionQuality

MAX_TOKEN_LENGTH = 8 * 1024


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


# ---- gateway to client ----


class OwnVote(Struct, frozen=True, kw_only=True):
    """How one has voted in a poll oneself."""

    poll_id: str
    options: tuple[int, ...]


class NotesSnapshot(Struct, frozen=True, kw_only=True):
    """The shared notes."""

    text: str
    revision: int
    """How many edits have made the text."""
    my_edit: str | None = None
    """The latest edit of this stay that is in it; None: there is none."""


class RoomSnapshot(Struct, frozen=True, kw_only=True):
    """The whole room, as of a version."""

    meeting_id: MeetingId
    started_at: int
    participants: tuple[ParticipantInfo, ...]
    """In the order in which they joined."""
    tracks: tuple[TrackInfo, ...]
    chat: tuple[ChatMessage, ...]
    """The latest messages that one may see."""
    policy: RoomPolicy
    role_permissions: tuple[RolePermissions, ...]
    spotlight: tuple[ParticipantId, ...]
    polls: tuple[PollInfo, ...]
    my_votes: tuple[OwnVote, ...]
    notes: NotesSnapshot
    breakouts: Breakouts | None
    """The breakout rooms, while they are open."""
    lobby: tuple[LobbyGuest, ...]
    """Who waits, for those who moderate."""
    banned: tuple[BannedPerson, ...]
    """Who may not come back, for those who moderate."""
    recording: RecordingInfo | None = None
    """The recording that is being made of the main room; None: there is none."""
    recording_kind: RecordingKind = RecordingKind.COMPOSITE
    """Of recordings whose kind nobody chooses."""
    broadcast: BroadcastInfo | None = None
    """The broadcast of the main room that is on; None: there is none."""
    ingresses: tuple[IngressInfo, ...] = ()
    """The ingresses that are open, for those who moderate."""
    ends_at: int | None = None
    """When the meeting's longest time is over, and it ends; None: it has none."""
    mute_on_entry: bool = False
    """Microphones of those who do not moderate are off when they come in; they may unmute as the policy has it."""


class IceServer(Struct, frozen=True, kw_only=True):
    """A TURN server (``RTCIceServer`` of W3C WebRTC), with credentials of the client's own."""

    urls: tuple[str, ...]
    username: str
    credential: str


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
    ice_servers: tuple[IceServer, ...]
    """TURN servers, beside those that came with the meeting token. Nobody has them who was not let in."""
    missed: tuple[AnyPublicEvent, ...] | None
    """After a resume: what has happened since the version that the client named, in order, for what leaves no trace in
    ``room`` (data, requests to unmute); without connections lost and resumed meanwhile. None after a fresh join, or
    when more has happened than is kept."""
    traced: bool = False
    """Whether `ReportJoin` is of use to somebody."""


class Waiting(Struct, frozen=True, kw_only=True):
    """The first message on a connection that is in the lobby. ``welcome`` follows once somebody lets one in.

    A lost connection is not kept: one connects again, and waits again.
    """

    participant_id: ParticipantId
    since: int


class LobbyMessage(Struct, frozen=True, kw_only=True):
    """Said by somebody who moderates to those in the lobby."""

    text: str
    name: str
    at: int


class RoomSync(Struct, frozen=True, kw_only=True):
    """The whole room as of ``version``, since one sees more of it now: the client replaces what it had."""

    version: int
    room: RoomSnapshot


class ChatSync(Struct, frozen=True, kw_only=True):
    """The chat as one may see it from now on, in another room of the meeting: it replaces what the client had."""

    chat: tuple[ChatMessage, ...]


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


class TrackStarved(Struct, frozen=True, kw_only=True):
    """A track cannot be sent to the client at the moment, or can again.

    Each reason is told of by itself: a track may be starved for both. Told for each track that is starved when a
    connection begins; all others are not.
    """

    track_id: TrackId
    starved: bool
    reason: StarvedReason = StarvedReason.PATH


class CamerasShown(Struct, frozen=True, kw_only=True):
    """Of the cameras that the client wants these alone are sent: pinned ones, then those of who speaks or spoke last.

    The others are paused, and show nothing. Told when it changes, and when a connection begins, if not all are sent.
    """

    track_ids: tuple[TrackId, ...] | None
    """None: all that are wanted."""


class SoundChanged(Struct, frozen=True, kw_only=True):
    """How sound is sent from now on. ``reason``: why not as the client has asked, if that may last.

    It is separate at first. Told when it changes, and when a connection begins, if it is mixed. While a mixer that was
    lost is replaced, it is separate, without a reason.
    """

    form: SoundForm
    reason: SeparateReason | None


class ConnectionQualities(Struct, frozen=True, kw_only=True):
    """How some people's connections are now, at most once a second.

    Soon after one has come, of all that are known; from then on of those whose level has changed. No version of the
    room has them.
    """

    participants: tuple[ConnectionQuality, ...]


class ActiveSpeakers(Struct, frozen=True, kw_only=True):
    """Who speaks in the breakout room that one is in, oneself included, by the loudness that packets tell (RFC 6464).

    Told when it has changed, about three times a second at the most, and to who comes. No version of the room has it.
    Whose media do not go through a node is not named, nor who tells no loudness, as some encoders do.
    """

    speakers: tuple[ParticipantId, ...]
    """The loudest first."""


class LayersWanted(Struct, frozen=True, kw_only=True):
    """Of a video track of one's own, so many layers from the lowest up are of use: the others need not be sent.

    All are at first. Told again when a connection begins, for each track of which it was ever told.
    """

    track_id: TrackId
    layers: int
    """0: nobody watches."""


class MediaRestart(Struct, frozen=True, kw_only=True):
    """Media goes through another node from now on: publish again; a new offer follows by itself.

    Both peer connections are void, unless ``overlap`` says that the former node still serves them. Then a client can
    make the new ones beside them, let both carry media for a moment, close the former ones, and tell so (`MediaMoved`).
    """

    reason: str
    overlap: bool = False


class Reconnect(Struct, frozen=True, kw_only=True):
    """The gateway is about to stop: the client connects again, resumes, and leaves this connection when that stands.

    Until then this connection stands, so that nobody notices. Clients spread their coming over the time that is given.
    """

    within_ms: int


class Closing(Struct, frozen=True, kw_only=True):
    """The gateway is about to disconnect. ``code`` as in `ErrorBody`; ``retry`` says whether resuming makes sense."""

    code: str
    message: str
    retry: bool


SERVER_MESSAGES: dict[str, Any] = {
    "welcome": Welcome,
    "waiting": Waiting,
    "lobby_message": LobbyMessage,
    "room": RoomSync,
    "chat": ChatSync,
    "events": RoomEvents,
    "subscriber_offer": SubscriberOffer,
    "track_starved": TrackStarved,
    "cameras_shown": CamerasShown,
    "sound_changed": SoundChanged,
    "connection_quality": ConnectionQualities,
    "active_speakers": ActiveSpeakers,
    "layers_wanted": LayersWanted,
    "media_restart": MediaRestart,
    "reconnect": Reconnect,
    "closing": Closing,
}
