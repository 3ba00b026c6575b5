"""Security events as the audit log keeps them."""

from __future__ import annotations

from auth_service.domain.security_events import REFUSALS, SecurityEvent
from functions.serverless.audit import AddressDetail, AuditEntry, shown_address


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
        address=shown_address(origin.address, addresses),
        user_agent=origin.user_agent[:256] if origin.user_agent and addresses != "none" else None,
        request_id=origin.request_id,
        details=event.details,
    )
