"""What a client may ask of a gateway; how that travels: `client_messages`, how often it may be: `command_limits`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from contracts.broadcast_commands import StartBroadcast, StopBroadcast
from contracts.command import Command
from contracts.ingress_commands import StartIngress, StopIngress
from contracts.join_reports import ReportJoin
from contracts.new_breakouts import MAX_BREAKOUTS, BreakoutSeconds, NewBreakout
from contracts.notes import NotesChange
from contracts.polls import MAX_POLL_OPTIONS, PollOptions, PollQuestion
from contracts.rooms import CompositeLayout, PeerSignalKind, Permissions, RecordingKind, Role, TrackSource
from contracts.sound_commands import SetSound

MAX_SDP_LENGTH = 256 * 1024
MAX_PEER_SDP_LENGTH = 32 * 1024
MAX_CHAT_LENGTH = 4000
MAX_DATA_LENGTH = 8 * 1024
MAX_NAME_LENGTH = 80
MAX_TRACKS_PER_PARTICIPANT = 8
MAX_SPOTLIGHT = 9
HOSTS, EVERYONE = "hosts", "everyone"
"""Addressees of a chat message: those who moderate; the main room and all breakout rooms."""

Sdp = Annotated[str, Meta(min_length=1, max_length=MAX_SDP_LENGTH, description="An SDP (RFC 8866)")]
Mid = Annotated[str, Meta(min_length=1, max_length=32, description="a=mid of an m-line (RFC 5888)")]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
ChatText = Annotated[str, Meta(min_length=1, max_length=MAX_CHAT_LENGTH)]


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
    """What a client wants of one track.

    ``max_height`` in CSS pixels times device pixel ratio, ``max_frame_rate`` in pictures a second, as far as the
    publisher's layers allow; None is the best. ``pinned``: served before all others where the path does not carry all,
    and seen before them where not all cameras are sent.
    """

    track_id: Id
    enabled: bool = True
    max_height: Annotated[int, Meta(ge=1, le=8640)] | None = None
    max_frame_rate: Annotated[int, Meta(ge=1, le=255)] | None = None
    pinned: bool = False


class UpdateSubscriptions(Command, frozen=True, kw_only=True):
    """Wishes for some tracks; a track that is not named keeps the wish it had (at first: enabled, the best).

    ``max_cameras``: of the cameras that are wanted so many at the most, which the node chooses (`CamerasShown`); 0 for
    as many as the node sends, None for as many as before.
    """

    tracks: Annotated[tuple[SubscriptionWish, ...], Meta(max_length=512)]
    max_cameras: Annotated[int, Meta(ge=0, le=512)] | None = None


class RestartMedia(Command, frozen=True, kw_only=True):
    """Asks for a new `SubscriberOffer` on a fresh transport, after the subscribing connection failed."""


class GetIceServers(Command, frozen=True, kw_only=True):
    """TURN servers as in the welcome, with credentials that hold from now on: before an ICE restart."""


class MediaMoved(Command, frozen=True, kw_only=True):
    """The peer connections that a `MediaRestart` let overlap are in use no more. Unsaid, it is so after ten seconds."""


class MuteTrack(Command, frozen=True, kw_only=True):
    """Mutes a track: one's own, or anyone's with the permission to moderate."""

    track_id: Id


class UnmuteTrack(Command, frozen=True, kw_only=True):
    """Unmutes one's own track. Nobody can unmute somebody else."""

    track_id: Id


class StopTrack(Command, frozen=True, kw_only=True):
    """Unpublishes somebody's track: their camera or screen is off. Needs the permission to moderate."""

    track_id: Id


class MuteAll(Command, frozen=True, kw_only=True):
    """Mutes all tracks from ``source`` of those in the same room who do not moderate.

    Needs the permission to moderate.
    """

    source: TrackSource = TrackSource.MICROPHONE


class AskToUnmute(Command, frozen=True, kw_only=True):
    """Asks somebody to unmute, and lets them, whatever the policy says. Needs the permission to moderate."""

    participant_id: Id
    source: TrackSource = TrackSource.MICROPHONE


class RaiseHand(Command, frozen=True, kw_only=True):
    """Raises one's hand. The queue is in the order of `ParticipantInfo.hand_raised`."""


class LowerHand(Command, frozen=True, kw_only=True):
    """Lowers one's own hand, or with the permission to moderate that of ``participant_id``."""

    participant_id: Id | None = None


class LowerAllHands(Command, frozen=True, kw_only=True):
    """Lowers all hands; needs the permission to moderate."""


class SendReaction(Command, frozen=True, kw_only=True):
    """Shows an emoji to all for a moment; needs the permission to chat."""

    emoji: Annotated[str, Meta(min_length=1, max_length=16)]


class SendChat(Command, frozen=True, kw_only=True):
    """A message to all in the author's room, or to ``to``: a participant's id, or ``hosts`` for those who moderate.

    With the permission to moderate also ``everyone``: the main room, and all breakout rooms.
    """

    text: ChatText
    to: Id | None = None


