"""The routes of what a session leaves behind: chat and polls for those who were there, too; attendance and breakout
rooms for those who run the meeting."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from meetings_service import history_messages as messages
from meetings_service.domain.attendance_report import as_csv
from meetings_service.domain.chat_text import written
from meetings_service.history import ChatPage, History, OpenSession

T = TypeVar("T")
Query = TypeVar("Query", bound=Struct)
SESSION_PATH = "/v1/meetings/{id}/sessions/{session}"
HISTORY_ERRORS = (
    ErrorCode.MEETING_NOT_FOUND,
    ErrorCode.PERMISSION_DENIED,
    ErrorCode.NOT_FOUND,
    ErrorCode.KEYS_UNAVAILABLE,
)


def add_history_routes(app: Service, history: History) -> None:
    """Registers the routes."""
    _add_chat(app, history)
    _add_attendance(app, history)
    _add_outcomes(app, history)


def _add_chat(app: Service, history: History) -> None:
    @app.operation(
        "GET",
        f"{SESSION_PATH}/chat",
        summary="What was written in a session, as far as it was for the caller",
        access=Permission.MEETINGS_READ,
        query=messages.HistoryQuery,
        answer=messages.ChatTold,
        errors=HISTORY_ERRORS,
    )
    def read_chat(call: Call[Empty, messages.HistoryQuery]) -> Answer[messages.ChatTold]:
        opened = opened_by_caller(history, call)
        page = history.chat(opened, cursor=given(call.query.cursor), limit=call.query.limit)
        items = tuple(map(messages.line_told, page.lines))
        return Answer(body=messages.ChatTold(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/chat.txt",
        summary="The same, as a text to keep",
        access=Permission.MEETINGS_READ,
        query=messages.PartQuery,
        answer=str,
        media_type="text/plain; charset=utf-8",
        errors=HISTORY_ERRORS,
    )
    def export_chat_as_text(call: Call[Empty, messages.PartQuery]) -> Answer[str]:
        opened = opened_by_caller(history, call)
        page = history.whole_chat(opened, cursor=given(call.query.cursor))
        return Answer(body="".join(map(written, page.lines)), headers=_part(opened, page, "chat.txt"))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/chat.json",
        summary="The same, as JSON to keep",
        access=Permission.MEETINGS_READ,
        query=messages.PartQuery,
        answer=messages.ChatExport,
        errors=HISTORY_ERRORS,
    )
    def export_chat_as_json(call: Call[Empty, messages.PartQuery]) -> Answer[messages.ChatExport]:
        opened = opened_by_caller(history, call)
        page = history.whole_chat(opened, cursor=given(call.query.cursor))
        body = messages.ChatExport(
            meeting_id=opened.meeting.id,
            title=opened.meeting.title,
            session=opened.session.number,
            items=tuple(map(messages.line_told, page.lines)),
        )
        return Answer(body=body, headers=_part(opened, page, "chat.json"))


def _add_attendance(app: Service, history: History) -> None:
    @app.operation(
        "GET",
        f"{SESSION_PATH}/attendance",
        summary="Who was in a session, from when to when, where and as what",
        access=Permission.MEETINGS_READ,
        query=messages.HistoryQuery,
        answer=messages.AttendanceTold,
        errors=HISTORY_ERRORS,
    )
    def read_attendance(call: Call[Empty, messages.HistoryQuery]) -> Answer[messages.AttendanceTold]:
        opened = _opened_by_those_who_run_it(history, call)
        page = history.attendance(opened, cursor=given(call.query.cursor), limit=call.query.limit)
        items = tuple(messages.person_told(person, page.breakouts) for person in page.people)
        return Answer(body=messages.AttendanceTold(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/attendance.csv",
        summary="The people who were in a session, as a table",
        access=Permission.MEETINGS_READ,
        answer=str,
        media_type="text/csv; charset=utf-8; header=present",
        errors=HISTORY_ERRORS,
    )
    def export_attendance(call: Call[Empty, Empty]) -> Answer[str]:
        opened = _opened_by_those_who_run_it(history, call)
        return Answer(body=as_csv(history.everybody(opened)), headers=as_file(opened, "attendance.csv"))


def _add_outcomes(app: Service, history: History) -> None:
    @app.operation(
        "GET",
        f"{SESSION_PATH}/polls",
        summary="The polls of a session, and how they came out",
        access=Permission.MEETINGS_READ,
        answer=messages.PollList,
        errors=HISTORY_ERRORS,
    )
    def read_polls(call: Call[Empty, Empty]) -> Answer[messages.PollList]:
        polls = history.polls(opened_by_caller(history, call))
        return Answer(body=messages.PollList(items=tuple(map(messages.poll_told, polls))))

    @app.operation(
        "GET",
        f"{SESSION_PATH}/breakouts",
        summary="The breakout rooms of a session; who was in them is in the attendance",
        access=Permission.MEETINGS_READ,
        answer=messages.BreakoutList,
        errors=HISTORY_ERRORS,
    )
    def read_breakouts(call: Call[Empty, Empty]) -> Answer[messages.BreakoutList]:
        rooms = history.breakouts(_opened_by_those_who_run_it(history, call))
        return Answer(body=messages.BreakoutList(items=tuple(map(messages.breakout_told, rooms))))


def _opened_by_those_who_run_it(history: History, call: Call[Empty, Query]) -> OpenSession:
    return history.open_for_those_who_run_it(call.caller, call.path["id"], call.path["session"])


def opened_by_caller(history: History, call: Call[Empty, Query]) -> OpenSession:
    """The session that a request names, for those who were there and those who run the meeting."""
    return history.open(call.caller, call.path["id"], call.path["session"])


def _part(opened: OpenSession, page: ChatPage, name: str) -> dict[str, str]:
    """The header fields of a part that is taken away as a file (RFC 6266; RFC 8288, of what follows)."""
    named = as_file(opened, name)
    if page.next_cursor is None:
        return named
    path = SESSION_PATH.format(id=opened.meeting.id, session=opened.session.number)
    return {**named, "Link": f'<{path}/{name}?cursor={page.next_cursor}>; rel="next"'}


def as_file(opened: OpenSession, name: str) -> dict[str, str]:
    """The header field of what is taken away as a file (RFC 6266)."""
    return {"Content-Disposition": f'attachment; filename="{opened.meeting.id}-{opened.session.number}-{name}"'}
