"""``evolve(state, event) -> state``: what each event of the log makes of the room.

Total: an event of a well-formed log never fails here, whatever it names. An event about somebody or something
that is gone changes nothing but the version. Deciding whether an event may happen is `decide`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from contracts.broadcast_events import BroadcastChanged, BroadcastStarted, BroadcastStopped
from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from contracts.leaving import LeaveReason
from contracts.log_events import (
    BreakoutsChanged,
    BreakoutsClosed,
    BreakoutsOpened,
    ChatEdited,
    ChatRemoved,
    ChatSent,
    DataSent,
    HandLowered,
    HandRaised,
    HostChanged,
    LobbyJoined,
    LobbyLeft,
    LobbyMessageSent,
    LogEvent,
    MeetingEnded,
    MeetingStarted,
    NodePlaced,
    NotesEdited,
    NotesKept,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantPlaced,
    ParticipantRenamed,
    ParticipantResumed,
    ParticipantsMoved,
    PeerSignalled,
    PermissionsChanged,
    PermissionsGranted,
    PersonUnbanned,
    PolicyChanged,
    PollClosed,
    PollCreated,
    PollVoted,
    ReactionSent,
    RecordingStarted,
    RecordingStopped,
    RoleChanged,
    RolePermissionsChanged,
    SpotlightChanged,
    TrackMuted,
    TrackPublished,
    TrackUnmuted,
    TrackUnpublished,
    UnmuteAsked,
)
from contracts.rooms import (
    Identity,
    ParticipantId,
    ParticipantInfo,
    Permissions,
    RecordingEnd,
    RecordingInfo,
    Role,
    TrackId,
)
from signaling_gateway.domain.evolve_broadcast import broadcast_changed, broadcast_started, broadcast_stopped
from signaling_gateway.domain.evolve_chat import chat_edited, chat_removed, chat_sent
from signaling_gateway.domain.evolve_ingress import ingress_changed, ingress_started, ingress_stopped
from signaling_gateway.domain.evolve_notes import notes_edited, notes_kept
from signaling_gateway.domain.room_state import (
    REPLACED_KEPT,
    Poll,
    PublishedTrack,
    RoomState,
    Stay,
)

_K = TypeVar("_K")
_V = TypeVar("_V")


def evolve(state: RoomState, event: LogEvent) -> RoomState:
    """The room after ``event``, whose version is ``state.version + 1``."""
    stepped = replace(state, version=state.version + 1, updated_at=max(state.updated_at, event.at))
    evolved = _EVOLVE[type(event)](stepped, event)
    is_empty = not evolved.stays and not evolved.lobby
    if is_empty is (evolved.empty_since is not None):
        return evolved
    return replace(evolved, empty_since=evolved.updated_at if is_empty else None)


def evolve_all(state: RoomState, events: Iterable[LogEvent]) -> RoomState:
    """The room after all of ``events``, in order."""
    for event in events:
        state = evolve(state, event)
    return state


def _started(state: RoomState, event: MeetingStarted) -> RoomState:
    rules = event.rules or state.rules
    return replace(
        state,
        meeting_id=event.meeting_id,
        host_id=event.host_id,
        started_at=event.at,
        rules=rules,
        policy=rules.policy,
        role_permissions={each.role: each.permissions for each in rules.role_permissions},
    )


def _placed(state: RoomState, event: NodePlaced) -> RoomState:
    # Whoever was sent there is at home now.
    at_home = {
        who: replace(stay, node_id=None) if stay.node_id == event.node_id else stay for who, stay in state.stays.items()
    }
    return replace(state, node_id=event.node_id, stays=at_home)


def _participant_placed(state: RoomState, event: ParticipantPlaced) -> RoomState:
    stay, node_id = state.stays.get(event.participant_id), None if event.node_id == state.node_id else event.node_id
    return state if stay is None else _with_stay(state, event.participant_id, replace(stay, node_id=node_id))


def _joined(state: RoomState, event: ParticipantJoined) -> RoomState:
    info, longest = event.participant, state.rules.max_length_ms
    return replace(
        state,
        ends_at=event.at + longest if state.ends_at is None and longest is not None else state.ends_at,
        stays={**state.stays, info.id: _stay(state, event, event.granted or info.permissions)},
        admitted=state.admitted | {info.identity},
        visited=_visited(state, [info]),
    )


def _stay(state: RoomState, event: ParticipantJoined | LobbyJoined, granted: Permissions) -> Stay:
    return Stay(
        info=event.participant,
        gateway_id=event.gateway_id,
        resume_hash=event.resume_hash,
        connection=state.version,
        granted=granted,
        session=event.session,
        stands_on=event.stands_on,
        account_name=event.account_name,
    )


def _lobby_joined(state: RoomState, event: LobbyJoined) -> RoomState:
    stay = replace(_stay(state, event, event.granted), vouched=event.vouched)
    return replace(state, lobby={**state.lobby, event.participant.id: stay})


def _lobby_left(state: RoomState, event: LobbyLeft) -> RoomState:
    return replace(state, lobby=_without(state.lobby, event.participant_id))


def _disconnected(state: RoomState, event: ParticipantDisconnected) -> RoomState:
    stay = state.stays.get(event.participant_id)
    if stay is None:
        return state
    since = event.at if stay.disconnected_at is None else stay.disconnected_at
    lost = replace(stay, info=replace(stay.info, connected=False), gateway_id=event.gateway_id, disconnected_at=since)
    return _with_stay(state, event.participant_id, lost)


def _resumed(state: RoomState, event: ParticipantResumed) -> RoomState:
    stay = state.stays.get(event.participant_id)
    if stay is None:
        return state
    back = replace(
        stay,
        info=replace(stay.info, connected=True),
        gateway_id=event.gateway_id,
        connection=state.version,
        disconnected_at=None,
        session=event.session or stay.session,
    )
    return _with_stay(state, event.participant_id, back)


def _left(state: RoomState, event: ParticipantLeft) -> RoomState:
    removed = event.reason is LeaveReason.REMOVED
    stay = state.stays.get(event.participant_id)
    return replace(
        state,
        stays=_without(state.stays, event.participant_id),
        tracks={key: track for key, track in state.tracks.items() if track.info.participant_id != event.participant_id},
        spotlight=tuple(each for each in state.spotlight if each != event.participant_id),
        admitted=state.admitted - {event.identity} if removed else state.admitted,
        banned=state.banned if event.banned is None else {**state.banned, event.identity: event.banned},
        replaced=_replaced(state, stay) if stay and event.reason is LeaveReason.REPLACED else state.replaced,
    )


def _replaced(state: RoomState, stay: Stay) -> Mapping[ParticipantId, str]:
    latest = [*state.replaced.items(), (stay.info.id, stay.resume_hash)]
    return dict(latest[-REPLACED_KEPT:])


def _unbanned(state: RoomState, event: PersonUnbanned) -> RoomState:
    return replace(state, banned=_without(state.banned, event.identity))


def _renamed(state: RoomState, event: ParticipantRenamed) -> RoomState:
    state = _with_info(state, event.participant_id, name=event.name)
    stay = state.stays.get(event.participant_id)
    return state if stay is None else _with_stay(state, stay.info.id, replace(stay, account_name=event.account_name))


def _role_changed(state: RoomState, event: RoleChanged) -> RoomState:
    stay = state.stays.get(event.participant_id)
    if stay is None:
        return state
    changed = _with_info(state, event.participant_id, role=event.role, permissions=event.permissions)
    return replace(changed, own_roles={**state.own_roles, stay.info.identity: event.role})


def _host_changed(state: RoomState, event: HostChanged) -> RoomState:
    # Tokens from before say otherwise for a while.
    former = {} if state.host_id is None else {state.host_id: Role.COHOST}
    return replace(state, host_id=event.host_id, own_roles={**state.own_roles, **former, event.host_id: Role.HOST})


def _granted(state: RoomState, event: PermissionsGranted) -> RoomState:
    return replace(state, own_permissions={**state.own_permissions, event.identity: event.permissions})


def _permissions_changed(state: RoomState, event: PermissionsChanged) -> RoomState:
    return _with_info(state, event.participant_id, permissions=event.permissions)


def _role_limited(state: RoomState, event: RolePermissionsChanged) -> RoomState:
    return replace(state, role_permissions={**state.role_permissions, event.role: event.permissions})


def _policy_changed(state: RoomState, event: PolicyChanged) -> RoomState:
    return replace(state, policy=event.policy)


def _spotlight_changed(state: RoomState, event: SpotlightChanged) -> RoomState:
    return replace(state, spotlight=event.participant_ids)


def _hand_raised(state: RoomState, event: HandRaised) -> RoomState:
    return _with_info(state, event.participant_id, hand_raised=state.version)


def _hand_lowered(state: RoomState, event: HandLowered) -> RoomState:
    return _with_info(state, event.participant_id, hand_raised=None)


def _published(state: RoomState, event: TrackPublished) -> RoomState:
    track = PublishedTrack(info=event.track, mid=event.mid)
    return replace(state, tracks={**state.tracks, event.track.id: track})


def _unpublished(state: RoomState, event: TrackUnpublished) -> RoomState:
    return replace(state, tracks=_without(state.tracks, event.track_id))


def _muted(state: RoomState, event: TrackMuted) -> RoomState:
    return _with_muted(state, event.track_id, muted=True)


def _unmuted(state: RoomState, event: TrackUnmuted) -> RoomState:
    return _with_muted(state, event.track_id, muted=False)


def _asked_to_unmute(state: RoomState, event: UnmuteAsked) -> RoomState:
    stay = state.stays.get(event.participant_id)
    if stay is None:
        return state
    asked = replace(stay, asked_to_unmute=stay.asked_to_unmute | {event.source})
    return _with_stay(state, event.participant_id, asked)


def _poll_created(state: RoomState, event: PollCreated) -> RoomState:
    return _with_poll(state, Poll(info=event.poll))


def _poll_voted(state: RoomState, event: PollVoted) -> RoomState:
    poll = state.polls.get(event.poll_id)
    if poll is None:
        return state
    others = _without(poll.votes, event.identity)
    votes = {**others, event.identity: event.options} if event.options else others
    return _with_poll(state, Poll(info=replace(poll.info, votes=event.votes, voters=event.voters), votes=votes))


def _poll_closed(state: RoomState, event: PollClosed) -> RoomState:
    poll = state.polls.get(event.poll_id)
    return state if poll is None else _with_poll(state, replace(poll, info=replace(poll.info, closed=True)))


def _breakouts_opened(state: RoomState, event: BreakoutsOpened) -> RoomState:
    written = {sent.message.breakout.id for sent in state.chat if sent.message.breakout is not None}
    read = {breakout: people for breakout, people in state.visited.items() if breakout in written}
    assigned = {each.identity: each.breakout for each in event.assigned}
    return replace(state, breakouts=event.breakouts, visited=read, assigned=assigned)


def _breakouts_changed(state: RoomState, event: BreakoutsChanged) -> RoomState:
    return replace(state, breakouts=event.breakouts)


def _breakouts_closed(state: RoomState, event: BreakoutsClosed) -> RoomState:  # noqa: ARG001
    return replace(state, breakouts=None, assigned={})


def _moved(state: RoomState, event: ParticipantsMoved) -> RoomState:
    stays, assigned = dict(state.stays), dict(state.assigned)
    there = []
    for move in event.moves:
        stay = stays.get(move.participant_id)
        if stay is None:
            continue
        info = replace(stay.info, breakout=move.breakout, assigned_breakout=move.assigned_breakout)
        stays[info.id] = replace(stay, info=info)
        there.append(info)
        if move.assigned_breakout is None:
            assigned.pop(info.identity, None)
        else:
            assigned[info.identity] = move.assigned_breakout
    return replace(state, stays=stays, assigned=assigned, visited=_visited(state, there))


def _visited(state: RoomState, there: Iterable[ParticipantInfo]) -> Mapping[str, frozenset[Identity]]:
    """Who has been in which breakout room, now that these are where they are."""
    came: dict[str, set[Identity]] = {}
    for info in there:
        if info.breakout is not None:
            came.setdefault(info.breakout, set()).add(info.identity)
    if not came:
        return state.visited
    return {**state.visited, **{each: state.visited.get(each, frozenset()) | people for each, people in came.items()}}


def _passing(state: RoomState, event: LogEvent) -> RoomState:  # noqa: ARG001  (every entry of the table takes both)
    """What is told and leaves nothing behind."""
    return state


def _recording_started(state: RoomState, event: RecordingStarted) -> RoomState:
    recording = RecordingInfo(
        id=event.recording_id, started_at=event.at, by=event.by, kind=event.kind, layout=event.layout
    )
    return replace(state, recording=recording)


def _recording_stopped(state: RoomState, event: RecordingStopped) -> RoomState:
    return replace(state, recording=None, is_recorded_enough=event.reason is RecordingEnd.ASKED)


def _ended(state: RoomState, event: MeetingEnded) -> RoomState:  # noqa: ARG001
    over = replace(state, ended=True, stays={}, tracks={}, lobby={}, breakouts=None)
    return replace(over, recording=None, broadcast=None, ingresses={})


def _with_info(state: RoomState, participant_id: ParticipantId, **changes: Any) -> RoomState:
    stay = state.stays.get(participant_id)
    changed = None if stay is None else replace(stay, info=replace(stay.info, **changes))
    return state if changed is None else _with_stay(state, participant_id, changed)


def _with_poll(state: RoomState, poll: Poll) -> RoomState:
    return replace(state, polls={**state.polls, poll.info.id: poll})


def _with_stay(state: RoomState, participant_id: ParticipantId, stay: Stay) -> RoomState:
    return replace(state, stays={**state.stays, participant_id: stay})


def _with_muted(state: RoomState, track_id: TrackId, *, muted: bool) -> RoomState:
    track = state.tracks.get(track_id)
    if track is None:
        return state
    changed = replace(track, info=replace(track.info, muted=muted))
    return replace(state, tracks={**state.tracks, track_id: changed})


def _without(mapping: Mapping[_K, _V], key: _K) -> dict[_K, _V]:
    return {other: value for other, value in mapping.items() if other != key}


_EVOLVE: dict[type, Callable[[RoomState, Any], RoomState]] = {
    MeetingStarted: _started,
    NodePlaced: _placed,
    ParticipantPlaced: _participant_placed,
    ParticipantJoined: _joined,
    ParticipantDisconnected: _disconnected,
    ParticipantResumed: _resumed,
    ParticipantLeft: _left,
    TrackPublished: _published,
    TrackUnpublished: _unpublished,
    TrackMuted: _muted,
    TrackUnmuted: _unmuted,
    UnmuteAsked: _asked_to_unmute,
    HandRaised: _hand_raised,
    HandLowered: _hand_lowered,
    ReactionSent: _passing,
    ChatSent: chat_sent,
    ChatEdited: chat_edited,
    ChatRemoved: chat_removed,
    DataSent: _passing,
    ParticipantRenamed: _renamed,
    RoleChanged: _role_changed,
    HostChanged: _host_changed,
    PermissionsGranted: _granted,
    PermissionsChanged: _permissions_changed,
    RolePermissionsChanged: _role_limited,
    PolicyChanged: _policy_changed,
    SpotlightChanged: _spotlight_changed,
    LobbyJoined: _lobby_joined,
    LobbyLeft: _lobby_left,
    LobbyMessageSent: _passing,
    PersonUnbanned: _unbanned,
    PollCreated: _poll_created,
    PollVoted: _poll_voted,
    PollClosed: _poll_closed,
    NotesEdited: notes_edited,
    NotesKept: notes_kept,
    BreakoutsOpened: _breakouts_opened,
    BreakoutsChanged: _breakouts_changed,
    BreakoutsClosed: _breakouts_closed,
    ParticipantsMoved: _moved,
    PeerSignalled: _passing,
    RecordingStarted: _recording_started,
    RecordingStopped: _recording_stopped,
    BroadcastStarted: broadcast_started,
    BroadcastChanged: broadcast_changed,
    BroadcastStopped: broadcast_stopped,
    IngressStarted: ingress_started,
    IngressChanged: ingress_changed,
    IngressStopped: ingress_stopped,
    MeetingEnded: _ended,
}
