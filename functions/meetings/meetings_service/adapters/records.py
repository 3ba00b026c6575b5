"""What happened in meetings, session by session: `adapters.repository` has the keys, `domain.record` the rules."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from contracts.rooms import Identity, MeetingId, room_of, session_of
from meetings_service.adapters.recordings_table import RecordingsTable
from meetings_service.adapters.repository import Repository
from meetings_service.adapters.table import Key
from meetings_service.adapters.written_history import (
    attended_of,
    set_earlier,
    write_breakouts,
    write_line,
    write_longest_notes,
    write_notes,
    write_person,
    write_poll,
    write_stay,
    write_turns,
    written_longest_notes,
    written_notes,
)
from meetings_service.domain.attendance import Attendance, Person, Turn
from meetings_service.domain.breakout_history import BreakoutNews
from meetings_service.domain.chat_history import ChatLine
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.notes import Notes
from meetings_service.domain.polls import Poll
from meetings_service.domain.record import Ban, Changes, Ended

KEPT_SHARDS = 16
"""Into so many partitions of the index go sessions whose histories are kept, by their rooms' ids."""


class Session(Struct, frozen=True, kw_only=True):
    """A time that people met. Times in milliseconds since the epoch; None: no fact has told it yet."""

    number: int
    started_at: int | None = None
    ended_at: int | None = None
    ended_by: str | None = None
    """Who ended it for all; None: it ended by itself, or has not ended."""
    forgotten_at: int | None = None
    """When what it had left behind was deleted; None: it is kept."""


