"""Keeps browsers away from what the services of this machine say to each other.

Anyone's page can send requests to this machine's ports. It cannot leave these headers out (Fetch Standard, "forbidden
request-header"), and no service of ours sends them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

MARKS: Final = ("Origin", "Sec-Fetch-Site")
"""Headers that browsers put on requests of pages."""


@web.middleware
async def refuse_browsers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """aiohttp middleware: 403 for a request that a page has made."""
    if any(mark in request.headers for mark in MARKS):
        return web.Response(status=403, text="This is not for browsers.")
    return await handler(request)
