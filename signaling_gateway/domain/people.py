"""What people in the room are called, what they are, what they may do, and by which rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from contracts.client_commands import MAX_NAME_LENGTH
from contracts.error_codes import ErrorCode
from contracts.leaving import LeaveReason, LobbyLeaveReason
from contracts.log_events import (
    HostChanged,
    LobbyLeft,
    LogEvent,
    ParticipantLeft,
    ParticipantRenamed,
    PermissionsChanged,
    PermissionsGranted,
    PolicyChanged,
    RoleChanged,
    RolePermissionsChanged,
    SpotlightChanged,
    TrackUnpublished,
)
from contracts.rooms import (
    ADMINISTRATOR,
    PERMISSIONS_OF_ROLE,
    Identity,
    ParticipantId,
    ParticipantKind,
    Permissions,
    Role,
)
from signaling_gateway.domain.commands import (
    Rename,
    SetPermissions,
    SetPolicy,
    SetRole,
    SetRolePermissions,
    SetSpotlight,
)
from signaling_gateway.domain.evolve import evolve
from signaling_gateway.domain.lobby import admissions
from signaling_gateway.domain.permissions import Action, limited, require
from signaling_gateway.domain.room_state import RoomState, Stay
from signaling_gateway.domain.rules import is_run
from signaling_gateway.domain.service_commands import ChangeHost
from signaling_gateway.errors import Refusal

RUNNING = frozenset({Role.HOST, Role.COHOST})
"""Roles that run the meeting."""


def permissions_of(state: RoomState, identity: Identity, role: Role, granted: Permissions) -> Permissions:
    """What somebody may do: by their token, their role in the room, its limits, and what they were given.

    Who came as one who runs the meeting recorded by that role: without it they do what everybody in theirs does here.
    What somebody who moderates has brought in is not limited as people are.
    """
    given_role = state.own_roles.get(identity)
    if given_role in RUNNING:
        base = PERMISSIONS_OF_ROLE[Role.COHOST]
    elif given_role is not None:
        record = given_role in state.rules.recorded_by if granted.moderate else granted.record
        base = replace(granted, moderate=False, record=record)
    else:
        base = granted
    own = state.own_permissions.get(identity)
    if own is not None:
        return replace(own, moderate=base.moderate, record=base.record)
    limit = state.role_permissions.get(role)
    return base if limit is None or base.moderate or state.is_ingress(identity) else limited(base, limit)


def set_role(state: RoomState, command: SetRole, now: int) -> tuple[LogEvent, ...]:
    """A co-host, or a participant again, with all stays. Nobody makes another host, or changes the host."""
    require(state.actor(command.participant_id).info.permissions, Action.SET_RULES)
    target = state.stay_of(command.target)
    if command.role not in {Role.COHOST, Role.PARTICIPANT}:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "Somebody can be made a co-host, or a participant.")
    protect_host(state, command.participant_id, target)
    if target.info.role is Role.HOST:
        raise Refusal(ErrorCode.PERMISSION_DENIED, "The host stays the host.")
    if target.info.role is command.role:
        return ()
    roles = {**state.own_roles, target.info.identity: command.role}
    given = replace(state, own_roles=roles)
    changed = (
        RoleChanged(
            at=now,
            participant_id=stay.info.id,
            role=command.role,
            permissions=permissions_of(given, stay.info.identity, command.role, stay.granted),
            by=command.participant_id,
            identity=stay.info.identity,
        )
        for stay in state.stays_with(target.info.identity)
    )
    return tuple(changed)


def change_host(state: RoomState, command: ChangeHost, now: int) -> tuple[LogEvent, ...]:
    """The room is somebody else's: who hosted it is a co-host from now on. Whoever waits in the lobby and is the host
    now comes in."""
    if not state.version or state.host_id == command.host_id:
        return ()
    changed = HostChanged(at=now, host_id=command.host_id)
    ruled = evolve(state, changed)
    of_both = [each for each in (state.host_id, command.host_id) if each is not None]
    roles = tuple(_in_new_role(ruled, stay, now) for each in of_both for stay in state.stays_with(each))
    waiting = [
        replace(stay, info=replace(stay.info, role=Role.HOST, permissions=_permissions_in(ruled, stay)))
        for stay in state.lobby.values()
        if stay.info.identity == command.host_id
    ]
    return (changed, *roles, *admissions(state, waiting, now))


def _in_new_role(ruled: RoomState, stay: Stay, now: int) -> LogEvent:
    return RoleChanged(
        at=now,
        participant_id=stay.info.id,
        role=ruled.own_roles[stay.info.identity],
        permissions=_permissions_in(ruled, stay),
        by=ADMINISTRATOR,
    )


def _permissions_in(ruled: RoomState, stay: Stay) -> Permissions:
    return permissions_of(ruled, stay.info.identity, ruled.own_roles[stay.info.identity], stay.granted)


def set_permissions(state: RoomState, command: SetPermissions, now: int) -> tuple[LogEvent, ...]:
    """What one person may do, with all stays, until somebody changes it again."""
    require(state.actor(command.participant_id).info.permissions, Action.SET_RULES)
    target = state.stay_of(command.target)
    protect_host(state, command.participant_id, target)
    granted = PermissionsGranted(at=now, identity=target.info.identity, permissions=command.permissions)
    return (granted, *_followed(state, granted, state.stays_with(target.info.identity), command.participant_id))


def set_role_permissions(state: RoomState, command: SetRolePermissions, now: int) -> tuple[LogEvent, ...]:
    """What everybody in a role may do at most. Those who were given permissions of their own keep them."""
    require(state.actor(command.participant_id).info.permissions, Action.SET_RULES)
    if command.role in RUNNING:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "Those who run the meeting cannot be limited.")
    limit = replace(command.permissions, moderate=False, record=False)
    if state.role_permissions.get(command.role) == limit:
        return ()
    changed = RolePermissionsChanged(at=now, role=command.role, permissions=limit, by=command.participant_id)
    concerned = [stay for stay in state.stays.values() if stay.info.role is command.role]
    return (changed, *_followed(state, changed, concerned, command.participant_id))


def set_policy(state: RoomState, command: SetPolicy, now: int) -> tuple[LogEvent, ...]:
    """The room's rules. Opening the lobby admits all who wait."""
    require(state.actor(command.participant_id).info.permissions, Action.SET_RULES)
    given = {
        name: value
        for name in ("locked", "lobby", "unmute", "rename", "private_chat", "notes", "direct", "e2ee")
        if (value := getattr(command, name)) is not None
    }
    policy = replace(state.policy, **given)
    if policy == state.policy:
        return ()
    if policy.e2ee and state.recording is not None:
        raise Refusal(ErrorCode.CONFLICT, "The meeting is being recorded. Stop that first.")
    if policy.e2ee and state.broadcast is not None:
        raise Refusal(ErrorCode.CONFLICT, "The meeting is streamed out. Stop that first.")
    if policy.e2ee and state.ingresses:
        raise Refusal(ErrorCode.CONFLICT, "A stream is brought into the meeting. Stop that first.")
    changed = PolicyChanged(at=now, policy=policy, by=command.participant_id)
    shut_out = () if state.policy.e2ee or not policy.e2ee else tuple(_streams_out(state, now))
    people = (stay for stay in state.lobby.values() if not policy.e2ee or stay.info.kind is ParticipantKind.PERSON)
    waits_on = policy.lobby or (state.rules.wait_for_host and not is_run(state))
    admitted = () if waits_on else admissions(state, people, now)
    return (changed, *shut_out, *admitted)


