"""A room step by step: people, what they do, and what comes of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from contracts.rooms import (
    GatewayId,
    Identity,
    MeetingId,
    ParticipantId,
    Permissions,
    PublishPermission,
    Role,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.evolve import evolve_all
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal

MEETING = MeetingId("m")
HOST, CO, ADA, BOB, EVE = (ParticipantId(f"p_{name}") for name in ("host", "co", "ada", "bob", "eve"))
PLAIN = Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True, notes=True)
RUNNING = replace(PLAIN, moderate=True, record=True)


def join(who: ParticipantId, *, role: Role = Role.PARTICIPANT, identity: str = "") -> commands.Join:
    return commands.Join(
        meeting_id=MEETING,
        participant_id=who,
        identity=Identity(identity or f"u_{who}"),
        name=who.removeprefix("p_").title(),
        role=role,
        permissions=RUNNING if role in {Role.HOST, Role.COHOST} else PLAIN,
        gateway_id=GatewayId("g"),
        resume_hash="aa",
    )


def publish(who: ParticipantId, *sources: TrackSource) -> commands.PublishTracks:
    tracks = (
        commands.TrackToPublish(mid=str(mid), source=source, track_id=TrackId(f"t_{who}_{source}"))
        for mid, source in enumerate(sources)
    )
    return commands.PublishTracks(participant_id=who, tracks=tuple(tracks))


def after(state: RoomState, *done: commands.RoomCommand, now: int = 1000) -> RoomState:
    for command in done:
        state = evolve_all(state, decide(state, command, now))
    return state


def refusal(state: RoomState, command: commands.RoomCommand) -> str:
    with pytest.raises(Refusal) as refused:
        decide(state, command, 1000)
    return refused.value.code
