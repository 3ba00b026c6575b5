"""The audit log: security events as they are kept, and what is asked of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from auth_service.domain.security_events import REFUSALS, SecurityEvent

AddressDetail = Literal["full", "network", "none"]
Outcome = Literal["done", "refused"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One security event. ``at``: milliseconds since the epoch. Neither secrets nor e-mail addresses are in it.

    ``user_id``: whose account, ``actor_id``: who did it, None where it was nobody who is known.
    """

    id: str
    at: int
    event: str
    outcome: Outcome
    user_id: str | None = None
    actor_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    details: Mapping[str, str] = {}


class AuditFilter(Struct, frozen=True, kw_only=True):
    """What is looked for; None: anything. ``since`` and ``until`` (excluded): milliseconds since the epoch."""

    user_id: str | None = None
    actor_id: str | None = None
    event: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None

    def wants(self, entry: AuditEntry) -> bool:
        """Whether an entry is what is looked for."""
        return (
            self.user_id in (None, entry.user_id)
            and self.actor_id in (None, entry.actor_id)
            and self.event in (None, entry.event)
            and self.outcome in (None, entry.outcome)
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def entry_of(event: SecurityEvent, *, entry_id: str, addresses: AddressDetail) -> AuditEntry:
    """An event as it is kept. Whose account it is, is also who did it, unless somebody else did."""
    origin = event.origin
    return AuditEntry(
        id=entry_id,
        at=event.at,
        event=event.name.value,
        outcome="refused" if event.name in REFUSALS else "done",
        user_id=event.user_id,
        actor_id=event.actor_id or (None if event.name in REFUSALS else event.user_id),
        session_id=event.session_id,
        address=_shown(origin.address, addresses),
        user_agent=origin.user_agent[:256] if origin.user_agent and addresses != "none" else None,
        request_id=origin.request_id,
        details=event.details,
    )


def _shown(address: str | None, detail: AddressDetail) -> str | None:
    if address is None or detail == "none":
        return None
    if detail == "full":
        return address
    parsed = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
