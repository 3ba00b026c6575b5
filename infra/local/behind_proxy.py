"""What a reverse proxy of one's own says of a request: who made it, and that it came over TLS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web


@web.middleware
async def told_by_proxy(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Takes the client's address from the end of X-Forwarded-For, where the proxy has written who connected to it.

    For a front door that the proxy alone can reach: anybody else could write there what they like.
    """
    chain = [entry.strip() for entry in request.headers.get("X-Forwarded-For", "").split(",") if entry.strip()]
    return await handler(request.clone(scheme="https", remote=chain[-1] if chain else request.remote or ""))
