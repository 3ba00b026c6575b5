"""Requests to media nodes over Redis, and what nodes report: `contracts.node_rpc`."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.error_codes import ErrorCode
from contracts.node_rpc import (
    AnswerEnvelope,
    NodeAnswer,
    NodeReport,
    NodeRequest,
    Refused,
    RequestEnvelope,
    encoder,
    gateway_message_decoder,
)
from contracts.rooms import GatewayId, NodeId
from signaling_gateway.adapters.subscriptions import Subscriptions
from signaling_gateway.errors import NodeError
from signaling_gateway.metrics import NODE_REQUEST_SECONDS
from telemetry import spans
from telemetry.tracing import current_span_id, current_trace_id

_log = logging.getLogger(__name__)


class RedisNodeRpc:
    """`NodeRpc` on Redis channels."""

    def __init__(
        self,
        redis: Redis,
        subscriptions: Subscriptions,
        *,
        gateway_id: GatewayId,
        now: Callable[[], int],
        on_report: Callable[[NodeReport], None],
    ) -> None:
        self._redis = redis
        self._subscriptions = subscriptions
        self._gateway_id = gateway_id
        self._now = now
        self._on_report = on_report
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[NodeAnswer]] = {}

    async def open(self) -> None:
        """Begins to listen for answers and reports."""
        await self._subscriptions.subscribe(
            redis_names.gateway_inbox(self._gateway_id), on_message=self._receive, on_subscribed=lambda: None
        )

    async def request(self, node_id: NodeId, request: NodeRequest, *, timeout_s: float) -> NodeAnswer:
        """The node's answer. Cancelling the caller forgets the request; a late answer is dropped.

        Raises:
            NodeError: the node refused, does not listen, or did not answer in time.
        """
        started = time.perf_counter()
        code = "ok"
        try:
            with spans.span(type(request).__name__, spans.Kind.CLIENT, {"parley.node_id": node_id}):
                return await self._answered(node_id, request, timeout_s)
        except NodeError as error:
            code = error.code
            raise
        except asyncio.CancelledError:
            code = "cancelled"
            raise
        finally:
            NODE_REQUEST_SECONDS.labels(type(request).__name__, code).observe(time.perf_counter() - started)

    async def _answered(self, node_id: NodeId, request: NodeRequest, timeout_s: float) -> NodeAnswer:
        request_id = f"{self._gateway_id}:{next(self._numbers)}"
        envelope = RequestEnvelope(
            id=request_id,
            gateway_id=self._gateway_id,
            deadline_at=self._now() + int(timeout_s * 1000),
            request=request,
            trace_id=current_trace_id(),
            span_id=current_span_id(),
        )
        answer = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                heard: int = await self._redis.spublish(redis_names.node_inbox(node_id), encoder.encode(envelope))
                if heard == 0:
                    raise NodeError(ErrorCode.NO_MEDIA_NODE, "The media server cannot be reached at the moment.")
                received: NodeAnswer = await answer
        except TimeoutError as error:
            raise NodeError(ErrorCode.MEDIA_NODE_TIMEOUT, "The media server did not answer in time.") from error
        except (RedisError, OSError) as error:
            raise NodeError(ErrorCode.SERVICE_UNAVAILABLE, "The media server cannot be asked.") from error
        finally:
            self._waiting.pop(request_id, None)
        if isinstance(received, Refused):
            raise NodeError(received.error.code, received.error.message)
        return received

    def _receive(self, data: bytes) -> None:
        try:
            message = gateway_message_decoder.decode(data)
        except msgspec.DecodeError as error:
            _log.warning("a message from a media node cannot be read", extra={"error": str(error)})
            return
        if not isinstance(message, AnswerEnvelope):
            self._on_report(message)
            return
        waiting = self._waiting.get(message.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.answer)
