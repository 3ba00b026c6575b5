"""The node's ear and mouth on Redis: requests on its inbox, answers and events on the gateways', and what nodes tell
each other (sharded pub/sub).

Requests are handled in the order in which they arrive. A request whose deadline has passed is dropped: its caller has
given up. What goes out waits in one bounded queue and leaves in batches; while Redis is away it is kept for a while,
since an offer that got lost would leave a participant without the tracks in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.node_links import LinkMessage, link_decoder
from contracts.node_rpc import (
    AnswerEnvelope,
    GatewayMessage,
    NodeAnswer,
    NodeRequest,
    Refused,
    RequestEnvelope,
    encoder,
    request_decoder,
)
from contracts.rooms import GatewayId, NodeId
from media_fleet.metrics import DROPPED_MESSAGES, DROPPED_REQUESTS
from telemetry import spans
from telemetry.logs import bound
from telemetry.tracing import traced

logger = logging.getLogger(__name__)

Handler = Callable[[GatewayId, NodeRequest], NodeAnswer | asyncio.Future[NodeAnswer]]
"""Gives the answer, or a future of it where something outside must happen first."""
LinkHandler = Callable[[LinkMessage], None]

MAX_WAITING_MESSAGES = 10_000
"""About ten seconds of a busy node; beyond, the oldest are dropped: their callers have given up."""
MAX_WAITING_FOR_NODES = 1_000
"""With more than this waiting nothing is said to other nodes: it is said again anyway."""
MAX_BATCH = 256
SILENCE_S = 1.5
"""After so much silence the node sends itself a message; unheard for as long again, the connection is given up."""
ECHO = b"echo"
RETRY_DELAYS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds; the last one repeats."""


class RpcEndpoint:
    """Serves one node's inbox."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        listening_client: redis.asyncio.Redis,
        *,
        node_id: NodeId,
        now: Callable[[], int],
    ) -> None:
        self._client = client
        self._now = now
        self._listening_client = listening_client
        self._inbox = redis_names.node_inbox(node_id)
        self._from_nodes = redis_names.node_links(node_id)
        self._outgoing: deque[tuple[str, bytes]] = deque()
        self._waiting = asyncio.Event()
        self.listening = asyncio.Event()
        """Set once the inbox has been subscribed to for the first time."""
        self.connected = False
        """Whether the inbox is subscribed to, as far as is known."""

    @property
    def waiting(self) -> int:
        """How many messages are not sent yet."""
        return len(self._outgoing)

    def emit(self, gateway_id: GatewayId, message: GatewayMessage) -> None:
        """Sends a message to a gateway; returns at once."""
        if len(self._outgoing) >= MAX_WAITING_MESSAGES:
            self._outgoing.popleft()
            DROPPED_MESSAGES.inc()
            logger.error("outgoing message dropped", extra={"waiting": MAX_WAITING_MESSAGES})
        self._outgoing.append((redis_names.gateway_inbox(gateway_id), encoder.encode(message)))
        self._waiting.set()

    def tell_node(self, node_id: NodeId, message: LinkMessage) -> None:
        """Sends a message to another node; returns at once."""
        if len(self._outgoing) < MAX_WAITING_FOR_NODES:
            self._outgoing.append((redis_names.node_links(node_id), encoder.encode(message)))
            self._waiting.set()

    async def listen(self, handler: Handler, on_link: LinkHandler) -> None:
        """Takes requests, and what other nodes say, for ever; ends by cancellation."""
        failures = 0
        while True:
            try:
                async with self._listening_client.pubsub() as pubsub:
                    await pubsub.ssubscribe(self._from_nodes)
                    await pubsub.ssubscribe(self._inbox)
                    async for message in self._messages(pubsub):
                        failures = 0
                        if message["type"] == "ssubscribe":
                            self.connected = True
                            if message["channel"] == self._inbox.encode():
                                self.listening.set()
                        elif message["type"] == "smessage" and message["channel"] == self._from_nodes.encode():
                            self._hear_node(on_link, message["data"])
                        elif message["type"] == "smessage" and message["data"] != ECHO:
                            self._serve(handler, message["data"])
            except (RedisError, OSError) as error:
                self.connected = False
                logger.warning("inbox not readable", extra={"reason": str(error)})
                await asyncio.sleep(_delay(failures))
                failures += 1

    async def speak(self) -> None:
        """Sends what waits, for ever; ends by cancellation."""
        failures = 0
        while True:
            await self._waiting.wait()
            batch = [self._outgoing.popleft() for _ in range(min(MAX_BATCH, len(self._outgoing)))]
            try:
                async with self._client.pipeline(transaction=False) as pipeline:
                    for channel, message in batch:
                        pipeline.execute_command("SPUBLISH", channel, message)
                    await pipeline.execute()
            except (RedisError, OSError) as error:
                self._outgoing.extendleft(reversed(batch))
                logger.warning("messages not sent", extra={"reason": str(error), "waiting": len(self._outgoing)})
                await asyncio.sleep(_delay(failures))
                failures += 1
                continue
            failures = 0
            if not self._outgoing:
                self._waiting.clear()

    async def _messages(self, pubsub: PubSub) -> AsyncIterator[dict[str, Any]]:
        """What comes on a connection. One that does not carry the node's own message either raises.

        It may be half open, or stand to a primary that others have left.
        """
        tested = False
        while True:
            message = await pubsub.get_message(timeout=SILENCE_S)
            if message is not None:
                tested = False
                yield message
            elif tested:
                raise RedisConnectionError("what is sent to this node is not heard")
            else:
                tested = True
                await self._client.spublish(self._inbox, ECHO)

    def _serve(self, handler: Handler, data: bytes) -> None:
        try:
            envelope = request_decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            DROPPED_REQUESTS.labels("malformed").inc()
            logger.warning("malformed request dropped", extra={"reason": str(error)})
            return
        now = self._now()
        if envelope.deadline_at <= now:
            DROPPED_REQUESTS.labels("late").inc()
            logger.warning(
                "late request dropped",
                extra={"request": type(envelope.request).__name__, "late_ms": now - envelope.deadline_at},
            )
            return
        with bound(gateway_id=envelope.gateway_id), traced(envelope.trace_id, envelope.span_id):
            span = spans.begin(type(envelope.request).__name__, spans.Kind.SERVER)
            with bound(**span.ids):
                answer = handler(envelope.gateway_id, envelope.request)
        if isinstance(answer, asyncio.Future):
            answer.add_done_callback(lambda done: self._answer(envelope, done.result(), span))
        else:
            self._answer(envelope, answer, span)

    def _answer(self, envelope: RequestEnvelope, answer: NodeAnswer, span: spans.Begun) -> None:
        if isinstance(answer, Refused):
            span.fail(answer.error.code)
        span.end()
        self.emit(envelope.gateway_id, AnswerEnvelope(id=envelope.id, answer=answer))

    @staticmethod
    def _hear_node(on_link: LinkHandler, data: bytes) -> None:
        try:
            message = link_decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            logger.warning("malformed message of a node dropped", extra={"reason": str(error)})
            return
        try:
            on_link(message)
        except Exception:  # a bug of ours must not end the node for all the others
            logger.exception("message of a node not taken", extra={"node_id": message.node_id})


def _delay(failures: int) -> float:
    return RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)]
