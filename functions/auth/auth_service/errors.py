"""What the authentication service refuses, and why."""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from functions.serverless.problems import FieldError, ServiceError


class AuthError(ServiceError):
    """Base of this service's errors."""


class WeakPasswordError(AuthError):
    code = ErrorCode.WEAK_PASSWORD

    def __init__(self, message: str) -> None:
        super().__init__(message, fields=(FieldError(field="password", message=message),))


class EmailTakenError(AuthError):
    code = ErrorCode.EMAIL_TAKEN

    def __init__(self) -> None:
        message = "There is an account with this e-mail address already."
        super().__init__(message, fields=(FieldError(field="email", message=message),))


class InvalidCredentialsError(AuthError):
    """The address or the password is wrong; which of them is nobody's business."""

    code = ErrorCode.INVALID_CREDENTIALS

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class SessionExpiredError(AuthError):
    """The refresh token is unknown, too old, used before, or its session has ended."""

    code = ErrorCode.SESSION_EXPIRED

    def __init__(self, message: str = "The session has ended. Please log in again.") -> None:
        super().__init__(message)


class CrossSiteError(AuthError):
    """Another site's page tried to use the refresh cookie."""

    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("The refresh cookie is for pages of this site.")
