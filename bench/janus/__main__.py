"""Forwarding by Parley's media node and by Janus, side by side: `python -m bench.janus [--quick]`.

Both are whole processes on the same one core, told by their usual interfaces of one publisher and many viewers, all
with ICE and DTLS, AES-128-GCM, in a network namespace of their own; the load comes from the other core. Read is what
the whole process takes for each forwarded packet. In the same run the floor: encrypting and sending the same bytes by a
bare loop (`bench.forwarding`). Installs Janus from Debian where that may be done. Prints a table and writes
``artefacts/janus.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from contextlib import AbstractAsyncContextManager

import msgspec
from aiortc.rtcdtlstransport import RTCCertificate
from msgspec import Struct

from bench.forwarding.__main__ import build, floor
from bench.janus.endpoint import ADDRESS, Endpoint
from bench.janus.servers import Server, install_janus, janus, parley
from bench.janus.traffic import Audience, Outcome, Publisher, cpu_ns, resident
from tests.platform_process import ROOT

LOADS = ((30, 500), (50, 300))
"""Viewers, and the publisher's packets a second."""
SERVER_CORE, LOAD_CORE = 0, 1
_NAMESPACE = "PARLEY_BENCH_NAMESPACE"
"""Set once this runs in one."""
WARM_UP_S = 1.0
SETTLE_S = 0.3
"""Lets what is on its way arrive."""


async def measure(starting: AbstractAsyncContextManager[Server], viewers: int, rate: int, seconds: float) -> Outcome:
    """One server, newly started, under one load."""
    certificate = RTCCertificate.generateCertificate()
    async with starting as server:
        source = Endpoint(certificate)
        await server.publish(source)
        watching = [Endpoint(certificate) for _ in range(viewers)]
        await server.watch(watching[0])
        before = resident(server.pid)
        for viewer in watching[1:]:
            await server.watch(viewer)
        memory = (resident(server.pid) - before) // (viewers - 1)
        load = await asyncio.to_thread(_load, server.pid, Publisher(source), Audience(watching), rate, seconds)
    return Outcome(
        server=server.name,
        viewers=viewers,
        packets_a_second=rate,
        forwarded=load.forwarded,
        lost=load.sent * viewers - load.forwarded,
        cpu_us=load.cpu_ns / 1000 / max(load.forwarded, 1),
        cores=load.cpu_ns / 1e9 / seconds,
        latency_p50_us=load.latencies[len(load.latencies) // 2] / 1000,
        latency_p99_us=load.latencies[len(load.latencies) * 99 // 100] / 1000,
        memory_per_viewer=memory,
    )


class _Load(Struct, frozen=True, kw_only=True):
    sent: int
    forwarded: int
    cpu_ns: int
    latencies: list[int]
    """Nanoseconds, in order."""


def _load(pid: int, publisher: Publisher, audience: Audience, rate: int, seconds: float) -> _Load:
    publisher.send(rate, WARM_UP_S)
    audience.start()
    time.sleep(SETTLE_S)
    already, audience.latencies = audience.received, []
    started = cpu_ns(pid)
    sent = publisher.send(rate, seconds)
    time.sleep(SETTLE_S)
    spent = cpu_ns(pid) - started
    audience.end()
    latencies = sorted(audience.latencies) or [0]
    return _Load(sent=sent, forwarded=audience.received - already, cpu_ns=spent, latencies=latencies)


def show(rows: list[Outcome], floors: dict[int, float]) -> None:
    """A row for each server and load. ``times``: as much as Parley under the same load."""
    head = f"{'server':>7} {'viewers':>8} {'packets/s':>10} {'us/packet':>10} {'floor':>6} {'times':>6}"
    print(f"{head} {'p50':>9} {'p99':>9} {'KiB/viewer':>11} {'lost':>6}")
    for row in rows:
        ours = next(each for each in rows if each.server == "Parley" and each.viewers == row.viewers)
        load = f"{row.server:>7} {row.viewers:>8} {row.packets_a_second:>10}"
        cost = f"{row.cpu_us:>10.2f} {floors[row.viewers]:>6.2f} {row.cpu_us / ours.cpu_us:>6.1f}"
        p50, p99 = row.latency_p50_us / 1000, row.latency_p99_us / 1000
        print(f"{load} {cost} {p50:>6.2f} ms {p99:>6.2f} ms {row.memory_per_viewer / 1024:>11.0f} {row.lost:>6}")


def _enter_namespace() -> None:
    """Begins again where there is nobody else, with one interface that has `ADDRESS`. Does not return."""
    network = f"ip link set lo up; ip link add media0 type veth peer media1; ip addr add {ADDRESS}/24 dev media0"
    again = f'{network}; ip link set media0 up; ip link set media1 up; exec "$@"'
    os.environ[_NAMESPACE] = "1"
    command = ["unshare", "--map-root-user", "--net", "sh", "-ec", again, "sh", sys.executable, "-m", "bench.janus"]
    os.execvp(command[0], [*command, *sys.argv[1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    seconds = 2.0 if parser.parse_args().quick else 10.0
    if _NAMESPACE not in os.environ:
        install_janus()
        build()
        _enter_namespace()
    floors = {viewers: floor(viewers) for viewers, _ in LOADS}
    os.sched_setaffinity(0, {LOAD_CORE})
    rows = [
        asyncio.run(measure(start(SERVER_CORE), viewers, rate, seconds))
        for viewers, rate in LOADS
        for start in (parley, janus)
    ]
    show(rows, floors)
    target = ROOT / "artefacts" / "janus.json"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(msgspec.json.format(msgspec.json.encode({"floor_us": floors, "rows": rows})))


if __name__ == "__main__":
    main()
