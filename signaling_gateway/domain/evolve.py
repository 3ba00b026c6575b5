"""``evolve(state, event) -> state``: what each event of the log makes of the room.

Total: an event of a well-formed log never fails here, whatever it names. An event about somebody or something
that is gone changes nothing but the version. Deciding whether an event may happen is `decide`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from contracts.log_events import (
    ChatSent,
    LeaveReason,
    LogEvent,
    MeetingEnded,
    MeetingStarted,
    NodePlaced,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
    TrackMuted,
    TrackPublished,
    TrackUnmuted,
    TrackUnpublished,
)
from contracts.rooms import ParticipantId, TrackId
from signaling_gateway.domain.room_state import CHAT_HISTORY, PublishedTrack, RoomState, Stay

_K = TypeVar("_K")
_V = TypeVar("_V")


def evolve(state: RoomState, event: LogEvent) -> RoomState:
    """The room after ``event``, whose version is ``state.version + 1``."""
    stepped = replace(state, version=state.version + 1, updated_at=max(state.updated_at, event.at))
    return _EVOLVE[type(event)](stepped, event)


def evolve_all(state: RoomState, events: Iterable[LogEvent]) -> RoomState:
    """The room after all of ``events``, in order."""
    for event in events:
        state = evolve(state, event)
    return state


def _started(state: RoomState, event: MeetingStarted) -> RoomState:
    return replace(state, meeting_id=event.meeting_id, started_at=event.at)


def _placed(state: RoomState, event: NodePlaced) -> RoomState:
    return replace(state, node_id=event.node_id)


def _joined(state: RoomState, event: ParticipantJoined) -> RoomState:
    stay = Stay(
        info=event.participant,
        gateway_id=event.gateway_id,
        resume_hash=event.resume_hash,
        connection=state.version,
    )
    return replace(state, stays={**state.stays, event.participant.id: stay})


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
    )
    return _with_stay(state, event.participant_id, back)


def _left(state: RoomState, event: ParticipantLeft) -> RoomState:
    removed = state.removed | {event.identity} if event.reason is LeaveReason.REMOVED else state.removed
    return replace(
        state,
        stays=_without(state.stays, event.participant_id),
        tracks={key: track for key, track in state.tracks.items() if track.info.participant_id != event.participant_id},
        removed=removed,
    )


def _published(state: RoomState, event: TrackPublished) -> RoomState:
    track = PublishedTrack(info=event.track, mid=event.mid)
    return replace(state, tracks={**state.tracks, event.track.id: track})


def _unpublished(state: RoomState, event: TrackUnpublished) -> RoomState:
    return replace(state, tracks=_without(state.tracks, event.track_id))


def _muted(state: RoomState, event: TrackMuted) -> RoomState:
    return _with_muted(state, event.track_id, muted=True)


def _unmuted(state: RoomState, event: TrackUnmuted) -> RoomState:
    return _with_muted(state, event.track_id, muted=False)


def _chat(state: RoomState, event: ChatSent) -> RoomState:
    return replace(state, chat=(*state.chat, event.message)[-CHAT_HISTORY:])


def _ended(state: RoomState, event: MeetingEnded) -> RoomState:  # noqa: ARG001  (every entry of the table takes both)
    return replace(state, ended=True, stays={}, tracks={})


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
    ParticipantJoined: _joined,
    ParticipantDisconnected: _disconnected,
    ParticipantResumed: _resumed,
    ParticipantLeft: _left,
    TrackPublished: _published,
    TrackUnpublished: _unpublished,
    TrackMuted: _muted,
    TrackUnmuted: _unmuted,
    ChatSent: _chat,
    MeetingEnded: _ended,
}
