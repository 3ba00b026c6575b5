"""Sharded pub/sub over one connection: which channels this gateway listens to, and that it goes on doing so.

Pub/sub may lose messages whenever its connection breaks. So each channel's listener is also told whenever its
subscription has just begun (again), and then reads what it missed from where it is kept. A connection can also stand
and hear nothing: half open, or to a primary that others have left. So silence is tested from end to end, with a message
that goes the way all others do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from signaling_gateway.errors import LogUnavailableError

SILENCE_S = 1.5
"""After so long without a message one is published to this gateway itself; unheard for as long again, the connection is
given up."""
CONFIRMATION_TIMEOUT_S = 5.0
RECONNECT_DELAYS_S = (0.05, 0.1, 0.2, 0.5, 1.0)

_log = logging.getLogger(__name__)


@dataclass
class _Channel:
    on_message: Callable[[bytes], None]
    on_subscribed: Callable[[], None]
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)


class Subscriptions:
    """The gateway's channels. ``run`` must be running for anything to arrive."""

    def __init__(self, redis: Redis, *, publisher: Redis, own_channel: str) -> None:
        self._redis = redis
        self._publisher = publisher
        self._own_channel = own_channel
        self._channels = {own_channel: _Channel(lambda _: None, lambda: None)}
        self._pubsub: PubSub | None = None

    async def subscribe(
        self, channel: str, *, on_message: Callable[[bytes], None], on_subscribed: Callable[[], None]
    ) -> None:
        """Listens from now on; returns once Redis has confirmed it.

        Raises:
            LogUnavailableError: there was no confirmation in time. The channel is not listened to.
        """
        entry = self._channels[channel] = _Channel(on_message, on_subscribed)
        try:
            async with asyncio.timeout(CONFIRMATION_TIMEOUT_S):
                # Without a connection now, the next one begins with all channels.
                if self._pubsub is not None:
                    with contextlib.suppress(RedisError, OSError):
                        await self._pubsub.ssubscribe(channel)
                await entry.confirmed.wait()
        except TimeoutError as error:
            self._channels.pop(channel, None)
            raise LogUnavailableError from error

    async def unsubscribe(self, channel: str) -> None:
        """Listens no longer."""
        if self._channels.pop(channel, None) is not None and self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.sunsubscribe(channel)

    @property
    def connected(self) -> bool:
        """Whether the connection stands."""
        return self._pubsub is not None

    async def run(self) -> None:
        """Keeps the connection, until cancelled."""
        failures = 0
        while True:
            pubsub = self._redis.pubsub()
            try:
                await pubsub.ssubscribe(*self._channels)
                self._pubsub = pubsub
                failures = 0
                await self._listen(pubsub)
            except (RedisError, OSError) as error:
                _log.warning("subscriptions lost, connecting again", extra={"error": str(error)})
            finally:
                self._pubsub = None
                with contextlib.suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            await asyncio.sleep(RECONNECT_DELAYS_S[min(failures, len(RECONNECT_DELAYS_S) - 1)])
            failures += 1

    async def _listen(self, pubsub: PubSub) -> None:
        tested = False
        # Channels that were asked for while the first SSUBSCRIBE was under way.
        missing = [name for name in self._channels if name.encode() not in pubsub.shard_channels]
        if missing:
            await pubsub.ssubscribe(*missing)
        while True:
            message = await pubsub.get_message(timeout=SILENCE_S)
            if message is not None:
                tested = False
                self._dispatch(message)
            elif tested:
                raise ConnectionError("what is published is not heard")
            else:
                tested = True
                await self._publisher.spublish(self._own_channel, b"echo")

    def _dispatch(self, message: dict[str, Any]) -> None:
        channel = message["channel"]
        entry = self._channels.get(channel.decode()) if channel is not None else None
        if entry is None:
            return
        try:
            if message["type"] == "smessage":
                entry.on_message(message["data"])
            elif message["type"] == "ssubscribe":
                entry.confirmed.set()
                entry.on_subscribed()
        except Exception:  # noqa: BLE001  (one listener's fault must not silence the other channels)
            _log.exception("a message could not be handled", extra={"channel": message["channel"].decode()})
