"""What those do who run the meeting: taking someone out, ending."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import LobbyLeft, LogEvent, MeetingEnded, MeetingStarted
from signaling_gateway.domain.commands import EndMeeting, Remove
from signaling_gateway.domain.people import protect_host
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.presence import left
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import EndByService, ShutOut


def remove(state: RoomState, command: Remove, now: int) -> tuple[LogEvent, ...]:
    """The target is out, with every other stay of the same person, and if banned cannot come back.

    Somebody who removes a stay of their own (a forgotten tab) ends that stay alone and is not shut out.
    """
    moderator = state.actor(command.participant_id)
    require(moderator.info.permissions, Action.REMOVE_OTHERS)
    target = state.stay_of(command.target)
    if target.info.identity == moderator.info.identity:
        return (left(target, LeaveReason.LEFT, now),)
    protect_host(state, command.participant_id, target)
    banned = target.info.name if command.ban else None
    return tuple(
        replace(left(stay, LeaveReason.REMOVED, now), banned=banned, by=command.participant_id)
        for stay in state.stays_with(target.info.identity)
    )


def end_meeting(state: RoomState, command: EndMeeting, now: int) -> tuple[LogEvent, ...]:
    """Ends the meeting for all."""
    moderator = state.stay_of(command.participant_id)
    require(moderator.info.permissions, Action.END_MEETING)
    return (MeetingEnded(at=now, by=moderator.info.identity),)


def end_by_service(state: RoomState, command: EndByService, now: int) -> tuple[LogEvent, ...]:
    """Ends the meeting; one that nobody has joined gets a log that refuses from the start."""
    begun: tuple[LogEvent, ...] = () if state.version else (MeetingStarted(at=now, meeting_id=command.meeting_id),)
    return (*begun, MeetingEnded(at=now, by=command.by))


def shut_out(state: RoomState, command: ShutOut, now: int) -> tuple[LogEvent, ...]:
    """Takes out all stays of somebody, and their places in the lobby."""
    waiting = (stay for stay in state.lobby.values() if stay.info.identity == command.identity)
    return (
        *(left(stay, LeaveReason.REMOVED, now) for stay in state.stays_with(command.identity)),
        *(LobbyLeft(at=now, participant_id=stay.info.id, reason=LobbyLeaveReason.REFUSED) for stay in waiting),
    )
