"""``decide(state, command, now) -> events``: whether a room does what it is asked, and what happens then.

The rules stand by subject in `presence`, `tracks`, `chat` and `moderation`; here is the table that leads to them and
the two rules that hold for all: nothing is accepted after the end, and time does not run backwards in a log.
No events means that what was asked for is already so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.error_codes import ErrorCode
from contracts.log_events import LogEvent
from signaling_gateway.domain import chat, moderation, placement, presence, tracks
from signaling_gateway.domain.commands import (
    AdoptParticipants,
    ControlRecording,
    EndByService,
    EndGrace,
    EndMeeting,
    Join,
    Leave,
    LoseConnection,
    Mute,
    PlaceNode,
    PublishTracks,
    ReclaimConnection,
    Remove,
    Resume,
    RoomCommand,
    SendChat,
    Unmute,
)
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal

Decision = Callable[[RoomState, Any, int], tuple[LogEvent, ...]]

_DECIDE: dict[type, Decision] = {
    Join: presence.join,
    Resume: presence.resume,
    LoseConnection: presence.lose_connection,
    ReclaimConnection: presence.reclaim_connection,
    AdoptParticipants: presence.adopt_participants,
    EndGrace: presence.end_grace,
    Leave: presence.leave,
    Remove: moderation.remove,
    PublishTracks: tracks.publish,
    Mute: tracks.mute,
    Unmute: tracks.unmute,
    SendChat: chat.send,
    ControlRecording: moderation.control_recording,
    EndMeeting: moderation.end_meeting,
    EndByService: moderation.end_by_service,
    PlaceNode: placement.place_node,
}

_HOUSEKEEPING = (LoseConnection, ReclaimConnection, AdoptParticipants, EndGrace, Leave, EndByService, PlaceNode)
"""Commands for which an ended meeting is no news: what they ask for is already so."""


def decide(state: RoomState, command: RoomCommand, now: int) -> tuple[LogEvent, ...]:
    """The events that follow from ``command`` at ``now`` (milliseconds since the epoch), in order.

    Raises:
        Refusal: the room does not do it; the code says why.
    """
    if state.ended:
        if isinstance(command, _HOUSEKEEPING):
            return ()
        raise Refusal(ErrorCode.MEETING_ENDED, "This meeting has ended.")
    return _DECIDE[type(command)](state, command, max(now, state.updated_at))
