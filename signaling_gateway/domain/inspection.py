"""A room as those see it who administer it: `contracts.room_commands` and `contracts.live_rooms`."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.error_codes import ErrorCode
from contracts.live_rooms import RoomSummary
from contracts.room_commands import ParticipantPage, ParticipantView, PlaceInRoom, RoomView
from contracts.rooms import MeetingId, ParticipantId, ParticipantInfo, TrackInfo
from signaling_gateway.domain.projection import banned_people, lobby_guests, role_limits
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal


def summary(state: RoomState, meeting_id: MeetingId) -> RoomSummary | None:
    """The room as it is listed; None if it is not live."""
    if not state.stays:
        return None
    return RoomSummary(
        meeting_id=meeting_id,
        host_id=state.host_id,
        started_at=state.started_at,
        participants=len(state.stays),
        tracks=len(state.tracks),
        waiting=len(state.lobby),
        locked=state.policy.locked,
        node_id=state.node_id,
    )


def room(state: RoomState, meeting_id: MeetingId) -> RoomView:
    """The room without its participants.

    Raises:
        Refusal: nobody has ever been in it (``meeting_not_live``), or it has ended (``meeting_ended``).
    """
    require_begun(state)
    return RoomView(
        meeting_id=meeting_id,
        host_id=state.host_id,
        started_at=state.started_at,
        participants=len(state.stays),
        tracks=len(state.tracks),
        policy=state.policy,
        role_permissions=role_limits(state),
        spotlight=state.spotlight,
        breakouts=state.breakouts,
        lobby=lobby_guests(state),
        banned=banned_people(state),
        recording=state.recording,
        broadcast=state.broadcast,
        ingresses=tuple(state.ingresses.values()),
    )


def participants(state: RoomState, *, after: PlaceInRoom | None, limit: int) -> ParticipantPage:
    """Those who follow ``after`` in the order of joining, ``limit`` of them at most.

    Raises:
        Refusal: as for `room`.
    """
    require_begun(state)
    following = sorted(
        (stay.info for stay in state.stays.values() if after is None or _place(stay.info) > after), key=_place
    )
    page = following[:limit]
    return ParticipantPage(participants=_views(state, page), more=len(following) > limit)


def participant(state: RoomState, participant_id: ParticipantId) -> ParticipantView:
    """One participant.

    Raises:
        Refusal: as for `room`, or they are not in it (``participant_not_found``).
    """
    require_begun(state)
    [view] = _views(state, [state.stay_of(participant_id).info])
    return view


def _views(state: RoomState, people: Iterable[ParticipantInfo]) -> tuple[ParticipantView, ...]:
    tracks: dict[ParticipantId, list[TrackInfo]] = {info.id: [] for info in people}
    for track in state.tracks.values():
        if track.info.participant_id in tracks:
            tracks[track.info.participant_id].append(track.info)
    return tuple(ParticipantView(info=state.stays[each].info, tracks=tuple(own)) for each, own in tracks.items())


def _place(info: ParticipantInfo) -> PlaceInRoom:
    return PlaceInRoom(joined_at=info.joined_at, participant_id=info.id)


def require_begun(state: RoomState) -> None:
    """Raises `Refusal` where somebody asks about a room that has not begun, or is over."""
    if not state.version:
        raise Refusal(ErrorCode.MEETING_NOT_LIVE, "Nobody has joined this meeting yet.")
    if state.ended:
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
