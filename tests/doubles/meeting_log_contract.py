"""What every `MeetingLog` does. The suites that import this give a fixture ``log`` and a meeting id that is new."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import pytest

from contracts.log_events import ChatSent, LogEvent, MeetingEnded, MeetingStarted
from contracts.rooms import (
    ChatMessage,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    Permissions,
    PollInfo,
    PublishPermission,
    Role,
    RoomPolicy,
    TrackId,
    TrackInfo,
    TrackKind,
    TrackSource,
)
from signaling_gateway.domain.room_state import Notes, Poll, PublishedTrack, RoomState, SentMessage, Stay
from signaling_gateway.service.meeting_log import Conflict, LoadedLog, LogLostError, MeetingLog


def said(text: str) -> LogEvent:
    message = ChatMessage(id=text, participant_id=ParticipantId("p"), name="Ädä \U0001f600", text=text, at=5)
    return ChatSent(at=5, message=message)


ADA = Stay(
    info=ParticipantInfo(
        id=ParticipantId("p_2"),
        identity=Identity("u_1"),
        name="Ädä",
        role=Role.HOST,
        permissions=Permissions(publish=(PublishPermission.AUDIO,), chat=True),
        joined_at=3,
        connected=False,
    ),
    gateway_id=GatewayId("g"),
    resume_hash="aa",
    connection=2,
    disconnected_at=7,
    granted=Permissions(chat=True),
    asked_to_unmute=frozenset({TrackSource.MICROPHONE}),
)
TRACK = TrackInfo(
    id=TrackId("t"), participant_id=ADA.info.id, source=TrackSource.SCREEN, kind=TrackKind.VIDEO, muted=True
)
POLL = PollInfo(
    id="q", participant_id=ADA.info.id, question="?", options=("a", "b"), multiple=False, votes=(0, 1), voters=1
)
FULL_ROOM = RoomState(
    version=2,
    meeting_id=MeetingId("m"),
    node_id=NodeId("n"),
    stays={ADA.info.id: ADA, ParticipantId("p_1"): ADA},
    tracks={TRACK.id: PublishedTrack(info=TRACK, mid="0")},
    lobby={ParticipantId("p_3"): ADA},
    banned={Identity("u_9"): "Ix"},
    admitted=frozenset({Identity("u_1"), Identity("u_2")}),
    policy=RoomPolicy(lobby=True),
    role_permissions={Role.GUEST: Permissions()},
    own_permissions={Identity("u_2"): Permissions(subscribe=True)},
    own_roles={Identity("u_2"): Role.COHOST},
    spotlight=(ParticipantId("p_1"),),
    polls={"q": Poll(info=POLL, votes={Identity("u_1"): (1,)})},
    notes=Notes(
        text="\U0001f600b",
        revision=2,
        edits=(("\U0001f600a",), (1, "b", -1)),
        latest={ParticipantId("p_1"): "e"},
        writers=(Identity("u_1"),),
        unkept_since=6,
    ),
    chat=(
        SentMessage(
            message=ChatMessage(id="c", participant_id=ADA.info.id, name="Ädä", text="\U0001f600", at=5, to="hosts"),
            author=Identity("u_1"),
            to_identity=None,
        ),
    ),
    chat_characters=1,
)


Log = TypeVar("Log", bound=MeetingLog)


class MeetingLogContract(ABC, Generic[Log]):
    @abstractmethod
    async def lose(self, log: Log, meeting_id: MeetingId, count: int) -> None:
        """Has the last ``count`` entries be gone, as in a replica that lagged behind."""

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

    async def test_a_log_with_another_past_is_noticed(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        for after in (1, 2):
            with pytest.raises(LogLostError):
                await log.append(meeting_id, after=after, follows="h:1", events=[said("c")], append_id="h:2")
            with pytest.raises(LogLostError):
                await log.read(meeting_id, after=after, follows="h:1")
        assert await log.append(meeting_id, after=2, follows="g:1", events=[said("c")], append_id="h:2") is None
        assert len(await log.read(meeting_id, after=2, follows="g:1")) == 1

    @pytest.mark.parametrize("lost", [1, 2, 4])
    @pytest.mark.parametrize("known_from", [0, 1])
    async def test_what_was_lost_is_given_back(
        self, log: Log, meeting_id: MeetingId, lost: int, known_from: int
    ) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), said('"b"\n')], append_id="g:1")
        await log.append(meeting_id, after=2, events=[said("c")], append_id="h:1")
        await log.append(meeting_id, after=3, events=[said("d")], append_id="g:2")
        entries = await log.read(meeting_id, after=0)
        state = RoomState(version=4, meeting_id=meeting_id)
        await self.lose(log, meeting_id, lost)
        for _ in range(2):
            assert await log.mend(meeting_id, state=state, entries=entries[known_from:])
        assert await log.read(meeting_id, after=2) == entries[2:]
        if lost == 4 and known_from:
            assert await log.load(meeting_id) == LoadedLog(state=state, entries=entries[1:])
        assert await log.append(meeting_id, after=4, follows="g:2", events=[said("e")], append_id="g:3") is None
        assert await log.mend(meeting_id, state=state, entries=entries[known_from:])
        assert len(await log.read(meeting_id, after=2)) == 3

    async def test_a_log_that_went_another_way_is_left_as_it_is(self, log: Log, meeting_id: MeetingId) -> None:
        await log.append(meeting_id, after=0, events=[said("a")], append_id="g:1")
        await log.append(meeting_id, after=1, events=[said("b")], append_id="g:2")
        await log.append(meeting_id, after=2, events=[said("c")], append_id="g:3")
        known = await log.read(meeting_id, after=0)
        await self.lose(log, meeting_id, 2)
        await log.append(meeting_id, after=1, events=[said("x")], append_id="h:1")
        entries = await log.read(meeting_id, after=0)
        assert not await log.mend(meeting_id, state=RoomState(version=3), entries=known)
        assert not await log.mend(meeting_id, state=RoomState(version=3), entries=known[2:])
        assert not await log.mend(meeting_id, state=RoomState(version=3), entries=())
        assert await log.read(meeting_id, after=0) == entries

    async def test_of_many_at_once_one_wins_each_version(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        results = await asyncio.gather(
            *(log.append(meeting_id, after=0, events=[said(f"{n}")], append_id=f"g:{n}") for n in range(10))
        )
        assert results.count(None) == 1
        [entry] = await log.read(meeting_id, after=0)
        assert entry.append_id == f"g:{results.index(None)}"

    async def test_a_room_without_a_checkpoint_is_loaded_from_its_whole_log(
        self, log: MeetingLog, meeting_id: MeetingId
    ) -> None:
        assert await log.load(meeting_id) == LoadedLog(state=RoomState(), entries=())
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        assert await log.load(meeting_id) == LoadedLog(state=RoomState(), entries=await log.read(meeting_id, after=0))

    async def test_a_room_is_loaded_from_its_checkpoint_and_what_followed(
        self, log: MeetingLog, meeting_id: MeetingId
    ) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        await log.keep_checkpoint(meeting_id, FULL_ROOM)
        await log.append(meeting_id, after=2, events=[said("c")], append_id="g:2")
        loaded = await log.load(meeting_id)
        assert loaded.state == FULL_ROOM
        assert list(loaded.state.stays) == list(FULL_ROOM.stays)
        assert loaded.entries == await log.read(meeting_id, after=0)
        assert len(await log.kept(meeting_id)) == 3

    async def test_a_newer_checkpoint_stands_against_an_older_one(self, log: MeetingLog, meeting_id: MeetingId) -> None:
        await log.append(meeting_id, after=0, events=[said("a"), said("b")], append_id="g:1")
        await log.keep_checkpoint(meeting_id, FULL_ROOM)
        await log.keep_checkpoint(meeting_id, RoomState(version=1))
        assert (await log.load(meeting_id)).state == FULL_ROOM

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
