"""The audit log of security events: `functions.serverless.audit_table` in this service's table."""

from __future__ import annotations

from collections.abc import Callable

from auth_service.adapters.table import Table
from auth_service.domain.audit import entry_of
from auth_service.domain.security_events import SecurityEvent
from functions.serverless.audit import AddressDetail, AuditEntry
from functions.serverless.audit_table import AuditTable as SharedTable
from functions.serverless.ids import base32


class AuditTable(SharedTable):
    """``addresses``: how much of clients' addresses is kept. ``randomness``: octets that nobody can guess."""

    def __init__(
        self,
        table: Table,
        *,
        kept_days: int,
        addresses: AddressDetail,
        clock: Callable[[], float],
        randomness: Callable[[int], bytes],
    ) -> None:
        super().__init__(lambda: table.client, table.name, kept_days=kept_days, clock=clock)
        self._addresses: AddressDetail = addresses
        self._randomness = randomness

    def entry(self, event: SecurityEvent) -> AuditEntry:
        """An event as it is to be kept."""
        return entry_of(event, entry_id=base32(self._randomness(10)), addresses=self._addresses)
