"""Errors as HTTP answers: problem documents (RFC 9457, ``application/problem+json``).

A service raises its own family of `ServiceError`; this module alone knows which status a code has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from contracts.error_codes import ErrorCode

CONTENT_TYPE: Final = "application/problem+json"
_TYPE_BASE: Final = "https://parley.example/problems/"


class FieldError(Struct, frozen=True, kw_only=True):
    """One field that is at fault. ``field`` is its path in the body, or the name of a parameter."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True):
    """The body of every error answer. ``code`` is stable; ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: tuple[FieldError, ...] | UnsetType = UNSET


class ServiceError(Exception):
    """Base of each service's errors: a refusal that its caller may know the reason of."""

    code: ErrorCode = ErrorCode.BAD_REQUEST

    def __init__(self, message: str, *, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields

    def headers(self) -> Mapping[str, str]:
        """Header fields that belong to the answer."""
        return {}


class BadRequestError(ServiceError):
    code = ErrorCode.BAD_REQUEST


class ValidationFailedError(ServiceError):
    code = ErrorCode.VALIDATION_FAILED


class InvalidFieldError(ServiceError):
    """A field has the right type and an unusable value."""

    code = ErrorCode.VALIDATION_FAILED

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, fields=(FieldError(field=field, message=message),))


class TokenMissingError(ServiceError):
    code = ErrorCode.TOKEN_MISSING

    def __init__(self) -> None:
        super().__init__("This route needs an access token.")


class PayloadTooLargeError(ServiceError):
    code = ErrorCode.PAYLOAD_TOO_LARGE


class UnsupportedMediaTypeError(ServiceError):
    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class NotFoundError(ServiceError):
    code = ErrorCode.NOT_FOUND


class MethodNotAllowedError(ServiceError):
    """``allowed``: the methods that the resource has, for the Allow header (RFC 9110, 15.5.6)."""

    code = ErrorCode.METHOD_NOT_ALLOWED

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed

    def headers(self) -> Mapping[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class UnavailableError(ServiceError):
    """Something that the service stands on does not answer; the same request may work soon."""

    code = ErrorCode.SERVICE_UNAVAILABLE


STATUS_OF_CODE: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.TOKEN_MISSING: 401,
    ErrorCode.TOKEN_MALFORMED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_NOT_YET_VALID: 401,
    ErrorCode.TOKEN_BAD_SIGNATURE: 401,
    ErrorCode.TOKEN_UNKNOWN_KEY: 401,
    ErrorCode.TOKEN_WRONG_AUDIENCE: 401,
    ErrorCode.TOKEN_WRONG_ISSUER: 401,
    ErrorCode.INVALID_CREDENTIALS: 401,
    ErrorCode.SESSION_EXPIRED: 401,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.GUESTS_NOT_ALLOWED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.MEETING_NOT_FOUND: 404,
    ErrorCode.PARTICIPANT_NOT_FOUND: 404,
    ErrorCode.TRACK_NOT_FOUND: 404,
    ErrorCode.MESSAGE_NOT_FOUND: 404,
    ErrorCode.BREAKOUT_NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.CONFLICT: 409,
    ErrorCode.MEETING_NOT_LIVE: 409,
    ErrorCode.EMAIL_TAKEN: 409,
    ErrorCode.MEETING_ENDED: 410,
    ErrorCode.PAYLOAD_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VALIDATION_FAILED: 422,
    ErrorCode.WEAK_PASSWORD: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    ErrorCode.KEYS_UNAVAILABLE: 503,
    ErrorCode.MEETING_ENCRYPTED: 409,
    ErrorCode.RECORDING_UNAVAILABLE: 503,
    ErrorCode.OUTCOME_UNKNOWN: 504,
}

TOKEN_CODES: Final = tuple(code for code in STATUS_OF_CODE if code.startswith("token_"))


def problem(
    code: ErrorCode, detail: str, *, request_id: str, fields: tuple[FieldError, ...] = (), status: int | None = None
) -> Problem:
    """The document for one error. ``status`` is given only where HTTP itself has decided it."""
    return Problem(
        type=f"{_TYPE_BASE}{code.value}",
        title=code.value.replace("_", " ").capitalize(),
        status=status or STATUS_OF_CODE[code],
        code=code.value,
        detail=detail,
        request_id=request_id,
        errors=fields or UNSET,
    )


def headers_of(code: ErrorCode) -> dict[str, str]:
    """The header fields that a code brings along.

    WWW-Authenticate (RFC 6750, section 3) for a missing or bad access token; Retry-After for an outage.
    """
    if code is ErrorCode.TOKEN_MISSING:
        return {"WWW-Authenticate": "Bearer"}
    if code in TOKEN_CODES:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return {"Retry-After": "1"} if STATUS_OF_CODE[code] == 503 else {}
