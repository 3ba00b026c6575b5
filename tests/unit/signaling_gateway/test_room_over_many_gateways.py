"""Many gateways, one log, an unreliable channel: whatever happens, they agree, and nobody does what they may not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Struct

from contracts.account_standing import AccessLoss, AccountStanding, TokenSession
from contracts.client_messages import Closing
from contracts.log_events import (
    ChatSent,
    LogEvent,
    MeetingStarted,
)
from contracts.rooms import (
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    Permissions,
    PublishPermission,
    Role,
    TrackId,
    TrackSource,
)
from signaling_gateway.domain import commands
from signaling_gateway.domain.access_loss import HeedAccount
from signaling_gateway.domain.evolve import evolve, evolve_all
from signaling_gateway.domain.notes import EditNotes, KeepNotes
from signaling_gateway.domain.room_state import RoomState
from signaling_gateway.domain.service_commands import EndByService
from signaling_gateway.errors import GatewayError, LogUnavailableError, Refusal
from signaling_gateway.service import live_room
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.meeting_log import LogEntry, append_id_of
from tests.doubles.memory_log import MemoryLog
from tests.unit.signaling_gateway.room_rules import assert_allowed, assert_noted_rightly, assert_recorded_rightly

MEETING = MeetingId("m")
CHECKPOINT_EVERY = 4
GATEWAYS = [GatewayId(f"g{number}") for number in range(3)]
PARTICIPANTS = [ParticipantId(f"p{number}") for number in range(4)]
IDENTITIES = [Identity(f"u{number}") for number in range(3)]
TRACKS = [TrackId(f"t{number}") for number in range(5)]

permissions = st.builds(
    Permissions,
    publish=st.lists(st.sampled_from(PublishPermission), unique=True, max_size=3).map(tuple),
    subscribe=st.booleans(),
    chat=st.booleans(),
    moderate=st.booleans(),
    record=st.booleans(),
    notes=st.booleans(),
)
gateways = st.sampled_from(GATEWAYS)
participants = st.sampled_from(PARTICIPANTS)
connections = st.integers(1, 30)
messages = st.integers(1, 9).map(lambda number: f"m{number}")

joins = st.builds(
    commands.Join,
    meeting_id=st.just(MEETING),
    participant_id=participants,
    identity=st.sampled_from(IDENTITIES),
    name=st.text(max_size=3),
    role=st.sampled_from(Role),
    permissions=permissions,
    gateway_id=gateways,
    resume_hash=st.sampled_from(["aa", "bb"]),
    tabs=st.sampled_from([None, 1]),
    replaces=st.booleans(),
    session=st.sampled_from([None, TokenSession(id="s")]),
)
wanted_tracks = st.lists(
    st.builds(
        commands.TrackToPublish,
        mid=st.sampled_from(["0", "1", "2"]),
        source=st.sampled_from(TrackSource),
        track_id=st.sampled_from(TRACKS),
        muted=st.booleans(),
    ),
    max_size=3,
    unique_by=(lambda track: track.track_id),
).map(tuple)
others = st.one_of(
    st.builds(
        HeedAccount,
        identity=st.sampled_from(IDENTITIES),
        standing=st.sampled_from([None, AccountStanding(version=1, closed=AccessLoss.SUSPENDED)]),
        ended=st.sampled_from([frozenset(), frozenset({"s"})]),
    ),
    st.builds(
        commands.Resume,
        participant_id=participants,
        identity=st.sampled_from(IDENTITIES),
        secret_hash=st.sampled_from(["aa", "bb"]),
        gateway_id=gateways,
    ),
    st.builds(commands.LoseConnection, participant_id=participants, connection=connections, gateway_id=gateways),
    st.builds(commands.ReclaimConnection, participant_id=participants, connection=connections, gateway_id=gateways),
    st.builds(commands.AdoptParticipants, lost_gateway_id=gateways, gateway_id=gateways),
    st.builds(
        commands.EndGrace, participant_id=participants, connection=connections, grace_ms=st.sampled_from([0, 50])
    ),
    st.builds(commands.Leave, participant_id=participants),
    st.builds(commands.Remove, participant_id=participants, target=participants),
    st.builds(
        EditNotes,
        participant_id=participants,
        edit_id=messages,
        revision=st.integers(0, 3),
        change=st.sampled_from([("a",), (1, "b"), (-1,), (2, -1, "c")]),
    ),
    st.just(KeepNotes()),
    st.builds(commands.PublishTracks, participant_id=participants, tracks=wanted_tracks),
    st.builds(commands.Mute, participant_id=participants, track_id=st.sampled_from(TRACKS)),
    st.builds(commands.Unmute, participant_id=participants, track_id=st.sampled_from(TRACKS)),
    st.builds(
        commands.StartRecording,
        participant_id=participants,
        recording_id=st.sampled_from(["r1", "r2"]),
        prefix=st.just("m/r/"),
    ),
    st.builds(commands.StopRecording, participant_id=participants, recording_id=st.sampled_from(["r1", "r2"])),
    st.builds(commands.FailRecording, recording_id=st.sampled_from(["r1", "r2"])),
    *(st.builds(each, participant_id=participants) for each in (commands.RaiseHand, commands.LowerAllHands)),
    st.builds(commands.LowerHand, participant_id=participants, target=st.none() | participants),
    st.builds(commands.StopTrack, participant_id=participants, track_id=st.sampled_from(TRACKS)),
    st.builds(commands.MuteAll, participant_id=participants, source=st.sampled_from(TrackSource)),
    st.builds(
        commands.AskToUnmute,
        participant_id=participants,
        target=participants,
        source=st.sampled_from(TrackSource),
    ),
    st.builds(
        commands.SetPolicy,
        participant_id=participants,
        locked=st.none() | st.booleans(),
        lobby=st.none() | st.booleans(),
        unmute=st.none() | st.booleans(),
    ),
    st.builds(commands.Admit, participant_id=participants, targets=st.none() | st.tuples(participants)),
    st.builds(commands.RefuseEntry, participant_id=participants, target=participants),
    st.builds(commands.Unban, participant_id=participants, identity=st.sampled_from(IDENTITIES)),
    st.builds(
        commands.SetRole,
        participant_id=participants,
        target=participants,
        role=st.sampled_from([Role.COHOST, Role.PARTICIPANT]),
    ),
    st.builds(commands.SetPermissions, participant_id=participants, target=participants, permissions=permissions),
    st.builds(
        commands.SetRolePermissions,
        participant_id=participants,
        role=st.sampled_from([Role.PARTICIPANT, Role.GUEST]),
        permissions=permissions,
    ),
    st.builds(
        commands.SetSpotlight, participant_id=participants, targets=st.lists(participants, max_size=2).map(tuple)
    ),
    st.builds(commands.Rename, participant_id=participants, target=st.none() | participants, name=st.text(max_size=3)),
    st.builds(commands.EditChat, participant_id=participants, message_id=messages, text=st.just("y")),
    st.builds(commands.RemoveChat, participant_id=participants, message_id=messages),
    st.builds(
        commands.CreatePoll,
        participant_id=participants,
        poll_id=st.just("q"),
        question=st.just("?"),
        options=st.just(("a", "b")),
        multiple=st.booleans(),
    ),
    st.builds(
        commands.Vote,
        participant_id=participants,
        poll_id=st.just("q"),
        options=st.lists(st.integers(0, 2), max_size=2).map(tuple),
    ),
    st.builds(commands.ClosePoll, participant_id=participants, poll_id=st.just("q")),
    st.builds(
        commands.OpenBreakouts,
        participant_id=participants,
        rooms=st.tuples(
            st.builds(
                commands.NewBreakout,
                id=st.just("b1"),
                name=st.just("One"),
                participant_ids=st.lists(participants, max_size=2, unique=True).map(tuple),
            ),
            st.just(commands.NewBreakout(id="b2", name="Two", participant_ids=(), identities=(IDENTITIES[0],))),
        ),
        free_choice=st.booleans(),
        close_after_ms=st.none() | st.integers(1, 50),
    ),
    st.builds(
        commands.ChangeBreakouts,
        participant_id=participants,
        free_choice=st.none() | st.booleans(),
        close_after_ms=st.none() | st.integers(1, 50),
    ),
    st.builds(commands.CloseBreakouts, participant_id=participants),
    st.builds(commands.EndBreakouts),
    st.builds(
        commands.MoveToBreakout,
        participant_id=participants,
        targets=st.lists(participants, min_size=1, max_size=2).map(tuple),
        breakout_id=st.sampled_from([None, "b1", "b2"]),
    ),
    st.builds(commands.EnterBreakout, participant_id=participants, breakout_id=st.sampled_from([None, "b1", "b2"])),
    st.builds(
        commands.PlaceNode,
        node_id=st.sampled_from([NodeId("n0"), NodeId("n1")]),
        instead_of=st.sampled_from([None, NodeId("n0")]),
    ),
    st.builds(
        commands.PlaceParticipant,
        participant_id=participants,
        node_id=st.sampled_from([NodeId("n0"), NodeId("n1"), NodeId("n2")]),
        instead_of=st.sampled_from([NodeId("n0"), NodeId("n1")]),
        nodes=st.sampled_from([(NodeId("n0"),), (NodeId("n0"), NodeId("n1"))]),
    ),
)
ends = st.one_of(
    st.builds(commands.EndMeeting, participant_id=participants),
    st.builds(EndByService, meeting_id=st.just(MEETING), by=st.none()),
)


class Silent:
    """Delivers to nobody, listens to nothing."""

    def send(self, sids: Iterable[str], event: str, message: Struct) -> None:
        pass

    def replaced(self, sid: str, closing: Closing) -> None:
        pass

    def close(self, sid: str, closing: Closing) -> None:
        pass

    def happened(self, room: LiveRoom, entries: Sequence[LogEntry]) -> None:
        pass

    def lost(self, room: LiveRoom) -> None:
        raise AssertionError("a log in memory is not lost")


class RoomOverManyGateways(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.time = 1000
        self.failed_over_at = 0
        self.message_ids = itertools.count(1)
        self.acknowledged: list[str] = []
        self.announced: dict[GatewayId, list[tuple[tuple[LogEntry, ...], str]]] = {gateway: [] for gateway in GATEWAYS}
        self.log = MemoryLog(self._announce)
        self.tasks = BackgroundTasks()
        self.rooms = {gateway: self._room(gateway) for gateway in GATEWAYS}

    def _room(self, gateway: GatewayId) -> LiveRoom:
        return LiveRoom(
            MEETING,
            log=self.log,
            now=lambda: self.time,
            append_ids=(append_id_of(gateway, number) for number in itertools.count(1)),
            delivery=Silent(),
            listener=Silent(),
            tasks=self.tasks,
        )

    def _announce(self, meeting_id: MeetingId, entries: tuple[LogEntry, ...], follows: str) -> None:
        for waiting in self.announced.values():
            waiting.append((entries, follows))

    def _run(self, *work: Coroutine[Any, Any, Any]) -> list[Any]:
        async def together() -> list[Any]:
            results = await asyncio.gather(*work, return_exceptions=True)
            await self.tasks.settle(5)
            return results

        results = self.loop.run_until_complete(together())
        for result in results:
            if isinstance(result, BaseException):
                assert isinstance(result, Refusal | LogUnavailableError), result
        return results

    @initialize(first=joins)
    def someone_is_there(self, first: commands.Join) -> None:
        self._run(self.rooms[GATEWAYS[0]].execute(first))

    @rule(gateway=gateways, join=joins)
    def join(self, gateway: GatewayId, join: commands.Join) -> None:
        self._run(self.rooms[gateway].execute(join))

    @rule(work=st.lists(st.tuples(gateways, st.one_of(joins, others)), min_size=1, max_size=6))
    def do_at_once(self, work: list[tuple[GatewayId, commands.RoomCommand]]) -> None:
        self._run(*(self.rooms[gateway].execute(command) for gateway, command in work))

    @rule(gateway=gateways, end=ends, likely=st.integers(0, 9))
    def end(self, gateway: GatewayId, end: commands.RoomCommand, likely: int) -> None:
        if likely == 0:
            self._run(self.rooms[gateway].execute(end))

    @rule(speakers=st.lists(st.tuples(gateways, participants), min_size=1, max_size=5), lost_answers=st.integers(0, 2))
    def chat_at_once(self, speakers: list[tuple[GatewayId, ParticipantId]], lost_answers: int) -> None:
        self.log.answers_to_lose = lost_answers
        messages = [(gateway, speaker, f"m{next(self.message_ids)}") for gateway, speaker in speakers]
        results = self._run(
            *(
                self.rooms[gateway].execute(commands.SendChat(participant_id=speaker, message_id=message, text="x"))
                for gateway, speaker, message in messages
            )
        )
        self.log.answers_to_lose = 0
        self.acknowledged += [
            message for (_, _, message), result in zip(messages, results, strict=True) if isinstance(result, tuple)
        ]

    @rule(gateway=gateways, data=st.data(), times=st.integers(1, 2))
    def deliver(self, gateway: GatewayId, data: st.DataObject, times: int) -> None:
        """Any waiting announcement, so in any order; perhaps it comes once more later."""
        waiting = self.announced[gateway]
        if waiting:
            position = data.draw(st.integers(0, len(waiting) - 1))
            entries, follows = waiting[position] if times > 1 else waiting.pop(position)
            self._run(self._announced(gateway, entries, follows))

    async def _announced(self, gateway: GatewayId, entries: tuple[LogEntry, ...], follows: str) -> None:
        self.rooms[gateway].announced(entries, follows)

    @rule(gateway=gateways)
    def lose_announcements(self, gateway: GatewayId) -> None:
        self.announced[gateway].clear()

    @rule(count=st.integers(1, 6), order=st.permutations(GATEWAYS), at_once=st.booleans())
    def redis_fails_over(self, *, count: int, order: list[GatewayId], at_once: bool) -> None:
        """Redis goes on with a replica that lags behind; no gateway does anything before it has read the log again."""
        for waiting in self.announced.values():
            waiting.clear()
        self.log.lose(MEETING, count)
        if at_once:
            self._run(*(self.rooms[gateway].caught_up() for gateway in order))
        for gateway in order:
            self._run(self.rooms[gateway].caught_up())
        self.failed_over_at = len(self._events())

    @rule(gateway=gateways)
    def restart_gateway(self, gateway: GatewayId) -> None:
        self.rooms[gateway] = self._room(gateway)
        self._run(self.rooms[gateway].load())

    @rule(milliseconds=st.integers(-100, 100))
    def clocks_differ(self, milliseconds: int) -> None:
        self.time += milliseconds

    @invariant()
    def every_gateway_has_a_true_past(self) -> None:
        events = self._events()
        for room in self.rooms.values():
            assert room.state == evolve_all(RoomState(), events[: room.state.version])

    @invariant()
    def checkpoints_are_kept_and_true(self) -> None:
        events = self._events()
        checkpoint = self.log.checkpoints.get(MEETING)
        if checkpoint is not None:
            assert checkpoint == evolve_all(RoomState(), events[: checkpoint.version])
        # Redis may have lost the checkpoint; then the next one is waited for.
        kept_at = self.failed_over_at if checkpoint is None else max(checkpoint.version, self.failed_over_at)
        assert len(events) // CHECKPOINT_EVERY <= kept_at // CHECKPOINT_EVERY

    @invariant()
    def versions_have_no_gaps(self) -> None:
        entries = self.log.entries[MEETING]
        assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
        assert all(isinstance(entry.event, MeetingStarted) == (entry.version == 1) for entry in entries)

    @invariant()
    def every_acknowledged_message_stands_once(self) -> None:
        said = [event.message.id for event in self._events() if isinstance(event, ChatSent)]
        assert len(said) == len(set(said))
        assert set(self.acknowledged) <= set(said)

    @invariant()
    def nobody_did_what_they_may_not(self) -> None:
        state, latest = RoomState(), 0
        for event in self._events():
            assert_allowed(state, event)
            assert event.at >= latest
            latest = event.at
            before = state
            state = evolve(state, event)
            assert_recorded_rightly(before, event, state)
            assert_noted_rightly(before, event, state)

    def teardown(self) -> None:
        self._run(*(room.caught_up() for room in self.rooms.values()))
        states = [room.state for room in self.rooms.values()]
        assert all(state == states[0] for state in states)
        self.loop.close()

    def _events(self) -> list[LogEvent]:
        return [entry.event for entry in self.log.entries[MEETING]]


TestRoomOverManyGateways = RoomOverManyGateways.TestCase
TestRoomOverManyGateways.settings = settings(
    max_examples=150, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(autouse=True)
def _no_pauses_and_many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_room, "UNAVAILABLE_DELAYS_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(live_room, "CHECKPOINT_EVERY", CHECKPOINT_EVERY)


async def test_a_log_that_stays_away_is_told_to_every_caller() -> None:
    class Away(MemoryLog):
        async def append(self, *_: Any, **__: Any) -> None:
            raise LogUnavailableError

        async def read(self, *_: Any, **__: Any) -> Any:
            raise LogUnavailableError

    machine_tasks = BackgroundTasks()
    room = LiveRoom(
        MEETING,
        log=Away(),
        now=lambda: 1,
        append_ids=(append_id_of(GATEWAYS[0], number) for number in itertools.count(1)),
        delivery=Silent(),
        listener=Silent(),
        tasks=machine_tasks,
    )
    command = EndByService(meeting_id=MEETING, by=None)
    results = await asyncio.gather(*(room.execute(command) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, GatewayError) and result.code == "service_unavailable" for result in results)
    await machine_tasks.settle(0)