class Records:
    """The records of all meetings. Reads are strongly consistent."""

    def __init__(self, repository: Repository, recordings: RecordingsTable) -> None:
        self._repository = repository
        self._recordings = recordings
        self._table = repository.table

    def record(self, room_id: MeetingId, changes: Changes) -> Meeting:
        """Adds what happened in a room, and gives its meeting as it was. May be repeated, in any order
        (see `domain.record`). Nothing is added to a session that was forgotten.

        Raises:
            MeetingNotFoundError: there is no such meeting.
        """
        meeting_id, session = session_of(room_id)
        key = session_key(meeting_id, session)
        found = self._repository.find_for(meeting_id, identity=None, address=None, beside=(key,))
        if "forgotten_at" in found.beside.get(key, {}):
            return found.meeting
        for stay in changes.attendance.values():
            write_stay(self._table, room_id, stay)
        for person in changes.people.values():
            write_person(self._table, room_id, person)
        write_turns(self._table, room_id, changes.turns.values())
        for line in changes.chat.values():
            write_line(self._table, room_id, line)
        for poll in changes.polls.values():
            write_poll(self._table, room_id, poll)
        write_longest_notes(self._table, room_id, changes.longest_notes)
        write_notes(self._table, room_id, changes.notes)
        write_breakouts(self._table, room_id, changes.breakouts.values())
        for recording in changes.recordings.values():
            self._recordings.record(found.meeting, session, recording)
        for identity, ban in changes.bans.items():
            self._ban((f"MEETING#{meeting_id}", f"BAN#{identity}"), session, ban)
        if changes.started_at is not None:
            self._session_began(meeting_id, session, changes.started_at)
            self._repository.record_start(meeting_id, session, changes.started_at)
        if changes.ended is not None:
            self.end_session(meeting_id, session, changes.ended)
        return found.meeting

    def end_session(self, meeting_id: MeetingId, session: int, ended: Ended) -> None:
        """A session is over, unless an earlier end of it is known."""
        key, by = session_key(meeting_id, session), ended.by or None
        set_earlier(
            self._table,
            key,
            "ended_at",
            {"number": session, "ended_at": ended.at, **kept_place(room_of(meeting_id, session), ended.at)}
            | ({} if by is None else {"ended_by": by}),
            ("ended_by",) if by is None else (),
        )
        self._repository.record_end(meeting_id, session, ended.at, by)

    def sessions(self, meeting_id: MeetingId, *, before: int | None, limit: int) -> tuple[list[Session], bool]:
        """Sessions that facts have told of, the latest first, and whether others may follow: one query. ``before``:
        the number of the last one that is known."""
        if before == 0:
            return [], False
        last = "SESSION#~" if before is None else session_key(meeting_id, before - 1)[1]
        items, more = self._table.page(f"MEETING#{meeting_id}", "SESSION#", last, limit=limit, backwards=True)
        return [msgspec.convert(item, Session) for item in items], more

    def session(self, meeting_id: MeetingId, number: int) -> Session | None:
        """One of the times that people met; None: no fact has told of it."""
        item = self._table.get(session_key(meeting_id, number))
        return None if item is None else msgspec.convert(item, Session)

    def attendance(self, room_id: MeetingId, identity: Identity | None = None) -> tuple[Attendance, ...]:
        """Everyone's stays, or one person's, in the order of their keys."""
        return tuple(entry for entry in self._attended(room_id, identity) if isinstance(entry, Attendance))

    def turns(self, room_id: MeetingId) -> tuple[Turn, ...]:
        """What changed in everyone's stays, stay by stay."""
        return tuple(entry for entry in self._attended(room_id, None) if isinstance(entry, Turn))

    def people(self, room_id: MeetingId) -> tuple[Person, ...]:
        """Everybody who was there."""
        return tuple(msgspec.convert(item, Person) for item in self._items(room_id, "PERSON#"))

    def chat(self, room_id: MeetingId) -> tuple[ChatLine, ...]:
        """The chat, in its order."""
        return tuple(msgspec.convert(item, ChatLine) for item in self._items(room_id, "CHAT#"))

    def polls(self, room_id: MeetingId) -> tuple[Poll, ...]:
        """The polls, in the order of their ids."""
        return tuple(msgspec.convert(item, Poll) for item in self._items(room_id, "POLL#"))

    def notes(self, room_id: MeetingId) -> Notes | None:
        """The shared notes, as they were kept last; None: none were."""
        return written_notes(self._table, room_id)

    def longest_notes(self, room_id: MeetingId) -> Notes | None:
        """The shared notes, as they were kept when they were longest; None: none were."""
        return written_longest_notes(self._table, room_id)

    def breakouts(self, room_id: MeetingId) -> tuple[BreakoutNews, ...]:
        """What became of breakout rooms, in its order."""
        return tuple(msgspec.convert(item, BreakoutNews) for item in self._items(room_id, "BREAKOUTS#"))

    def _attended(self, room_id: MeetingId, identity: Identity | None) -> Iterator[Attendance | Turn]:
        prefix = "ATTENDANCE#" if identity is None else f"ATTENDANCE#{identity}#"
        return map(attended_of, self._items(room_id, prefix))

    def _items(self, room_id: MeetingId, prefix: str) -> list[dict[str, Any]]:
        return list(self._table.query(f"MEETING#{room_id}", prefix))

    def _session_began(self, meeting_id: MeetingId, session: int, at: int) -> None:
        key = session_key(meeting_id, session)
        place = kept_place(room_of(meeting_id, session), at)
        set_earlier(self._table, key, "started_at", {"number": session, "started_at": at, **place})

    def _ban(self, key: Key, session: int, ban: Ban) -> None:
        """What the latest session, and in it the latest version, says of somebody."""
        moment = session * 10**9 + ban.version
        self._table.update(
            key,
            sets={"is_banned": ban.is_banned, "moment": moment} | ({"name": ban.name} if ban.name else {}),
            condition="attribute_not_exists(#moment) OR #moment < :moment",
            values={":moment": moment},
        )


def session_key(meeting_id: MeetingId, session: int) -> Key:
    """The key of a session."""
    return f"MEETING#{meeting_id}", f"SESSION#{session:06d}"


def kept_place(room_id: MeetingId, at: int) -> dict[str, str]:
    """The place of a session among those whose histories are kept."""
    return {"gsi1pk": f"KEPT#{zlib.crc32(room_id.encode()) % KEPT_SHARDS:02d}", "gsi1sk": f"{at:015d}#{room_id}"}
