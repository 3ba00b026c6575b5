"""Chat to a room, to all rooms, to the hosts or to one, and data of applications."""

from __future__ import annotations

from contracts.client_commands import EVERYONE, HOSTS, KEYS_TOPIC, MAX_CHAT_LENGTH
from contracts.error_codes import ErrorCode
from contracts.log_events import ChatEdited, ChatRemoved, ChatSent, DataSent, LogEvent
from contracts.rooms import ADMINISTRATOR, Breakout, ChatMessage, Identity, ParticipantId
from signaling_gateway.domain.commands import EditChat, RemoveChat, SendChat, SendData
from signaling_gateway.domain.permissions import Action, require
from signaling_gateway.domain.room_state import RoomState, SentMessage, Stay
from signaling_gateway.errors import Refusal


def send(state: RoomState, command: SendChat, now: int) -> tuple[LogEvent, ...]:
    """A message in the room's order, with its author's name of this moment."""
    author = state.actor(command.participant_id).info
    require(author.permissions, Action.CHAT)
    _check(command.text)
    addressee = _addressee(state, command)
    # The administrator is in none of the rooms.
    is_everywhere = author.id == ADMINISTRATOR and state.breakouts is not None and command.to is None
    to = EVERYONE if is_everywhere else command.to
    message = ChatMessage(
        id=command.message_id,
        participant_id=author.id,
        name=author.name,
        text=command.text,
        at=now,
        to=to,
        to_name=None if addressee is None else addressee.info.name,
        breakout=_breakout(state, author.breakout),
    )
    sent = ChatSent(
        at=now,
        message=message,
        author=author.identity,
        to=to,
        to_identity=None if addressee is None else addressee.info.identity,
        breakout=author.breakout,
    )
    return (sent,)


def edit(state: RoomState, command: EditChat, now: int) -> tuple[LogEvent, ...]:
    """Another text for one's own message, also from another stay."""
    author = state.stay_of(command.participant_id).info
    require(author.permissions, Action.CHAT)
    sent = _seen(state, command.message_id, state.stay_of(command.participant_id))
    if sent.author != author.identity:
        raise Refusal(ErrorCode.PERMISSION_DENIED, "Only its author can change a message.")
    _check(command.text)
    if command.text == sent.message.text:
        return ()
    edited = ChatEdited(
        at=now,
        message_id=sent.message.id,
        text=command.text,
        sent_version=sent.version or None,
        author=sent.author,
        to=sent.message.to,
        to_identity=sent.to_identity,
        breakout=written_in(sent.message),
    )
    return (edited,)


def remove(state: RoomState, command: RemoveChat, now: int) -> tuple[LogEvent, ...]:
    """One's own message, or with the permission to moderate any that one can see."""
    actor = state.actor(command.participant_id)
    sent = _seen(state, command.message_id, actor)
    if sent.author != actor.info.identity:
        require(actor.info.permissions, Action.REMOVE_OTHERS_MESSAGES)
    removed = ChatRemoved(
        at=now,
        message_id=sent.message.id,
        by=actor.info.id,
        by_identity=actor.info.identity,
        sent_version=sent.version or None,
        author=sent.author,
        to=sent.message.to,
        to_identity=sent.to_identity,
        breakout=written_in(sent.message),
    )
    return (removed,)


def send_data(state: RoomState, command: SendData, now: int) -> tuple[LogEvent, ...]:
    """Application data. Addressees who have left meanwhile are left out.

    The keys of an encrypted meeting take no permission to chat: without them, nobody sees or hears their sender.
    """
    author = state.actor(command.participant_id).info
    if command.topic != KEYS_TOPIC or command.to is None:
        require(author.permissions, Action.CHAT)
    to = None if command.to is None else tuple(each for each in command.to if each in state.stays)
    if to == ():
        raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "Nobody whom this is for is in the meeting.")
    sender = None if author.id == ADMINISTRATOR else author.id
    sent = DataSent(
        at=now,
        participant_id=sender,
        topic=command.topic,
        data=command.data,
        base64=command.base64,
        to=to,
        breakout=author.breakout,
    )
    return (sent,)


def may_see(
    state: RoomState,
    stay: Stay,
    *,
    author: Identity | None,
    to: str | None,
    to_identity: Identity | None,
    breakout: str | None,
) -> bool:
    """Whether a message with these addressees, written in this room, is for this participant."""
    if stay.info.identity == author or to == EVERYONE:
        return True
    if to is None:
        return _may_read_room(state, stay, breakout)
    return stay.info.permissions.moderate if to == HOSTS else stay.info.identity == to_identity


def seen_by(state: RoomState, stay: Stay) -> tuple[ChatMessage, ...]:
    """The latest messages that a participant may see."""
    return tuple(sent.message for sent in state.chat if _may_see_sent(state, stay, sent))


def written_in(message: ChatMessage) -> str | None:
    """The breakout room in which a message was written."""
    return None if message.breakout is None else message.breakout.id


def _may_see_sent(state: RoomState, stay: Stay, sent: SentMessage) -> bool:
    return may_see(
        state,
        stay,
        author=sent.author,
        to=sent.message.to,
        to_identity=sent.to_identity,
        breakout=written_in(sent.message),
    )


def _may_read_room(state: RoomState, stay: Stay, breakout: str | None) -> bool:
    """The chat of the room one is in; of breakout rooms that are closed, those where one has been."""
    if stay.info.id == ADMINISTRATOR or stay.info.breakout == breakout:
        return True
    is_open = state.breakouts is not None and any(room.id == breakout for room in state.breakouts.rooms)
    return breakout is not None and not is_open and stay.info.identity in state.visited.get(breakout, ())


def _breakout(state: RoomState, breakout_id: str | None) -> Breakout | None:
    rooms = () if state.breakouts is None else state.breakouts.rooms
    return next((room for room in rooms if room.id == breakout_id), None)


def _addressee(state: RoomState, command: SendChat) -> Stay | None:
    if command.to == EVERYONE:
        require(state.stay_of(command.participant_id).info.permissions, Action.WRITE_EVERYWHERE)
    if command.to in {None, HOSTS, EVERYONE}:
        return None
    addressee = state.stay_of(ParticipantId(command.to))
    author = state.actor(command.participant_id).info
    moderates = author.permissions.moderate or addressee.info.permissions.moderate
    if not state.policy.private_chat and not moderates:
        raise Refusal(ErrorCode.PERMISSION_DENIED, "Participants cannot write to each other alone in this meeting.")
    return addressee


def _seen(state: RoomState, message_id: str, stay: Stay) -> SentMessage:
    for sent in reversed(state.chat):
        if sent.message.id == message_id:
            if _may_see_sent(state, stay, sent):
                return sent
            break
    raise Refusal(ErrorCode.MESSAGE_NOT_FOUND, "There is no such message any more.")


def _check(text: str) -> None:
    if not text.strip() or len(text) > MAX_CHAT_LENGTH:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"A message has 1 to {MAX_CHAT_LENGTH} characters.")
