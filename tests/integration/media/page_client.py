"""A participant in a browser's page with a fake camera and microphone, driven through ``client.html``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from contracts.client_commands import SubscriptionWish
from contracts.node_rpc import (
    AnswerSubscription,
    AssignedTrack,
    ChangeSubscriptions,
    Done,
    JoinRoom,
    Offer,
    Publish,
    Published,
    RestartSubscription,
    SubscriptionOffered,
)
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource

MEETING = MeetingId("meeting-1")
TIMEOUT = 30
PAGE = Path(__file__).parent / "client.html"


class DrivenPage(Protocol):
    """What is asked of a page: Playwright's of Chromium, or `tests.doubles.firefox.FirefoxPage`."""

    async def goto(self, url: str, /) -> Any: ...

    async def evaluate(self, expression: str, arg: Any = None, /) -> Any: ...

    async def expose_function(self, name: str, function: Callable[..., Any], /) -> Any: ...

    async def close(self) -> Any: ...


class PageClient:
    """A participant in a page."""

    def __init__(self, gateway: Any, page: DrivenPage, name: str) -> None:
        self.id = ParticipantId(name)
        self._gateway = gateway
        self.page = page
        self._offers: asyncio.Task[None] | None = None
        self._obeying: asyncio.Task[None] | None = None

    async def join(self, url: str, configuration: dict[str, Any] | None = None) -> None:
        """``configuration``: an ``RTCConfiguration`` of its connections."""
        await self.page.goto(url)
        await self.page.evaluate("(configuration) => { window.configuration = configuration }", configuration)
        await self.page.expose_function("rpcPublish", self._publish)
        await self.page.expose_function("rpcAnswer", self._answer)
        self._offers = asyncio.create_task(self._follow_offers())
        self._obeying = asyncio.create_task(self._send_what_is_wanted())
        request = JoinRoom(meeting_id=MEETING, participant_id=self.id, subscribe=True, connection=1, data=True)
        joined = await self._gateway.ask(request, SubscriptionOffered)
        await self._take(joined.offer)

    async def close(self) -> None:
        for task in (self._offers, self._obeying):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.page.close()

    async def publish(self, source: str, **options: Any) -> None:
        await self.page.evaluate("([source, options]) => publish(source, options)", [source, options])

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def received(self, track_id: str) -> dict[str, float] | None:
        return await self.page.evaluate("(trackId) => received(trackId)", track_id)  # type: ignore[no-any-return]

    async def repairs_of(self, track_id: str) -> dict[str, float] | None:
        """What the receiver of a track has seen, and what it has asked for."""
        return await self.page.evaluate("(trackId) => repairsOf(trackId)", track_id)  # type: ignore[no-any-return]

    async def encodings(self) -> dict[str, dict[str, float | str]]:
        """What the sender of the camera has encoded, and what it was asked for, by rid."""
        return await self.page.evaluate("encodings()")  # type: ignore[no-any-return]

    async def wish(
        self, track_id: str, *, enabled: bool = True, max_height: int | None = None, max_frame_rate: int | None = None
    ) -> None:
        wish = SubscriptionWish(
            track_id=track_id, enabled=enabled, max_height=max_height, max_frame_rate=max_frame_rate
        )
        wishes = (wish,)
        await self._gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=self.id, tracks=wishes), Done)

    async def restart_subscription(self) -> None:
        request = RestartSubscription(meeting_id=MEETING, participant_id=self.id)
        await self._take((await self._gateway.ask(request, SubscriptionOffered)).offer)

    async def _follow_offers(self) -> None:
        while True:
            await self._take((await self._gateway.offers[self.id].get()).offer)

    async def _send_what_is_wanted(self) -> None:
        while True:
            wanted = await self._gateway.wanted[self.id].get()
            source = wanted.track_id.removeprefix(f"{self.id}-")
            await self.page.evaluate("([source, layers]) => setLayersWanted(source, layers)", [source, wanted.layers])

    async def _take(self, offer: Offer | None) -> None:
        if offer is not None:
            await self.page.evaluate("(offer) => takeOffer(offer)", msgspec.to_builtins(offer))

    async def _publish(self, sdp: str, tracks: list[dict[str, str]]) -> str:
        assigned = tuple(
            AssignedTrack(
                mid=track["mid"], track_id=TrackId(f"{self.id}-{track['source']}"), source=TrackSource(track["source"])
            )
            for track in tracks
        )
        request = Publish(meeting_id=MEETING, participant_id=self.id, sdp=sdp, tracks=assigned, version=1)
        answer: Published = await self._gateway.ask(request, Published)
        return answer.sdp

    async def _answer(self, generation: int, negotiation: int, sdp: str) -> None:
        request = AnswerSubscription(
            meeting_id=MEETING, participant_id=self.id, generation=generation, negotiation=negotiation, sdp=sdp
        )
        await self._gateway.ask(request, Done)


class Join(Protocol):
    """Makes a page join; see `PageClient.join`."""

    def __call__(self, name: str, configuration: dict[str, Any] | None = None) -> Awaitable[PageClient]: ...


async def until_frames_grow(client: PageClient, track_id: str, eventually: Any, *, count: int = 20) -> None:
    first = await client.received(track_id)
    start = first["frames"] if first is not None else 0

    async def grown() -> bool:
        now = await client.received(track_id)
        return now is not None and now["frames"] >= start + count

    await eventually(grown, timeout_s=TIMEOUT)


async def until_width_is(client: PageClient, track_id: str, width: int, eventually: Any) -> None:
    async def wide() -> bool:
        now = await client.received(track_id)
        return now is not None and now["width"] == width

    await eventually(wide, timeout_s=TIMEOUT)
