"""The ingresses of a node's meetings: from a gateway's request to a stream that is in the meeting, and to its end.

A process that has a stream is a client like others: it makes a publishing offer, which a gateway has somebody come in
by. One whose stream is fetched runs from the beginning; for RTMP, one runs for each connection that shows the key.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable

from contracts.ingesting import Ingress, IngressFailure, IngressOffer, IngressOrder, IngressState
from contracts.meeting_work import (
    INGRESS_KEPT_S,
    AnswerIngress,
    IngressChanged,
    Ingressing,
    StartIngress,
    StopIngress,
)
from contracts.node_rpc import Done, GatewayMessage, NodeAnswer
from contracts.rooms import GatewayId, MeetingId
from media_fleet.adapters.ingesters import IngesterProcess, Ingesters
from media_fleet.adapters.rtmp_door import RtmpDoor
from media_fleet.domain.errors import IngressUnavailableError, StaleNegotiationError
from media_fleet.ingester import protocol
from media_fleet.ingress_site import IngressSite
from media_fleet.metrics import INGRESSES, INGRESSES_FAILED

logger = logging.getLogger(__name__)

OFFERED_AGAIN_S = 15.0
"""A gateway that was told an offer and has not answered for so long is gone: another one is told it."""
BETWEEN_S = 2.0
"""From the start of one process to that of the next by the same key, whoever comes how often."""
REMEMBERED = 1_000
_STATES = (IngressState.WAITING, IngressState.CONNECTING, IngressState.LIVE)


class _Ingress:
    """An ingress that is open here."""

    def __init__(self, meeting_id: MeetingId, ingress_id: str, order: IngressOrder, address: str | None) -> None:
        self.meeting_id = meeting_id
        self.id = ingress_id
        self.order = order
        self.address = address
        self.state = IngressState.WAITING
        self.reason: IngressFailure | None = None
        self.run = 0
        self.ingester: IngesterProcess | None = None
        self.pending: protocol.Pushed | None = None
        """What has come while there is another process, or too soon after the last one began."""
        self.began_at = float("-inf")
        self.timer: asyncio.TimerHandle | None = None
        self.offer: str | None = None
        """What waits to be let in."""
        self.offered_at = float("-inf")
        self.gateway_id = GatewayId("")
        self.asked_at = 0.0

    def told(self, now: float) -> Ingress:
        """As a gateway is told it: the offer goes to one at a time."""
        offer = None
        if self.offer is not None and now - self.offered_at >= OFFERED_AGAIN_S:
            self.offered_at = now
            offer = IngressOffer(run=self.run, sdp=self.offer)
        return Ingress(ingress_id=self.id, state=self.state, address=self.address, offer=offer, reason=self.reason)

    @property
    def takes_place(self) -> bool:
        """Whether there is a process, or is about to be."""
        return self.ingester is not None or self.pending is not None

    def drop_pending(self) -> None:
        """Closes what has come and is not taken."""
        if self.pending is not None:
            os.close(self.pending.descriptor)
            self.pending = None

    @property
    def names(self) -> dict[str, object]:
        return {"meeting_id": self.meeting_id, "ingress_id": self.id, "run": self.run}


class Ingresses:
    """All ingresses of a node."""

    def __init__(self, site: IngressSite | None, emit: Callable[[GatewayId, GatewayMessage], None]) -> None:
        """``site`` None: nothing comes in here."""
        self._site = site
        self._emit = emit
        self._ingesters = Ingesters(self)
        self._open: dict[str, _Ingress] = {}
        self._over: dict[str, Ingress] = {}
        """How those have ended that ended by themselves: a gateway that asks for one again is told."""
        self._over_order: deque[str] = deque()
        self.door = RtmpDoor(self)

    async def listen(self) -> None:
        """Takes RTMP from now on, if the settings say so. Raises `OSError`: the port cannot be bound."""
        if self._site is not None and self._site.rtmp_port:
            await self.door.open(self._site.rtmp_address, self._site.rtmp_port)

    @property
    def processes(self) -> list[int]:
        """The ingesters' processes, by id."""
        return self._ingesters.processes

    # ---- what gateways ask for ----

    def start(self, gateway_id: GatewayId, request: StartIngress) -> NodeAnswer:
        """How the ingress does, which begins if it has not. The gateway is told what happens later.

        Raises:
            IngressUnavailableError: this node takes none, or no more.
        """
        if (over := self._over.get(request.ingress_id)) is not None:
            return Ingressing(ingress=over)
        ingress = self._open.get(request.ingress_id) or self._begin(request)
        ingress.gateway_id = gateway_id
        ingress.asked_at = time.monotonic()
        return Ingressing(ingress=ingress.told(ingress.asked_at))

    def answer(self, request: AnswerIngress) -> NodeAnswer:
        """What was offered is let in.

        Raises:
            StaleNegotiationError: it is over, or somebody else has let it in.
        """
        ingress = self._open.get(request.ingress_id)
        if ingress is None or ingress.ingester is None or ingress.offer is None or ingress.run != request.run:
            raise StaleNegotiationError("This offer is none any more.")
        ingress.offer = None
        ingress.ingester.answer(request.sdp)
        return Done()

    def stop(self, request: StopIngress) -> NodeAnswer:
        """Nothing comes in any more. There being no such ingress is fine."""
        ingress = self._open.get(request.ingress_id)
        if ingress is not None and ingress.meeting_id == request.meeting_id:
            self._close(ingress)
        return Done()

    def tick(self, now: float) -> None:
        """Ends what no gateway asks for any more. ``now``: a monotonic clock's seconds."""
        for ingress in list(self._open.values()):
            if now - ingress.asked_at >= INGRESS_KEPT_S:
                logger.warning("an ingress that nobody asks for ends", extra=ingress.names)
                self._close(ingress)

    async def close(self) -> None:
        """Ends all."""
        for ingress in list(self._open.values()):
            self._close(ingress)
        await self.door.close()
        await self._ingesters.close()

    # ---- see `media_fleet.adapters.rtmp_door.Expecting` ----

    def shown(self, key: str) -> bool:
        """See `Expecting`: also whether there is room for one more. If not, those who moderate are told."""
        ingress = self._by_key(key)
        if ingress is None:
            return False
        if ingress.takes_place or self._has_room:
            return True
        if ingress.reason is not IngressFailure.UNAVAILABLE:
            ingress.reason = IngressFailure.UNAVAILABLE
            logger.warning("there is no room for an ingress", extra=ingress.names)
            self._report(ingress)
        return False

    def pushed(self, key: str, descriptor: int, session: bytes) -> None:
        """See `Expecting`. Whoever has the key and comes anew replaces what came before, once that is gone."""
        ingress = self._by_key(key)
        if ingress is None or self._site is None:
            os.close(descriptor)
            return
        ingress.drop_pending()
        ingress.pending = protocol.Pushed(descriptor=descriptor, session=session)
        if ingress.ingester is not None:
            ingress.ingester.stopped.set()
        else:
            self._go_on(ingress)

    # ---- see `media_fleet.adapters.ingesters.IngesterListener` ----

    def ingester_offers(self, ingester: IngesterProcess, sdp: str) -> None:
        """See `IngesterListener`."""
        if (ingress := self._of(ingester)) is not None and not ingester.stopped.is_set():
            ingress.offer, ingress.offered_at = sdp, float("-inf")
            self._report(ingress)

    def ingester_live(self, ingester: IngesterProcess) -> None:
        """See `IngesterListener`."""
        if (ingress := self._of(ingester)) is not None and not ingester.stopped.is_set():
            ingress.state, ingress.reason = IngressState.LIVE, None
            logger.info("an ingress is in its meeting", extra=ingress.names)
            self._report(ingress)

    def ingester_ended(self, ingester: IngesterProcess, reason: IngressFailure | None) -> None:
        """See `IngesterListener`."""
        if (ingress := self._of(ingester)) is None:
            return
        ingress.ingester, ingress.offer, ingress.reason = None, None, reason
        if reason is not None:
            INGRESSES_FAILED.inc()
            logger.warning("an ingress does not go on", extra=ingress.names | {"reason": reason})
        if ingress.pending is not None:
            self._go_on(ingress)
            return
        if ingress.order.key is not None:
            ingress.state = IngressState.WAITING
        else:
            ingress.state = IngressState.ENDED if reason is None else IngressState.FAILED
            self._remember(ingress)
        self._report(ingress)

    # ---- inside ----

    @property
    def _has_room(self) -> bool:
        """Also beside those that have come and wait for their turn."""
        soon = sum(each.pending is not None and each.ingester is None for each in self._open.values())
        return self._site is not None and len(self._ingesters) + soon < self._site.most

    def _begin(self, request: StartIngress) -> _Ingress:
        if self._site is None or self._site.most == 0:
            raise IngressUnavailableError("This node brings no streams into meetings.")
        url, key = request.order.url, request.order.key
        if key is not None and not self.door.port:
            raise IngressUnavailableError("This node takes no RTMP.")
        if url is not None and not self._has_room:
            raise IngressUnavailableError("As many streams are being brought in here as the node can take.")
        address = self._site.rtmp_url if key is not None else None
        ingress = _Ingress(request.meeting_id, request.ingress_id, request.order, address)
        self._open[ingress.id] = ingress
        if url is not None:
            self._run(ingress, protocol.Fetched(url=url, may_reach_any=self._site.may_reach_any))
        self._count()
        return ingress

    def _go_on(self, ingress: _Ingress) -> None:
        """Runs what has come last, now or as soon as it may."""
        if ingress.timer is not None:
            ingress.timer.cancel()
            ingress.timer = None
        if ingress.pending is None or ingress.ingester is not None:
            return
        still_s = ingress.began_at + BETWEEN_S - time.monotonic()
        if still_s > 0:
            ingress.state = IngressState.CONNECTING
            ingress.timer = asyncio.get_running_loop().call_later(still_s, self._go_on, ingress)
            return
        pending, ingress.pending = ingress.pending, None
        self._run(ingress, pending)

    def _run(self, ingress: _Ingress, source: protocol.Fetched | protocol.Pushed) -> None:
        if self._site is None:
            return
        ingress.run += 1
        ingress.began_at = time.monotonic()
        ingress.state, ingress.reason, ingress.offer = IngressState.CONNECTING, None, None
        ingress.ingester = self._ingesters.start(self._site.begin(ingress.id, source))
        if ingress.gateway_id:
            self._report(ingress)

    def _close(self, ingress: _Ingress) -> None:
        del self._open[ingress.id]
        ingress.drop_pending()
        if ingress.timer is not None:
            ingress.timer.cancel()
        if ingress.ingester is not None:
            ingress.ingester.stopped.set()
        self._count()

    def _remember(self, ingress: _Ingress) -> None:
        del self._open[ingress.id]
        self._over[ingress.id] = ingress.told(time.monotonic())
        self._over_order.append(ingress.id)
        if len(self._over_order) > REMEMBERED:
            del self._over[self._over_order.popleft()]

    def _report(self, ingress: _Ingress) -> None:
        self._count()
        if self._site is not None:
            told = ingress.told(time.monotonic())
            message = IngressChanged(node_id=self._site.node_id, meeting_id=ingress.meeting_id, ingress=told)
            self._emit(ingress.gateway_id, message)

    def _count(self) -> None:
        counted = Counter(each.state for each in self._open.values())
        for state in _STATES:
            INGRESSES.labels(state).set(counted[state])

    def _by_key(self, key: str) -> _Ingress | None:
        """Which is opened by a key. All are compared, each in a time that says nothing of where they differ."""
        shown = key.encode()
        fitting = [
            each
            for each in self._open.values()
            if each.order.key is not None and hmac.compare_digest(each.order.key.encode(), shown)
        ]
        return fitting[0] if fitting else None

    def _of(self, ingester: IngesterProcess) -> _Ingress | None:
        ingress = self._open.get(ingester.begin.ingress_id)
        return ingress if ingress is not None and ingress.ingester is ingester else None
