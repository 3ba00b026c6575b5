"""Meetings: their ids, their states, and who may do what with them."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from contracts.rooms import MeetingId

ID_LENGTH = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
"""Without i, l and o, which are read wrongly: 23 letters, so ten of them have 45 bits."""
_ID = re.compile(rf"[{_LETTERS}]{{3}}-[{_LETTERS}]{{4}}-[{_LETTERS}]{{3}}")


class Status(StrEnum):
    """What may be done with a meeting follows from its status."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    ENDED = "ended"


class Meeting(Struct, frozen=True, kw_only=True):
    """A meeting. Times in milliseconds since the epoch.

    ``started_at`` and ``ended_at`` are the earliest times that anybody has reported, so that reports may come twice and
    in any order.
    """

    id: MeetingId
    title: str
    host_id: str
    host_name: str
    guests_allowed: bool
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None

    @property
    def status(self) -> Status:
        """Ended once it has an end, live once it has a start."""
        if self.ended_at is not None:
            return Status.ENDED
        return Status.SCHEDULED if self.started_at is None else Status.LIVE


def meeting_id(randomness: bytes) -> MeetingId:
    """A meeting id such as ``abc-defg-hjk`` from random octets.

    Raises:
        ValueError: fewer than 8 octets.
    """
    if len(randomness) < 8:
        raise ValueError("a meeting id takes 8 random octets")
    number = int.from_bytes(randomness, "big")  # 64 bits for 45: no letter is likelier than another by 2 ** -18
    letters = ""
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    return MeetingId(f"{letters[:3]}-{letters[3:7]}-{letters[7:]}")


def is_meeting_id(text: str) -> bool:
    """Whether a text has the form of a meeting id."""
    return _ID.fullmatch(text) is not None
