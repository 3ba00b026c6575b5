"""Many clients of one meeting, of whom some talk, and what must hold of what they are told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

from parley_client import CommandError, RoomClient, Ticket

Platform = Any

PATIENCE_S = 90.0


class Crowd:
    """Many clients of one meeting, of whom some talk."""

    def __init__(self, platform: Platform, urls: list[str]) -> None:
        self.urls = urls
        self.clients: list[RoomClient] = []
        self.accepted: list[str] = []
        self.told: set[str] = set()
        """The kinds of events that anybody was told."""
        self._platform = platform
        self._places: Iterator[int] = itertools.count()

    async def join(self, count: int) -> None:
        for start in range(0, count, 20):
            newcomers = [RoomClient(self._tickets(f"u_{start + number}")) for number in range(min(20, count - start))]
            await asyncio.gather(*(each.connect() for each in newcomers))
            self.clients += newcomers

    def _tickets(self, who: str) -> Any:
        token = self._platform.service.token(self._platform.meeting_id, who)

        async def ticket() -> Ticket:
            url = self.urls[next(self._places) % len(self.urls)]
            return Ticket(gateway_url=url, meeting_token=token, meeting_id=self._platform.meeting_id)

        return ticket

    async def talk(self, who: int, messages: int) -> None:
        client = self.clients[who]
        for number in range(messages):
            text = f"{who}-{number}"
            try:
                await client.send("send_chat", text=text)
            except CommandError as error:
                if error.code not in {"network", "service_unavailable", "rate_limited"}:
                    raise
                await client.connected()
            else:
                self.accepted.append(text)

    async def said(self, client: RoomClient) -> list[str]:
        """All texts that a client was told, up to the last word."""
        texts: list[str] = []
        async with asyncio.timeout(PATIENCE_S):
            async for event in client.events():
                assert isinstance(event, dict), event
                self.told.add(event["type"])
                if event["type"] == "chat_sent":
                    texts.append(event["message"]["text"])
                    if texts[-1] == "last word":
                        return texts
        raise AssertionError("the room is closed")

    async def check(self) -> None:
        """Everybody was told the same, in the same order, each once, and all that was acknowledged."""
        await self.clients[-1].send("send_chat", text="last word")
        everything = await asyncio.gather(*(self.said(client) for client in self.clients))
        assert len(everything[0]) == len(set(everything[0]))
        assert set(self.accepted) <= set(everything[0])
        assert [texts for texts in everything if texts != everything[0]] == []

    async def close(self) -> None:
        await asyncio.gather(*(client.leave() for client in self.clients))
