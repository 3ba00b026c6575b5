"""A participant with python-socketio's client. Whatever it is told must be as the AsyncAPI document says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import socketio

from contracts.client_commands import COMMANDS
from contracts.client_messages import SERVER_MESSAGES
from tests.doubles.asyncapi_messages import fault

TIMEOUT_S = 45.0


class Client:
    """A participant's Socket.IO client that keeps what it was sent, in order."""

    def __init__(self) -> None:
        self.sio = socketio.AsyncClient(reconnection=False)
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.error: dict[str, Any] | None = None
        self.faults: list[str] = []
        """What was wrong with messages that came."""
        self.disconnected = False
        self._news = asyncio.Event()
        for name in SERVER_MESSAGES:
            self.sio.on(name, self._keeper(name))
        self.sio.on("connect_error", self._refused)
        self.sio.on("disconnect", self._gone)

    async def connect(self, url: str, auth: Any) -> Client:
        """Connects, and waits for the welcome."""
        await self.sio.connect(url, auth=auth, transports=["websocket"], wait_timeout=TIMEOUT_S)
        await self.received("welcome")
        return self

    async def refused(self, url: str, auth: Any) -> str:
        """Connects where that must fail; the code of the refusal."""
        with pytest.raises(socketio.exceptions.ConnectionError):
            await self.sio.connect(url, auth=auth, transports=["websocket"], wait_timeout=TIMEOUT_S)
        await self.leave()
        assert self.error is not None
        assert self.error["data"]["message"]
        return str(self.error["data"]["code"])

    async def ask(self, command: str, body: Any = None) -> dict[str, Any]:
        """The acknowledgement of a command."""
        answer: dict[str, Any] = await self.sio.call(command, {} if body is None else body, timeout=TIMEOUT_S)
        if command in COMMANDS:
            assert fault(f"{command}_acknowledged", answer) is None
        assert self.faults == []
        return answer

    async def code(self, command: str, body: Any = None) -> str:
        """The error code with which a command is refused."""
        answer = await self.ask(command, body)
        assert answer["error"]["message"]
        return str(answer["error"]["code"])

    async def received(self, name: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th message of that name, once it is there."""
        await self._until(lambda: sum(each == name for each, _ in self.messages) >= count)
        return [body for each, body in self.messages if each == name][count - 1]

    async def happened(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The ``count``-th event of that type, once it is there."""
        await self._until(lambda: sum(event["type"] == kind for event in self.events) >= count)
        return [event for event in self.events if event["type"] == kind][count - 1]

    async def gone(self) -> None:
        """Returns once the connection is closed."""
        await self._until(lambda: self.disconnected)
        await self._closed()

    async def leave(self) -> None:
        """Closes the connection, if it still stands."""
        await self.sio.disconnect()
        await self._closed()

    async def vanish(self) -> None:
        """Drops the connection without a word, as a network does."""
        await self.sio.eio.disconnect(abort=True)
        await self._closed()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for name, body in self.messages if name == "events" for event in body["events"]]

    @property
    def welcome(self) -> dict[str, Any]:
        return next(body for name, body in self.messages if name == "welcome")

    @property
    def id(self) -> str:
        return str(self.welcome["participant_id"])

    @property
    def version(self) -> int:
        versions = [body["version"] for name, body in self.messages if name in {"welcome", "events"}]
        return int(versions[-1])

    @property
    def resume(self) -> dict[str, Any]:
        return {"participant_id": self.id, "secret": self.welcome["resume_secret"], "version": self.version}

    @property
    def chat(self) -> list[str]:
        """All texts, from the welcome and since."""
        before = [message["text"] for message in self.welcome["room"]["chat"]]
        return before + [event["message"]["text"] for event in self.events if event["type"] == "chat_sent"]

    def _keeper(self, name: str) -> Callable[[dict[str, Any]], Awaitable[None]]:
        async def keep(body: dict[str, Any]) -> None:
            if (wrong := fault(name, body)) is not None:
                self.faults.append(wrong)
            self.messages.append((name, body))
            self._news.set()

        return keep

    async def _closed(self) -> None:
        """Until nothing holds the WebSocket: python-socketio says that it is disconnected while that still closes."""
        await self.sio.eio.wait()
        if self.sio.eio.ws is not None:
            await self.sio.eio.ws.close()

    async def _until(self, probe: Callable[[], bool]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while not probe():
                assert self.faults == []
                self._news.clear()
                await self._news.wait()

    async def _refused(self, error: dict[str, Any]) -> None:
        self.error = error

    async def _gone(self, *_: Any) -> None:
        self.disconnected = True
        self._news.set()
