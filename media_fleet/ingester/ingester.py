"""One stream on its way into a meeting: fetched or taken, decoded, and sent to the node as a client does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec

from contracts.ingesting import IngressFailure
from media_fleet.ingester.decoding import Decoding, Scaling
from media_fleet.ingester.errors import SourceError
from media_fleet.ingester.flv import FlvPipe
from media_fleet.ingester.http_source import HttpSource
from media_fleet.ingester.peer import Peer, set_rate
from media_fleet.ingester.playing import Clock, PictureTrack, Player, SoundTrack
from media_fleet.ingester.protocol import Begin, FromIngester, Live, Offered, Progress, Pushed
from media_fleet.rtmp.messages import Message, RtmpError
from media_fleet.rtmp.session import Over, taken_over

BEGIN_S = 20.0
"""Until something has come that can be played."""
ANSWER_S = 30.0
"""Until it is let in."""
SILENT_S = 30.0
"""Whoever sends nothing for so long by RTMP is gone; so is a stream of which nothing is sent on for so long."""
MOST_OCTETS_PER_S = 5_000_000
"""That are taken by RTMP, on the average of a second: 40 Mbit/s."""
_PIECE = 65_536
_FULL_S = 0.05
_REPORT_S = 1.0


class RtmpSource:
    """What comes on a connection, as a file of FLV."""

    def __init__(self, order: Pushed) -> None:
        """Raises `SourceError`: there is no such connection."""
        try:
            self._socket = socket.socket(fileno=order.descriptor)
            self._session = taken_over(order.session)
        except (OSError, msgspec.DecodeError):
            raise SourceError(IngressFailure.LOST) from None
        self.pipe = FlvPipe()

    async def run(self) -> None:
        """Takes all that comes, until whoever sends is gone."""
        try:
            reader, writer = await asyncio.open_connection(sock=self._socket)
            try:
                await self._run(reader, writer)
            finally:
                self._session.end()
                writer.write(self._session.to_send())
                writer.close()
        except (OSError, RtmpError, TimeoutError):
            pass  # it is over, and why is nobody's fault here
        finally:
            self.pipe.end()

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_over = self._take(self._session.accept())
        while not is_over:
            writer.write(self._session.to_send())
            began = time.monotonic()
            async with asyncio.timeout(SILENT_S):
                await writer.drain()
                data = await reader.read(_PIECE)
            if not data:
                return
            is_over = self._take(self._session.receive(data))
            while self.pipe.is_full:  # noqa: ASYNC110 - whoever sends too much waits, too
                await asyncio.sleep(_FULL_S)
            await asyncio.sleep(max(0.0, len(data) / MOST_OCTETS_PER_S - (time.monotonic() - began)))

    def _take(self, events: Any) -> bool:
        """Whether that was all."""
        for event in events:
            if isinstance(event, Message):
                self.pipe.put(event)
            elif isinstance(event, Over):
                return True
        return False


class Silence:
    """How long nothing has been sent on: a server, or an encoder that only pings, may hold its connection for ever."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._sent = 0
        self._since = now()

    def look(self, sent: int) -> None:
        """``sent``: how much has been by now. Raises `SourceError`: no more than `SILENT_S` ago."""
        if sent != self._sent:
            self._sent, self._since = sent, self._now()
        elif self._now() - self._since >= SILENT_S:
            raise SourceError(IngressFailure.SILENT)


class Ingester:
    """From the first message to the end. ``answer``: what the node's answer is put into, once it comes."""

    def __init__(self, begin: Begin, say: Callable[[FromIngester], None], answer: asyncio.Future[str]) -> None:
        self._begin = begin
        self._say = say
        self._answer = answer
        self._clock = Clock()
        self._picture: PictureTrack | None = None
        self._sound: SoundTrack | None = None

    async def run(self) -> None:
        """Returns when the stream has come to its end. Raises `SourceError`: it does not come in, or not any more."""
        source = self._begin.source
        if not isinstance(source, Pushed):
            await self._play(lambda: HttpSource(source.url, may_reach_any=source.may_reach_any), form=None)
            return
        pushed = RtmpSource(source)
        taking = asyncio.create_task(pushed.run())
        try:
            await self._play(lambda: pushed.pipe, form="flv")
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _play(self, file: Callable[[], Any], *, form: str | None) -> None:
        try:
            async with asyncio.timeout(BEGIN_S):
                decoding = await asyncio.to_thread(lambda: Decoding(_as_pyav_takes(file()), form=form))
        except TimeoutError:
            raise SourceError(IngressFailure.SILENT) from None
        player = self._player(decoding)
        player.begin(discards=form is not None)
        peer = Peer([each for each in (self._picture, self._sound) if each is not None])
        try:
            await self._let_in(peer, player)
            player.send()
            self._say(Live())
            await self._until_end(peer, player)
        finally:
            with contextlib.suppress(ConnectionError):
                await peer.close()

    def _player(self, decoding: Decoding) -> Player:
        scaling = Scaling(self._begin.height)
        if decoding.picture is not None:
            set_rate(*scaling.size(decoding.picture.width, decoding.picture.height))
            self._picture = PictureTrack(self._clock)
        if decoding.sound is not None:
            self._sound = SoundTrack(self._clock)
        loop = asyncio.get_running_loop()
        return Player(decoding.frames, self._picture, self._sound, clock=self._clock, scaling=scaling, loop=loop)

    async def _let_in(self, peer: Peer, player: Player) -> None:
        self._say(Offered(sdp=await peer.offer()))
        await _first(self._answer, player.ended, timeout_s=ANSWER_S)
        if player.ended.done():
            player.ended.result()
        if not self._answer.done():
            raise SourceError(IngressFailure.NOT_LET_IN)
        await peer.take(self._answer.result(), address=self._begin.address, port=self._begin.port)

    async def _until_end(self, peer: Peer, player: Player) -> None:
        lost = asyncio.ensure_future(peer.lost.wait())
        silence = Silence()
        try:
            while not player.ended.done() and not lost.done():
                await _first(player.ended, lost, timeout_s=_REPORT_S)
                self._report()
                silence.look(sum(each.sent for each in (self._picture, self._sound) if each is not None))
        finally:
            lost.cancel()
        if not player.ended.done():
            raise SourceError(IngressFailure.NOT_LET_IN)
        player.ended.result()

    _told = Progress()

    def _report(self) -> None:
        total = Progress(
            pictures=0 if self._picture is None else self._picture.sent,
            dropped=0 if self._picture is None else self._picture.dropped,
            sound_ms=0.0 if self._sound is None else self._sound.sent * 20.0,
            busy_ms=time.process_time() * 1000,
        )
        before, self._told = self._told, total
        self._say(
            Progress(
                pictures=total.pictures - before.pictures,
                dropped=total.dropped - before.dropped,
                sound_ms=total.sound_ms - before.sound_ms,
                busy_ms=total.busy_ms - before.busy_ms,
            )
        )


async def _first(*futures: asyncio.Future[Any], timeout_s: float) -> None:
    await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


class _ForwardOnly:
    """A file in which one cannot go back: PyAV looks whether there is a way to."""

    def __init__(self, file: Any) -> None:
        self.read = file.read


def _as_pyav_takes(file: Any) -> Any:
    return file if isinstance(file, HttpSource) and file.seekable() else _ForwardOnly(file)
