"""Requests to the live rooms, through the Redis stream that the gateways read: `contracts.room_commands`."""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from typing import Any

import msgspec

from contracts import redis_names
from contracts.error_codes import ErrorCode
from contracts.redis_names import ROOM_COMMANDS, ROOM_COMMANDS_MAX_LENGTH
from contracts.room_commands import (
    EndMeetingRequested,
    HostChangeRequested,
    RoomAnswer,
    RoomAsked,
    RoomCommand,
    RoomRefused,
    RoomRequest,
    ShutOutRequested,
    decode_room_answer,
    encode_room_command,
)
from contracts.rooms import Identity, MeetingId
from meetings_service.adapters.broker import Broker
from meetings_service.errors import (
    KeyReusedError,
    MeetingNotLiveError,
    OutcomeUnknownError,
    RoomRefusedError,
    RoomsUnavailableError,
)
from telemetry.tracing import current_span_id, current_trace_id

_LAST_WORD_S = 2.0
"""How much longer the answer is waited for when a gateway has begun."""


class Rooms:
    """The live rooms, as far as this service may ask something of them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def end(self, meeting_id: MeetingId, *, by: Identity) -> None:
        """Asks the gateways to end a meeting for all.

        Raises:
            RoomsUnavailableError: the request could not be left; it may be made again.
        """
        from redis import RedisError  # noqa: PLC0415

        try:
            self._leave(EndMeetingRequested(meeting_id=meeting_id, by=by))
        except RedisError as error:
            raise RoomsUnavailableError from error

    def shut_out(self, meeting_id: MeetingId, identity: Identity, *, by: Identity) -> None:
        """Asks the gateways to take somebody out, who has nothing any more with which to come back.

        Raises:
            RoomsUnavailableError: the request could not be left; it may be made again.
        """
        from redis import RedisError  # noqa: PLC0415

        try:
            self._leave(ShutOutRequested(meeting_id=meeting_id, identity=identity, by=by))
        except RedisError as error:
            raise RoomsUnavailableError from error

    def change_host(self, meeting_id: MeetingId, host_id: Identity) -> None:
        """Tells the gateways that a meeting has another host.

        Raises:
            RoomsUnavailableError: it could not be told; it may be told again.
        """
        from redis import RedisError  # noqa: PLC0415

        try:
            self._leave(HostChangeRequested(meeting_id=meeting_id, host_id=host_id))
        except RedisError as error:
            raise RoomsUnavailableError from error

    def ask(self, meeting_id: MeetingId, request: RoomRequest, *, by: Identity, key: str | None = None) -> RoomAnswer:
        """The room's answer. With a ``key``, asking the same again gives the same answer and does nothing.

        Raises:
            MeetingNotLiveError: nobody has joined the meeting yet.
            RoomRefusedError: the room does not do it.
            RoomsUnavailableError: nothing was done, and nothing will be.
            OutcomeUnknownError: it was begun, and perhaps done.
            KeyReusedError: the caller has used the key for another request.
        """
        request_id = uuid.uuid4().hex if key is None else _id_of(meeting_id, by, key)
        asked = RoomAsked(
            id=request_id,
            meeting_id=meeting_id,
            by=by,
            request=request,
            trace_id=current_trace_id(),
            span_id=current_span_id(),
            keep=key is not None,
        )
        earlier = self._earlier_answer(asked)
        if earlier is not None:
            return _accepted(earlier)
        try:
            return _accepted(self._ask(asked))
        except RoomsUnavailableError:
            if asked.keep:
                self._give_up(request_id)
            raise

    def _ask(self, asked: RoomAsked) -> RoomAnswer:
        from redis import RedisError  # noqa: PLC0415

        client, patience_s = self._broker.client, self._broker.patience_s
        ticket_life_ms = int((patience_s + _LAST_WORD_S) * 1000)
        try:
            client.set(redis_names.room_ticket(asked.id), "1", px=ticket_life_ms)
        except RedisError as error:
            raise RoomsUnavailableError from error
        try:
            self._leave(asked)
            answer = self._wait(asked.id, patience_s)
        except RedisError:
            answer = None
        return answer or self._last_word(asked.id)

    def _earlier_answer(self, asked: RoomAsked) -> RoomAnswer | None:
        """What the same request was answered before; None if it is to be asked now."""
        from redis import RedisError  # noqa: PLC0415

        client = self._broker.client
        key, digest = redis_names.room_claim(asked.id), _digest(msgspec.json.encode(asked.request))
        claim = f"{digest}:{uuid.uuid4().hex}".encode()
        try:
            if not client.exists(redis_names.meeting_log(asked.meeting_id)):
                raise MeetingNotLiveError
            if not asked.keep or client.set(key, claim, nx=True, px=redis_names.ROOM_RESULT_LIFE_MS):
                return None
            known: Any = client.get(key)
            if known == claim:  # the answer to SET was lost, and the client sent it again
                return None
            if known is not None and not known.startswith(digest.encode()):
                raise KeyReusedError
            result: Any = client.get(redis_names.room_result(asked.id))
        except RedisError as error:
            raise RoomsUnavailableError from error
        if result is None:
            raise OutcomeUnknownError
        return decode_room_answer(result)

    def _give_up(self, request_id: str) -> None:
        """Nothing was done: the same may be asked again."""
        from redis import RedisError  # noqa: PLC0415

        with contextlib.suppress(RedisError):
            self._broker.client.delete(redis_names.room_claim(request_id))

    def _last_word(self, request_id: str) -> RoomAnswer:
        """Takes the ticket back, or where a gateway has it waits a little longer."""
        from redis import RedisError  # noqa: PLC0415

        try:
            if self._broker.client.delete(redis_names.room_ticket(request_id)):
                raise RoomsUnavailableError
            answer = self._wait(request_id, _LAST_WORD_S)
        except RedisError as error:
            raise OutcomeUnknownError from error
        if answer is None:
            raise OutcomeUnknownError
        return answer

    def _leave(self, command: RoomCommand) -> None:
        entry: dict[Any, Any] = {"c": encode_room_command(command)}
        self._broker.client.xadd(ROOM_COMMANDS, entry, maxlen=ROOM_COMMANDS_MAX_LENGTH, approximate=True)

    def _wait(self, request_id: str, seconds: float) -> RoomAnswer | None:
        found: Any = self._broker.waiting_client.blpop([redis_names.room_answer(request_id)], timeout=seconds)
        try:
            return None if found is None else decode_room_answer(found[1])
        except msgspec.DecodeError as error:
            raise OutcomeUnknownError from error


def _id_of(meeting_id: MeetingId, by: Identity, key: str) -> str:
    """One for each key of each user in each meeting."""
    return _digest(msgspec.json.encode([meeting_id, by, key]))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _accepted(answer: RoomAnswer) -> RoomAnswer:
    if isinstance(answer, RoomRefused) and answer.code == ErrorCode.SERVICE_UNAVAILABLE:
        raise RoomsUnavailableError
    if isinstance(answer, RoomRefused):
        raise RoomRefusedError(answer.code, answer.message)
    return answer
