"""The routes of calendar feeds, and of what is at the same time."""

from __future__ import annotations

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.access import Open
from functions.serverless.preconditions import is_known
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from functions.serverless.times import rfc3339
from meetings_service import calendar_messages as told
from meetings_service.adapters.feeds import Feed
from meetings_service.calendar_feeds import CalendarFeeds
from meetings_service.conflicts import Conflicts

_PATH = "/v1/meetings/calendar"
_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)


def add_calendar_routes(app: Service, feeds: CalendarFeeds, conflicts: Conflicts) -> None:
    """Registers the routes."""

    def about(feed: Feed | None) -> told.CalendarFeed:
        if feed is None:
            return told.CalendarFeed(url=None, created_at=None, last_read_at=None)
        read_at = feed.last_read_at
        return told.CalendarFeed(
            url=feeds.address(feed),
            created_at=rfc3339(feed.created_at * 1000),
            last_read_at=None if read_at is None else rfc3339(read_at * 1000),
        )

    @app.operation(
        "GET",
        _PATH,
        summary="The address of one's calendar, for programs that subscribe to it",
        access=Permission.MEETINGS_READ,
        answer=told.CalendarFeed,
        errors=_KEYS,
    )
    def read_calendar_feed(call: Call[Empty, Empty]) -> Answer[told.CalendarFeed]:
        return Answer(body=about(feeds.of(call.caller)))

    @app.operation(
        "POST",
        _PATH,
        summary="Give one's calendar an address, or another one: the former opens nothing any more",
        access=Permission.MEETINGS_WRITE,
        answer=told.CalendarFeed,
        status=201,
        errors=_KEYS,
    )
    def make_calendar_feed(call: Call[Empty, Empty]) -> Answer[told.CalendarFeed]:
        return Answer(body=about(feeds.make(call.caller)))

    @app.operation(
        "DELETE",
        _PATH,
        summary="Take the address of one's calendar away",
        access=Permission.MEETINGS_WRITE,
        answer=None,
        status=204,
        errors=_KEYS,
    )
    def revoke_calendar_feed(call: Call[Empty, Empty]) -> Answer[None]:
        feeds.revoke(call.caller)
        return Answer(body=None)

    @app.operation(
        "GET",
        f"{_PATH}/{{name}}",
        summary="A calendar, for programs that subscribe to it (RFC 5545)",
        access=Open.ANYONE,
        answer=str,
        media_type="text/calendar",
        also={304: None},
        errors=(ErrorCode.NOT_FOUND, ErrorCode.RATE_LIMITED),
        limit="address",
    )
    def read_calendar(call: Call[Empty, Empty]) -> Answer[str | None]:
        calendar = feeds.read(call.path["name"])
        headers = {"ETag": calendar.tag, "Cache-Control": "private, no-cache"}
        if is_known(call.headers, calendar.tag):
            return Answer(body=None, headers=headers, status=304)
        return Answer(body=calendar.text, headers=headers)

    @app.operation(
        "POST",
        "/v1/meetings/conflicts",
        summary="Which of one's own meetings are at the same time as what one plans",
        access=Permission.MEETINGS_READ,
        body=told.ConflictsBody,
        answer=told.ConflictList,
        errors=_KEYS,
    )
    def find_conflicts(call: Call[told.ConflictsBody, Empty]) -> Answer[told.ConflictList]:
        planned = conflicts.planned(call.body.schedule)
        return Answer(body=conflicts.told(call.caller, planned, besides=call.body.meeting_id))
