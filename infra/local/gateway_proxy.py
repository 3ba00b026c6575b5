"""Forwards Socket.IO, WHIP, WHEP and broadcasts to the signalling gateway, as the load balancer does for the fleet.

The page then has one origin: no CORS, and one exception for a self-signed certificate covers everything.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

from infra.local.ports import LOOPBACK

PATHS: Final = ("/socket.io/", "/whip", "/whip/{path:.*}", "/whep", "/whep/{path:.*}", "/live/{key}/{path:.+}")
_MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""Above what the gateway itself takes, so that its own refusal is seen."""
_NOT_FORWARDED: Final = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)


class GatewayProxy:
    """Forwards to one gateway on the loopback interface."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._origin = f"http://{LOOPBACK}:{port}"

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Passes one request or one WebSocket on.

        Raises:
            web.HTTPBadGateway: the gateway cannot be reached.
        """
        url = f"{self._origin}{request.raw_path}"
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._websocket(request, url)
            return await self._http(request, url)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status, text=error.message)
        except aiohttp.ClientError as error:
            raise web.HTTPBadGateway(text="The gateway cannot be reached.") from error

    async def _http(self, request: web.Request, url: str) -> web.StreamResponse:
        body = await request.read()
        headers = _forwarded_headers(request)
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _NOT_FORWARDED]
            response = web.Response(status=answer.status, body=await answer.read())
            response.headers.extend(kept)
            return response

    async def _websocket(self, request: web.Request, url: str) -> web.StreamResponse:
        async with self._session.ws_connect(
            url, headers=_forwarded_headers(request), max_msg_size=_MAX_MESSAGE_BYTES, autoping=True
        ) as gateway:
            client = web.WebSocketResponse(max_msg_size=_MAX_MESSAGE_BYTES, compress=False)
            await client.prepare(request)
            await _join(client, gateway)
            return client


async def _join(client: web.WebSocketResponse, gateway: aiohttp.ClientWebSocketResponse) -> None:
    """Carries messages both ways until one side closes, and closes the other with the same code."""
    directions: dict[asyncio.Task[int | None], web.WebSocketResponse | aiohttp.ClientWebSocketResponse] = {
        asyncio.create_task(_carry(client, gateway)): gateway,
        asyncio.create_task(_carry(gateway, client)): client,
    }
    try:
        done, _ = await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for direction in done:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await directions[direction].close(code=_sendable(direction.result()))
    finally:
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)


async def _carry(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> int | None:
    """Passes messages on, and answers the code with which the source closed."""
    try:
        async for message in source:
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await target.send_bytes(message.data)
    except ConnectionError:
        return WSCloseCode.GOING_AWAY
    return source.close_code


def _sendable(code: int | None) -> int:
    """A code that may be put into a close frame (RFC 6455, 7.4.1)."""
    return code if code is not None and (1000 <= code <= 1003 or 1007 <= code <= 4999) else WSCloseCode.GOING_AWAY


def _forwarded_headers(request: web.Request) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _NOT_FORWARDED]
    return [
        *headers,
        ("X-Forwarded-For", request.remote or ""),
        ("X-Forwarded-Proto", request.scheme),
        ("X-Forwarded-Host", request.host),
    ]
