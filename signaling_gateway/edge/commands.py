"""What clients ask for: validated against the contract, carried out, answered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from contracts.client_messages import (
    COMMANDS,
    ChatAccepted,
    Command,
    EndMeeting,
    ErrorBody,
    LeaveMeeting,
    MuteTrack,
    PublishOffer,
    RemoveParticipant,
    RestartMedia,
    SendChat,
    StartRecording,
    StopRecording,
    SubscriberAnswer,
    UnmuteTrack,
    UpdateSubscriptions,
)
from contracts.error_codes import ErrorCode
from contracts.rooms import ParticipantId, TrackId
from signaling_gateway.domain import commands as domain
from signaling_gateway.errors import GatewayError, Refusal
from signaling_gateway.service.live_room import Connection
from signaling_gateway.service.media_negotiation import MediaNegotiation
from signaling_gateway.service.rooms import Rooms

_log = logging.getLogger(__name__)

Answer = dict[str, Any]


class CommandHandler:
    """Carries out the commands of connected participants."""

    def __init__(self, *, rooms: Rooms, media: MediaNegotiation, new_message_id: Callable[[], str]) -> None:
        self._rooms = rooms
        self._new_message_id = new_message_id
        self._handlers: dict[type[Command], Callable[[Connection, Any], Awaitable[msgspec.Struct | None]]] = {
            PublishOffer: media.publish,
            SubscriberAnswer: media.answer,
            UpdateSubscriptions: media.change_subscriptions,
            RestartMedia: lambda connection, _: media.restart(connection),
            MuteTrack: self._mute,
            UnmuteTrack: self._unmute,
            SendChat: self._chat,
            RemoveParticipant: self._remove,
            StartRecording: self._record,
            StopRecording: self._record,
            LeaveMeeting: self._leave,
            EndMeeting: self._end,
        }

    async def handle(self, connection: Connection, name: Any, arguments: tuple[Any, ...]) -> Answer:
        """The acknowledgement of a command; never raises for what a client may do wrong."""
        try:
            command = parse(name, arguments)
            _require_standing(connection)
            with self._rooms.hold(connection.room):
                answer = await self._handlers[type(command)](connection, command)
        except GatewayError as error:
            return error_answer(error.body)
        except Exception:  # noqa: BLE001  (the last resort: a client gets an answer, and we the traceback)
            _log.exception("the command %r failed", name)
            return error_answer(ErrorBody(code=ErrorCode.INTERNAL, message="Something went wrong on our side."))
        return {} if answer is None else msgspec.to_builtins(answer)

    async def _mute(self, connection: Connection, command: MuteTrack) -> None:
        await connection.room.execute(
            domain.Mute(participant_id=connection.participant_id, track_id=TrackId(command.track_id))
        )

    async def _unmute(self, connection: Connection, command: UnmuteTrack) -> None:
        await connection.room.execute(
            domain.Unmute(participant_id=connection.participant_id, track_id=TrackId(command.track_id))
        )

    async def _chat(self, connection: Connection, command: SendChat) -> ChatAccepted:
        message_id = self._new_message_id()
        await connection.room.execute(
            domain.SendChat(participant_id=connection.participant_id, message_id=message_id, text=command.text)
        )
        return ChatAccepted(message_id=message_id)

    async def _remove(self, connection: Connection, command: RemoveParticipant) -> None:
        await connection.room.execute(
            domain.Remove(participant_id=connection.participant_id, target=ParticipantId(command.participant_id))
        )

    async def _record(self, connection: Connection, command: StartRecording | StopRecording) -> None:  # noqa: ARG002
        await connection.room.execute(domain.ControlRecording(participant_id=connection.participant_id))

    async def _leave(self, connection: Connection, command: LeaveMeeting) -> None:  # noqa: ARG002
        await connection.room.execute(domain.Leave(participant_id=connection.participant_id))

    async def _end(self, connection: Connection, command: EndMeeting) -> None:  # noqa: ARG002
        await connection.room.execute(domain.EndMeeting(participant_id=connection.participant_id))


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
        return msgspec.convert(arguments[0] if arguments else {}, command_type)
    except msgspec.ValidationError as error:
        raise Refusal(ErrorCode.VALIDATION_FAILED, f"The command is not right: {error}.") from error


def _require_standing(connection: Connection) -> None:
    if not connection.stands:
        raise Refusal(ErrorCode.PARTICIPANT_NOT_FOUND, "This connection to the meeting is over.")


def error_answer(error: ErrorBody) -> Answer:
    """The acknowledgement that says what went wrong."""
    return {"error": {"code": str(error.code), "message": error.message}}
