"""Recordings: between those who start and stop them, the media node that makes them, and the log that announces them.

The log says that a recording is being made once its node records, and that it is over once the node has stopped. What
the log says is what the node shall do: every gateway in the meeting repeats it to the node from time to time
(`Recordings.keep`), so that a recording goes on at a node to which the meeting has moved, and a failure is announced
even if the node's report of it was lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from contracts import client_commands as wire
from contracts.command_answers import RecordingAnswer
from contracts.error_codes import ErrorCode
from contracts.meeting_work import Recording, RecordingEnded, StartRecording, StopRecording
from contracts.rooms import ADMINISTRATOR, MeetingId, NodeId, ParticipantId, RecordingEnd, RecordingInfo, RecordingKind
from signaling_gateway.domain import commands
from signaling_gateway.domain.recording import is_due, order_of, require_may_record, require_may_start
from signaling_gateway.errors import GatewayError, NodeError
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.repetition import START_TIMEOUT_S, STOP_TIMEOUT_S, Repetition
from signaling_gateway.service.rooms import Rooms
from signaling_gateway.service.spanning import Spanning

START_AGAIN_S = 10.0

ANY = wire.StartRecording()
"""Whatever the meeting's settings say."""

_log = logging.getLogger(__name__)


class Recordings:
    """The recordings of this gateway's rooms. ``new_id`` gives them their ids."""

    def __init__(
        self,
        *,
        rpc: NodeRpc,
        spanning: Spanning,
        news: NodeNews,
        rooms: Rooms,
        new_id: Callable[[], str],
        tasks: BackgroundTasks,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpc = rpc
        self._spanning = spanning
        self._news = news
        self._rooms = rooms
        self._new_id = new_id
        self._tasks = tasks
        self._steady = steady
        self._starting: dict[MeetingId, float] = {}
        """Rooms whose recording is beginning by itself, or has failed to, and when that may be tried again."""
        self._repetition = Repetition(self.keep, tasks)

    async def start(
        self, room: LiveRoom, participant_id: ParticipantId, wish: wire.StartRecording = ANY
    ) -> RecordingAnswer:
        """Has the meeting's node record, and tells everybody what it makes: of two who start at once, one is first.

        Raises:
            Refusal, NodeError, LogUnavailableError: nothing is recorded; or, if the log could not be reached, it
                stands in the log and goes on.
        """
        require_may_start(room.state, participant_id)
        if room.state.recording is not None:
            return RecordingAnswer(recording_id=room.state.recording.id)
        node_id = await self._spanning.home(room, instead_of=None)
        request = StartRecording(
            meeting_id=room.meeting_id,
            recording_id=f"rec_{self._new_id()}",
            order=order_of(room.state, wish.kind or room.state.rules.recording_kind, wish.layout),
            version=room.state.version,
        )
        try:
            recording = await self._recording_at(node_id, request)
        except NodeError as error:
            if error.code == ErrorCode.MEDIA_NODE_TIMEOUT:
                # It may record by and by, which nobody would be told.
                self._stop_soon(room.meeting_id, node_id, request.recording_id)
            raise
        command = commands.StartRecording(
            participant_id=participant_id,
            recording_id=recording.recording_id,
            prefix=recording.prefix,
            kind=recording.order.kind,
            layout=recording.order.layout,
        )
        try:
            await room.execute(command)
        except GatewayError:
            # If the log has it all the same, `keep` has it go on.
            self._stop_soon(room.meeting_id, node_id, recording.recording_id)
            raise
        if room.state.node_id != node_id:
            self.keep(room)
        return RecordingAnswer(recording_id=recording.recording_id)

    async def stop(self, room: LiveRoom, participant_id: ParticipantId) -> None:
        """Has the node stop, and tells everybody. There being no recording is fine.

        Raises:
            Refusal, NodeError, LogUnavailableError: it is still being made, as far as anybody knows.
        """
        require_may_record(room.state, participant_id)
        recording, node_id = room.state.recording, room.state.node_id
        if recording is None:
            return
        if node_id is not None:
            request = StopRecording(meeting_id=room.meeting_id, recording_id=recording.id)
            await self._rpc.request(node_id, request, timeout_s=STOP_TIMEOUT_S)
        await room.execute(commands.StopRecording(participant_id=participant_id, recording_id=recording.id))

    async def start_if_due(self, room: LiveRoom) -> None:
        """Has a recording begin by itself, where the meeting's rules say so. After a failure it waits a while."""
        self._starting = {each: until for each, until in self._starting.items() if until > self._steady()}
        if not is_due(room.state) or room.meeting_id in self._starting:
            return
        self._starting[room.meeting_id] = self._steady() + START_AGAIN_S
        try:
            await self.start(room, ADMINISTRATOR)
        except GatewayError as error:
            names = {"meeting_id": room.meeting_id, "error": error.message}
            _log.warning("a recording has not begun by itself yet", extra=names)
        else:
            self._starting.pop(room.meeting_id, None)

    def keep(self, room: LiveRoom) -> None:
        """Has the meeting's node make the recording that the log tells of, soon, whatever it is doing now."""
        if room.state.recording is not None and room.state.node_id is not None:
            self._tasks.spawn(self._keep(room, room.state.node_id, room.state.recording))

    def people_changed(self, room: LiveRoom) -> None:
        """See `Repetition`."""
        recording = room.state.recording
        if recording is not None and recording.kind is not RecordingKind.TRACKS:
            self._repetition.people_changed(room)

    async def keep_all(self, rooms: Callable[[], Iterable[LiveRoom]]) -> None:
        """Keeps the recordings of ``rooms``; runs until cancelled."""
        await self._repetition.run(rooms)

    def stopped(self, room: LiveRoom, recording_id: str, reason: RecordingEnd) -> None:
        """The log says that it is over: the node must know, too, where it was not the node that said so."""
        # Also where it has stopped when it was asked to: meanwhile another gateway may have repeated the order.
        if reason is not RecordingEnd.FAILED and room.state.node_id is not None:
            self._stop_soon(room.meeting_id, room.state.node_id, recording_id)

    def reported(self, report: RecordingEnded) -> None:
        """A recorder has failed: everybody is told."""
        names = {"meeting_id": report.meeting_id, "node_id": report.node_id, "reason": report.reason}
        _log.warning("a recorder has failed", extra=names)
        self._tasks.spawn(self._fail_reported(report))

    # ---- inside ----

    async def _recording_at(self, node_id: NodeId, request: StartRecording) -> Recording:
        answer = await self._rpc.request(node_id, request, timeout_s=START_TIMEOUT_S)
        if not isinstance(answer, Recording):
            raise NodeError(ErrorCode.INTERNAL, "The media server gave an answer that does not fit.")
        return answer

    async def _keep(self, room: LiveRoom, node_id: NodeId, known: RecordingInfo) -> None:
        recording_id = known.id
        request = StartRecording(
            meeting_id=room.meeting_id,
            recording_id=recording_id,
            order=order_of(room.state, known.kind, known.layout),
            nodes=room.state.nodes_in_use,
            version=room.state.version,
        )
        try:
            recording = await self._recording_at(node_id, request)
            if recording.recording_id != recording_id or not _is_wanted(room, recording_id):
                # What was asked for is over by now, or the node is busy with one that nobody has asked for.
                self._stop_soon(room.meeting_id, node_id, recording.recording_id)
        except NodeError as error:
            if error.code == ErrorCode.RECORDING_UNAVAILABLE and room.state.node_id == node_id:
                await self._fail(room, recording_id)
            else:
                names = {"meeting_id": room.meeting_id, "node_id": node_id, "error": error.message}
                _log.warning("a recording is not known to go on", extra=names)

    async def _fail_reported(self, report: RecordingEnded) -> None:
        async with self._rooms.use(report.meeting_id) as room:
            if room.state.node_id == report.node_id:
                await self._fail(room, report.recording_id)

    @staticmethod
    async def _fail(room: LiveRoom, recording_id: str) -> None:
        try:
            await room.execute(commands.FailRecording(recording_id=recording_id))
        except GatewayError as error:
            # `keep` hears of it again.
            names = {"meeting_id": room.meeting_id, "error": error.message}
            _log.warning("the end of a recording is not announced yet", extra=names)

    def _stop_soon(self, meeting_id: MeetingId, node_id: NodeId, recording_id: str) -> None:
        self._news.tell(node_id, StopRecording(meeting_id=meeting_id, recording_id=recording_id))


def _is_wanted(room: LiveRoom, recording_id: str) -> bool:
    return room.state.recording is not None and room.state.recording.id == recording_id
