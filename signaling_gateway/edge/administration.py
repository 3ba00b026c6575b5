"""What is asked of rooms through the HTTP API, by somebody who waits for the answer: `contracts.room_commands`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

import msgspec

from contracts.broadcast_commands import StartBroadcast, StopBroadcast
from contracts.client_commands import StartRecording, StopRecording
from contracts.command import Command
from contracts.error_codes import ErrorCode
from contracts.ingress_commands import StartIngress, StopIngress
from contracts.room_commands import (
    CommandDone,
    CommandGiven,
    ParticipantRead,
    ParticipantsRead,
    ParticipantStatisticsRead,
    RoomAnswer,
    RoomAsked,
    RoomRead,
    RoomRefused,
    RoomRequest,
    StatisticsRead,
)
from contracts.rooms import ADMINISTRATOR
from signaling_gateway.domain import inspection
from signaling_gateway.edge.commands import parse
from signaling_gateway.edge.to_room import FOR_ROOM, to_room
from signaling_gateway.errors import GatewayError, LogUnavailableError, Refusal
from signaling_gateway.metrics import ADMINISTERED
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.broadcasts import Broadcasts
from signaling_gateway.service.ingresses import Ingresses
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.room_statistics import RoomMedia
from signaling_gateway.service.rooms import Rooms
from telemetry import spans
from telemetry.logs import bound
from telemetry.tracing import traced

_log = logging.getLogger(__name__)


class Tickets(Protocol):
    """The tickets of requests, and the way back to those who wait."""

    async def take(self, request_id: str) -> bool:
        """Whether the request is ours. It is at most once, and not after its asker has gone.

        Raises:
            LogUnavailableError: it cannot be known.
        """

    async def answer(self, request_id: str, answer: RoomAnswer, *, keep: bool) -> None:
        """Tells the asker, and with ``keep`` those who ask the same again.

        Raises:
            LogUnavailableError: perhaps it was not told.
        """


_Maker: TypeAlias = Callable[[LiveRoom, Any], Awaitable[msgspec.Struct | None]]


class Administration:
    """Answers requests, each apart from the others. ``new_id`` names what is made."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        media: RoomMedia,
        recordings: Recordings,
        broadcasts: Broadcasts,
        ingresses: Ingresses,
        tickets: Tickets,
        tasks: BackgroundTasks,
        new_id: Callable[[], str],
    ) -> None:
        self._rooms = rooms
        self._media = media
        self._makers: dict[type[Command], _Maker] = {
            StartRecording: lambda room, said: recordings.start(room, ADMINISTRATOR, said),
            StopRecording: lambda room, _: recordings.stop(room, ADMINISTRATOR),
            StartBroadcast: lambda room, said: broadcasts.start(room, ADMINISTRATOR, said),
            StopBroadcast: lambda room, _: broadcasts.stop(room, ADMINISTRATOR),
            StartIngress: lambda room, said: ingresses.start(room, ADMINISTRATOR, said),
            StopIngress: lambda room, said: ingresses.stop(room, ADMINISTRATOR, said.ingress_id),
        }
        """What media nodes have a part in."""
        self._tickets = tickets
        self._tasks = tasks
        self._new_id = new_id

    def take(self, asked: RoomAsked) -> None:
        """Takes a request up; does not wait."""
        self._tasks.spawn(self._handle(asked))

    async def _handle(self, asked: RoomAsked) -> None:
        with (
            bound(meeting_id=asked.meeting_id),
            traced(asked.trace_id, asked.span_id),
            spans.span(type(asked.request).__name__, spans.Kind.SERVER),
        ):
            await self._answered(asked)

    async def _answered(self, asked: RoomAsked) -> None:
        try:
            if await self._tickets.take(asked.id):
                answer = await self._answer(asked)
                _count(asked, answer.code if isinstance(answer, RoomRefused) else "ok")
                begun = not isinstance(answer, RoomRefused) or answer.code != ErrorCode.SERVICE_UNAVAILABLE
                await self._tickets.answer(asked.id, answer, keep=asked.keep and begun)
        except LogUnavailableError as error:
            _log.warning("a request is not answered", extra={"error": error.message})
            _count(asked, ErrorCode.SERVICE_UNAVAILABLE)

    async def _answer(self, asked: RoomAsked) -> RoomAnswer:
        try:
            async with self._rooms.use(asked.meeting_id) as room:
                if isinstance(asked.request, CommandGiven):
                    done = await self._carry_out(room, asked.request)
                    _log.info("administered", extra={"command": asked.request.name, "by": asked.by})
                    return done
                # What another gateway has answered must be seen here, whether or not it was announced already.
                await room.caught_up()
                return await self._read(room, asked.request)
        except GatewayError as error:
            return RoomRefused(code=error.code, message=error.message)
        except Exception:  # noqa: BLE001  (the last resort: the asker gets an answer, and we the traceback)
            _log.exception("a request failed")
            return RoomRefused(code=ErrorCode.INTERNAL, message="Something went wrong on our side.")

    async def _carry_out(self, room: LiveRoom, given: CommandGiven) -> CommandDone:
        said = parse(given.name, (given.body,))
        try:
            answer = await self._done(room, said)
        except LogUnavailableError as error:
            raise GatewayError(
                ErrorCode.OUTCOME_UNKNOWN, "The meeting cannot be reached at the moment. Perhaps it was done."
            ) from error
        return CommandDone(answer={} if answer is None else msgspec.to_builtins(answer))

    async def _read(self, room: LiveRoom, request: RoomRequest) -> RoomAnswer:
        if isinstance(request, StatisticsRead):
            inspection.require_begun(room.state)
            return await self._media.room(room)
        if isinstance(request, ParticipantStatisticsRead):
            inspection.require_begun(room.state)
            return await self._media.participant(room, request.participant_id)
        return _READERS[type(request)](room, request)

    async def _done(self, room: LiveRoom, said: Command) -> msgspec.Struct | None:
        made = self._makers.get(type(said))
        if made is not None:
            return await made(room, said)
        if type(said) not in FOR_ROOM:
            raise Refusal(ErrorCode.UNKNOWN_COMMAND, "This command is for those who are in the room.")
        asked, answer = to_room(ADMINISTRATOR, said, self._new_id)
        await room.execute(asked)
        return answer


def _count(asked: RoomAsked, code: str) -> None:
    ADMINISTERED.labels(type(asked.request).__name__, code).inc()


_READERS: dict[type, Callable[[LiveRoom, Any], RoomAnswer]] = {
    RoomRead: lambda room, _: inspection.room(room.state, room.meeting_id),
    ParticipantsRead: lambda room, each: inspection.participants(room.state, after=each.after, limit=each.limit),
    ParticipantRead: lambda room, each: inspection.participant(room.state, each.participant_id),
}
