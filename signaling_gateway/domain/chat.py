"""Chat to all."""

from __future__ import annotations

from contracts.client_messages import MAX_CHAT_LENGTH
from contracts.error_codes import ErrorCode
from contracts.log_events import ChatSent, LogEvent
from contracts.rooms import ChatMessage
from signaling_gateway.domain.commands import SendChat
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal


def send(state: RoomState, command: SendChat, now: int) -> tuple[LogEvent, ...]:
    """A message in the room's order, with its author's name of this moment."""
    author = state.stay_of(command.participant_id).info
    require(author.permissions, Action.CHAT)
    if not command.text.strip() or len(command.text) > MAX_CHAT_LENGTH:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"A message has 1 to {MAX_CHAT_LENGTH} characters.")
    message = ChatMessage(id=command.message_id, participant_id=author.id, name=author.name, text=command.text, at=now)
    return (ChatSent(at=now, message=message),)
