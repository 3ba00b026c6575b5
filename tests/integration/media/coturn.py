"""A real coturn on the loopback interface, as a TURN server of the platform is set up (docs/running.md)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aioice.stun
import aioice.turn

from tests.platform_process import free_media_port

TURNSERVER = "/usr/bin/turnserver"
SECRET = "a-secret-that-coturn-shares"
READY_S = 20


@contextlib.asynccontextmanager
async def coturn(folder: Path) -> AsyncIterator[tuple[str, int]]:
    """Its address. Ends it at the end."""
    port = free_media_port()
    configuration = folder / "turnserver.conf"
    configuration.write_text(
        f"""
        listening-ip=127.0.0.1
        relay-ip=127.0.0.1
        listening-port={port}
        realm=parley.test
        use-auth-secret
        static-auth-secret={SECRET}
        fingerprint
        no-tls
        no-dtls
        no-cli
        cli-password=none
        allow-loopback-peers
        log-file=stdout
        simple-log
        pidfile={folder / "turnserver.pid"}
        userdb={folder / "turndb"}
        """
    )
    process = await asyncio.create_subprocess_exec(
        TURNSERVER,
        "-c",
        str(configuration),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        async with asyncio.timeout(READY_S):
            await _listens(port)
        yield "127.0.0.1", port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def allocate(server: tuple[str, int], username: str, password: str) -> tuple[str, int]:
    """A relayed address from the server, given back at once.

    Raises:
        aioice.stun.TransactionFailed: it refuses.
    """
    transport, _ = await aioice.turn.create_turn_endpoint(
        asyncio.DatagramProtocol, server_addr=server, username=username, password=password
    )
    relayed: tuple[str, int] = transport.get_extra_info("sockname")
    transport.close()
    return relayed
