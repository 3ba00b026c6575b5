"""Asks a process once whether it is ready."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Final

from infra.local.ports import LOOPBACK

_TIMEOUT_S: Final = 2.0


async def http_get(port: int, path: str, *, tls: bool = False) -> tuple[int, bytes]:
    """Status and body of a GET on the loopback interface; (0, b"") if nobody answers."""
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False  # our own process on this machine, with a certificate made on the spot
        context.verify_mode = ssl.CERT_NONE
    request = f"GET {path} HTTP/1.0\r\nHost: {LOOPBACK}:{port}\r\n\r\n"
    answer = await _exchange(port, request.encode(), context)
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    return (int(words[1]), body) if len(words) > 1 and words[1].isdigit() else (0, b"")


async def redis_command(port: int, *words: str) -> bytes:
    """The raw answer (RESP) to a command; empty if nobody answers."""
    parts = [f"*{len(words)}\r\n", *(f"${len(word.encode())}\r\n{word}\r\n" for word in words)]
    quit_command = "*1\r\n$4\r\nQUIT\r\n"  # so that the server closes, and the answer ends
    answer = await _exchange(port, "".join([*parts, quit_command]).encode(), None)
    return answer.removesuffix(b"+OK\r\n")


async def _exchange(port: int, request: bytes, context: ssl.SSLContext | None) -> bytes:
    """Sends ``request`` and reads until the other side closes."""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
            try:
                writer.write(request)
                await writer.drain()
                return await reader.read()
            finally:
                writer.close()
    return b""
