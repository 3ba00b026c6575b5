"""Meetings: their ids, what they are, their states, and who belongs to them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct

from contracts.rooms import Identity, MeetingId, Role, room_of
from meetings_service.domain import recurrence
from meetings_service.domain.meeting_settings import MeetingSettings
from meetings_service.domain.schedule import Schedule

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
"""Without i, l and o, which are read wrongly: 23 letters, so twelve of them have 54 bits."""
_GROUPS: Final = {12: (4, 4, 4), 10: (3, 4, 3)}
"""How the letters of an id are written, by their number. Ids of ten letters are from before there were twelve."""
_ID: Final = re.compile("|".join("-".join(rf"[{_LETTERS}]{{{size}}}" for size in sizes) for sizes in _GROUPS.values()))
NO_END: Final = 999_999_999_999_999
"""Stands for the end of what has none, in the order of the agenda."""


class Status(StrEnum):
    """What may be done with a meeting follows from its status."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """Meetings of the last two kinds take place again and again."""

    INSTANT = "instant"
    ONCE = "once"
    RECURRING = "recurring"
    PERSONAL = "personal"


class Meeting(Struct, frozen=True, kw_only=True):
    """A meeting. Times in milliseconds since the epoch.

    Each time that people meet is a session, with a room, a log and records of its own. ``started_at`` and ``ended_at``
    are those of session number ``session``, the present or else the last one: the earliest times that anybody has
    reported, so that reports may come twice and in any order.
    """

    id: MeetingId
    title: str
    description: str = ""
    host_id: str
    host_name: str
    created_at: int
    settings: MeetingSettings = MeetingSettings()
    schedule: Schedule | None = None
    personal: bool = False
    """Whether it is the host's personal room."""
    version: int = 1
    """Every change of the record adds one."""
    sequence: int = 0
    """Every change of when it takes place adds one, and so does its cancellation (RFC 5545, SEQUENCE)."""
    rescheduled: int = 0
    """Its ``sequence`` when the time of the whole was last changed, and not of single occurrences: answers from before
    are not to what there is now."""
    announced: int = 0
    """How many changes of it were told to the invited."""
    changed_at: int | None = None
    """When what the invited see was last changed; None: never since it was made, or before this was noted."""
    cancelled_at: int | None = None
    session: int = 1
    started_at: int | None = None
    ended_at: int | None = None
    ended_by: Identity | None = None
    """Who ended the session for all; None: it ended by itself."""

    @property
    def kind(self) -> Kind:
        """What kind of meeting it is."""
        if self.personal:
            return Kind.PERSONAL
        if self.schedule is None:
            return Kind.INSTANT
        return Kind.ONCE if self.schedule.rule is None else Kind.RECURRING

    @property
    def takes_place_again(self) -> bool:
        """Whether the end of a session is not the end of the meeting."""
        return self.kind in {Kind.RECURRING, Kind.PERSONAL}

    @property
    def status(self) -> Status:
        """Live while a session has a start and no end; after its end over, unless the meeting takes place again."""
        if self.cancelled_at is not None:
            return Status.CANCELLED
        if self.ended_at is not None:
            return Status.SCHEDULED if self.takes_place_again else Status.ENDED
        return Status.SCHEDULED if self.started_at is None else Status.LIVE

    @property
    def is_over(self) -> bool:
        """Whether nobody comes in any more: cancelled, or ended for good, which somebody has to do."""
        if self.cancelled_at is not None:
            return True
        return self.ended_by is not None and self.status is Status.ENDED

    @property
    def room(self) -> MeetingId:
        """The id of its present session's room."""
        return room_of(self.id, self.session)


class Answer(StrEnum):
    """What somebody said to an invitation (RFC 5545, PARTSTAT)."""

    NEEDS_ACTION = "needs_action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


class OccurrenceAnswer(Struct, frozen=True, kw_only=True):
    """What somebody said to one occurrence. Times in milliseconds since the epoch."""

    occurrence: str
    """Its original start in local time, which names it."""
    start: int
    """When it was to begin as it was answered to: moved, it is not what the answer is to."""
    answer: Answer
    answered_at: int


class Invitee(Struct, frozen=True, kw_only=True):
    """Somebody who is invited: an account, an address, or both. Times in milliseconds since the epoch."""

    key: str
    """Names the invitation in its meeting: the address if there is one, else the account's id."""
    address: str | None = None
    user_id: Identity | None = None
    name: str | None = None
    role: Role = Role.PARTICIPANT
    """`Role.COHOST` or `Role.PARTICIPANT`."""
    answer: Answer = Answer.NEEDS_ACTION
    answered_at: int | None = None
    answered_sequence: int = 0
    """The meeting's ``sequence`` that was answered to."""
    occurrences: tuple[OccurrenceAnswer, ...] = ()
    """Answers to single occurrences, which go before ``answer``; in the order of their original starts."""
    revision: int = 0
    """How often it was answered."""
    secret: str | None = None
    """Shown by the links of mails to this invitee; None: those who were invited before there were such links."""
    invited_at: int

    def __repr__(self) -> str:
        return f"Invitee(role={self.role!r}, answer={self.answer!r})"  # neither an address nor what opens something


def meeting_id(randomness: bytes) -> MeetingId:
    """A meeting id such as ``abcd-efgh-jkmn`` from random octets.

    Raises:
        ValueError: fewer than 9 octets.
    """
    if len(randomness) < 9:
        raise ValueError("a meeting id takes 9 random octets")
    number = int.from_bytes(randomness, "big")  # 72 bits for 54: no letter is likelier than another by 2 ** -17
    letters = ""
    for _ in range(12):
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    return with_hyphens(letters)


def with_hyphens(letters: str) -> MeetingId:
    """The meeting id that is written with these letters.

    Raises:
        ValueError: there are more or fewer letters than an id has.
    """
    sizes = _GROUPS.get(len(letters))
    if sizes is None:
        raise ValueError("a meeting id has 12 letters, or 10")
    first, second, _ = sizes
    return MeetingId("-".join((letters[:first], letters[first : first + second], letters[first + second :])))


def is_meeting_id(text: str) -> bool:
    """Whether a text has the form of a meeting id."""
    return _ID.fullmatch(text) is not None


def agenda_position(meeting: Meeting) -> str | None:
    """Where a meeting stands in the agenda of those who belong to it; None: it has no time.

    ``ONCE#<start>#<end>#<id>`` or ``SERIES#<end of the last occurrence>#<id>``; times with 15 digits.
    """
    if meeting.schedule is None or meeting.personal:
        return None
    if meeting.kind is Kind.RECURRING:
        end = recurrence.last_end(meeting.schedule)
        return f"SERIES#{NO_END if end is None else end:015d}#{meeting.id}"
    once = next(recurrence.occurrences(meeting.schedule, after=0))
    return f"ONCE#{once.start:015d}#{once.end:015d}#{meeting.id}"
