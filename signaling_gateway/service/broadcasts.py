"""Broadcasts: between those who start and stop them, the media node that makes them, and the log that announces them.

As with recordings (`signaling_gateway.service.recordings`), the log says that a broadcast is on once its node makes it,
and every gateway in the meeting repeats the order to the node from time to time: so it goes on at a node to which the
meeting has moved, and what has become of it is known even if the node's report was lost. What is in no log are the
addresses of the servers that it goes to, which are secrets: they stand beside it as long as the broadcast is on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from contracts.broadcast_commands import StartBroadcast as Wish
from contracts.broadcasting import Broadcast, BroadcastState, BroadcastTarget
from contracts.command_answers import BroadcastAnswer
from contracts.error_codes import ErrorCode
from contracts.meeting_work import BroadcastChanged, Broadcasting, StartBroadcast, StopBroadcast
from contracts.room_broadcast import BroadcastInfo, BroadcastTargetInfo, host_of
from contracts.rooms import MeetingId, NodeId, ParticipantId
from signaling_gateway.domain import broadcast_commands as commands
from signaling_gateway.domain.broadcast import order_of, require_may_broadcast, require_may_start, told_of
from signaling_gateway.errors import GatewayError, LogUnavailableError, NodeError, Refusal
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.repetition import START_TIMEOUT_S, STOP_TIMEOUT_S, Repetition
from signaling_gateway.service.rooms import Rooms
from signaling_gateway.service.spanning import Spanning

_log = logging.getLogger(__name__)


class BroadcastStore(Protocol):
    """What is kept of broadcasts beside the log. Every method raises `LogUnavailableError`."""

    async def keep_targets(
        self, meeting_id: MeetingId, broadcast_id: str, targets: tuple[BroadcastTarget, ...]
    ) -> None:
        """Keeps the addresses that a broadcast goes to, for a while."""

    async def targets(self, meeting_id: MeetingId, broadcast_id: str) -> tuple[BroadcastTarget, ...] | None:
        """What was kept, for a while longer; None: it is not there any more."""

    async def forget_targets(self, meeting_id: MeetingId, broadcast_id: str) -> None:
        """Keeps them no longer."""

    async def watched_at(self, watch_key: str, origin: str) -> None:
        """Says where a broadcast's HLS is, for a while."""

    async def watched_no_more(self, watch_key: str) -> None:
        """Says that a broadcast is over."""


