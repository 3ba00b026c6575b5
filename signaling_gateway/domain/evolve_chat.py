"""What the events of chat make of a room: `evolve`'s part for them."""

from __future__ import annotations

from msgspec.structs import replace

from contracts.log_events import ChatEdited, ChatRemoved, ChatSent
from signaling_gateway.domain.room_state import CHAT_HISTORY, CHAT_HISTORY_CHARACTERS, RoomState, SentMessage


def chat_sent(state: RoomState, event: ChatSent) -> RoomState:
    sent = SentMessage(message=event.message, author=event.author, to_identity=event.to_identity, version=state.version)
    return _with_chat(state, (*state.chat, sent), state.chat_characters + len(event.message.text))


def chat_edited(state: RoomState, event: ChatEdited) -> RoomState:
    characters = state.chat_characters
    chat = []
    for sent in state.chat:
        if sent.message.id == event.message_id:
            characters += len(event.text) - len(sent.message.text)
            chat.append(replace(sent, message=replace(sent.message, text=event.text, edited_at=event.at)))
        else:
            chat.append(sent)
    return _with_chat(state, tuple(chat), characters)


def chat_removed(state: RoomState, event: ChatRemoved) -> RoomState:
    gone = sum(len(sent.message.text) for sent in state.chat if sent.message.id == event.message_id)
    kept = tuple(sent for sent in state.chat if sent.message.id != event.message_id)
    return _with_chat(state, kept, state.chat_characters - gone)


def _with_chat(state: RoomState, chat: tuple[SentMessage, ...], characters: int) -> RoomState:
    oldest = 0
    while len(chat) - oldest > CHAT_HISTORY or characters > CHAT_HISTORY_CHARACTERS:
        characters -= len(chat[oldest].message.text)
        oldest += 1
    return replace(state, chat=chat[oldest:], chat_characters=characters)
