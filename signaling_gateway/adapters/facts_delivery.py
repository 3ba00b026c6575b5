"""Delivers facts to the meeting service: batches of the facts' stream, by invoking its function.

At least once: entries are acknowledged after the function has taken them. Those that it refuses for good become dead
letters. A function that fails keeps its batch waiting; when it fails on the same batch again and again while it can be
reached, the facts are handed over one by one, so that a single bad one becomes a dead letter instead of a dam. What is
too large for one invocation goes in several; a fact that is too large by itself is a dead letter, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from redis.asyncio import Redis

from contracts import redis_names
from contracts.facts import Fact, FactBatch, FactsAccepted
from signaling_gateway.adapters.stream_consumer import NotHandledError, StreamEntry
from signaling_gateway.metrics import FACTS

TRIES_TOGETHER = 3
TRIES_ALONE = 5
MAX_TOGETHER_BYTES = 4_000_000
"""As many bytes of facts go in one invocation, of which AWS Lambda takes 6 MB."""

_log = logging.getLogger(__name__)
_accepted_decoder: msgspec.json.Decoder[FactsAccepted] = msgspec.json.Decoder(FactsAccepted)
_fact_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


class FunctionFailedError(Exception):
    """The function was reached and failed."""


class FunctionUnreachableError(Exception):
    """The function could not be invoked."""


class PayloadTooLargeError(Exception):
    """The function takes no payload of this size."""


class Function(Protocol):
    """Invokes one function synchronously, in any thread. Raises the three errors above."""

    def __call__(self, payload: bytes) -> bytes: ...


class FactsDelivery:
    """Handles batches of the facts' stream for a `StreamConsumer`."""

    def __init__(self, redis: Redis, function: Function, *, now: Callable[[], int]) -> None:
        self._redis = redis
        self._function = function
        self._now = now
        self._failures: Counter[bytes] = Counter()

    async def __call__(self, entries: Sequence[StreamEntry]) -> None:
        """Delivers the entries.

        Raises:
            NotHandledError: the function could not be reached, or failed; they are to be handed over again.
        """
        facts = await self._readable(entries)
        first = entries[0].id
        if self._failures[first] >= TRIES_TOGETHER:
            for entry_id, fact in facts.items():
                await self._deliver_alone(entry_id, fact)
        elif facts:
            try:
                for together in _slices(facts.values()):
                    await self._deliver(together)
            except FunctionFailedError as error:
                self._failures[first] += 1
                raise NotHandledError(f"the function failed on {len(facts)} facts: {error}") from error
        self._failures.clear()

    async def _readable(self, entries: Sequence[StreamEntry]) -> dict[bytes, Fact]:
        facts: dict[bytes, Fact] = {}
        for entry in entries:
            # An entry without fields was deleted while it was pending.
            if not entry.fields:
                continue
            try:
                facts[entry.id] = _fact_decoder.decode(entry.fields.get(b"f", b""))
            except msgspec.DecodeError as error:
                await self._bury(entry.fields.get(b"f", b""), f"cannot be read: {error}")
        return facts

    async def _deliver_alone(self, entry_id: bytes, fact: Fact) -> None:
        try:
            await self._deliver((fact,))
        except FunctionFailedError as error:
            self._failures[entry_id] += 1
            if self._failures[entry_id] < TRIES_TOGETHER + TRIES_ALONE:
                raise NotHandledError(f"the function failed on {fact.meeting_id} {fact.version}: {error}") from error
            await self._bury(msgspec.json.encode(fact), f"the function fails: {error}")

    async def _deliver(self, facts: tuple[Fact, ...]) -> None:
        payload = msgspec.json.encode(FactBatch(facts=facts))
        try:
            answer = await asyncio.to_thread(self._function, payload)
            accepted = _accepted_decoder.decode(answer)
        except FunctionUnreachableError as error:
            raise NotHandledError(f"the function cannot be invoked: {error}") from error
        except PayloadTooLargeError as error:
            await self._deliver_less(facts, str(error))
            return
        except msgspec.DecodeError as error:
            raise FunctionFailedError(f"its answer cannot be read: {error}") from error
        known = {(fact.meeting_id, fact.version): fact for fact in facts}
        FACTS.labels("delivered").inc(len(facts) - len(accepted.refused))
        for refused in accepted.refused:
            fact = known.get((refused.meeting_id, refused.version))
            if fact is not None:
                await self._bury(msgspec.json.encode(fact), refused.reason)

    async def _deliver_less(self, facts: tuple[Fact, ...], reason: str) -> None:
        """Delivers in two parts what is too large together."""
        if len(facts) == 1:
            await self._bury(msgspec.json.encode(facts[0]), f"too large: {reason}")
            return
        half = len(facts) // 2
        for part in (facts[:half], facts[half:]):
            await self._deliver(part)

    async def _bury(self, fact: bytes, reason: str) -> None:
        _log.error("a fact is kept as a dead letter", extra={"reason": reason})
        FACTS.labels("dead").inc()
        await self._redis.xadd(redis_names.FACTS_DEAD, {"f": fact, "reason": reason, "at": str(self._now())})


def _slices(facts: Iterable[Fact]) -> Iterator[tuple[Fact, ...]]:
    """All facts in their order, as many together as go in one invocation."""
    together: list[Fact] = []
    size = 0
    for fact in facts:
        length = len(msgspec.json.encode(fact))
        if together and size + length > MAX_TOGETHER_BYTES:
            yield tuple(together)
            together, size = [], 0
        together.append(fact)
        size += length
    yield tuple(together)
