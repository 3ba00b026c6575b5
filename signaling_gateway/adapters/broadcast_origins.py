"""Fetches what nodes serve of their broadcasts, inside the platform's own network."""

from __future__ import annotations

import asyncio
import re

import httpx

from signaling_gateway.service.live_relay import MAX_FLIGHTS, Fetched, OriginAwayError

WITHIN_S = 12.0
"""A node holds a playlist back until it has news, three target durations at the most."""
MAX_BYTES = 32 * 1024 * 1024
_ADDRESS = re.compile(r"http://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}/[!-~]+")


class HttpOrigins:
    """`signaling_gateway.service.live_relay.Origin` over HTTP."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(WITHIN_S, connect=2.0),
            limits=httpx.Limits(max_connections=MAX_FLIGHTS, max_keepalive_connections=64),
            follow_redirects=False,
            trust_env=False,
        )

    async def fetch(self, url: str) -> Fetched:
        """See `Origin`."""
        if _ADDRESS.fullmatch(url) is None:
            raise OriginAwayError("this is no origin's address")
        try:
            async with asyncio.timeout(WITHIN_S), self._client.stream("GET", url) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_BYTES:
                        raise OriginAwayError(f"the answer is larger than {MAX_BYTES} bytes")
                return Fetched(status=answer.status_code, body=bytes(body))
        except (httpx.HTTPError, TimeoutError) as error:
            raise OriginAwayError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Closes all connections."""
        await self._client.aclose()
