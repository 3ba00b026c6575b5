"""Signals for a direct connection: who may send them, and who is told."""

from __future__ import annotations

import pytest

from contracts import log_events as log
from contracts import public_events as public
from contracts.rooms import ParticipantId, PeerSignal, PeerSignalKind, Permissions, Role
from signaling_gateway.domain import commands
from signaling_gateway.domain.decide import decide
from signaling_gateway.domain.projection import addressed
from signaling_gateway.domain.room_state import RoomState
from tests.unit.signaling_gateway.room_steps import ADA, BOB, HOST, after, join, refusal

SIGNAL = PeerSignal(session="s", kind=PeerSignalKind.OFFER, sdp="v=0")
DIRECT = commands.SetPolicy(participant_id=HOST, direct=True)
TWO = after(RoomState(), join(HOST, role=Role.HOST), join(ADA), DIRECT)


def signal(who: ParticipantId = HOST, to: ParticipantId = ADA) -> commands.SignalPeer:
    return commands.SignalPeer(participant_id=who, target=to, signal=SIGNAL)


def test_a_signal_is_told_to_the_other_one_alone() -> None:
    events = decide(TWO, signal(), 1000)
    assert events == (log.PeerSignalled(at=1000, participant_id=HOST, to=ADA, signal=SIGNAL),)
    told = {who: message.events for group, message in addressed(TWO.version, events, TWO, [HOST, ADA]) for who in group}
    assert told[HOST] == ()
    assert [type(event) for event in told[ADA]] == [public.PeerSignalledEvent]


@pytest.mark.parametrize(
    "room",
    [
        after(TWO, commands.SetPolicy(participant_id=HOST, direct=False)),
        after(TWO, join(BOB)),
        after(
            TWO,
            commands.SetPermissions(participant_id=HOST, target=ADA, permissions=Permissions(publish=(), chat=True)),
        ),
    ],
    ids=["not allowed", "a third is there", "one may not receive"],
)
def test_otherwise_media_goes_through_the_node(room: RoomState) -> None:
    assert refusal(room, signal()) == "direct_unavailable"


def test_two_in_a_breakout_room_are_alone() -> None:
    rooms = (commands.NewBreakout(id="b", name="B", participant_ids=(HOST, ADA)),)
    opened = commands.OpenBreakouts(participant_id=HOST, rooms=rooms, free_choice=False, close_after_ms=None)
    room = after(TWO, join(BOB), opened)
    assert decide(room, signal(), 1000)
    assert refusal(room, signal(BOB, ADA)) == "direct_unavailable"
    assert refusal(room, signal(HOST, HOST)) == "direct_unavailable"
