"""What participants are told of a room."""

from __future__ import annotations

from contracts.leaving import LeaveReason
from contracts.public_events import (
    AnyPublicEvent,
    ParticipantDisconnectedEvent,
    ParticipantLeftEvent,
    ParticipantResumedEvent,
)
from contracts.rooms import ParticipantId
from signaling_gateway.domain.projection import lasting

ADA, BOB, CLEO = ParticipantId("p_ada"), ParticipantId("p_bob"), ParticipantId("p_cleo")


def test_losses_that_were_made_good_are_left_out() -> None:
    before = ParticipantResumedEvent(version=1, at=0, participant_id=CLEO)
    gone = ParticipantDisconnectedEvent(version=4, at=0, participant_id=BOB)
    left = ParticipantLeftEvent(version=7, at=0, participant_id=BOB, reason=LeaveReason.LEFT, by=None)
    again = ParticipantDisconnectedEvent(version=8, at=0, participant_id=ADA)
    events: list[AnyPublicEvent] = [
        before,
        ParticipantDisconnectedEvent(version=2, at=0, participant_id=ADA),
        ParticipantDisconnectedEvent(version=3, at=0, participant_id=CLEO),
        gone,
        ParticipantResumedEvent(version=5, at=0, participant_id=CLEO),
        ParticipantResumedEvent(version=6, at=0, participant_id=ADA),
        left,
        again,
    ]
    assert lasting(events) == (before, gone, left, again)
