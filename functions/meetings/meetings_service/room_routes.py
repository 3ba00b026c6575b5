"""The routes of live rooms. Most are a client's command in the administrator's name: the table `_COMMANDS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from contracts import client_commands as wire
from contracts.access_control import Permission
from contracts.broadcast_commands import StartBroadcast, StopBroadcast
from contracts.command import Command
from contracts.command_answers import BreakoutsAnswer, BroadcastAnswer, ChatAccepted, IngressAnswer, RecordingAnswer
from contracts.error_codes import ErrorCode
from contracts.ingress_commands import StartIngress, StopIngress
from contracts.rooms import Permissions, Role, session_of
from contracts.statistics import ParticipantStatistics, RoomStatistics
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from meetings_service import room_messages as messages
from meetings_service.administration import Administration
from meetings_service.audit import Audited
from meetings_service.messages import ListQuery

_PATH = "/v1/rooms/{id}"
_PARTICIPANT = "/participants/{participant_id}"
_TRACK = "/tracks/{track_id}"
_ERRORS = (
    ErrorCode.PERMISSION_DENIED,
    ErrorCode.MEETING_NOT_FOUND,
    ErrorCode.MEETING_NOT_LIVE,
    ErrorCode.MEETING_ENDED,
    ErrorCode.KEYS_UNAVAILABLE,
    ErrorCode.OUTCOME_UNKNOWN,
)


class _CommandRoute(Struct, frozen=True):
    """A route whose body and path make a command."""

    method: str
    path: str
    name: str
    summary: str
    body: type[Struct]
    command: Callable[[Mapping[str, str], Any], Command]
    errors: tuple[ErrorCode, ...] = ()
    answer: type[Struct] | None = None
    idempotency_key: bool = False
    """Whether a name of its own keeps it from being done twice; the others may be repeated as they are."""


def _body_itself(path: Mapping[str, str], body: Any) -> Any:  # noqa: ARG001  (as every entry of the table)
    return body


_NOBODY = (ErrorCode.NOT_FOUND, ErrorCode.PARTICIPANT_NOT_FOUND)
_NO_TRACK = (ErrorCode.NOT_FOUND, ErrorCode.TRACK_NOT_FOUND)

_NO_BREAKOUT = (ErrorCode.NOT_FOUND, ErrorCode.BREAKOUT_NOT_FOUND)

_COMMANDS = (
    _CommandRoute(
        "POST",
        f"{_PARTICIPANT}/remove",
        "remove_participant",
        "Take somebody out, with all their stays",
        messages.RemoveBody,
        lambda path, body: wire.RemoveParticipant(participant_id=path["participant_id"], ban=body.ban),
        _NOBODY,
    ),
    _CommandRoute(
        "PUT",
        f"{_PARTICIPANT}/role",
        "set_role",
        "Make somebody a co-host, or a participant again",
        messages.RoleBody,
        lambda path, body: wire.SetRole(participant_id=path["participant_id"], role=Role(body.role)),
        _NOBODY,
    ),
    _CommandRoute(
        "PUT",
        f"{_PARTICIPANT}/permissions",
        "set_permissions",
        "Say what somebody may do; tracks that they may not publish are stopped",
        messages.PermissionsBody,
        lambda path, body: wire.SetPermissions(
            participant_id=path["participant_id"],
            permissions=Permissions(
                publish=body.publish,
                subscribe=body.subscribe,
                chat=body.chat,
                notes=body.notes,
            ),
        ),
        _NOBODY,
    ),
    _CommandRoute(
        "PUT",
        f"{_PARTICIPANT}/name",
        "rename_participant",
        "Change the name that others see",
        messages.NameBody,
        lambda path, body: wire.Rename(participant_id=path["participant_id"], name=body.name),
        _NOBODY,
    ),
    _CommandRoute(
        "POST",
        f"{_PARTICIPANT}/ask-to-unmute",
        "ask_to_unmute",
        "Ask somebody to unmute, and let them",
        messages.AskBody,
        lambda path, body: wire.AskToUnmute(participant_id=path["participant_id"], source=body.source),
        _NOBODY,
    ),
    _CommandRoute(
        "POST",
        f"{_PARTICIPANT}/lower-hand",
        "lower_hand",
        "Lower somebody's hand",
        Empty,
        lambda path, _: wire.LowerHand(participant_id=path["participant_id"]),
        _NOBODY,
    ),
    _CommandRoute(
        "POST",
        f"{_TRACK}/mute",
        "mute_track",
        "Mute a track",
        Empty,
        lambda path, _: wire.MuteTrack(track_id=path["track_id"]),
        _NO_TRACK,
    ),
    _CommandRoute(
        "POST",
        f"{_TRACK}/stop",
        "stop_track",
        "Unpublish a track: a camera or a screen is off",
        Empty,
        lambda path, _: wire.StopTrack(track_id=path["track_id"]),
        _NO_TRACK,
    ),
    _CommandRoute("POST", "/mute-all", "mute_all", "Mute all who do not moderate", wire.MuteAll, _body_itself),
    _CommandRoute("POST", "/lower-hands", "lower_all_hands", "Lower all hands", Empty, lambda *_: wire.LowerAllHands()),
    _CommandRoute(
        "POST",
        "/data",
        "send_data",
        "Send application data to all, or to some",
        wire.SendData,
        _body_itself,
        _NOBODY,
        idempotency_key=True,
    ),
    _CommandRoute(
        "POST",
        "/messages",
        "send_message",
        "Write in the chat, to all, to one or to the hosts",
        wire.SendChat,
        _body_itself,
        _NOBODY,
        ChatAccepted,
        idempotency_key=True,
    ),
    _CommandRoute(
        "DELETE",
        "/messages/{message_id}",
        "remove_message",
        "Take a chat message away",
        Empty,
        lambda path, _: wire.RemoveChat(message_id=path["message_id"]),
        (ErrorCode.NOT_FOUND, ErrorCode.MESSAGE_NOT_FOUND),
    ),
    _CommandRoute(
        "PATCH", "/policy", "set_policy", "Change rules: lock, lobby, unmuting and more", wire.SetPolicy, _body_itself
    ),
    _CommandRoute(
        "PUT", "/spotlight", "set_spotlight", "Say whom everybody sees large", wire.SetSpotlight, _body_itself, _NOBODY
    ),
    _CommandRoute("POST", "/lobby/admit", "admit", "Let some in, or all who wait", wire.Admit, _body_itself),
    _CommandRoute(
        "POST",
        "/lobby/refuse",
        "refuse_entry",
        "Send somebody in the lobby away",
        wire.RefuseEntry,
        _body_itself,
        _NOBODY,
    ),
    _CommandRoute(
        "POST",
        "/breakouts",
        "open_breakouts",
        "Open breakout rooms, and move those who are assigned to them",
        wire.OpenBreakouts,
        _body_itself,
        (ErrorCode.CONFLICT,),
        BreakoutsAnswer,
    ),
    _CommandRoute(
        "PATCH",
        "/breakouts",
        "change_breakouts",
        "Change who may choose a breakout room, or when all come back",
        wire.ChangeBreakouts,
        _body_itself,
        _NO_BREAKOUT,
    ),
    _CommandRoute(
        "POST",
        "/breakouts/move",
        "move_to_breakout",
        "Move people to a breakout room, or to the main room",
        wire.MoveToBreakout,
        _body_itself,
        (*_NO_BREAKOUT, ErrorCode.PARTICIPANT_NOT_FOUND),
    ),
    _CommandRoute(
        "DELETE",
        "/breakouts",
        "close_breakouts",
        "Bring everybody back from the breakout rooms",
        Empty,
        lambda *_: wire.CloseBreakouts(),
    ),
    _CommandRoute(
        "POST",
        "/recording",
        "start_recording",
        "Record the main room, and tell everybody",
        wire.StartRecording,
        _body_itself,
        (ErrorCode.RECORDING_UNAVAILABLE, ErrorCode.MEETING_ENCRYPTED),
        RecordingAnswer,
    ),
    _CommandRoute(
        "DELETE",
        "/recording",
        "stop_recording",
        "Stop the recording, if there is one",
        Empty,
        lambda *_: wire.StopRecording(),
        (ErrorCode.RECORDING_UNAVAILABLE,),
    ),
    _CommandRoute(
        "POST",
        "/broadcast",
        "start_broadcast",
        "Stream the main room out, and tell everybody",
        StartBroadcast,
        _body_itself,
        (ErrorCode.BROADCAST_UNAVAILABLE, ErrorCode.MEETING_ENCRYPTED, ErrorCode.CONFLICT),
        BroadcastAnswer,
    ),
    _CommandRoute(
        "DELETE",
        "/broadcast",
        "stop_broadcast",
        "Stop the broadcast, if there is one",
        Empty,
        lambda *_: StopBroadcast(),
    ),
    _CommandRoute(
        "POST",
        "/ingresses",
        "start_ingress",
        "Bring a stream into the main room, from an address or by RTMP",
        StartIngress,
        _body_itself,
        (ErrorCode.INGRESS_UNAVAILABLE, ErrorCode.TOO_MANY_INGRESSES, ErrorCode.MEETING_ENCRYPTED),
        IngressAnswer,
    ),
    _CommandRoute(
        "DELETE",
        "/ingresses/{ingress_id}",
        "stop_ingress",
        "Bring a stream in no more, if it is",
        Empty,
        lambda path, _: StopIngress(ingress_id=path["ingress_id"]),
        (ErrorCode.NOT_FOUND,),
    ),
    _CommandRoute("POST", "/unban", "unban", "Let somebody who was banned come back", wire.Unban, _body_itself),
)


_AUDITED = {
    "remove_participant": Audited.PARTICIPANT_REMOVED,
    "set_role": Audited.ROLE_CHANGED,
    "unban": Audited.BAN_LIFTED,
    "start_recording": Audited.RECORDING_STARTED,
    "stop_recording": Audited.RECORDING_STOPPED,
    "start_broadcast": Audited.BROADCAST_STARTED,
    "stop_broadcast": Audited.BROADCAST_STOPPED,
    "start_ingress": Audited.INGRESS_STARTED,
    "stop_ingress": Audited.INGRESS_STOPPED,
}
"""Commands that the audit log keeps."""


def add_room_routes(app: Service, administration: Administration) -> None:
    """Registers the routes of live rooms."""
    _add_reading(app, administration)
    _add_statistics(app, administration)
    for route in _COMMANDS:
        _add_command(app, administration, route)


def _add_command(app: Service, administration: Administration, route: _CommandRoute) -> None:
    def carry_out(call: Call[Any, Empty]) -> Answer[Any]:
        key = call.idempotency_key() if route.idempotency_key else None
        answer = administration.command(call.caller, call.path["id"], route.command(call.path, call.body), key=key)
        return Answer(body=None if route.answer is None else msgspec.convert(answer, route.answer))

    carry_out.__name__ = route.name
    app.operation(
        route.method,
        f"{_PATH}{route.path}",
        summary=route.summary,
        body=route.body,
        answer=route.answer,
        status=204 if route.answer is None else 201,
        access=Permission.MEETINGS_WRITE,
        errors=(*_ERRORS, *route.errors),
        idempotency_key=route.idempotency_key,
        audited=_AUDITED.get(route.name),
    )(carry_out)


def _add_reading(app: Service, administration: Administration) -> None:
    @app.operation(
        "GET",
        "/v1/rooms",
        summary="Live rooms, the latest first: one's own, for an administrator all",
        query=ListQuery,
        answer=messages.LiveRoomPage,
        access=Permission.MEETINGS_READ,
        errors=(ErrorCode.KEYS_UNAVAILABLE,),
    )
    def list_rooms(call: Call[Empty, ListQuery]) -> Answer[messages.LiveRoomPage]:
        page, titles, cursor = administration.live(
            call.caller, cursor=call.query.cursor or None, limit=call.query.limit
        )
        items = tuple(
            messages.live_room(summary, titles.get(session_of(summary.meeting_id)[0])) for summary in page.rooms
        )
        return Answer(body=messages.LiveRoomPage(items=items, next_cursor=cursor))

    @app.operation(
        "GET",
        _PATH,
        summary="A room as it is now",
        answer=messages.Room,
        access=Permission.MEETINGS_READ,
        errors=_ERRORS,
    )
    def read_room(call: Call[Empty, Empty]) -> Answer[messages.Room]:
        return Answer(body=messages.room(administration.room(call.caller, call.path["id"])))

    @app.operation(
        "GET",
        f"{_PATH}/participants",
        summary="Who is in a room, in the order of joining",
        query=messages.ParticipantsQuery,
        answer=messages.ParticipantPage,
        access=Permission.MEETINGS_READ,
        errors=_ERRORS,
    )
    def list_participants(call: Call[Empty, messages.ParticipantsQuery]) -> Answer[messages.ParticipantPage]:
        page, cursor = administration.participants(
            call.caller, call.path["id"], cursor=call.query.cursor or None, limit=call.query.limit
        )
        items = tuple(messages.participant(view) for view in page.participants)
        return Answer(body=messages.ParticipantPage(items=items, next_cursor=cursor))

    @app.operation(
        "GET",
        f"{_PATH}{_PARTICIPANT}",
        summary="Somebody in a room, with what they publish",
        answer=messages.Participant,
        access=Permission.MEETINGS_READ,
        errors=(*_ERRORS, ErrorCode.PARTICIPANT_NOT_FOUND),
    )
    def read_participant(call: Call[Empty, Empty]) -> Answer[messages.Participant]:
        view = administration.participant(call.caller, call.path["id"], call.path["participant_id"])
        return Answer(body=messages.participant(view))


def _add_statistics(app: Service, administration: Administration) -> None:
    @app.operation(
        "GET",
        f"{_PATH}/statistics",
        summary="How the media of all in a room does",
        answer=RoomStatistics,
        access=Permission.MEETINGS_READ,
        errors=_ERRORS,
    )
    def read_statistics(call: Call[Empty, Empty]) -> Answer[RoomStatistics]:
        return Answer(body=administration.statistics(call.caller, call.path["id"]))

    @app.operation(
        "GET",
        f"{_PATH}{_PARTICIPANT}/statistics",
        summary="How somebody's media does, stream by stream",
        answer=ParticipantStatistics,
        access=Permission.MEETINGS_READ,
        errors=(*_ERRORS, ErrorCode.PARTICIPANT_NOT_FOUND),
    )
    def read_participant_statistics(call: Call[Empty, Empty]) -> Answer[ParticipantStatistics]:
        return Answer(
            body=administration.participant_statistics(call.caller, call.path["id"], call.path["participant_id"])
        )
