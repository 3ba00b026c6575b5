"""Streams that are brought into a meeting of the running platform: asked for by its host, decoded by a player."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from parley_client import RoomClient, Ticket
from tests.doubles.film import write_film
from tests.doubles.rtmp_encoder import pushing
from tests.doubles.whep_player import WhepPlayer
from tests.platform_process import Platform

Tickets = Callable[..., Awaitable[Callable[[], Awaitable[Ticket]]]]
PATIENCE_S = 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    write_film(path, seconds=6)
    return path


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[str]:
    """Where a web server gives a file."""

    async def gives(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    application = web.Application()
    application.router.add_get("/film.mp4", gives)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/film.mp4"
    finally:
        await runner.cleanup()


async def told(host: RoomClient, kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in host.events():
            if isinstance(event, dict) and event["type"] == kind:
                return event
    raise AssertionError("the host is out")


@asynccontextmanager
async def playing(platform: Platform, ticket: Ticket) -> AsyncIterator[WhepPlayer]:
    player = WhepPlayer(platform.url, ticket.meeting_token)
    try:
        assert (await player.open()).status_code == 201
        yield player
    finally:
        await player.close()


async def test_a_film_and_what_ffmpeg_sends_come_into_a_meeting(
    platform: Platform, tickets: Tickets, film: Path
) -> None:
    ticket = await tickets()
    async with RoomClient(ticket) as host:
        async with playing(platform, await ticket()) as player, served(film) as url:
            await host.send("start_ingress", kind="url", name="Film", url=url)
            await player.plays(20, within_s=PATIENCE_S)
            assert player.brightest > 180
            assert (await told(host, "ingress_stopped"))["end"] == "finished"
        studio = await host.send("start_ingress", kind="rtmp", name="Studio", screen=True)
        async with playing(platform, await ticket()) as player:
            with pushing(film, f"{studio['address']}/{studio['stream_key']}") as process:
                await player.plays(20, within_s=PATIENCE_S)
                await host.send("stop_ingress", ingress_id=studio["ingress_id"])
                await asyncio.to_thread(process.wait, PATIENCE_S)  # nothing is taken from it any more
