"""Bodies of requests to live rooms and of their answers. Where a body is a client's command, it is that command's own
(`contracts.client_commands`)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.client_commands import MAX_NAME_LENGTH
from contracts.live_rooms import RoomSummary
from contracts.room_broadcast import BroadcastInfo
from contracts.room_commands import ParticipantView, RoomView
from contracts.room_ingress import IngressInfo
from contracts.rooms import (
    BannedPerson,
    Breakout,
    Breakouts,
    LobbyGuest,
    Permissions,
    PublishPermission,
    RecordingInfo,
    Role,
    RolePermissions,
    RoomPolicy,
    TrackInfo,
    TrackSource,
    session_of,
)
from functions.serverless.times import rfc3339, rfc3339_if_known
from meetings_service.messages import Time


class RemoveBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ban``: whether they are refused when they come back, until they are unbanned."""

    ban: bool = True


class RoleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Literal["cohost", "participant"]


class PermissionsBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Moderating and recording come with the role."""

    publish: tuple[PublishPermission, ...]
    subscribe: bool
    chat: bool
    notes: bool = False
    """To write in the shared notes."""


class NameBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME_LENGTH)]


class AskBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: TrackSource = TrackSource.MICROPHONE


class ParticipantsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class LiveRoom(Struct, frozen=True, kw_only=True):
    """A room in which somebody is. ``participants`` counts lost connections that may yet come back.

    ``title`` is null where the meeting is not there any more; ``node_id``: the media node, null before there is one.
    """

    meeting_id: str
    title: str | None
    node_id: str | None
    host_id: str | None
    started_at: Time
    participants: int
    tracks: int
    waiting: int
    locked: bool


class LiveRoomPage(Struct, frozen=True, kw_only=True):
    """``next_cursor``: ask for the next page with it; null on the last page."""

    items: tuple[LiveRoom, ...]
    next_cursor: str | None


class WaitingGuest(Struct, frozen=True, kw_only=True):
    """Somebody in the lobby."""

    id: str
    identity: str
    name: str
    since: Time


class OpenBreakouts(Struct, frozen=True, kw_only=True):
    """The breakout rooms that are open. ``ends_at``: when everybody is brought back; null: when they are closed."""

    rooms: tuple[Breakout, ...]
    free_choice: bool
    ends_at: Time | None


class Recording(Struct, frozen=True, kw_only=True):
    """A recording of the main room that is being made. ``by``: the participant who started it."""

    id: str
    started_at: Time
    by: str


class BroadcastTarget(Struct, frozen=True, kw_only=True):
    """A server that gets a broadcast. ``host``: its name; ``state``: ``connecting`` (also while a lost one is tried
    again), ``live``, or ``failed`` (not tried any more); ``reason``: why it is not live."""

    id: str
    host: str
    state: str
    reason: str | None


class Broadcast(Struct, frozen=True, kw_only=True):
    """The main room as it is streamed out. ``by``: the participant who started it. ``watch_key``: with it everybody may
    watch, at ``/watch/<key>``, or as HLS at ``/live/<key>/index.m3u8``; null: it goes to servers alone."""

    id: str
    started_at: Time
    by: str
    layout: str
    watch_key: str | None
    targets: tuple[BroadcastTarget, ...]


class Ingress(Struct, frozen=True, kw_only=True):
    """A stream that is brought in, or may be. ``state``: ``waiting`` (nobody sends), ``connecting`` or ``live``;
    ``by``: the participant who opened it; ``participant_id``: who it is in the room, while it is; ``address``: where
    RTMP is sent to; ``reason``: why nothing comes (``closed``, ``garbled`` and others)."""

    id: str
    kind: str
    name: str
    screen: bool
    state: str
    by: str
    started_at: Time
    address: str | None
    participant_id: str | None
    reason: str | None


class Room(Struct, frozen=True, kw_only=True):
    """A room as it is now, without its participants."""

    meeting_id: str
    host_id: str | None
    started_at: Time
    participants: int
    tracks: int
    policy: RoomPolicy
    role_permissions: tuple[RolePermissions, ...]
    spotlight: tuple[str, ...]
    breakouts: OpenBreakouts | None
    lobby: tuple[WaitingGuest, ...]
    banned: tuple[BannedPerson, ...]
    recording: Recording | None
    broadcast: Broadcast | None
    ingresses: tuple[Ingress, ...]


class Participant(Struct, frozen=True, kw_only=True):
    """One stay of one person. ``hand_raised`` puts the raised hands in order; null while it is down. ``breakout`` is
    the breakout room that they are in; null: the main room."""

    id: str
    identity: str
    name: str
    role: Role
    permissions: Permissions
    joined_at: Time
    connected: bool
    hand_raised: int | None
    breakout: str | None
    assigned_breakout: str | None
    tracks: tuple[TrackInfo, ...]


class ParticipantPage(Struct, frozen=True, kw_only=True):
    """In the order of joining. ``next_cursor`` as in `LiveRoomPage`."""

    items: tuple[Participant, ...]
    next_cursor: str | None


def live_room(summary: RoomSummary, title: str | None) -> LiveRoom:
    """A listed room as it is answered."""
    return LiveRoom(
        meeting_id=session_of(summary.meeting_id)[0],
        title=title,
        node_id=summary.node_id,
        host_id=summary.host_id,
        started_at=rfc3339(summary.started_at),
        participants=summary.participants,
        tracks=summary.tracks,
        waiting=summary.waiting,
        locked=summary.locked,
    )


def room(view: RoomView) -> Room:
    """A room as it is answered."""
    return Room(
        meeting_id=session_of(view.meeting_id)[0],
        host_id=view.host_id,
        started_at=rfc3339(view.started_at),
        participants=view.participants,
        tracks=view.tracks,
        policy=view.policy,
        role_permissions=view.role_permissions,
        spotlight=view.spotlight,
        breakouts=None if view.breakouts is None else _breakouts(view.breakouts),
        lobby=tuple(_waiting(guest) for guest in view.lobby),
        banned=view.banned,
        recording=None if view.recording is None else _recording(view.recording),
        broadcast=None if view.broadcast is None else _broadcast(view.broadcast),
        ingresses=tuple(_ingress(each) for each in view.ingresses),
    )


def participant(view: ParticipantView) -> Participant:
    """A participant as it is answered."""
    info = view.info
    return Participant(
        id=info.id,
        identity=info.identity,
        name=info.name,
        role=info.role,
        permissions=info.permissions,
        joined_at=rfc3339(info.joined_at),
        connected=info.connected,
        hand_raised=info.hand_raised,
        breakout=info.breakout,
        assigned_breakout=info.assigned_breakout,
        tracks=view.tracks,
    )


def _breakouts(breakouts: Breakouts) -> OpenBreakouts:
    return OpenBreakouts(
        rooms=breakouts.rooms,
        free_choice=breakouts.free_choice,
        ends_at=rfc3339_if_known(breakouts.ends_at),
    )


def _recording(recording: RecordingInfo) -> Recording:
    return Recording(id=recording.id, started_at=rfc3339(recording.started_at), by=recording.by)


def _broadcast(broadcast: BroadcastInfo) -> Broadcast:
    return Broadcast(
        id=broadcast.id,
        started_at=rfc3339(broadcast.started_at),
        by=broadcast.by,
        layout=broadcast.layout.value,
        watch_key=broadcast.watch_key,
        targets=tuple(
            BroadcastTarget(id=each.id, host=each.host, state=each.state.value, reason=each.reason)
            for each in broadcast.targets
        ),
    )


def _ingress(ingress: IngressInfo) -> Ingress:
    return Ingress(
        id=ingress.id,
        kind=ingress.kind.value,
        name=ingress.name,
        screen=ingress.screen,
        state=ingress.state.value,
        by=ingress.by,
        started_at=rfc3339(ingress.started_at),
        address=ingress.address,
        participant_id=ingress.participant_id,
        reason=ingress.reason,
    )


def _waiting(guest: LobbyGuest) -> WaitingGuest:
    return WaitingGuest(id=guest.id, identity=guest.identity, name=guest.name, since=rfc3339(guest.since))
