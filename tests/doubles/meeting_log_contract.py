"""What every `MeetingLog` does. The suites that import this give a fixture ``log`` and a meeting id that is new."""

from __future__ import annotations

import asyncio

import pytest

from contracts.log_events import ChatSent, LogEvent, MeetingEnded, MeetingStarted
from contracts.rooms import ChatMessage, MeetingId, ParticipantId
from signaling_gateway.service.meeting_log import Conflict, LogLostError, MeetingLog


def said(text: str) -> LogEvent:
    message = ChatMessage(id=text, participant_id=ParticipantId("p"), name="Ädä \U0001f600", text=text, at=5)
    return ChatSent(at=5, message=message)


class MeetingLogContract:
    async def test_an_empty_log_has_no_entries(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        assert await log.read(meeting_id, after=0) == ()

    async def test_what_was_appended_is_read_in_order(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        started = MeetingStarted(at=1, meeting_id=meeting_id)
        assert await log.append(meeting_id, after=0, events=[started, said("a")], append_id="g:1") is None
        assert await log.append(meeting_id, after=2, events=[said('"b"\n')], append_id="h:1") is None
        entries = await log.read(meeting_id, after=0)
        assert [entry.version for entry in entries] == [1, 2, 3]
        assert [entry.event for entry in entries] == [started, said("a"), said('"b"\n')]
        assert [entry.append_id for entry in entries] == ["g:1", "g:1", "h:1"]
        assert await log.read(meeting_id, after=2) == entries[2:]
        assert await log.read(meeting_id, after=3) == ()

    async def test_a_stale_append_changes_nothing_and_tells_what_it_missed(
        self, log: MeetingLog, meeting_id: MeetingId
    ) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        entries = await log.read(meeting_id, after=0)
        for after in (0, 1):
            conflict = await log.append(meeting_id, after=after, events=[said("c")], append_id="h:1")
            assert conflict == Conflict(entries=entries[after:])
        assert await log.read(meeting_id, after=0) == entries

    async def test_a_log_shorter_than_what_was_known_is_noticed(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
        with pytest.raises(LogLostError):
            await log.append(meeting_id, after=2, events=[said("b")], append_id="g:2")
        with pytest.raises(LogLostError):
            await log.read(meeting_id, after=2)

    async def test_of_many_at_once_one_wins_each_version(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        results = await asyncio.gather(
            *(log.append(meeting_id, after=0, events=[said(f"{n}")], append_id=f"g:{n}") for n in range(10))
        )
        assert results.count(None) == 1
        [entry] = await log.read(meeting_id, after=0)
        assert entry.append_id == f"g:{results.index(None)}"

    async def test_meetings_do_not_mix(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        other = MeetingId(f"{meeting_id}x")
        await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
        assert await log.append(other, after=0, events=[said("b")], append_id="g:2") is None
        assert [entry.event for entry in await log.read(other, after=0)] == [said("b")]

    async def test_a_long_log_is_read_whole(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        events = [said(f"{number}") for number in range(2500)]
        await log.append(meeting_id, after=0, events=events, append_id="g:1")
        assert [entry.event for entry in await log.read(meeting_id, after=0)] == events
        assert len(await log.read(meeting_id, after=1)) == 2499

    async def test_an_ended_log_can_still_be_read(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), MeetingEnded(at=9, by=None)], append_id="g:1")
        assert len(await log.read(meeting_id, after=0)) == 2
