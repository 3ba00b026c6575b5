"""How a gateway reaches Redis."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError

MAX_CONNECTIONS = 64


def redis_client(url: str, *, socket_timeout: float, max_connections: int = MAX_CONNECTIONS) -> Redis:
    """A client that fails fast: trying again, but for one thing, is decided where it is known what that means.

    Commands wait for a free connection: a crowd that comes back at once asks more at a time than there should be
    connections.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=2.0,
        socket_timeout=socket_timeout,
        socket_connect_timeout=2.0,
        socket_keepalive=True,
        # A primary that has become a replica keeps its connections; whoever connects anew finds the primary.
        retry=Retry(NoBackoff(), 1, supported_errors=(ReadOnlyError,)),
    )
    return Redis.from_pool(pool)
