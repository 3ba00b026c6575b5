"""People's cameras and microphones as files, and as the packets in which they would be sent."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket

from contracts.rooms import TrackSource

PEOPLE = 4
_MTU = 1_100


class Due(NamedTuple):
    """A packet, and when it is sent: milliseconds since the meeting began."""

    at: float
    packet: RtpPacket


def ffmpeg() -> str:
    """Where it is. Raises `SystemExit`: it is not there."""
    found = shutil.which("ffmpeg")
    if found is None:
        raise SystemExit("ffmpeg is not there (Debian package ffmpeg)")
    return found


def filmed(folder: Path, seconds: int) -> list[Path]:
    """A file for each person: VP8 of 640 x 360 with 30 noisy pictures a second, as of a camera, and Opus."""
    paths = []
    for number in range(PEOPLE):
        path = folder / f"camera-{number}.webm"
        picture = f"testsrc2=s=640x360:r=30,hue=h={90 * number},noise=alls=6:allf=t"
        sound = f"sine=frequency={300 + 110 * number}:sample_rate=48000,tremolo=f={1 + number}:d=0.9"
        subprocess.run(
            [
                *(ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound),
                *("-t", str(seconds), "-c:v", "libvpx", "-b:v", "800k", "-deadline", "realtime", "-cpu-used", "8"),
                *("-g", "60", "-c:a", "libopus", "-b:a", "32k", str(path)),
            ],
            check=True,
        )
        paths.append(path)
    return paths


def packets(path: Path, source: TrackSource, ssrc: int) -> Iterator[Due]:
    """A file's picture or sound as RTP (RFC 7741, RFC 7587)."""
    sequence, is_sound = 0, source is TrackSource.MICROPHONE
    rate = 48 if is_sound else 90
    with av.open(str(path), "r") as container:
        stream = container.streams.audio[0] if is_sound else container.streams.video[0]
        for number, frame in enumerate(container.demux(stream)):
            if frame.pts is None or not frame.size:
                continue
            at = float(frame.pts * frame.time_base) * 1000
            for payload, is_last in _payloads(bytes(frame), number, is_sound=is_sound):
                packet = RtpPacket(
                    payload_type=96,
                    sequence_number=sequence & 0xFFFF,
                    timestamp=round(at * rate) & 0xFFFFFFFF,
                    marker=int(is_last and not is_sound),
                    ssrc=ssrc,
                )
                packet.payload = payload
                sequence += 1
                yield Due(at, packet)


def _payloads(data: bytes, number: int, *, is_sound: bool) -> Iterator[tuple[bytes, bool]]:
    if is_sound:
        yield data, True
        return
    for start in range(0, len(data), _MTU):
        descriptor = VpxPayloadDescriptor(partition_start=int(start == 0), partition_id=0, picture_id=number & 0x7FFF)
        yield bytes(descriptor) + data[start : start + _MTU], start + _MTU >= len(data)
