"""Stable error codes, shared by HTTP problem documents and Socket.IO acknowledgements.

A code is for programs and never changes its meaning; the sentence beside it is for people and may.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    # Input
    BAD_REQUEST = "bad_request"
    VALIDATION_FAILED = "validation_failed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    PRECONDITION_FAILED = "precondition_failed"
    PRECONDITION_REQUIRED = "precondition_required"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_COMMAND = "unknown_command"
    # Tokens
    TOKEN_MISSING = "token_missing"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"
    TOKEN_BAD_SIGNATURE = "token_bad_signature"
    TOKEN_UNKNOWN_KEY = "token_unknown_key"
    TOKEN_WRONG_AUDIENCE = "token_wrong_audience"
    TOKEN_WRONG_ISSUER = "token_wrong_issuer"
    TOKEN_WRONG_MEETING = "token_wrong_meeting"
    TOKEN_REVOKED = "token_revoked"
    KEYS_UNAVAILABLE = "keys_unavailable"
    # Accounts
    INVALID_CREDENTIALS = "invalid_credentials"
    EMAIL_TAKEN = "email_taken"
    WEAK_PASSWORD = "weak_password"
    SESSION_EXPIRED = "session_expired"
    LINK_INVALID = "link_invalid"
    MAIL_OFF = "mail_off"
    STEP_UP_REQUIRED = "step_up_required"
    # Identity providers
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    PROVIDER_REFUSED = "provider_refused"
    IDENTITY_UNPROVEN = "identity_unproven"
    LOGIN_ATTEMPT_INVALID = "login_attempt_invalid"
    EMAIL_MISSING = "email_missing"
    ACCOUNT_EXISTS_LINK_REQUIRED = "account_exists_link_required"
    IDENTITY_TAKEN = "identity_taken"
    LAST_LOGIN_METHOD = "last_login_method"
    # Access
    PERMISSION_DENIED = "permission_denied"
    GUESTS_NOT_ALLOWED = "guests_not_allowed"
    # Meetings and rooms
    MEETING_NOT_FOUND = "meeting_not_found"
    MEETING_NOT_LIVE = "meeting_not_live"
    MEETING_ENDED = "meeting_ended"
    MEETING_FULL = "meeting_full"
    ALREADY_IN_MEETING = "already_in_meeting"
    MEETING_LOCKED = "meeting_locked"
    LOBBY_REFUSED = "lobby_refused"
    WAITING_IN_LOBBY = "waiting_in_lobby"
    MESSAGE_NOT_FOUND = "message_not_found"
    POLL_NOT_FOUND = "poll_not_found"
    BREAKOUT_NOT_FOUND = "breakout_not_found"
    DIRECT_UNAVAILABLE = "direct_unavailable"
    POLL_CLOSED = "poll_closed"
    PARTICIPANT_NOT_FOUND = "participant_not_found"
    PARTICIPANT_REMOVED = "participant_removed"
    TRACK_NOT_FOUND = "track_not_found"
    TOO_MANY_TRACKS = "too_many_tracks"
    RESUME_REFUSED = "resume_refused"
    REPLACED_BY_RESUME = "replaced_by_resume"
    REPLACED = "replaced"
    LEFT = "left"
    MEETING_ENCRYPTED = "meeting_encrypted"
    RECORDING_UNAVAILABLE = "recording_unavailable"
    # Media
    BAD_SDP = "bad_sdp"
    NO_COMMON_CODEC = "no_common_codec"
    NO_MEDIA_NODE = "no_media_node"
    MEDIA_NODE_TIMEOUT = "media_node_timeout"
    MEDIA_NODE_OVERLOADED = "media_node_overloaded"
    STALE_NEGOTIATION = "stale_negotiation"
    # Services
    SLOW_CLIENT = "slow_client"
    GATEWAY_CLOSING = "gateway_closing"
    SERVICE_UNAVAILABLE = "service_unavailable"
    OUTCOME_UNKNOWN = "outcome_unknown"
    INTERNAL = "internal"
