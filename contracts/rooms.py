"""The nouns of a live room, as every service names them.

Wire form: JSON objects in snake_case; times are integers, milliseconds since the Unix epoch.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NewType

from msgspec import Struct
from msgspec.structs import replace

MeetingId = NewType("MeetingId", str)
"""A meeting, and in everything that belongs to one room of it (its log, facts, media) that room: `room_of`."""
ParticipantId = NewType("ParticipantId", str)
"""One stay of one person in one room: a second tab is a second participant."""
Identity = NewType("Identity", str)
"""Who someone is, across stays: a user id (``u_…``) or a guest id (``g_…``)."""
ADMINISTRATOR = ParticipantId("administrator")
"""Who acts on a room through the HTTP API. Participants' own ids begin with ``p_``."""
TrackId = NewType("TrackId", str)
NodeId = NewType("NodeId", str)
GatewayId = NewType("GatewayId", str)


class Role(StrEnum):
    """What someone is in a meeting. Permissions follow from it, unless the token says otherwise."""

    HOST = "host"
    COHOST = "cohost"
    """Runs the meeting together with the host, and cannot act against the host."""
    PARTICIPANT = "participant"
    GUEST = "guest"


class ParticipantKind(StrEnum):
    """By which door a participant came in, and so what it can do."""

    PERSON = "person"
    """A client with a signalling connection."""
    STREAM = "stream"
    """An encoder that came in by WHIP (RFC 9725): it sends media, and is there as long as its media transport is."""
    VIEWER = "viewer"
    """A player that came in by WHEP: it receives media and nothing else. Not shown among the people."""


class PublishPermission(StrEnum):
    """A kind of media that a token allows its bearer to publish."""

    AUDIO = "audio"
    VIDEO = "video"
    SCREEN = "screen"


class TrackKind(StrEnum):
    """``MediaStreamTrack.kind`` of W3C Media Capture."""

    AUDIO = "audio"
    VIDEO = "video"


class TrackSource(StrEnum):
    """Where a published track comes from."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"

    @property
    def kind(self) -> TrackKind:
        """Audio for the two sources that are heard, video for the two that are seen."""
        if self in (TrackSource.MICROPHONE, TrackSource.SCREEN_AUDIO):
            return TrackKind.AUDIO
        return TrackKind.VIDEO

    @property
    def permission(self) -> PublishPermission:
        """The permission that publishing this source takes."""
        return _PERMISSION_OF_SOURCE[self]


_PERMISSION_OF_SOURCE = {
    TrackSource.MICROPHONE: PublishPermission.AUDIO,
    TrackSource.CAMERA: PublishPermission.VIDEO,
    TrackSource.SCREEN: PublishPermission.SCREEN,
    TrackSource.SCREEN_AUDIO: PublishPermission.SCREEN,
}


class Permissions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a participant may do. Enforced by the gateway; the page only mirrors it."""

    publish: tuple[PublishPermission, ...] = ()
    subscribe: bool = False
    chat: bool = False
    moderate: bool = False
    record: bool = False
    notes: bool = False
    """To write in the shared notes, which everybody in the room reads. Guests begin without, unless the meeting
    lets them."""


_ATTENDING = Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True, notes=True)
_RUNNING = replace(_ATTENDING, moderate=True, record=True)
PERMISSIONS_OF_ROLE: dict[Role, Permissions] = {
    Role.HOST: _RUNNING,
    Role.COHOST: _RUNNING,
    Role.PARTICIPANT: _ATTENDING,
    Role.GUEST: replace(_ATTENDING, notes=False),
}
"""The permissions a role starts with; the meeting service may narrow them in a token.

Guests, whom nobody knows, chat, which adds something; they do not write in the notes, where they could delete what the
others wrote, unless a host lets them."""


class TrackInfo(Struct, frozen=True, kw_only=True):
    """A published track as the room knows it."""

    id: TrackId
    participant_id: ParticipantId
    source: TrackSource
    kind: TrackKind
    muted: bool = False


