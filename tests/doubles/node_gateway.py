"""A gateway's end of the RPC with media nodes: asks, waits for the answer, and hears reports."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from typing import TypeVar

import redis.asyncio

from contracts import redis_names
from contracts.meeting_work import BroadcastChanged, IngressChanged, RecordingEnded
from contracts.node_rpc import (
    ActiveSpeakers,
    AnswerEnvelope,
    CamerasShown,
    GatewayMessage,
    LayersWanted,
    NodeAnswer,
    NodeRequest,
    QualitiesChanged,
    RequestEnvelope,
    SubscriptionChanged,
    TrackStarved,
    TransportFailed,
    encoder,
    gateway_message_decoder,
)
from contracts.rooms import GatewayId, NodeId, ParticipantId, StarvedReason, TrackId
from contracts.sound_work import SoundChanged
from contracts.statistics import QualityLevel

NODE_ID = NodeId("node-under-test")
TIMEOUT = 10
A = TypeVar("A")


class Gateway:
    """What a gateway does with a node: asks, waits for the answer, and hears events."""

    def __init__(self, client: redis.asyncio.Redis, node_id: NodeId = NODE_ID) -> None:
        """``node_id``: whom it asks unless told otherwise."""
        self._node_id = node_id
        self.id = GatewayId(f"gw-{secrets.token_hex(4)}")
        self._client = client
        self._answers: dict[str, asyncio.Future[NodeAnswer]] = {}
        self.offers: dict[ParticipantId, asyncio.Queue[SubscriptionChanged]] = defaultdict(asyncio.Queue)
        self.failures: dict[ParticipantId, asyncio.Queue[TransportFailed]] = defaultdict(asyncio.Queue)
        self.ended_recordings: asyncio.Queue[RecordingEnded] = asyncio.Queue()
        self.broadcasts: asyncio.Queue[BroadcastChanged] = asyncio.Queue()
        self.ingresses: asyncio.Queue[IngressChanged] = asyncio.Queue()
        self.told_layers: list[tuple[TrackId, int]] = []
        self.wanted: dict[ParticipantId, asyncio.Queue[LayersWanted]] = defaultdict(asyncio.Queue)
        self.starved: set[tuple[ParticipantId, TrackId]] = set()
        self.unplayable: set[tuple[ParticipantId, TrackId]] = set()
        """For want of a transcoder."""
        self.qualities: dict[ParticipantId, QualityLevel] = {}
        self.cameras: dict[ParticipantId, asyncio.Queue[tuple[TrackId, ...] | None]] = defaultdict(asyncio.Queue)
        self.sounds: dict[ParticipantId, asyncio.Queue[SoundChanged]] = defaultdict(asyncio.Queue)
        self.speakers: dict[ParticipantId, asyncio.Queue[tuple[ParticipantId, ...]]] = defaultdict(asyncio.Queue)
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._listening.wait(), TIMEOUT)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def request(self, request: NodeRequest, *, node_id: NodeId | None = None) -> NodeAnswer:
        request_id = secrets.token_hex(8)
        answer = self._answers[request_id] = asyncio.get_running_loop().create_future()
        await self.publish(
            encoder.encode(
                RequestEnvelope(
                    id=request_id,
                    gateway_id=self.id,
                    deadline_at=time.time_ns() // 1_000_000 + TIMEOUT * 1000,
                    request=request,
                )
            ),
            node_id=node_id,
        )
        return await asyncio.wait_for(answer, TIMEOUT)

    async def ask(self, request: NodeRequest, kind: type[A]) -> A:
        """A request whose answer must be of a kind."""
        answer = await self.request(request)
        assert isinstance(answer, kind), answer
        return answer

    async def publish(self, message: bytes, *, node_id: NodeId | None = None) -> None:
        await self._client.spublish(redis_names.node_inbox(node_id or self._node_id), message)

    async def _listen(self) -> None:
        async with self._client.pubsub() as pubsub:
            await pubsub.ssubscribe(redis_names.gateway_inbox(self.id))
            while True:
                message = await pubsub.get_message(timeout=None)
                if message is not None and message["type"] == "ssubscribe":
                    self._listening.set()
                elif message is not None and message["type"] == "smessage":
                    self._take(gateway_message_decoder.decode(message["data"]))

    def _take(self, message: GatewayMessage) -> None:  # noqa: C901, PLR0912  # one case for each message, flat
        if isinstance(message, AnswerEnvelope):
            waiting = self._answers.pop(message.id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message.answer)
        elif isinstance(message, SubscriptionChanged):
            self.offers[message.participant_id].put_nowait(message)
        elif isinstance(message, LayersWanted):
            self.told_layers.append((message.track_id, message.layers))
            self.wanted[message.participant_id].put_nowait(message)
        elif isinstance(message, TrackStarved):
            told = self.starved if message.reason is StarvedReason.PATH else self.unplayable
            (told.add if message.starved else told.discard)((message.participant_id, message.track_id))
        elif isinstance(message, CamerasShown):
            self.cameras[message.participant_id].put_nowait(message.track_ids)
        elif isinstance(message, SoundChanged):
            self.sounds[message.participant_id].put_nowait(message)
        elif isinstance(message, QualitiesChanged):
            self.qualities.update({each.participant_id: each.level for each in message.qualities})
        elif isinstance(message, ActiveSpeakers):
            for each in message.receivers:
                self.speakers[each].put_nowait(message.speakers)
        elif isinstance(message, RecordingEnded):
            self.ended_recordings.put_nowait(message)
        elif isinstance(message, BroadcastChanged):
            self.broadcasts.put_nowait(message)
        elif isinstance(message, IngressChanged):
            self.ingresses.put_nowait(message)
        else:
            self.failures[message.participant_id].put_nowait(message)
