"""How much the platform is used, for administrators: by day, by month, by host; as JSON, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from contracts.access_control import Permission
from contracts.error_codes import ErrorCode
from functions.serverless.cursors import cursor_of_text, text_of
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service
from meetings_service.adapters.usage_table import UsageTable
from meetings_service.audit import Audited
from meetings_service.domain.spreadsheets import harmless
from meetings_service.domain.usage import Period, periods

_PATH = "/v1/meetings/usage"
_MAX_DAYS = 366
_UNLESS_TOLD = 30
_ROWS_AT_ONCE = 500
_MAX_ROWS = 20_000
_KEYS = (ErrorCode.KEYS_UNAVAILABLE,)
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day (UTC), such as 2026-11-29.")]
Month = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="A month (UTC), such as 2026-11.")]


class UsageQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """``from`` and ``to``: the first and the last day, at most 366; unless told the last thirty."""

    by: Literal["day", "month"] = "day"
    first: Day | UnsetType = UNSET
    last: Day | UnsetType = UNSET


class UsageExportQuery(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """As in `UsageQuery`; by host, of one ``month``: unless told the present one."""

    by: Literal["day", "month", "host"] = "day"
    first: Day | UnsetType = UNSET
    last: Day | UnsetType = UNSET
    month: Month | UnsetType = UNSET


class HostsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``month``: unless told the present one."""

    month: Month | UnsetType = UNSET
    cursor: Annotated[str, Meta(min_length=1, max_length=512)] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class PeriodTold(Struct, frozen=True, kw_only=True):
    """A day, or a month. Meetings are counted once they have ended: each time that people met, on the day it began, and
    its minutes on the days that it took place on. ``peak_people`` and ``peak_meetings``: at once, in a quarter of an
    hour."""

    period: str
    meetings: int
    participants: int
    participant_minutes: int
    peak_people: int
    peak_meetings: int


class UsageTold(Struct, frozen=True, kw_only=True):
    items: tuple[PeriodTold, ...]


class HostUsage(Struct, frozen=True, kw_only=True):
    """What somebody hosted in a month: how many times people met, how many they were, and how long together."""

    user_id: str
    name: str
    meetings: int
    participants: int
    participant_minutes: int


class HostUsagePage(Struct, frozen=True, kw_only=True):
    """In a fixed order that means nothing. ``next_cursor``: null on the last page."""

    items: tuple[HostUsage, ...]
    next_cursor: str | None


def add_usage_routes(app: Service, usage: UsageTable, *, clock: Callable[[], float]) -> None:
    """Registers the routes. ``clock``: seconds since the epoch."""

    def today() -> date:
        return datetime.fromtimestamp(clock(), UTC).date()

    @app.operation(
        "GET",
        _PATH,
        summary="Meetings, participants, minutes and peaks, by day or by month",
        access=Permission.MEETINGS_ADMINISTER,
        query=UsageQuery,
        answer=UsageTold,
        errors=_KEYS,
    )
    def read_usage(call: Call[Empty, UsageQuery]) -> Answer[UsageTold]:
        found = _periods(usage, call.query, today())
        return Answer(body=UsageTold(items=tuple(PeriodTold(**_fields(each)) for each in found)))

    @app.operation(
        "GET",
        f"{_PATH}/hosts",
        summary="Who hosted how much in a month",
        access=Permission.MEETINGS_ADMINISTER,
        query=HostsQuery,
        answer=HostUsagePage,
        errors=_KEYS,
    )
    def list_host_usage(call: Call[Empty, HostsQuery]) -> Answer[HostUsagePage]:
        query = call.query
        after = None if query.cursor is UNSET else text_of(query.cursor)
        items, following = usage.hosts(_month(query.month, today()), after=after, limit=query.limit)
        next_cursor = None if following is None else cursor_of_text(following)
        return Answer(body=HostUsagePage(items=tuple(map(_host, items)), next_cursor=next_cursor))

    @app.operation(
        "GET",
        f"{_PATH}/export",
        summary="The same as CSV (RFC 4180)",
        access=Permission.MEETINGS_ADMINISTER,
        query=UsageExportQuery,
        answer=str,
        media_type="text/csv; charset=utf-8; header=present",
        errors=_KEYS,
        audited=Audited.USAGE_EXPORTED,
    )
    def export_usage(call: Call[Empty, UsageExportQuery]) -> Answer[str]:
        query = call.query
        if query.by == "host":
            month = _month(query.month, today())
            names, name = HostUsage.__struct_fields__, f"usage-{month}-hosts.csv"
            rows = (tuple(getattr(each, field) for field in names) for each in _hosts(usage, month))
        else:
            found = _periods(usage, UsageQuery(by=query.by, first=query.first, last=query.last), today())
            names, name = PeriodTold.__struct_fields__, f"usage-by-{query.by}.csv"
            rows = (tuple(getattr(each, field) for field in names) for each in found)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Answer(body=_csv(names, rows), headers=headers)


def _periods(usage: UsageTable, query: UsageQuery, today: date) -> list[Period]:
    last = today if query.last is UNSET else _day(query.last, "to")
    first = last - timedelta(days=_UNLESS_TOLD - 1) if query.first is UNSET else _day(query.first, "from")
    if first > last:
        raise InvalidFieldError("from", "This is after the last day.")
    if (last - first).days >= _MAX_DAYS:
        raise InvalidFieldError("from", f"At most {_MAX_DAYS} days can be asked for at once.")
    months = dict.fromkeys(f"{first + timedelta(days=number):%Y-%m}" for number in range((last - first).days + 1))
    return periods(usage.days(months), first=first, last=last, by=query.by)


def _day(text: str | UnsetType, field: str) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InvalidFieldError(field, "There is no such day.") from None


def _month(given: str | UnsetType, today: date) -> str:
    return f"{today:%Y-%m}" if isinstance(given, UnsetType) else given


def _hosts(usage: UsageTable, month: str) -> Iterator[HostUsage]:
    after: str | None = None
    for _ in range(_MAX_ROWS // _ROWS_AT_ONCE):
        items, after = usage.hosts(month, after=after, limit=_ROWS_AT_ONCE)
        yield from map(_host, items)
        if after is None:
            return


def _host(item: dict[str, Any]) -> HostUsage:
    return HostUsage(
        user_id=item["user_id"],
        name=item["name"],
        meetings=item["meetings"],
        participants=item["participants"],
        participant_minutes=round(item["participant_ms"] / 60_000),
    )


def _fields(period: Period) -> dict[str, Any]:
    return {name: getattr(period, name) for name in PeriodTold.__struct_fields__}


def _csv(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return file.getvalue()
