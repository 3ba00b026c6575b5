"""Streams come into a meeting on a real node: files by HTTP, and what FFmpeg sends by RTMP."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from contracts.ingesting import Ingress, IngressFailure, IngressOrder, IngressState
from contracts.meeting_work import AnswerIngress, Ingressing, StartIngress, StopIngress
from contracts.node_rpc import (
    AssignedTrack,
    Done,
    JoinRoom,
    LeaveRoom,
    Publish,
    Published,
    Refused,
    SubscriptionOffered,
)
from contracts.rooms import ParticipantId, TrackId
from media_fleet.main import RunningNode
from signaling_gateway.domain.offered_media import offered_sections, streamed_tracks
from tests.doubles.film import LEVELS, TONE, bars_of, frequency_in, write_film
from tests.doubles.rtmp_encoder import pushing
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.one_codec_client import PATIENT
from tests.platform_process import free_port

PATIENCE_S = 60
FILM = ParticipantId("film")
KEY = "a-key-that-nobody-guesses"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    write_film(path, seconds=5)
    return path


@pytest.fixture
def node_environ(node_environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    own = {
        "PARLEY_NODE_RTMP_PORT": str(free_port(socket.SOCK_STREAM)),
        "PARLEY_NODE_INGRESS_PRIVATE_SOURCES": "on",
        "PARLEY_NODE_MAX_INGRESSES": "2",
    }
    return {**node_environ, **PATIENT, **own, **getattr(request, "param", {})}


@asynccontextmanager
async def somebody(gateway: Any, name: str) -> AsyncIterator[Client]:
    client = Client(gateway, name)
    try:
        await client.join()
        yield client
    finally:
        await client.close()


@pytest.fixture
async def bob(node: RunningNode, gateway: Any) -> AsyncIterator[Client]:
    async with somebody(gateway, "bob") as client:
        yield client


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[str]:
    """Where a file is, on a server that leads there from another address, and gives any part of it."""

    async def leads(_: web.Request) -> web.Response:
        raise web.HTTPFound("/there/film.mp4?signed=secret")

    async def gives(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    application = web.Application()
    application.router.add_get("/film", leads)
    application.router.add_get("/there/film.mp4", gives)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/film"
    finally:
        await runner.cleanup()


class Incoming:
    """An ingress, as a gateway has it."""

    def __init__(self, gateway: Any, order: IngressOrder) -> None:
        self.id = f"in_{secrets.token_hex(4)}"
        self._gateway = gateway
        self._order = order

    async def start(self) -> Ingress:
        request = StartIngress(meeting_id=MEETING, ingress_id=self.id, order=self._order)
        return (await self._gateway.ask(request, Ingressing)).ingress  # type: ignore[no-any-return]

    async def until(self, *states: IngressState) -> Ingress:
        """How it does, once it is in one of some states; what it offers meanwhile is let in."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told: Ingress = (await self._gateway.ingresses.get()).ingress
                if told.ingress_id != self.id:
                    continue
                if told.offer is not None:
                    await self.let_in(told)
                if told.state in states:
                    return told

    async def let_in(self, told: Ingress) -> None:
        assert told.offer is not None
        join = JoinRoom(meeting_id=MEETING, participant_id=FILM, subscribe=False, connection=told.offer.run)
        await self._gateway.ask(join, SubscriptionOffered)
        tracks = tuple(
            AssignedTrack(mid=each.mid, track_id=TrackId(f"film-{each.source.kind}"), source=each.source)
            for each in streamed_tracks(offered_sections(told.offer.sdp), screen=False)
        )
        publish = Publish(
            meeting_id=MEETING, participant_id=FILM, sdp=told.offer.sdp, tracks=tracks, version=told.offer.run
        )
        published = await self._gateway.ask(publish, Published)
        answer = AnswerIngress(meeting_id=MEETING, ingress_id=self.id, run=told.offer.run, sdp=published.sdp)
        await self._gateway.ask(answer, Done)

    async def leaves(self) -> None:
        await self._gateway.ask(LeaveRoom(meeting_id=MEETING, participant_id=FILM), Done)

    async def stop(self) -> None:
        await self._gateway.ask(StopIngress(meeting_id=MEETING, ingress_id=self.id), Done)


