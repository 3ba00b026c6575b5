"""Gateways as processes of their own: started, told to stop, killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.doubles.meeting_service import ISSUER

Platform = Any


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


async def _start(environ: dict[str, str]) -> asyncio.subprocess.Process:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "signaling_gateway.main",
        env={**kept, **environ},
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
async def start(platform: Platform) -> AsyncIterator[Any]:
    started: list[Process] = []

    async def start_one(**changes: str) -> Process:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "ID": "tested",
            "PORT": str(port),
            "REDIS_URL": f"{platform.valkey.connection_url}/0",
            "MEETINGS_ISSUER": ISSUER,
            "MEETINGS_JWKS_URL": f"{platform.service.url}/jwks.json",
            "LAMBDA_ENDPOINT_URL": platform.service.url,
            **changes,
        }
        process = await _start({f"PARLEY_GATEWAY_{key}": value for key, value in settings.items()})
        started.append(Process(port, process))
        await started[-1].ready()
        return started[-1]

    yield start_one
    for each in started:
        if each.process.returncode is None:
            each.process.kill()
        await each.process.communicate()


async def test_sigterm_sends_clients_on_and_ends_cleanly(platform: Platform, start: Any) -> None:
    one, two = await start(), await start()
    ada, bob = await platform.join(one, "u_ada"), await platform.join(two, "u_bob")
    one.process.send_signal(signal.SIGTERM)
    closing = await ada.received("closing")
    assert (closing["code"], closing["retry"]) == ("gateway_closing", True)
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.welcome["resumed"] is True
    _, errors = await asyncio.wait_for(one.process.communicate(), 20)
    assert one.process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()
    assert "participant_left" not in {event["type"] for event in bob.events}


async def test_kill_9_loses_nothing(platform: Platform, start: Any) -> None:
    one, two = await start(GRACE_MS="500"), await start(GRACE_MS="500")
    ada, eve = await platform.join(one, "u_ada"), await platform.join(one, "u_eve")
    bob = await platform.join(two, "u_bob")
    for number in range(10):
        assert "message_id" in await ada.ask("send_chat", {"text": f"{number}"})
    one.process.kill()
    await ada.gone()
    back = await platform.join(two, "u_ada", resume=ada.resume)
    assert back.chat == [f"{number}" for number in range(10)]
    # Who does not come back has left once the dead gateway's lease is over.
    left = await bob.happened("participant_left")
    assert (left["participant_id"], left["reason"]) == (eve.id, "connection_lost")
    await platform.eventually(
        lambda: {fact.version for fact in platform.service.facts} >= set(range(1, bob.version + 1))
    )


async def test_a_bad_setting_stops_the_start_with_one_clear_line() -> None:
    process = await _start({"PARLEY_GATEWAY_PORT": "many"})
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert errors.decode().startswith("signaling_gateway: PARLEY_GATEWAY_")
    assert "Traceback" not in errors.decode()
