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


class TooManyChangesError(AuthError):
    """The address was changed so often lately that the old ones are still kept for their owner."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The address was changed too often lately. Please try again in a few days.")


class LinkInvalidError(AuthError):
    """The token of a mail's link is unknown, too old, or was used."""

    code = ErrorCode.LINK_INVALID

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Please ask for a new one.")


class MailOffError(AuthError):
    """The installation sends no mail, which this would need."""

    code = ErrorCode.MAIL_OFF

    def __init__(self) -> None:
        super().__init__("This installation sends no mail. Please ask its administrator.")


class SessionNotFoundError(AuthError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such session.")


class InvalidCredentialsError(AuthError):
    """The address or the password is wrong; which of them is nobody's business."""

    code = ErrorCode.INVALID_CREDENTIALS

    def __init__(self, message: str = "The e-mail address or the password is wrong.") -> None:
        super().__init__(message)


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
