"""Gateways as processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import aiohttp
import pytest


class Process:
    """One gateway process."""

    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process

    async def ready(self) -> None:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while self.process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
        pytest.fail(f"the gateway ended with {self.process.returncode}")


async def start_gateway(environ: dict[str, str]) -> asyncio.subprocess.Process:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signaling_gateway.main",
        env={**kept, **environ},
        stderr=asyncio.subprocess.PIPE,
    )
