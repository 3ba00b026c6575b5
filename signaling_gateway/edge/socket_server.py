"""The Socket.IO server: who connects, what they ask for, and that they are gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectRefusedError

from contracts.client_commands import COMMANDS
from contracts.client_messages import Closing, ErrorBody, Reconnect
from contracts.error_codes import ErrorCode
from signaling_gateway.domain.command_budget import CommandBudget
from signaling_gateway.edge.commands import Answer, CommandHandler, error_answer
from signaling_gateway.edge.connecting import TokenVerifier, authenticate
from signaling_gateway.edge.delivery import SocketDelivery
from signaling_gateway.edge.engine_io import SocketIOServer
from signaling_gateway.edge.frame_guard import LINK, MAX_FRAME_BYTES, Link
from signaling_gateway.errors import GatewayError
from signaling_gateway.metrics import COMMAND_SECONDS, CONNECTS, DISCONNECTS
from signaling_gateway.service.admission import Admission
from signaling_gateway.service.background import BackgroundTasks
from signaling_gateway.service.live_room import Connection
from telemetry import spans
from telemetry.logs import bound
from telemetry.tracing import traced

NAMESPACE = "/"
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
        self._budgets: dict[str, CommandBudget] = {}
        self.closing = False
        self._empty = asyncio.Event()
        # What clients do wrong is answered, not logged; what goes wrong here is logged where it is caught.
        library_log = logging.getLogger(f"{__name__}.library")
        library_log.setLevel(logging.CRITICAL)
        self._manager = _Manager()
        self._manager.owner = self
        self.sio = SocketIOServer(
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

    async def keep_heartbeat(self) -> None:
        """Notices the clients that are silently gone, until cancelled."""
        await self.sio.eio.heartbeat.run()

    async def drain(self, within_ms: int) -> None:
        """Lets nobody in any more, and gives the clients time to go on elsewhere; disconnects who is left then."""
        self.closing = True
        if within_ms > 0 and self._connections:
            self._delivery.send(list(self._connections), "reconnect", Reconnect(within_ms=within_ms))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_ms / 1000):
                    await self._empty.wait()
        for sid in list(self._connections):
            self._delivery.close(sid, CLOSING_DOWN)

    # ---- connecting ----

    async def _connect(self, sid: str, environ: Any = None, auth: Any = None) -> Any:
        if not self._manager.is_pre_connected(sid, NAMESPACE):
            # An event that a connected client has named "connect".
            return error_answer(ErrorBody(code=ErrorCode.UNKNOWN_COMMAND, message="There is no such command."))
        try:
            self._require_open()
            claims, request = await authenticate(auth, self._verifier)
            with (
                bound(meeting_id=claims.meeting),
                traced(claims.trace_id, claims.span_id),
                spans.span("connect", spans.Kind.SERVER),
            ):
                connection = await self._admission.admit(sid, claims, request.resume)
            resumed = request.resume is not None
            _log.info("connected", extra=connection.names | {"identity": claims.sub, "resumed": resumed})
        except GatewayError as error:
            CONNECTS.labels(error.code).inc()
            raise _refused(error.body) from error
        except Exception as error:
            _log.exception("a connection failed")
            CONNECTS.labels(ErrorCode.INTERNAL).inc()
            body = ErrorBody(code=ErrorCode.INTERNAL, message="Something went wrong on our side.")
            raise _refused(body) from error
        CONNECTS.labels("resumed" if resumed else "joined").inc()
        self._connections[sid] = connection
        self._budgets[sid] = CommandBudget(time.monotonic())
        link: Link = environ[LINK]
        self._delivery.opened(sid, link)
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
        self._budgets.pop(sid, None)
        self._delivery.gone(sid)
        connection = self._connections.pop(sid, None)
        if connection is not None:
            DISCONNECTS.inc()
            with bound(**connection.names):
                _log.info("disconnected")
                self._tasks.spawn(self._admission.drop(connection))
        if self.closing and not self._connections:
            self._empty.set()

    # ---- commands ----

    async def _command(self, name: Any, sid: str, *arguments: Any) -> Any:
        started = time.perf_counter()
        answer = await self._answer(name, sid, arguments)
        code = answer["error"]["code"] if "error" in answer else "ok"
        known = name if isinstance(name, str) and name in COMMANDS else "unknown"
        COMMAND_SECONDS.labels(known, code).observe(time.perf_counter() - started)
        return answer

    async def _answer(self, name: Any, sid: str, arguments: tuple[Any, ...]) -> Answer:
        connection = self._connections.get(sid)
        budget = self._budgets.get(sid)
        if connection is None or budget is None:
            return error_answer(ErrorBody(code=ErrorCode.BAD_REQUEST, message="Join the meeting first."))
        if not self._delivery.keeps_up(sid):
            return error_answer(ErrorBody(code=ErrorCode.SLOW_CLIENT, message="Read the answers before asking more."))
        if not budget.take(name, time.monotonic(), characters=_put_in(arguments)):
            return error_answer(ErrorBody(code=ErrorCode.RATE_LIMITED, message="Slower, please."))
        with self._delivery.busy(sid), bound(**connection.names):
            return await self._handler.handle(connection, name, arguments)


def _put_in(arguments: tuple[Any, ...]) -> int:
    """How many characters a command's ``change`` puts in, if it has one. Whether it is well formed is seen later."""
    body = arguments[0] if arguments else None
    change = body.get("change") if isinstance(body, dict) else None
    return sum(len(part) for part in change if isinstance(part, str)) if isinstance(change, list) else 0


def _refused(body: ErrorBody) -> Exception:
    data = {"code": str(body.code), "message": body.message}
    refused: Exception = ConnectRefusedError(body.message, data)
    return refused


def _origins(allowed: tuple[str, ...]) -> str | list[str] | None:
    """The library's form: ``*`` for any origin, None for the server's own only."""
    if "*" in allowed:
        return "*"
    return list(allowed) or None
