"""One stay in a room over any number of connections.

    async with RoomClient(tickets) as room:
        await room.send("send_chat", text="Hello")
        async for event in room.events():
            print(event)

The wire is `docs/events.md`; the gateway's contracts validate what is sent, this side passes dictionaries on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import socketio
from socketio.exceptions import ConnectionError as ConnectFailedError
from socketio.exceptions import SocketIOError

FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 3.0
"""Between tries to come back: doubled with each, with jitter, lest all clients of a lost gateway come at once."""
ACKNOWLEDGE_S = 10.0
CONNECT_S = 10.0
MEDIA_MESSAGES = frozenset({"subscriber_offer", "media_restart"})
PASSING = frozenset({"network", "service_unavailable", "gateway_closing", "keys_unavailable", "rate_limited"})
"""Codes after which trying again can help; ``network`` is the lack of any answer."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What ``POST /v1/meetings/{id}/join`` gives: where to go, and the token that opens the room."""

    gateway_url: str
    meeting_token: str
    meeting_id: str


class CommandError(Exception):
    """A command or a connection was refused: a stable ``code`` and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Resynced:
    """More was missed than is kept: ``room`` is the whole room as it is now."""

    room: dict[str, Any]


@dataclass(frozen=True)
class Closed:
    """The stay is over; the last event there is."""

    code: str
    message: str


Event = dict[str, Any] | Resynced | Closed


class RoomClient:
    """A participant. ``tickets`` is asked for a ticket before each connection, so that any gateway may be the next.

    ``on_message`` is given by name what is about media and not about the room (`MEDIA_MESSAGES`).
    """

    def __init__(
        self,
        tickets: Callable[[], Awaitable[Ticket]],
        *,
        on_message: Callable[[str, dict[str, Any]], None] | None = None,
    ) -> None:
        self.participant_id = ""
        self.room: dict[str, Any] = {}
        """The room as the last welcome told it."""
        self.version = 0
        self.connections = 0
        """How many connections have been welcomed."""
        self._tickets = tickets
        self._on_message = on_message
        self._secret = ""
        self._connection: _Connection | None = None
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._returning: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._moving: asyncio.Task[None] | None = None
        self._closed: Closed | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def connect(self) -> None:
        """Joins.

        Raises:
            CommandError: why one cannot; ``network`` if nobody answers.
        """
        await self._open()

    async def leave(self) -> None:
        """Leaves for good, as far as anybody can still be told."""
        with contextlib.suppress(CommandError):
            if self._closed is None and self._connected.is_set():
                await self.send("leave_meeting")
        await self._end(Closed("left", "You have left the meeting."))

    async def send(self, command: str, **fields: Any) -> dict[str, Any]:
        """The acknowledgement of a command. Not repeated by itself: whether a lost answer's command stands is unknown.

        Raises:
            CommandError: it was refused, or no answer came (``network``).
        """
        connection = self._connection
        if connection is None:
            raise CommandError("network", "There is no connection at the moment.")
        try:
            return await connection.ask(command, fields)
        except CommandError as error:
            # A gateway refuses what comes on a connection that has been replaced: it was not done.
            if error.code != "participant_not_found" or self._connection in {connection, None}:
                raise
            return await self.send(command, **fields)

    async def connected(self) -> None:
        """Returns as soon as there is a connection."""
        await self._connected.wait()

    async def events(self) -> AsyncIterator[Event]:
        """Every event once and in order, over all connections; ends after `Closed`."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Closed):
                return

    # ---- connections ----

    async def _open(self) -> None:
        ticket = await self._tickets()
        resume = {"participant_id": self.participant_id, "secret": self._secret, "version": self.version}
        connection = _Connection(self._take, self._lost)
        auth = {"token": ticket.meeting_token, "meeting_id": ticket.meeting_id}
        await connection.open(ticket.gateway_url, auth | ({"resume": resume} if self._secret else {}))
        self._connection = connection
        self._connected.set()

    async def _move(self, within_s: float) -> None:
        """Goes on in another connection, because the gateway is about to stop; leaves this one when that stands."""
        pause = within_s / 2 * random.random()  # noqa: S311  (not all clients at once)
        while self._closed is None and (leaving := self._connection) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await leaving.gone.wait()
            try:
                await self._open()
            except CommandError:
                pause = FIRST_PAUSE_S * (1 + random.random())  # noqa: S311
            else:
                await leaving.retire()
                break
        self._moving = None
        if self._connection is None:
            self._lost(None)

    def _lost(self, connection: _Connection | None) -> None:
        if connection is not self._connection and self._connection is not None:
            return
        self._connection = None
        self._connected.clear()
        if self._closed is None and self._returning is None and self._moving is None:
            self._returning = asyncio.create_task(self._return())

    async def _return(self) -> None:
        pause = FIRST_PAUSE_S
        while self._closed is None:
            try:
                await self._open()
                break
            except CommandError as error:
                if error.code not in PASSING:
                    await self._end(Closed(error.code, error.message))
                    break
                await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311  (jitter)
                pause = min(2 * pause, LAST_PAUSE_S)
        self._returning = None

    async def _end(self, closed: Closed) -> None:
        if self._closed is not None:
            return
        self._closed = closed
        self._events.put_nowait(closed)
        if self._connection is not None:
            await self._connection.close()

    # ---- messages ----

    def _take(self, connection: _Connection, name: str, message: dict[str, Any]) -> None:
        if name == "welcome":
            self._welcome(message)
        elif name == "room":
            self.room, self.version = message["room"], message["version"]
        elif name == "events":
            self._follow(connection, message)
        elif name in MEDIA_MESSAGES:
            if self._on_message is not None:
                self._on_message(name, message)
        elif name == "reconnect" and self._moving is None:
            self._moving = asyncio.create_task(self._move(message["within_ms"] / 1000))
        elif name == "closing" and not message["retry"] and self._is_current(connection):
            self._closing = asyncio.create_task(self._end(Closed(message["code"], message["message"])))

    def _is_current(self, connection: _Connection) -> bool:
        """Whether it is neither replaced nor being replaced."""
        return self._moving is None and self._connection in {connection, None}

    def _welcome(self, welcome: dict[str, Any]) -> None:
        is_back = welcome["resumed"]
        for event in welcome["missed"] or ():
            if event["version"] > self.version:
                self._events.put_nowait(event)
        if is_back and welcome["missed"] is None:
            self._events.put_nowait(Resynced(welcome["room"]))
        self.participant_id, self._secret = welcome["participant_id"], welcome["resume_secret"]
        # While one moves, the connection that is left may have told more already.
        if welcome["version"] >= self.version:
            self.room, self.version = welcome["room"], welcome["version"]
        self.connections += 1

    def _follow(self, connection: _Connection, message: dict[str, Any]) -> None:
        if message["after"] > self.version:
            # Something between is missing: coming back brings it.
            self._gap = asyncio.create_task(connection.close())
            return
        for event in message["events"]:
            if event["version"] > self.version:
                self._events.put_nowait(event)
        self.version = max(self.version, message["version"])


