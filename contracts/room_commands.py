"""What the meeting service asks of a live room: requests that some gateway carries out.

A request is one entry of the Redis stream `redis_names.ROOM_COMMANDS` with one field, ``c``: the request as JSON.
The gateways read it as the consumer group `redis_names.ROOM_COMMANDS_GROUP`: each request goes to one of them, and
to another one if that gateway dies before it has acknowledged. Delivery is at least once. Who may ask is decided
before a request is written.

`EndMeetingRequested`, `ShutOutRequested` and `HostChangeRequested` are carried out whenever a gateway gets to them, and
may safely be carried out twice.

`RoomAsked` is for somebody who waits. It comes with a ticket, the key `redis_names.room_ticket`: whoever deletes it has
the request. A gateway deletes it before it begins, so that a request is begun once at most. The asker deletes it when
it has waited long enough: if it was still there, nothing has been done, and nothing will be. The answer is the one
element of the list `redis_names.room_answer`.

Who wants to repeat a request that must not be carried out twice gives it a name of its own. Its id then follows from
that name. The asker leaves a digest of the request at `redis_names.room_claim` before it asks, unless there is one:
then it was asked already. The gateway keeps the answer at `redis_names.room_result`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from contracts.room_broadcast import BroadcastInfo
from contracts.room_ingress import IngressInfo
from contracts.rooms import (
    BannedPerson,
    Breakouts,
    Identity,
    LobbyGuest,
    MeetingId,
    ParticipantId,
    ParticipantInfo,
    RecordingInfo,
    RolePermissions,
    RoomPolicy,
    TrackInfo,
)
from contracts.statistics import ParticipantStatistics, RoomStatistics


class EndMeetingRequested(Struct, frozen=True, kw_only=True, tag_field="type", tag="end_meeting_requested"):
    """Ends the meeting for all. A meeting that nobody has joined gets a log that is ended from the start, so that
    tokens which are still valid open nothing."""

    meeting_id: MeetingId
    by: Identity | None
    """Who asked for it; None when the service did."""


class ShutOutRequested(Struct, frozen=True, kw_only=True, tag_field="type", tag="shut_out_requested"):
    """Takes out whoever is in the room, or waits to come in, as this identity. It opens nothing any more."""

    meeting_id: MeetingId
    identity: Identity
    by: Identity


class HostChangeRequested(Struct, frozen=True, kw_only=True, tag_field="type", tag="host_change_requested"):
    """The meeting has another host. A room that nobody has joined needs no word: its tokens say so."""

    meeting_id: MeetingId
    host_id: Identity


# ---- what can be asked ----


class _Tagged(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    pass


class CommandGiven(_Tagged, frozen=True, kw_only=True, tag="command"):
    """A command of `contracts.client_commands` in its wire form, given by `contracts.rooms.ADMINISTRATOR`."""

    name: str
    body: dict[str, Any]


class RoomRead(_Tagged, frozen=True, kw_only=True, tag="room_read"):
    """Asks for a `RoomView`."""


class ParticipantsRead(_Tagged, frozen=True, kw_only=True, tag="participants_read"):
    """Asks for a `ParticipantPage`: up to ``limit`` participants who follow ``after`` in the order of joining."""

    after: PlaceInRoom | None
    limit: int


class ParticipantRead(_Tagged, frozen=True, kw_only=True, tag="participant_read"):
    """Asks for a `ParticipantView`."""

    participant_id: ParticipantId


class StatisticsRead(_Tagged, frozen=True, kw_only=True, tag="statistics_read"):
    """Asks for `RoomStatistics`."""


class ParticipantStatisticsRead(_Tagged, frozen=True, kw_only=True, tag="participant_statistics_read"):
    """Asks for `ParticipantStatistics`."""

    participant_id: ParticipantId


class PlaceInRoom(Struct, frozen=True, kw_only=True, order=True):
    """Where a participant stands in the order of joining, also after they have left."""

    joined_at: int
    participant_id: ParticipantId


RoomRequest: TypeAlias = (
    CommandGiven | RoomRead | ParticipantsRead | ParticipantRead | StatisticsRead | ParticipantStatisticsRead
)


class RoomAsked(_Tagged, frozen=True, kw_only=True, tag="room_asked"):
    id: str
    meeting_id: MeetingId
    by: Identity
    """Who asks: a user."""
    request: RoomRequest
    trace_id: str = ""
    """The trace that the asker's request belongs to (W3C Trace Context)."""
    span_id: str = ""
    """The span that asks, where there is one."""
    keep: bool = False
    """Whether the answer is kept for those who ask the same again."""


# ---- what is answered ----


class CommandDone(_Tagged, frozen=True, kw_only=True, tag="command_done"):
    """What the command does stands in the log. ``answer`` as a client gets it."""

    answer: dict[str, Any]


class RoomView(_Tagged, frozen=True, kw_only=True, tag="room"):
    """A room without its participants."""

    meeting_id: MeetingId
    host_id: Identity | None
    started_at: int
    participants: int
    tracks: int
    policy: RoomPolicy
    role_permissions: tuple[RolePermissions, ...]
    spotlight: tuple[ParticipantId, ...]
    breakouts: Breakouts | None
    """None: none are open."""
    lobby: tuple[LobbyGuest, ...]
    banned: tuple[BannedPerson, ...]
    recording: RecordingInfo | None = None
    """None: none is being made."""
    broadcast: BroadcastInfo | None = None
    """None: none is on."""
    ingresses: tuple[IngressInfo, ...] = ()
    """Those that are open."""


class ParticipantView(_Tagged, frozen=True, kw_only=True, tag="participant"):
    """A participant, with what they publish."""

    info: ParticipantInfo
    tracks: tuple[TrackInfo, ...]


class ParticipantPage(_Tagged, frozen=True, kw_only=True, tag="participants"):
    """``more``: whether others follow."""

    participants: tuple[ParticipantView, ...]
    more: bool


class RoomRefused(_Tagged, frozen=True, kw_only=True, tag="refused"):
    """The room did not do it, or its log could not be reached. ``code`` as in `contracts.error_codes`."""

    code: str
    message: str


RoomAnswer: TypeAlias = (
    CommandDone | RoomView | ParticipantView | ParticipantPage | RoomStatistics | ParticipantStatistics | RoomRefused
)


RoomCommand: TypeAlias = EndMeetingRequested | ShutOutRequested | HostChangeRequested | RoomAsked

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[RoomCommand] = msgspec.json.Decoder(RoomCommand)
_answer_decoder: msgspec.json.Decoder[RoomAnswer] = msgspec.json.Decoder(RoomAnswer)


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


def encode_room_answer(answer: RoomAnswer) -> bytes:
    """The JSON form of an answer."""
    return _encoder.encode(answer)


def decode_room_answer(data: bytes | str) -> RoomAnswer:
    """One answer from its JSON form.

    Raises:
        msgspec.DecodeError: it is none (`msgspec.ValidationError` among it).
    """
    return _answer_decoder.decode(data)
