"""Which HTTP status each error code has, and the members of a problem document that follow from the code (RFC 9457).

One home, so that the HTTP functions and the gateway's standard doors answer alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.error_codes import ErrorCode

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_BASE: Final = "https://parley.example/problems/"
_RETRY_AFTER_S: Final = 2

STATUS_OF_CODE: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.LOGIN_ATTEMPT_INVALID: 400,
    ErrorCode.CEREMONY_INVALID: 400,
    ErrorCode.TOKEN_MISSING: 401,
    ErrorCode.TOKEN_MALFORMED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_NOT_YET_VALID: 401,
    ErrorCode.TOKEN_BAD_SIGNATURE: 401,
    ErrorCode.TOKEN_UNKNOWN_KEY: 401,
    ErrorCode.TOKEN_WRONG_AUDIENCE: 401,
    ErrorCode.TOKEN_WRONG_ISSUER: 401,
    ErrorCode.TOKEN_WRONG_MEETING: 401,
    ErrorCode.TOKEN_REVOKED: 401,
    ErrorCode.INVALID_CREDENTIALS: 401,
    ErrorCode.FACTOR_INVALID: 401,
    ErrorCode.SESSION_EXPIRED: 401,
    ErrorCode.PROVIDER_REFUSED: 401,
    ErrorCode.IDENTITY_UNPROVEN: 401,
    ErrorCode.INVALID_CLIENT: 401,
    ErrorCode.INVALID_SCOPE: 400,
    ErrorCode.ACCOUNT_SUSPENDED: 403,
    ErrorCode.ACCOUNT_DELETED: 403,
    ErrorCode.PASSWORD_CHANGE_REQUIRED: 403,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.STEP_UP_REQUIRED: 403,
    ErrorCode.GUESTS_NOT_ALLOWED: 403,
    ErrorCode.PARTICIPANT_REMOVED: 403,
    ErrorCode.MEETING_LOCKED: 403,
    ErrorCode.LOBBY_REFUSED: 403,
    ErrorCode.MEETING_NOT_STARTED: 403,
    ErrorCode.PASSCODE_REQUIRED: 403,
    ErrorCode.PASSCODE_WRONG: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.MEETING_NOT_FOUND: 404,
    ErrorCode.PARTICIPANT_NOT_FOUND: 404,
    ErrorCode.TRACK_NOT_FOUND: 404,
    ErrorCode.MESSAGE_NOT_FOUND: 404,
    ErrorCode.BREAKOUT_NOT_FOUND: 404,
    ErrorCode.BROADCAST_NOT_LIVE: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.NOT_ACCEPTABLE: 406,
    ErrorCode.CONFLICT: 409,
    ErrorCode.MEETING_NOT_LIVE: 409,
    ErrorCode.MEETING_ENCRYPTED: 409,
    ErrorCode.TOO_MANY_INGRESSES: 409,
    ErrorCode.ALREADY_IN_MEETING: 409,
    ErrorCode.LEFT: 409,
    ErrorCode.STALE_NEGOTIATION: 409,
    ErrorCode.EMAIL_TAKEN: 409,
    ErrorCode.MAIL_OFF: 409,
    ErrorCode.PASSKEYS_UNAVAILABLE: 409,
    ErrorCode.ACCOUNT_EXISTS_LINK_REQUIRED: 409,
    ErrorCode.IDENTITY_TAKEN: 409,
    ErrorCode.LAST_LOGIN_METHOD: 409,
    ErrorCode.LAST_ADMINISTRATOR: 409,
    ErrorCode.MEETING_ENDED: 410,
    ErrorCode.MEETING_CANCELLED: 410,
    ErrorCode.BROADCAST_ENDED: 410,
    ErrorCode.LINK_INVALID: 410,
    ErrorCode.PRECONDITION_FAILED: 412,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VALIDATION_FAILED: 422,
    ErrorCode.WEAK_PASSWORD: 422,
    ErrorCode.EMAIL_MISSING: 422,
    ErrorCode.BAD_SDP: 422,
    ErrorCode.NO_COMMON_CODEC: 422,
    ErrorCode.TOO_MANY_TRACKS: 422,
    ErrorCode.PRECONDITION_REQUIRED: 428,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    ErrorCode.KEYS_UNAVAILABLE: 503,
    ErrorCode.PROVIDER_UNAVAILABLE: 503,
    ErrorCode.MEETING_FULL: 503,
    ErrorCode.WAITING_IN_LOBBY: 503,
    ErrorCode.NO_MEDIA_NODE: 503,
    ErrorCode.MEDIA_NODE_TIMEOUT: 503,
    ErrorCode.MEDIA_NODE_OVERLOADED: 503,
    ErrorCode.GATEWAY_CLOSING: 503,
    ErrorCode.RECORDING_UNAVAILABLE: 503,
    ErrorCode.BROADCAST_UNAVAILABLE: 503,
    ErrorCode.INGRESS_UNAVAILABLE: 503,
    ErrorCode.OUTCOME_UNKNOWN: 504,
}
"""Codes that are missing are said over Socket.IO alone."""

TOKEN_CODES: Final = tuple(code for code in STATUS_OF_CODE if code.startswith("token_"))
"""What may be wrong with a bearer token."""


def type_of(code: ErrorCode) -> str:
    """The URI that names the kind of problem (``type``)."""
    return f"{_TYPE_BASE}{code.value}"


def title_of(code: ErrorCode) -> str:
    """The short name of the kind of problem (``title``)."""
    return code.value.replace("_", " ").capitalize()


def headers_of(code: ErrorCode) -> dict[str, str]:
    """The header fields that a code brings along.

    WWW-Authenticate (RFC 6750, section 3) for a missing or bad token; Retry-After for an outage and a limit.
    """
    if code is ErrorCode.TOKEN_MISSING:
        return {"WWW-Authenticate": "Bearer"}
    if code in TOKEN_CODES:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return {"Retry-After": str(_RETRY_AFTER_S)} if STATUS_OF_CODE.get(code) in {429, 503} else {}