class ParticipantInfo(Struct, frozen=True, kw_only=True):
    """A participant as everyone in the room may see them."""

    id: ParticipantId
    identity: Identity
    name: str
    role: Role
    permissions: Permissions
    joined_at: int
    connected: bool = True
    """False while the signalling connection is lost and the grace period runs."""
    hand_raised: int | None = None
    """The version at which the hand was raised, which puts the hands in order; None while it is down."""
    breakout: str | None = None
    """The breakout room that the participant is in; None: the main room."""
    assigned_breakout: str | None = None
    """The breakout room that the participant may go to by themselves."""
    kind: ParticipantKind = ParticipantKind.PERSON


class LobbyGuest(Struct, frozen=True, kw_only=True):
    """Somebody who waits to be let in, as those who moderate see them."""

    id: ParticipantId
    identity: Identity
    name: str
    since: int


class Breakout(Struct, frozen=True, kw_only=True):
    """A room beside the meeting's main one: those in it see, hear and read each other alone."""

    id: str
    name: str


class Assignment(Struct, frozen=True, kw_only=True):
    """The breakout room to which somebody is assigned, by its id: there, or when they come."""

    identity: Identity
    breakout: str


class Breakouts(Struct, frozen=True, kw_only=True):
    """The breakout rooms that are open."""

    rooms: tuple[Breakout, ...]
    free_choice: bool
    """Participants may enter any of them; otherwise the one they are assigned to. Everybody may come back."""
    ends_at: int | None = None
    """When everybody is brought back; None: when somebody who moderates closes the rooms."""


class Move(Struct, frozen=True, kw_only=True):
    """Where a participant is from now on."""

    participant_id: ParticipantId
    breakout: str | None
    """None: the main room."""
    assigned_breakout: str | None
    """The breakout room they are assigned to, and may go to by themselves."""


class RoomPolicy(Struct, frozen=True, kw_only=True):
    """The rules of a room. They bind those who do not moderate."""

    locked: bool = False
    """Only those who have been in the room come in."""
    lobby: bool = False
    """Who has not been in the room waits until somebody admits them."""
    unmute: bool = True
    """Participants may unmute what they let others hear, without being asked."""
    rename: bool = True
    """Participants may change their names."""
    private_chat: bool = True
    """Participants may write to each other alone. They may always write to the hosts."""
    notes: bool = True
    """Participants may write in the shared notes, as far as their permissions go."""
    direct: bool = False
    """While two are alone in a room, media may go from one to the other. They learn each other's network addresses."""
    e2ee: bool = False
    """Media is encrypted from end to end, by the clients: nothing is recorded, and nothing goes directly."""


class RolePermissions(Struct, frozen=True, kw_only=True):
    """What everybody in a role may do at most."""

    role: Role
    permissions: Permissions


class SoundForm(StrEnum):
    """How somebody is sent the sound of a room."""

    SEPARATE = "separate"
    """Each microphone and what each screen plays as a track of its own."""
    MIXED = "mixed"
    """All of it as one track (`MIXED_SOUND`), which the media node mixes, without what they say themselves."""


class SeparateReason(StrEnum):
    """Why somebody who asked for mixed sound gets it separately."""

    NO_MIXER = "no_mixer"
    """The media node has no room for another mixer, or it fails."""
    ENCRYPTED = "encrypted"
    """The meeting is encrypted from end to end: nobody can mix it."""


MIXED_SOUND = TrackId("~sound")
"""Names the track of mixed sound in offers. It is no track of the room: no event tells of it."""


class StarvedReason(StrEnum):
    """Why a track is not sent to somebody who wants it."""

    PATH = "path"
    """Their path does not carry it, not even its lowest layer."""
    NO_TRANSCODER = "no_transcoder"
    """They do not take the codec that it is sent in, and the media node has no room for another transcoder, or it
    fails."""
    ENCRYPTED = "encrypted"
    """They do not take the codec that it is sent in, and the meeting is encrypted from end to end: nobody can transcode
    it."""


class RecordingKind(StrEnum):
    """What a recording consists of."""

    TRACKS = "tracks"
    """A file for each track, as it was sent."""
    COMPOSITE = "composite"
    """One picture and one sound of the meeting, as it was seen."""
    AUDIO = "audio"
    """One sound of the meeting."""
    BOTH = "both"
    """A file for each track, and one of the meeting."""


