"""Ingresses: who may bring streams into a room, who they are there, and when they are over by themselves.

As with broadcasts (`signaling_gateway.domain.broadcast`), the room says what is so: the node takes the stream before
the room says that it does.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.error_codes import ErrorCode
from contracts.ingesting import IngressFailure
from contracts.ingress_events import IngressChanged, IngressStarted, IngressStopped
from contracts.leaving import LeaveReason
from contracts.log_events import LogEvent, MeetingEnded, ParticipantLeft
from contracts.meeting_token import MeetingClaims
from contracts.room_ingress import IngressEnd, IngressInfo, identity_of_ingress
from contracts.rooms import (
    MeetingId,
    ParticipantId,
    ParticipantKind,
    Permissions,
    PublishPermission,
    Role,
    session_of,
)
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.ingress_commands import ChangeIngress, CloseIngress, EndIngress, OpenIngress
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.presence import left
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal

MAX_INGRESSES = 3
"""Open at once in one meeting: each is a process that decodes and encodes."""


def require_may_ingest(state: RoomState, participant_id: ParticipantId) -> None:
    """Passes if the participant (or the administrator) may open and close ingresses, and there is somebody to show.

    Raises:
        Refusal: they may not (``permission_denied``), the meeting has ended (``meeting_ended``), or nobody is in it
            (``meeting_not_live``).
    """
    if state.ended:
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
    require(state.actor(participant_id).info.permissions, Action.INGEST)
    if not _has_people(state):
        raise Refusal(ErrorCode.MEETING_NOT_LIVE, "Nobody is in this meeting.")


def require_may_open(state: RoomState, participant_id: ParticipantId) -> None:
    """As `require_may_ingest`; and there is room for one more.

    Raises:
        Refusal: as there, or the meeting is encrypted from end to end (``meeting_encrypted``), or has as many
            (``too_many_ingresses``).
    """
    require_may_ingest(state, participant_id)
    if state.policy.e2ee:
        raise Refusal(
            ErrorCode.MEETING_ENCRYPTED, "This meeting is encrypted from end to end: no server can bring a stream in."
        )
    if len(state.ingresses) >= MAX_INGRESSES:
        raise Refusal(
            ErrorCode.TOO_MANY_INGRESSES, f"A meeting takes {MAX_INGRESSES} streams at once. Stop one of them first."
        )


def open_ingress(state: RoomState, command: OpenIngress, now: int) -> tuple[LogEvent, ...]:
    """Those who moderate are told."""
    require_may_open(state, command.participant_id)
    info = IngressInfo(
        id=command.ingress_id,
        kind=command.kind,
        name=command.name,
        screen=command.screen,
        by=command.participant_id,
        started_at=now,
        state=command.state,
        address=command.address,
    )
    return (IngressStarted(at=now, ingress=info),)


def change(state: RoomState, command: ChangeIngress, now: int) -> tuple[LogEvent, ...]:
    """Those who moderate are told how it does, where that is news."""
    known = state.ingresses.get(command.ingress_id)
    said = (command.state, command.address, command.participant_id, command.reason)
    if known is None or said == (known.state, known.address, known.participant_id, known.reason):
        return ()
    changed = IngressChanged(
        at=now,
        ingress_id=known.id,
        state=command.state,
        address=command.address,
        participant_id=command.participant_id,
        reason=command.reason,
    )
    return (changed,)


def close(state: RoomState, command: CloseIngress, now: int) -> tuple[LogEvent, ...]:
    """Its participant leaves. Closing what is over already is fine."""
    require_may_ingest(state, command.participant_id)
    return tuple(_over(state, command.ingress_id, IngressEnd.ASKED, now, by=command.participant_id))


def end(state: RoomState, command: EndIngress, now: int) -> tuple[LogEvent, ...]:
    """Its participant leaves, and those who moderate are told why."""
    return tuple(_over(state, command.ingress_id, command.end, now, reason=command.reason))


def over_with(state: RoomState, events: tuple[LogEvent, ...], now: int) -> tuple[LogEvent, ...]:
    """``events``, with the ends of the ingresses where they end the meeting, leave nobody in it, or take one's
    participant out."""
    if not state.ingresses:
        return events
    if events and isinstance(events[-1], MeetingEnded):
        return (*events[:-1], *(_stopped(each, IngressEnd.ENDED, now) for each in state.ingresses), events[-1])
    gone = [event for event in events if isinstance(event, ParticipantLeft)]
    if not gone:
        return events
    after = evolve_all(state, events)
    if not _has_people(after):
        return (*events, *(each for name in after.ingresses for each in _over(after, name, IngressEnd.ENDED, now)))
    removed = {event.identity for event in gone if event.reason is LeaveReason.REMOVED}
    out = [each for each in after.ingresses if identity_of_ingress(each) in removed]
    return (*events, *(_stopped(each, IngressEnd.REMOVED, now) for each in out))


def claims_of(ingress: IngressInfo, room_id: MeetingId, *, now_s: int) -> MeetingClaims:
    """With what an ingress comes into the room: it may send what it has, and nothing else."""
    meeting_id, session = session_of(room_id)
    return MeetingClaims(
        iss="",
        sub=identity_of_ingress(ingress.id),
        meeting=meeting_id,
        name=ingress.name,
        role=Role.PARTICIPANT,
        permissions=Permissions(publish=tuple(PublishPermission)),
        iat=now_s,
        exp=now_s,
        jti=ingress.id,
        meeting_session=session,
        stream_key=ingress.id,
    )


def _has_people(state: RoomState) -> bool:
    return any(stay.info.kind is ParticipantKind.PERSON for stay in state.stays.values())


def _over(
    state: RoomState,
    ingress_id: str,
    why: IngressEnd,
    now: int,
    *,
    by: ParticipantId | None = None,
    reason: IngressFailure | None = None,
) -> Iterator[LogEvent]:
    if ingress_id not in state.ingresses:
        return
    yield _stopped(ingress_id, why, now, by=by, reason=reason)
    for stay in state.stays_with(identity_of_ingress(ingress_id)):
        yield left(stay, LeaveReason.LEFT, now)


def _stopped(
    ingress_id: str, why: IngressEnd, now: int, *, by: ParticipantId | None = None, reason: IngressFailure | None = None
) -> IngressStopped:
    return IngressStopped(at=now, ingress_id=ingress_id, end=why, by=by, reason=reason)
