"""What the meeting service asks of a live room: requests that some gateway carries out.

A request is one entry of the Redis stream `redis_names.ROOM_COMMANDS` with one field, ``c``: the request as JSON.
The gateways read it as the consumer group `redis_names.ROOM_COMMANDS_GROUP`: each request goes to one of them, and
to another one if that gateway dies before it has acknowledged. Delivery is at least once, so every request may
safely be carried out twice. Who may ask is decided before a request is written.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct

from contracts.rooms import Identity, MeetingId


class EndMeetingRequested(Struct, frozen=True, kw_only=True, tag_field="type", tag="end_meeting_requested"):
    """Ends the meeting for all. A meeting that nobody has joined gets a log that is ended from the start, so that
    tokens which are still valid open nothing."""

    meeting_id: MeetingId
    by: Identity | None
    """Who asked for it; None when the service did."""


RoomCommand: TypeAlias = EndMeetingRequested
"""A union, once there is more than one."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[RoomCommand] = msgspec.json.Decoder(RoomCommand)


def encode_room_command(command: RoomCommand) -> bytes:
    """The JSON form of a request: the field ``c`` of its entry in the stream."""
    return _encoder.encode(command)


def decode_room_command(data: bytes | str) -> RoomCommand:
    """One request from its JSON form.

    Raises:
        msgspec.ValidationError: it is JSON, but no request.
        msgspec.DecodeError: it is not JSON.
    """
    return _decoder.decode(data)
