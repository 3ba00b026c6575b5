"""What the meeting service refuses, and why."""

from __future__ import annotations

from contracts.error_codes import ErrorCode
from contracts.problem_documents import STATUS_OF_CODE
from functions.serverless.problems import ServiceError


class MeetingsError(ServiceError):
    """Base of this service's errors."""


class MeetingNotFoundError(MeetingsError):
    code = ErrorCode.MEETING_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such meeting.")


class MeetingEndedError(MeetingsError):
    code = ErrorCode.MEETING_ENDED

    def __init__(self) -> None:
        super().__init__("The meeting has ended.")


class GuestsNotAllowedError(MeetingsError):
    code = ErrorCode.GUESTS_NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("This meeting is for people with an account. Please log in.")


class NotTheHostError(MeetingsError):
    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("Only the host of the meeting may do this.")


class KeysUnavailableError(MeetingsError):
    """The keys to check access tokens with cannot be fetched."""

    code = ErrorCode.KEYS_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("Access tokens cannot be checked at the moment. Please try again.")


class RoomsUnavailableError(MeetingsError):
    """The live rooms cannot be reached."""

    code = ErrorCode.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The live room cannot be reached at the moment. Please try again.")


class MeetingNotLiveError(MeetingsError):
    code = ErrorCode.MEETING_NOT_LIVE

    def __init__(self) -> None:
        super().__init__("Nobody has joined this meeting yet.")


class OutcomeUnknownError(MeetingsError):
    """A gateway has begun with what was asked, and did not answer in time."""

    code = ErrorCode.OUTCOME_UNKNOWN

    def __init__(self) -> None:
        super().__init__(
            "The live room has not answered in time. Perhaps it was done: please look before you repeat it."
        )


class StreamKeyNotFoundError(MeetingsError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("The meeting has no such stream key.")


class TooManyStreamKeysError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"The meeting has its {limit} stream keys. Revoke one first.")


class KeyReusedError(MeetingsError):
    """An Idempotency-Key names one request, and came with another one."""

    code = ErrorCode.VALIDATION_FAILED

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class RoomRefusedError(MeetingsError):
    """The room does not do it. A code that this service does not know is a `conflict`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = next((known for known in STATUS_OF_CODE if known == code), ErrorCode.CONFLICT)
