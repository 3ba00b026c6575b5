"""Coming, going, and being lost for a while."""

from __future__ import annotations

import hmac
from typing import Any

from contracts.error_codes import ErrorCode
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import (
    LobbyJoined,
    LobbyLeft,
    LogEvent,
    MeetingStarted,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantResumed,
)
from contracts.rooms import ParticipantInfo, ParticipantKind
from signaling_gateway.domain.commands import (
    AdoptParticipants,
    EndGrace,
    Join,
    Leave,
    LoseConnection,
    ReclaimConnection,
    Resume,
)
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.lobby import admissions
from signaling_gateway.domain.people import permissions_of
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.domain.rules import due_now, waits_for_host
from signaling_gateway.errors import Refusal

MAX_PARTICIPANTS = 2_000
"""How many may be in a meeting at once, lost connections that may yet come back included."""
MAX_STAYS = 8
"""How often one identity may be in a meeting at once: some devices, and connections that are being missed."""


def join(state: RoomState, command: Join, now: int) -> tuple[LogEvent, ...]:
    """A new participant, who may have to wait in the lobby, and may take the place of the same person's oldest stay.

    Refused to those who were banned (``participant_removed``), to strangers while the meeting is locked, and to streams
    and viewers where media is encrypted from end to end. Who runs the meeting lets those in who have waited for that.
    """
    begun = started(state, command, now)
    state = evolve_all(state, begun)
    if command.identity in state.banned:
        raise Refusal(ErrorCode.PARTICIPANT_REMOVED, "You were removed from this meeting.")
    if state.policy.e2ee and command.kind is not ParticipantKind.PERSON:
        raise Refusal(
            ErrorCode.MEETING_ENCRYPTED,
            "This meeting is encrypted from end to end: it takes no encoders or players.",
        )
    if command.participant_id in state.stays or command.participant_id in state.lobby:
        raise Refusal(ErrorCode.CONFLICT, "This participant is already in the meeting.")
    excess = _in_excess(state, command)
    if excess and not command.replaces:
        connected = "in another tab or on another device" if command.tabs else f"{MAX_STAYS} times"
        raise Refusal(
            ErrorCode.ALREADY_IN_MEETING, f"You are in this meeting already, {connected}. Leave it there first."
        )
    role = state.own_roles.get(command.identity, command.role)
    info = ParticipantInfo(
        id=command.participant_id,
        identity=command.identity,
        name=command.name,
        role=role,
        permissions=permissions_of(state, command.identity, role, command.permissions),
        joined_at=now,
        breakout=state.assigned.get(command.identity),
        assigned_breakout=state.assigned.get(command.identity),
        kind=command.kind,
    )
    _check_room_for(state, info, beside=len(state.stays) + len(state.lobby) - len(excess))
    come_in: dict[str, Any] = {
        "at": now,
        "participant": info,
        "gateway_id": command.gateway_id,
        "resume_hash": command.resume_hash,
        "granted": command.permissions,
        "session": command.session,
        "stands_on": command.stands_on,
        "account_name": command.account_name,
    }
    before = (*begun, *(_replaced(state, stay, now) for stay in excess))
    if _must_wait(state, info, vouched=command.vouched):
        return (*before, LobbyJoined(**come_in, vouched=command.vouched))
    let_in = admissions(state, due_now(state), now) if info.permissions.moderate else ()
    return (*before, ParticipantJoined(**come_in), *let_in)


def _check_room_for(state: RoomState, info: ParticipantInfo, *, beside: int) -> None:
    """Passes if there is room for one more ``beside`` so many. Those who run the meeting come in beyond its own limit.

    Raises:
        Refusal: there is none (``meeting_full``).
    """
    own = None if info.permissions.moderate else state.rules.max_participants
    limit = min(MAX_PARTICIPANTS, own or MAX_PARTICIPANTS)
    if beside >= limit:
        raise Refusal(ErrorCode.MEETING_FULL, f"This meeting has its {limit} participants.")


def _in_excess(state: RoomState, command: Join) -> list[Stay]:
    """The person's stays for which there is no room beside one more, oldest first.

    Lost connections do not count for ``tabs``: whoever loads the page anew is not in two places. Nor do stays of
    another kind: a stream is no tab.
    """
    stays = [*state.stays.values(), *state.lobby.values()]
    own = [stay for stay in stays if stay.info.identity == command.identity]
    alike = [stay for stay in own if stay.info.connected and stay.info.kind is command.kind]
    leaving = alike[: max(0, len(alike) + 1 - (command.tabs or MAX_STAYS))]
    rest = [stay for stay in own if stay not in leaving]
    return [*leaving, *rest[: max(0, len(rest) + 1 - MAX_STAYS)]]


