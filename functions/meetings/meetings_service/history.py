"""What a session of a meeting leaves behind, and who may read it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from contracts.access_control import Permission
from contracts.access_token import AccessClaims
from contracts.rooms import MeetingId
from functions.serverless.cursors import cursor_of_text, identity_of, number_of
from meetings_service.adapters.histories import FoundSession, Histories
from meetings_service.adapters.records import Session
from meetings_service.domain.attendance import Attendance, Turn
from meetings_service.domain.attendance_report import PersonReport, reports
from meetings_service.domain.breakout_history import OpenedBreakout
from meetings_service.domain.chat_history import ChatLine, Reader, may_read
from meetings_service.domain.meeting_settings import RUNNING
from meetings_service.domain.meetings import Meeting, is_meeting_id
from meetings_service.domain.notes import Notes, is_mostly_gone, may_read_notes
from meetings_service.domain.polls import Poll
from meetings_service.errors import MeetingNotFoundError, NotTheHostError, NotThereError, SessionNotFoundError
from meetings_service.scheduling import role_in

DAY_MS = 86_400_000
_READ_AT_ONCE = 500
_PART_CHARACTERS = 2_000_000
"""So long is the text of one part of a chat that is taken away as a whole; an answer has 6 MB at most."""


class OpenSession(Struct, frozen=True, kw_only=True):
    """A session that somebody may read something of. What was written before ``kept_from`` is not kept any more."""

    meeting: Meeting
    room_id: MeetingId
    session: Session
    reader: Reader
    kept_from: int


class ChatPage(Struct, frozen=True, kw_only=True):
    """Messages, and where the next ones begin."""

    lines: tuple[ChatLine, ...]
    next_cursor: str | None


class AttendancePage(Struct, frozen=True, kw_only=True):
    """People, the names of breakout rooms by their ids, and where the next people begin."""

    people: tuple[PersonReport, ...]
    breakouts: dict[str, str]
    next_cursor: str | None


class History:
    """Reads of one session. ``clock``: seconds since the epoch."""

    def __init__(self, *, histories: Histories, clock: Callable[[], float], logger: logging.Logger) -> None:
        self._histories = histories
        self._clock = clock
        self._logger = logger

    def open_for_those_who_run_it(self, caller: AccessClaims, meeting_id: str, session: str) -> OpenSession:
        """A session, for the host, co-hosts and administrators.

        Raises:
            MeetingNotFoundError, NotTheHostError, SessionNotFoundError
        """
        found = self._find(caller, meeting_id, session)
        if not (_runs(found, caller) or caller.may(Permission.MEETINGS_ADMINISTER)):
            raise NotTheHostError
        return self._opened(found, caller)

    def open(self, caller: AccessClaims, meeting_id: str, session: str) -> OpenSession:
        """A session, for those who were there, too.

        Raises:
            MeetingNotFoundError, NotThereError, SessionNotFoundError
        """
        found = self._find(caller, meeting_id, session)
        was_there = found.person is not None and bool(found.person.came_in)
        if not (was_there or _runs(found, caller) or caller.may(Permission.MEETINGS_ADMINISTER)):
            raise NotThereError
        return self._opened(found, caller)

    def chat(self, opened: OpenSession, *, cursor: str | None, limit: int) -> ChatPage:
        """A page of what the reader may read; lines that are for others make it shorter.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        after = 0 if cursor is None else number_of(cursor)
        lines, more = self._histories.chat(opened.room_id, after=after, limit=limit)
        following = cursor_of_text(str(lines[-1].version)) if more else None
        return ChatPage(lines=tuple(_readable(opened, lines)), next_cursor=following)

    def whole_chat(self, opened: OpenSession, *, cursor: str | None) -> ChatPage:
        """As `chat`, as much as an answer takes."""
        lines: list[ChatLine] = []
        characters, following = 0, cursor
        while characters < _PART_CHARACTERS:
            page = self.chat(opened, cursor=following, limit=_READ_AT_ONCE)
            lines += page.lines
            characters += sum(len(line.last_text or "") + len(line.name or "") for line in page.lines)
            following = page.next_cursor
            if following is None:
                break
        return ChatPage(lines=tuple(lines), next_cursor=following)

    def attendance(self, opened: OpenSession, *, cursor: str | None, limit: int) -> AttendancePage:
        """A page of the people who were there, with the names of breakout rooms by their ids.

        Raises:
            InvalidFieldError: the cursor is none of ours.
        """
        after = "" if cursor is None else identity_of(cursor)
        identities, more = self._histories.people(opened.room_id, after=after, limit=limit)
        if not identities:
            return AttendancePage(people=(), breakouts={}, next_cursor=None)
        people = self._reports(opened, self._histories.attended(opened.room_id, identities[0], identities[-1]))
        wanted = set(identities)
        return AttendancePage(
            people=tuple(person for person in people if person.identity in wanted),
            breakouts={room.id: room.name for room in self._histories.breakouts(opened.room_id)},
            next_cursor=cursor_of_text(identities[-1]) if more else None,
        )

    def everybody(self, opened: OpenSession) -> tuple[PersonReport, ...]:
        """All people who were there."""
        return self._reports(opened, self._histories.attended(opened.room_id))

    def polls(self, opened: OpenSession) -> list[Poll]:
        """The polls, in the order of their creation."""
        return self._histories.polls(opened.room_id)

    def notes(self, opened: OpenSession) -> Notes | None:
        """The shared notes, if some are kept that are for the reader."""
        return self.readable(opened, self._histories.notes(opened.room_id))

    def readable(self, opened: OpenSession, notes: Notes | None) -> Notes | None:
        """The shared notes of the session, if they are for the reader."""
        is_readable = notes is not None and notes.at >= opened.kept_from and may_read_notes(opened.reader, notes)
        return notes if is_readable else None

    def notes_before(self, opened: OpenSession, present: Notes | None) -> Notes | None:
        """The shared notes as they were when they were longest, if most of them is gone since: for the host, co-hosts
        and administrators. ``present``: what `notes` gives."""
        if present is None or not (opened.reader.runs or opened.reader.administers):
            return None
        longest = self._histories.longest_notes(opened.room_id)
        if longest is None or longest.at < opened.kept_from:
            return None
        return longest if is_mostly_gone(longest, present) else None

    def breakouts(self, opened: OpenSession) -> tuple[OpenedBreakout, ...]:
        """The breakout rooms, in the order of opening."""
        return self._histories.breakouts(opened.room_id)

    def _reports(self, opened: OpenSession, entries: Iterator[Attendance | Turn]) -> tuple[PersonReport, ...]:
        return reports(entries, ended_at=opened.session.ended_at, now=int(self._clock() * 1000))

    def _find(self, caller: AccessClaims, meeting_id: str, session: str) -> FoundSession:
        if not is_meeting_id(meeting_id):
            raise MeetingNotFoundError
        number = int(session) if re.fullmatch(r"[1-9][0-9]{0,5}", session) else 0
        return self._histories.find(MeetingId(meeting_id), number, identity=caller.sub, address=caller.proven_address)

    def _opened(self, found: FoundSession, caller: AccessClaims) -> OpenSession:
        session, now = found.session, int(self._clock() * 1000)
        kept_from = 0 if found.history_days is None else now - found.history_days * DAY_MS
        if (
            session is None
            or session.forgotten_at is not None
            or (session.ended_at is not None and session.ended_at < kept_from)
        ):
            raise SessionNotFoundError
        runs = _runs(found, caller)
        administers = not runs and caller.may(Permission.MEETINGS_ADMINISTER)
        if administers and found.person is None:
            fields = {"meeting_id": found.found.meeting.id, "session": session.number, "user_id": caller.sub}
            self._logger.info("history_read_by_administrator", extra=fields)
        reader = Reader(identity=caller.sub, runs=runs, administers=administers, person=found.person)
        return OpenSession(
            meeting=found.found.meeting, room_id=found.room_id, session=session, reader=reader, kept_from=kept_from
        )


def _runs(found: FoundSession, caller: AccessClaims) -> bool:
    return role_in(found.found, caller) in RUNNING


def _readable(opened: OpenSession, lines: list[ChatLine]) -> Iterator[ChatLine]:
    return (
        line for line in lines if may_read(opened.reader, line) and line.at is not None and line.at >= opened.kept_from
    )
