"""What goes over a data channel between a client and a media node, byte for byte (decision 0017).

A client opens one or both of two channels, by label, on its publishing connection (RFC 8832): `Label.RELIABLE`,
ordered, and `Label.LOSSY`, unordered and never sent again. Messages are binary. Numbers are big-endian, texts UTF-8:

======================  ==============================================================================================
client to node          ``1``, number (4), topic's length (1), how many receivers (1), topic, receivers' ids, payload
node to client          ``2``, topic's length (1), sender's id's length (1), topic, sender's id, payload
node to client          ``3``, number (4), code's length (1), how many were missed (2), code, ids of who was missed
======================  ==============================================================================================

Ids in a row are each preceded by their length (1). The sender is the node's word: no client can say who it is. No
receivers means all in the same room. Every reliable message is answered by the number that its client gave it, with the
refusal's code or without; lossy ones are not. The web SDK has the same in ``web/sdk/src/data-messages.ts``, and both
are tested on ``tests/data/data_messages.json``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from contracts.rooms import ParticipantId


class Label(StrEnum):
    """A data channel's label."""

    RELIABLE = "parley-reliable"
    LOSSY = "parley-lossy"


MAX_PAYLOAD = {Label.RELIABLE: 16 * 1024, Label.LOSSY: 1024}
"""Bytes. A lossy message fits one SCTP packet with what a node writes before it: one lost packet loses one message."""
MAX_TOPIC_BYTES = 64
MAX_ID_BYTES = 64
MAX_RECEIVERS = 100
MAX_MESSAGE = 7 + MAX_TOPIC_BYTES + MAX_RECEIVERS * (1 + MAX_ID_BYTES) + MAX_PAYLOAD[Label.RELIABLE]
"""The longest message of a client, bytes: what a node writes as a=max-message-size (RFC 8841, 6)."""

_SAID, _HEARD, _ANSWERED = 1, 2, 3
_SAID_HEAD = struct.Struct("!BIBB")
_HEARD_HEAD = struct.Struct("!BBB")
_ANSWERED_HEAD = struct.Struct("!BIBH")


class MalformedDataMessageError(Exception):
    """The bytes are no such message. ``number``: what it was given, as far as it can be read; else 0."""

    def __init__(self, reason: str, number: int = 0) -> None:
        super().__init__(reason)
        self.number = number


class Said(Struct, frozen=True, kw_only=True):
    """A client's message. ``to``: whom it is for; empty for all in the same room."""

    number: int
    topic: str
    payload: bytes
    to: tuple[ParticipantId, ...] = ()


class Heard(Struct, frozen=True, kw_only=True):
    """A message as those hear it whom it is for."""

    sender: ParticipantId
    topic: str
    payload: bytes


class Answered(Struct, frozen=True, kw_only=True):
    """What became of a reliable message. Number 0: of the channel itself, which the node closes for this reason."""

    number: int
    code: str = ""
    """Why it was refused; empty if it was not."""
    missed: tuple[ParticipantId, ...] = ()
    """Whom the node did not reach, because they have no open channel."""


def encode_said(said: Said) -> bytes:
    topic = said.topic.encode()
    head = _SAID_HEAD.pack(_SAID, said.number, len(topic), len(said.to))
    return head + topic + _encode_ids(said.to) + said.payload


def decode_said(message: bytes) -> Said:
    """Raises `MalformedDataMessageError` and nothing else, whatever the bytes. Checks the form, not the limits."""
    if len(message) < _SAID_HEAD.size or message[0] != _SAID:
        raise MalformedDataMessageError("It does not begin as a client's message does.")
    _, number, topic_length, receivers = _SAID_HEAD.unpack_from(message)
    topic, position = _text(message, _SAID_HEAD.size, topic_length, number)
    to, position = _decode_ids(message, position, receivers, number)
    return Said(number=number, topic=topic, to=to, payload=message[position:])


def encode_heard(heard: Heard) -> bytes:
    topic, sender = heard.topic.encode(), heard.sender.encode()
    return _HEARD_HEAD.pack(_HEARD, len(topic), len(sender)) + topic + sender + heard.payload


def encode_answered(answered: Answered) -> bytes:
    code = answered.code.encode()
    head = _ANSWERED_HEAD.pack(_ANSWERED, answered.number, len(code), len(answered.missed))
    return head + code + _encode_ids(answered.missed)


def decode_from_node(message: bytes) -> Heard | Answered:
    """Raises `MalformedDataMessageError`."""
    if len(message) >= _HEARD_HEAD.size and message[0] == _HEARD:
        _, topic_length, sender_length = _HEARD_HEAD.unpack_from(message)
        topic, position = _text(message, _HEARD_HEAD.size, topic_length)
        sender, position = _text(message, position, sender_length)
        return Heard(sender=ParticipantId(sender), topic=topic, payload=message[position:])
    if len(message) >= _ANSWERED_HEAD.size and message[0] == _ANSWERED:
        _, number, code_length, missed_count = _ANSWERED_HEAD.unpack_from(message)
        code, position = _text(message, _ANSWERED_HEAD.size, code_length)
        missed, _ = _decode_ids(message, position, missed_count, number)
        return Answered(number=number, code=code, missed=missed)
    raise MalformedDataMessageError("It does not begin as a node's message does.")


def _encode_ids(ids: Iterable[ParticipantId]) -> bytes:
    return b"".join(bytes([len(data)]) + data for data in (each.encode() for each in ids))


def _decode_ids(message: bytes, position: int, count: int, number: int) -> tuple[tuple[ParticipantId, ...], int]:
    ids: list[ParticipantId] = []
    for _ in range(count):
        if position >= len(message):
            raise MalformedDataMessageError("It ends before its last id.", number)
        text, position = _text(message, position + 1, message[position], number)
        ids.append(ParticipantId(text))
    return tuple(ids), position


def _text(message: bytes, position: int, length: int, number: int = 0) -> tuple[str, int]:
    end = position + length
    if end > len(message):
        raise MalformedDataMessageError("It ends before its text does.", number)
    try:
        return message[position:end].decode(), end
    except UnicodeDecodeError as error:
        raise MalformedDataMessageError("A text in it is not UTF-8.", number) from error
