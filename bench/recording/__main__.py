"""What one video of a meeting costs: `python -m bench.recording [--quick]`.

Four people, each with a camera of 640 x 360 and a microphone. CPU for each minute of the film, at 720p and 1080p, of a
composer that gets the meeting as SRTP in real time, and of ffmpeg which does the same composition from the same files,
in the same run. Then what forwarding takes (`bench.forwarding`'s node, four publishers to 25 subscribers), without and
with a composer at 1080p beside it, in turns. Writes ``artefacts/recording.json``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.forwarding.__main__ import build, measure_latency
from bench.recording import reference
from bench.recording.cameras import filmed
from bench.recording.node_side import Composing
from media_fleet.recorder.protocol import CompositeOrder
from tests.platform_process import ROOT

HEIGHTS = (720, 1080)
SETTLED_S = 4
"""The first seconds of a film, for which a composer starts and waits for what is late, are not counted."""
REST_S = 4
"""So much longer are the files than what is measured: until a film is `SETTLED_S` long, some more have passed."""


def order_of(height: int) -> CompositeOrder:
    """As nodes have it by default."""
    return CompositeOrder(width=height * 16 // 9, height=height, frame_rate=25, threads=2)


def until_film(composing: Composing, seconds: float) -> None:
    """Waits until the film is so long. Raises `RuntimeError`: the composer has ended before."""
    while composing.film.duration_ms < seconds * 1000:
        if not composing.is_running:
            raise RuntimeError("the composer has ended")
        time.sleep(0.2)


def cost_of(files: Sequence[Path], height: int, seconds: int, folder: Path) -> dict[str, Any]:
    """CPU seconds for each minute of the film, of a composer and of ffmpeg."""
    order = order_of(height)
    with Composing(files, order, folder / f"composed-{height}") as composing:
        until_film(composing, SETTLED_S)
        cpu, began = composing.cpu_s, time.monotonic()
        time.sleep(seconds - SETTLED_S - REST_S)
        composer = (composing.cpu_s - cpu) / (time.monotonic() - began) * 60
    film = composing.film
    by_ffmpeg = reference.cpu_s(files, order, folder / f"ffmpeg-{height}.mp4") / seconds * 60
    return {
        "height": height,
        "composer_cpu_s_per_minute": composer,
        "ffmpeg_cpu_s_per_minute": by_ffmpeg,
        "frames": film.frames,
        "frames_dropped": film.frames_dropped,
    }


def latencies(files: Sequence[Path], folder: Path, *, rounds: int, seconds: float) -> dict[str, list[Any]]:
    """Of forwarding, in turns: without and with a composer beside it."""
    found: dict[str, list[Any]] = {"without": [], "with": []}
    for number in range(rounds):
        found["without"].append(measure_latency(seconds))
        with Composing(files, order_of(1080), folder / f"beside-{number}") as composing:
            until_film(composing, SETTLED_S)
            found["with"].append(measure_latency(seconds))
    return found


def show(costs: Sequence[dict[str, Any]], beside: dict[str, list[Any]]) -> None:
    """The table."""
    print(f"{'film':>6} {'composer':>14} {'ffmpeg':>14} {'ratio':>6} {'left out':>9}   (CPU seconds a minute)")
    for row in costs:
        composer, by_ffmpeg = row["composer_cpu_s_per_minute"], row["ffmpeg_cpu_s_per_minute"]
        print(
            f"{row['height']:>5}p {composer:>14.1f} {by_ffmpeg:>14.1f} {composer / by_ffmpeg:>6.2f}"
            f" {row['frames_dropped']:>9}"
        )
    for name, rounds in beside.items():
        p50, p99 = ([each[key] / 1000 for each in rounds] for key in ("latency_p50_us", "latency_p99_us"))
        each_round = ", ".join(f"{each:.2f}" for each in p99)
        print(
            f"forwarding {name} a recording at 1080p: p50 {median(p50):.2f} ms, p99 {median(p99):.2f} ms"
            f" ({each_round}), lost {sum(each['lost'] for each in rounds)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    quick = parser.parse_args().quick
    seconds, rounds, forwarded_s = (20, 1, 2.0) if quick else (70, 5, 10.0)
    build()
    with tempfile.TemporaryDirectory() as folder:
        files = filmed(Path(folder), seconds)
        costs = [cost_of(files, height, seconds, Path(folder)) for height in HEIGHTS]
        beside = latencies(files, Path(folder), rounds=rounds, seconds=forwarded_s)
    show(costs, beside)
    target = ROOT / "artefacts" / "recording.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"costs": costs, "forwarding": beside}, indent=2))


if __name__ == "__main__":
    main()
