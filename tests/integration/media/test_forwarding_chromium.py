"""Media through a real node between Chromium pages with a fake camera and microphone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from contracts.client_messages import SubscriptionWish
from contracts.node_rpc import (
    AnswerSubscription,
    AssignedTrack,
    ChangeSubscriptions,
    Done,
    JoinRoom,
    LeaveRoom,
    Offer,
    Publish,
    Published,
    RestartSubscription,
    SetTrackMuted,
    SubscriptionOffered,
)
from contracts.rooms import MeetingId, ParticipantId, TrackId, TrackSource
from media_fleet.main import RunningNode

pytestmark = pytest.mark.timeout(120)
MEETING = MeetingId("meeting-1")
TIMEOUT = 30
PAGE = Path(__file__).parent / "client.html"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]


class Client:
    """A participant in a page."""

    def __init__(self, gateway: Any, page: Page, name: str) -> None:
        self.id = ParticipantId(name)
        self._gateway = gateway
        self.page = page
        self._offers: asyncio.Task[None] | None = None

    async def join(self, url: str) -> None:
        await self.page.goto(url)
        await self.page.expose_function("rpcPublish", self._publish)
        await self.page.expose_function("rpcAnswer", self._answer)
        self._offers = asyncio.create_task(self._follow_offers())
        request = JoinRoom(meeting_id=MEETING, participant_id=self.id, subscribe=True)
        joined = await self._gateway.ask(request, SubscriptionOffered)
        await self._take(joined.offer)

    async def close(self) -> None:
        if self._offers is not None:
            self._offers.cancel()
            await asyncio.gather(self._offers, return_exceptions=True)
        await self.page.close()

    async def publish(self, source: str, **options: Any) -> None:
        await self.page.evaluate("([source, options]) => publish(source, options)", [source, options])

    async def run(self, script: str) -> Any:
        return await self.page.evaluate(script)

    async def received(self, track_id: str) -> dict[str, float] | None:
        return await self.page.evaluate("(trackId) => received(trackId)", track_id)  # type: ignore[no-any-return]

    async def wish(self, track_id: str, *, enabled: bool = True, max_height: int | None = None) -> None:
        wishes = (SubscriptionWish(track_id=track_id, enabled=enabled, max_height=max_height),)
        await self._gateway.ask(ChangeSubscriptions(meeting_id=MEETING, participant_id=self.id, tracks=wishes), Done)

    async def restart_subscription(self) -> None:
        request = RestartSubscription(meeting_id=MEETING, participant_id=self.id)
        await self._take((await self._gateway.ask(request, SubscriptionOffered)).offer)

    async def _follow_offers(self) -> None:
        while True:
            await self._take((await self._gateway.offers[self.id].get()).offer)

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
        request = Publish(meeting_id=MEETING, participant_id=self.id, sdp=sdp, tracks=assigned)
        answer: Published = await self._gateway.ask(request, Published)
        return answer.sdp

    async def _answer(self, generation: int, negotiation: int, sdp: str) -> None:
        request = AnswerSubscription(
            meeting_id=MEETING, participant_id=self.id, generation=generation, negotiation=negotiation, sdp=sdp
        )
        await self._gateway.ask(request, Done)


Join = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def page_url() -> AsyncIterator[str]:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE.read_text(), content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def join(node: RunningNode, gateway: Any, browser: Browser, page_url: str) -> AsyncIterator[Join]:
    clients: list[Client] = []

    async def join(name: str) -> Client:
        client = Client(gateway, await browser.new_page(), name)
        clients.append(client)
        await client.join(page_url)
        return client

    yield join
    for client in clients:
        await client.close()


async def until_frames_grow(client: Client, track_id: str, eventually: Any, *, count: int = 20) -> None:
    first = await client.received(track_id)
    start = first["frames"] if first is not None else 0

    async def grown() -> bool:
        now = await client.received(track_id)
        return now is not None and now["frames"] >= start + count

    await eventually(grown, timeout_s=TIMEOUT)


async def until_width_is(client: Client, track_id: str, width: int, eventually: Any) -> None:
    async def wide() -> bool:
        now = await client.received(track_id)
        return now is not None and now["width"] == width

    await eventually(wide, timeout_s=TIMEOUT)


@pytest.mark.parametrize("codec", ["VP8", "H264", "VP9", "AV1"])
async def test_simulcast_is_decoded_by_others_and_by_late_joiners(join: Join, eventually: Any, codec: str) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")
    await alice.publish("camera", codec=codec)
    await until_frames_grow(bob, "alice-camera", eventually)

    async def loud() -> bool:
        now = await bob.received("alice-microphone")
        return now is not None and now["energy"] > 0.01

    await eventually(loud, timeout_s=TIMEOUT)
    carol = await join("carol")
    await until_frames_grow(carol, "alice-camera", eventually)
    for client in (bob, carol):
        state = await client.received("alice-camera")
        assert state is not None
        assert state["lost"] == 0


async def test_a_wish_for_a_small_picture_gets_the_small_layer(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await bob.wish("alice-camera", max_height=180)
    await until_width_is(bob, "alice-camera", 320, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    await bob.wish("alice-camera", max_height=360)
    await until_width_is(bob, "alice-camera", 640, eventually)
    await bob.wish("alice-camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    state = await bob.received("alice-camera")
    assert state is not None
    assert state["lost"] == 0


async def test_when_the_best_layer_stops_the_next_one_is_seen(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await alice.run("setLayerActive('f', false)")
    await until_width_is(bob, "alice-camera", 640, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setLayerActive('f', true)")
    await until_width_is(bob, "alice-camera", 1280, eventually)


async def test_a_screen_is_a_track_of_its_own(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.publish("screen", codec="VP9")
    await until_frames_grow(bob, "alice-screen", eventually, count=5)
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setDirection('screen', 'inactive')")
    await until_frames_grow(bob, "alice-camera", eventually)


async def test_a_camera_that_went_off_and_on_has_all_its_layers(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("setDirection('camera', 'inactive')")
    await alice.run("setDirection('camera', 'sendonly')")
    await until_width_is(bob, "alice-camera", 1280, eventually)
    await until_frames_grow(bob, "alice-camera", eventually)
    layers = await alice.run("sent()")
    assert {rid for rid in layers if rid} == {"q", "h", "f"}


async def test_media_goes_on_through_an_ice_restart(join: Join, eventually: Any, node: RunningNode) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("restartIce()")
    await until_frames_grow(bob, "alice-camera", eventually, count=60)
    assert node.core.stats().transports == 2


async def test_muting_stops_the_sound_and_unmuting_brings_it_back(join: Join, eventually: Any, gateway: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("microphone")

    async def packets() -> float:
        now = await bob.received("alice-microphone")
        return now["packets"] if now is not None else 0

    async def flows() -> bool:
        return await packets() > before + 20

    before = 0.0
    await eventually(flows, timeout_s=TIMEOUT)
    request = SetTrackMuted(
        meeting_id=MEETING, participant_id=alice.id, track_id=TrackId("alice-microphone"), muted=True
    )
    await gateway.ask(request, Done)
    before = await packets()
    await gateway.ask(msgspec.structs.replace(request, muted=False), Done)
    await eventually(flows, timeout_s=TIMEOUT)


async def test_a_restarted_subscription_is_seen_on_a_new_connection(join: Join, eventually: Any) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await bob.restart_subscription()
    await until_frames_grow(bob, "alice-camera", eventually)


async def test_people_come_and_go_and_their_places_are_used_again(join: Join, eventually: Any, gateway: Any) -> None:
    bob = await join("bob")
    for name in ("first", "second", "third"):
        guest = await join(name)
        await guest.publish("microphone")
        await guest.publish("camera", codec="H264" if name == "second" else "VP8")
        await until_frames_grow(bob, f"{name}-camera", eventually)
        await gateway.ask(LeaveRoom(meeting_id=MEETING, participant_id=guest.id), Done)
    assert await bob.run("client.sub.getTransceivers().length") == 2


async def test_two_generations_of_a_publishing_connection(join: Join, eventually: Any, node: RunningNode) -> None:
    alice, bob = await join("alice"), await join("bob")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await alice.run("client.pub.close(); client.pub = undefined; client.senders = {};")
    await alice.publish("camera")
    await until_frames_grow(bob, "alice-camera", eventually)
    await eventually(lambda: node.core.stats().transports == 2)
