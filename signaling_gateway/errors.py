"""The gateway's errors: a stable code, and a sentence that is fit for the client who caused it."""

from __future__ import annotations

from contracts.client_messages import ErrorBody
from contracts.error_codes import ErrorCode


class GatewayError(Exception):
    """Base of all errors that end as an acknowledgement or a refused connection."""

    def __init__(self, code: ErrorCode | str, message: str) -> None:
        super().__init__(message)
        self.code = str(code)
        self.message = message

    @property
    def body(self) -> ErrorBody:
        """The error as a client sees it."""
        return ErrorBody(code=self.code, message=self.message)


class Refusal(GatewayError):  # noqa: N818  (the plan's word: a decision is events or a refusal)
    """The caller asked for something that the room, its permissions or its limits do not allow."""


class NodeError(GatewayError):
    """A media node did not do what it was asked: it refused, gave no answer in time, or there is none."""


class LogUnavailableError(GatewayError):
    """The meeting's log cannot be read or written now. Nothing was decided, as far as this gateway knows."""

    def __init__(self, message: str = "The meeting cannot be reached at the moment. Please try again.") -> None:
        super().__init__(ErrorCode.SERVICE_UNAVAILABLE, message)
