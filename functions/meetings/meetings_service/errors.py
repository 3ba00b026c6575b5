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


class MeetingCancelledError(MeetingsError):
    code = ErrorCode.MEETING_CANCELLED

    def __init__(self) -> None:
        super().__init__("The meeting was cancelled.")


class NotStartedError(MeetingsError):
    code = ErrorCode.MEETING_NOT_STARTED

    def __init__(self) -> None:
        super().__init__("The meeting has not started yet. You can wait for its host shortly before it does.")


class MeetingLockedError(MeetingsError):
    code = ErrorCode.MEETING_LOCKED

    def __init__(self) -> None:
        super().__init__("The meeting is locked until its host opens it.")


class RemovedError(MeetingsError):
    code = ErrorCode.PARTICIPANT_REMOVED

    def __init__(self) -> None:
        super().__init__("You were removed from this meeting.")


class PasscodeRequiredError(MeetingsError):
    code = ErrorCode.PASSCODE_REQUIRED

    def __init__(self) -> None:
        super().__init__("This meeting asks for a passcode.")


class PasscodeWrongError(MeetingsError):
    code = ErrorCode.PASSCODE_WRONG

    def __init__(self) -> None:
        super().__init__("This is not the meeting's passcode.")


class MeetingLiveError(MeetingsError):
    """It has to end first."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The meeting is under way. End it first.")


class RecordingNotFoundError(MeetingsError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is no such recording.")


class RecordingFileNotFoundError(MeetingsError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("The recording has no such file.")


class RecordingUnderWayError(MeetingsError):
    """It has to be stopped first."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The recording is being made. Stop it first.")


class MeetingRecordedError(MeetingsError):
    """Whoever deletes a meeting has to say what becomes of its recordings."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The meeting has recordings. Say whether they are deleted or kept (recordings=delete or keep)."
        )


class PersonalRoomError(MeetingsError):
    """It is its host's."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("A personal room stays with its host.")


class TooManySharesError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"The recording is shared with {limit} already. Take one back first.")


class TooManyInviteesError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"The meeting has its {limit} invitations. Take one back first.")


class TooManyPreparedPollsError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"The meeting has {limit} prepared polls already. Delete one first.")


class PreparedPollNotFoundError(MeetingsError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("The meeting has no such prepared poll.")


class OtherPollsError(MeetingsError):
    """Whoever puts polls in order does not know all of them."""

    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("These are not the meeting's prepared polls, each once. Please read them again.")


class NoBreakoutPlanError(MeetingsError):
    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("No breakout rooms are planned for the meeting.")


class GuestsNotAllowedError(MeetingsError):
    code = ErrorCode.GUESTS_NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("This meeting is for people with an account. Please log in.")


class NotTheHostError(MeetingsError):
    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("Only those who run the meeting may do this.")


class NotThereError(MeetingsError):
    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("Only those who were there, and those who run the meeting, may see this.")


class SessionNotFoundError(MeetingsError):
    """Nobody has met then, or it was too long ago to be kept."""

    code = ErrorCode.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("Nothing is kept of such a session.")


class MailOffError(MeetingsError):
    code = ErrorCode.MAIL_OFF

    def __init__(self) -> None:
        super().__init__("No mail is sent here. Send the meeting's link yourself.")


class NotInvitedError(MeetingsError):
    code = ErrorCode.PERMISSION_DENIED

    def __init__(self) -> None:
        super().__init__("You are not invited to this meeting.")


class SplitAlreadyError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self) -> None:
        super().__init__("The series was split there a moment ago. Change the series that was made then.")


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


class TooManyWebhooksError(MeetingsError):
    code = ErrorCode.CONFLICT

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} webhooks already. Delete one first.")
