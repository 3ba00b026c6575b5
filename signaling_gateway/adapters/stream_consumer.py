"""A consumer group on a Redis stream: every entry is handled by some gateway, at least once, even if gateways die."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

READ_BLOCK_MS = 2_000
CLAIM_IDLE_MS = 30_000
"""After so long without an acknowledgement an entry is another consumer's: longer than handling a batch may take."""
RETIRE_TIMEOUT_S = 1.0
RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

_log = logging.getLogger(__name__)


class StreamEntry(Struct, frozen=True, kw_only=True):
    """One entry of the stream."""

    id: bytes
    fields: dict[bytes, bytes]


class NotHandledError(Exception):
    """The batch was not handled. Its entries stay pending, and are handed over again."""


Handle = Callable[[Sequence[StreamEntry]], Awaitable[None]]


class StreamConsumer:
    """Reads a stream in batches as ``consumer`` of ``group``; acknowledges and deletes what ``handle`` has handled."""

    def __init__(
        self,
        redis: Redis,
        *,
        stream: str,
        group: str,
        consumer: str,
        handle: Handle,
        batch: int = 100,
        claim_idle_ms: int = CLAIM_IDLE_MS,
    ) -> None:
        self._redis = redis
        self._stream = stream
        self._group = group
        self._consumer = consumer
        self._handle = handle
        self._batch = batch
        self._claim_idle_ms = claim_idle_ms

    async def run(self) -> None:
        """Consumes, until cancelled. Entries that could not be handled come first after a pause."""
        failures = 0
        try:
            while True:
                try:
                    await self._create_group()
                    while True:
                        await self._round()
                        failures = 0
                except (RedisError, OSError, NotHandledError) as error:
                    delay = RETRY_DELAYS_S[min(failures, len(RETRY_DELAYS_S) - 1)]
                    failures += 1
                    names = {"stream": self._stream, "error": str(error)}
                    _log.warning("a stream is tried again", extra=names | {"in_s": delay})
                    await asyncio.sleep(delay)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(RETIRE_TIMEOUT_S):
                    await self._retire()

    async def _round(self) -> None:
        own = await self._read("0", block_ms=None)
        abandoned = [] if own else await self._claim()
        entries = own or abandoned or await self._read(">", block_ms=READ_BLOCK_MS)
        if not entries:
            return
        await self._handle(entries)
        ids = [entry.id for entry in entries]
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.xack(self._stream, self._group, *ids)
            pipeline.xdel(self._stream, *ids)
            await pipeline.execute()

    async def _retire(self) -> None:
        """Takes this consumer's name off the group, if it leaves nothing behind (the group forgets what it had)."""
        pending = await self._redis.xpending_range(
            self._stream, self._group, min="-", max="+", count=1, consumername=self._consumer
        )
        if not pending:
            await self._redis.xgroup_delconsumer(self._stream, self._group, self._consumer)

    async def _create_group(self) -> None:
        try:
            await self._redis.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _read(self, start: str, *, block_ms: int | None) -> list[StreamEntry]:
        answer: Any = await self._redis.xreadgroup(
            self._group, self._consumer, {self._stream: start}, count=self._batch, block=block_ms
        )
        if not answer:
            return []
        # RESP2 answers pairs, RESP3 a map whose values hold one more list.
        streams = answer.values() if isinstance(answer, dict) else (entries for _, entries in answer)
        found: list[StreamEntry] = []
        for entries in streams:
            flat = entries[0] if isinstance(answer, dict) and entries and isinstance(entries[0], list) else entries
            found.extend(StreamEntry(id=entry_id, fields=fields or {}) for entry_id, fields in flat)
        return found

    async def _claim(self) -> list[StreamEntry]:
        answer = await self._redis.xautoclaim(
            self._stream, self._group, self._consumer, self._claim_idle_ms, "0-0", count=self._batch
        )
        return [StreamEntry(id=entry_id, fields=fields or {}) for entry_id, fields in answer[1]]
