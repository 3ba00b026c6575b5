"""A node's recordings: who makes each, what gateways are told, and what goes on when one of several recorders ends."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from contracts.meeting_work import Recording, RecordingEnded, StartRecording
from contracts.node_rpc import GatewayMessage, NodeAnswer, Refused
from contracts.recording_manifest import COMPOSITE_PART, RESUMED_PART, PartEnd
from contracts.recording_order import RecordedPerson, RecordingOrder
from contracts.rooms import CompositeLayout, GatewayId, MeetingId, NodeId, ParticipantId, RecordingKind
from media_fleet import recordings as module
from media_fleet.adapters import own_modules
from media_fleet.adapters.recorders import Lost, RecorderListener, RecorderProcess, RecorderStore
from media_fleet.domain.effects import CloseTransport, Effect, RecorderEffect, TransportKey
from media_fleet.domain.errors import RecordingUnavailableError
from media_fleet.domain.recording import RECORDERS
from media_fleet.domain.room import Room
from media_fleet.domain.session_description import IceCredentials
from media_fleet.dtls_border import SrtpKeys
from media_fleet.recorder import upload, worker, worker_process
from media_fleet.recorder.protocol import Begin, CompositeOrder, PeopleChanged
from media_fleet.recorder_site import CompositeQuality, RecorderSite
from media_fleet.recordings import Recordings
from tests.unit.media_fleet.test_room_properties import END, Numbers

GATEWAY = GatewayId("g")
LIMIT = 8_000_000_000
M1, M2, M3 = (MeetingId(f"m{number}") for number in (1, 2, 3))


class _Recorders:
    """Recorders whose processes are the test."""

    def __init__(self, store: RecorderStore, listener: RecorderListener) -> None:
        self.store, self.listener = store, listener
        self.started: list[RecorderProcess] = []

    def start(self, begin: Begin) -> RecorderProcess:
        self.started.append(RecorderProcess(begin))
        return self.started[-1]


class Node:
    """All of a node that recordings need: real rooms, and a plane that keeps which transports are open."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, *, most_composites: int = 9) -> None:
        self.recorders: list[_Recorders] = []
        monkeypatch.setattr(module, "Recorders", self._make)
        self.open: set[tuple[MeetingId, TransportKey]] = set()
        self.told: list[GatewayMessage] = []
        self.rooms: dict[MeetingId, Room] = {}
        quality = CompositeQuality(height=360, frame_rate=10, threads=1)
        store = RecorderStore(path=path, bucket="bucket", endpoint_url=None)
        site = RecorderSite(
            node_id=NodeId("n"),
            address="127.0.0.1",
            port=5004,
            store=store,
            quality=quality,
            most_composites=most_composites,
        )
        self.recordings = Recordings(
            site, plane=self, carry_out=self._carry_out, emit=lambda _, message: self.told.append(message)
        )

    def _make(self, store: RecorderStore, listener: RecorderListener) -> _Recorders:
        self.recorders.append(_Recorders(store, listener))
        return self.recorders[-1]

    def open_keyed(self, meeting_id: MeetingId, key: TransportKey, ice: IceCredentials, keys: SrtpKeys) -> None:
        assert len(ice.pwd) > 20
        assert keys.send_key != keys.receive_key
        self.open.add((meeting_id, key))

    def _carry_out(self, meeting_id: MeetingId, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, CloseTransport):
                self.open.remove((meeting_id, effect.transport))
            elif isinstance(effect, get_args(RecorderEffect)):
                self.recordings.tell(meeting_id, effect)  # as `Node` does

    def _room_for(self, meeting_id: MeetingId) -> Room:
        return self.rooms.setdefault(meeting_id, Room(meeting_id, node=END, randomness=Numbers()))

    def start(
        self,
        kind: RecordingKind,
        meeting_id: MeetingId = M1,
        *,
        recording_id: str = "rec_1",
        layout: CompositeLayout = CompositeLayout.GRID,
    ) -> asyncio.Future[NodeAnswer]:
        order = RecordingOrder(kind=kind, layout=layout)
        return self.ask(StartRecording(meeting_id=meeting_id, recording_id=recording_id, order=order))

    def ask(self, request: StartRecording) -> asyncio.Future[NodeAnswer]:
        return self.recordings.start(GATEWAY, request, self._room_for)

    @property
    def processes(self) -> list[RecorderProcess]:
        return self.recorders[0].started

    @property
    def served(self) -> set[str]:
        """Whose transports are open in the first meeting."""
        names = {name: role for role, name in RECORDERS.items()}
        return {names[key.participant_id].value for meeting_id, key in self.open if meeting_id == M1}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def made(answer: asyncio.Future[NodeAnswer]) -> tuple[str, RecordingKind]:
    told = answer.result()
    assert isinstance(told, Recording)
    return told.recording_id, told.order.kind


