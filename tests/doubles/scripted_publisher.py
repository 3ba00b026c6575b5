"""A publisher whose packets come at times that a script says: pictures in VP8, tones in Opus, and sender reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

import av
import numpy as np
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket
from numpy.typing import NDArray

RATE = 48_000
EPOCH_MS = 1_700_000_000_000
"""What the publisher's clock says at the script's time 0."""
REPORT_AGAIN_MS = 1_000
_NTP_EPOCH_S = 2_208_988_800
_MTU = 1_000

Picture = NDArray[np.uint8]


class Arrival(NamedTuple):
    """A packet, or a sender report (NTP time, RTP timestamp), when it comes: milliseconds of the script."""

    at: float
    packet: RtpPacket | None
    report: tuple[int, int] | None


def filmed(
    picture: Callable[[float], Picture], start: float, end: float, *, frame_rate: float, late: float
) -> Iterator[Arrival]:
    """What a camera sends between two times. ``late``: how long it is on its way; ``picture`` may change its size."""
    context: av.VideoCodecContext | None = None
    size = (0, 0)
    sequence = 65_500
    reported = start
    for number in range(round((end - start) * frame_rate / 1000)):
        at = start + number * 1000 / frame_rate
        shown = picture(at)
        if context is None or size != shown.shape[:2]:
            size = shown.shape[0], shown.shape[1]
            context = _vp8(size)
        frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        timestamp = (0xFFFF0000 + round(at * 90)) & 0xFFFFFFFF
        data = b"".join(bytes(each) for each in context.encode(frame))
        parts = [data[place : place + _MTU] for place in range(0, len(data), _MTU)]
        for place, part in enumerate(parts):
            descriptor = VpxPayloadDescriptor(partition_start=int(place == 0), partition_id=0, picture_id=number)
            packet = _packet(sequence, timestamp, bytes(descriptor) + part, marker=place == len(parts) - 1)
            sequence += 1
            yield Arrival(at + late, packet, None)
        if at >= reported:
            reported += REPORT_AGAIN_MS
            yield Arrival(at + late, None, (_ntp(at), timestamp))


def sounded(
    wave: Callable[[NDArray[np.float64]], NDArray[np.float64]], start: float, end: float, *, late: float
) -> Iterator[Arrival]:
    """What a microphone sends between two times. ``wave``: its value (of 1) at some times, in milliseconds."""
    context = av.AudioCodecContext.create("libopus", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = RATE, "mono", "s16"
    context.options = {"application": "lowdelay"}
    reported = start
    for number in range(round((end - start) / 20)):
        at = start + number * 20
        values = wave(at + np.arange(960) * 1000 / RATE)
        samples = (np.clip(values, -1, 1) * 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * 960, Fraction(1, RATE)
        timestamp = (0xFFFFF000 + round(at * 48)) & 0xFFFFFFFF
        for encoded in context.encode(frame):
            # A packet has what was heard in the 20 ms before it goes.
            yield Arrival(at + 20 + late, _packet(number, timestamp, bytes(encoded), marker=False), None)
        if at >= reported:
            reported += REPORT_AGAIN_MS
            yield Arrival(at + 20 + late, None, (_ntp(at), timestamp))


def tone(frequency: float, times: NDArray[np.float64], *, level: float = 0.3) -> NDArray[np.float64]:
    """A sine at some times, in milliseconds."""
    return level * np.sin(2 * np.pi * frequency * times / 1000)


def plain(colour: tuple[int, int, int], width: int = 160, height: int = 90) -> Picture:
    """A picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


def _vp8(size: tuple[int, int]) -> av.VideoCodecContext:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.height, context.width = size
    context.pix_fmt = "yuv420p"
    context.time_base, context.bit_rate = Fraction(1, 30), 500_000
    context.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    return context


def _packet(sequence: int, timestamp: int, payload: bytes, *, marker: bool) -> RtpPacket:
    packet = RtpPacket(payload_type=96, sequence_number=sequence & 0xFFFF, timestamp=timestamp, marker=int(marker))
    packet.payload = payload
    return packet


def _ntp(at: float) -> int:
    return round(((EPOCH_MS + at) / 1000 + _NTP_EPOCH_S) * 2**32)
