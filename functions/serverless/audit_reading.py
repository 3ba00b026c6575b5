"""Reading an audit log over HTTP: what both services ask and answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from functions.serverless.audit import AuditEntry, AuditFilter
from functions.serverless.audit_table import AuditTable
from functions.serverless.cursors import cursor_at, place_of
from functions.serverless.problems import InvalidFieldError
from functions.serverless.requests import given
from functions.serverless.times import milliseconds_of, rfc3339

_Id = Annotated[str, Meta(min_length=1, max_length=64)]
_Moment = Annotated[str, Meta(max_length=40, description="RFC 3339, such as 2026-11-29T08:00:00Z.")]


class AuditQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user_id: _Id | UnsetType = UNSET
    actor_id: _Id | UnsetType = UNSET
    event: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    outcome: Literal["done", "refused"] | UnsetType = UNSET
    since: _Moment | UnsetType = UNSET
    until: _Moment | UnsetType = UNSET
    cursor: Annotated[str, Meta(max_length=400)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class AuditAnswer(Struct, frozen=True, kw_only=True):
    """An event. ``user_id``: whom it is about; ``actor_id``: who did it, null where it was nobody who is known."""

    id: str
    at: str
    event: str
    outcome: Literal["done", "refused"]
    user_id: str | None
    actor_id: str | None
    session_id: str | None
    address: str | None
    user_agent: str | None
    request_id: str | None
    details: Mapping[str, str]
    digest: str
    """SHA-256 of the entry as it is now; the service's log has it as it was (``audit_digest``)."""

    @classmethod
    def of(cls, entry: AuditEntry) -> AuditAnswer:
        """An entry of the audit log, as administrators see it."""
        return cls(
            id=entry.id,
            at=rfc3339(entry.at),
            event=entry.event,
            outcome=entry.outcome,
            user_id=entry.user_id,
            actor_id=entry.actor_id,
            session_id=entry.session_id,
            address=entry.address,
            user_agent=entry.user_agent,
            request_id=entry.request_id,
            details=entry.details,
            digest=entry.digest,
        )


class AuditPage(Struct, frozen=True, kw_only=True):
    """A page may have fewer items than asked for, even none, and others follow: until ``next_cursor`` is null."""

    items: tuple[AuditAnswer, ...]
    next_cursor: str | None


def read_page(
    audit: AuditTable, query: AuditQuery, *, events: Iterable[str], details: Mapping[str, str] | None = None
) -> AuditPage:
    """What is asked for, the latest first. ``events``: their names; ``details``: what those of an entry have to hold.

    Raises:
        InvalidFieldError: there is no such event, or a time is none, or the cursor is none of ours.
    """
    wanted = AuditFilter(
        user_id=given(query.user_id),
        actor_id=given(query.actor_id),
        event=_event(query.event, events),
        outcome=given(query.outcome),
        since=milliseconds_of(query.since, "since"),
        until=milliseconds_of(query.until, "until"),
        details=details or {},
    )
    after = place_of(query.cursor) if query.cursor else None
    entries, place = audit.page(wanted, after=after, limit=query.limit)
    items = tuple(AuditAnswer.of(entry) for entry in entries)
    return AuditPage(items=items, next_cursor=None if place is None else cursor_at(place))


def _event(name: str | UnsetType, known: Iterable[str]) -> str | None:
    """The name of an event.

    Raises:
        InvalidFieldError: there is no such event.
    """
    if isinstance(name, UnsetType):
        return None
    if name not in set(known):
        raise InvalidFieldError("event", "There is no such event.")
    return name