class EditChat(Command, frozen=True, kw_only=True):
    """Changes the text of a message of one's own."""

    message_id: Id
    text: ChatText


class RemoveChat(Command, frozen=True, kw_only=True):
    """Takes back a message of one's own, or with the permission to moderate anyone's that one can see."""

    message_id: Id


KEYS_TOPIC = "parley-e2ee"
"""The topic under which clients exchange the keys of a meeting that is encrypted from end to end."""


class SendData(Command, frozen=True, kw_only=True):
    """Application data to all, or to some participants; neither kept nor shown. Needs the permission to chat, except to
    some participants under the topic ``parley-e2ee`` (the keys of an encrypted meeting)."""

    topic: Annotated[str, Meta(min_length=1, max_length=64)]
    data: Annotated[str, Meta(max_length=MAX_DATA_LENGTH)]
    base64: Annotated[bool, Meta(description="Whether `data` is bytes, in Base64 (RFC 4648, 4)")] = False
    to: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=100)] | None = None


class Rename(Command, frozen=True, kw_only=True):
    """Changes one's own name as the policy allows, or with the permission to moderate that of ``participant_id``."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
    participant_id: Id | None = None


class Admit(Command, frozen=True, kw_only=True):
    """Lets people in from the lobby: these, or all. Needs the permission to moderate."""

    participant_ids: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=500)] | None = None


class RefuseEntry(Command, frozen=True, kw_only=True):
    """Sends somebody in the lobby away, who may ask again. Needs the permission to moderate."""

    participant_id: Id


class SendLobbyMessage(Command, frozen=True, kw_only=True):
    """Says something to everybody in the lobby, or to one. Needs the permission to moderate."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]
    participant_id: Id | None = None


class RemoveParticipant(Command, frozen=True, kw_only=True):
    """Takes someone out of the room with all their stays; needs the permission to moderate."""

    participant_id: Id
    ban: bool = True
    """Whether they are refused when they come back, until `Unban`."""


class Unban(Command, frozen=True, kw_only=True):
    """Lets somebody who was banned come back; needs the permission to moderate."""

    identity: Id


class SetPolicy(Command, frozen=True, kw_only=True):
    """Changes the rules of the room (`RoomPolicy`); what is not given stays. Needs the permission to moderate.

    Opening the lobby (``lobby`` false) admits all who wait.
    """

    locked: bool | None = None
    lobby: bool | None = None
    unmute: bool | None = None
    rename: bool | None = None
    private_chat: bool | None = None
    notes: bool | None = None
    direct: bool | None = None
    e2ee: bool | None = None


class SetRole(Command, frozen=True, kw_only=True):
    """Makes somebody a co-host, or a participant again, for all their stays. Needs the permission to moderate."""

    participant_id: Id
    role: Role


class SetPermissions(Command, frozen=True, kw_only=True):
    """Changes what somebody may do, for all their stays; tracks that they may not publish are stopped.

    Needs the permission to moderate. ``moderate`` and ``record`` come with the role, and are taken as they are.
    """

    participant_id: Id
    permissions: Permissions


class SetRolePermissions(Command, frozen=True, kw_only=True):
    """Limits what everybody in a role may do, now and later; needs the permission to moderate.

    Nobody gets by it more than their token gives. Hosts and co-hosts cannot be limited.
    """

    role: Role
    permissions: Permissions


class SetSpotlight(Command, frozen=True, kw_only=True):
    """Whom everybody sees large, in this order; empty for nobody. Needs the permission to moderate."""

    participant_ids: Annotated[tuple[Id, ...], Meta(max_length=MAX_SPOTLIGHT)]


class CreatePoll(Command, frozen=True, kw_only=True):
    """Asks everybody; needs the permission to moderate. Votes are counted, and not shown by name."""

    question: PollQuestion
    options: PollOptions
    multiple: bool = False
    """Whether one vote may have several options."""
    prepared_id: Id | None = None
    """The meeting's prepared poll that it is; refused (`conflict`) while that one is being asked."""


class Vote(Command, frozen=True, kw_only=True):
    """One's vote in an open poll, by the options' places from 0.

    A later one replaces it, an empty one takes it back.
    """

    poll_id: Id
    options: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(max_length=MAX_POLL_OPTIONS)]


class ClosePoll(Command, frozen=True, kw_only=True):
    """Ends the voting; needs the permission to moderate."""

    poll_id: Id


class EditNotes(Command, frozen=True, kw_only=True):
    """Changes the shared notes, of 30,000 characters at most; needs the permission ``notes``. One edit puts in 4,000
    characters at most, in all of its strings.

    ``change`` goes through the text as it was at ``revision``: a positive number keeps so many characters (Unicode code
    points), a negative one takes so many out, a string is put in; what follows the last part stays. The room makes it
    one of the present text, and tells everybody. Of too old a revision, or where too many have written between its
    parts, it is refused with `notes_outdated`.
    """

    edit_id: Id
    """Chosen by the client. Given again, the edit is made once."""
    revision: Annotated[int, Meta(ge=0)]
    change: NotesChange


