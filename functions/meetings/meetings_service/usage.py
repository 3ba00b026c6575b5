"""Counts sessions once they have ended, and anew when facts of them come later: `domain.usage`."""

from __future__ import annotations

from contracts.rooms import MeetingId, session_of
from meetings_service.adapters.records import Records
from meetings_service.adapters.usage_table import UsageTable
from meetings_service.domain.meetings import Meeting
from meetings_service.domain.record import Changes
from meetings_service.domain.usage import count_of


class Usage:
    """What facts add to the counters."""

    def __init__(self, *, records: Records, table: UsageTable) -> None:
        self._records = records
        self._table = table

    def settle(self, meeting: Meeting, room_id: MeetingId, changes: Changes) -> None:
        """Counts the session of a room, if facts have told of its end, and of something that is counted. To be called
        once ``changes`` are in the record. May be repeated."""
        if not changes.attendance and changes.ended is None:
            return
        session = self._records.session(meeting.id, session_of(room_id)[1])
        if session is None or session.ended_at is None:
            return
        stays = self._records.attendance(room_id)
        started_at = session.ended_at if session.started_at is None else session.started_at
        count = count_of(stays, started_at=started_at, ended_at=session.ended_at)
        if count.participants:
            self._table.count(room_id, count, host_id=meeting.host_id, host_name=meeting.host_name)
