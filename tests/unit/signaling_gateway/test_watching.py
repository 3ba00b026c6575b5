"""Which tracks somebody who watches by WHEP is shown, the most wanted first."""

from __future__ import annotations

import msgspec
import pytest

from contracts.rooms import (
    GatewayId,
    Identity,
    MeetingId,
    ParticipantId,
    ParticipantKind,
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
from signaling_gateway.domain.watching import View, chosen_tracks

ADA, BOB, EVE = ParticipantId("p_ada"), ParticipantId("p_bob"), ParticipantId("p_eve")
ALL = Permissions(publish=tuple(PublishPermission), subscribe=True, chat=True, moderate=True)


def after(state: RoomState, *done: commands.RoomCommand) -> RoomState:
    for command in done:
        state = evolve_all(state, decide(state, command, 1000))
    return state


def join(who: ParticipantId, kind: ParticipantKind = ParticipantKind.PERSON) -> commands.Join:
    return commands.Join(
        meeting_id=MeetingId("m"),
        participant_id=who,
        identity=Identity(f"u_{who}"),
        name=who,
        role=Role.HOST,
        permissions=ALL,
        gateway_id=GatewayId("g"),
        resume_hash="aa",
        kind=kind,
    )


def publish(who: ParticipantId, *sources: TrackSource) -> commands.PublishTracks:
    tracks = tuple(
        commands.TrackToPublish(mid=str(mid), source=source, track_id=TrackId(f"{who[2:]}.{source}"))
        for mid, source in enumerate(sources)
    )
    return commands.PublishTracks(participant_id=who, tracks=tracks)


@pytest.fixture
def room() -> RoomState:
    return after(
        RoomState(),
        join(ADA),
        join(BOB),
        join(EVE, ParticipantKind.VIEWER),
        publish(BOB, TrackSource.CAMERA, TrackSource.MICROPHONE),
        publish(ADA, TrackSource.MICROPHONE, TrackSource.CAMERA),
    )


def shown(room: RoomState, view: View = View()) -> list[str]:  # noqa: B008  (frozen)
    return list(chosen_tracks(room, EVE, view))


def test_who_came_first_is_shown_first(room: RoomState) -> None:
    assert shown(room) == ["ada.microphone", "ada.camera", "bob.microphone", "bob.camera"]


def test_a_shared_screen_comes_before_and_the_spotlight_before_that(room: RoomState) -> None:
    sharing = after(room, publish(BOB, TrackSource.CAMERA, TrackSource.SCREEN, TrackSource.SCREEN_AUDIO))
    assert shown(sharing)[:3] == ["bob.screen", "bob.camera", "bob.screen_audio"]
    lit = after(sharing, commands.SetSpotlight(participant_id=ADA, targets=(ADA,)))
    assert shown(lit)[0] == "ada.microphone"


def test_what_is_muted_or_in_another_room_is_not_shown(room: RoomState) -> None:
    muted = after(room, commands.Mute(participant_id=ADA, track_id=TrackId("ada.camera")))
    assert shown(muted)[:2] == ["ada.microphone", "bob.microphone"]
    away = msgspec.structs.replace(room.stays[BOB], info=msgspec.structs.replace(room.stays[BOB].info, breakout="b"))
    assert shown(msgspec.structs.replace(room, stays={**room.stays, BOB: away})) == ["ada.microphone", "ada.camera"]


def test_who_may_no_longer_receive_is_shown_nothing(room: RoomState) -> None:
    silenced = msgspec.structs.replace(ALL, subscribe=False)
    forbidden = after(room, commands.SetPermissions(participant_id=ADA, target=EVE, permissions=silenced))
    assert shown(forbidden) == []
    allowed = after(forbidden, commands.SetPermissions(participant_id=ADA, target=EVE, permissions=ALL))
    assert shown(allowed) == shown(room) != []


def test_one_participant_or_one_track_can_be_chosen(room: RoomState) -> None:
    for name in (BOB, "u_p_bob"):
        assert shown(room, View(participant=name)) == ["bob.microphone", "bob.camera"]
    assert shown(room, View(track="bob.camera")) == ["bob.camera"]
    assert shown(room, View(participant="nobody")) == []
    assert chosen_tracks(room, ParticipantId("p_gone"), View()) == ()