def _replaced(state: RoomState, stay: Stay, now: int) -> LogEvent:
    if stay.info.id in state.lobby:
        return LobbyLeft(at=now, participant_id=stay.info.id, reason=LobbyLeaveReason.REPLACED)
    return left(stay, LeaveReason.REPLACED, now)


def _must_wait(state: RoomState, info: ParticipantInfo, *, vouched: bool) -> bool:
    """Whether the newcomer is for the lobby. Raises `Refusal` while the meeting is locked."""
    if info.permissions.moderate or info.identity in state.admitted or state.is_ingress(info.identity):
        return False
    if state.policy.locked:
        raise Refusal(ErrorCode.MEETING_LOCKED, "This meeting is locked.")
    return (state.policy.lobby and not vouched) or waits_for_host(state, info)


def started(state: RoomState, command: Join, now: int) -> tuple[LogEvent, ...]:
    """The first event of the log, if there is none yet."""
    begun = MeetingStarted(at=now, meeting_id=command.meeting_id, host_id=command.host_id, rules=command.rules)
    return () if state.version else (begun,)


def resume(state: RoomState, command: Resume, now: int) -> tuple[LogEvent, ...]:
    """A participant goes on, here. One answer for every reason why not, so that secrets cannot be probed.

    Whoever has the secret of a stay that was replaced is told so (``replaced``), and does not come in anew by itself.
    """
    replaced = state.replaced.get(command.participant_id)
    if replaced is not None and hmac.compare_digest(replaced, command.secret_hash):
        raise Refusal(ErrorCode.REPLACED, "The meeting goes on in another tab or on another device.")
    stay = state.stays.get(command.participant_id)
    known = (
        stay is not None
        and stay.info.identity == command.identity
        and hmac.compare_digest(stay.resume_hash, command.secret_hash)
    )
    if not known:
        raise Refusal(ErrorCode.RESUME_REFUSED, "This stay in the meeting is over. Please join again.")
    back = ParticipantResumed(
        at=now,
        participant_id=command.participant_id,
        gateway_id=command.gateway_id,
        session=command.session,
    )
    return (back,)


def lose_connection(state: RoomState, command: LoseConnection, now: int) -> tuple[LogEvent, ...]:
    """The grace period begins, unless the participant has left or a newer connection stands."""
    waiting = state.lobby.get(command.participant_id)
    if waiting is not None and waiting.connection == command.connection:
        return (_gone_from_lobby(waiting, now),)
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
    """All participants of a lost gateway are disconnected, and watched over by the adopting one; nobody waits there.

    A stream has no signalling connection and has lost none: the adopting gateway answers for its media transport from
    now on. Viewers have to ask again.
    """
    lost = command.lost_gateway_id
    return (
        *(_adopted(stay, command, now) for stay in state.stays.values() if stay.gateway_id == lost),
        *(_gone_from_lobby(stay, now) for stay in state.lobby.values() if stay.gateway_id == lost),
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
    """Leaving twice is leaving once. One can leave the lobby, too."""
    waiting = state.lobby.get(command.participant_id)
    if waiting is not None:
        return (_gone_from_lobby(waiting, now),)
    stay = state.stays.get(command.participant_id)
    return () if stay is None else (left(stay, LeaveReason.LEFT, now),)


def left(stay: Stay, reason: LeaveReason, now: int) -> ParticipantLeft:
    """The event by which a stay is over."""
    return ParticipantLeft(at=now, participant_id=stay.info.id, identity=stay.info.identity, reason=reason)


def _gone_from_lobby(stay: Stay, now: int) -> LobbyLeft:
    return LobbyLeft(at=now, participant_id=stay.info.id, reason=LobbyLeaveReason.LEFT)


def _adopted(stay: Stay, command: AdoptParticipants, now: int) -> LogEvent:
    if stay.info.kind is ParticipantKind.VIEWER:
        # What it wants to see was known to the lost gateway alone.
        return left(stay, LeaveReason.CONNECTION_LOST, now)
    if stay.info.kind is ParticipantKind.PERSON or not stay.info.connected:
        return _lost(stay, command, now)
    return ParticipantResumed(at=now, participant_id=stay.info.id, gateway_id=command.gateway_id)


def _lost(stay: Stay, command: LoseConnection | AdoptParticipants, now: int) -> ParticipantDisconnected:
    return ParticipantDisconnected(at=now, participant_id=stay.info.id, gateway_id=command.gateway_id)
