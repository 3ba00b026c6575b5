"""Where use cases tell what happened: a list of sinks, of which the log is one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from auth_service.adapters.audit_table import AuditTable
from auth_service.domain.security_events import Origin, SecurityEvent, SecurityEventName
from functions.serverless.audit import AuditEntry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class Sink(Protocol):
    """Something that keeps security events."""

    def __call__(self, event: SecurityEvent, entry: AuditEntry, /) -> None: ...


class Prepared(Struct, frozen=True):
    """An event that is written together with the change that it tells of: ``write`` is its part of the transaction."""

    event: SecurityEvent
    entry: AuditEntry
    write: Write


class SecurityEvents:
    """Keeps what has happened in the audit log, and tells every sink.

    What changes an account, a session or a key takes the event along, in one transaction (`prepare`, then `happened`):
    no change is untold, wherever a function dies. What changes nothing of these is recorded by itself, and before what
    follows from it.
    """

    def __init__(self, *sinks: Sink, audit: AuditTable, clock: Callable[[], float]) -> None:
        self._sinks = sinks
        self._audit = audit
        self._clock = clock

    def record(
        self,
        name: SecurityEventName,
        *,
        origin: Origin,
        user_id: str | None = None,
        session_id: str | None = None,
        actor_id: str | None = None,
        **details: str,
    ) -> None:
        """Tells that something has happened just now."""
        event = self._event(
            name, origin=origin, user_id=user_id, session_id=session_id, actor_id=actor_id, details=details
        )
        entry = self._audit.entry(event)
        self._audit.add(entry)
        self._tell(event, entry)

    def prepare(
        self,
        name: SecurityEventName,
        *,
        origin: Origin,
        user_id: str | None = None,
        session_id: str | None = None,
        actor_id: str | None = None,
        **details: str,
    ) -> Prepared:
        """An event that is about to happen, if its transaction succeeds."""
        event = self._event(
            name, origin=origin, user_id=user_id, session_id=session_id, actor_id=actor_id, details=details
        )
        entry = self._audit.entry(event)
        return Prepared(event, entry, self._audit.write(entry))

    def happened(self, prepared: Prepared) -> None:
        """The transaction has succeeded, and the event is in the audit log."""
        self._tell(prepared.event, prepared.entry)

    def _event(
        self, name: SecurityEventName, *, origin: Origin, details: dict[str, str], **about: str | None
    ) -> SecurityEvent:
        return SecurityEvent(name=name, at=int(self._clock() * 1000), origin=origin, details=details, **about)

    def _tell(self, event: SecurityEvent, entry: AuditEntry) -> None:
        for sink in self._sinks:
            sink(event, entry)


def log_to(logger: logging.Logger) -> Sink:
    """A sink that writes one line for each event, without the address it came from. It says which entry of the audit
    log it is, and what that looked like then."""

    def write(event: SecurityEvent, entry: AuditEntry) -> None:
        fields = {
            "user_id": event.user_id,
            "session_id": event.session_id,
            "actor_id": event.actor_id,
            **event.details,
            "audit_id": entry.id,
            "audit_digest": entry.digest,
        }
        logger.info(event.name.value, extra={name: value for name, value in fields.items() if value is not None})

    return write
