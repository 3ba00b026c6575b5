"""What happened to an account or its sessions, as somebody who looks into an incident wants to know it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class SecurityEventName(StrEnum):
    """Stable names: programs search for them."""

    REGISTERED = "registered"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGGED_OUT = "logged_out"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105


class Origin(Struct, frozen=True, kw_only=True):
    """Where a request came from, as far as it is known: an IP address, and the header field User-Agent."""

    address: str | None = None
    user_agent: str | None = None


class SecurityEvent(Struct, frozen=True, kw_only=True):
    """One happening. ``at``: milliseconds since the epoch. ``user_id``: whose account it is about, None if nobody's.

    ``actor_id``: who did it, None for the account's owner or nobody known. ``details`` hold no secrets, no addresses.
    """

    name: SecurityEventName
    at: int
    origin: Origin
    user_id: str | None = None
    session_id: str | None = None
    actor_id: str | None = None
    details: Mapping[str, str] = {}