class OpenBreakouts(Command, frozen=True, kw_only=True):
    """Opens breakout rooms, and moves those who are assigned to them. Needs the permission to moderate."""

    rooms: Annotated[tuple[NewBreakout, ...], Meta(min_length=1, max_length=MAX_BREAKOUTS)]
    free_choice: bool = False
    """Whether participants may enter any of the rooms."""
    close_after_s: BreakoutSeconds | None = None
    """After how long everybody is brought back."""


class ChangeBreakouts(Command, frozen=True, kw_only=True):
    """Changes what is given of the open breakout rooms; needs the permission to moderate."""

    free_choice: bool | None = None
    close_after_s: BreakoutSeconds | None = None
    """After how long from now everybody is brought back."""


class CloseBreakouts(Command, frozen=True, kw_only=True):
    """Brings everybody back into the main room; needs the permission to moderate."""


class MoveToBreakout(Command, frozen=True, kw_only=True):
    """Assigns people to a breakout room and moves them there, with all their stays.

    Needs the permission to moderate.
    """

    participant_ids: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=2000)]
    breakout_id: Id | None
    """None: the main room."""


class EnterBreakout(Command, frozen=True, kw_only=True):
    """Goes to a breakout room, or back to the main room (None).

    Those who moderate may enter any room, others the one they are assigned to, or any with free choice.
    """

    breakout_id: Id | None


class SignalPeer(Command, frozen=True, kw_only=True):
    """Tells the other of two who are alone in a room what a direct connection needs; see `RoomPolicy.direct`.

    The one whose participant id sorts first offers. Both stay connected to the media node all the while.
    """

    to: Id
    session: Id
    """Names the connection; chosen by the one who offers."""
    kind: PeerSignalKind
    sdp: Annotated[str, Meta(min_length=1, max_length=MAX_PEER_SDP_LENGTH)]


class StartRecording(Command, frozen=True, kw_only=True):
    """Has the media node record the main room; needs the permission to record. No ``kind``: as the meeting's settings
    have it. Answered once the recorder runs, with the recording that is being made already if there is one, of whatever
    kind; refused with `recording_unavailable` where nothing can be recorded."""

    kind: RecordingKind | None = None
    layout: CompositeLayout = CompositeLayout.GRID


class StopRecording(Command, frozen=True, kw_only=True):
    """Stops the recording, if there is one; needs the permission to record. Answered once the recorder has stopped."""


class LeaveMeeting(Command, frozen=True, kw_only=True):
    """Leaves for good. The connection is closed by the gateway after the acknowledgement."""


class EndMeeting(Command, frozen=True, kw_only=True):
    """Ends the meeting for all; needs the permission to moderate."""


COMMANDS: dict[str, type[Command]] = {
    "publish_offer": PublishOffer,
    "subscriber_answer": SubscriberAnswer,
    "update_subscriptions": UpdateSubscriptions,
    "set_sound": SetSound,
    "restart_media": RestartMedia,
    "get_ice_servers": GetIceServers,
    "report_join": ReportJoin,
    "media_moved": MediaMoved,
    "mute_track": MuteTrack,
    "unmute_track": UnmuteTrack,
    "stop_track": StopTrack,
    "mute_all": MuteAll,
    "ask_to_unmute": AskToUnmute,
    "raise_hand": RaiseHand,
    "lower_hand": LowerHand,
    "lower_all_hands": LowerAllHands,
    "send_reaction": SendReaction,
    "send_chat": SendChat,
    "edit_chat": EditChat,
    "remove_chat": RemoveChat,
    "send_data": SendData,
    "rename": Rename,
    "admit": Admit,
    "refuse_entry": RefuseEntry,
    "send_lobby_message": SendLobbyMessage,
    "remove_participant": RemoveParticipant,
    "unban": Unban,
    "set_policy": SetPolicy,
    "set_role": SetRole,
    "set_permissions": SetPermissions,
    "set_role_permissions": SetRolePermissions,
    "set_spotlight": SetSpotlight,
    "create_poll": CreatePoll,
    "vote": Vote,
    "close_poll": ClosePoll,
    "edit_notes": EditNotes,
    "open_breakouts": OpenBreakouts,
    "change_breakouts": ChangeBreakouts,
    "close_breakouts": CloseBreakouts,
    "move_to_breakout": MoveToBreakout,
    "enter_breakout": EnterBreakout,
    "signal_peer": SignalPeer,
    "start_recording": StartRecording,
    "stop_recording": StopRecording,
    "start_broadcast": StartBroadcast,
    "stop_broadcast": StopBroadcast,
    "start_ingress": StartIngress,
    "stop_ingress": StopIngress,
    "leave_meeting": LeaveMeeting,
    "end_meeting": EndMeeting,
}
