"""Who speaks is told to those who hear them, by the levels that a browser's packets tell (RFC 6464)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.node_rpc import Done, JoinRoom, MoveParticipants, SubscriptionOffered, Whereabouts
from contracts.rooms import ParticipantId
from tests.integration.media.page_client import MEETING, Join

pytestmark = pytest.mark.timeout(120)
PATIENCE_S = 20
BOB = ParticipantId("bob")


async def test_who_speaks_is_told_in_the_room_that_they_are_in(join: Join, eventually: Any, gateway: Any) -> None:
    await gateway.ask(
        JoinRoom(meeting_id=MEETING, participant_id=BOB, subscribe=False, connection=1), SubscriptionOffered
    )
    alice = await join("alice")
    await alice.publish("microphone")  # the fake one beeps once a second
    told: list[tuple[ParticipantId, ...]] = []

    def is_told(speakers: tuple[ParticipantId, ...]) -> Any:
        def look() -> bool:
            queue = gateway.speakers[BOB]
            while not queue.empty():
                told.append(queue.get_nowait())
            return bool(told) and told[-1] == speakers

        return look

    await eventually(is_told((alice.id,)), timeout_s=PATIENCE_S)
    away = Whereabouts(participant_id=alice.id, breakout="b")
    await gateway.ask(MoveParticipants(meeting_id=MEETING, moves=(away,), version=2), Done)
    await eventually(is_told(()), timeout_s=PATIENCE_S)
    follows = Whereabouts(participant_id=BOB, breakout="b")
    await gateway.ask(MoveParticipants(meeting_id=MEETING, moves=(follows,), version=3), Done)
    await eventually(is_told((alice.id,)), timeout_s=PATIENCE_S)
