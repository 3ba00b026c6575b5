"""Polls that are prepared before a meeting, and the last time that each was asked. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.polls import MAX_OPTION_LENGTH, MAX_QUESTION_LENGTH
from contracts.rooms import Identity, MeetingId
from functions.serverless.ids import base32
from functions.serverless.merge_patch import merged
from functions.serverless.names import normalise_line
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.polls import Poll

ID_OCTETS = 10
_MOMENTS_OF_A_SESSION = 10**12
"""More than a session has versions."""


class PollUse(Struct, frozen=True, kw_only=True):
    """That a prepared poll was asked: in which session, as which poll of it, when (milliseconds since the epoch)."""

    session: int
    version: int
    poll_id: str
    at: int

    @property
    def moment(self) -> int:
        """Orders the uses of a poll over all sessions."""
        return self.session * _MOMENTS_OF_A_SESSION + self.version


class PreparedPoll(Struct, frozen=True, kw_only=True):
    """A poll as it will be asked. ``request``: a digest of what was asked for under ``Idempotency-Key``."""

    id: str
    question: str
    options: tuple[str, ...]
    multiple: bool = False
    position: int
    """Orders a meeting's polls."""
    version: int = 1
    """Every change adds one; that it was asked, or stands elsewhere among the others, is none."""
    request: str | None = None
    last_use: PollUse | None = None


def in_order(polls: Iterable[PreparedPoll]) -> list[PreparedPoll]:
    """A meeting's polls, as they will be asked."""
    return sorted(polls, key=lambda poll: (poll.position, poll.id))


def next_position(polls: Sequence[PreparedPoll]) -> int:
    """The place behind all others."""
    return max((poll.position for poll in polls), default=0) + 1


def checked(poll: PreparedPoll) -> PreparedPoll:
    """The poll with its texts as a room takes them.

    Raises:
        InvalidFieldError: a text is blank, holds what cannot be shown or is too long, or two options are the same.
    """
    question = normalise_line(poll.question, field="question", most=MAX_QUESTION_LENGTH)
    options = tuple(
        normalise_line(text, field=f"options[{place}]", most=MAX_OPTION_LENGTH)
        for place, text in enumerate(poll.options)
    )
    if len(set(options)) < len(options):
        raise InvalidFieldError("options", "Two options are the same.")
    return replace(poll, question=question, options=options)


def changed(poll: PreparedPoll, change: dict[str, Any]) -> PreparedPoll:
    """The poll as a merge patch (RFC 7396) of ``question``, ``options`` and ``multiple`` leaves it.

    Raises: as `checked`.
    """
    return checked(msgspec.convert(merged(msgspec.to_builtins(poll), change), PreparedPoll))


def use_of(session: int, poll: Poll) -> PollUse | None:
    """That a poll of a session was a prepared one; None: it was none, or what is known of it does not tell."""
    if poll.prepared_id is None or poll.version is None or poll.created_at is None:
        return None
    return PollUse(session=session, version=poll.version, poll_id=poll.poll_id, at=poll.created_at)


def id_of(meeting_id: MeetingId, caller: Identity, idempotency_key: str | None, randomness: bytes) -> str:
    """The id of a new poll: the same for the same request made again, else of ``randomness``."""
    if idempotency_key is None:
        return f"pp_{base32(randomness[:ID_OCTETS])}"
    digest = hashlib.sha256("\n".join(("prepared poll", meeting_id, caller, idempotency_key)).encode()).digest()
    return f"pp_{base32(digest[:ID_OCTETS])}"
