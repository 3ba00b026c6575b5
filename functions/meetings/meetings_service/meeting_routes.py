"""The routes of meetings: making, reading, listing, changing, joining and ending them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.error_codes import ErrorCode
from functions.serverless.access import OrAnyone
from functions.serverless.client_addresses import network_of
from functions.serverless.preconditions import etag_of
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import milliseconds_of
from meetings_service import answers, messages
from meetings_service.adapters.lists import Span
from meetings_service.answers import MeetingAnswers
from meetings_service.audit import Audited
from meetings_service.conflicts import Conflicts
from meetings_service.domain.meetings import Meeting
from meetings_service.joining import Joining
from meetings_service.recording_messages import DeleteMeetingQuery
from meetings_service.recordings import Recordings
from meetings_service.scheduling import Meetings
from meetings_service.settings import MeetingsSettings

T = TypeVar("T")
_MEETING = "/v1/meetings/{id}"
_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, *_KEYS)
_VERSIONED = (*_OWN, ErrorCode.PRECONDITION_FAILED)


def add_meeting_routes(
    app: Service,
    *,
    meetings: Meetings,
    joining: Joining,
    conflicts: Conflicts,
    recordings: Recordings,
    settings: MeetingsSettings,
) -> None:
    """Registers the routes."""
    told = MeetingAnswers(settings.public_url)
    _add_making(app, meetings, told, conflicts)
    _add_reading(app, meetings, told)
    _add_changing(app, meetings, told, conflicts, recordings)
    _add_joining(app, joining, settings)


def whole(told: MeetingAnswers, meeting: Meeting) -> Answer[messages.Meeting]:
    """All of a meeting, with its version."""
    return Answer(body=told.whole(meeting), headers={"ETag": etag_of(meeting.version)})


def _add_making(app: Service, meetings: Meetings, told: MeetingAnswers, conflicts: Conflicts) -> None:
    @app.operation(
        "POST",
        "/v1/meetings",
        summary="Make a meeting: for now, or with a schedule",
        access=Permission.MEETINGS_CREATE,
        body=messages.CreateBody,
        answer=messages.MadeMeeting,
        status=201,
        errors=_KEYS,
        idempotency_key=True,
        bearer_limit="create",
    )
    def create_meeting(call: Call[messages.CreateBody, Empty]) -> Answer[messages.MadeMeeting]:
        asked = msgspec.to_builtins(call.body)
        made = meetings.create(call.caller, asked, request_key=call.idempotency_key())
        headers = {"Location": f"/v1/meetings/{made.id}", "ETag": etag_of(made.version)}
        return Answer(body=_with_conflicts(told.whole(made), conflicts, call.caller, asked), headers=headers)


def _add_reading(app: Service, meetings: Meetings, told: MeetingAnswers) -> None:
    @app.operation(
        "GET",
        "/v1/meetings",
        summary="One's own meetings, those one is invited to, what is to come, or what one took part in",
        access=Permission.MEETINGS_READ,
        query=messages.MeetingsQuery,
        answer=messages.MeetingPage,
        errors=_KEYS,
    )
    def list_meetings(call: Call[Empty, messages.MeetingsQuery]) -> Answer[messages.MeetingPage]:
        query = call.query
        within = Span(since=milliseconds_of(query.since, "since"), until=milliseconds_of(query.until, "until"))
        page = meetings.list_of(call.caller, query.list, within=within, cursor=given(query.cursor), limit=query.limit)
        listed = (told.listed(entry, call.caller) for entry in page.entries)
        items = tuple(each for each in listed if _is_wanted(each, query))
        return Answer(body=messages.MeetingPage(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "GET",
        _MEETING,
        summary="A meeting: all of it for those who run it, much for the invited, what the link tells for others",
        access=OrAnyone(Permission.MEETINGS_READ),
        answer=messages.Meeting | messages.MeetingInvitation | messages.MeetingPublic,
        errors=(ErrorCode.MEETING_NOT_FOUND, *_KEYS),
        limit="address",
        bearer_limit="bearer",
    )
    def read_meeting(
        call: Call[Empty, Empty],
    ) -> Answer[messages.Meeting | messages.MeetingInvitation | messages.MeetingPublic]:
        found = meetings.find_for(call.path["id"], call.claims)
        body = told.for_(found, call.claims)
        return Answer(
            body=body, headers={"ETag": etag_of(found.meeting.version)} if isinstance(body, messages.Meeting) else {}
        )

    @app.operation(
        "GET",
        f"{_MEETING}/sessions",
        summary="The times that people met, the latest first",
        access=Permission.MEETINGS_READ,
        query=messages.ListQuery,
        answer=messages.SessionPage,
        errors=_OWN,
    )
    def list_sessions(call: Call[Empty, messages.ListQuery]) -> Answer[messages.SessionPage]:
        cursor, limit = given(call.query.cursor), call.query.limit
        known, following = meetings.sessions(call.caller, call.path["id"], cursor=cursor, limit=limit)
        return Answer(body=messages.SessionPage(items=tuple(map(answers.session, known)), next_cursor=following))


def _add_changing(
    app: Service, meetings: Meetings, told: MeetingAnswers, conflicts: Conflicts, recordings: Recordings
) -> None:
    @app.operation(
        "PATCH",
        _MEETING,
        summary="Change a meeting, by a JSON Merge Patch",
        access=Permission.MEETINGS_WRITE,
        body=messages.ChangeBody,
        answer=messages.MadeMeeting,
        errors=(*_VERSIONED, ErrorCode.MEETING_CANCELLED, ErrorCode.RATE_LIMITED),
    )
    def change_meeting(call: Call[messages.ChangeBody, Empty]) -> Answer[messages.MadeMeeting]:
        change: dict[str, Any] = msgspec.to_builtins(call.body)
        done = whole(told, meetings.change(call.caller, call.path["id"], change, call.headers))
        return Answer(body=_with_conflicts(done.body, conflicts, call.caller, change), headers=done.headers)

    @app.operation(
        "DELETE",
        _MEETING,
        summary="Delete a meeting, and what is kept of it",
        access=Permission.MEETINGS_WRITE,
        query=DeleteMeetingQuery,
        answer=None,
        status=204,
        errors=(*_VERSIONED, ErrorCode.CONFLICT),
        audited=Audited.MEETING_DELETED,
    )
    def delete_meeting(call: Call[Empty, DeleteMeetingQuery]) -> Answer[None]:
        choice = given(call.query.recordings)
        meetings.delete(
            call.caller, call.path["id"], call.headers, before=lambda meeting: recordings.leave(meeting, choice)
        )
        return Answer(body=None)

    @app.operation(
        "POST",
        f"{_MEETING}/cancel",
        summary="Cancel a meeting: it does not take place (again)",
        access=Permission.MEETINGS_WRITE,
        answer=messages.Meeting,
        errors=_VERSIONED,
        audited=Audited.MEETING_CANCELLED,
    )
    def cancel_meeting(call: Call[Empty, Empty]) -> Answer[messages.Meeting]:
        return whole(told, meetings.cancel(call.caller, call.path["id"], call.headers))

    @app.operation(
        "POST",
        f"{_MEETING}/end",
        summary="End a meeting for all",
        access=Permission.MEETINGS_WRITE,
        answer=messages.Meeting,
        status=202,
        errors=_OWN,
        audited=Audited.MEETING_ENDED,
    )
    def end_meeting(call: Call[Empty, Empty]) -> Answer[messages.Meeting]:
        return whole(told, meetings.end(call.caller, call.path["id"]))


def _add_joining(app: Service, joining: Joining, settings: MeetingsSettings) -> None:
    @app.operation(
        "POST",
        f"{_MEETING}/join",
        summary="Get into a meeting: a meeting token for its room",
        access=OrAnyone(Permission.MEETINGS_JOIN),
        body=messages.JoinBody,
        answer=messages.Join,
        errors=(
            ErrorCode.MEETING_NOT_FOUND,
            ErrorCode.MEETING_CANCELLED,
            ErrorCode.MEETING_ENDED,
            ErrorCode.PARTICIPANT_REMOVED,
            ErrorCode.GUESTS_NOT_ALLOWED,
            ErrorCode.MEETING_LOCKED,
            ErrorCode.PASSCODE_REQUIRED,
            ErrorCode.PASSCODE_WRONG,
            ErrorCode.MEETING_NOT_STARTED,
            *_KEYS,
        ),
        limit="address",
        bearer_limit="join",
    )
    def join_meeting(call: Call[messages.JoinBody, Empty]) -> Answer[messages.Join]:
        done = joining.join(
            call.path["id"],
            user=call.claims,
            display_name=given(call.body.display_name),
            passcode=given(call.body.passcode),
            previous_token=given(call.body.previous_token),
            network=network_of(call.client_address),
        )
        join = messages.Join(
            meeting_token=done.token,
            expires_in=done.expires_in,
            meeting=answers.public(done.meeting),
            identity=done.admission.identity,
            display_name=done.admission.display_name,
            role=done.admission.role,
            permissions=done.admission.permissions,
            gateway_url=settings.gateway_url,
            ice_servers=settings.ice_servers,
        )
        return Answer(body=join)


def _with_conflicts(
    meeting: messages.Meeting, conflicts: Conflicts, caller: AccessClaims, change: dict[str, Any]
) -> messages.MadeMeeting:
    """The answer to a change, with what of the caller's own is at the same time if the change is about that."""
    found = None
    if change.get("schedule") is not None and meeting.schedule is not None:
        found = conflicts.told(caller, meeting.schedule, besides=meeting.id).items
    fields = {name: getattr(meeting, name) for name in meeting.__struct_fields__}
    return messages.MadeMeeting(**fields, conflicts=found)


def _is_wanted(listed: messages.ListedMeeting, query: messages.MeetingsQuery) -> bool:
    title = given(query.title)
    return (
        given(query.kind) in {None, listed.kind}
        and given(query.status) in {None, listed.status}
        and (title is None or title.casefold() in listed.title.casefold())
    )
