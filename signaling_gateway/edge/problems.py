"""Errors of the HTTP edge as problem documents (RFC 9457), in the form that the HTTP functions write."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from contracts.error_codes import ErrorCode

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_BASE: Final = "https://parley.example/problems/"
RETRY_AFTER_S: Final = 2

STATUS_OF_CODE: Final[Mapping[str, int]] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.VALIDATION_FAILED: 400,
    ErrorCode.TOKEN_MISSING: 401,
    ErrorCode.TOKEN_MALFORMED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_NOT_YET_VALID: 401,
    ErrorCode.TOKEN_BAD_SIGNATURE: 401,
    ErrorCode.TOKEN_UNKNOWN_KEY: 401,
    ErrorCode.TOKEN_WRONG_AUDIENCE: 401,
    ErrorCode.TOKEN_WRONG_ISSUER: 401,
    ErrorCode.TOKEN_WRONG_MEETING: 401,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.PARTICIPANT_REMOVED: 403,
    ErrorCode.MEETING_LOCKED: 403,
    ErrorCode.LOBBY_REFUSED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.PARTICIPANT_NOT_FOUND: 404,
    ErrorCode.TRACK_NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.NOT_ACCEPTABLE: 406,
    ErrorCode.ALREADY_IN_MEETING: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.LEFT: 409,
    ErrorCode.STALE_NEGOTIATION: 409,
    ErrorCode.MEETING_ENDED: 410,
    ErrorCode.PRECONDITION_FAILED: 412,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.BAD_SDP: 422,
    ErrorCode.NO_COMMON_CODEC: 422,
    ErrorCode.TOO_MANY_TRACKS: 422,
    ErrorCode.PRECONDITION_REQUIRED: 428,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.KEYS_UNAVAILABLE: 503,
    ErrorCode.MEETING_FULL: 503,
    ErrorCode.WAITING_IN_LOBBY: 503,
    ErrorCode.NO_MEDIA_NODE: 503,
    ErrorCode.MEDIA_NODE_TIMEOUT: 503,
    ErrorCode.MEDIA_NODE_OVERLOADED: 503,
    ErrorCode.GATEWAY_CLOSING: 503,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
}


class Problem(Struct, frozen=True, kw_only=True):
    """``code`` is stable; ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str


def problem(code: str, detail: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and header fields of the answer. A code that no client can cause here is one of our bugs: 500."""
    status = STATUS_OF_CODE.get(code, 500)
    document = Problem(
        type=f"{_TYPE_BASE}{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        request_id=secrets.token_hex(16),
    )
    return status, msgspec.json.encode(document), _headers_of(code, status)


def _headers_of(code: str, status: int) -> dict[str, str]:
    if status == 401:
        missing = code == ErrorCode.TOKEN_MISSING
        return {"WWW-Authenticate": "Bearer" if missing else 'Bearer error="invalid_token"'}
    return {"Retry-After": str(RETRY_AFTER_S)} if status in {429, 503} else {}
