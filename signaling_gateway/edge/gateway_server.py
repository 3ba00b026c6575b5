"""The HTTP server that a gateway is behind."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Protocol

import uvicorn

from signaling_gateway.edge.frame_guard import MAX_FRAME_BYTES, App
from signaling_gateway.edge.http_protocol import PromptH11Protocol
from signaling_gateway.settings import GatewaySettings


class Served(Protocol):
    """What a gateway is to its server."""

    @property
    def settings(self) -> GatewaySettings: ...

    @property
    def app(self) -> App: ...

    async def drain(self) -> None:
        """Tells every client to go on elsewhere, and waits for what is under way."""


class GatewayServer(uvicorn.Server):
    """The HTTP server of one gateway. It drains the gateway before it closes connections, and leaves signals alone."""

    def __init__(self, gateway: Served) -> None:
        settings = gateway.settings
        super().__init__(
            uvicorn.Config(
                gateway.app,
                host=settings.bind_address,
                port=settings.port,
                http=PromptH11Protocol,
                ws="websockets-sansio",
                ws_max_size=MAX_FRAME_BYTES,
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
                ssl_certfile=settings.tls_certificate,
                ssl_keyfile=settings.tls_key,
            )
        )
        self._gateway = gateway

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are `main`'s: uvicorn would raise them again before the gateway has closed."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Clients are told first."""
        await self._gateway.drain()
        await super().shutdown(sockets)
