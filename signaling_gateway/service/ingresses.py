"""Ingresses: between those who open and close them, the media node that takes the streams, and the log.

As with broadcasts (`signaling_gateway.service.broadcasts`), the log says that an ingress is open once a node takes it,
and every gateway in the meeting repeats the order to the node from time to time: so it goes on at a node to which the
meeting has moved. The process that has a stream is a client like an encoder that comes in by WHIP, whose offer and
answer go the way of the order: whoever is told the offer lets it in by the same door. What is in no log is where a
stream is fetched from and what opens the way for one, which are secrets: they stand beside it as long as it is open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from contracts.command_answers import IngressAnswer
from contracts.error_codes import ErrorCode
from contracts.ingesting import Ingress, IngressFailure, IngressKind, IngressOffer, IngressOrder, IngressState
from contracts.ingress_commands import StartIngress as Wish
from contracts.meeting_token import MeetingClaims
from contracts.meeting_work import AnswerIngress, IngressChanged, Ingressing, StartIngress, StopIngress
from contracts.room_ingress import IngressEnd, IngressInfo, identity_of_ingress
from contracts.rooms import MeetingId, NodeId, ParticipantId
from signaling_gateway.domain import ingress_commands as commands
from signaling_gateway.domain.ingress import claims_of, require_may_ingest, require_may_open
from signaling_gateway.errors import GatewayError, LogUnavailableError, NodeError, Refusal
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.door_session import Answered
from signaling_gateway.service.live_room import LiveRoom
from signaling_gateway.service.media_nodes import NodeRpc
from signaling_gateway.service.node_news import NodeNews
from signaling_gateway.service.repetition import STOP_TIMEOUT_S, Repetition
from signaling_gateway.service.rooms import Rooms
from signaling_gateway.service.spanning import Spanning

ASK_TIMEOUT_S = 3.0
_ENDS = {IngressState.ENDED: IngressEnd.FINISHED, IngressState.FAILED: IngressEnd.FAILED}

_log = logging.getLogger(__name__)


class IngressStore(Protocol):
    """What is kept of ingresses beside the log. Every method raises `LogUnavailableError`."""

    async def keep(self, meeting_id: MeetingId, ingress_id: str, order: IngressOrder) -> None:
        """Keeps what is to come in, for a while."""

    async def order(self, meeting_id: MeetingId, ingress_id: str) -> IngressOrder | None:
        """What was kept, for a while longer; None: it is not there any more."""

    async def forget(self, meeting_id: MeetingId, ingress_id: str) -> None:
        """Keeps it no longer."""


class StreamDoor(Protocol):
    """Lets streams in."""

    async def open_stream(self, claims: MeetingClaims, offer: str, *, screen: bool) -> Answered:
        """See `signaling_gateway.service.standard_doors.StandardDoors.open_stream`."""


class Ingresses:
    """The ingresses of this gateway's rooms. ``new_id`` and ``new_key`` make their names and what opens them."""

    def __init__(
        self,
        *,
        rpc: NodeRpc,
        spanning: Spanning,
        news: NodeNews,
        rooms: Rooms,
        doors: StreamDoor,
        store: IngressStore,
        new_id: Callable[[], str],
        new_key: Callable[[], str],
        tasks: BackgroundTasks,
        now: Callable[[], int],
    ) -> None:
        """``now``: milliseconds since the epoch."""
        self._rpc = rpc
        self._spanning = spanning
        self._news = news
        self._rooms = rooms
        self._doors = doors
        self._store = store
        self._new_id = new_id
        self._new_key = new_key
        self._tasks = tasks
        self._now = now
        self._repetition = Repetition(self.keep, tasks)

    async def start(self, room: LiveRoom, participant_id: ParticipantId, wish: Wish) -> IngressAnswer:
        """Has the meeting's node take a stream, and tells those who moderate.

        Raises:
            Refusal, NodeError, LogUnavailableError: nothing comes in; or, if the log could not be reached, it stands in
                the log and is open.
        """
        require_may_open(room.state, participant_id)
        name = " ".join(wish.name.split())
        if not name or not name.isprintable():
            raise Refusal(ErrorCode.VALIDATION_FAILED, "A name has printable characters.")
        node_id = await self._spanning.home(room, instead_of=None)
        ingress_id = f"in_{self._new_id()}"
        key = self._new_key() if wish.kind is IngressKind.RTMP else None
        order = IngressOrder(url=wish.url, key=key)
        await self._store.keep(room.meeting_id, ingress_id, order)
        try:
            taken = await self._ask(room.meeting_id, node_id, ingress_id, order)
            opened = commands.OpenIngress(
                participant_id=participant_id,
                ingress_id=ingress_id,
                kind=wish.kind,
                name=name,
                screen=wish.screen,
                state=taken.state,
                address=taken.address,
            )
            await room.execute(opened)
        except GatewayError:
            # If the log has it all the same, it is found to be lost, and ends.
            self._stop_soon(room.meeting_id, node_id, ingress_id)
            self._tasks.spawn(self._forget(room.meeting_id, ingress_id))
            raise
        self._follow(room, node_id, taken)
        return IngressAnswer(ingress_id=ingress_id, address=taken.address, stream_key=key)

    async def stop(self, room: LiveRoom, participant_id: ParticipantId, ingress_id: str) -> None:
        """Has the node take it no more, and tells those who moderate. There being no such ingress is fine.

        Raises:
            Refusal, NodeError, LogUnavailableError: it is still open, as far as anybody knows.
        """
        require_may_ingest(room.state, participant_id)
        if ingress_id not in room.state.ingresses:
            return
        if room.state.node_id is not None:
            request = StopIngress(meeting_id=room.meeting_id, ingress_id=ingress_id)
            await self._rpc.request(room.state.node_id, request, timeout_s=STOP_TIMEOUT_S)
        await room.execute(commands.CloseIngress(participant_id=participant_id, ingress_id=ingress_id))

    def keep(self, room: LiveRoom) -> None:
        """Has the meeting's node take the ingresses that the log tells of, soon, whatever it is doing now."""
        if room.state.node_id is not None:
            for ingress_id in room.state.ingresses:
                self._tasks.spawn(self._keep(room, room.state.node_id, ingress_id))

    async def keep_all(self, rooms: Callable[[], Iterable[LiveRoom]]) -> None:
        """Keeps the ingresses of ``rooms``; runs until cancelled."""
        await self._repetition.run(rooms)

    def moved(self, room: LiveRoom) -> None:
        """The meeting is at another node: the former one takes nothing any more."""
        former = room.former.node_id
        if former is not None and former != room.state.node_id:
            for ingress_id in room.state.ingresses:
                self._stop_soon(room.meeting_id, former, ingress_id)
        self.keep(room)

    def stopped(self, room: LiveRoom, ingress_id: str) -> None:
        """The log says that it is over: the node must know, too, and nothing stays."""
        # Also where it has stopped when it was asked to: meanwhile another gateway may have repeated the order.
        if room.state.node_id is not None:
            self._stop_soon(room.meeting_id, room.state.node_id, ingress_id)
        self._tasks.spawn(self._forget(room.meeting_id, ingress_id))

    def reported(self, report: IngressChanged) -> None:
        """A node says how an ingress does."""
        self._tasks.spawn(self._take_report(report))

    # ---- inside ----

    async def _ask(self, meeting_id: MeetingId, node_id: NodeId, ingress_id: str, order: IngressOrder) -> Ingress:
        request = StartIngress(meeting_id=meeting_id, ingress_id=ingress_id, order=order)
        answer = await self._rpc.request(node_id, request, timeout_s=ASK_TIMEOUT_S)
        if not isinstance(answer, Ingressing):
            raise NodeError(ErrorCode.INTERNAL, "The media server gave an answer that does not fit.")
        return answer.ingress

    async def _keep(self, room: LiveRoom, node_id: NodeId, ingress_id: str) -> None:
        names = {"meeting_id": room.meeting_id, "node_id": node_id, "ingress_id": ingress_id}
        try:
            order = await self._store.order(room.meeting_id, ingress_id)
            if order is None:
                # It is forgotten when it is over, which may just be being announced.
                await room.caught_up()
                await self._end(room, ingress_id, IngressEnd.FAILED, IngressFailure.LOST)
                return
            taken = await self._ask(room.meeting_id, node_id, ingress_id, order)
            if ingress_id not in room.state.ingresses:
                self._stop_soon(room.meeting_id, node_id, ingress_id)
            else:
                await self._take(room, node_id, taken)
        except NodeError as error:
            if error.code == ErrorCode.INGRESS_UNAVAILABLE and room.state.node_id == node_id:
                await self._end(room, ingress_id, IngressEnd.FAILED, IngressFailure.UNAVAILABLE)
            else:
                _log.warning("an ingress is not known to go on", extra=names | {"error": error.message})
        except GatewayError as error:
            _log.warning("an ingress is not looked after", extra=names | {"error": error.message})

    async def _take_report(self, report: IngressChanged) -> None:
        try:
            async with self._rooms.use(report.meeting_id) as room:
                if room.state.node_id == report.node_id and report.ingress.ingress_id in room.state.ingresses:
                    await self._take(room, report.node_id, report.ingress)
        except GatewayError as error:
            # `keep` hears of it again.
            names = {"meeting_id": report.meeting_id, "ingress_id": report.ingress.ingress_id}
            _log.warning("how an ingress does is not told yet", extra=names | {"error": error.message})

    async def _take(self, room: LiveRoom, node_id: NodeId, told: Ingress) -> None:
        """Has the log say what the node says, and lets in what is offered."""
        if (end := _ENDS.get(told.state)) is not None:
            await self._end(room, told.ingress_id, end, told.reason)
            return
        in_room = room.state.stays_with(identity_of_ingress(told.ingress_id))
        here = next((stay.info.id for stay in in_room), None) if told.state is IngressState.LIVE else None
        changed = commands.ChangeIngress(
            ingress_id=told.ingress_id,
            state=told.state,
            address=told.address,
            participant_id=here,
            reason=told.reason,
        )
        await room.execute(changed)
        self._follow(room, node_id, told)

    def _follow(self, room: LiveRoom, node_id: NodeId, told: Ingress) -> None:
        known = room.state.ingresses.get(told.ingress_id)
        if told.offer is not None and known is not None:
            self._tasks.spawn(self._let_in(room, node_id, known, told.offer))

    async def _let_in(self, room: LiveRoom, node_id: NodeId, known: IngressInfo, offer: IngressOffer) -> None:
        try:
            claims = claims_of(known, room.meeting_id, now_s=self._now() // 1000)
            answered = await self._doors.open_stream(claims, offer.sdp, screen=known.screen)
            request = AnswerIngress(meeting_id=room.meeting_id, ingress_id=known.id, run=offer.run, sdp=answered.sdp)
            await self._rpc.request(node_id, request, timeout_s=ASK_TIMEOUT_S)
        except Refusal as error:
            _log.info("an ingress is not let in", extra={"ingress_id": known.id, "error": error.message})
            await self._end(room, known.id, IngressEnd.FAILED, IngressFailure.NOT_LET_IN)
        except GatewayError as error:
            # The node offers it again by and by; who has come in without a path leaves.
            names = {"meeting_id": room.meeting_id, "ingress_id": known.id}
            _log.warning("an ingress is not let in yet", extra=names | {"error": error.message})

    async def _end(self, room: LiveRoom, ingress_id: str, end: IngressEnd, reason: IngressFailure | None) -> None:
        try:
            await room.execute(commands.EndIngress(ingress_id=ingress_id, end=end, reason=reason))
        except GatewayError as error:
            # `keep` hears of it again.
            names = {"meeting_id": room.meeting_id, "ingress_id": ingress_id}
            _log.warning("the end of an ingress is not announced yet", extra=names | {"error": error.message})

    async def _forget(self, meeting_id: MeetingId, ingress_id: str) -> None:
        try:
            await self._store.forget(meeting_id, ingress_id)
        except LogUnavailableError:
            # What stands there is forgotten by itself.
            _log.warning("what was kept of an ingress stays for a while", extra={"meeting_id": meeting_id})

    def _stop_soon(self, meeting_id: MeetingId, node_id: NodeId, ingress_id: str) -> None:
        self._news.tell(node_id, StopIngress(meeting_id=meeting_id, ingress_id=ingress_id))
