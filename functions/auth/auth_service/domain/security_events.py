"""What happened to an account or its sessions, as somebody who looks into an incident wants to know it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct


class SecurityEventName(StrEnum):
    """Stable names: programs search for them."""

    REGISTRATION_ASKED = "registration_asked"
    REGISTERED = "registered"
    LOGGED_IN = "logged_in"
    LOGIN_REFUSED = "login_refused"
    LOGGED_OUT = "logged_out"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_RESET_ASKED = "password_reset_asked"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    PROFILE_CHANGED = "profile_changed"
    DATA_EXPORTED = "data_exported"
    ACCOUNT_DELETED = "account_deleted"
    LOGIN_SLOWED = "login_slowed"
    USER_CREATED = "user_created"
    USER_CHANGED = "user_changed"
    ROLE_CHANGED = "role_changed"
    USER_SUSPENDED = "user_suspended"
    USER_RESUMED = "user_resumed"
    USER_DELETED = "user_deleted"
    SESSIONS_ENDED_BY_ADMINISTRATOR = "sessions_ended_by_administrator"
    SERVICE_ACCOUNT_CREATED = "service_account_created"
    SERVICE_ACCOUNT_DELETED = "service_account_deleted"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"
    API_KEY_USED = "api_key_used"
    API_KEY_REFUSED = "api_key_refused"
    AUDIT_READ = "audit_read"
    SECOND_FACTOR_ASKED = "second_factor_asked"
    SECOND_FACTOR_REFUSED = "second_factor_refused"
    SECOND_FACTOR_SLOWED = "second_factor_slowed"
    STEPPED_UP = "stepped_up"
    TOTP_ENROLLED = "totp_enrolled"
    TOTP_REMOVED = "totp_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COUNTER_WENT_BACK = "passkey_counter_went_back"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    FACTORS_RESET = "factors_reset"


REFUSALS: Final = frozenset(
    {
        SecurityEventName.LOGIN_REFUSED,
        SecurityEventName.REFRESH_TOKEN_REUSED,
        SecurityEventName.LOGIN_SLOWED,
        SecurityEventName.API_KEY_REFUSED,
        SecurityEventName.SECOND_FACTOR_REFUSED,
        SecurityEventName.SECOND_FACTOR_SLOWED,
        SecurityEventName.PASSKEY_COUNTER_WENT_BACK,
    }
)
"""What was asked for and not done."""


class Origin(Struct, frozen=True, kw_only=True):
    """Where a request came from, as far as it is known: an IP address, and the header field User-Agent."""

    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


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
