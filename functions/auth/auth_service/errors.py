"""What the authentication service refuses, and why."""

from __future__ import annotations

from collections.abc import Mapping

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
        super().__init__("This link is not valid any more: it is too old, or was used.")


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


class ProviderUnavailableError(AuthError):
    """The identity provider does not answer, or not as the standard has it. ``reason``: for the log, not the caller."""

    code = ErrorCode.PROVIDER_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__("The identity provider does not answer as it should. Please try again.")
        self.reason = reason


class ProviderRefusedError(AuthError):
    """The provider has not let the person in, or they have turned back there."""

    code = ErrorCode.PROVIDER_REFUSED

    def __init__(self, reason: str) -> None:
        super().__init__("The login at the identity provider was not finished.")
        self.reason = reason


class IdentityUnprovenError(AuthError):
    """What the provider says cannot be believed: a wrong signature, issuer, audience, nonce or time."""

    code = ErrorCode.IDENTITY_UNPROVEN

    def __init__(self, reason: str) -> None:
        super().__init__("The identity provider's answer cannot be verified.")
        self.reason = reason


class LoginAttemptError(AuthError):
    """There is no such login in this browser: it took too long, was finished before, or began somewhere else."""

    code = ErrorCode.LOGIN_ATTEMPT_INVALID

    def __init__(self) -> None:
        super().__init__("This login is not valid any more, or not in this browser. Please begin again.")


class EmailMissingError(AuthError):
    code = ErrorCode.EMAIL_MISSING

    def __init__(self) -> None:
        super().__init__("The identity provider has told no e-mail address, which an account needs.")


class AccountExistsError(AuthError):
    """The address has an account, and it is not certain that its owner is the same person."""

    code = ErrorCode.ACCOUNT_EXISTS_LINK_REQUIRED

    def __init__(self) -> None:
        super().__init__("There is an account with this address. Log in to it first, then link the two.")


class IdentityTakenError(AuthError):
    code = ErrorCode.IDENTITY_TAKEN

    def __init__(self) -> None:
        super().__init__("This identity is linked to another account.")


class TooManyIdentitiesError(AuthError):
    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("This account has as many identities as it can have. Unlink one first.")


class LastLoginMethodError(AuthError):
    code = ErrorCode.LAST_LOGIN_METHOD

    def __init__(self) -> None:
        super().__init__("This is the only way to log in to the account. Add another one first.")


class StepUpError(AuthError):
    """The last proof of who somebody is was too long ago for what is asked, or too weak. ``methods``: what is one."""

    code = ErrorCode.STEP_UP_REQUIRED

    def __init__(self, methods: tuple[str, ...]) -> None:
        super().__init__("Please prove again that it is you: this takes a proof of the last ten minutes.")
        self.methods = methods


class FactorInvalidError(AuthError):
    """A code or passkey is not accepted. ``reason``: for the log, not the caller."""

    code = ErrorCode.FACTOR_INVALID

    def __init__(self, reason: str) -> None:
        super().__init__("This code or passkey is not accepted.")
        self.reason = reason


class CeremonyError(AuthError):
    """There is no such ceremony: it took too long, was finished before, or is another session's."""

    code = ErrorCode.CEREMONY_INVALID

    def __init__(self) -> None:
        super().__init__("This took too long, or was done before. Please begin again.")


class PasskeysUnavailableError(AuthError):
    """Browsers make no passkeys for the page's address."""

    code = ErrorCode.PASSKEYS_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Passkeys need a page with a host name and https.")


class NoSecondFactorError(AuthError):
    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The account has no second factor yet. Please set one up first.")


class NothingPendingError(AuthError):
    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("No authenticator app is being set up, or that took too long. Please begin again.")


class SecondFactorNeededError(AuthError):
    """The last second factor of an account that must have one."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("A second factor is required here. Set up another one before you remove this one.")


class TooManyPasskeysError(AuthError):
    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("This account has as many passkeys as it can have. Remove one first.")


class DirectoryRefusalError(InvalidCredentialsError):
    """A directory refuses a name and password. ``reason``: as far as it tells, for the log and not for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__("The user name or the password is wrong.")
        self.reason = reason


def reason_of(error: ServiceError) -> str:
    """Why something was refused, for the log: more than the caller is told, where there is more."""
    return str(getattr(error, "reason", error.code.value))


class NoSuchError(AuthError):
    """Nothing has the id that the path names."""

    code = ErrorCode.NOT_FOUND


class AccountSuspendedError(AuthError):
    """An administrator has suspended the account. Told only to who knows its password."""

    code = ErrorCode.ACCOUNT_SUSPENDED

    def __init__(self) -> None:
        super().__init__("This account is suspended. Please ask an administrator.")


class PasswordChangeRequiredError(AuthError):
    """The password was given by an administrator, and must be replaced by one's own first."""

    code = ErrorCode.PASSWORD_CHANGE_REQUIRED

    def __init__(self) -> None:
        super().__init__("Please choose a password of your own first.")


class LastAdministratorError(AuthError):
    code = ErrorCode.LAST_ADMINISTRATOR

    def __init__(self) -> None:
        super().__init__("This is the last administrator. Please make somebody else an administrator first.")


class NotYoursError(AuthError):
    """The caller may less than the role that is to be given, or than who is to be changed."""

    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("This takes all permissions of the role that is concerned.")


class AppointedBySettingError(AuthError):
    """Whoever runs the platform has named this administrator in its settings."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("This administrator is named in the platform's settings, and can be changed there alone.")


class InvalidClientError(AuthError):
    """No usable API key (RFC 6749, 5.2: ``invalid_client``)."""

    code = ErrorCode.INVALID_CLIENT
    oauth_error = "invalid_client"

    def __init__(self, message: str = "The API key is unknown, expired or revoked.") -> None:
        super().__init__(message)

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": 'Basic realm="parley"'}


class InvalidScopeError(AuthError):
    """More was asked for than the key allows (RFC 6749, 5.2: ``invalid_scope``)."""

    code = ErrorCode.INVALID_SCOPE
    oauth_error = "invalid_scope"

    def __init__(self) -> None:
        super().__init__("The API key does not allow all of this scope.")


class TooManyKeysError(AuthError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"A service account has at most {limit} keys. Please revoke those that are not used.")


class MadeAndGoneError(AuthError):
    """A repeated request: what it made has been deleted since, and is not made again."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("What this request has made is gone. Use another Idempotency-Key to make it anew.")


class KeyMadeBeforeError(AuthError):
    """A repeated request: its key was made, and cannot be shown again."""

    code = ErrorCode.CONFLICT

    def __init__(self, key_id: str) -> None:
        super().__init__(f"This request has made the key {key_id} before, whose secret cannot be shown again.")
