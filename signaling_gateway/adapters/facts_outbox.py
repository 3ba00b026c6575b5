"""Passes on what this gateway appended to the stream of facts. The log itself is the outbox.

The facts' stream and a meeting's log may lie on different nodes of a cluster, so no script can write both. A gateway
passes on the events of its own appends, then notes in the log's slot how far it has come. If it dies between the
two, the gateway that takes over its rooms reads the rest from the log: at least once, and known by meeting and
version at the other end. What is no fact is passed over, and noted like one: an entry of the log can only be trimmed
when those before it can.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts import redis_names
from contracts.facts import Fact, as_fact, is_fact
from contracts.rooms import GatewayId, MeetingId
from signaling_gateway.service.meeting_log import LogEntry, MeetingLog, is_append_of

BATCH = 500
RETRY_S = 0.5

_log = logging.getLogger(__name__)


class FactsOutbox:
    """The facts of one gateway. ``run`` must be running for anything to leave."""

    def __init__(self, redis: Redis, gateway_id: GatewayId) -> None:
        self._redis = redis
        self._gateway_id = gateway_id
        self._waiting: list[Fact] = []
        self._owed: Counter[MeetingId] = Counter()
        self._noted: dict[MeetingId, int] = {}
        """Up to which version facts were passed on, of the meetings that are served here."""
        self._filled = asyncio.Event()
        self._progress = asyncio.Condition()

    def add(self, meeting_id: MeetingId, entries: Iterable[LogEntry]) -> None:
        """Takes up those of ``entries`` that this gateway appended."""
        own = [_fact(meeting_id, entry) for entry in entries if is_append_of(self._gateway_id, entry.append_id)]
        if own:
            self._waiting.extend(own)
            self._owed[meeting_id] += len(own)
            self._filled.set()

    async def run(self) -> None:
        """Passes facts on as they come, until cancelled."""
        while True:
            await self._filled.wait()
            batch = self._waiting[:BATCH]
            try:
                await self._pass_on(batch)
            except (RedisError, OSError) as error:
                _log.warning("facts are waiting", extra={"error": str(error)})
                await asyncio.sleep(RETRY_S)
                continue
            del self._waiting[: len(batch)]
            self._owed -= Counter(fact.meeting_id for fact in batch)
            if not self._waiting:
                self._filled.clear()
            async with self._progress:
                self._progress.notify_all()

    @property
    def waiting(self) -> int:
        """How many are not passed on yet."""
        return len(self._waiting)

    async def flushed(self) -> None:
        """Returns when nothing is waiting."""
        async with self._progress:
            await self._progress.wait_for(lambda: not self._waiting)

    async def passed_on(self, meeting_id: MeetingId) -> None:
        """Returns when nothing of the meeting is waiting."""
        async with self._progress:
            await self._progress.wait_for(lambda: not self._owed[meeting_id])
        self._noted.pop(meeting_id, None)

    async def pass_on_again(self, meeting_id: MeetingId, log: MeetingLog) -> None:
        """Passes on once more what Redis has lost, as the lost note of it tells: facts come before their note.

        Raises:
            RedisError: it is not done.
            LogUnavailableError: the log cannot be read.
        """
        done = self._noted.get(meeting_id, 0)
        if done > await self._noted_of(self._gateway_id, meeting_id):
            await self.take_over(self._gateway_id, meeting_id, await log.kept(meeting_id))
            await self._redis.hset(redis_names.meeting_facts(meeting_id), self._gateway_id, str(done))

    async def take_over(self, lost: GatewayId, meeting_id: MeetingId, entries: Iterable[LogEntry]) -> None:
        """Passes on what a lost gateway appended to a meeting and did not note as passed on.

        Raises:
            RedisError: it is not done; take over again later.
        """
        done = await self._noted_of(lost, meeting_id)
        facts = [
            _fact(meeting_id, entry)
            for entry in entries
            if entry.version > done and is_append_of(lost, entry.append_id)
        ]
        for start in range(0, len(facts), BATCH):
            await self._write(facts[start : start + BATCH])

    async def _pass_on(self, facts: list[Fact]) -> None:
        await self._write(facts)
        latest = {fact.meeting_id: fact.version for fact in facts}
        async with self._redis.pipeline(transaction=False) as pipeline:
            for meeting_id, version in latest.items():
                pipeline.hset(redis_names.meeting_facts(meeting_id), self._gateway_id, str(version))
            await pipeline.execute()
        self._noted |= latest

    async def _noted_of(self, gateway_id: GatewayId, meeting_id: MeetingId) -> int:
        return int(await self._redis.hget(redis_names.meeting_facts(meeting_id), gateway_id) or 0)

    async def _write(self, facts: list[Fact]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for fact in filter(_is_told, facts):
                pipeline.xadd(redis_names.FACTS, {"f": msgspec.json.encode(fact)})
            await pipeline.execute()


def _is_told(fact: Fact) -> bool:
    return is_fact(fact.event)


def _fact(meeting_id: MeetingId, entry: LogEntry) -> Fact:
    return Fact(meeting_id=meeting_id, version=entry.version, event=as_fact(entry.event))
