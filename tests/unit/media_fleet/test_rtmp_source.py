"""Whoever sends by RTMP is told when nothing is taken any more."""

from __future__ import annotations

import asyncio
import socket

from media_fleet.ingester.ingester import RtmpSource
from media_fleet.ingester.protocol import Pushed
from media_fleet.rtmp.session import Phase, RtmpSession, handed_over

PATIENCE_S = 30


async def test_an_encoder_is_told_the_end() -> None:
    ours, theirs = socket.socketpair()
    session = handed_over(RtmpSession(phase=Phase.ASKED))
    taking = asyncio.create_task(RtmpSource(Pushed(descriptor=ours.detach(), session=session)).run())
    reader, writer = await asyncio.open_connection(sock=theirs)
    async with asyncio.timeout(PATIENCE_S):
        await reader.readuntil(b"NetStream.Publish.Start")
        taking.cancel()
        assert b"NetStream.Unpublish.Success" in await reader.read()
    await asyncio.gather(taking, return_exceptions=True)
    writer.close()
