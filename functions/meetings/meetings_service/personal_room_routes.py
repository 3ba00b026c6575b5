"""The routes of personal rooms."""

from __future__ import annotations

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from meetings_service import messages
from meetings_service.answers import MeetingAnswers
from meetings_service.meeting_routes import whole
from meetings_service.personal_rooms import PersonalRooms

_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)


def add_personal_room_routes(app: Service, rooms: PersonalRooms, *, public_url: str) -> None:
    """Registers the routes."""
    told = MeetingAnswers(public_url)

    @app.operation(
        "PUT",
        "/v1/meetings/personal",
        summary="One's personal room, made if there is none yet: its link stays",
        access=Permission.MEETINGS_CREATE,
        body=messages.PersonalBody,
        answer=messages.Meeting,
        errors=_KEYS,
    )
    def make_personal_room(call: Call[messages.PersonalBody, Empty]) -> Answer[messages.Meeting]:
        return whole(told, rooms.make(call.caller, title=given(call.body.title)))

    @app.operation(
        "GET",
        "/v1/meetings/personal",
        summary="One's personal room, if there is one",
        access=Permission.MEETINGS_READ,
        answer=messages.Meeting,
        errors=(ErrorCode.MEETING_NOT_FOUND, *_KEYS),
    )
    def read_personal_room(call: Call[Empty, Empty]) -> Answer[messages.Meeting]:
        return whole(told, rooms.find(call.caller))

    @app.operation(
        "POST",
        "/v1/meetings/personal/renew",
        summary="Give one's personal room another link; the former one opens nothing any more",
        access=Permission.MEETINGS_CREATE,
        answer=messages.Meeting,
        errors=(ErrorCode.MEETING_NOT_FOUND, *_KEYS),
    )
    def renew_personal_room(call: Call[Empty, Empty]) -> Answer[messages.Meeting]:
        return whole(told, rooms.renew(call.caller))
