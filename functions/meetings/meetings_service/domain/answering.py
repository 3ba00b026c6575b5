"""Answers to invitations: what is said, to the meeting or to one occurrence, and what of it still holds. Pure.

An answer is to a time. Where the whole meeting is moved, what was said before does not hold any more (RFC 5546,
3.2.2.1: the organiser asks again); where one occurrence is, only what was said to that one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contracts.rooms import MeetingId
from functions.serverless.problems import InvalidFieldError
from meetings_service.domain.meetings import Answer, Invitee, Meeting, OccurrenceAnswer, Status, is_meeting_id
from meetings_service.domain.recurrence import Occurrence, occurrence_named
from meetings_service.errors import MeetingCancelledError, MeetingEndedError

MAX_OCCURRENCES: Final = 100
"""The latest occurrences that somebody has answered to; older answers are dropped."""
SECRET_BYTES: Final = 16
TOKEN_PATTERN: Final = r"^[A-Za-z0-9_-]{20,600}$"  # noqa: S105


class Token(Struct, frozen=True, kw_only=True):
    """What the link of an invitation's mail holds: which invitation, and what only its mails know."""

    meeting_id: MeetingId
    key: str
    secret: str


def answered(meeting: Meeting, invitee: Invitee, answer: Answer, occurrence: str | None, *, now: int) -> Invitee:
    """The invitation with an answer to the meeting, or to one ``occurrence`` of it. ``now`` in milliseconds.

    An answer to the meeting is to all of it: what was said to single occurrences is said anew.

    Raises:
        MeetingCancelledError, MeetingEndedError: it does not take place any more.
        InvalidFieldError: there is no such occurrence.
    """
    check_open(meeting)
    next_one = invitee.revision + 1
    if occurrence is None:
        sequence = meeting.sequence
        told = replace(invitee, answer=answer, answered_at=now, answered_sequence=sequence, occurrences=())
        return replace(told, revision=next_one)
    one = None if meeting.schedule is None else occurrence_named(meeting.schedule, occurrence)
    if one is None:
        raise InvalidFieldError("occurrence", "The meeting has no such occurrence.")
    said = OccurrenceAnswer(occurrence=occurrence, start=one.start, answer=answer, answered_at=now)
    others = [each for each in invitee.occurrences if each.occurrence != occurrence]
    kept = sorted([*others, said], key=lambda each: each.occurrence)[-MAX_OCCURRENCES:]
    if said not in kept:
        raise InvalidFieldError("occurrence", "This occurrence is too long ago.")
    return replace(invitee, occurrences=tuple(kept), revision=next_one)


def check_open(meeting: Meeting) -> None:
    """Passes if people can still come to the meeting.

    Raises:
        MeetingCancelledError, MeetingEndedError: it does not take place any more.
    """
    if meeting.status is Status.CANCELLED:
        raise MeetingCancelledError
    if meeting.is_over:
        raise MeetingEndedError


def is_outdated(meeting: Meeting, invitee: Invitee) -> bool:
    """Whether the meeting was moved since it was answered to."""
    return invitee.answer is not Answer.NEEDS_ACTION and invitee.answered_sequence < meeting.rescheduled


def standing(meeting: Meeting, invitee: Invitee) -> Answer:
    """What somebody says to the meeting as it is now."""
    return Answer.NEEDS_ACTION if is_outdated(meeting, invitee) else invitee.answer


def standing_occurrences(meeting: Meeting, invitee: Invitee) -> list[OccurrenceAnswer]:
    """What somebody says to single occurrences that are where they were."""
    if meeting.schedule is None:
        return []
    known = ((each, occurrence_named(meeting.schedule, each.occurrence)) for each in invitee.occurrences)
    return [each for each, one in known if one is not None and one.start == each.start]


def answer_to(meeting: Meeting, invitee: Invitee, occurrence: Occurrence) -> Answer:
    """What somebody says to one occurrence as it takes place."""
    said = next((each for each in invitee.occurrences if each.occurrence == occurrence.occurrence), None)
    return said.answer if said is not None and said.start == occurrence.start else standing(meeting, invitee)


def token_of(meeting_id: MeetingId, invitee: Invitee) -> str | None:
    """The token of an invitation's link; None: it has no secret."""
    if invitee.secret is None:
        return None
    text = f"{meeting_id}:{invitee.secret}:{invitee.key}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_token(text: str) -> Token | None:
    """What a token holds; None: it is none."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    meeting_id, _, rest = decoded.partition(":")
    secret, _, key = rest.partition(":")
    if not is_meeting_id(meeting_id) or not secret or not key:
        return None
    return Token(meeting_id=MeetingId(meeting_id), key=key, secret=secret)


def opens(token: Token, invitee: Invitee) -> bool:
    """Whether a token is that of an invitation."""
    return invitee.secret is not None and hmac.compare_digest(token.secret.encode(), invitee.secret.encode())
