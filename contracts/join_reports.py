"""What coming in took a client, step by step."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from contracts.command import Command

MAX_JOIN_MS = 86_400_000
"""A day: longer than anybody waits in a lobby."""


class JoinStep(StrEnum):
    """A part of coming in, as the client sees it."""

    TICKET = "ticket"
    """Asking the meeting service."""
    CONNECT = "connect"
    """To the gateway, until it has taken the token."""
    WELCOME = "welcome"
    """Being let in: at once, or out of the lobby."""
    MEDIA = "media"
    """Until a peer connection to the media node stands."""


class JoinPhase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times are milliseconds before the command is sent: clocks of clients may be wrong. None ends before it begins."""

    step: JoinStep
    began_ms: Annotated[int, Meta(ge=0, le=MAX_JOIN_MS)]
    ended_ms: Annotated[int, Meta(ge=0, le=MAX_JOIN_MS)]

    def __post_init__(self) -> None:
        """Raises `ValueError`, which decoding tells as an error of validation: it ends before it begins."""
        if self.ended_ms > self.began_ms:
            raise ValueError("a step of coming in ends before it begins")


class ReportJoin(Command, frozen=True, kw_only=True):
    """What coming in took, for the trace that the ``traceparent`` of one's request for a token began. Once, and only
    where the welcome says that traces are kept (`traced`)."""

    span_id: Annotated[str, Meta(pattern=r"^(?!0{16})[0-9a-f]{16}$")]
    """The parent id of that header (W3C Trace Context)."""
    phases: Annotated[tuple[JoinPhase, ...], Meta(min_length=1, max_length=len(JoinStep))]
    """In their order."""