@pytest.mark.parametrize(("lost", "left"), [(0, "composite"), (1, "tracks")])
async def test_of_two_recorders_one_that_ends_takes_the_other_one_not_along(node: Node, lost: int, left: str) -> None:
    answer = node.start(RecordingKind.BOTH)
    tracks, composer = node.processes
    for each in (tracks, composer):
        node.recordings.recorder_ready(each)
    assert made(answer) == ("rec_1", RecordingKind.BOTH)
    ended, other = node.processes[lost], node.processes[1 - lost]
    for _ in range(module.RESTARTS):
        node.recordings.recorder_ended(ended, Lost(reason="a picture that nobody understands"))
        assert node.served == {"tracks", "composite"}
        ended = node.processes[-1]
    node.recordings.recorder_ended(ended, Lost(reason="a picture that nobody understands"))
    assert (node.served, node.told, other.is_finishing) == ({left}, [], False)
    assert made(node.start(RecordingKind.BOTH)) == ("rec_1", RecordingKind(left)), "gateways ask for it again and again"
    assert node.processes[-1] is ended, "what has failed so often is not begun again"
    node.recordings.recorder_ended(other, Lost(reason="killed"))
    assert node.served == set()
    assert [each.reason for each in node.told if isinstance(each, RecordingEnded)] == ["killed"]


async def test_another_recorder_goes_on_in_a_part_of_its_own_with_whom_the_lost_one_knew(node: Node) -> None:
    ann = RecordedPerson(participant_id=ParticipantId("ann"), name="Ann")
    order = RecordingOrder(kind=RecordingKind.BOTH, layout=CompositeLayout.SPEAKER, people=(ann,))
    answer = node.ask(StartRecording(meeting_id=M1, recording_id="rec_1", order=order, version=7))
    tracks, composer = node.processes
    for each in (tracks, composer):
        node.recordings.recorder_ready(each)
    before = set(node.open)
    node.recordings.recorder_ended(composer, Lost(reason="killed"))
    [*_, another] = node.processes
    assert len(node.open - before) == len(before - node.open) == 1, "it has a transport of its own"
    assert (another.begin.composite, another.recording_id) == (composer.begin.composite, "rec_1")
    assert another.folder.name.endswith(RESUMED_PART + COMPOSITE_PART)
    assert another.folder.parent == composer.folder.parent
    assert another._waiting == [another.begin, PeopleChanged(people=(ann,))]
    assert not tracks.is_finishing
    again = node.ask(StartRecording(meeting_id=M1, recording_id="rec_1", order=order, version=8))
    assert not again.done(), "the answer is what is made once it is"
    node.recordings.recorder_ready(another)
    assert made(again) == made(answer) == ("rec_1", RecordingKind.BOTH)
    assert node.told == []


async def test_recorders_whose_disk_is_full_are_not_begun_again(node: Node) -> None:
    node.start(RecordingKind.TRACKS)
    [recorder] = node.processes
    node.recordings.recorder_ready(recorder)
    node.recordings.recorder_ended(recorder, Lost(reason="No space left on device", end=PartEnd.DISK_FULL))
    assert (node.processes, node.served) == ([recorder], set())
    assert [each.reason for each in node.told if isinstance(each, RecordingEnded)] == [module.DISK_FULL]


