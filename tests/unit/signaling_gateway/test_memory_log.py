"""The log in memory keeps the contract that the real one keeps."""

from __future__ import annotations

import pytest

from contracts.rooms import MeetingId
from tests.doubles.meeting_log_contract import MeetingLogContract
from tests.doubles.memory_log import MemoryLog


class TestMemoryLog(MeetingLogContract[MemoryLog]):
    @pytest.fixture
    def log(self) -> MemoryLog:
        return MemoryLog()

    @pytest.fixture
    def meeting_id(self) -> MeetingId:
        return MeetingId("m_1")

    async def lose(self, log: MemoryLog, meeting_id: MeetingId, count: int) -> None:
        log.lose(meeting_id, count)