class Broadcasts:
    """The broadcasts of this gateway's rooms. ``new_id`` and ``new_watch_key`` make their names."""

    def __init__(
        self,
        *,
        rpc: NodeRpc,
        spanning: Spanning,
        news: NodeNews,
        rooms: Rooms,
        store: BroadcastStore,
        new_id: Callable[[], str],
        new_watch_key: Callable[[], str],
        tasks: BackgroundTasks,
    ) -> None:
        self._rpc = rpc
        self._spanning = spanning
        self._news = news
        self._rooms = rooms
        self._store = store
        self._new_id = new_id
        self._new_watch_key = new_watch_key
        self._tasks = tasks
        self._repetition = Repetition(self.keep, tasks)

    async def start(self, room: LiveRoom, participant_id: ParticipantId, wish: Wish) -> BroadcastAnswer:
        """Has the meeting's node stream out, and tells everybody: of two who start at once, one is first.

        Raises:
            Refusal, NodeError, LogUnavailableError: nothing is streamed out; or, if the log could not be reached, it
                stands in the log and goes on.
        """
        require_may_start(room.state, participant_id)
        if room.state.broadcast is not None:
            return _answer(room.state.broadcast)
        if not wish.hls and not wish.targets:
            raise Refusal(ErrorCode.VALIDATION_FAILED, "A broadcast has a page to watch it on, a server, or both.")
        node_id = await self._spanning.home(room, instead_of=None)
        targets = tuple(BroadcastTarget(id=f"t{place}", url=each.url) for place, each in enumerate(wish.targets, 1))
        wanted = BroadcastInfo(
            id=f"bc_{self._new_id()}",
            started_at=0,
            by=participant_id,
            layout=wish.layout,
            watch_key=self._new_watch_key() if wish.hls else None,
            targets=tuple(BroadcastTargetInfo(id=each.id, host=host_of(each.url)) for each in targets),
        )
        if targets:
            await self._store.keep_targets(room.meeting_id, wanted.id, targets)
        made = await self._begun(room, node_id, wanted, targets)
        await self._announce(room, node_id, wanted, made)
        on = _what_is_on(room)
        if on is None or on.id != wanted.id:
            self._give_up(room.meeting_id, node_id, wanted.id)
            if on is None:
                raise Refusal(ErrorCode.CONFLICT, "Somebody else has just stopped it.")
            return _answer(on)
        if room.state.node_id != node_id:
            self.keep(room)
        return _answer(on)

    async def stop(self, room: LiveRoom, participant_id: ParticipantId) -> None:
        """Has the node stop, and tells everybody. There being no broadcast is fine.

        Raises:
            Refusal, NodeError, LogUnavailableError: it is still on, as far as anybody knows.
        """
        require_may_broadcast(room.state, participant_id)
        broadcast, node_id = room.state.broadcast, room.state.node_id
        if broadcast is None:
            return
        if node_id is not None:
            request = StopBroadcast(meeting_id=room.meeting_id, broadcast_id=broadcast.id)
            await self._rpc.request(node_id, request, timeout_s=STOP_TIMEOUT_S)
        await room.execute(commands.StopBroadcast(participant_id=participant_id, broadcast_id=broadcast.id))

    def keep(self, room: LiveRoom) -> None:
        """Has the meeting's node make the broadcast that the log tells of, soon, whatever it is doing now."""
        if room.state.broadcast is not None and room.state.node_id is not None:
            self._tasks.spawn(self._keep(room, room.state.node_id, room.state.broadcast))

    def people_changed(self, room: LiveRoom) -> None:
        """See `Repetition`."""
        if room.state.broadcast is not None:
            self._repetition.people_changed(room)

    async def keep_all(self, rooms: Callable[[], Iterable[LiveRoom]]) -> None:
        """Keeps the broadcasts of ``rooms``; runs until cancelled."""
        await self._repetition.run(rooms)

    def stopped(self, room: LiveRoom, broadcast_id: str) -> None:
        """The log says that it is over: the node must know, too, and nothing stays."""
        # Also where it has stopped when it was asked to: meanwhile another gateway may have repeated the order.
        if room.state.node_id is not None:
            self._stop_soon(room.meeting_id, room.state.node_id, broadcast_id)
        former = room.former.broadcast
        watch_key = former.watch_key if former is not None and former.id == broadcast_id else None
        self._tasks.spawn(self._forget(room.meeting_id, broadcast_id, watch_key))

    def reported(self, report: BroadcastChanged) -> None:
        """A node says how a broadcast does."""
        if report.state is BroadcastState.FAILED:
            names = {"meeting_id": report.meeting_id, "node_id": report.node_id}
            _log.warning("a broadcast has failed", extra=names)
        self._tasks.spawn(self._take_report(report))

    # ---- inside ----

    async def _begun(
        self, room: LiveRoom, node_id: NodeId, wanted: BroadcastInfo, targets: tuple[BroadcastTarget, ...]
    ) -> Broadcast:
        try:
            made = await self._broadcast_at(room, node_id, wanted, targets, goes_on=False)
        except NodeError as error:
            # After a time-out it may stream out by and by, which nobody would be told.
            self._give_up(room.meeting_id, node_id if error.code == ErrorCode.MEDIA_NODE_TIMEOUT else None, wanted.id)
            raise
        if made.broadcast_id == wanted.id:
            return made
        # Somebody was faster; where its servers are, their gateway knows.
        self._give_up(room.meeting_id, None, wanted.id)
        raise Refusal(ErrorCode.CONFLICT, "Somebody else is just starting to stream this meeting out.")

    async def _announce(self, room: LiveRoom, node_id: NodeId, wanted: BroadcastInfo, made: Broadcast) -> None:
        command = commands.StartBroadcast(
            participant_id=wanted.by,
            broadcast_id=wanted.id,
            layout=made.layout,
            watch_key=wanted.watch_key,
            targets=told_of(wanted.targets, made.targets),
        )
        try:
            # First, so that it can be watched when everybody learns how.
            await self._say_where(wanted, made)
            await room.execute(command)
        except GatewayError:
            # If the log has it all the same, `keep` has it go on.
            self._stop_soon(room.meeting_id, node_id, wanted.id)
            raise

    async def _broadcast_at(
        self,
        room: LiveRoom,
        node_id: NodeId,
        wanted: BroadcastInfo,
        targets: tuple[BroadcastTarget, ...],
        *,
        goes_on: bool,
    ) -> Broadcast:
        request = StartBroadcast(
            meeting_id=room.meeting_id,
            broadcast_id=wanted.id,
            order=order_of(room.state, wanted, targets),
            goes_on=goes_on,
            nodes=room.state.nodes_in_use,
            version=room.state.version,
        )
        answer = await self._rpc.request(node_id, request, timeout_s=START_TIMEOUT_S)
        if not isinstance(answer, Broadcasting):
            raise NodeError(ErrorCode.INTERNAL, "The media server gave an answer that does not fit.")
        return answer.broadcast

    async def _say_where(self, broadcast: BroadcastInfo, made: Broadcast) -> None:
        if broadcast.watch_key is not None and made.origin is not None:
            await self._store.watched_at(broadcast.watch_key, made.origin)

    async def _keep(self, room: LiveRoom, node_id: NodeId, known: BroadcastInfo) -> None:
        try:
            targets = await self._store.targets(room.meeting_id, known.id) if known.targets else ()
            if targets is None:
                await self._fail_lost(room, known)
                return
            made = await self._broadcast_at(room, node_id, known, targets, goes_on=True)
            if made.broadcast_id != known.id or not _is_on(room, known.id):
                # What was asked for is over by now, or the node is busy with one that nobody has asked for.
                self._stop_soon(room.meeting_id, node_id, made.broadcast_id)
            else:
                await self._say_where(known, made)
                await self._change(room, made)
        except NodeError as error:
            if error.code == ErrorCode.BROADCAST_UNAVAILABLE and room.state.node_id == node_id:
                await self._fail(room, known.id)
            else:
                names = {"meeting_id": room.meeting_id, "node_id": node_id, "error": error.message}
                _log.warning("a broadcast is not known to go on", extra=names)
        except GatewayError as error:
            names = {"meeting_id": room.meeting_id, "error": error.message}
            _log.warning("a broadcast is not looked after", extra=names)

    async def _fail_lost(self, room: LiveRoom, known: BroadcastInfo) -> None:
        # They are forgotten when it is over, which may just be being announced.
        await room.caught_up()
        if _is_on(room, known.id):
            _log.warning("where a broadcast goes is lost", extra={"meeting_id": room.meeting_id})
            await self._fail(room, known.id)

    async def _take_report(self, report: BroadcastChanged) -> None:
        try:
            async with self._rooms.use(report.meeting_id) as room:
                broadcast_id = report.broadcast.broadcast_id
                if room.state.node_id != report.node_id or not _is_on(room, broadcast_id):
                    return
                if report.state is BroadcastState.FAILED:
                    await self._fail(room, broadcast_id)
                else:
                    await self._change(room, report.broadcast)
        except GatewayError as error:
            # `keep` hears of it again.
            names = {"meeting_id": report.meeting_id, "error": error.message}
            _log.warning("how a broadcast does is not told yet", extra=names)

    @staticmethod
    async def _change(room: LiveRoom, made: Broadcast) -> None:
        on = room.state.broadcast
        if on is not None and on.id == made.broadcast_id:
            told = told_of(on.targets, made.targets)
            if told != on.targets:
                await room.execute(commands.ChangeBroadcast(broadcast_id=on.id, targets=told))

    @staticmethod
    async def _fail(room: LiveRoom, broadcast_id: str) -> None:
        try:
            await room.execute(commands.FailBroadcast(broadcast_id=broadcast_id))
        except GatewayError as error:
            # `keep` hears of it again.
            names = {"meeting_id": room.meeting_id, "error": error.message}
            _log.warning("the end of a broadcast is not announced yet", extra=names)

    def _give_up(self, meeting_id: MeetingId, node_id: NodeId | None, broadcast_id: str) -> None:
        """What was begun is to leave nothing behind. ``node_id`` None: no node has it."""
        if node_id is not None:
            self._stop_soon(meeting_id, node_id, broadcast_id)
        self._tasks.spawn(self._forget(meeting_id, broadcast_id, None))

    async def _forget(self, meeting_id: MeetingId, broadcast_id: str, watch_key: str | None) -> None:
        try:
            await self._store.forget_targets(meeting_id, broadcast_id)
            if watch_key is not None:
                await self._store.watched_no_more(watch_key)
        except LogUnavailableError:
            # What stands there is forgotten by itself.
            _log.warning("what was kept of a broadcast stays for a while", extra={"meeting_id": meeting_id})

    def _stop_soon(self, meeting_id: MeetingId, node_id: NodeId, broadcast_id: str) -> None:
        self._news.tell(node_id, StopBroadcast(meeting_id=meeting_id, broadcast_id=broadcast_id))


def _what_is_on(room: LiveRoom) -> BroadcastInfo | None:
    return room.state.broadcast


def _is_on(room: LiveRoom, broadcast_id: str) -> bool:
    return room.state.broadcast is not None and room.state.broadcast.id == broadcast_id


def _answer(broadcast: BroadcastInfo) -> BroadcastAnswer:
    return BroadcastAnswer(broadcast_id=broadcast.id, watch_key=broadcast.watch_key)
