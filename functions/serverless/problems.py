"""Errors as HTTP answers: problem documents (RFC 9457, ``application/problem+json``).

A service raises its own family of `ServiceError`; which status a code has is in `contracts.problem_documents`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, Struct, UnsetType

from contracts.error_codes import ErrorCode
from contracts.problem_documents import STATUS_OF_CODE, title_of, type_of


class FieldError(Struct, frozen=True, kw_only=True):
    """One field that is at fault. ``field`` is its path in the body, or the name of a parameter."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True):
    """The body of every error answer. ``code`` is stable; ``detail`` is a sentence for people; ``error`` is there where
    clients of OAuth look for it (RFC 6749, 5.2); ``methods`` says how somebody can prove again who they are."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: tuple[FieldError, ...] | UnsetType = UNSET
    error: str | UnsetType = UNSET
    methods: tuple[str, ...] | UnsetType = UNSET


class ServiceError(Exception):
    """Base of each service's errors: a refusal that its caller may know the reason of."""

    code: ErrorCode = ErrorCode.BAD_REQUEST
    oauth_error: str | UnsetType = UNSET
    """What clients of OAuth know it by."""
    methods: tuple[str, ...] | UnsetType = UNSET
    """How somebody can prove again who they are, where that is what is missing."""

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


class PermissionMissingError(ServiceError):
    """The access token does not allow what the route needs (RFC 6750, 3.1: ``insufficient_scope``)."""

    code = ErrorCode.PERMISSION_DENIED

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission}.")
        self.permission = permission

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.permission}"'}


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


class UnderWayError(ServiceError):
    """The same request, by its Idempotency-Key, is being served at this moment
    (draft-ietf-httpapi-idempotency-key-header, 2.6)."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The same request is under way. Please try again.")

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class UnavailableError(ServiceError):
    """Something that the service stands on does not answer; the same request may work soon."""

    code = ErrorCode.SERVICE_UNAVAILABLE


def problem(
    code: ErrorCode,
    detail: str,
    *,
    request_id: str,
    fields: tuple[FieldError, ...] = (),
    status: int | None = None,
    error: str | UnsetType = UNSET,
    methods: tuple[str, ...] | UnsetType = UNSET,
) -> Problem:
    """The document for one error. ``status`` is given only where HTTP itself has decided it."""
    return Problem(
        type=type_of(code),
        title=title_of(code),
        status=status or STATUS_OF_CODE[code],
        code=code.value,
        detail=detail,
        request_id=request_id,
        errors=fields or UNSET,
        error=error,
        methods=methods,
    )
