"""The live room's fan-out against the official socket.io server: `python -m bench.signaling [--rooms 100 1000]`.

Two instances each, one after the other, in one run, with half of the clients on either. Measured: how many clients come
in a second, memory for each idle connection, and in rooms of a hundred and of a thousand how many chat messages are
delivered a second when everybody who may speaks as fast as they are acknowledged, the servers' processor time for each
delivered message, and how long a message takes at a steady rate.

What they do is not the same: a gateway checks a signed token, tells everybody who comes, and acknowledges a message
when it is in the meeting's log; the peer does none of this. Prints the table and writes ``artefacts/signaling.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import uvloop

from bench.join.__main__ import percentile
from bench.signaling.client import Client, Receipts, connect, marked
from bench.signaling.servers import System, gateways, peers
from tests.platform_process import ROOT

INSTANCES = 2
IDLE = 1_000
"""Connections whose memory is measured, in meetings of `MEETING`."""
MEETING = 5
AT_ONCE = 50
"""Clients that come at the same time."""
SPEAKERS = 100
EACH = 8
"""Messages of each speaker, one after the other; fewer than a gateway takes from one client at once."""
STEADY_PER_S = 10
STEADY_S = 10


async def join(system: System, room: str, count: int, receipts: Receipts) -> list[Client]:
    """Clients in one room, half of them on either instance."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Client:
        async with gate:
            return await connect(system.urls[number % len(system.urls)], system.auth(room, number), receipts)

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def coming(system: System) -> dict[str, float]:
    """How many come in a second, and the memory of each who stays."""
    receipts = Receipts()
    warm = await join(system, "warm", 20, receipts)
    memory, started = system.memory(), time.perf_counter()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Client:
        async with gate:
            auth = system.auth(f"idle-{number // MEETING}", number)
            return await connect(system.urls[number % len(system.urls)], auth, receipts)

    clients = await asyncio.gather(*(one(number) for number in range(IDLE)))
    took = time.perf_counter() - started
    await asyncio.sleep(2)
    each = (system.memory() - memory) / IDLE
    await close([*warm, *clients])
    return {"joins_per_s": IDLE / took, "kib_per_connection": each / 1024}


async def fan_out(system: System, size: int) -> dict[str, float]:
    """A room of a size: all out, and at a steady rate."""
    receipts = Receipts()
    clients = await join(system, f"room-{size}", size, receipts)
    await asyncio.sleep(2)
    speakers = clients[:SPEAKERS]

    async def speak(client: Client) -> None:
        for _ in range(EACH):
            answer = await client.ask("send_chat", {"text": marked()})
            assert b"message_id" in answer, answer

    cpu, started = system.cpu_s(), time.perf_counter()
    await asyncio.gather(*(speak(client) for client in speakers))
    expected = len(speakers) * EACH * size
    await receipts.reach(expected)
    took, spent = time.perf_counter() - started, system.cpu_s() - cpu
    receipts.latencies_ns.clear()
    await asyncio.sleep(EACH)  # the speakers' budgets fill up again
    rounds = STEADY_PER_S * STEADY_S
    begun = time.perf_counter()
    asked = []
    for number in range(rounds):
        await asyncio.sleep(max(0.0, begun + number / STEADY_PER_S - time.perf_counter()))
        speaker = speakers[number % len(speakers)]
        asked.append(asyncio.create_task(speaker.ask("send_chat", {"text": marked()})))
    await asyncio.gather(*asked)
    await receipts.reach(expected + rounds * size)
    latencies = [each / 1e6 for each in receipts.latencies_ns]
    await close(clients)
    return {
        "delivered_per_s": expected / took,
        "cpu_us_per_delivered": spent / expected * 1e6,
        "p50_ms": percentile(latencies, 0.5),
        "p99_ms": percentile(latencies, 0.99),
    }


async def close(clients: list[Client]) -> None:
    """Ends connections, and lets the servers see it."""
    for client in clients:
        client.close()
    await asyncio.sleep(2)


async def measure(start: Callable[[int], AbstractAsyncContextManager[System]], sizes: list[int]) -> dict[str, Any]:
    """All figures of one of the two."""
    async with start(INSTANCES) as system:
        result: dict[str, Any] = {"name": system.name, **await coming(system)}
        for size in sizes:
            result[f"room of {size}"] = await fan_out(system, size)
    return result


async def run(sizes: list[int]) -> list[dict[str, Any]]:
    """Both, one after the other: they would take each other's processor."""
    return [await measure(start, sizes) for start in (peers, gateways)]


def show(results: list[dict[str, Any]], sizes: list[int]) -> None:
    """The table."""

    def row(label: str, figures: list[float], digits: int = 1) -> None:
        print(f"{label:34}" + "".join(f"{figure:>12,.{digits}f}" for figure in figures))

    print(f"{'':34}" + "".join(f"{result['name']:>12}" for result in results))
    row("joins a second", [result["joins_per_s"] for result in results], 0)
    row("KiB for an idle connection", [result["kib_per_connection"] for result in results])
    for size in sizes:
        room = f"room of {size}"
        rooms = [result[room] for result in results]
        row(f"{room}: delivered a second", [each["delivered_per_s"] for each in rooms], 0)
        row(f"{room}: us of CPU each", [each["cpu_us_per_delivered"] for each in rooms])
        row(f"{room}: p50 ms", [each["p50_ms"] for each in rooms])
        row(f"{room}: p99 ms", [each["p99_ms"] for each in rooms])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, nargs="+", default=[100, 1_000])
    sizes: list[int] = parser.parse_args().rooms
    results = uvloop.run(run(sizes))
    show(results, sizes)
    target = ROOT / "artefacts" / "signaling.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
