"""The Socket.IO server: who connects, what they ask for, and that they are gone."""

from __future__ import annotations

import logging
import time
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectRefusedError

from contracts.client_messages import Closing, ErrorBody
from contracts.error_codes import ErrorCode
from signaling_gateway.domain.token_bucket import TokenBucket
from signaling_gateway.edge.commands import CommandHandler, error_answer
from signaling_gateway.edge.connecting import TokenVerifier, authenticate
from signaling_gateway.edge.delivery import SocketDelivery
from signaling_gateway.edge.frame_guard import LINK, MAX_FRAME_BYTES, Link
from signaling_gateway.errors import GatewayError
from signaling_gateway.service.admission import Admission
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import Connection

NAMESPACE = "/"
COMMANDS_AT_ONCE = 60
COMMANDS_PER_S = 20
PING_INTERVAL_S = 10
PING_TIMEOUT_S = 8
"""A connection that is silently dead is noticed within the sum of the two."""

CLOSING_DOWN = Closing(
    code=ErrorCode.GATEWAY_CLOSING, message="The server is being restarted. One moment, please.", retry=True
)

_log = logging.getLogger(__name__)


class _Manager(socketio.AsyncManager):  # type: ignore[misc]
    """Tells the server when a client has its CONNECT packet, and when it is gone.

    The library's ``disconnect`` event cannot be used for the latter: a client can send an event of that name.
    """

    owner: SocketServer

    async def connect(self, sid: str, namespace: str) -> str:
        connected: str = await super().connect(sid, namespace)
        await self.owner.connected(sid)
        return connected

    async def disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        self.owner.disconnected(sid)
        await super().disconnect(sid, namespace, **kwargs)


class SocketServer:
    """The clients' door."""

    def __init__(
        self,
        *,
        verifier: TokenVerifier,
        admission: Admission,
        handler: CommandHandler,
        delivery: SocketDelivery,
        tasks: BackgroundTasks,
        allowed_origins: tuple[str, ...],
    ) -> None:
        self._verifier = verifier
        self._admission = admission
        self._handler = handler
        self._delivery = delivery
        self._tasks = tasks
        self._connections: dict[str, Connection] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self.closing = False
        # What clients do wrong is answered, not logged; what goes wrong here is logged where it is caught.
        library_log = logging.getLogger(f"{__name__}.library")
        library_log.setLevel(logging.CRITICAL)
        self._manager = _Manager()
        self._manager.owner = self
        self.sio = socketio.AsyncServer(
            client_manager=self._manager,
            async_mode="asgi",
            transports=["websocket"],
            cors_allowed_origins=_origins(allowed_origins),
            max_http_buffer_size=MAX_FRAME_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            allow_upgrades=False,
            http_compression=False,
            logger=library_log,
            engineio_logger=library_log,
        )
        self.sio.on("connect", self._connect)
        self.sio.on("*", self._command)
        delivery.bind(self.sio)

    def __len__(self) -> int:
        return len(self._connections)

    async def close_all(self) -> None:
        """Tells every client to go on elsewhere."""
        self.closing = True
        for sid in list(self._connections):
            self._delivery.close(sid, CLOSING_DOWN)

    # ---- connecting ----

    async def _connect(self, sid: str, environ: Any, auth: Any = None) -> Any:
        if not self._manager.is_pre_connected(sid, NAMESPACE):
            # An event that a connected client has named "connect".
            return error_answer(ErrorBody(code=ErrorCode.UNKNOWN_COMMAND, message="There is no such command."))
        try:
            self._require_open()
            claims, request = await authenticate(auth, self._verifier)
            connection = await self._admission.admit(sid, claims, request.resume)
        except GatewayError as error:
            raise _refused(error.body) from error
        except Exception as error:
            _log.exception("a connection failed")
            body = ErrorBody(code=ErrorCode.INTERNAL, message="Something went wrong on our side.")
            raise _refused(body) from error
        self._connections[sid] = connection
        self._buckets[sid] = TokenBucket.full(capacity=COMMANDS_AT_ONCE, rate=COMMANDS_PER_S, now=time.monotonic())
        link: Link = environ["asgi.scope"][LINK]
        self._delivery.opened(sid, self._manager.eio_sid_from_sid(sid, NAMESPACE), link)
        return True

    def _require_open(self) -> None:
        if self.closing:
            raise GatewayError(CLOSING_DOWN.code, CLOSING_DOWN.message)

    async def connected(self, sid: str) -> None:
        """The CONNECT packet is on its way: the welcome comes next."""
        connection = self._connections.get(sid)
        if connection is None:
            return
        socket = self.sio.eio.sockets.get(self._manager.eio_sid_from_sid(sid, NAMESPACE))
        if socket is None or socket.closed or socket.closing:
            # Gone while it was let in; the library does not tell.
            await self._manager.disconnect(sid, NAMESPACE)
        elif self.closing:
            self._delivery.close(sid, CLOSING_DOWN)
        else:
            self._admission.welcome(connection)

    def disconnected(self, sid: str) -> None:
        """The client is gone."""
        self._buckets.pop(sid, None)
        self._delivery.gone(sid)
        connection = self._connections.pop(sid, None)
        if connection is not None:
            self._tasks.spawn(self._admission.drop(connection))

    # ---- commands ----

    async def _command(self, name: Any, sid: str, *arguments: Any) -> Any:
        connection = self._connections.get(sid)
        bucket = self._buckets.get(sid)
        if connection is None or bucket is None:
            return error_answer(ErrorBody(code=ErrorCode.BAD_REQUEST, message="Join the meeting first."))
        if not self._delivery.keeps_up(sid):
            return error_answer(ErrorBody(code=ErrorCode.SLOW_CLIENT, message="Read the answers before asking more."))
        drawn = bucket.take(time.monotonic())
        if drawn is None:
            return error_answer(ErrorBody(code=ErrorCode.RATE_LIMITED, message="Slower, please."))
        self._buckets[sid] = drawn
        with self._delivery.busy(sid):
            return await self._handler.handle(connection, name, arguments)


def _refused(body: ErrorBody) -> Exception:
    data = {"code": str(body.code), "message": body.message}
    refused: Exception = ConnectRefusedError(body.message, data)
    return refused


def _origins(allowed: tuple[str, ...]) -> str | list[str] | None:
    """The library's form: ``*`` for any origin, None for the server's own only."""
    if "*" in allowed:
        return "*"
    return list(allowed) or None
