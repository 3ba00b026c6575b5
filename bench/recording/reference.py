"""The same composition by ffmpeg, from files: the same places, names, encoder and mix."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.recording.cameras import ffmpeg
from contracts.rooms import CompositeLayout, ParticipantId
from media_fleet.composer.film import FRAGMENT_S, MOST_BITS, SOUND_BITS
from media_fleet.composer.layout import Onlooker, arrange
from media_fleet.recorder.protocol import CompositeOrder


def cpu_s(files: Sequence[Path], order: CompositeOrder, target: Path) -> float:
    """What ffmpeg takes of processors for all of it, seconds, user and system. Raises `RuntimeError`: it fails."""
    process = subprocess.Popen(_command(files, order, target))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("ffmpeg has failed")
    return usage.ru_utime + usage.ru_stime


def _command(files: Sequence[Path], order: CompositeOrder, target: Path) -> list[str]:
    most = MOST_BITS[order.height]
    inputs = [word for path in files for word in ("-i", str(path))]
    return [
        *(ffmpeg(), "-v", "error", "-y", *inputs, "-filter_complex", _graph(len(files), order)),
        *("-map", "[film]", "-map", "[mix]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-maxrate", str(most), "-bufsize", str(2 * most), "-g", str(FRAGMENT_S * order.frame_rate), "-bf", "0"),
        *("-rc-lookahead", "10", "-threads", str(order.threads), "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", str(SOUND_BITS), "-ac", "2", "-shortest", "-movflags", "+faststart", str(target)),
    ]


def _graph(count: int, order: CompositeOrder) -> str:
    people = [Onlooker(id=ParticipantId(str(number)), has_picture=True) for number in range(count)]
    tiles = arrange(people, layout=CompositeLayout.GRID, speaker=None, width=order.width, height=order.height)
    size = max(14, order.height // 30 // 2 * 2)
    parts = [f"color=0x101419:s={order.width}x{order.height}:r={order.frame_rate}[on0]"]
    for number, tile in enumerate(tiles):
        place = tile.place
        name = f"drawtext=text='Person {number}':fontcolor=white:fontsize={size * 2 // 3}:box=1:boxcolor=black@0.5"
        parts.append(
            f"[{number}:v]fps={order.frame_rate},scale={place.width}:{place.height}:flags=bilinear,"
            f"{name}:x={size // 2}:y=h-th-{size // 2}[tile{number}]"
        )
        over = "film" if number == count - 1 else f"on{number + 1}"
        parts.append(f"[on{number}][tile{number}]overlay=x={place.left}:y={place.top}:shortest=1[{over}]")
    sounds = "".join(f"[{number}:a]" for number in range(count))
    parts.append(f"{sounds}amix=inputs={count}:normalize=0,alimiter=limit=0.89[mix]")
    return ";".join(parts)
