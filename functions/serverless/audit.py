"""Audit logs of both services: what an entry is, and what is asked of them."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

AddressDetail = Literal["full", "network", "none"]
Outcome = Literal["done", "refused"]


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One event. ``at``: milliseconds since the epoch. Neither secrets nor e-mail addresses are in it.

    ``user_id``: whom it is about, ``actor_id``: who did it, None where it was nobody who is known.
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

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of all the rest. The service's log tells it when the entry is made."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class AuditFilter(Struct, frozen=True, kw_only=True):
    """What is looked for; None: anything. ``since`` and ``until`` (excluded): milliseconds since the epoch."""

    user_id: str | None = None
    actor_id: str | None = None
    event: str | None = None
    outcome: str | None = None
    since: int | None = None
    until: int | None = None
    details: Mapping[str, str] = {}

    def wants(self, entry: AuditEntry) -> bool:
        """Whether an entry is what is looked for."""
        return (
            self.user_id in (None, entry.user_id)
            and self.actor_id in (None, entry.actor_id)
            and self.event in (None, entry.event)
            and self.outcome in (None, entry.outcome)
            and all(entry.details.get(name) == value for name, value in self.details.items())
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def shown_address(address: str | None, detail: AddressDetail) -> str | None:
    """As much of a client's address as is kept."""
    if address is None or detail == "none":
        return None
    if detail == "full":
        return address
    parsed = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
