"""What clients ask for: validated against the contract, carried out, answered."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from contracts import client_commands as wire
from contracts.broadcast_commands import StartBroadcast, StopBroadcast
from contracts.client_commands import COMMANDS
from contracts.client_messages import ErrorBody, IceServer
from contracts.command import Command
from contracts.command_answers import IceServersAnswer
from contracts.error_codes import ErrorCode
from contracts.ingress_commands import StartIngress, StopIngress
from contracts.join_reports import ReportJoin
from contracts.rooms import Identity
from contracts.sound_commands import SetSound
from signaling_gateway.edge.join_reports import tell_join
from signaling_gateway.edge.to_room import FOR_ROOM, to_room
from signaling_gateway.errors import GatewayError, Refusal
from signaling_gateway.service.broadcasts import Broadcasts
from signaling_gateway.service.ingresses import Ingresses
from signaling_gateway.service.live_room import Connection
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.mixed_sound import MixedSound
from signaling_gateway.service.recordings import Recordings
from signaling_gateway.service.rooms import Rooms
from telemetry import spans

_log = logging.getLogger(__name__)

Answer = dict[str, Any]


class CommandHandler:
    """Carries out the commands of connected participants."""

    def __init__(
        self,
        *,
        rooms: Rooms,
        media: MediaNegotiation,
        recordings: Recordings,
        broadcasts: Broadcasts,
        ingresses: Ingresses,
        ice_servers: Callable[[Identity], tuple[IceServer, ...]],
        new_id: Callable[[], str],
    ) -> None:
        self._rooms = rooms
        self._servers_of = ice_servers
        self._new_id = new_id
        self._handlers: dict[type[Command], Callable[[Connection, Any], Awaitable[msgspec.Struct | None]]] = {
            wire.PublishOffer: media.publish,
            wire.SubscriberAnswer: media.answer,
            wire.UpdateSubscriptions: media.change_subscriptions,
            SetSound: MixedSound(media).choose,
            wire.RestartMedia: lambda connection, _: media.restart(connection),
            wire.GetIceServers: self._ice_servers,
            ReportJoin: _join_reported,
            wire.MediaMoved: lambda connection, _: media.leave_former(connection),
            wire.StartRecording: lambda each, said: recordings.start(each.room, each.participant_id, said),
            wire.StopRecording: lambda each, _: recordings.stop(each.room, each.participant_id),
            StartBroadcast: lambda each, said: broadcasts.start(each.room, each.participant_id, said),
            StopBroadcast: lambda each, _: broadcasts.stop(each.room, each.participant_id),
            StartIngress: lambda each, said: ingresses.start(each.room, each.participant_id, said),
            StopIngress: lambda each, said: ingresses.stop(each.room, each.participant_id, said.ingress_id),
            **dict.fromkeys(FOR_ROOM, self._room),
        }

    async def handle(self, connection: Connection, name: Any, arguments: tuple[Any, ...]) -> Answer:
        """The acknowledgement of a command; never raises for what a client may do wrong."""
        try:
            command = parse(name, arguments)
            _require_standing(connection)
            with self._rooms.hold(connection.room):
                answer = await self._carried_out(connection, name, command)
        except GatewayError as error:
            return error_answer(error.body)
        except Exception:  # noqa: BLE001  (the last resort: a client gets an answer, and we the traceback)
            _log.exception("a command failed", extra={"command": name})
            return error_answer(ErrorBody(code=ErrorCode.INTERNAL, message="Something went wrong on our side."))
        return {} if answer is None else msgspec.to_builtins(answer)

    async def _carried_out(self, connection: Connection, name: str, command: Command) -> msgspec.Struct | None:
        handler = self._handlers[type(command)]
        if type(command) in FOR_ROOM or isinstance(command, ReportJoin):
            return await handler(connection, command)
        # What a media node is asked for; of what is said and shown in a room nobody needs to know what it took.
        with spans.span(name, spans.Kind.SERVER):
            return await handler(connection, command)

    async def _ice_servers(self, connection: Connection, _: Command) -> msgspec.Struct:
        stay = connection.room.state.stay_of(connection.participant_id)
        return IceServersAnswer(ice_servers=self._servers_of(stay.info.identity))

    async def _room(self, connection: Connection, command: Command) -> msgspec.Struct | None:
        asked, answer = to_room(connection.participant_id, command, self._new_id)
        await connection.room.execute(asked)
        return answer


async def _join_reported(connection: Connection, report: ReportJoin) -> None:
    tell_join(report, trace_id=connection.trace_id, now_ns=time.time_ns())


def parse(name: Any, arguments: tuple[Any, ...]) -> Command:
    """The command that an event with these arguments is.

    Raises:
        Refusal: there is no such command (``unknown_command``), or it is not of the right form
            (``validation_failed``).
    """
    command_type = COMMANDS.get(name) if isinstance(name, str) else None
    if command_type is None:
        raise Refusal(ErrorCode.UNKNOWN_COMMAND, "There is no such command.")
    if len(arguments) > 1:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "A command has one argument, an object.")
    try:
        command = msgspec.convert(arguments[0] if arguments else {}, command_type)
        # Half a character, which JSON can write ("\\ud800") and UTF-8 cannot, would fail where it is told to others.
        msgspec.json.encode(command)
    except msgspec.ValidationError as error:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"The command is not right: {error}.") from error
    except UnicodeEncodeError as error:
        raise Refusal(ErrorCode.VALIDATION_FAILED, "The command has half a character (a lone surrogate).") from error
    return command


def _require_standing(connection: Connection) -> None:
    if not connection.stands:
        raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This connection to the meeting is over.")


def error_answer(error: ErrorBody) -> Answer:
    """The acknowledgement that says what went wrong."""
    return {"error": {"code": str(error.code), "message": error.message}}