class _Connection:
    """One Socket.IO connection, which does not come back by itself."""

    def __init__(
        self,
        take: Callable[[_Connection, str, dict[str, Any]], None],
        lost: Callable[[_Connection], None],
    ) -> None:
        self._socket = socketio.AsyncClient(reconnection=False)
        self._take = take
        self._lost = lost
        self._refusal: CommandError | None = None
        self._is_welcome = asyncio.Event()
        self._asking = 0
        self._answered = asyncio.Event()
        self.gone = asyncio.Event()
        self._socket.on("*", self._message)
        self._socket.on("connect_error", self._refused)
        self._socket.on("disconnect", self._gone)

    async def open(self, url: str, auth: dict[str, Any]) -> None:
        """Connects, and waits to be welcome (or to wait in the lobby)."""
        try:
            await self._socket.connect(url, auth=auth, transports=["websocket"], wait_timeout=CONNECT_S)
            async with asyncio.timeout(CONNECT_S):
                await self._is_welcome.wait()
        except (ConnectFailedError, TimeoutError, OSError) as error:
            with contextlib.suppress(SocketIOError):
                await self._socket.disconnect()
            raise self._refusal or CommandError("network", "The gateway does not answer.") from error

    async def ask(self, command: str, fields: dict[str, Any]) -> dict[str, Any]:
        self._asking += 1
        try:
            answer: dict[str, Any] = await self._socket.call(command, fields, timeout=ACKNOWLEDGE_S)
        except SocketIOError as error:
            raise CommandError("network", "The gateway does not answer.") from error
        finally:
            self._asking -= 1
            if self._asking == 0:
                self._answered.set()
        if "error" in answer:
            raise CommandError(answer["error"]["code"], answer["error"]["message"])
        return answer

    async def retire(self) -> None:
        """Closes it, once everything that was asked on it is answered."""
        if self._asking:
            self._answered.clear()
            await self._answered.wait()
        await self.close()

    async def close(self) -> None:
        with contextlib.suppress(SocketIOError):
            await self._socket.disconnect()

    async def _message(self, name: str, message: dict[str, Any]) -> None:
        self._take(self, name, message)
        if name in {"welcome", "waiting"}:
            self._is_welcome.set()

    async def _refused(self, error: Any) -> None:
        body = error.get("data") if isinstance(error, dict) else None
        if isinstance(body, dict):
            self._refusal = CommandError(str(body["code"]), str(body["message"]))

    async def _gone(self, *_: Any) -> None:
        self.gone.set()
        if self._is_welcome.is_set():
            self._lost(self)
