"""The route of the audit log."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import UnsetType

from auth_service.adapters.audit_table import AuditTable
from auth_service.answers import Answers
from auth_service.domain.audit import AuditFilter
from auth_service.domain.security_events import SecurityEventName
from auth_service.security_events import SecurityEvents
from auth_service.service_messages import AuditAnswer, AuditPage, AuditQuery
from contracts.access_control import Permission
from functions.serverless.cursors import cursor_at, place_of
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import Call, Empty
from functions.serverless.service import Answer, Service


def add_audit_routes(app: Service, *, audit: AuditTable, events: SecurityEvents, answers: Answers) -> None:
    """Registers it with the application."""

    @app.operation(
        "GET",
        "/v1/auth/audit",
        summary="The audit log, the latest first",
        access=Permission.AUDIT_READ,
        query=AuditQuery,
        answer=AuditPage,
    )
    def read_audit_log(call: Call[Empty, AuditQuery]) -> Answer[AuditPage]:
        query = call.query
        if not query.cursor:  # whoever looks is seen to have looked, once for all pages
            events.record(SecurityEventName.AUDIT_READ, origin=answers.origin(call), actor_id=call.caller.sub)
        wanted = AuditFilter(
            user_id=_given(query.user_id),
            actor_id=_given(query.actor_id),
            event=_event(query.event),
            outcome=_given(query.outcome),
            since=_milliseconds(query.since, "since"),
            until=_milliseconds(query.until, "until"),
        )
        after = place_of(query.cursor) if query.cursor else None
        entries, place = audit.page(wanted, after=after, limit=query.limit)
        items = tuple(AuditAnswer.of(entry) for entry in entries)
        return Answer(body=AuditPage(items=items, next_cursor=None if place is None else cursor_at(place)))


def _event(name: str | UnsetType) -> str | None:
    """The name of an event.

    Raises:
        InvalidFieldError: there is no such event.
    """
    if isinstance(name, UnsetType):
        return None
    if name not in set(SecurityEventName):
        raise InvalidFieldError("event", "There is no such event.")
    return name


def _given(value: str | UnsetType) -> str | None:
    return None if isinstance(value, UnsetType) else value


def _milliseconds(text: str | UnsetType, field: str) -> int | None:
    """RFC 3339 as milliseconds since the epoch.

    Raises:
        InvalidFieldError: it is no time.
    """
    if isinstance(text, UnsetType):
        return None
    try:
        moment = datetime.fromisoformat(text)
        milliseconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        milliseconds = -1
    if not 0 <= milliseconds < 10**14:
        raise InvalidFieldError(field, "This is no time, such as 2026-11-29T08:00:00Z.")
    return milliseconds
