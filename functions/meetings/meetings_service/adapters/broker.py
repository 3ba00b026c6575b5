"""The connection to Redis, made by the first request that needs it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis

_TIMEOUT_S = 2


class Broker:
    """The broker that the gateways stand on."""

    def __init__(self, url: str, *, patience_s: float) -> None:
        self._url = url
        self.patience_s = patience_s
        """How long a blocking command may wait."""

    @functools.cached_property
    def client(self) -> Redis:
        """For commands that are answered at once."""
        return self._connect(_TIMEOUT_S)

    @functools.cached_property
    def waiting_client(self) -> Redis:
        """For commands that wait."""
        return self._connect(_TIMEOUT_S + self.patience_s)

    def _connect(self, timeout_s: float) -> Redis:
        from redis import Redis  # noqa: PLC0415  (0.14 s that only those pay who need the broker)
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        return Redis.from_url(
            self._url,
            socket_timeout=timeout_s,
            socket_connect_timeout=_TIMEOUT_S,
            # Once: while a function's instance was frozen, its connection may have been closed.
            retry=Retry(NoBackoff(), 1),
        )