async def sees_and_hears(client: Client) -> None:
    await client.wait_for_tracks("film-video", "film-audio")
    pictures, sound = await asyncio.gather(client.frames("film-video", 10), client.frames("film-audio", 60))
    assert (pictures[-1].width, pictures[-1].height) == (320, 240)
    assert bars_of(pictures[-1]) == pytest.approx(list(LEVELS), abs=8)
    assert frequency_in(sound[20:]) == pytest.approx(TONE, abs=4)


async def test_a_file_plays_into_the_meeting_and_ends_by_itself(
    bob: Client, gateway: Any, film: Path, node: RunningNode, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(film) as url:
        incoming = Incoming(gateway, IngressOrder(url=f"{url}?token=secret"))
        assert (await incoming.start()).state is IngressState.CONNECTING
        assert (await incoming.until(IngressState.LIVE)).reason is None
        [process] = node.node.workers.ingresses.processes
        assert "secret" not in Path(f"/proc/{process}/cmdline").read_text()  # noqa: ASYNC240
        await sees_and_hears(bob)
        ended = await incoming.until(IngressState.ENDED, IngressState.FAILED)
    assert (ended.state, ended.reason) == (IngressState.ENDED, None)
    assert (await incoming.start()).state is IngressState.ENDED, "whoever asks again has it not played again"
    assert not any("secret" in str(record.__dict__) for record in caplog.records)


async def test_who_has_the_key_sends_by_rtmp_and_may_come_back(
    bob: Client, gateway: Any, film: Path, eventually: Any, node: RunningNode
) -> None:
    incoming = Incoming(gateway, IngressOrder(key=KEY))
    opened = await incoming.start()
    assert opened.state is IngressState.WAITING
    assert opened.address is not None
    with pushing(film, f"{opened.address}/wrong") as process:
        await asyncio.to_thread(process.wait, PATIENCE_S)
    assert node.node.workers.ingresses.processes == [], "who has another key does not get in"
    with pushing(film, f"{opened.address}/{KEY}"):
        await incoming.until(IngressState.LIVE)
        await sees_and_hears(bob)
    await incoming.until(IngressState.WAITING)
    await incoming.leaves()
    await bob.wait_for_tracks()
    with pushing(film, f"{opened.address}/{KEY}") as process:
        await incoming.until(IngressState.LIVE)
        async with somebody(gateway, "carol") as carol:
            await sees_and_hears(carol)
        await incoming.stop()
        await asyncio.to_thread(process.wait, PATIENCE_S)
    await eventually(lambda: not node.node.workers.ingresses.processes, timeout_s=PATIENCE_S)


async def failed(gateway: Any, url: str) -> IngressFailure | None:
    incoming = Incoming(gateway, IngressOrder(url=url))
    await incoming.start()
    return (await incoming.until(IngressState.FAILED, IngressState.ENDED)).reason


async def test_what_cannot_be_played_is_told_without_its_address(
    gateway: Any, node: RunningNode, tmp_path: Path
) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{__file__}\n#EXT-X-ENDLIST\n")
    async with served(playlist) as url:
        nothing = await failed(gateway, url)
    assert nothing is IngressFailure.NOTHING_TO_PLAY
    assert await failed(gateway, f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}/secret") is IngressFailure.ABSENT


@pytest.mark.parametrize("node_environ", [{"PARLEY_NODE_INGRESS_PRIVATE_SOURCES": "off"}], indirect=True)
async def test_nothing_is_fetched_from_networks_that_are_not_public(gateway: Any, node: RunningNode) -> None:
    assert await failed(gateway, "http://169.254.169.254/latest/meta-data") is IngressFailure.PRIVATE


@pytest.mark.parametrize(
    "node_environ", [{"PARLEY_NODE_MAX_INGRESSES": "0"}, {"PARLEY_NODE_RTMP_PORT": "0"}], indirect=True
)
async def test_a_node_without_room_or_without_a_port_refuses(gateway: Any, node: RunningNode) -> None:
    request = StartIngress(meeting_id=MEETING, ingress_id="in_1", order=IngressOrder(key=KEY))
    assert (await gateway.ask(request, Refused)).error.code == "ingress_unavailable"
