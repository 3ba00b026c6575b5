"""Where use cases tell what happened: a list of sinks, of which the log is one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from auth_service.domain.security_events import Origin, SecurityEvent, SecurityEventName


class Sink(Protocol):
    """Something that keeps security events."""

    def __call__(self, event: SecurityEvent, /) -> None: ...


class SecurityEvents:
    """Tells every sink what has happened. Use cases call it after the change itself is kept."""

    def __init__(self, *sinks: Sink, clock: Callable[[], float]) -> None:
        self._sinks = sinks
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
        event = SecurityEvent(
            name=name,
            at=int(self._clock() * 1000),
            origin=origin,
            user_id=user_id,
            session_id=session_id,
            actor_id=actor_id,
            details=details,
        )
        for sink in self._sinks:
            sink(event)


def log_to(logger: logging.Logger) -> Sink:
    """A sink that writes one line for each event, without the address it came from."""

    def write(event: SecurityEvent) -> None:
        fields = {"user_id": event.user_id, "session_id": event.session_id, "actor_id": event.actor_id, **event.details}
        logger.info(event.name.value, extra={name: value for name, value in fields.items() if value is not None})

    return write
