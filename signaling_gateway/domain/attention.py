"""Raised hands, in the order in which they went up, and reactions."""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from contracts.log_events import HandLowered, HandRaised, LogEvent, ReactionSent
from signaling_gateway.domain.commands import LowerAllHands, LowerHand, RaiseHand, SendReaction
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.errors import Refusal


def raise_hand(state: RoomState, command: RaiseHand, now: int) -> tuple[LogEvent, ...]:
    """A hand that is up keeps its place."""
    info = state.stay_of(command.participant_id).info
    if info.hand_raised is not None:
        return ()
    return (HandRaised(at=now, participant_id=info.id, identity=info.identity),)


def lower_hand(state: RoomState, command: LowerHand, now: int) -> tuple[LogEvent, ...]:
    """One's own hand, or with the permission to moderate anybody's."""
    actor = state.actor(command.participant_id).info
    target = state.stay_of(command.target or command.participant_id).info
    if target.id != actor.id:
        require(actor.permissions, Action.LOWER_OTHERS_HANDS)
    if target.hand_raised is None:
        return ()
    return (HandLowered(at=now, participant_id=target.id, by=actor.id),)


def lower_all_hands(state: RoomState, command: LowerAllHands, now: int) -> tuple[LogEvent, ...]:
    """All hands that are up."""
    actor = state.actor(command.participant_id).info
    require(actor.permissions, Action.LOWER_OTHERS_HANDS)
    return tuple(
        HandLowered(at=now, participant_id=stay.info.id, by=actor.id)
        for stay in state.stays.values()
        if stay.info.hand_raised is not None
    )


def react(state: RoomState, command: SendReaction, now: int) -> tuple[LogEvent, ...]:
    """An emoji to all in the same room, for a moment."""
    actor = state.stay_of(command.participant_id).info
    require(actor.permissions, Action.CHAT)
    if not command.emoji.strip() or any(character.isalnum() and character.isascii() for character in command.emoji):
        raise Refusal(ErrorCode.VALIDATION_FAILED, "A reaction is an emoji.")
    sent = ReactionSent(
        at=now, participant_id=actor.id, emoji=command.emoji, breakout=actor.breakout, identity=actor.identity
    )
    return (sent,)
