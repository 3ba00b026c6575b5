"""The peer of a gateway's RPC to media nodes: contracts.node_rpc over a real Redis, with answers by a script."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

import msgspec
from redis.asyncio import Redis

from contracts import redis_names
from contracts.broadcasting import Broadcast, BroadcastState, TargetFailure, TargetState
from contracts.ingesting import Ingress, IngressFailure, IngressOffer, IngressState
from contracts.meeting_work import (
    BroadcastChanged,
    Broadcasting,
    IngressChanged,
    Ingressing,
    Recording,
    RecordingEnded,
    StartBroadcast,
    StartIngress,
    StartRecording,
)
from contracts.node_rpc import (
    ActiveSpeakers,
    AnswerEnvelope,
    Done,
    JoinRoom,
    NodeAnswer,
    NodeLease,
    NodeReport,
    NodeRequest,
    Offer,
    Publish,
    Published,
    QualitiesChanged,
    RequestEnvelope,
    RestartSubscription,
    SubscriptionOffered,
    request_decoder,
)
from contracts.rooms import NodeId


class ScriptedNode:
    """The peer of a gateway's RPC: takes every request, answers by a script, reports when told to."""

    def __init__(self, redis: Redis, node_id: str, *, load: float = 0.1, region: str = "local") -> None:
        self.id = NodeId(node_id)
        self.requests: list[RequestEnvelope] = []
        self.lease = NodeLease(node_id=self.id, region=region, load=load, participants=0, draining=False, renewed_at=0)
        self.answers: dict[type, Callable[[Any], NodeAnswer | None]] = {}
        self._redis = redis
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = asyncio.Event()

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._renew()), asyncio.create_task(self._listen())]
        await self._listening.wait()
        await self._publish_lease()

    async def stop(self) -> None:
        """Dies without a word; its lease is gone at once, so that no test waits for it to run out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._redis.delete(redis_names.node_lease(self.id))

    def asked(self, kind: type, who: str | None = None) -> list[Any]:
        """The requests of one type so far, of one participant or all."""
        found: list[NodeRequest] = [each.request for each in self.requests if isinstance(each.request, kind)]
        return [each for each in found if who is None or getattr(each, "participant_id", None) == who]

    async def report(self, message: NodeReport) -> None:
        """To the gateway over which this participant joined last (what is about a meeting, its last one), or which last
        asked for this recording or broadcast."""
        gateways = [each.gateway_id for each in self.requests if _is_about(each.request, message)]
        await self._redis.spublish(redis_names.gateway_inbox(gateways[-1]), msgspec.json.encode(message))

    async def answer_late(self, kind: type) -> None:
        """Answers the last request of a type, whose script gave no answer."""
        envelope = [each for each in self.requests if isinstance(each.request, kind)][-1]
        message = AnswerEnvelope(id=envelope.id, answer=_usual_answer(envelope.request) or Done())
        await self._redis.spublish(redis_names.gateway_inbox(envelope.gateway_id), msgspec.json.encode(message))

    async def _renew(self) -> None:
        while True:
            with contextlib.suppress(Exception):
                await self._publish_lease()
            await asyncio.sleep(1)

    async def _publish_lease(self) -> None:
        now = int(time.time() * 1000)
        lease = msgspec.structs.replace(self.lease, renewed_at=now)
        await self._redis.set(redis_names.node_lease(self.id), msgspec.json.encode(lease), px=redis_names.NODE_LEASE_MS)
        await self._redis.zadd(redis_names.NODES, {self.id: now + redis_names.NODE_LEASE_MS})

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError, OSError):
                await self._listen_once()
            await asyncio.sleep(0.05)

    async def _listen_once(self) -> None:
        async with self._redis.pubsub() as pubsub:
            await pubsub.ssubscribe(redis_names.node_inbox(self.id))
            while True:
                message = await pubsub.get_message(timeout=5)
                if message is not None and message["type"] == "ssubscribe":
                    self._listening.set()
                if message is not None and message["type"] == "smessage":
                    await self._answer(request_decoder.decode(message["data"]))

    async def _answer(self, envelope: RequestEnvelope) -> None:
        self.requests.append(envelope)
        scripted = self.answers.get(type(envelope.request), _usual_answer)
        answer = scripted(envelope.request)
        if answer is not None:
            message = AnswerEnvelope(id=envelope.id, answer=answer)
            await self._redis.spublish(redis_names.gateway_inbox(envelope.gateway_id), msgspec.json.encode(message))


def _is_about(request: NodeRequest, report: NodeReport) -> bool:
    if isinstance(report, RecordingEnded):
        return isinstance(request, StartRecording) and request.recording_id == report.recording_id
    if isinstance(report, BroadcastChanged):
        return isinstance(request, StartBroadcast) and request.broadcast_id == report.broadcast.broadcast_id
    if isinstance(report, IngressChanged):
        return isinstance(request, StartIngress) and request.ingress_id == report.ingress.ingress_id
    if not isinstance(request, JoinRoom) or request.meeting_id != report.meeting_id:
        return False
    if isinstance(report, ActiveSpeakers):
        return request.participant_id in report.receivers
    return isinstance(report, QualitiesChanged) or request.participant_id == report.participant_id


def broadcast_of(
    request: StartBroadcast,
    state: BroadcastState = BroadcastState.CONNECTING,
    *,
    reason: TargetFailure | None = None,
    origin: str = "http://127.0.0.1:9/hls/",
) -> Broadcast:
    """The broadcast that a node makes for ``request``, all of whose servers do alike."""
    return Broadcast(
        broadcast_id=request.broadcast_id,
        origin=origin if request.order.hls else None,
        layout=request.order.layout,
        targets=tuple(TargetState(id=each.id, state=state, reason=reason) for each in request.order.targets),
    )


def ingress_of(
    request: StartIngress,
    state: IngressState | None = None,
    *,
    offer: IngressOffer | None = None,
    reason: IngressFailure | None = None,
    address: str = "rtmp://192.0.2.1:1935/live",
) -> Ingress:
    """How an ingress does that a node was asked for."""
    is_pushed = request.order.key is not None
    usual = IngressState.WAITING if is_pushed else IngressState.CONNECTING
    return Ingress(
        ingress_id=request.ingress_id,
        state=state or usual,
        address=address if is_pushed else None,
        offer=offer,
        reason=reason,
    )


def _usual_answer(request: NodeRequest) -> NodeAnswer:  # noqa: PLR0911  # one for each request, flat
    if isinstance(request, JoinRoom):
        offer = Offer(generation=1, negotiation=1, sdp=f"offer to {request.participant_id}", tracks=())
        return SubscriptionOffered(offer=offer if request.subscribe else None)
    if isinstance(request, RestartSubscription):
        offer = Offer(generation=2, negotiation=1, sdp=f"restart for {request.participant_id}", tracks=())
        return SubscriptionOffered(offer=offer)
    if isinstance(request, StartRecording):
        return Recording(
            recording_id=request.recording_id,
            prefix=f"{request.meeting_id}/{request.recording_id}/",
            order=msgspec.structs.replace(request.order, people=()),
        )
    if isinstance(request, StartBroadcast):
        return Broadcasting(broadcast=broadcast_of(request))
    if isinstance(request, StartIngress):
        return Ingressing(ingress=ingress_of(request))
    if isinstance(request, Publish):
        return Published(sdp=f"answer to {request.sdp}")
    return Done()