def _streams_out(state: RoomState, now: int) -> Iterator[LogEvent]:
    """Streams and viewers cannot encrypt: they are out once the meeting is encrypted from end to end."""
    for stay in (*state.stays.values(), *state.lobby.values()):
        info = stay.info
        if info.kind is ParticipantKind.PERSON:
            continue
        if info.id in state.lobby:
            yield LobbyLeft(at=now, participant_id=info.id, reason=LobbyLeaveReason.REFUSED)
        else:
            yield ParticipantLeft(at=now, participant_id=info.id, identity=info.identity, reason=LeaveReason.REMOVED)


def set_spotlight(state: RoomState, command: SetSpotlight, now: int) -> tuple[LogEvent, ...]:
    """Whom everybody sees, in this order."""
    require(state.actor(command.participant_id).info.permissions, Action.SPOTLIGHT)
    chosen = tuple(dict.fromkeys(command.targets))
    for target in chosen:
        state.stay_of(target)
    if chosen == state.spotlight:
        return ()
    return (SpotlightChanged(at=now, participant_ids=chosen, by=command.participant_id),)


def rename(state: RoomState, command: Rename, now: int) -> tuple[LogEvent, ...]:
    """A name for one stay: one's own as the policy allows, anybody's with the permission to moderate."""
    actor = state.actor(command.participant_id).info
    target = state.stay_of(command.target or command.participant_id).info
    if target.id != actor.id or not state.policy.rename:
        require(actor.permissions, Action.RENAME_OTHERS)
    name = " ".join(command.name.split())
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"A name has 1 to {MAX_NAME_LENGTH} printable characters.")
    if name == target.name:
        return ()
    return (ParticipantRenamed(at=now, participant_id=target.id, name=name, by=actor.id, identity=target.identity),)


def protect_host(state: RoomState, actor: ParticipantId, target: Stay) -> None:
    """Raises `Refusal` where somebody who is not the host acts against the host."""
    if target.info.role is Role.HOST and state.actor(actor).info.role is not Role.HOST:
        raise Refusal(ErrorCode.PERMISSION_DENIED, "Nobody but the host can do that to the host.")


def _followed(state: RoomState, rule: LogEvent, stays: Iterable[Stay], by: ParticipantId) -> Iterator[LogEvent]:
    """What a changed rule does to those whom it concerns: other permissions, and no tracks without one."""
    ruled = evolve(state, rule)
    for stay in stays:
        info = stay.info
        permissions = permissions_of(ruled, info.identity, info.role, stay.granted)
        if permissions != info.permissions:
            yield PermissionsChanged(at=rule.at, participant_id=info.id, permissions=permissions, by=by)
            for track in state.tracks_of(info.id):
                if track.info.source.permission not in permissions.publish:
                    yield TrackUnpublished(at=rule.at, track_id=track.info.id, participant_id=info.id, by=by)
