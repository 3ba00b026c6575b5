"""Coming, going, and being lost for a while."""

from __future__ import annotations

import hmac

from contracts.error_codes import ErrorCode
from contracts.log_events import (
    LeaveReason,
    LogEvent,
    MeetingStarted,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
)
from contracts.rooms import ParticipantInfo
from signaling_gateway.domain.commands import (
    AdoptParticipants,
    EndGrace,
    Join,
    Leave,
    LoseConnection,
    ReclaimConnection,
    Resume,
)
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.errors import Refusal

MAX_STAYS = 8
"""How often one identity may be in a meeting at once: some devices, and connections that are being missed."""


def join(state: RoomState, command: Join, now: int) -> tuple[LogEvent, ...]:
    """A new participant. Refused to those who were removed (``participant_removed``)."""
    if command.identity in state.removed:
        raise Refusal(ErrorCode.PARTICIPANT_REMOVED, "You were removed from this meeting.")
    if command.participant_id in state.stays:
        raise Refusal(ErrorCode.CONFLICT, "This participant is already in the meeting.")
    if sum(stay.info.identity == command.identity for stay in state.stays.values()) >= MAX_STAYS:
        raise Refusal(
            ErrorCode.CONFLICT, f"You are in this meeting {MAX_STAYS} times already. Leave it elsewhere first."
        )
    info = ParticipantInfo(
        id=command.participant_id,
        identity=command.identity,
        name=command.name,
        role=command.role,
        permissions=command.permissions,
        joined_at=now,
    )
    joined = ParticipantJoined(at=now, participant=info, gateway_id=command.gateway_id, resume_hash=command.resume_hash)
    return (*started(state, command, now), joined)


def started(state: RoomState, command: Join, now: int) -> tuple[LogEvent, ...]:
    """The first event of the log, if there is none yet."""
    return () if state.version else (MeetingStarted(at=now, meeting_id=command.meeting_id),)


def resume(state: RoomState, command: Resume, now: int) -> tuple[LogEvent, ...]:
    """A participant goes on, here. One answer for every reason why not, so that secrets cannot be probed."""
    stay = state.stays.get(command.participant_id)
    known = (
        stay is not None
        and stay.info.identity == command.identity
        and hmac.compare_digest(stay.resume_hash, command.secret_hash)
    )
    if not known:
        raise Refusal(ErrorCode.RESUME_REFUSED, "This stay in the meeting is over. Please join again.")
    return (ParticipantResumed(at=now, participant_id=command.participant_id, gateway_id=command.gateway_id),)


def lose_connection(state: RoomState, command: LoseConnection, now: int) -> tuple[LogEvent, ...]:
    """The grace period begins, unless the participant has left or a newer connection stands."""
    stay = state.stays.get(command.participant_id)
    if stay is None or stay.connection != command.connection or not stay.info.connected:
        return ()
    return (_lost(stay, command, now),)


def reclaim_connection(state: RoomState, command: ReclaimConnection, now: int) -> tuple[LogEvent, ...]:
    """Undoes a loss that another gateway declared in error, while the same connection still stands."""
    stay = state.stays.get(command.participant_id)
    if stay is None or stay.connection != command.connection or stay.info.connected:
        return ()
    return (ParticipantResumed(at=now, participant_id=command.participant_id, gateway_id=command.gateway_id),)


def adopt_participants(state: RoomState, command: AdoptParticipants, now: int) -> tuple[LogEvent, ...]:
    """All participants of a lost gateway are disconnected, and watched over by the adopting one."""
    return tuple(
        _lost(stay, command, now) for stay in state.stays.values() if stay.gateway_id == command.lost_gateway_id
    )


def end_grace(state: RoomState, command: EndGrace, now: int) -> tuple[LogEvent, ...]:
    """A participant who did not come back in time has left."""
    stay = state.stays.get(command.participant_id)
    if stay is None or stay.connection != command.connection or stay.disconnected_at is None:
        return ()
    if now < stay.disconnected_at + command.grace_ms:
        return ()
    return (left(stay, LeaveReason.CONNECTION_LOST, now),)


def leave(state: RoomState, command: Leave, now: int) -> tuple[LogEvent, ...]:
    """Leaving twice is leaving once."""
    stay = state.stays.get(command.participant_id)
    return () if stay is None else (left(stay, LeaveReason.LEFT, now),)


def left(stay: Stay, reason: LeaveReason, now: int) -> ParticipantLeft:
    """The event by which a stay is over."""
    return ParticipantLeft(at=now, participant_id=stay.info.id, identity=stay.info.identity, reason=reason)


def _lost(stay: Stay, command: LoseConnection | AdoptParticipants, now: int) -> ParticipantDisconnected:
    return ParticipantDisconnected(at=now, participant_id=stay.info.id, gateway_id=command.gateway_id)