class CompositeLayout(StrEnum):
    """How people are arranged in a composite recording. A shared screen takes the large place in either."""

    GRID = "grid"
    """All of the same size."""
    SPEAKER = "speaker"
    """Who speaks is large."""


class RoomRules(Struct, frozen=True, kw_only=True):
    """How a room opens, by its meeting's settings. Who moderates may change the policy and the permissions there."""

    policy: RoomPolicy = RoomPolicy()
    role_permissions: tuple[RolePermissions, ...] = ()
    max_participants: int | None = None
    """None: as many as a room takes."""
    max_length_ms: int | None = None
    """The room ends so long after the first one came in; None: it does not."""
    mute_on_entry: bool = False
    """Microphones of those who do not moderate begin muted."""
    record: bool = False
    """A recording begins by itself."""
    recording_kind: RecordingKind = RecordingKind.COMPOSITE
    """Of recordings whose kind nobody has chosen."""
    recorded_by: tuple[Role, ...] = ()
    """Roles that record, beside those that run the meeting: for who ran it. Others' tokens say what they may."""
    wait_for_host: bool = False
    """Everybody waits until somebody is there who moderates."""


class RecordingInfo(Struct, frozen=True, kw_only=True):
    """A recording of the main room that is being made. What goes on in breakout rooms is not recorded."""

    id: str
    started_at: int
    by: ParticipantId
    """Who started it."""
    kind: RecordingKind = RecordingKind.TRACKS
    layout: CompositeLayout = CompositeLayout.GRID


class RecordingEnd(StrEnum):
    """Why a recording is over."""

    ASKED = "asked"
    """Somebody stopped it."""
    ENDED = "ended"
    """The meeting has ended, or everybody has left."""
    FAILED = "failed"
    """The recorder cannot go on. What it had written is kept."""


class PeerSignalKind(StrEnum):
    """A part of an offer and answer between two clients (RFC 3264)."""

    OFFER = "offer"
    ANSWER = "answer"


class PeerSignal(Struct, frozen=True, kw_only=True):
    """What one client tells another for a connection between them, with all candidates in the SDP."""

    session: str
    """Names the connection; chosen by the one who offers."""
    kind: PeerSignalKind
    sdp: str


class BannedPerson(Struct, frozen=True, kw_only=True):
    """Somebody who was taken out and may not come back."""

    identity: Identity
    name: str


class PollInfo(Struct, frozen=True, kw_only=True):
    """A poll, with its votes counted by option."""

    id: str
    participant_id: ParticipantId
    question: str
    options: tuple[str, ...]
    multiple: bool
    votes: tuple[int, ...]
    voters: int
    closed: bool = False
    prepared_id: str | None = None
    """The meeting's prepared poll that it is, as whoever asked has said."""


class ChatMessage(Struct, frozen=True, kw_only=True):
    """A chat message, to all or to some."""

    id: str
    participant_id: ParticipantId
    name: str
    """The author's name when it was sent; the author may have left since."""
    text: str
    at: int
    to: str | None = None
    """None: all in the author's room. Else the one participant whom it is for, ``hosts``, or ``everyone``."""
    to_name: str | None = None
    """The name of the one whom it is for, when it was sent."""
    edited_at: int | None = None
    breakout: Breakout | None = None
    """The breakout room it was written in; None: the main room."""


def room_of(meeting_id: MeetingId, session: int) -> MeetingId:
    """The id of a meeting's room in its ``session``-th session: the first one has the meeting's own id."""
    return meeting_id if session == 1 else MeetingId(f"{meeting_id}.{session}")


def session_of(room_id: MeetingId) -> tuple[MeetingId, int]:
    """Whose room it is, and in which session; the inverse of `room_of`.

    Raises:
        ValueError: no room has such an id.
    """
    meeting_id, dot, number = room_id.partition(".")
    if not dot:
        return room_id, 1
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number) or number == "1":
        raise ValueError("rooms are numbered from 2")
    return MeetingId(meeting_id), int(number)
