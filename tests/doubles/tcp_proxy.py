"""A network between two processes: what it carries can be cut, or vanish without a word."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType


class TcpProxy:
    """Carries connections from a port of its own to ``target``, which may change for those that come later."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.accepted = 0
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> TcpProxy:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Ends every connection, for both sides to see."""
        for link in list(self._links):
            link.cut()

    def forget(self) -> None:
        """Leaves every connection half open: it stands, and nothing that is sent arrives any more.

        As after a middlebox has lost its table, or a machine its power. New connections are carried.
        """
        for link in self._links:
            link.open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.close()
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        try:
            await asyncio.gather(link.pump(reader, far_writer), link.pump(far_reader, writer))
        finally:
            self._links.discard(link)
            link.cut()


class _Link:
    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self._writers = writers

    def cut(self) -> None:
        self.open.set()
        for writer in self._writers:
            writer.close()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self.open.wait()
                writer.write(data)
                await writer.drain()
            await self.open.wait()
        self.cut()
