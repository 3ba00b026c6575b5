"""Reads what a session has left behind, at a cost that does not grow with the table or with the session:
`adapters.repository` has the keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from contracts.rooms import Identity, MeetingId, room_of
from meetings_service.adapters.records import Session, session_key
from meetings_service.adapters.repository import ORGANISATION, Found, Repository
from meetings_service.adapters.written_history import attended_of, written_longest_notes, written_notes
from meetings_service.domain.attendance import Attendance, Person, Turn
from meetings_service.domain.breakout_history import BreakoutNews, OpenedBreakout, opened_breakouts
from meetings_service.domain.chat_history import ChatLine
from meetings_service.domain.meeting_settings import Organisation
from meetings_service.domain.notes import Notes
from meetings_service.domain.polls import Poll

_LAST = "~"
"""Comes after all that keys are made of."""


class FoundSession(Struct, frozen=True, kw_only=True):
    """A session of a meeting, what somebody is and was to it, and for how many days the organisation keeps it."""

    found: Found
    room_id: MeetingId
    session: Session | None
    """None: nobody has met, or no fact has told it yet."""
    person: Person | None
    history_days: int | None


class Histories:
    """Reads are strongly consistent."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._table = repository.table

    def find(self, meeting_id: MeetingId, number: int, *, identity: Identity, address: str | None) -> FoundSession:
        """A session and what somebody is to it who has this identity and, proven, this address: one batch.

        Raises:
            MeetingNotFoundError: there is no such meeting.
        """
        room_id = room_of(meeting_id, number)
        session, person = session_key(meeting_id, number), (f"MEETING#{room_id}", f"PERSON#{identity}")
        beside = (session, person, ORGANISATION)
        found = self._repository.find_for(meeting_id, identity=identity, address=address, beside=beside)
        items = found.beside
        return FoundSession(
            found=found,
            room_id=room_id,
            session=msgspec.convert(items[session], Session) if session in items else None,
            person=msgspec.convert(items[person], Person) if person in items else None,
            history_days=msgspec.convert(items.get(ORGANISATION, {}), Organisation).history_days,
        )

    def chat(self, room_id: MeetingId, *, after: int, limit: int) -> tuple[list[ChatLine], bool]:
        """Messages after a version, in their order, and whether others follow: one query."""
        items, more = self._page(room_id, f"CHAT#{after + 1:012d}", f"CHAT#{_LAST}", limit)
        return [msgspec.convert(item, ChatLine) for item in items], more

    def people(self, room_id: MeetingId, *, after: str, limit: int) -> tuple[list[Identity], bool]:
        """Who was there, in the order of identities, and whether others follow: one query."""
        items, more = self._page(room_id, f"PERSON#{after}\x01" if after else "PERSON#", f"PERSON#{_LAST}", limit)
        return [Identity(item["sk"].removeprefix("PERSON#")) for item in items], more

    def attended(self, room_id: MeetingId, first: str = "", last: str = _LAST) -> Iterator[Attendance | Turn]:
        """The stays of all whose identities are from ``first`` to ``last``, and what changed in them."""
        between = (f"ATTENDANCE#{first}", f"ATTENDANCE#{last}#{_LAST}")
        return map(attended_of, self._table.between(f"MEETING#{room_id}", *between))

    def polls(self, room_id: MeetingId) -> list[Poll]:
        """The polls of which the creation was told, in its order."""
        polls = (msgspec.convert(item, Poll) for item in self._table.query(f"MEETING#{room_id}", "POLL#"))
        return sorted((poll for poll in polls if poll.version is not None), key=lambda poll: poll.version or 0)

    def notes(self, room_id: MeetingId) -> Notes | None:
        """The shared notes as they were kept last; None: none were."""
        return written_notes(self._table, room_id)

    def longest_notes(self, room_id: MeetingId) -> Notes | None:
        """The shared notes as they were kept when they were longest; None: none were."""
        return written_longest_notes(self._table, room_id)

    def breakouts(self, room_id: MeetingId) -> tuple[OpenedBreakout, ...]:
        """The breakout rooms, in the order of opening."""
        items = self._table.query(f"MEETING#{room_id}", "BREAKOUTS#")
        return opened_breakouts(msgspec.convert(item, BreakoutNews) for item in items)

    def _page(self, room_id: MeetingId, first: str, last: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
        return self._table.page(f"MEETING#{room_id}", first, last, limit=limit)