async def test_a_recorder_lost_long_after_another_one_is_replaced_too(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.start(RecordingKind.TRACKS)
    monkeypatch.setattr(module, "RESTARTS_WITHIN_S", 0.0)  # each is long ago
    for _ in range(3 * module.RESTARTS):
        node.recordings.recorder_ready(node.processes[-1])
        node.recordings.recorder_ended(node.processes[-1], Lost(reason="killed"))
    assert (node.served, node.told) == ({"tracks"}, [])


async def test_a_recorder_that_is_lost_for_ever_makes_so_many_parts_and_no_more(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.start(RecordingKind.TRACKS)
    monkeypatch.setattr(module, "RESTARTS_WITHIN_S", 0.0)  # each is long ago
    for _ in range(module.MOST_RESTARTS + 1):
        assert node.served == {"tracks"}
        node.recordings.recorder_ready(node.processes[-1])
        node.recordings.recorder_ended(node.processes[-1], Lost(reason="killed"))
    assert node.served == set()
    assert len(node.processes) == module.MOST_RESTARTS + 1
    assert [each.reason for each in node.told if isinstance(each, RecordingEnded)] == ["killed"]


@pytest.mark.parametrize("is_ready_before", [False, True])
async def test_where_one_of_two_never_runs_the_answer_tells_what_is_made(node: Node, *, is_ready_before: bool) -> None:
    answer = node.start(RecordingKind.BOTH)
    tracks, composer = node.processes
    steps: list[Callable[[], None]] = [
        lambda: node.recordings.recorder_ready(tracks),
        lambda: node.recordings.recorder_ended(composer, Lost(reason="broken")),
    ]
    for step in steps if is_ready_before else reversed(steps):
        assert not answer.done()
        step()
    assert made(answer) == ("rec_1", RecordingKind.TRACKS)
    node.recordings.stop(M1, "rec_1")
    assert (tracks.is_finishing, node.served, node.told) == (True, set(), [])


async def test_with_its_only_recorder_a_recording_ends_and_does_not_begin_again(node: Node) -> None:
    answer = node.start(RecordingKind.COMPOSITE)
    node.recordings.recorder_ended(node.processes[0], None)
    assert isinstance(answer.result(), Refused)
    assert node.served == set()
    with pytest.raises(RecordingUnavailableError):
        node.start(RecordingKind.COMPOSITE)


async def test_whoever_starts_another_kind_meanwhile_is_told_what_is_made(node: Node) -> None:
    first = node.start(RecordingKind.AUDIO, layout=CompositeLayout.SPEAKER)
    second = node.start(RecordingKind.BOTH, recording_id="rec_2")
    [mixer] = node.processes
    node.recordings.recorder_ready(mixer)
    assert made(first) == made(second) == ("rec_1", RecordingKind.AUDIO)
    told = second.result()
    assert isinstance(told, Recording)
    assert told.order.layout is CompositeLayout.SPEAKER


async def test_a_node_composes_so_many_at_once_and_records_otherwise_what_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(tmp_path, monkeypatch, most_composites=1)
    node.start(RecordingKind.BOTH)
    for kind in (RecordingKind.COMPOSITE, RecordingKind.BOTH):
        with pytest.raises(RecordingUnavailableError):
            node.start(kind, M2, recording_id="rec_2")
    assert M2 not in node.rooms, "nothing is left of what is refused"
    node.start(RecordingKind.BOTH)
    node.start(RecordingKind.TRACKS, M2, recording_id="rec_2")
    node.start(RecordingKind.AUDIO, M3, recording_id="rec_3")
    assert len(node.processes) == 4
    node.recordings.recorder_ended(node.processes[1], Lost(reason="broken"))
    node.recordings.stop(M2, "rec_2")
    node.start(RecordingKind.COMPOSITE, M2, recording_id="rec_4")


def _in_a_child(work: Callable[[], object]) -> tuple[int, int, int]:
    """How a process that did ``work`` stands: its niceness, what is added to its badness, and its address space."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
            badness = Path("/proc/self/oom_score_adj").read_text().strip()
            limit = resource.getrlimit(resource.RLIMIT_AS)[0]
            os.write(sending, f"{os.nice(0)} {badness} {limit}".encode())
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as said:
        words = said.read().split()
    os.waitpid(child, 0)
    return int(words[0]), int(words[1]), int(words[2])


def test_a_composer_is_behind_everything_else_and_the_first_to_go_where_memory_is_short(tmp_path: Path) -> None:
    order = CompositeOrder(
        width=640, height=360, frame_rate=10, threads=1, layout=CompositeLayout.GRID, audio_only=False
    )
    begin = Begin(
        meeting_id=M1,
        recording_id="rec_1",
        folder=str(tmp_path),
        address="127.0.0.1",
        port=9,
        ufrag="u",
        pwd="p",
        receive_key=bytes(28),
        send_key=bytes(28),
        composite=order,
        memory_bytes=LIMIT,
    )
    assert _in_a_child(lambda: worker._recorder(begin, tmp_path)) == (
        worker_process.COMPOSERS_NICENESS,
        worker_process.COMPOSERS_BADNESS,
        LIMIT,
    )
    of_tracks = msgspec.structs.replace(begin, composite=None, memory_bytes=None)
    here = os.nice(0), worker_process.BADNESS, resource.getrlimit(resource.RLIMIT_AS)[0]
    assert _in_a_child(lambda: worker._recorder(of_tracks, tmp_path)) == here
    assert 0 < worker_process.BADNESS < worker_process.COMPOSERS_BADNESS


async def test_workers_come_behind_packets_before_they_have_begun() -> None:
    async with own_modules.running(
        "media_fleet.transcoder.worker", niceness=own_modules.NICENESS, stdin=asyncio.subprocess.PIPE
    ) as process:
        niceness = os.getpriority(os.PRIO_PROCESS, process.pid)
    assert niceness == min(os.nice(0) + own_modules.NICENESS, 19)
    assert _in_a_child(worker_process.begin)[0] == os.nice(0), "it does so once"


def test_films_are_put_together_anew_behind_packets_and_recorders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media_fleet.recorder.bucket.boto3.client", lambda *_, **__: None)
    niceness, _, _ = _in_a_child(lambda: upload.main([str(tmp_path), str(tmp_path), "bucket", "0"]))
    assert niceness == min(os.nice(0) + upload.NICENESS, 19)
    assert upload.NICENESS > own_modules.NICENESS
