"""CPU per forwarded packet, latency and memory of the packet core: `python -m bench.forwarding [--quick]`.

Builds and runs `media_fleet/packet_core/crates/bench` (see there for what is measured and how the floor is made),
prints a table, and writes ``artefacts/forwarding.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from statistics import median
from typing import Any

from tests.platform_process import ROOT

CORE = ROOT / "media_fleet" / "packet_core"
_CARGO = ("--quiet", "--release", "--locked", "--package", "parley-bench")
HEAD = (
    f"{'meeting':>16} {'packets/s':>10} {'user':>7} {'system':>7} {'total':>7} {'p50':>8} {'p99':>8} {'lost':>5}"
    f" {'floor':>7} {'times':>6} {'frames':>7} {'times':>6}"
)


def measure(*, quick: bool) -> list[dict[str, Any]]:
    """One entry for each meeting; see the crate's `main.rs` for its form. Costs in microseconds."""
    result: list[dict[str, Any]] = _run(*(["--quick"] if quick else []))
    return result


def measure_microphones(*, quick: bool) -> list[dict[str, Any]]:
    """A room of open microphones, with all of them forwarded, and with so many (``last_n``); see `microphones.rs`."""
    result: list[dict[str, Any]] = _run("--microphones", *(["--quick"] if quick else []))
    return result


def measure_threads(*, quick: bool) -> dict[str, Any]:
    """One thread and two: what handing over costs, and two meetings at once; see `threads.rs`."""
    result: dict[str, Any] = _run("--threads", *(["--quick"] if quick else []))
    return result


def measure_latency(seconds: float) -> dict[str, Any]:
    """Of usual meetings of four publishers and 25 subscribers, for so long; see `scenario.rs` for its form."""
    result: dict[str, Any] = _run("--latency", str(round(seconds * 1000)))
    return result


def floor(subscribers: int) -> float:
    """What a packet costs at least, in batches of one frame, microseconds."""
    return float(_run("--floor", str(subscribers))["in_frames_of_ten_us"])


def build() -> None:
    """Does what takes long, and may need the network."""
    subprocess.run(["cargo", "build", *_CARGO], cwd=CORE, check=True)


def _run(*arguments: str) -> Any:
    command = ["cargo", "run", *_CARGO, "--", *arguments]
    run = subprocess.run(command, cwd=CORE, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(run.stdout.replace("NaN", "null"))


def show(result: list[dict[str, Any]]) -> None:
    """The table. ``floor``: in the greatest batches; ``frames``: the floor in batches of one frame (ten packets).

    Both are medians of rounds that took turns with the highest rate, and ``times`` are of the ratios of each round.
    """
    print(HEAD)
    for row in result:
        shape = f"{row['publishers']} x {row['subscribers']}{' simulcast' if row['simulcast'] else ''}"
        for name in ("usual", "half", "highest"):
            run = row[name]
            # Of simulcast, a subscriber gets one of three layers.
            rate = run["packets_a_second"] * row["publishers"] * row["subscribers"] // (3 if row["simulcast"] else 1)
            p50, p99 = (run[key] / 1000 if run[key] is not None else float("nan") for key in _LATENCIES)
            beside = _beside_the_floor(row["rounds"]) if name == "highest" else ""
            print(
                f"{shape:>16} {rate:>10} {run['user_us']:>7.2f} {run['system_us']:>7.2f}"
                f" {run['total_us']:>7.2f} {p50:>5.2f} ms {p99:>5.2f} ms {run['lost']:>5}{beside}"
            )
    print(f"memory for each subscriber: {result[-1]['memory_bytes_per_subscriber'] / 1024:.0f} KiB")


def _beside_the_floor(rounds: list[dict[str, Any]]) -> str:
    columns = ""
    for key in ("total_us", "in_frames_of_ten_us"):
        floors = [each["floor"][key] for each in rounds]
        times = [each["highest"]["total_us"] / floor for each, floor in zip(rounds, floors, strict=True)]
        columns += f" {median(floors):>7.2f} {median(times):>6.2f}"
    return columns


def show_microphones(result: list[dict[str, Any]]) -> None:
    """What 20 ms of everybody's sound take of the I/O thread's processor."""
    every = result[0]["round_us"]
    for row in result:
        shape = f"{row['publishers']} microphones, {row['speak']} speak, {row['subscribers']} listeners"
        limit = f"{row['last_n']} at the most" if row["last_n"] else "all forwarded"
        print(
            f"{shape}, {limit}: {row['forwarded_a_round']} packets and {row['round_us'] / 1000:.1f} ms for 20 ms of"
            f" sound, {row['cores']:.2f} cores, {every / row['round_us']:.1f} times less"
        )


def show_threads(result: dict[str, Any]) -> None:
    """Medians of rounds that took turns. CPU is of all I/O threads together, for each forwarded packet."""
    for title, rows in (
        ("1 x 1", result["handing_over"]),
        ("two meetings, 1 x 25", result["two_meetings"]["usual"]),
    ):
        for name, rounds in rows.items():
            cpu, p50 = (median(each[key] for each in rounds) for key in ("total_us", "latency_p50_us"))
            handed = median(each["handed_over"] / each["forwarded"] for each in rounds)
            each_round = ", ".join(f"{each['total_us']:.2f}" for each in rounds)
            print(
                f"{title}, {name.replace('_', ' ')}: {cpu:.2f} us ({each_round}), p50 {p50 / 1000:.2f} ms,"
                f" {handed:.2f} handed over for each that is forwarded"
            )
    for name, best in result["two_meetings"]["highest"].items():
        print(f"two meetings, {name.replace('_', ' ')}: {best['packets_a_second'] * 50} packets/s without loss")


_LATENCIES = ("latency_p50_us", "latency_p99_us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    quick = parser.parse_args().quick
    result, microphones = measure(quick=quick), measure_microphones(quick=quick)
    show(result)
    show_microphones(microphones)
    threads = measure_threads(quick=quick)
    show_threads(threads)
    target = ROOT / "artefacts" / "forwarding.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"meetings": result, "microphones": microphones, "threads": threads}, indent=2))


if __name__ == "__main__":
    main()
