"""The routes of single occurrences, and of series that change or end from one of them on."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UnsetType

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.preconditions import etag_of
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import Call, Empty, given
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339
from meetings_service import calendar_messages as told
from meetings_service import messages
from meetings_service.answers import MeetingAnswers
from meetings_service.domain.occurrence_pages import Shown
from meetings_service.meeting_routes import whole
from meetings_service.series import Series

_MEETING = "/v1/meetings/{id}"
_OWN = (ErrorCode.MEETING_NOT_FOUND, ErrorCode.PERMISSION_DENIED, ErrorCode.KEYS_UNAVAILABLE)
_CHANGE = (*_OWN, ErrorCode.PRECONDITION_FAILED, ErrorCode.MEETING_CANCELLED, ErrorCode.RATE_LIMITED)


def add_series_routes(app: Service, series: Series, *, public_url: str) -> None:
    """Registers the routes."""
    meetings = MeetingAnswers(public_url)

    @app.operation(
        "GET",
        f"{_MEETING}/occurrences",
        summary="The occurrences of a meeting, one by one",
        access=Permission.MEETINGS_READ,
        query=told.OccurrencesQuery,
        answer=told.OccurrenceList,
        errors=_OWN,
    )
    def list_occurrences(call: Call[Empty, told.OccurrencesQuery]) -> Answer[told.OccurrenceList]:
        after = None if isinstance(call.query.after, UnsetType) else _moment(call.query.after)
        cursor = given(call.query.cursor)
        page = series.occurrences(call.caller, call.path["id"], after=after, cursor=cursor, limit=call.query.limit)
        items = tuple(map(_told, page.shown))
        return Answer(body=told.OccurrenceList(items=items, next_cursor=page.next_cursor))

    @app.operation(
        "PATCH",
        f"{_MEETING}/occurrences/{{occurrence_id}}",
        summary="Change, cancel or bring back one occurrence, by a JSON Merge Patch",
        access=Permission.MEETINGS_WRITE,
        body=told.OccurrenceBody,
        answer=messages.Meeting,
        errors=_CHANGE,
    )
    def change_occurrence(call: Call[told.OccurrenceBody, Empty]) -> Answer[messages.Meeting]:
        change = msgspec.to_builtins(call.body)
        occurrence = call.path["occurrence_id"]
        return whole(meetings, series.change_occurrence(call.caller, call.path["id"], occurrence, change, call.headers))

    @app.operation(
        "POST",
        f"{_MEETING}/split",
        summary="Change an occurrence and all that follow: they become a series of their own",
        access=Permission.MEETINGS_WRITE,
        body=told.SplitBody,
        answer=messages.Meeting,
        status=201,
        errors=(*_CHANGE, ErrorCode.CONFLICT),
    )
    def split_series(call: Call[told.SplitBody, Empty]) -> Answer[messages.Meeting]:
        change = msgspec.to_builtins(call.body)
        occurrence = change.pop("occurrence")
        made = series.split(call.caller, call.path["id"], occurrence, change, call.headers)
        headers = {"Location": f"/v1/meetings/{made.id}", "ETag": etag_of(made.version)}
        return Answer(body=meetings.whole(made), headers=headers)

    @app.operation(
        "POST",
        f"{_MEETING}/end-series",
        summary="End a series before an occurrence: it and all that follow do not take place",
        access=Permission.MEETINGS_WRITE,
        body=told.EndBody,
        answer=messages.Meeting,
        errors=_CHANGE,
    )
    def end_series(call: Call[told.EndBody, Empty]) -> Answer[messages.Meeting]:
        return whole(meetings, series.end_before(call.caller, call.path["id"], call.body.occurrence, call.headers))


def _told(shown: Shown) -> told.SeriesOccurrence:
    one = shown.occurrence
    return told.SeriesOccurrence(
        occurrence=one.occurrence,
        start=rfc3339(one.start),
        end=rfc3339(one.end),
        title=one.title,
        changed=shown.is_changed,
        cancelled=shown.is_cancelled,
    )


def _moment(text: str) -> int:
    """Milliseconds since the epoch.

    Raises:
        InvalidFieldError: it is no time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidFieldError("after", "This is no time such as 2026-12-01T09:00:00Z.") from None
    if moment.tzinfo is None or not 1971 <= moment.year <= 9000:
        raise InvalidFieldError("after", "This is no time such as 2026-12-01T09:00:00Z.")
    return int(moment.timestamp() * 1000)
